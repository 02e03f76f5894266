//! The vendor's sample, and rejections: their error codes, texts and bytes.

use serde_json::{Value, json};

use super::*;
use crate::support::{tenant, tenant_with, with};

/// The request as the page prints it, with empty values where the page has an ellipsis (Norce, UpdateCustomer page).
fn sample() -> Value {
    json!({
        "Id": 0, "Key": "string", "Code": "string", "Email": "string", "SSN": "string", "FirstName": "string",
        "LastName": "string", "Phone": "string", "CellPhone": "string", "ReferId": 0, "ReferUrl": "string", "Account": {},
        "Companies": [], "DeliveryAddresses": [], "InvoiceAddress": {}, "Flags": [],
        "UseInvoiceAddressAsDeliveryAddress": true, "Info": [], "PricelistIds": [], "CrmId": "string", "IsActive": true,
        "Created": "2019-08-24T14:15:22Z", "Updated": "2019-08-24T14:15:22Z"
    })
}

#[test]
fn the_sample_as_printed_names_no_customer() {
    let tenant = tenant();
    let storm = tenant.storm();
    let guid = ("InvalidValue", "Key must be a Guid.");
    rejects(&tenant, &storm, &sample(), &[("CustomerMissing", "The customer is missing."), guid]);
    // With an Id it names a customer, and is rejected for its invalid values.
    let expected = [
        ("InvalidEmail", "Email must be an e-mail address."),
        ("InvoiceAddressZipMissing", "InvoiceAddress.Zip is missing."),
        ("InvoiceAddressCityMissing", "InvoiceAddress.City is missing."),
        ("InvoiceAddressCountryMissing", "InvoiceAddress.Country is missing."),
        guid,
    ];
    let id = created(&storm, &json!({}))["Id"].clone();
    rejects(&tenant, &storm, &with(&sample(), json!({ "Id": id })), &expected);
}

#[test]
fn the_sample_with_valid_values_is_accepted() {
    let tenant = tenant();
    let storm = tenant.storm();
    freeze(&tenant);
    let key = created(&storm, &json!({}))["Key"].clone();
    let body = with(
        &sample(),
        json!({
            "Key": key, "Email": "string@storm.example",
            "InvoiceAddress": { "Line1": "string", "Zip": "string", "City": "string", "Country": "SE" }
        }),
    );
    let reply = update(&storm, &body);
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("Created, Updated"));
    let address = |id: i32| {
        format!(
            r#"{{"Id":{id},"CareOf":null,"Line1":"string","Line2":null,"Zip":"string","City":"string","CountryId":752,"#
        ) + r#""Country":"SE","Region":null,"IsValidated":false,"GlobalLocationNo":null,"ShippingPhoneNumber":null}"#
    };
    let expected = format!(
        r#"{{"Id":5,"Key":"00000000-0000-8000-8000-000000000005","Code":"string","Email":"string@storm.example","SSN":"string",{}{}{}{}{}"#,
        r#""FirstName":"string","LastName":"string","Phone":"string","CellPhone":"string","ReferId":null,"ReferUrl":"string","#,
        r#""Account":{"Id":5,"Key":"00000000-0000-0000-0000-000000000000","LoginName":"string@storm.example","Name":null,"#,
        r#""Roles":[],"Authorizations":[],"IsActive":true},"Companies":[],"#,
        format_args!(r#""DeliveryAddresses":[{}],"InvoiceAddress":{},"#, address(2), address(1)),
        format_args!(
            r#""Flags":[],"UseInvoiceAddressAsDeliveryAddress":true,"Info":[],"PricelistIds":[],"CrmId":"string","IsActive":true,"Created":"{FROZEN}","Updated":"{FROZEN}"}}"#
        ),
    );
    assert_eq!(reply.says(200, JSON), expected);
    // Every operation returns the same.
    for path in [
        path("GetCustomer", "&id=5"),
        path("GetCustomerByEmail", "&email=STRING@storm.example"),
        path("GetCustomerByKey", "&key=00000000-0000-8000-8000-000000000005"),
    ] {
        assert_eq!(storm.get(&path).says(200, JSON), expected, "{path}");
    }
    let search = storm.get(&path("SearchCustomer", "&searchString=string@"));
    assert_eq!(search.says(200, JSON), format!("[{expected}]"));
}

/// A body for a customer without values.
fn body_for(id: &Value, more: Value) -> Value {
    with(&json!({ "Id": id }), more)
}

#[test]
fn each_documented_code_is_returned_in_its_documented_case() {
    let tenant = tenant();
    let storm = tenant.storm();
    freeze(&tenant);
    created(&storm, &full("taken"));
    let id = created(&storm, &json!({}))["Id"].clone();
    let with_address = |address: Value| json!({ "DeliveryAddresses": [address] });
    let with_invoice = |address: Value| json!({ "InvoiceAddress": address });
    let whole = json!({ "Zip": "1", "City": "A", "Country": "SE" });
    let without = |name: &str| with(&whole, json!({ name: null }));
    let before = tenant.everything();
    for (more, key, text) in [
        (json!({ "Account": { "LoginName": " TAKEN " } }), "AccountAlreadyExists", "The account already exists."),
        (
            json!({ "Companies": [{ "Name": "ek TAKEN", "OrgNo": " 556 " }] }),
            "CompanyAlreadyExists",
            "There already exists a company 'ek TAKEN' with the specified organizational number.",
        ),
        (
            json!({ "Email": "Taken@storm.example" }),
            "CustomerAlreadyExists",
            "There already exists a customer with the specified Email.",
        ),
        (json!({ "Id": 99 }), "CustomerMissing", "The customer is missing."),
        (json!({ "Companies": [{ "OrgNo": "1" }] }), "InvalidCompanyName", "Companies[0].Name is missing."),
        (json!({ "Email": "unknown" }), "InvalidEmail", "Email must be an e-mail address."),
        (with_address(without("Zip")), "DeliveryAddressZipMissing", "DeliveryAddresses[0].Zip is missing."),
        (with_address(without("City")), "DeliveryAddressCityMissing", "DeliveryAddresses[0].City is missing."),
        (with_address(without("Country")), "DeliveryAddressCountryMissing", "DeliveryAddresses[0].Country is missing."),
        (with_invoice(without("Zip")), "InvoiceAddressZipMissing", "InvoiceAddress.Zip is missing."),
        (with_invoice(without("City")), "InvoiceAddressCityMissing", "InvoiceAddress.City is missing."),
        (with_invoice(without("Country")), "InvoiceAddressCountryMissing", "InvoiceAddress.Country is missing."),
    ] {
        let body = body_for(&id, more);
        assert_eq!(update(&storm, &body).says(400, JSON), error_bytes(&[(key, text)]), "{body}");
        // A creation has the same rules.
        if key != "CustomerMissing" {
            let reply = storm.post(&path("CreateCustomer3", ""), &body);
            assert_eq!(reply.says(400, JSON), error_bytes(&[(key, text)]), "{body}");
        }
        assert_eq!(tenant.everything(), before, "{body}");
    }
}

#[test]
fn all_rejections_are_returned_at_once() {
    let tenant = tenant();
    let storm = tenant.storm();
    freeze(&tenant);
    created(&storm, &full("taken"));
    let id = created(&storm, &json!({}))["Id"].clone();
    let before = tenant.everything();
    // First the violations of the request alone.
    let body = json!({
        "Id": id, "Email": "x", "FirstName": "x".repeat(51), "LastName": "a\u{1}b", "IsActive": 2,
        "InvoiceAddress": {}, "DeliveryAddresses": [{ "Zip": "1" }, { "City": "A", "CountryId": 998 }],
        "Companies": [{}, { "Name": "A", "InvoiceAddress": { "City": "A", "Country": "Narnia" } }, { "Id": 77 }]
    });
    let expected = [
        ("InvalidCompanyName", "Companies[0].Name is missing."),
        ("InvalidEmail", "Email must be an e-mail address."),
        ("DeliveryAddressZipMissing", "DeliveryAddresses[1].Zip is missing."),
        ("DeliveryAddressCityMissing", "DeliveryAddresses[0].City is missing."),
        (
            "DeliveryAddressCountryMissing",
            "DeliveryAddresses[0].Country is missing. DeliveryAddresses[1].CountryId 998 is not a country.",
        ),
        ("InvoiceAddressZipMissing", "InvoiceAddress.Zip is missing. Companies[1].InvoiceAddress.Zip is missing."),
        ("InvoiceAddressCityMissing", "InvoiceAddress.City is missing."),
        (
            "InvoiceAddressCountryMissing",
            "InvoiceAddress.Country is missing. Companies[1].InvoiceAddress.Country 'Narnia' is not a country.",
        ),
        ("InvalidLength", "FirstName must be at most 50 characters long."),
        ("InvalidValue", "IsActive must be true or false."),
        ("InvalidCharacter", "LastName must not contain control characters."),
        ("UnknownId", "Companies[2].Id 77 is not the Id of a company of the customer."),
    ];
    assert_eq!(update(&storm, &body).says(400, JSON), error_bytes(&expected));
    // Then all conflicts with other customers.
    let body = json!({
        "Id": id, "Email": "taken@storm.example", "SSN": "ssn-taken", "Account": { "LoginName": "taken" },
        "Companies": [{ "Name": "Alm taken", "OrgNo": "557" }, { "Name": "Free", "OrgNo": "557" }, { "Name": "Ek taken", "OrgNo": "556" }]
    });
    let text = "There already exists a customer with the specified Email. There already exists a customer with the specified SSN.";
    let company = "There already exists a company 'Alm taken' with the specified organizational number. \
                   There already exists a company 'Ek taken' with the specified organizational number.";
    let expected = [
        ("AccountAlreadyExists", "The account already exists."),
        ("CompanyAlreadyExists", company),
        ("CustomerAlreadyExists", text),
    ];
    assert_eq!(update(&storm, &body).says(400, JSON), error_bytes(&expected));
    assert_eq!(storm.post(&path("CreateCustomer", ""), &body).says(400, JSON), error_bytes(&expected));
    assert_eq!(tenant.everything(), before);
}

#[test]
fn members_are_read_by_their_types() {
    let tenant = tenant();
    let storm = tenant.storm();
    let id = created(&storm, &json!({}))["Id"].clone();
    for (member, value, expected) in [
        ("Key", json!(""), "Key must be a Guid."),
        ("Key", json!(null), ""),
        ("Key", json!(7), "Key must be a Guid."),
        ("Code", json!([7]), "Code must be a string."),
        ("Email", json!(["a@b.example"]), "Email must be a string."),
        ("ReferId", json!("seven"), "ReferId must be an integer."),
        ("ReferId", json!(1.5), "ReferId must be an integer."),
        ("ReferId", json!(2_147_483_648_i64), "ReferId must be an integer."),
        ("Account", json!("eva"), "Account must be an object."),
        ("Account", json!([]), "Account must be an object."),
        ("Companies", json!({}), "Companies must be an array."),
        ("Companies", json!(["x"]), "Companies[0] must be an object."),
        ("DeliveryAddresses", json!([null]), "DeliveryAddresses[0] must be an object."),
        ("InvoiceAddress", json!("x"), "InvoiceAddress must be an object."),
        ("Flags", json!([{ "Id": null }]), "Flags[0].Id must be an integer."),
        ("Flags", json!([{ "Id": 1, "IsSelected": "yes" }]), "Flags[0].IsSelected must be true or false."),
        (
            "UseInvoiceAddressAsDeliveryAddress",
            json!(null),
            "UseInvoiceAddressAsDeliveryAddress must be true or false.",
        ),
        ("Info", json!([{ "Id": 1, "Value": [7] }]), "Info[0].Value must be a string."),
        ("PricelistIds", json!([1, "x"]), "PricelistIds[1] must be an integer."),
        ("IsActive", json!("maybe"), "IsActive must be true or false."),
        ("Created", json!(7), "Created must be a date such as /Date(1704161045678+0100)/."),
    ] {
        let expected = if expected.is_empty() { "Key must be a Guid." } else { expected };
        let body = json!({ "Id": id, "FirstName": "A", member: value });
        rejects(&tenant, &storm, &body, &[("InvalidValue", expected)]);
    }
    let address = json!({ "Zip": "1", "City": "A", "CountryId": null });
    rejects(
        &tenant,
        &storm,
        &json!({ "Id": id, "InvoiceAddress": address }),
        &[("InvalidValue", "InvoiceAddress.CountryId must be an integer.")],
    );
    // An unreadable Id belongs to no customer.
    let expected = [("CustomerMissing", "The customer is missing."), ("InvalidValue", "Id must be an integer.")];
    rejects(&tenant, &storm, &json!({ "Id": "x" }), &expected);
}

#[test]
fn texts_have_the_lengths_of_the_page() {
    let tenant = tenant();
    let storm = tenant.storm();
    let long = |length: usize| "å".repeat(length);
    let body_with = |path: &str, text: &str| {
        let address = |name: &str| {
            let mut address = json!({ "Zip": "1", "City": "A", "Country": "SE" });
            address[name] = json!(text);
            address
        };
        match path.split_once('.') {
            None => json!({ path: text }),
            Some(("Account", name)) => json!({ "Account": with(&json!({ "LoginName": "a" }), json!({ name: text })) }),
            Some(("Companies[0]", name)) => {
                json!({ "Companies": [with(&json!({ "Name": "A" }), json!({ name: text }))] })
            }
            Some(("InvoiceAddress", name)) => json!({ "InvoiceAddress": address(name) }),
            Some(("DeliveryAddresses[0]", name)) => json!({ "DeliveryAddresses": [address(name)] }),
            Some(("Flags[0]", name)) => json!({ "Flags": [{ "Id": 1, name: text }] }),
            Some((_, name)) => json!({ "Info": [{ "Id": 1, name: text }] }),
        }
    };
    for (path, longest) in [
        ("Code", 50),
        ("SSN", 50),
        ("FirstName", 50),
        ("LastName", 50),
        ("Phone", 50),
        ("CellPhone", 50),
        ("ReferUrl", 255),
        ("CrmId", 50),
        ("Account.LoginName", 255),
        ("Account.Name", 100),
        ("Companies[0].Code", 50),
        ("Companies[0].Name", 100),
        ("Companies[0].OrgNo", 50),
        ("Companies[0].Phone", 50),
        ("Companies[0].ReferUrl", 255),
        ("Companies[0].VatNo", 50),
        ("InvoiceAddress.CareOf", 100),
        ("InvoiceAddress.Line1", 255),
        ("InvoiceAddress.Line2", 255),
        ("InvoiceAddress.Zip", 50),
        ("InvoiceAddress.City", 50),
        ("InvoiceAddress.Region", 50),
        ("InvoiceAddress.GlobalLocationNo", 50),
        ("DeliveryAddresses[0].Line1", 255),
        ("DeliveryAddresses[0].ShippingPhoneNumber", 50),
        ("Flags[0].Name", 50),
        ("Info[0].Code", 255),
    ] {
        let id = created(&storm, &json!({}))["Id"].clone();
        updated(&storm, &with(&body_with(path, &long(longest)), json!({ "Id": id })));
        let id = created(&storm, &json!({}))["Id"].clone();
        let text = format!("{path} must be at most {longest} characters long.");
        let body = with(&body_with(path, &long(longest + 1)), json!({ "Id": id }));
        rejects(&tenant, &storm, &body, &[("InvalidLength", &text)]);
    }
    let email =
        |length: usize| format!("a@{}.example", vec!["b".repeat(60); 5].join(".").get(..length - 10).expect("so long"));
    let id = created(&storm, &json!({ "Account": {}, "Email": email(255) }))["Id"].clone();
    let text = "Email must be at most 255 characters long.";
    rejects(&tenant, &storm, &json!({ "Id": id, "Email": email(256) }), &[("InvalidLength", text)]);
}

#[test]
fn customers_share_an_email_where_the_plan_does_not_require_unique_ones() {
    let tenant = tenant_with(json!({ "unique": ["Username"] }));
    let storm = tenant.storm();
    created(&storm, &full("one"));
    let other = with(&full("other"), json!({ "Email": "one@storm.example", "SSN": "SSN-one" }));
    let other = created(&storm, &other);
    assert_eq!(other["Email"], "one@storm.example");
    // A shared e-mail address identifies the first customer that has it.
    assert_eq!(updated(&storm, &json!({ "Email": "one@storm.example", "LastName": "B" }))["Id"], 5);
    let expected = [("AccountAlreadyExists", "The account already exists.")];
    let body = json!({ "Id": other["Id"], "Account": { "Id": other["Account"]["Id"], "LoginName": "ONE" } });
    rejects(&tenant, &storm, &body, &expected);
}

#[test]
fn customers_share_a_login_name_where_the_plan_does_not_require_unique_ones() {
    let tenant = tenant_with(json!({ "unique": ["EmailAddress"] }));
    let storm = tenant.storm();
    created(&storm, &full("one"));
    let other = with(&full("other"), json!({ "Account": { "LoginName": "one" } }));
    assert_eq!(created(&storm, &other)["Account"]["LoginName"], "one");
}
