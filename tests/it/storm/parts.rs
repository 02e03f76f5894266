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
fn an_account_is_created_with_a_password_that_nobody_learns() {
    let tenant = tenant();
    let door = tenant.storm();
    let id = created(&door, &json!({ "Email": "eva@storm.example" }))["Id"].clone();
    assert_eq!((hash(&tenant, &id), customer(&door, 5)["Account"].clone()), (Value::Null, Value::Null));
    let reply = update(&door, &json!({ "Id": id, "Account": { "Name": "Eva", "IsActive": false, "Roles": [2] } }));
    // A status is another operation's.
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("Account.IsActive"));
    let account = read(reply)["Account"].clone();
    let expected = json!({
        "Id": id, "Key": "00000000-0000-0000-0000-000000000000", "LoginName": "eva@storm.example", "Name": "Eva",
        "Roles": [2], "Authorizations": [], "IsActive": true
    });
    assert_eq!(account, expected);
    let made = hash(&tenant, &id);
    assert!(made.as_str().is_some_and(|hash| hash.starts_with("$argon2id$")), "{made}");
    assert_eq!(tenant.customer(5)["Username"], "eva@storm.example");
    // It is created once, then updated by its Id; its password stays.
    let again = json!({ "Id": id, "Account": { "LoginName": "eva" } });
    rejects(&tenant, &door, &again, &[("AccountAlreadyExists", "The account already exists.")]);
    let text = "Account.Id 77 is not the Id of the customer's account.";
    rejects(&tenant, &door, &json!({ "Id": id, "Account": { "Id": 77 } }), &[("UnknownId", text)]);
    let account = updated(&door, &json!({ "Id": id, "Account": { "Id": id, "LoginName": "eva" } }))["Account"].clone();
    assert_eq!(account, with(&expected, json!({ "LoginName": "eva" })));
    assert_eq!(hash(&tenant, &id), made);
    // Without a name and without an address there is nothing to call it.
    let nobody = created(&door, &json!({}))["Id"].clone();
    let text = "Account.LoginName is missing, and so is Email.";
    rejects(&tenant, &door, &json!({ "Id": nobody, "Account": {} }), &[("InvalidValue", text)]);
}

#[test]
fn a_password_that_is_sent_is_the_one_that_signs_in() {
    let tenant = tenant();
    let door = tenant.storm();
    for (operation, query, password) in [
        ("UpdateCustomer2", "&updatedBy=1&password=Secret-12", "Secret-12"),
        ("UpdateCustomer3", "&updatedBy=1&PASSWORD=Secret-13&doSendMail=true", "Secret-13"),
    ] {
        let before = hash(&tenant, &json!(3));
        let reply = door.post(&path(operation, query), &json!({ "Id": 3 }));
        let ignored = (operation == "UpdateCustomer3").then_some("doSendMail");
        assert_eq!(reply.header("X-Emulator-Ignored"), ignored);
        assert_eq!(reply.says(200, JSON).matches(password).count(), 0);
        assert_ne!(hash(&tenant, &json!(3)), before);
        assert_eq!((login(&tenant, "riley", password), login(&tenant, "riley", "PasswordHere1")), (200, 400));
    }
    // An account that is created gets it at once.
    let body = with(&full("eva"), json!({ "Account": null }));
    let id = created(&door, &body)["Id"].clone();
    let body = json!({ "Id": id, "Account": { "LoginName": "eva" } });
    read(door.post(&path("UpdateCustomer3", "&updatedBy=1&password=Secret-14&doSendMail=false"), &body));
    assert_eq!(login(&tenant, "eva", "Secret-14"), 200);
    for (operation, name) in [("CreateCustomer2", "two"), ("CreateCustomer3", "three")] {
        read(door.post(&path(operation, "&password=Secret-15"), &full(name)));
        assert_eq!(login(&tenant, name, "Secret-15"), 200, "{operation}");
    }
    // The plain operations know no password; an empty one is none.
    let hash_before = hash(&tenant, &json!(3));
    read(door.post(&path("UpdateCustomer", "&updatedBy=1&password=Secret-16"), &json!({ "Id": 3, "Phone": "1" })));
    read(door.post(&path("UpdateCustomer3", "&updatedBy=1&password="), &json!({ "Id": 3, "Phone": "2" })));
    assert_eq!(hash(&tenant, &json!(3)), hash_before);
    let before = tenant.everything();
    let long = format!("&updatedBy=1&password={}", "x".repeat(101));
    let reply = door.post(&path("UpdateCustomer3", &long), &json!({ "Id": 3, "Phone": "3" }));
    let told = rejection(reply);
    let text = "Password must be 1 to 100 characters long.";
    assert_eq!(told, [("InvalidPassword".to_owned(), text.to_owned())]);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn companies_are_created_updated_and_never_taken() {
    let tenant = tenant();
    let door = tenant.storm();
    let (one, other) = (created(&door, &full("one")), created(&door, &full("other")));
    let ids = |customer: &Value| -> Vec<i64> {
        let companies = customer["Companies"].as_array().expect("a list").iter();
        companies.map(|company| company["Id"].as_i64().expect("an id")).collect()
    };
    assert_eq!((ids(&one), ids(&other)), (vec![1, 2], vec![3, 4]));
    assert_ne!(one["Companies"][0]["Key"], "00000000-0000-0000-0000-000000000000");
    // The sent ones first: the first is the default one.
    let body = json!({ "Id": one["Id"], "Companies": [
        { "Name": "New", "Key": NOBODY }, { "Id": 2, "Phone": "5", "OrgNo": "", "Name": null }
    ] });
    let after = updated(&door, &body);
    assert_eq!(ids(&after), [5, 2, 1]);
    assert_eq!((&after["Companies"][0]["Name"], &after["Companies"][0]["Key"]), (&json!("New"), &json!(NOBODY)));
    let expected = with(&one["Companies"][1], json!({ "Phone": "5" }));
    assert_eq!((&after["Companies"][1], &after["Companies"][2]), (&expected, &one["Companies"][0]));
    assert_eq!(tenant.customer(5)["CompanyName"], "New");
    // None of another customer's, none without a name, and none that another customer has.
    let own = |companies: Value| json!({ "Id": other["Id"], "Companies": companies });
    let text = "Companies[1].Id 1 is not the Id of a company of the customer.";
    rejects(&tenant, &door, &own(json!([{ "Id": 3 }, { "Id": 1, "Name": "Mine" }])), &[("UnknownId", text)]);
    let text = "Companies[0].Name is missing.";
    rejects(&tenant, &door, &own(json!([{ "OrgNo": "5", "Name": " " }])), &[("InvalidCompanyName", text)]);
    let text = "There already exists a company 'EK ONE' with the specified organizational number.";
    let taken = [("CompanyAlreadyExists", text)];
    rejects(&tenant, &door, &own(json!([{ "OrgNo": " 556", "Name": "EK ONE" }])), &taken);
    rejects(&tenant, &door, &own(json!([{ "Id": 3, "Name": "EK ONE" }])), &taken);
    // Twice of one's own neither.
    let twice = json!([{ "OrgNo": "9", "Name": "Twin" }, { "OrgNo": "9", "Name": "twin" }]);
    let text = "There already exists a company 'twin' with the specified organizational number.";
    rejects(&tenant, &door, &own(twice), &[("CompanyAlreadyExists", text)]);
    // The name alone, the number alone, and both without a number may be another's.
    let free = json!([{ "OrgNo": "556", "Name": "Own" }, { "OrgNo": "9", "Name": "Ek one" }, { "Name": "Ek one" }, { "Name": "Ek one" }]);
    assert_eq!(ids(&updated(&door, &own(free))), [6, 7, 8, 9, 3, 4]);
    // A rejection used up no number, and a name that is given up is free.
    updated(&door, &json!({ "Id": one["Id"], "Companies": [{ "Id": 1, "Name": "Gone" }] }));
    assert_eq!(updated(&door, &own(json!([{ "OrgNo": "556", "Name": "Ek one" }])))["Companies"][0]["Id"], 10);
}

#[test]
fn a_company_may_have_the_name_that_another_gives_up() {
    let tenant = tenant();
    let door = tenant.storm();
    let body = json!({ "Companies": [{ "Name": "A", "OrgNo": "1" }, { "Name": "B", "OrgNo": "1" }] });
    let shown = created(&door, &body);
    let body = json!({ "Id": shown["Id"], "Companies": [{ "Name": "A", "OrgNo": "1" }, { "Id": 1, "Name": "C" }] });
    let after = updated(&door, &body);
    let companies = after["Companies"].as_array().expect("a list").iter();
    let companies: Vec<Value> = companies.map(|company| json!([company["Id"], company["Name"]])).collect();
    assert_eq!(companies, [json!([3, "A"]), json!([1, "C"]), json!([2, "B"])]);
    // A swap goes by way of a third name.
    let swapped = json!({ "Id": shown["Id"], "Companies": [{ "Id": 1, "Name": "B" }, { "Id": 2, "Name": "C" }] });
    let text = "There already exists a company 'B' with the specified organizational number.";
    rejects(&tenant, &door, &swapped, &[("CompanyAlreadyExists", text)]);
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
    let door = tenant.storm();
    let shown = created(&door, &full("one"));
    let id = shown["Id"].clone();
    let of = |pairs: &[(i64, &str)]| pairs.iter().map(|(id, line)| (*id, (*line).to_owned())).collect::<Vec<_>>();
    // The invoice address of a company has a number too.
    assert_eq!(lines(&shown), of(&[(2, "D 1"), (3, "D 2")]));
    assert_eq!(
        (&shown["InvoiceAddress"]["Id"], &shown["Companies"][0]["InvoiceAddress"]["Id"]),
        (&json!(1), &json!(4))
    );
    let added = json!({ "Line1": "N", "Zip": "9", "City": "N", "Country": "NO" });
    let after = updated(&door, &json!({ "Id": id, "DeliveryAddresses": [{ "Id": 3, "Line1": "D 2b" }, added] }));
    assert_eq!(lines(&after), of(&[(3, "D 2b"), (5, "N"), (2, "D 1")]));
    assert_eq!(with(&after["DeliveryAddresses"][0], json!({ "Line1": "D 2" })), shown["DeliveryAddresses"][1]);
    assert_eq!(tenant.customer(5)["DefaultShippingAddress"]["Street1"], "D 2b");
    for unknown in [1, 4, 9] {
        let text = format!("DeliveryAddresses[0].Id {unknown} is not the Id of an address of the customer.");
        let body =
            json!({ "Id": id, "DeliveryAddresses": [{ "Id": unknown, "Zip": "1", "City": "A", "Country": "SE" }] });
        rejects(&tenant, &door, &body, &[("UnknownId", &text)]);
    }
    let text = "InvoiceAddress.Id 2 is not the Id of an address of the customer.";
    rejects(&tenant, &door, &json!({ "Id": id, "InvoiceAddress": { "Id": 2 } }), &[("UnknownId", text)]);
}

#[test]
fn the_invoice_address_may_be_the_delivery_address_too() {
    let tenant = tenant_with(json!({ "storm": { "partial_addresses": true } }));
    let door = tenant.storm();
    let shown = created(&door, &full("one"));
    let id = shown["Id"].clone();
    // Then what is sent of delivery addresses is not even looked at.
    let body = json!({ "Id": id, "UseInvoiceAddressAsDeliveryAddress": true, "DeliveryAddresses": [{ "Zip": "" }, { "Id": 99 }] });
    let reply = update(&door, &body);
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("DeliveryAddresses"));
    let after = read(reply);
    assert_eq!(after["UseInvoiceAddressAsDeliveryAddress"], true);
    let addresses: Vec<i64> = lines(&after).into_iter().map(|(id, _)| id).collect();
    assert_eq!(addresses, [5, 2, 3]);
    let kept = tenant.customer(5);
    let body = |name: &str| with(&kept[name], json!({ "AddressId": null }));
    assert_eq!(body("DefaultShippingAddress"), body("PrimaryAddress"));
    // The two go together, also for a client that always sends false, until delivery addresses are sent.
    let after = updated(
        &door,
        &json!({ "Id": id, "UseInvoiceAddressAsDeliveryAddress": false, "InvoiceAddress": { "Line1": "I 2" } }),
    );
    assert_eq!(
        (&after["DeliveryAddresses"][0]["Line1"], &after["UseInvoiceAddressAsDeliveryAddress"]),
        (&json!("I 2"), &json!(true))
    );
    let after = updated(&door, &json!({ "Id": id, "DeliveryAddresses": [{ "Id": 2 }] }));
    assert_eq!(
        (&after["DeliveryAddresses"][0]["Line1"], &after["UseInvoiceAddressAsDeliveryAddress"]),
        (&json!("D 1"), &json!(false))
    );
    assert_eq!(tenant.customer(5)["DefaultShippingAddress"]["Street1"], "D 1");
    // Only the invoice address counts, so only its keys are told.
    let body = json!({ "Id": 3, "UseInvoiceAddressAsDeliveryAddress": true, "InvoiceAddress": { "Id": 1 }, "DeliveryAddresses": [{}] });
    let first = updated(&door, &body);
    assert_eq!(first["DeliveryAddresses"][0]["Line1"], first["InvoiceAddress"]["Line1"]);
    let nobody = created(&door, &json!({}))["Id"].clone();
    let body = json!({ "Id": nobody, "UseInvoiceAddressAsDeliveryAddress": true, "InvoiceAddress": { "City": "A", "Zip": "1" }, "DeliveryAddresses": [{}] });
    rejects(&tenant, &door, &body, &[("InvoiceAddressCountryMissing", "InvoiceAddress.Country is missing.")]);
}

#[test]
fn countries_go_by_id_then_by_code() {
    let tenant = tenant();
    let door = tenant.storm();
    let id = created(&door, &json!({}))["Id"].clone();
    for (sent, country_id, country, code) in [
        (json!({ "CountryId": 752 }), 752, "SE", "SE"),
        (json!({ "Country": "no" }), 578, "no", "NO"),
        (json!({ "CountryId": 0, "Country": "Finland" }), 246, "Finland", "FI"),
        (json!({ "CountryId": 578, "Country": "SE" }), 578, "NO", "NO"),
        (json!({ "CountryId": "840", "Country": "US" }), 840, "US", "US"),
        // The spelling that was sent is the one that is shown, unless it is another country's.
        (json!({ "CountryId": 752, "Country": "Sverige" }), 752, "Sverige", "SE"),
        (json!({ "CountryId": 752 }), 752, "Sverige", "SE"),
        (json!({ "CountryId": 752, "Country": "Svea rike" }), 752, "Svea rike", "SE"),
        (json!({ "CountryId": 752, "Country": "Finland" }), 752, "Svea rike", "SE"),
        (json!({ "CountryId": 578 }), 578, "NO", "NO"),
        // In each of the languages, in any case.
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
        let shown = updated(&door, &json!({ "Id": id, "InvoiceAddress": address }))["InvoiceAddress"].clone();
        assert_eq!((&shown["CountryId"], &shown["Country"]), (&json!(country_id), &json!(country)), "{sent}");
        assert_eq!(tenant.customer(5)["PrimaryAddress"]["CountryCode"], code);
        assert_eq!(customer(&door, 5)["InvoiceAddress"], shown, "{sent}");
    }
    for (sent, text) in [
        (json!({ "CountryId": 998 }), "InvoiceAddress.CountryId 998 is not a country."),
        (json!({ "CountryId": -1 }), "InvoiceAddress.CountryId -1 is not a country."),
        (json!({ "Country": "Narnia" }), "InvoiceAddress.Country 'Narnia' is not a country."),
        (json!({ "CountryId": 998, "Country": "Sverige" }), "InvoiceAddress.CountryId 998 is not a country."),
        // What is kept does not count.
        (json!({}), "InvoiceAddress.Country is missing."),
        (json!({ "CountryId": 0, "Country": "" }), "InvoiceAddress.Country is missing."),
    ] {
        let body = json!({ "Id": id, "InvoiceAddress": with(&json!({ "Zip": "1", "City": "A" }), sent) });
        rejects(&tenant, &door, &body, &[("InvoiceAddressCountryMissing", text)]);
    }
}

#[test]
fn the_plan_adds_names_of_countries_and_takes_others_away() {
    let countries = json!({ "Skåne": "SE", "england": "GB", "SE": "FI", "Schweden": null });
    let tenant = tenant_with(json!({ "storm": { "countries": countries } }));
    let door = tenant.storm();
    let id = created(&door, &json!({}))["Id"].clone();
    let body =
        |sent: &Value| json!({ "Id": id, "InvoiceAddress": with(&json!({ "Zip": "1", "City": "A" }), sent.clone()) });
    for (sent, country_id, country) in [
        (json!({ "Country": "skåne" }), 752, "skåne"),
        (json!({ "Country": "England" }), 826, "England"),
        (json!({ "Country": "se" }), 246, "se"),
        (json!({ "Country": "Sverige" }), 752, "Sverige"),
        // One that is no country's is kept beside an id all the same.
        (json!({ "CountryId": 752, "Country": "Schweden" }), 752, "Schweden"),
        (json!({ "CountryId": 752, "Country": "SE" }), 752, "Schweden"),
    ] {
        let shown = updated(&door, &body(&sent))["InvoiceAddress"].clone();
        assert_eq!((&shown["CountryId"], &shown["Country"]), (&json!(country_id), &json!(country)), "{sent}");
        assert_eq!(customer(&door, 5)["InvoiceAddress"], shown, "{sent}");
    }
    let text = "InvoiceAddress.Country 'Schweden' is not a country.";
    rejects(&tenant, &door, &body(&json!({ "Country": "Schweden" })), &[("InvoiceAddressCountryMissing", text)]);
}

/// "Gets raised if any `DeliveryAddress` is supplied and it is missing a Zip code", whatever is kept (`UpdateCustomer` page).
#[test]
fn an_address_that_is_sent_is_whole_whatever_is_kept() {
    let (tenant, partial) = (tenant(), tenant_with(json!({ "storm": { "partial_addresses": true } })));
    let doors = [tenant.storm(), partial.storm()];
    let [id, _] = [&doors[0], &doors[1]].map(|door| created(door, &full("one"))["Id"].clone());
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
        rejects(&tenant, &doors[0], &body, &expected);
        // What is kept completes it where the plan says so.
        read(update(&doors[1], &body));
    }
    // A whole one replaces, and an update that sends none leaves them.
    let body = json!({ "Id": id, "InvoiceAddress": whole });
    assert_eq!(updated(&doors[0], &body)["InvoiceAddress"]["Line1"], "I 1");
    updated(&doors[0], &json!({ "Id": id, "Phone": "1" }));
}

/// "If set to false both invoice address and delivery address must be specified" (UpdateCustomer page).
#[test]
fn both_addresses_are_sent_where_the_one_is_not_the_other() {
    let (tenant, partial) = (tenant(), tenant_with(json!({ "storm": { "partial_addresses": true } })));
    let doors = [tenant.storm(), partial.storm()];
    let [id, _] = [&doors[0], &doors[1]].map(|door| created(door, &full("one"))["Id"].clone());
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
        let told = ["Zip", "City", "Country"].map(|part| {
            let why = "UseInvoiceAddressAsDeliveryAddress is false, so both addresses must be sent.";
            (format!("{kind}{part}Missing"), format!("{path}.{part} is missing: {why}"))
        });
        let told: Vec<(&str, &str)> = told.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
        rejects(&tenant, &doors[0], &body, &told);
        if !path.starts_with("Companies") {
            let before = tenant.everything();
            let body = with(&body, json!({ "Id": null }));
            assert_eq!(rejection(doors[0].post(&path_of_create(), &body)).len(), 3);
            assert_eq!(tenant.everything(), before);
        }
        read(update(&doors[1], &body));
    }
    // Both are both, neither is no change of an address, and who does not say false need not send both.
    for sent in [
        json!({ "UseInvoiceAddressAsDeliveryAddress": false, "InvoiceAddress": address, "DeliveryAddresses": [address] }),
        json!({ "UseInvoiceAddressAsDeliveryAddress": false, "InvoiceAddress": null, "DeliveryAddresses": [] }),
        json!({ "InvoiceAddress": address }),
        json!({ "DeliveryAddresses": [address] }),
    ] {
        read(update(&doors[0], &with(&sent, json!({ "Id": id }))));
    }
}

fn path_of_create() -> String {
    path("CreateCustomer", "&createdBy=1")
}

#[test]
fn flags_and_values_go_by_the_id_of_their_kind() {
    let tenant = tenant();
    let door = tenant.storm();
    let shown = created(&door, &full("one"));
    let body = json!({
        "Id": shown["Id"],
        "Flags": [{ "Id": 7, "Name": "new", "IsSelected": true }, { "Id": 5, "IsSelected": false }, { "Id": 7, "Group": 2 }],
        "Info": [{ "Id": 4, "Value": "w" }, { "Id": 3, "Value": "" }]
    });
    let after = updated(&door, &body);
    let flag = |id: i64, name: Value, group: i64, selected: bool| json!({ "Id": id, "Name": name, "Group": group, "IsSelected": selected });
    let expected = [flag(7, json!("new"), 2, true), flag(5, json!("VIP"), 1, false), flag(6, Value::Null, 0, false)];
    assert_eq!(after["Flags"], json!(expected));
    let expected = [json!({ "Id": 4, "Value": "w", "Code": null }), json!({ "Id": 3, "Value": "v", "Code": "c" })];
    assert_eq!(after["Info"], json!(expected));
    assert_eq!(updated(&door, &json!({ "Id": shown["Id"], "Flags": [], "Info": null })), after);
}
