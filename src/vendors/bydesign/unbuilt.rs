//! The operations of ByDesign's API that this emulator does not build. The vendor's help is not public as a whole: these are the
//! operations and controllers that single pages, its process guides and public clients name.

use utoipa::openapi::path::HttpMethod;

use crate::gateway::{UnbuiltGroup, UnbuiltOperation};

const DOCUMENTED: &str = "documented";
const OBSERVED: &str = "client-observed";

pub(super) static OPERATIONS: [UnbuiltOperation; 12] = [
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/api/Admin/CustomerNoteCategory",
        "ByDesignListCustomerNoteCategories",
        "api/Admin/CustomerNoteCategory",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/api/Admin/OrderDetailStatus",
        "ByDesignListOrderDetailStatuses",
        "api/Admin/OrderDetailStatus",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/api/Admin/OrderStatus",
        "ByDesignListOrderStatuses",
        "api/Admin/OrderStatus",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/api/Admin/PartyStatus",
        "ByDesignListPartyStatuses",
        "api/Admin/PartyStatus",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Get,
        "/api/Admin/rankType",
        "ByDesignListRankTypes",
        "api/Admin/rankType",
        OBSERVED,
    ),
    UnbuiltOperation::new(HttpMethod::Get, "/api/Admin/repType", "ByDesignListRepTypes", "api/Admin/repType", OBSERVED),
    UnbuiltOperation::new(
        HttpMethod::Post,
        "/api/users/customer/ForPaymentRequest",
        "ByDesignForPaymentRequest",
        "ForPaymentRequest",
        DOCUMENTED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Post,
        "/api/users/customer/CreateRepInstead",
        "ByDesignCreateRepInstead",
        "CreateRepInstead",
        DOCUMENTED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Post,
        "/api/users/customer/validatePasswordResetKey",
        "ByDesignValidatePasswordResetKey",
        "validatePasswordResetKey",
        DOCUMENTED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Post,
        "/api/users/customer/updatePassword",
        "ByDesignUpdatePassword",
        "updatePassword",
        DOCUMENTED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Post,
        "/api/users/customer/createPassword",
        "ByDesignCreatePassword",
        "createPassword",
        OBSERVED,
    ),
    UnbuiltOperation::new(
        HttpMethod::Post,
        "/api/users/customer/sendPasswordReset",
        "ByDesignSendPasswordReset",
        "sendPasswordReset",
        OBSERVED,
    ),
];

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
