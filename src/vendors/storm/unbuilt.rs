//! The operations of Storm's API that this emulator does not build: those of the customer service (vendor's published contract), and
//! the other services.

use utoipa::openapi::path::HttpMethod;

use crate::gateway::{UnbuiltGroup, UnbuiltOperation};

/// The operations of an HTTP method by their names.
macro_rules! operations {
    ($($method:ident: $($name:literal)+;)+) => {
        &[$($(UnbuiltOperation::new(
            HttpMethod::$method,
            concat!("/CustomerService.svc/rest/", $name),
            concat!("Storm", $name),
            $name,
            "client-observed",
        ),)+)+]
    };
}

pub(super) static OPERATIONS: &[UnbuiltOperation] = operations! {
    Get:
        "GetCustomerByCode" "GetCustomerByAccountId" "GetCustomerByLoginName"
        "ListCustomerBySSN" "ListCustomerBySSN2" "ListCustomerByInfoType" "ListCustomerByInfoType2"
        "ListCustomerByCompany" "ListCustomerByCompany2" "ListCustomerByCompany3" "SearchCustomer2"
        "ListCustomerInfoTypes" "ListCompanyInfoTypes" "ListCustomerFlags" "ListCompanyFlags" "ListAccountRoles" "Login"
        "GetCompany" "GetCompanyByCode" "GetCompanyByOrgNo" "GetCompanyByOrgNoAndStoreId"
        "ListCompaniesByParent" "ListCompaniesByOrgNo";
    Post:
        "LoginPost" "RegisterCustomer" "RegisterCustomer2" "RegisterCustomer3"
        "ActivateCustomer" "InactivateCustomer" "UpdateAccountStatus" "ChangePassword" "SendPasswordReminder"
        "InsertCustomerDeliveryAddress" "UpdateCustomerDeliveryAddress" "DeleteCustomerDeliveryAddress"
        "InsertCompanyDeliveryAddress" "UpdateCompanyDeliveryAddress" "DeleteCompanyDeliveryAddress"
        "UpdateCompany" "SetDefaultCompany" "InactivateCompany"
        "InsertCompanyCustomer" "InsertCompanyCustomer2" "DeleteCompanyCustomer";
};

/// The other services, at the paths of Storm and at those of Norce Commerce, its successor.
pub(super) static GROUPS: [UnbuiltGroup; 11] = [
    UnbuiltGroup { path: "/ApplicationService.svc", id: "StormApplicationService", name: "ApplicationService" },
    UnbuiltGroup { path: "/ExportService.svc", id: "StormExportService", name: "ExportService" },
    UnbuiltGroup { path: "/ExposeService.svc", id: "StormExposeService", name: "ExposeService" },
    UnbuiltGroup { path: "/OrderService.svc", id: "StormOrderService", name: "OrderService" },
    UnbuiltGroup { path: "/ProductService.svc", id: "StormProductService", name: "ProductService" },
    UnbuiltGroup { path: "/ShoppingService.svc", id: "StormShoppingService", name: "ShoppingService" },
    UnbuiltGroup { path: "/commerce/metadata", id: "NorceMetadata", name: "commerce/metadata" },
    UnbuiltGroup { path: "/commerce/order", id: "NorceOrder", name: "commerce/order" },
    UnbuiltGroup { path: "/commerce/product", id: "NorceProduct", name: "commerce/product" },
    UnbuiltGroup { path: "/commerce/query", id: "NorceQuery", name: "commerce/query" },
    UnbuiltGroup { path: "/commerce/shopping", id: "NorceShopping", name: "commerce/shopping" },
];
