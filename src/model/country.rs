//! The codes of countries.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// An ISO 3166-1 code of two letters, in upper case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct CountryCode(String);

impl CountryCode {
    #[must_use]
    pub fn united_states() -> Self {
        Self("US".to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn country(&self) -> Option<rust_iso3166::CountryCode> {
        rust_iso3166::from_alpha2(&self.0)
    }
}

impl JsonSchema for CountryCode {
    fn schema_name() -> Cow<'static, str> {
        "CountryCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": rust_iso3166::ALL_ALPHA2, "description": "An ISO 3166-1 code." })
    }
}

impl TryFrom<String> for CountryCode {
    type Error = String;

    fn try_from(code: String) -> Result<Self, String> {
        let code = Self(code);
        if code.country().is_some() { Ok(code) } else { Err("it is not an ISO 3166-1 code of two letters".to_owned()) }
    }
}
