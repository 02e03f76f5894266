//! The parts of a customer: account, companies, addresses, flags, values.

use serde_json::{Value, json};

use super::*;
use crate::support::{Tenant, tenant, tenant_with, with};

fn login(tenant: &Tenant, username: &str, password: &str) -> u16 {
    let body = json!({ "username": username, "password": password });
    let posted = tenant.post("/v1/validate/login", &body).status;
    let got = tenant.get(&format!("/v1/validate/login?username={username}&password={password}")).status;
    assert_eq!(posted, got);
    posted
}

fn hash(tenant: &Tenant, id: &Value) -> Value {
    tenant.rows(&format!("select password_hash from customers where tenant_id = {{tenant}} and customer_id = {id}"))[0]
        ["password_hash"]
        .clone()
}

#[test]
fn an_account_is_created_with_a_random_password() {
    let tenant = tenant();
    let storm = tenant.storm();
    let id = created(&storm, &json!({ "Email": "eva@storm.example" }))["Id"].clone();
    assert_eq!((hash(&tenant, &id), customer(&storm, 5)["Account"].clone()), (Value::Null, Value::Null));
    let reply = update(&storm, &json!({ "Id": id, "Account": { "Name": "Eva", "IsActive": false, "Roles": [2] } }));
    // This operation does not change the status of an account.
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("Account.IsActive"));
    let account = read(reply)["Account"].clone();
    let expected = json!({
        "Id": id, "Key": "00000000-0000-0000-0000-000000000000", "LoginName": "eva@storm.example", "Name": "Eva",
        "Roles": [2], "Authorizations": [], "IsActive": true
    });
    assert_eq!(account, expected);
    let made = hash(&tenant, &id);
    assert!(made.as_str().is_some_and(|hash| hash.starts_with("$test-sha256$")), "{made}");
    assert_eq!(tenant.customer(5)["Username"], "eva@storm.example");
    // It is created once, then updated by its Id; its password stays.
    let again = json!({ "Id": id, "Account": { "LoginName": "eva" } });
    rejects(&tenant, &storm, &again, &[("AccountAlreadyExists", "The account already exists.")]);
    let text = "Account.Id 77 is not the Id of the customer's account.";
    rejects(&tenant, &storm, &json!({ "Id": id, "Account": { "Id": 77 } }), &[("UnknownId", text)]);
    let account = updated(&storm, &json!({ "Id": id, "Account": { "Id": id, "LoginName": "eva" } }))["Account"].clone();
    assert_eq!(account, with(&expected, json!({ "LoginName": "eva" })));
    assert_eq!(hash(&tenant, &id), made);
    // Without a login name and without an e-mail address there is no login name.
    let empty = created(&storm, &json!({}))["Id"].clone();
    let text = "Account.LoginName is missing, and so is Email.";
    rejects(&tenant, &storm, &json!({ "Id": empty, "Account": {} }), &[("InvalidValue", text)]);
}

#[test]
fn a_customer_logs_in_with_the_password_that_was_sent() {
    let tenant = tenant();
    let storm = tenant.storm();
    for (operation, query, password) in [
        ("UpdateCustomer2", "&updatedBy=1&password=Secret-12", "Secret-12"),
        ("UpdateCustomer3", "&updatedBy=1&PASSWORD=Secret-13&doSendMail=true", "Secret-13"),
    ] {
        let before = hash(&tenant, &json!(3));
        let reply = storm.post(&path(operation, query), &json!({ "Id": 3 }));
        let ignored = (operation == "UpdateCustomer3").then_some("doSendMail");
        assert_eq!(reply.header("X-Emulator-Ignored"), ignored);
        assert_eq!(reply.says(200, JSON).matches(password).count(), 0);
        assert_ne!(hash(&tenant, &json!(3)), before);
        assert_eq!((login(&tenant, "riley", password), login(&tenant, "riley", "PasswordHere1")), (200, 400));
    }
    // A new account has the password at once.
    let body = with(&full("eva"), json!({ "Account": null }));
    let id = created(&storm, &body)["Id"].clone();
    let body = json!({ "Id": id, "Account": { "LoginName": "eva" } });
    read(storm.post(&path("UpdateCustomer3", "&updatedBy=1&password=Secret-14&doSendMail=false"), &body));
    assert_eq!(login(&tenant, "eva", "Secret-14"), 200);
    for (operation, name) in [("CreateCustomer2", "two"), ("CreateCustomer3", "three")] {
        read(storm.post(&path(operation, "&password=Secret-15"), &full(name)));
        assert_eq!(login(&tenant, name, "Secret-15"), 200, "{operation}");
    }
    // The operations without a number ignore a password. An empty one counts as absent.
    let hash_before = hash(&tenant, &json!(3));
    read(storm.post(&path("UpdateCustomer", "&updatedBy=1&password=Secret-16"), &json!({ "Id": 3, "Phone": "1" })));
    read(storm.post(&path("UpdateCustomer3", "&updatedBy=1&password="), &json!({ "Id": 3, "Phone": "2" })));
    assert_eq!(hash(&tenant, &json!(3)), hash_before);
    let before = tenant.everything();
    let long = format!("&updatedBy=1&password={}", "x".repeat(101));
    let reply = storm.post(&path("UpdateCustomer3", &long), &json!({ "Id": 3, "Phone": "3" }));
    let rejections = rejection(reply);
    let text = "Password must be 1 to 100 characters long.";
    assert_eq!(rejections, [("InvalidPassword".to_owned(), text.to_owned())]);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn companies_are_created_and_updated_and_belong_to_one_customer() {
    let tenant = tenant();
    let storm = tenant.storm();
    let (one, other) = (created(&storm, &full("one")), created(&storm, &full("other")));
    let ids = |customer: &Value| -> Vec<i64> {
        let companies = customer["Companies"].as_array().expect("a list").iter();
        companies.map(|company| company["Id"].as_i64().expect("an id")).collect()
    };
    assert_eq!((ids(&one), ids(&other)), (vec![1, 2], vec![3, 4]));
    assert_ne!(one["Companies"][0]["Key"], "00000000-0000-0000-0000-000000000000");
    // The sent companies come first: the first one is the default.
    let body = json!({ "Id": one["Id"], "Companies": [
        { "Name": "New", "Key": UNUSED_KEY }, { "Id": 2, "Phone": "5", "OrgNo": "", "Name": null }
    ] });
    let after = updated(&storm, &body);
    assert_eq!(ids(&after), [5, 2, 1]);
    assert_eq!((&after["Companies"][0]["Name"], &after["Companies"][0]["Key"]), (&json!("New"), &json!(UNUSED_KEY)));
    let expected = with(&one["Companies"][1], json!({ "Phone": "5" }));
    assert_eq!((&after["Companies"][1], &after["Companies"][2]), (&expected, &one["Companies"][0]));
    assert_eq!(tenant.customer(5)["CompanyName"], "New");
    // Rejected: a company of another customer, one without a name, and one that another customer has.
    let own = |companies: Value| json!({ "Id": other["Id"], "Companies": companies });
    let text = "Companies[1].Id 1 is not the Id of a company of the customer.";
    rejects(&tenant, &storm, &own(json!([{ "Id": 3 }, { "Id": 1, "Name": "Mine" }])), &[("UnknownId", text)]);
    let text = "Companies[0].Name is missing.";
    rejects(&tenant, &storm, &own(json!([{ "OrgNo": "5", "Name": " " }])), &[("InvalidCompanyName", text)]);
    let text = "There already exists a company 'EK ONE' with the specified organizational number.";
    let conflict = [("CompanyAlreadyExists", text)];
    rejects(&tenant, &storm, &own(json!([{ "OrgNo": " 556", "Name": "EK ONE" }])), &conflict);
    rejects(&tenant, &storm, &own(json!([{ "Id": 3, "Name": "EK ONE" }])), &conflict);
    // Rejected: the same company twice.
    let twice = json!([{ "OrgNo": "9", "Name": "Twin" }, { "OrgNo": "9", "Name": "twin" }]);
    let text = "There already exists a company 'twin' with the specified organizational number.";
    rejects(&tenant, &storm, &own(twice), &[("CompanyAlreadyExists", text)]);
    // Other customers can have the same name or the same number, and the same name without a number.
    let free = json!([{ "OrgNo": "556", "Name": "Own" }, { "OrgNo": "9", "Name": "Ek one" }, { "Name": "Ek one" }, { "Name": "Ek one" }]);
    assert_eq!(ids(&updated(&storm, &own(free))), [6, 7, 8, 9, 3, 4]);
    // A rejection uses no company id, and a name that a company no longer has is free.
    updated(&storm, &json!({ "Id": one["Id"], "Companies": [{ "Id": 1, "Name": "Gone" }] }));
    assert_eq!(updated(&storm, &own(json!([{ "OrgNo": "556", "Name": "Ek one" }])))["Companies"][0]["Id"], 10);
}

#[test]
fn a_company_can_take_a_name_that_the_same_request_frees() {
    let tenant = tenant();
    let storm = tenant.storm();
    let body = json!({ "Companies": [{ "Name": "A", "OrgNo": "1" }, { "Name": "B", "OrgNo": "1" }] });
    let returned = created(&storm, &body);
    let body = json!({ "Id": returned["Id"], "Companies": [{ "Name": "A", "OrgNo": "1" }, { "Id": 1, "Name": "C" }] });
    let after = updated(&storm, &body);
    let companies = after["Companies"].as_array().expect("a list").iter();
    let companies: Vec<Value> = companies.map(|company| json!([company["Id"], company["Name"]])).collect();
    assert_eq!(companies, [json!([3, "A"]), json!([1, "C"]), json!([2, "B"])]);
    // Two companies cannot swap their names in one request.
    let swapped = json!({ "Id": returned["Id"], "Companies": [{ "Id": 1, "Name": "B" }, { "Id": 2, "Name": "C" }] });
    let text = "There already exists a company 'B' with the specified organizational number.";
    rejects(&tenant, &storm, &swapped, &[("CompanyAlreadyExists", text)]);
}

fn lines(customer: &Value) -> Vec<(i64, String)> {
    let addresses = customer["DeliveryAddresses"].as_array().expect("a list").iter();
    addresses
        .map(|address| {
            (address["Id"].as_i64().expect("an id"), address["Line1"].as_str().unwrap_or_default().to_owned())
        })
        .collect()
}

#[test]
fn delivery_addresses_have_ids_and_an_order() {
    let tenant = tenant_with(json!({ "storm": { "partial_addresses": true } }));
    let storm = tenant.storm();
    let returned = created(&storm, &full("one"));
    let id = returned["Id"].clone();
    let of = |pairs: &[(i64, &str)]| pairs.iter().map(|(id, line)| (*id, (*line).to_owned())).collect::<Vec<_>>();
    // The invoice address of a company has an id too.
    assert_eq!(lines(&returned), of(&[(2, "D 1"), (3, "D 2")]));
    assert_eq!(
        (&returned["InvoiceAddress"]["Id"], &returned["Companies"][0]["InvoiceAddress"]["Id"]),
        (&json!(1), &json!(4))
    );
    let added = json!({ "Line1": "N", "Zip": "9", "City": "N", "Country": "NO" });
    let after = updated(&storm, &json!({ "Id": id, "DeliveryAddresses": [{ "Id": 3, "Line1": "D 2b" }, added] }));
    assert_eq!(lines(&after), of(&[(3, "D 2b"), (5, "N"), (2, "D 1")]));
    assert_eq!(with(&after["DeliveryAddresses"][0], json!({ "Line1": "D 2" })), returned["DeliveryAddresses"][1]);
    assert_eq!(tenant.customer(5)["DefaultShippingAddress"]["Street1"], "D 2b");
    for unknown in [1, 4, 9] {
        let text = format!("DeliveryAddresses[0].Id {unknown} is not the Id of an address of the customer.");
        let body =
            json!({ "Id": id, "DeliveryAddresses": [{ "Id": unknown, "Zip": "1", "City": "A", "Country": "SE" }] });
        rejects(&tenant, &storm, &body, &[("UnknownId", &text)]);
    }
    let text = "InvoiceAddress.Id 2 is not the Id of an address of the customer.";
    rejects(&tenant, &storm, &json!({ "Id": id, "InvoiceAddress": { "Id": 2 } }), &[("UnknownId", text)]);
}

#[test]
fn the_invoice_address_may_be_the_delivery_address_too() {
    let tenant = tenant_with(json!({ "storm": { "partial_addresses": true } }));
    let storm = tenant.storm();
    let returned = created(&storm, &full("one"));
    let id = returned["Id"].clone();
    // The delivery addresses that are sent with the flag are ignored.
    let body = json!({ "Id": id, "UseInvoiceAddressAsDeliveryAddress": true, "DeliveryAddresses": [{ "Zip": "" }, { "Id": 99 }] });
    let reply = update(&storm, &body);
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("DeliveryAddresses"));
    let after = read(reply);
    assert_eq!(after["UseInvoiceAddressAsDeliveryAddress"], true);
    let addresses: Vec<i64> = lines(&after).into_iter().map(|(id, _)| id).collect();
    assert_eq!(addresses, [5, 2, 3]);
    let stored = tenant.customer(5);
    let body = |name: &str| with(&stored[name], json!({ "AddressId": null }));
    assert_eq!(body("DefaultShippingAddress"), body("PrimaryAddress"));
    // Both addresses change together, also if the flag is false, until delivery addresses are sent.
    let after = updated(
        &storm,
        &json!({ "Id": id, "UseInvoiceAddressAsDeliveryAddress": false, "InvoiceAddress": { "Line1": "I 2" } }),
    );
    assert_eq!(
        (&after["DeliveryAddresses"][0]["Line1"], &after["UseInvoiceAddressAsDeliveryAddress"]),
        (&json!("I 2"), &json!(true))
    );
    let after = updated(&storm, &json!({ "Id": id, "DeliveryAddresses": [{ "Id": 2 }] }));
    assert_eq!(
        (&after["DeliveryAddresses"][0]["Line1"], &after["UseInvoiceAddressAsDeliveryAddress"]),
        (&json!("D 1"), &json!(false))
    );
    assert_eq!(tenant.customer(5)["DefaultShippingAddress"]["Street1"], "D 1");
    // Only the invoice address counts, so only its error codes are returned.
    let body = json!({ "Id": 3, "UseInvoiceAddressAsDeliveryAddress": true, "InvoiceAddress": { "Id": 1 }, "DeliveryAddresses": [{}] });
    let first = updated(&storm, &body);
    assert_eq!(first["DeliveryAddresses"][0]["Line1"], first["InvoiceAddress"]["Line1"]);
    let empty = created(&storm, &json!({}))["Id"].clone();
    let body = json!({ "Id": empty, "UseInvoiceAddressAsDeliveryAddress": true, "InvoiceAddress": { "City": "A", "Zip": "1" }, "DeliveryAddresses": [{}] });
    rejects(&tenant, &storm, &body, &[("InvoiceAddressCountryMissing", "InvoiceAddress.Country is missing.")]);
}

#[test]
fn the_country_id_comes_before_the_country_text() {
    let tenant = tenant();
    let storm = tenant.storm();
    let id = created(&storm, &json!({}))["Id"].clone();
    for (sent, country_id, country, code) in [
        (json!({ "CountryId": 752 }), 752, "SE", "SE"),
        (json!({ "Country": "no" }), 578, "no", "NO"),
        (json!({ "CountryId": 0, "Country": "Finland" }), 246, "Finland", "FI"),
        (json!({ "CountryId": 578, "Country": "SE" }), 578, "NO", "NO"),
        (json!({ "CountryId": "840", "Country": "US" }), 840, "US", "US"),
        // The response has the spelling of the request, unless that is another country.
        (json!({ "CountryId": 752, "Country": "Sverige" }), 752, "Sverige", "SE"),
        (json!({ "CountryId": 752 }), 752, "Sverige", "SE"),
        (json!({ "CountryId": 752, "Country": "Svea rike" }), 752, "Svea rike", "SE"),
        (json!({ "CountryId": 752, "Country": "Finland" }), 752, "Svea rike", "SE"),
        (json!({ "CountryId": 578 }), 578, "NO", "NO"),
        // In every language and in any case.
        (json!({ "Country": "Sverige" }), 752, "Sverige", "SE"),
        (json!({ "Country": " SVERIGE " }), 752, " SVERIGE ", "SE"),
        (json!({ "Country": "Ruotsi" }), 752, "Ruotsi", "SE"),
        (json!({ "Country": "schweden" }), 752, "schweden", "SE"),
        (json!({ "Country": "Norge" }), 578, "Norge", "NO"),
        (json!({ "Country": "Noreg" }), 578, "Noreg", "NO"),
        (json!({ "Country": "Danmark" }), 208, "Danmark", "DK"),
        (json!({ "Country": "Tanska" }), 208, "Tanska", "DK"),
        (json!({ "Country": "Suomi" }), 246, "Suomi", "FI"),
        (json!({ "Country": "Tyskland" }), 276, "Tyskland", "DE"),
        (json!({ "Country": "Österrike" }), 40, "Österrike", "AT"),
        (json!({ "Country": "ÖSTERREICH" }), 40, "ÖSTERREICH", "AT"),
        (json!({ "Country": "Østrig" }), 40, "Østrig", "AT"),
        (json!({ "Country": "USA" }), 840, "USA", "US"),
        (json!({ "Country": "Storbritannien" }), 826, "Storbritannien", "GB"),
        (json!({ "Country": "Iso-Britannia" }), 826, "Iso-Britannia", "GB"),
        (json!({ "Country": "Elfenbeinküste" }), 384, "Elfenbeinküste", "CI"),
        (json!({ "Country": "côte d\u{2019}ivoire" }), 384, "côte d\u{2019}ivoire", "CI"),
        (json!({ "Country": "Côte d'Ivoire" }), 384, "Côte d'Ivoire", "CI"),
        (json!({ "Country": "Tschechische Republik" }), 203, "Tschechische Republik", "CZ"),
    ] {
        let address = with(&json!({ "Zip": "1", "City": "A" }), sent.clone());
        let returned = updated(&storm, &json!({ "Id": id, "InvoiceAddress": address }))["InvoiceAddress"].clone();
        assert_eq!((&returned["CountryId"], &returned["Country"]), (&json!(country_id), &json!(country)), "{sent}");
        assert_eq!(tenant.customer(5)["PrimaryAddress"]["CountryCode"], code);
        assert_eq!(customer(&storm, 5)["InvoiceAddress"], returned, "{sent}");
    }
    for (sent, text) in [
        (json!({ "CountryId": 998 }), "InvoiceAddress.CountryId 998 is not a country."),
        (json!({ "CountryId": -1 }), "InvoiceAddress.CountryId -1 is not a country."),
        (json!({ "Country": "Narnia" }), "InvoiceAddress.Country 'Narnia' is not a country."),
        (json!({ "CountryId": 998, "Country": "Sverige" }), "InvoiceAddress.CountryId 998 is not a country."),
        // Stored values do not count.
        (json!({}), "InvoiceAddress.Country is missing."),
        (json!({ "CountryId": 0, "Country": "" }), "InvoiceAddress.Country is missing."),
    ] {
        let body = json!({ "Id": id, "InvoiceAddress": with(&json!({ "Zip": "1", "City": "A" }), sent) });
        rejects(&tenant, &storm, &body, &[("InvoiceAddressCountryMissing", text)]);
    }
}

#[test]
fn the_plan_adds_and_removes_country_names() {
    let countries = json!({ "Skåne": "SE", "england": "GB", "SE": "FI", "Schweden": null });
    let tenant = tenant_with(json!({ "storm": { "countries": countries } }));
    let storm = tenant.storm();
    let id = created(&storm, &json!({}))["Id"].clone();
    let body =
        |sent: &Value| json!({ "Id": id, "InvoiceAddress": with(&json!({ "Zip": "1", "City": "A" }), sent.clone()) });
    for (sent, country_id, country) in [
        (json!({ "Country": "skåne" }), 752, "skåne"),
        (json!({ "Country": "England" }), 826, "England"),
        (json!({ "Country": "se" }), 246, "se"),
        (json!({ "Country": "Sverige" }), 752, "Sverige"),
        // An unknown spelling is stored together with an id.
        (json!({ "CountryId": 752, "Country": "Schweden" }), 752, "Schweden"),
        (json!({ "CountryId": 752, "Country": "SE" }), 752, "Schweden"),
    ] {
        let returned = updated(&storm, &body(&sent))["InvoiceAddress"].clone();
        assert_eq!((&returned["CountryId"], &returned["Country"]), (&json!(country_id), &json!(country)), "{sent}");
        assert_eq!(customer(&storm, 5)["InvoiceAddress"], returned, "{sent}");
    }
    let text = "InvoiceAddress.Country 'Schweden' is not a country.";
    rejects(&tenant, &storm, &body(&json!({ "Country": "Schweden" })), &[("InvoiceAddressCountryMissing", text)]);
}

/// "Gets raised if any `DeliveryAddress` is supplied and it is missing a Zip code", whatever is stored (`UpdateCustomer` page).
#[test]
fn an_address_must_be_complete_whatever_is_stored() {
    let (tenant, partial) = (tenant(), tenant_with(json!({ "storm": { "partial_addresses": true } })));
    let apis = [tenant.storm(), partial.storm()];
    let [id, _] = [&apis[0], &apis[1]].map(|storm| created(storm, &full("one"))["Id"].clone());
    let whole = json!({ "Zip": "1", "City": "A", "Country": "SE" });
    let (invoice, delivery) = (
        |part: &str| (format!("InvoiceAddress{part}Missing"), format!("InvoiceAddress.{part} is missing.")),
        |place: usize, part: &str| {
            (format!("DeliveryAddress{part}Missing"), format!("DeliveryAddresses[{place}].{part} is missing."))
        },
    );
    for (sent, expected) in [
        (json!({ "InvoiceAddress": {} }), vec![invoice("Zip"), invoice("City"), invoice("Country")]),
        (json!({ "InvoiceAddress": { "Id": 1 } }), vec![invoice("Zip"), invoice("City"), invoice("Country")]),
        (json!({ "InvoiceAddress": { "Line1": "I 2", "City": "A", "CountryId": 752 } }), vec![invoice("Zip")]),
        (json!({ "InvoiceAddress": { "Zip": "1", "City": " ", "Country": "SE" } }), vec![invoice("City")]),
        (json!({ "InvoiceAddress": { "Zip": "1", "City": "A", "Country": null } }), vec![invoice("Country")]),
        (
            json!({ "DeliveryAddresses": [{ "Id": 2 }] }),
            vec![delivery(0, "Zip"), delivery(0, "City"), delivery(0, "Country")],
        ),
        (
            json!({ "DeliveryAddresses": [with(&whole, json!({ "Id": 3 })), { "Id": 2, "Zip": "1", "City": "A" }] }),
            vec![delivery(1, "Country")],
        ),
        (
            json!({ "UseInvoiceAddressAsDeliveryAddress": true, "InvoiceAddress": { "Zip": "1" }, "DeliveryAddresses": [{}] }),
            vec![invoice("City"), invoice("Country")],
        ),
    ] {
        let body = with(&sent, json!({ "Id": id }));
        let expected: Vec<(&str, &str)> = expected.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
        rejects(&tenant, &apis[0], &body, &expected);
        // Stored values complete it if the plan says so.
        read(update(&apis[1], &body));
    }
    // A complete address replaces the stored one, and an update without addresses keeps them.
    let body = json!({ "Id": id, "InvoiceAddress": whole });
    assert_eq!(updated(&apis[0], &body)["InvoiceAddress"]["Line1"], "I 1");
    updated(&apis[0], &json!({ "Id": id, "Phone": "1" }));
}

/// "If set to false both invoice address and delivery address must be specified" (UpdateCustomer page).
#[test]
fn a_false_flag_requires_both_addresses() {
    let (tenant, partial) = (tenant(), tenant_with(json!({ "storm": { "partial_addresses": true } })));
    let apis = [tenant.storm(), partial.storm()];
    let [id, _] = [&apis[0], &apis[1]].map(|storm| created(storm, &full("one"))["Id"].clone());
    let address = json!({ "Zip": "1", "City": "A", "Country": "SE" });
    let company = json!({ "Id": 1, "UseInvoiceAddressAsDeliveryAddress": false, "DeliveryAddresses": [address] });
    for (sent, path) in [
        (json!({ "UseInvoiceAddressAsDeliveryAddress": false, "InvoiceAddress": address }), "DeliveryAddresses"),
        (
            json!({ "UseInvoiceAddressAsDeliveryAddress": false, "InvoiceAddress": address, "DeliveryAddresses": [] }),
            "DeliveryAddresses",
        ),
        (json!({ "UseInvoiceAddressAsDeliveryAddress": false, "DeliveryAddresses": [address] }), "InvoiceAddress"),
        (
            json!({ "UseInvoiceAddressAsDeliveryAddress": "false", "InvoiceAddress": null, "DeliveryAddresses": [address] }),
            "InvoiceAddress",
        ),
        (json!({ "Companies": [company] }), "Companies[0].InvoiceAddress"),
    ] {
        let body = with(&sent, json!({ "Id": id }));
        let kind = if path.contains("Invoice") { "InvoiceAddress" } else { "DeliveryAddress" };
        let expected = ["Zip", "City", "Country"].map(|part| {
            let why = "UseInvoiceAddressAsDeliveryAddress is false, so both addresses must be sent.";
            (format!("{kind}{part}Missing"), format!("{path}.{part} is missing: {why}"))
        });
        let expected: Vec<(&str, &str)> = expected.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
        rejects(&tenant, &apis[0], &body, &expected);
        if !path.starts_with("Companies") {
            let before = tenant.everything();
            let body = with(&body, json!({ "Id": null }));
            assert_eq!(rejection(apis[0].post(&create_path(), &body)).len(), 3);
            assert_eq!(tenant.everything(), before);
        }
        read(update(&apis[1], &body));
    }
    // Both addresses, or none, are accepted, and without the flag one is enough.
    for sent in [
        json!({ "UseInvoiceAddressAsDeliveryAddress": false, "InvoiceAddress": address, "DeliveryAddresses": [address] }),
        json!({ "UseInvoiceAddressAsDeliveryAddress": false, "InvoiceAddress": null, "DeliveryAddresses": [] }),
        json!({ "InvoiceAddress": address }),
        json!({ "DeliveryAddresses": [address] }),
    ] {
        read(update(&apis[0], &with(&sent, json!({ "Id": id }))));
    }
}

fn create_path() -> String {
    path("CreateCustomer", "&createdBy=1")
}

#[test]
fn flags_and_values_are_identified_by_the_id_of_their_kind() {
    let tenant = tenant();
    let storm = tenant.storm();
    let returned = created(&storm, &full("one"));
    let body = json!({
        "Id": returned["Id"],
        "Flags": [{ "Id": 7, "Name": "new", "IsSelected": true }, { "Id": 5, "IsSelected": false }, { "Id": 7, "Group": 2 }],
        "Info": [{ "Id": 4, "Value": "w" }, { "Id": 3, "Value": "" }]
    });
    let after = updated(&storm, &body);
    let flag = |id: i64, name: Value, group: i64, selected: bool| json!({ "Id": id, "Name": name, "Group": group, "IsSelected": selected });
    let expected = [flag(7, json!("new"), 2, true), flag(5, json!("VIP"), 1, false), flag(6, Value::Null, 0, false)];
    assert_eq!(after["Flags"], json!(expected));
    let expected = [json!({ "Id": 4, "Value": "w", "Code": null }), json!({ "Id": 3, "Value": "v", "Code": "c" })];
    assert_eq!(after["Info"], json!(expected));
    assert_eq!(updated(&storm, &json!({ "Id": returned["Id"], "Flags": [], "Info": null })), after);
}
