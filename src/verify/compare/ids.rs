//! Which id of the real service is which id of the emulator.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// The ids that the two services gave to the same things, as texts.
#[derive(Debug, Default, Clone)]
pub(in crate::verify) struct Ids {
    /// By kind and the real service's id.
    emulated_of: HashMap<(IdKind, String), String>,
    /// By kind and the emulator's id.
    real_of: HashMap<(IdKind, String), String>,
    /// Of any kind.
    pairs: HashSet<(String, String)>,
}

/// What an id identifies: the numbers of an address and of a customer have nothing in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::verify) enum IdKind {
    Customer,
    Address,
    BackOffice,
    Record,
}

impl Ids {
    /// Whether the two can be ids of one thing: they are known as a pair, or neither is known. Then they are remembered.
    pub(in crate::verify) fn pair(&mut self, kind: IdKind, real: &str, emulated: &str) -> bool {
        let (real, emulated) = ((kind, real.to_owned()), (kind, emulated.to_owned()));
        match (self.emulated_of.get(&real), self.real_of.get(&emulated)) {
            (None, None) => {
                self.pairs.insert((real.1.clone(), emulated.1.clone()));
                self.emulated_of.insert(real.clone(), emulated.1.clone());
                self.real_of.insert(emulated, real.1);
                true
            }
            (Some(known), _) => *known == emulated.1,
            (None, Some(_)) => false,
        }
    }

    /// Whether the two are known as a pair.
    pub(in crate::verify) fn is_pair(&self, real: &str, emulated: &str) -> bool {
        self.pairs.contains(&(real.to_owned(), emulated.to_owned()))
    }

    /// Remembers a value of both services, if it is a number or a text.
    pub(in crate::verify) fn pair_values(&mut self, real: &Value, emulated: &Value) {
        if let (Some(real), Some(emulated)) = (id_text(real), id_text(emulated)) {
            self.pair(IdKind::Customer, &real, &emulated);
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

/// Numbers that both services have from the same list, or that the caller has sent.
const NO_IDS: [&str; 10] =
    ["Type", "Status", "Country", "Language", "Currency", "Locale", "Market", "External", "Tax", "Region"];

/// What a member of this name identifies; `None` when its value is no id that the service chose.
pub(in crate::verify) fn id_kind(name: &str) -> Option<IdKind> {
    let name = name.trim_end_matches(|character: char| character.is_ascii_digit());
    let is_id = ["Id", "ID", "Ids", "IDs", "_id", "Key", "DID"].iter().any(|end| name.ends_with(end)) || name == "id";
    if NO_IDS.iter().any(|part| name.contains(part)) {
        return None;
    }
    match name {
        "BackOfficeId" => Some(IdKind::BackOffice),
        "recordnumber" | "RecordNumber" => Some(IdKind::Record),
        _ if is_id && name.contains("Address") => Some(IdKind::Address),
        _ => is_id.then_some(IdKind::Customer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_that_a_service_chose_are_ids() {
        for name in ["CustomerId", "SponsorId", "Ids", "CustomerDID", "Key", "id"] {
            assert_eq!(id_kind(name), Some(IdKind::Customer), "{name}");
        }
        for name in ["AssociateTypeId", "TaxId", "CountryID", "StatusId", "Name", "ExternalReferenceId"] {
            assert_eq!(id_kind(name), None, "{name}");
        }
        assert_eq!(id_kind("AddressId"), Some(IdKind::Address));
    }

    #[test]
    fn an_id_of_one_service_belongs_to_one_id_of_the_other() {
        let mut ids = Ids::default();
        assert!(ids.pair(IdKind::Customer, "7", "9") && ids.pair(IdKind::Customer, "7", "9"));
        assert!(!ids.pair(IdKind::Customer, "7", "10") && !ids.pair(IdKind::Customer, "8", "9"));
        assert!(ids.pair(IdKind::Address, "7", "10"));
        assert!(ids.is_pair("7", "9") && !ids.is_pair("9", "7"));
    }
}
