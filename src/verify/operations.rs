//! The name of the operation that a request calls.

use std::sync::LazyLock;

use crate::vendors::{self, VendorApi};

/// The operations of the document.
#[derive(Debug)]
pub(crate) struct Operations(Vec<Operation>);

#[derive(Debug)]
struct Operation {
    method: String,
    segments: Vec<String>,
    id: String,
}

impl Operations {
    pub(crate) fn new() -> Self {
        let document = serde_json::to_value(vendors::document()).unwrap_or_default();
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, described) in item.as_object().into_iter().flatten() {
                if let Some(id) = described["operationId"].as_str() {
                    let segments = segments(path).map(str::to_owned).collect();
                    operations.push(Operation { method: method.to_uppercase(), segments, id: id.to_owned() });
                }
            }
        }
        // A path with fewer parameters owns a request before one with more.
        operations.sort_by_key(|operation| operation.segments.iter().filter(|segment| is_parameter(segment)).count());
        Self(operations)
    }

    /// The operation of a method and path, whose placeholders count as any value; otherwise method and path.
    pub(crate) fn name(&self, api: &VendorApi, method: &str, path: &str) -> String {
        let path = path.split('?').next().unwrap_or_default();
        self.find(api, method, path).map_or_else(|| format!("{method} {path}"), str::to_owned)
    }

    /// The operation of a method and path; `None` when there is none.
    fn find(&self, api: &VendorApi, method: &str, path: &str) -> Option<&str> {
        let canonical = (api.canonical_path)(path);
        let wanted: Vec<&str> = segments(canonical.as_deref().unwrap_or(path)).collect();
        let is_wanted = |operation: &&Operation| {
            operation.method == method
                && operation.segments.len() == wanted.len()
                && operation
                    .segments
                    .iter()
                    .zip(&wanted)
                    .all(|(own, wanted)| is_parameter(own) || own.eq_ignore_ascii_case(wanted))
        };
        self.0.iter().find(is_wanted).map(|operation| operation.id.as_str())
    }
}

/// The operation of an API that a request calls.
pub(crate) fn operation_of(api: &VendorApi, method: &str, path: &str) -> Option<String> {
    static OPERATIONS: LazyLock<Operations> = LazyLock::new(Operations::new);
    let path = path.split('?').next().unwrap_or_default();
    let found = OPERATIONS.find(api, method, path).map(str::to_owned);
    found.filter(|id| vendors::vendor_of_operation(id).name == api.name)
}

/// The ids of the operations that are built.
#[cfg(test)]
pub(super) fn built_operations() -> Vec<String> {
    let document = serde_json::to_value(vendors::document()).unwrap_or_default();
    let items = document["paths"].as_object().into_iter().flatten().filter_map(|(_, item)| item.as_object());
    let built = items.flatten().filter(|(_, described)| described["responses"].get("501").is_none());
    built.filter_map(|(_, described)| Some(described["operationId"].as_str()?.to_owned())).collect()
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::VENDORS;

    #[test]
    fn the_most_specific_path_names_the_operation() {
        let operations = Operations::new();
        for (method, path, name) in [
            ("GET", "/v1/customers/customer-ids?x=1", "GetCustomerIds"),
            ("GET", "/v1/customers/${id}", "GetCustomer"),
            ("PUT", "/v1/customers/upgrade/7", "UpgradeCustomer"),
            ("PUT", "/v1/Customers/7", "UpdateCustomer"),
            ("GET", "/nowhere", "GET /nowhere"),
        ] {
            assert_eq!(operations.name(VENDORS[0], method, path), name);
        }
    }
}
