//! Operations of the groups that are here, which this emulator does not build. They are known by name and say so: never a
//! silent 404.

use axum::http::StatusCode;
use serde_json::json;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, ResponseBuilder, Type};

use super::door::DirectScale;
use super::error::Error;
use crate::gateway::Table;

/// The tag of these operations in the document.
pub(super) const TAG: &str = "not built";

/// An operation that is not built: method, path, the vendor's name, where it is known from.
type Unbuilt = (HttpMethod, &'static str, &'static str, &'static str);

const DOCUMENTED: &str = "documented";
const OBSERVED: &str = "client-observed";

const OPERATIONS: [Unbuilt; 15] = [
    (HttpMethod::Post, "/v1/customers/customers-datapoints", "GetCustomersDataPoints", OBSERVED),
    (HttpMethod::Get, "/v1/customers/{customerId}/services", "GetCustomerServices", OBSERVED),
    (HttpMethod::Get, "/v1/customers/{customerId}/orders", "GetCustomerOrders", DOCUMENTED),
    (HttpMethod::Post, "/v1/customers/{customerId}/orders", "CreateCustomerOrder", DOCUMENTED),
    (HttpMethod::Post, "/v1/customers/{customerId}/orders/calculate", "CalculateCustomerOrder", DOCUMENTED),
    (HttpMethod::Get, "/v1/customers/{customerId}/autoships", "GetCustomerAutoships", OBSERVED),
    (HttpMethod::Post, "/v1/customers/{customerId}/autoship", "CreateCustomerAutoship", OBSERVED),
    (HttpMethod::Put, "/v1/customers/autoship/{autoshipId}", "UpdateAutoship", OBSERVED),
    (HttpMethod::Delete, "/v1/customers/autoship/{autoshipId}", "DeleteAutoship", DOCUMENTED),
    (HttpMethod::Get, "/v1/customers/{customerId}/paymentmethods", "GetPaymentMethods", OBSERVED),
    (HttpMethod::Post, "/v1/customers/{customerId}/paymentmethods", "AddPaymentMethod", DOCUMENTED),
    (
        HttpMethod::Delete,
        "/v1/customers/{customerId}/paymentmethods/{paymentMethodId}",
        "DeletePaymentMethod",
        OBSERVED,
    ),
    (HttpMethod::Get, "/v1/customers/{customerId}/paymentmethods/iframe", "GetPaymentMethodIframe", OBSERVED),
    (HttpMethod::Get, "/v1/customers/{customerId}/merchants", "GetCustomerMerchants", OBSERVED),
    (HttpMethod::Get, "/v1/sso/admin/token/{token}", "UseAdminSsoToken", DOCUMENTED),
];

/// Adds the operations that are not built.
pub(super) fn with_unbuilt(table: Table<DirectScale>) -> Table<DirectScale> {
    OPERATIONS.into_iter().fold(table, |table, (method, path, name, class)| {
        let mut operation = OperationBuilder::new()
            .operation_id(Some(name))
            .tag(TAG)
            .summary(Some(format!("{name} is not built")))
            .response(
                StatusCode::NOT_IMPLEMENTED.as_str(),
                ResponseBuilder::new().description("This emulator does not build it"),
            )
            .extensions(Some(
                ExtensionsBuilder::new()
                    .add("x-evidence", json!({ "class": class, "source": "that there is such an operation" }))
                    .add("x-not-built", true)
                    .build(),
            ));
        for parameter in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            operation = operation.parameter(
                ParameterBuilder::new()
                    .name(parameter)
                    .parameter_in(ParameterIn::Path)
                    .required(Required::True)
                    .schema(Some(ObjectBuilder::new().schema_type(Type::String))),
            );
        }
        table.add_operation(&[method], path, operation.build(), Vec::new(), move |_| async move {
            Err(Error::NotBuilt(name))
        })
    })
}
