//! Placeholders `${name}` and `${name:argument}` in the texts of a scenario. `$${` stands for `${`.

use serde_json::Value;

/// A placeholder has no value here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::verify) struct Missing(pub String);

/// The value of a placeholder by its name and argument.
pub(in crate::verify) type Lookup<'a> = dyn Fn(&str, Option<&str>) -> Option<Value> + 'a;

/// One part of a text.
enum Part<'a> {
    Text(&'a str),
    /// The whole placeholder as it is written, its name, and its argument.
    Placeholder(&'a str, &'a str, Option<&'a str>),
}

/// Fills in every text of a JSON value. A text that is exactly one placeholder becomes its value, with its type.
pub(in crate::verify) fn fill_value(value: &Value, lookup: &Lookup<'_>) -> Result<Value, Missing> {
    Ok(match value {
        Value::String(text) => match parts(text).as_slice() {
            [Part::Placeholder(_, name, argument)] => found(lookup, name, *argument)?,
            _ => Value::String(fill_text(text, lookup)?),
        },
        Value::Array(items) => items.iter().map(|item| fill_value(item, lookup)).collect::<Result<Vec<_>, _>>()?.into(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| Ok((name.clone(), fill_value(value, lookup)?));
            Value::Object(members.iter().map(member).collect::<Result<_, Missing>>()?)
        }
        other => other.clone(),
    })
}

/// Fills in a text.
pub(in crate::verify) fn fill_text(text: &str, lookup: &Lookup<'_>) -> Result<String, Missing> {
    fill_with(text, lookup, |value| value)
}

/// Fills in a path and query. What is inserted is percent-encoded.
pub(in crate::verify) fn fill_path(text: &str, lookup: &Lookup<'_>) -> Result<String, Missing> {
    fill_with(text, lookup, |value| {
        percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC).to_string()
    })
}

fn fill_with(text: &str, lookup: &Lookup<'_>, encode: impl Fn(String) -> String) -> Result<String, Missing> {
    let mut filled = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Placeholder(_, name, argument) => filled.push_str(&encode(plain(&found(lookup, name, argument)?))),
        }
    }
    Ok(filled)
}

/// Fills in the placeholders that `lookup` knows, and leaves the others and the escapes as they are.
pub(super) fn fill_known(value: &Value, lookup: &Lookup<'_>) -> Value {
    match value {
        Value::String(text) => match parts(text).as_slice() {
            [Part::Placeholder(_, name, argument)] => lookup(name, *argument).unwrap_or_else(|| value.clone()),
            _ => Value::String(fill_known_text(text, lookup)),
        },
        Value::Array(items) => items.iter().map(|item| fill_known(item, lookup)).collect::<Vec<_>>().into(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), fill_known(value, lookup))).collect())
        }
        other => other.clone(),
    }
}

pub(super) fn fill_known_text(text: &str, lookup: &Lookup<'_>) -> String {
    let mut filled = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::Text("${") => filled.push_str("$${"),
            Part::Text(text) => filled.push_str(text),
            Part::Placeholder(written, name, argument) => match lookup(name, argument) {
                Some(value) => filled.push_str(&plain(&value)),
                None => filled.push_str(written),
            },
        }
    }
    filled
}

/// The names of the placeholders in a text.
pub(super) fn names(text: &str) -> Vec<&str> {
    let name = |part| match part {
        Part::Placeholder(_, name, _) => Some(name),
        Part::Text(_) => None,
    };
    parts(text).into_iter().filter_map(name).collect()
}

fn found(lookup: &Lookup<'_>, name: &str, argument: Option<&str>) -> Result<Value, Missing> {
    lookup(name, argument).ok_or_else(|| Missing(name.to_owned()))
}

/// A value inside a text.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// An escape is the text `${`; a `${` without its end is a text too.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let is_escape = rest[..start].ends_with('$');
        let before = if is_escape { &rest[..start - 1] } else { &rest[..start] };
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        let after = &rest[start + 2..];
        let end = if is_escape { None } else { after.find('}') };
        let Some(end) = end else {
            parts.push(Part::Text(&rest[start..start + 2]));
            rest = after;
            continue;
        };
        let (name, argument) = match after[..end].split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (&after[..end], None),
        };
        parts.push(Part::Placeholder(&rest[start..start + 3 + end], name, argument));
        rest = &after[end + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lookup(name: &str, argument: Option<&str>) -> Option<Value> {
        match (name, argument) {
            ("id", None) => Some(json!(7)),
            ("name", None) => Some(json!("a b")),
            ("text", Some(length)) => Some(json!("x".repeat(length.parse().ok()?))),
            _ => None,
        }
    }

    #[test]
    fn a_whole_placeholder_keeps_its_type() {
        let filled =
            fill_value(&json!({ "a": "${id}", "b": "n${id}", "c": ["${name}"], "d": "$${id}", "e": "${" }), &lookup);
        assert_eq!(filled, Ok(json!({ "a": 7, "b": "n7", "c": ["a b"], "d": "${id}", "e": "${" })));
        assert_eq!(fill_text("${text:3}-${id}", &lookup), Ok("xxx-7".to_owned()));
        assert_eq!(fill_path("/v1/x/${name}?y=${id}", &lookup), Ok("/v1/x/a%20b?y=7".to_owned()));
        assert_eq!(fill_text("${other}", &lookup), Err(Missing("other".to_owned())));
    }

    #[test]
    fn unknown_placeholders_and_escapes_are_left() {
        let filled = fill_known(&json!(["${id}", "${other} ${id} $${id}", "${other}"]), &lookup);
        assert_eq!(filled, json!([7, "${other} 7 $${id}", "${other}"]));
        assert_eq!(names("${a}/$${b}/${c:4}"), ["a", "c"]);
    }
}
