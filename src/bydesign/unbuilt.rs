//! What ByDesign's API has and this emulator does not build. Its help pages are not public as a whole: these are the operations
//! and controllers that single pages, its process guides and public clients name.

use utoipa::openapi::path::HttpMethod;

use crate::gateway::{UnbuiltGroup, UnbuiltOperation};

const DOCUMENTED: &str = "documented";
const OBSERVED: &str = "client-observed";

/// Beside the operations that are built.
pub(super) static OPERATIONS: [UnbuiltOperation; 12] = [
    list("/api/Admin/CustomerNoteCategory", "ByDesignListCustomerNoteCategories", "api/Admin/CustomerNoteCategory"),
    list("/api/Admin/OrderDetailStatus", "ByDesignListOrderDetailStatuses", "api/Admin/OrderDetailStatus"),
    list("/api/Admin/OrderStatus", "ByDesignListOrderStatuses", "api/Admin/OrderStatus"),
    list("/api/Admin/PartyStatus", "ByDesignListPartyStatuses", "api/Admin/PartyStatus"),
    list("/api/Admin/rankType", "ByDesignListRankTypes", "api/Admin/rankType"),
    list("/api/Admin/repType", "ByDesignListRepTypes", "api/Admin/repType"),
    customer("/api/users/customer/ForPaymentRequest", "ByDesignForPaymentRequest", "ForPaymentRequest", DOCUMENTED),
    customer("/api/users/customer/CreateRepInstead", "ByDesignCreateRepInstead", "CreateRepInstead", DOCUMENTED),
    customer(
        "/api/users/customer/validatePasswordResetKey",
        "ByDesignValidatePasswordResetKey",
        "validatePasswordResetKey",
        DOCUMENTED,
    ),
    customer("/api/users/customer/updatePassword", "ByDesignUpdatePassword", "updatePassword", DOCUMENTED),
    customer("/api/users/customer/createPassword", "ByDesignCreatePassword", "createPassword", OBSERVED),
    customer("/api/users/customer/sendPasswordReset", "ByDesignSendPasswordReset", "sendPasswordReset", OBSERVED),
];

/// The other controllers.
pub(super) static GROUPS: [UnbuiltGroup; 11] = [
    UnbuiltGroup { path: "/api/Authentication", id: "ByDesignAuthentication", name: "api/Authentication" },
    UnbuiltGroup { path: "/api/commissions", id: "ByDesignCommissions", name: "api/commissions" },
    UnbuiltGroup { path: "/api/inventory", id: "ByDesignInventory", name: "api/inventory" },
    UnbuiltGroup { path: "/api/order", id: "ByDesignOrder", name: "api/order" },
    UnbuiltGroup { path: "/api/Party", id: "ByDesignParty", name: "api/Party" },
    UnbuiltGroup { path: "/api/Payments", id: "ByDesignPayments", name: "api/Payments" },
    UnbuiltGroup { path: "/api/PayoutMethod", id: "ByDesignPayoutMethod", name: "api/PayoutMethod" },
    UnbuiltGroup { path: "/api/Personal", id: "ByDesignPersonal", name: "api/Personal" },
    UnbuiltGroup { path: "/api/rep", id: "ByDesignRep", name: "api/rep" },
    UnbuiltGroup { path: "/api/Shipping", id: "ByDesignShipping", name: "api/Shipping" },
    UnbuiltGroup { path: "/api/user/rep", id: "ByDesignUserRep", name: "api/user/rep" },
];

/// A list of the tenant's settings.
const fn list(path: &'static str, id: &'static str, name: &'static str) -> UnbuiltOperation {
    UnbuiltOperation { method: HttpMethod::Get, path, id, name, evidence: OBSERVED }
}

/// An operation on customers.
const fn customer(
    path: &'static str,
    id: &'static str,
    name: &'static str,
    evidence: &'static str,
) -> UnbuiltOperation {
    UnbuiltOperation { method: HttpMethod::Post, path, id, name, evidence }
}
