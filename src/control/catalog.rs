//! The operations of all vendor APIs with their documented statuses: what a fault rule and a filter of the journal may name.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::openapi::{OpenApi, PathItem};

use crate::fault_injection::{FaultResponse, FaultRule};
use crate::vendors::VENDORS;
use crate::webhooks::EventType;

/// In the journal, the operation of a request whose path is no operation's.
const NO_OPERATION: &str = "-";

/// The operations in the journal that the document does not describe.
fn undocumented<'a>() -> impl Iterator<Item = &'a str> {
    let of_vendors = VENDORS.iter().flat_map(|vendor| vendor.undocumented_operations.iter().copied());
    std::iter::once(NO_OPERATION).chain(of_vendors)
}

#[derive(Debug)]
pub(super) struct Catalog(BTreeMap<String, BTreeSet<u16>>);

impl Catalog {
    pub(super) fn new(document: &OpenApi) -> Self {
        let of_item = |item: &PathItem| {
            let methods = [&item.get, &item.post, &item.put, &item.patch, &item.delete];
            let operations = methods.into_iter().flatten().filter_map(|operation| {
                let statuses = operation.responses.responses.keys();
                Some((operation.operation_id.clone()?, statuses.filter_map(|status| status.parse().ok()).collect()))
            });
            operations.collect::<Vec<_>>()
        };
        Self(document.paths.paths.values().flat_map(of_item).collect())
    }

    pub(super) fn operations(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Rejects a rule that names an unknown operation or event, or a status that is not documented.
    pub(super) fn check(&self, rule: &FaultRule) -> Result<(), String> {
        let rule = match rule {
            FaultRule::Event(rule) => {
                let known = EventType::ALL.map(EventType::name);
                return match rule.event.as_str() {
                    "*" => Ok(()),
                    name if known.contains(&name) => Ok(()),
                    other => Err(format!("'{other}' is not an event; these are: {}, or * for all", known.join(", "))),
                };
            }
            FaultRule::Request(rule) => rule,
        };
        let statuses: Vec<&BTreeSet<u16>> = match rule.operation.as_str() {
            "*" => self.0.values().collect(),
            name => match self.0.get(name) {
                Some(statuses) => vec![statuses],
                None => return Err(self.unknown_operation(name)),
            },
        };
        let Some(FaultResponse::Status { code, .. }) = rule.response else { return Ok(()) };
        if code >= 400 && statuses.iter().all(|statuses| statuses.contains(&code)) {
            return Ok(());
        }
        let mut common: BTreeSet<u16> = (400..=599).collect();
        for statuses in statuses {
            common.retain(|status| statuses.contains(status));
        }
        let common: Vec<String> = common.iter().map(ToString::to_string).collect();
        let operation = &rule.operation;
        Err(format!(
            "{code} is not an error status that is documented for {operation}; these are: {}",
            common.join(", ")
        ))
    }

    /// Rejects the name of an operation that no entry of the journal can have.
    pub(super) fn check_journaled(&self, name: &str) -> Result<(), String> {
        if self.0.contains_key(name) || undocumented().any(|known| known == name) {
            Ok(())
        } else {
            Err(self.unknown_operation(name))
        }
    }

    fn unknown_operation(&self, name: &str) -> String {
        let name: String = name.chars().take(100).collect();
        let most_similar = self.operations().chain(undocumented()).max_by(|left, right| {
            let similarity =
                |known: &str| strsim::normalized_damerau_levenshtein(&known.to_lowercase(), &name.to_lowercase());
            similarity(left).total_cmp(&similarity(right))
        });
        let most_similar = most_similar.unwrap_or("*");
        format!("'{name}' is not an operation; did you mean {most_similar}?")
    }
}
