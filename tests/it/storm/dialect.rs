//! Paths, methods, unreadable bodies, and the settings of the plan for Storm.

use serde_json::json;

use super::*;
use crate::support::http::NOT_UTF_8;
use crate::support::server::MAX_BODY_BYTES;
use crate::support::{tenant, tenant_with};

#[test]
fn paths_are_read_in_any_case_behind_each_base() {
    let tenant = tenant();
    let storm = tenant.storm();
    let returned = customer(&storm, 3);
    for base in ["", "/api/1.1", "/stormapi/1.1", "/API/1.1", "/StormApi/1.1"] {
        for service in ["CustomerService.svc/rest", "customerservice.svc/REST"] {
            for operation in ["UpdateCustomer", "updatecustomer", "UPDATECUSTOMER3"] {
                let path = format!("{base}/{service}/{operation}?updatedBy=1");
                assert_eq!(read(storm.post(&path, &json!({ "Id": 3 }))), returned, "{path}");
            }
            assert_eq!(read(storm.get(&format!("{base}/{service}/getCustomer?ID=3"))), returned);
        }
    }
    // The paths of Norce Commerce, the successor.
    for base in ["/commerce/customer/1.1", "/Commerce/Customer/1.1"] {
        for operation in ["UpdateCustomer", "updatecustomer2", "UPDATECUSTOMER3"] {
            let path = format!("{base}/{operation}?updatedBy=1");
            assert_eq!(read(storm.post(&path, &json!({ "Id": 3 }))), returned, "{path}");
        }
        assert_eq!(read(storm.get(&format!("{base}/GetCustomer?id=3&format=json"))), returned);
        let by_email = read(storm.get(&format!("{base}/GetCustomerByEmail?email=riley@demo.example")));
        assert_eq!(by_email, returned);
    }
}

#[test]
fn an_unknown_operation_is_not_found() {
    let tenant = tenant();
    let storm = tenant.storm();
    let before = tenant.everything();
    let not_found = html("Service", "Endpoint not found.");
    for path in [
        "/CustomerService.svc/rest/RegistrCustomer",
        "/api/1.1/CustomerService.svc/rest/Logon?loginName=a",
        "/commerce/customer/1.0/UpdateCustomer?updatedBy=1",
        "/commerce/customer/1.1/UpdateCustomer/3?updatedBy=1",
        "/commerce/customer/1.1",
        "/api/1.1/customerservice.svc/rest/",
        "/stormapi/1.1/CustomerService.svc/rest/UpdateCustomer4?updatedBy=1",
        "/stormapi/1.1/CustomerService.svc/rest/UpdateCustomer/3?updatedBy=1",
        "/CustomerService.svc/UpdateCustomer?updatedBy=1",
        "/api/1.0/CustomerService.svc/rest/UpdateCustomer?updatedBy=1",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let reply = storm.call(method, path, "", Some(r#"{"Id":3,"FirstName":"A"}"#));
            assert_eq!(reply.says(404, HTML), not_found, "{method} {path}");
        }
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_wrong_method_is_rejected_with_the_allowed_ones() {
    let tenant = tenant();
    let storm = tenant.storm();
    let before = tenant.everything();
    let page = html("Service", "Method not allowed.");
    for (method, operation, allowed) in [
        ("GET", "UpdateCustomer", "POST"),
        ("PUT", "updateCustomer2", "POST"),
        ("DELETE", "CreateCustomer3", "POST"),
        ("POST", "GetCustomer", "GET"),
        ("PATCH", "SearchCustomer", "GET"),
    ] {
        let reply = storm.call(method, &path(operation, "&updatedBy=1"), "", Some(r#"{"Id":3,"FirstName":"A"}"#));
        assert_eq!(reply.header("Allow"), Some(allowed), "{reply:?}");
        assert_eq!(reply.says(405, HTML), page, "{method} {operation}");
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_body_that_is_not_an_object_gets_the_page_of_the_framework() {
    let tenant = tenant();
    let storm = tenant.storm();
    let before = tenant.everything();
    for (body, why) in [
        ("{", "The request body is not valid JSON: EOF while parsing an object at line 1 column 1."),
        ("<Customer/>", "The request body is not valid JSON: expected value at line 1 column 1."),
        ("[]", "The request body must be a JSON object."),
        ("7", "The request body must be a JSON object."),
        (r#""<b>""#, "The request body must be a JSON object."),
    ] {
        for operation in ["UpdateCustomer", "CreateCustomer"] {
            let reply = storm.call("POST", &path(operation, "&updatedBy=1"), "", Some(body));
            assert_eq!(reply.says(400, HTML), unreadable(why), "{body}");
        }
    }
    let head = format!("{}Content-Length: 8\r\n", storm.headers);
    let mut bytes = crate::support::http::request("POST", &path("UpdateCustomer", "&updatedBy=1"), &head, None);
    bytes.extend(b"{\"Id\":\"\xff");
    let client = crate::support::Client { address: tenant.client.address, key: String::new() };
    assert_eq!(client.raw(&bytes).says(400, HTML), unreadable(&NOT_UTF_8.replace('\'', "&#39;")));
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_body_may_begin_with_a_byte_order_mark_and_come_in_pieces() {
    let tenant = tenant();
    let storm = tenant.storm();
    let body = "\u{feff} {\"Id\": 3, \"FirstName\": \"Å/\\u00c5\"}";
    let reply = storm.call("POST", &path("UpdateCustomer", "&updatedBy=1"), "", Some(body));
    assert!(reply.says(200, JSON).contains(r#""FirstName":"Å\/Å""#));
    assert_eq!(tenant.customer(3)["FirstName"], "Å/Å");
}

#[test]
fn a_body_that_is_too_large_is_rejected() {
    let tenant = tenant();
    let storm = tenant.storm();
    let before = tenant.everything();
    let body = json!({ "Id": 3, "FirstName": "A", "Info": [{ "Id": 1, "Value": "x".repeat(MAX_BODY_BYTES) }] });
    let why = format!("The request body is larger than the limit of {MAX_BODY_BYTES} bytes.");
    assert_eq!(update(&storm, &body).says(413, HTML), unreadable(&why));
    assert_eq!(tenant.everything(), before);
    // A long body is read. Each of its values has at most 4,000 characters, so that a customer cannot fill the memory.
    let values: Vec<Value> = (1..=8).map(|id| json!({ "Id": id, "Value": "x".repeat(4_000) })).collect();
    let after = updated(&storm, &json!({ "Id": 3, "Info": values }));
    assert_eq!(after["Info"][7]["Value"], "x".repeat(4_000));
}

#[test]
fn the_plan_sets_the_time_zone_of_dates() {
    for (zone, returned) in
        [("Europe/Stockholm", "+0100"), ("UTC", "+0000"), ("America/St_Johns", "-0330"), ("Asia/Kolkata", "+0530")]
    {
        let tenant = tenant_with(json!({ "storm": { "time_zone": zone } }));
        let storm = tenant.storm();
        freeze(&tenant);
        let date = format!(r"\/Date(1704161045000{returned})\/");
        let text = update(&storm, &json!({ "Id": 3, "FirstName": "A" })).says(200, JSON);
        assert!(text.ends_with(&format!(r#""Updated":"{date}"}}"#)), "{text}");
        let rejected = update(&storm, &json!({})).says(400, JSON);
        assert!(rejected.contains(&format!(r#""TimeStamp":"{date}""#)), "{rejected}");
    }
}

#[test]
fn dates_are_read_in_both_forms_unless_the_plan_is_strict() {
    let (lenient, strict) = (tenant(), tenant_with(json!({ "storm": { "strict_dates": true } })));
    let (storm, strict_storm) = (lenient.storm(), strict.storm());
    let body = |date: &str| json!({ "Id": 3, "Created": date, "Updated": null });
    for date in ["/Date(1704161045678)/", "/Date(1704161045678+0100)/", "/Date(-1-0330)/"] {
        for storm in [&storm, &strict_storm] {
            // It is read, and it changes nothing.
            let reply = update(storm, &body(date));
            assert_eq!(reply.header("X-Emulator-Ignored"), Some("Created"), "{date}");
            reply.says(200, JSON);
        }
    }
    let rejected = [("InvalidValue", "Created must be a date such as /Date(1704161045678+0100)/.")];
    read(update(&storm, &body("2019-08-24T14:15:22Z")));
    rejects(&strict, &strict_storm, &body("2019-08-24T14:15:22Z"), &rejected);
    for date in ["yesterday", "/Date(x)/", "2019-13-24T14:15:22Z"] {
        rejects(&lenient, &storm, &body(date), &rejected);
    }
}

#[test]
fn the_default_country_comes_from_the_plan() {
    let tenant = tenant_with(json!({ "storm": { "default_country": "DK" } }));
    let storm = tenant.storm();
    let country = |address: serde_json::Value| {
        let id = created(&storm, &json!({ "InvoiceAddress": address }))["Id"].as_i64().expect("an id");
        let returned = customer(&storm, id)["InvoiceAddress"].clone();
        let code = tenant.customer(id)["PrimaryAddress"]["CountryCode"].clone();
        (returned["CountryId"].as_i64(), returned["Country"].clone(), code)
    };
    let of = |id, text: &str, code: &str| (Some(id), json!(text), json!(code));
    assert_eq!(country(json!({ "Zip": "1", "City": "A" })), of(208, "DK", "DK"));
    assert_eq!(country(json!({ "Zip": "1", "City": "A", "CountryId": 752 })), of(752, "SE", "SE"));
    assert_eq!(country(json!({ "Zip": "1", "City": "A", "Country": "norway" })), of(578, "norway", "NO"));
    assert_eq!(country(json!({ "Zip": "1", "City": "A", "CountryId": 752, "Country": "NO" })), of(752, "SE", "SE"));
}
