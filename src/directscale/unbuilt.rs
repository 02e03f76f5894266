//! What DirectScale's reference lists and this emulator does not build.

use utoipa::openapi::path::HttpMethod;

use crate::gateway::{UnbuiltGroup, UnbuiltOperation};

const DOCUMENTED: &str = "documented";
const OBSERVED: &str = "client-observed";

/// Of the groups of which other operations are built.
pub(super) static OPERATIONS: [UnbuiltOperation; 15] = [
    operation(HttpMethod::Post, "/v1/customers/customers-datapoints", "GetCustomersDataPoints", OBSERVED),
    operation(HttpMethod::Get, "/v1/customers/{customerId}/services", "GetCustomerServices", OBSERVED),
    operation(HttpMethod::Get, "/v1/customers/{customerId}/orders", "GetCustomerOrders", DOCUMENTED),
    operation(HttpMethod::Post, "/v1/customers/{customerId}/orders", "CreateCustomerOrder", DOCUMENTED),
    operation(HttpMethod::Post, "/v1/customers/{customerId}/orders/calculate", "CalculateCustomerOrder", DOCUMENTED),
    operation(HttpMethod::Get, "/v1/customers/{customerId}/autoships", "GetCustomerAutoships", OBSERVED),
    operation(HttpMethod::Post, "/v1/customers/{customerId}/autoship", "CreateCustomerAutoship", OBSERVED),
    operation(HttpMethod::Put, "/v1/customers/autoship/{autoshipId}", "UpdateAutoship", OBSERVED),
    operation(HttpMethod::Delete, "/v1/customers/autoship/{autoshipId}", "DeleteAutoship", DOCUMENTED),
    operation(HttpMethod::Get, "/v1/customers/{customerId}/paymentmethods", "GetPaymentMethods", OBSERVED),
    operation(HttpMethod::Post, "/v1/customers/{customerId}/paymentmethods", "AddPaymentMethod", DOCUMENTED),
    operation(
        HttpMethod::Delete,
        "/v1/customers/{customerId}/paymentmethods/{paymentMethodId}",
        "DeletePaymentMethod",
        OBSERVED,
    ),
    operation(HttpMethod::Get, "/v1/customers/{customerId}/paymentmethods/iframe", "GetPaymentMethodIframe", OBSERVED),
    operation(HttpMethod::Get, "/v1/customers/{customerId}/merchants", "GetCustomerMerchants", OBSERVED),
    operation(HttpMethod::Get, "/v1/sso/admin/token/{token}", "UseAdminSsoToken", DOCUMENTED),
];

/// The other groups of the API (DirectScale, Public API Overview page): the paths of two of them are not public at all.
pub(super) static GROUPS: [UnbuiltGroup; 5] = [
    UnbuiltGroup { path: "/v1/address", id: "AddressGroup", name: "address group" },
    UnbuiltGroup { path: "/v1/custom", id: "CustomGroup", name: "custom group" },
    UnbuiltGroup { path: "/v1/office", id: "OfficeGroup", name: "office group" },
    UnbuiltGroup { path: "/v1/orders", id: "OrdersGroup", name: "orders group" },
    UnbuiltGroup { path: "/v1/products", id: "ProductsGroup", name: "products group" },
];

const fn operation(
    method: HttpMethod,
    path: &'static str,
    name: &'static str,
    evidence: &'static str,
) -> UnbuiltOperation {
    UnbuiltOperation { method, path, id: name, name, evidence }
}
