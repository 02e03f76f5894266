//! `GetCustomer`, `GetCustomerByEmail`, `GetCustomerByKey`, `SearchCustomer`.

use serde_json::{Value, json};

use super::*;
use crate::support::{tenant, with};

#[test]
fn the_response_for_an_unknown_customer_is_empty() {
    let tenant = tenant();
    let storm = tenant.storm();
    for query in [
        "GetCustomer?id=99",
        "GetCustomer?id=0",
        "GetCustomer?id=-3",
        "GetCustomer",
        "GetCustomer?id=",
        "GetCustomerByEmail?email=unknown@storm.example",
        "GetCustomerByEmail?email=",
        "GetCustomerByEmail",
        "GetCustomerByEmail?email=a%00b",
        "GetCustomerByKey?key=6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "GetCustomerByKey?key=00000000-0000-0000-0000-000000000000",
        "GetCustomerByKey?key=00000000-0000-8000-8000-000000000063",
        "GetCustomerByKey",
    ] {
        let reply = storm.get(&format!("/api/1.1/CustomerService.svc/rest/{query}"));
        assert_eq!((reply.status, reply.body.as_str()), (200, ""), "{query}");
        assert_eq!((reply.header("Content-Type"), reply.header("Content-Length")), (None, Some("0")), "{query}");
    }
    for (query, why) in [
        ("GetCustomer?id=x", "The parameter id must be an integer."),
        ("GetCustomer?id=2147483648", "The parameter id must be an integer."),
        ("GetCustomerByKey?key=x", "The parameter key must be a Guid."),
    ] {
        let reply = storm.get(&format!("/CustomerService.svc/rest/{query}"));
        assert_eq!(reply.says(400, HTML), unreadable(why), "{query}");
    }
}

#[test]
fn customers_of_other_apis_are_returned() {
    let tenant = tenant();
    let storm = tenant.storm();
    let dana = customer(&storm, 2);
    let address = |id: i32| {
        json!({
            "Id": id, "CareOf": null, "Line1": "250 South 400 West", "Line2": null, "Zip": "84042", "City": "Lindon",
            "CountryId": 840, "Country": "US", "Region": "UT", "IsValidated": false, "GlobalLocationNo": null,
            "ShippingPhoneNumber": null
        })
    };
    let expected = json!({
        "Id": 2, "Key": "00000000-0000-8000-8000-000000000002", "Code": null, "Email": "dana@demo.example",
        "SSN": "DEMO-TAX-0002", "FirstName": "Dana", "LastName": "Distributor", "Phone": null, "CellPhone": null,
        "ReferId": null, "ReferUrl": null,
        "Account": {
            "Id": 2, "Key": "00000000-0000-0000-0000-000000000000", "LoginName": "dana", "Name": null, "Roles": [],
            "Authorizations": [], "IsActive": true
        },
        "Companies": [], "DeliveryAddresses": [address(2)], "InvoiceAddress": address(1), "Flags": [],
        "UseInvoiceAddressAsDeliveryAddress": false, "Info": [], "PricelistIds": [], "CrmId": null, "IsActive": true,
        "Created": dana["Created"], "Updated": dana["Updated"]
    });
    assert_eq!(dana, expected);
    assert_eq!(read(storm.get(&path("GetCustomerByEmail", "&email=%20Dana@DEMO.example"))), dana);
    assert_eq!(read(storm.get(&path("GetCustomerByKey", "&key=00000000-0000-8000-8000-000000000002"))), dana);
    // HEAD has no body.
    let reply = storm.call("HEAD", &path("GetCustomer", "&id=2"), "", None);
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
}

#[test]
fn a_search_has_a_limit_and_can_name_a_company() {
    let tenant = tenant();
    let storm = tenant.storm();
    for number in 0..60 {
        created(&storm, &json!({ "Email": format!("n{number}@many.example"), "LastName": "Many" }));
    }
    let company = created(&storm, &with(&full("last"), json!({ "LastName": "Many" })))["Companies"][1]["Id"].clone();
    let found = |query: &str| -> Vec<i64> {
        let returned = read(storm.get(&path("SearchCustomer", query)));
        returned.as_array().expect("a list").iter().map(|customer| customer["Id"].as_i64().expect("an id")).collect()
    };
    assert_eq!(found("&searchString=many"), (5..55).collect::<Vec<_>>());
    assert_eq!(found("&searchString=MANY&size=3"), [5, 6, 7]);
    assert_eq!(found("&searchString=many&size=0"), (5..55).collect::<Vec<_>>());
    assert_eq!(found("&searchString=n59@many.example"), [64]);
    assert_eq!(found("&searchString=no-such-customer"), Vec::<i64>::new());
    assert_eq!(found("&size=2"), [1, 2]);
    // Only the customers of a company.
    let of_company = format!("&companyId={company}");
    assert_eq!(found(&of_company), [65]);
    assert_eq!(found(&format!("&searchString=many{of_company}&size=5")), [65]);
    assert_eq!(found(&format!("&searchString=dana{of_company}")), Vec::<i64>::new());
    assert_eq!(found("&searchString=dana&companyId=0"), [2]);
    assert_eq!(found("&searchString=dana&companyId=77"), Vec::<i64>::new());
    let returned = read(storm.get(&path("SearchCustomer", "&searchString=dana")));
    assert_eq!(returned, Value::Array(vec![customer(&storm, 2)]));
    assert_eq!(storm.get(&path("SearchCustomer", "&searchString=no-such-customer")).says(200, JSON), "[]");
    let page = unreadable("The parameter size must be an integer.");
    assert_eq!(storm.get(&path("SearchCustomer", "&size=many")).says(400, HTML), page);
}
