//! The stats in a plan. Each client company of the vendor defines its own kits and statistics.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};

/// Members of the stats response that are not counted from data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatsPlan {
    /// `KitLevel`; null without one.
    pub kit_level: Option<StatValue>,
    /// Statistics by name. One of the same name replaces a counted one.
    #[serde(flatten)]
    pub further: BTreeMap<String, StatPlan>,
}

/// Reads member by member, so that an error contains the name of its member, unlike the error of a flattened map.
impl<'de> Deserialize<'de> for StatsPlan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = StatsPlan;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<StatsPlan, A::Error> {
                let mut plan = StatsPlan::default();
                while let Some(name) = members.next_key::<String>()? {
                    if name == "kit_level" {
                        plan.kit_level = members.next_value()?;
                    } else {
                        plan.further.insert(name, members.next_value()?);
                    }
                }
                Ok(plan)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StatPlan {
    pub value: StatValue,
}

/// A number or a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum StatValue {
    /// A number; zero has no sign.
    Number(Number),
    Text(String),
}

impl JsonSchema for StatValue {
    fn schema_name() -> Cow<'static, str> {
        "StatValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"] })
    }
}

impl TryFrom<Value> for StatValue {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::Number(number) if number.as_f64() == Some(0.0) => Ok(Self::Number(0.into())),
            Value::Number(number) => Ok(Self::Number(number)),
            Value::String(text) => Ok(Self::Text(text)),
            _ => Err("it is neither a number nor a text".to_owned()),
        }
    }
}

impl From<StatValue> for Value {
    fn from(value: StatValue) -> Self {
        match value {
            StatValue::Number(number) => Self::Number(number),
            StatValue::Text(text) => Self::String(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statistic_is_a_number_or_a_text_and_never_a_negative_zero() {
        let text = r#"{"kit_level":3,"GVKPI":{"Value":-0.0},"Rank":{"Value":"Gold"},"Volume":{"Value":1.5}}"#;
        let plan: StatsPlan = serde_json::from_str(text).expect("a plan");
        let written = serde_json::to_string(&plan).expect("JSON");
        assert_eq!(written, r#"{"kit_level":3,"GVKPI":{"Value":0},"Rank":{"Value":"Gold"},"Volume":{"Value":1.5}}"#);
        assert_eq!(serde_json::from_str::<StatsPlan>(&written).expect("a plan"), plan);
    }

    #[test]
    fn yaml_and_json_are_read_as_the_same_plan() {
        let text =
            "kit_level: Gold\nGVKPI: {Value: 0}\nLoss: {Value: -0.0}\nRank: {Value: '3'}\nVolume: {Value: 1.5}\n";
        let plan: StatsPlan = serde_saphyr::from_str(text).expect("a plan");
        let expected = r#"{"kit_level":"Gold","GVKPI":{"Value":0},"Loss":{"Value":0},"Rank":{"Value":"3"},"Volume":{"Value":1.5}}"#;
        assert_eq!(serde_json::to_string(&plan).expect("JSON"), expected);
        let plan: StatsPlan = serde_saphyr::from_str("kit_level: 3\n").expect("a plan");
        assert_eq!(plan.kit_level, Some(StatValue::Number(3.into())));
        assert_eq!(serde_saphyr::from_str::<StatsPlan>("{}").expect("a plan"), StatsPlan::default());
    }
}
