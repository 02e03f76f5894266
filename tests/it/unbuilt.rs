//! Operations that this emulator does not build: an authenticated client gets 501 with the operation's name, where that vendor's
//! clients look for it. And paths that no operation has: the journal names similar operations.

use serde_json::{Value, json};

use crate::support::documented::operations;
use crate::support::server::server;
use crate::support::vendors::VendorClient;
use crate::support::{Client, Reply, Tenant, tenant, tenant_with};

const NOT_FOUND: &str = r#"{ "statusCode": 404, "message": "Resource not found" }"#;

const JSON: &str = "application/json; charset=utf-8";

/// The response of DirectScale's API to an operation that is not built.
#[track_caller]
fn says_directscale(reply: &Reply, message: &str) {
    let body = format!(r#"{{ "statusCode": 501, "message": "{message}" }}"#);
    assert_eq!((reply.status, reply.body.as_str()), (501, body.as_str()));
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
    assert_eq!(reply.message(), message, "the only place where clients look");
    assert!(reply.header("X-DirectScale-RequestId").is_some(), "{reply:?}");
}

/// The newest request of a tenant in the journal.
#[track_caller]
fn newest(tenant: &Tenant) -> Value {
    tenant.requests("?limit=1")[0].clone()
}

#[test]
fn every_group_that_the_reference_lists_is_named() {
    let tenant = tenant();
    let without_key = Client { address: server().address, key: String::new() };
    let before = tenant.everything();
    for (group, id, paths) in [
        (
            "orders",
            "OrdersGroup",
            &["", "/", "/17", "/autoships/4", "/shipping-methods/1", "/currencies?x=1"] as &[&str],
        ),
        ("products", "ProductsGroup", &["/items", "/item/sku/A-1?CurrencyCode=usd", "/store/1/categories"]),
        ("address", "AddressGroup", &["/active-countries", "/us/states", "/regions?countryCode=us"]),
        ("office", "OfficeGroup", &["/forgot-password", ""]),
        ("custom", "CustomGroup", &["/anything/at/all", ""]),
    ] {
        let message = format!("This emulator does not build the operations of DirectScale's {group} group.");
        for path in paths {
            let path = format!("/v1/{group}{path}");
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                says_directscale(&tenant.call(method, &path, "", Some("{}")), &message);
                let entry = newest(&tenant);
                assert_eq!((&entry["operation"], &entry["status"]), (&json!(id), &json!(501)), "{entry}");
                assert_eq!(entry["reasons"][0]["rule"], "notBuilt", "{entry}");
            }
            assert_eq!(without_key.get(&path).status, 401, "authenticated first: {path}");
            let realm = format!(r#"realm="http://test.example/v1/{group}""#);
            let challenge = without_key.get(&path).header("WWW-Authenticate").expect("a challenge").to_owned();
            assert!(challenge.contains(&realm), "{challenge}");
        }
        // Only that group.
        for path in [format!("/v1/{group}s"), format!("/v1/x{group}"), format!("/v2/{group}/1")] {
            let reply = tenant.get(&path);
            assert_eq!((reply.status, reply.body.as_str()), (404, NOT_FOUND), "{path}");
        }
        let options = without_key
            .raw(format!("OPTIONS /v1/{group} HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\r\n").as_bytes());
        assert_eq!((options.status, options.body.as_str()), (404, NOT_FOUND), "OPTIONS is no operation");
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn every_operation_of_a_group_that_is_partly_built_is_named() {
    let tenant = tenant();
    let without_key = Client { address: server().address, key: String::new() };
    for (method, path, name) in [
        ("GET", "/v1/customers/3/orders", "GetCustomerOrders"),
        ("POST", "/v1/customers/3/orders", "CreateCustomerOrder"),
        ("POST", "/v1/customers/3/orders/calculate", "CalculateCustomerOrder"),
        ("GET", "/v1/customers/3/autoships?includeActiveAutoships=true", "GetCustomerAutoships"),
        ("POST", "/v1/customers/3/autoship", "CreateCustomerAutoship"),
        ("PUT", "/v1/customers/autoship/5", "UpdateAutoship"),
        ("DELETE", "/v1/customers/autoship/5", "DeleteAutoship"),
        ("GET", "/v1/customers/3/paymentmethods/?storeid=1", "GetPaymentMethods"),
        ("POST", "/v1/customers/3/paymentmethods", "AddPaymentMethod"),
        ("DELETE", "/v1/customers/3/paymentmethods/9?merchantid=1", "DeletePaymentMethod"),
        ("GET", "/v1/customers/3/paymentmethods/iframe?iframeid=1", "GetPaymentMethodIframe"),
        ("GET", "/v1/customers/3/merchants?storeid=1", "GetCustomerMerchants"),
        ("GET", "/v1/customers/3/services", "GetCustomerServices"),
        ("POST", "/v1/customers/customers-datapoints", "GetCustomersDataPoints"),
        ("GET", "/v1/sso/admin/token/abc", "UseAdminSsoToken"),
    ] {
        let message = format!("{name} is an operation of DirectScale's that this emulator does not build.");
        says_directscale(&tenant.call(method, path, "", None), &message);
        assert_eq!(newest(&tenant)["operation"], name);
        assert_eq!(without_key.call(method, path, "", None).status, 401, "authenticated first: {path}");
    }
    let documented =
        operations().iter().filter(|operation| !operation.is_built && operation.tag == "not built").count();
    assert_eq!(documented, 15, "each of them");
}

#[test]
fn requests_of_operations_that_are_not_built_count_against_limits() {
    let tenant = tenant_with(json!({ "rate_limit": { "calls": 1, "renewal_seconds": 600 } }));
    assert_eq!(tenant.get("/v1/orders/1").status, 501);
    assert_eq!(tenant.get("/v1/orders/1").status, 429);
}

/// ByDesign's error, in JSON.
fn bydesign_error(sentence: &str) -> String {
    json!({ "Message": sentence }).to_string()
}

#[test]
fn bydesigns_other_controllers_are_named_in_its_own_form() {
    let tenant = tenant();
    let vendor = tenant.bydesign();
    let without_credential = VendorClient::new(String::new());
    let before = tenant.everything();
    let group = |name: &str| format!("This emulator does not build the operations of ByDesign's {name}.");
    for (method, path, sentence, id) in [
        ("GET", "/api/User/Rep/17/info", group("api/user/rep"), "ByDesignUserRep"),
        ("GET", "/AdaptureDemo/api/user/rep/17/rank", group("api/user/rep"), "ByDesignUserRep"),
        ("POST", "/api/rep/Create", group("api/rep"), "ByDesignRep"),
        ("POST", "/x/API/REP/validateRepEmail?email=a@b.example&repDID=1", group("api/rep"), "ByDesignRep"),
        ("POST", "/api/order/Order/Save", group("api/order"), "ByDesignOrder"),
        ("GET", "/api/Order/OnlineOrder/GetFromOrderID/5", group("api/order"), "ByDesignOrder"),
        ("POST", "/api/Personal/Order/Payment/CreditCard/Save", group("api/Personal"), "ByDesignPersonal"),
        (
            "GET",
            "/api/Authentication/Seamless/Verify/ForRep/6f9619ff-8b86-d011-b42d-00c04fc964ff",
            group("api/Authentication"),
            "ByDesignAuthentication",
        ),
        ("GET", "/api/inventory/InventoryShopping/GetEnrollmentItems", group("api/inventory"), "ByDesignInventory"),
        ("GET", "/api/PayoutMethod/List", group("api/PayoutMethod"), "ByDesignPayoutMethod"),
        ("POST", "/api/Payments/Credit", group("api/Payments"), "ByDesignPayments"),
        ("GET", "/api/commissions/volumeReport/17", group("api/commissions"), "ByDesignCommissions"),
        ("GET", "/api/party/search?SearchText=a", group("api/Party"), "ByDesignParty"),
        ("GET", "/api/Shipping/Order/OrderTracking", group("api/Shipping"), "ByDesignShipping"),
        (
            "POST",
            "/api/users/customer/createrepinstead",
            "CreateRepInstead is an operation of ByDesign's that this emulator does not build.".to_owned(),
            "ByDesignCreateRepInstead",
        ),
        (
            "GET",
            "/api/admin/reptype",
            "api/Admin/repType is an operation of ByDesign's that this emulator does not build.".to_owned(),
            "ByDesignListRepTypes",
        ),
    ] {
        let reply = vendor.call(method, path, "Accept: application/json\r\n", Some("{}"));
        assert_eq!(reply.says(501, JSON), bydesign_error(&sentence), "{path}");
        let entry = newest(&tenant);
        assert_eq!((&entry["operation"], &entry["reasons"][0]["rule"]), (&json!(id), &json!("notBuilt")), "{path}");
        let xml = vendor.call(method, path, "Accept: application/xml\r\n", Some("{}"));
        assert_eq!(
            xml.says(501, "application/xml; charset=utf-8"),
            format!("<Error><Message>{sentence}</Message></Error>")
        );
        let denied = without_credential.call(method, path, "Accept: application/json\r\n", Some("{}"));
        assert_eq!(denied.header("WWW-Authenticate"), Some("Basic"), "authenticated first: {path}");
        assert_eq!(denied.says(401, JSON), bydesign_error("Authorization has been denied for this request."));
    }
    // A method that the operation does not have is the framework's 405, another path of the same controller its 404.
    let wrong = vendor.call("GET", "/api/users/customer/updatePassword", "", None);
    assert_eq!((wrong.status, wrong.header("Allow")), (405, Some("POST")));
    for path in
        ["/api/Admin/CustomrType", "/api/users/customer/CreateRep", "/api/reps/Create", "/api/orders/1", "/api/use/rep"]
    {
        assert_eq!(vendor.get(path).status, 404, "{path}");
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn storms_other_operations_are_named_in_its_own_form() {
    let tenant = tenant();
    let vendor = tenant.storm();
    let without_credential = VendorClient::new(String::new());
    let before = tenant.everything();
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": "2024-01-02T02:04:05Z" }))).done(200);
    let says = |reply: Reply, sentence: &str| {
        let expected = format!(
            r#"{{"MessageId":0,"Message":"{}","Orchestration":null,"TimeStamp":"\/Date(1704161045000+0100)\/","Record":null,"Messages":[]}}"#,
            sentence.replace('/', r"\/")
        );
        assert_eq!(reply.says(501, JSON), expected);
    };
    let operation = |name: &str| format!("{name} is an operation of Storm's that this emulator does not build.");
    let group = |name: &str| format!("This emulator does not build the operations of Storm's {name}.");
    for (method, path, sentence, id) in [
        ("GET", "/api/1.1/CustomerService.svc/rest/Login?loginName=a&password=b", operation("Login"), "StormLogin"),
        (
            "GET",
            "/stormapi/1.1/customerservice.svc/rest/getcustomerbyloginname?loginName=a",
            operation("GetCustomerByLoginName"),
            "StormGetCustomerByLoginName",
        ),
        ("POST", "/CustomerService.svc/rest/RegisterCustomer", operation("RegisterCustomer"), "StormRegisterCustomer"),
        ("POST", "/commerce/customer/1.1/RegisterCustomer3", operation("RegisterCustomer3"), "StormRegisterCustomer3"),
        ("GET", "/api/1.1/ProductService.svc/rest/GetProduct?id=1", group("ProductService"), "StormProductService"),
        ("POST", "/shoppingservice.svc/rest/CreateBasket", group("ShoppingService"), "StormShoppingService"),
        ("GET", "/api/1.1/OrderService.svc", group("OrderService"), "StormOrderService"),
        ("GET", "/ApplicationService.svc/rest/GetApplication", group("ApplicationService"), "StormApplicationService"),
        ("GET", "/commerce/product/1.1/GetProduct", group("commerce/product"), "NorceProduct"),
        ("GET", "/commerce/Metadata/1.1/GetApplication", group("commerce/metadata"), "NorceMetadata"),
        ("POST", "/commerce/shopping/1.1/CreateBasket", group("commerce/shopping"), "NorceShopping"),
        ("GET", "/commerce/query/2.0/Application/Clients", group("commerce/query"), "NorceQuery"),
    ] {
        says(vendor.call(method, path, "", Some("{}")), &sentence);
        let entry = newest(&tenant);
        assert_eq!((&entry["operation"], &entry["reasons"][0]["rule"]), (&json!(id), &json!("notBuilt")), "{path}");
        let denied = without_credential.call(method, path, "", Some("{}"));
        assert_eq!(
            (denied.status, denied.header("WWW-Authenticate")),
            (401, Some("Bearer")),
            "authenticated first: {path}"
        );
    }
    // The journal has no password.
    let path = "/CustomerService.svc/rest/ChangePassword?loginName=a&oldPassword=Old-Secret&newPassword1=New-Secret&newPassword2=New-Secret";
    says(vendor.call("POST", path, "", None), &operation("ChangePassword"));
    let journal = tenant.control("GET", "/requests?limit=1000", None).body;
    assert!(journal.contains("newPassword2=•••") && !journal.contains("-Secret"), "{journal}");
    // A method that the operation does not have is the framework's 405, an unknown name its 404.
    let wrong = vendor.call("POST", "/CustomerService.svc/rest/Login", "", None);
    assert_eq!((wrong.status, wrong.header("Allow")), (405, Some("GET")));
    for path in ["/CustomerService.svc/rest/Logon", "/commerce/products/1.1/GetProduct", "/ProductsService.svc/rest/X"]
    {
        assert_eq!(vendor.get(path).status, 404, "{path}");
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn every_operation_of_the_services_contract_is_known() {
    let tenant = tenant();
    let vendor = tenant.storm();
    let mut unbuilt = 0;
    for operation in operations().iter().filter(|operation| operation.tag == "Storm" && !operation.is_built) {
        let reply = vendor.call(&operation.method, &format!("/api/1.1{}", operation.route), "", None);
        assert_eq!(reply.status, 501, "{} {reply:?}", operation.id);
        let name = operation.id.strip_prefix("Storm").expect("the vendor's name");
        assert!(reply.body.contains(&format!(r#""Message":"{name} is an operation"#)), "{reply:?}");
        unbuilt += 1;
    }
    assert_eq!(unbuilt, 44);
}

#[test]
fn the_journal_names_operations_similar_to_a_mistyped_path() {
    let tenant = tenant();
    let (bydesign, storm) = (tenant.bydesign(), tenant.storm());
    let directscale = |method: &str, path: &str| tenant.call(method, path, "", None);
    let get_customer = "GET /v1/customers/{customerId} (GetCustomer)";
    let upgrade = "PUT /v1/customers/upgrade/{customerId} (UpgradeCustomer)";
    for (method, path, nearest, hint) in [
        ("GET", "/v1/customer/3", get_customer, ""),
        ("get", "/v1/customers/3", get_customer, " Methods are written in capitals."),
        ("GET", "/v1//customers/3", get_customer, " The path has a doubled slash."),
        ("GET", "/customers/3", get_customer, ""),
        ("put", "/v1/customers//upgrade/3", upgrade, " Methods are written in capitals. The path has a doubled slash."),
        ("POST", "/v1/customers/upgrade/3", upgrade, ""),
        ("PUT", "/v1/Customers/Upgrade/3", upgrade, ""),
        ("GET", "/v1/customers/3/order", "GET /v1/customers/{customerId}/orders (GetCustomerOrders)", ""),
    ] {
        let reply = directscale(method, path);
        assert_eq!((reply.status, reply.body.as_str()), (404, NOT_FOUND), "{method} {path}");
        assert!(!reply.head.contains("X-DirectScale-"), "{reply:?}");
        is_suggested(&newest(&tenant), nearest, hint);
    }
    let create = "POST /api/users/customer (ByDesignCreateCustomer)";
    for (method, path, nearest, hint) in [
        ("POST", "/api/users/custmer", create, ""),
        ("POST", "/Demo/api/users/customers", create, ""),
        ("POST", "/api//users/customer", create, " The path has a doubled slash."),
        ("POST", "/aip/users/customer", create, ""),
        ("GET", "/x/api/Admin/CustomrType", "GET /api/Admin/CustomerType (ByDesignListCustomerTypes)", ""),
    ] {
        assert_eq!(bydesign.call(method, path, "", None).status, 404, "{method} {path}");
        is_suggested(&newest(&tenant), nearest, hint);
    }
    // The framework knows the methods of a path.
    assert_eq!(bydesign.call("post", "/api/users/customer", "", Some("{}")).status, 405);
    assert_eq!(newest(&tenant)["did_you_mean"][0], create);
    let update = "POST /CustomerService.svc/rest/UpdateCustomer (StormUpdateCustomer)";
    for (method, path, nearest, hint) in [
        ("POST", "/api/1.1/CustomerService.svc/rest/UpdateCustmer", update, ""),
        ("POST", "/api/1.0/CustomerService.svc/rest/UpdateCustomer", update, ""),
        ("POST", "/api/1.1//CustomerService.svc/rest/UpdateCustomer", update, " The path has a doubled slash."),
        ("POST", "/commerce/customer/1.0/UpdateCustomer", update, ""),
        ("GET", "/commerce/customers/1.1/Loginn", "GET /CustomerService.svc/rest/Login (StormLogin)", ""),
    ] {
        assert_eq!(storm.call(method, path, "", None).status, 404, "{method} {path}");
        is_suggested(&newest(&tenant), nearest, hint);
    }
    // A path that is not similar to any is without a suggestion.
    tenant.get("/favicon.ico");
    let entry = newest(&tenant);
    assert_eq!(entry["did_you_mean"], json!([]));
    assert_eq!(entry["reasons"][0]["message"], "No operation has this method and path.");
}

#[track_caller]
fn is_suggested(entry: &Value, nearest: &str, hint: &str) {
    assert_eq!((&entry["operation"], &entry["did_you_mean"][0]), (&json!("-"), &json!(nearest)), "{entry}");
    let message = entry["reasons"][0]["message"].as_str().expect("a sentence");
    let begins = message.starts_with("No operation has this method and path");
    assert!(begins && message.ends_with(if hint.is_empty() { "." } else { hint }), "{message}");
}
