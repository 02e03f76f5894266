//! Which id of the real service is which id of the emulator.

use std::collections::HashMap;

use serde_json::Value;

/// The ids that the two services gave to the same things, as texts.
#[derive(Debug, Default, Clone)]
pub(in crate::verify) struct Ids {
    emulated_of: HashMap<String, String>,
    real_of: HashMap<String, String>,
}

impl Ids {
    /// Whether the two can be ids of one thing: they are known as a pair, or neither is known. Then they are remembered.
    pub(in crate::verify) fn pair(&mut self, real: &str, emulated: &str) -> bool {
        match (self.emulated_of.get(real), self.real_of.get(emulated)) {
            (None, None) => {
                self.emulated_of.insert(real.to_owned(), emulated.to_owned());
                self.real_of.insert(emulated.to_owned(), real.to_owned());
                true
            }
            (Some(known), _) => known == emulated,
            (None, Some(_)) => false,
        }
    }

    /// Whether the two are known as a pair.
    pub(in crate::verify) fn is_pair(&self, real: &str, emulated: &str) -> bool {
        self.emulated_of.get(real).is_some_and(|known| known == emulated)
    }

    /// The emulator's id for one of the real service.
    pub(in crate::verify) fn emulated(&self, real: &str) -> Option<&str> {
        self.emulated_of.get(real).map(String::as_str)
    }

    /// Remembers a value of both services, if it is a number or a text.
    pub(in crate::verify) fn pair_values(&mut self, real: &Value, emulated: &Value) {
        if let (Some(real), Some(emulated)) = (id_text(real), id_text(emulated)) {
            self.pair(&real, &emulated);
        }
    }
}

/// An id as a text: a whole number, or a text.
pub(in crate::verify) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// Whether a member of this name holds an id that the service chose.
pub(in crate::verify) fn is_id_name(name: &str) -> bool {
    let name = name.trim_end_matches(|character: char| character.is_ascii_digit());
    ["Id", "ID", "Ids", "IDs", "_id", "Key", "DID", "recordnumber"].iter().any(|end| name.ends_with(end))
        || name == "id"
}
