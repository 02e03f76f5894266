//! The operations of DirectScale's reference that this emulator does not build.

use utoipa::openapi::path::HttpMethod;

use crate::gateway::{UnbuiltGroup, UnbuiltOperation};

const DOCUMENTED: &str = "documented";
const OBSERVED: &str = "client-observed";

/// The unbuilt operations of groups that are partly built.
pub(super) static OPERATIONS: [UnbuiltOperation; 15] = [
    UnbuiltOperation::new(
        HttpMethod::Post,
        "/v1/customers/customers-datapoints",
        "GetCustomersDataPoints",
        "GetCustomersDataPoints",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/v1/customers/{customerId}/services",
        "GetCustomerServices",
        "GetCustomerServices",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/v1/customers/{customerId}/orders",
        "GetCustomerOrders",
        "GetCustomerOrders",
        DOCUMENTED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Post,
        "/v1/customers/{customerId}/orders",
        "CreateCustomerOrder",
        "CreateCustomerOrder",
        DOCUMENTED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Post,
        "/v1/customers/{customerId}/orders/calculate",
        "CalculateCustomerOrder",
        "CalculateCustomerOrder",
        DOCUMENTED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/v1/customers/{customerId}/autoships",
        "GetCustomerAutoships",
        "GetCustomerAutoships",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Post,
        "/v1/customers/{customerId}/autoship",
        "CreateCustomerAutoship",
        "CreateCustomerAutoship",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Put,
        "/v1/customers/autoship/{autoshipId}",
        "UpdateAutoship",
        "UpdateAutoship",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Delete,
        "/v1/customers/autoship/{autoshipId}",
        "DeleteAutoship",
        "DeleteAutoship",
        DOCUMENTED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/v1/customers/{customerId}/paymentmethods",
        "GetPaymentMethods",
        "GetPaymentMethods",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Post,
        "/v1/customers/{customerId}/paymentmethods",
        "AddPaymentMethod",
        "AddPaymentMethod",
        DOCUMENTED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Delete,
        "/v1/customers/{customerId}/paymentmethods/{paymentMethodId}",
        "DeletePaymentMethod",
        "DeletePaymentMethod",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/v1/customers/{customerId}/paymentmethods/iframe",
        "GetPaymentMethodIframe",
        "GetPaymentMethodIframe",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/v1/customers/{customerId}/merchants",
        "GetCustomerMerchants",
        "GetCustomerMerchants",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/v1/sso/admin/token/{token}",
        "UseAdminSsoToken",
        "UseAdminSsoToken",
        DOCUMENTED,
    ),
];

/// The other groups of the API (DirectScale, Public API Overview page): the paths of two of them are not public at all.
pub(super) static GROUPS: [UnbuiltGroup; 5] = [
    UnbuiltGroup { path: "/v1/address", id: "AddressGroup", name: "address group" },
    UnbuiltGroup { path: "/v1/custom", id: "CustomGroup", name: "custom group" },
    UnbuiltGroup { path: "/v1/office", id: "OfficeGroup", name: "office group" },
    UnbuiltGroup { path: "/v1/orders", id: "OrdersGroup", name: "orders group" },
    UnbuiltGroup { path: "/v1/products", id: "ProductsGroup", name: "products group" },
];
