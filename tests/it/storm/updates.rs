//! Which customer an update changes, and what stays.

use serde_json::{Value, json};

use super::*;
use crate::support::{tenant, tenant_with, with};

#[test]
fn a_customer_is_found_by_id_else_key_else_email() {
    let tenant = tenant();
    let storm = tenant.storm();
    let (one, other) = (created(&storm, &full("one")), created(&storm, &full("other")));
    let named = |names: Value, first: &str| with(&json!({ "FirstName": first }), names);
    // By one of the three.
    for (names, name) in [
        (json!({ "Id": one["Id"] }), "A"),
        (json!({ "Key": one["Key"] }), "B"),
        (json!({ "Email": "ONE@storm.example" }), "C"),
    ] {
        let after = updated(&storm, &named(names, name));
        assert_eq!((&after["Id"], &after["FirstName"]), (&one["Id"], &json!(name)));
    }
    // The Id comes before the Key, and the Key before the e-mail address. The others are new values.
    let body = json!({ "Id": one["Id"], "Key": other["Key"], "Email": "new@storm.example" });
    let reply = update(&storm, &body);
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("Key"));
    let after = read(reply);
    assert_eq!((&after["Id"], &after["Key"]), (&one["Id"], &one["Key"]));
    assert_eq!(after["Email"], "new@storm.example");
    let after = updated(&storm, &json!({ "Key": one["Key"], "Email": "newer@storm.example" }));
    assert_eq!((&after["Id"], &after["Email"]), (&one["Id"], &json!("newer@storm.example")));
    assert_eq!(undated(&customer(&storm, other["Id"].as_i64().expect("an id"))), undated(&other));
}

#[test]
fn a_request_without_a_known_customer_is_rejected() {
    let tenant = tenant();
    let storm = tenant.storm();
    freeze(&tenant);
    let before = tenant.everything();
    let missing = error_bytes(&[("CustomerMissing", "The customer is missing.")]);
    let email = json!({ "Email": "unknown@storm.example", "FirstName": "A" }).to_string();
    let key = json!({ "Key": UNUSED_KEY, "Email": "riley@demo.example" }).to_string();
    for body in [
        "",
        " \r\n",
        "null",
        "{}",
        "\u{feff}",
        r#"{"Id":99}"#,
        r#"{"Id":99,"Email":"riley@demo.example"}"#,
        r#"{"Id":-1}"#,
        r#"{"id":3}"#,
        r#"{"Id":0,"Email":" "}"#,
        r#"{"Id":"99"}"#,
        &email,
        &key,
    ] {
        let reply = storm.call("POST", &path("UpdateCustomer", "&updatedBy=1"), "", Some(body));
        assert_eq!(reply.says(400, JSON), missing, "{body}");
    }
    // Without a body.
    let reply = storm.call("POST", &path("UpdateCustomer", "&updatedBy=1"), "", None);
    assert_eq!(reply.says(400, JSON), missing);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_client_that_sends_every_member_empty_changes_nothing() {
    let strict = tenant();
    let storm = strict.storm();
    let returned = created(&storm, &full("zero"));
    let before = strict.everything();
    assert_eq!(updated(&storm, &with(&zeros(), json!({ "Id": returned["Id"] }))), returned);
    assert_eq!(strict.everything(), before);

    let tenant = tenant_with(json!({ "storm": { "partial_addresses": true } }));
    let storm = tenant.storm();
    let returned = created(&storm, &full("zero"));
    let before = tenant.everything();
    let mut body = with(&zeros(), json!({ "Id": returned["Id"] }));
    assert_eq!(updated(&storm, &body), returned);
    // The same with empty objects.
    body["Account"] = json!({ "Id": returned["Account"]["Id"], "Key": "00000000-0000-0000-0000-000000000000", "LoginName": "",
        "Name": "", "Roles": [], "Authorizations": null, "IsActive": false });
    body["InvoiceAddress"] = json!({ "Id": 0, "CareOf": "", "Line1": "", "Line2": null, "Zip": "", "City": "", "CountryId": 0,
        "Country": "", "Region": "", "IsValidated": false, "GlobalLocationNo": "", "ShippingPhoneNumber": "" });
    body["Companies"] =
        json!([{ "Id": returned["Companies"][0]["Id"], "Name": "", "OrgNo": "", "DeliveryAddresses": null }]);
    body["DeliveryAddresses"] = json!([{ "Id": returned["DeliveryAddresses"][0]["Id"], "Zip": "", "CountryId": 0 }]);
    assert_eq!(updated(&storm, &body), returned);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn sent_values_replace_stored_ones_and_the_rest_stays() {
    let tenant = tenant();
    let storm = tenant.storm();
    let returned = created(&storm, &full("some"));
    let after = updated(
        &storm,
        &json!({ "Id": returned["Id"], "LastName": "Alm", "ReferId": "8", "IsActive": "false", "CrmId": " C 2 ", "Unknown": 1 }),
    );
    let expected = with(&returned, json!({ "LastName": "Alm", "ReferId": 8, "IsActive": false, "CrmId": " C 2 " }));
    assert_eq!(undated(&after), undated(&expected));
    assert_ne!(after["Updated"], returned["Updated"]);
    assert_eq!(after["Created"], returned["Created"]);
}

#[test]
fn empty_texts_and_nulls_clear_where_the_plan_says_so() {
    let tenant = tenant_with(json!({ "storm": { "empty_clears": true, "partial_addresses": true } }));
    let storm = tenant.storm();
    let returned = created(&storm, &full("clear"));
    let id = &returned["Id"];
    let body = json!({
        "Id": id, "Code": "", "Email": null, "SSN": " ", "FirstName": "", "LastName": null, "Phone": "", "CellPhone": "",
        "ReferId": null, "ReferUrl": "", "CrmId": "", "Account": { "Id": returned["Account"]["Id"], "LoginName": "", "Name": "" },
        "InvoiceAddress": { "CareOf": null, "Line1": "" }, "Flags": [{ "Id": 5, "Name": "" }], "IsActive": null
    });
    let after = updated(&storm, &body);
    let mut expected = returned.clone();
    for name in ["Code", "Email", "SSN", "FirstName", "LastName", "Phone", "CellPhone", "ReferId", "ReferUrl", "CrmId"]
    {
        expected[name] = Value::Null;
    }
    expected["Account"]["Name"] = Value::Null;
    expected["InvoiceAddress"]["CareOf"] = Value::Null;
    expected["InvoiceAddress"]["Line1"] = Value::Null;
    expected["Flags"][0]["Name"] = Value::Null;
    assert_eq!(undated(&after), undated(&expected));
    // Absent members stay, a number 0 counts as absent, and an address must be complete.
    assert_eq!(updated(&storm, &json!({ "Id": id, "ReferId": 0 })), after);
    rejects(
        &tenant,
        &storm,
        &json!({ "Id": id, "InvoiceAddress": { "Zip": "", "City": null, "Country": "" } }),
        &[
            ("InvoiceAddressZipMissing", "InvoiceAddress.Zip is missing."),
            ("InvoiceAddressCityMissing", "InvoiceAddress.City is missing."),
            ("InvoiceAddressCountryMissing", "InvoiceAddress.Country is missing."),
        ],
    );
}

#[test]
fn updated_by_is_required_and_stored() {
    let tenant = tenant();
    let storm = tenant.storm();
    freeze(&tenant);
    let before = tenant.everything();
    let body = json!({ "Id": 3, "FirstName": "A" }).to_string();
    let send =
        |query: &str| storm.call("POST", &format!("/CustomerService.svc/rest/UpdateCustomer{query}"), "", Some(&body));
    let missing = error_bytes(&[("UpdatedByMissing", "The parameter updatedBy is missing.")]);
    for query in ["", "?", "?updatedBy=", "?updatedBy=%20", "?createdBy=1"] {
        assert_eq!(send(query).says(400, JSON), missing, "{query}");
    }
    for query in ["?updatedBy=x", "?updatedBy=1.5", "?updatedBy=2147483648", "?updatedBy=1,2"] {
        assert_eq!(send(query).says(400, HTML), unreadable("The parameter updatedBy must be an integer."), "{query}");
    }
    assert_eq!(tenant.everything(), before);
    // Any account, with the parameter's name in any case.
    for (query, account) in
        [("?updatedBy=41", 41), ("?UPDATEDBY=-7&cultureCode=sv-SE", -7), ("?format=json&updatedby=%2042", 42)]
    {
        let body = json!({ "Id": 3, "FirstName": format!("A{account}") });
        read(storm.post(&format!("/CustomerService.svc/rest/UpdateCustomer{query}"), &body));
        let stored = tenant.rows("select fields from customer_profiles where tenant_id = {tenant} and customer_id = 3");
        assert_eq!(stored[0]["fields"]["UpdatedBy"], account);
    }
}

#[test]
fn other_parameters_change_nothing() {
    let tenant = tenant();
    let storm = tenant.storm();
    let returned = updated(&storm, &json!({ "Id": 3, "FirstName": "A" }));
    for query in ["updatedBy=1", "updatedBy=1&format=xml", "updatedBy=1&format=json&cultureCode=xx", "a=b&updatedBy=1"]
    {
        let reply = storm.post(&format!("/CustomerService.svc/rest/UpdateCustomer?{query}"), &json!({ "Id": 3 }));
        assert_eq!(read(reply), returned, "{query}");
    }
    // The response is JSON whatever format the request names, and whatever its Content-Type is.
    for headers in ["Accept: application/xml\r\n", "Content-Type: text/xml\r\n", "Accept: text/html, */*;q=0.1\r\n", ""]
    {
        let reply = storm.call("POST", &path("UpdateCustomer", "&updatedBy=1"), headers, Some(r#"{"Id":3}"#));
        assert_eq!(read(reply), returned, "{headers}");
    }
}
