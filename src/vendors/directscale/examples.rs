//! Examples for the OpenAPI document. Each succeeds on the demo data.

use serde_json::Value;
use utoipa::openapi::path::Operation;

use crate::gateway::{example_body, example_parameters};

/// Values of parameters. Filters have none, so that a first request finds a customer.
const PARAMETERS: [(&str, &str); 14] = [
    ("associateId", "1"),
    ("customerId", "3"),
    ("searchTerm", "dana"),
    ("email", "dana@demo.example"),
    ("emailAddress", "ada@customers.example"),
    ("username", "ada"),
    ("password", "PasswordHere1"),
    ("taxId", "TAX-TEST-3333"),
    ("webAlias", "ada-shop"),
    ("backOfficeId", "15F92"),
    ("toUplineId", "1"),
    ("levels", "2"),
    ("autoshipId", "1"),
    ("paymentMethodId", "1"),
];

/// Values of parameters that mean something else in one operation than in the others.
const OF_OPERATIONS: [(&str, &[(&str, &str)]); 3] = [
    ("LoginByQuery", &[("username", "dana")]),
    ("GetCustomersByParameter", &[("username", "dana")]),
    ("GetCustomerDownline", &[("customerId", "1")]),
];

const BODIES: [(&str, &str); 8] = [
    ("CreateCustomer", include_str!("wire/examples/create.json")),
    ("UpdateCustomer", include_str!("wire/examples/update.json")),
    ("UpdateCustomerByParameter", include_str!("wire/examples/patch-riley.json")),
    ("UpgradeCustomer", include_str!("wire/examples/distributor.json")),
    ("ResetPassword", r#"{ "Password": "PasswordHere2" }"#),
    ("Login", r#"{ "username": "dana", "password": "PasswordHere1" }"#),
    ("AddRewardPoints", r#"{ "pointsToAdd": 50 }"#),
    ("DeductRewardPoints", r#"{ "pointsToDeduct": 20 }"#),
];

/// The names of the parameters that have an example.
pub(super) fn parameter_names() -> impl Iterator<Item = &'static str> {
    PARAMETERS.iter().map(|(name, _)| *name)
}

/// Adds an operation's examples.
///
/// # Panics
/// When a body above is not JSON, which the tests rule out.
pub(super) fn add(operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    example_parameters(operation, &PARAMETERS);
    if let Some((_, own)) = OF_OPERATIONS.iter().find(|(name, _)| *name == id) {
        example_parameters(operation, own);
    }
    if let Some((_, body)) = BODIES.iter().find(|(name, _)| *name == id) {
        let body: Value = serde_json::from_str(body).expect("invariant: the examples are JSON");
        example_body(operation, &body);
    }
}
