//! Requests against what comes back of them.

use chrono::{DateTime, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::document::view;
use super::refused::{Key, Refused};
use super::wire::read::read;
use super::wire::{Request, request};
use super::written::{Written, created, updated};
use crate::customers::{self, CustomerId, Profiled, Version};
use crate::plan::StormPlan;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// A customer of whom nothing is known.
fn nobody() -> Profiled {
    Profiled {
        customer: customers::Customer {
            id: CustomerId(7),
            back_office_id: "15F97".to_owned(),
            birth_date: None,
            company_name: None,
            customer_status: 1,
            customer_type: 2,
            shipping_address: customers::Address::default(),
            email_address: None,
            enroller_id: None,
            external_reference_id: None,
            first_name: None,
            inactive_date: None,
            language_code: "en".to_owned(),
            last_name: None,
            primary_address: customers::Address::default(),
            primary_phone: None,
            secondary_phone: None,
            send_emails: false,
            sign_up_date: at("2024-01-02T02:04:05.678Z"),
            sponsor_id: None,
            tax_exempt: false,
            tax_exempt_id: None,
            tax_id: None,
            terms_accepted: false,
            text_phone: None,
            username: None,
            web_alias: None,
            custom_fields: vec![None; 10],
        },
        key: Uuid::from_u128(0xabc),
        modified_at: at("2024-07-02T02:04:05Z"),
        version: Version(1),
        fields: Map::new(),
        companies: Vec::new(),
    }
}

/// What the database does with what is written.
fn kept(mut on: Profiled, written: Written) -> Profiled {
    let Written { key, values, sent, code_sent, fields, companies, .. } = written;
    let customer = &mut on.customer;
    for (sent, column, value) in [
        (sent.email_address, &mut customer.email_address, values.email_address),
        (sent.tax_id, &mut customer.tax_id, values.tax_id),
        (sent.first_name, &mut customer.first_name, values.first_name),
        (sent.last_name, &mut customer.last_name, values.last_name),
        (sent.primary_phone, &mut customer.primary_phone, values.primary_phone),
        (sent.text_phone, &mut customer.text_phone, values.text_phone),
        (sent.username, &mut customer.username, values.username),
        (sent.company_name, &mut customer.company_name, values.company_name),
        (code_sent, &mut customer.external_reference_id, values.external_reference_id),
    ] {
        if sent {
            *column = value;
        }
    }
    if sent.primary_address {
        customer.primary_address = values.primary_address;
    }
    if sent.shipping_address {
        customer.shipping_address = values.shipping_address;
    }
    if let (true, Some(status)) = (sent.customer_status, values.customer_status) {
        customer.customer_status = status;
    }
    on.key = key.unwrap_or(on.key);
    on.fields = fields;
    if let Some(companies) = companies {
        let mut last = on.companies.iter().filter_map(|company| company.id).max().unwrap_or(100);
        on.companies = companies;
        for company in &mut on.companies {
            company.id.get_or_insert_with(|| {
                last += 1;
                last
            });
        }
    }
    on
}

fn plan() -> StormPlan {
    StormPlan::default()
}

fn wanted(body: &Value, plan: &StormPlan) -> Request<request::Customer> {
    read(&serde_json::to_vec(body).expect("JSON"), plan).expect("an object").expect("a customer")
}

fn create(body: &Value) -> Profiled {
    kept(nobody(), created(&wanted(body, &plan()), &plan()).expect("no refusal"))
}

fn update_by(plan: &StormPlan, on: Profiled, body: &Value) -> Profiled {
    let written = updated(&wanted(body, plan), &on, plan).expect("no refusal");
    kept(on, written)
}

fn update(on: Profiled, body: &Value) -> Profiled {
    update_by(&plan(), on, body)
}

fn refusals(on: &Profiled, body: &Value) -> Vec<(Key, String)> {
    let refused = updated(&wanted(body, &plan()), on, &plan()).expect_err("a refusal");
    refused.into_iter().map(|Refused { key, text }| (key, text)).collect()
}

fn keys(on: &Profiled, body: &Value) -> Vec<Key> {
    refusals(on, body).into_iter().map(|(key, _)| key).collect()
}

fn shown(kept: &Profiled) -> Value {
    serde_json::from_slice(&view(kept, &plan()).to_bytes()).expect("JSON")
}

/// Every member of a customer, as a client that leaves nothing out sends one of whom it knows nothing.
fn zeros() -> Value {
    json!({
        "Id": null, "Key": "00000000-0000-0000-0000-000000000000", "Code": "", "Email": "", "SSN": null, "FirstName": "",
        "LastName": " ", "Phone": "", "CellPhone": "", "ReferId": 0, "ReferUrl": "", "Account": null, "Companies": null,
        "DeliveryAddresses": [], "InvoiceAddress": null, "Flags": [], "UseInvoiceAddressAsDeliveryAddress": false,
        "Info": null, "PricelistIds": [], "CrmId": null, "IsActive": null, "Created": null, "Updated": null
    })
}

fn full() -> Value {
    json!({
        "Code": "E1", "Email": "eva@example.com", "SSN": "19121212-1212", "FirstName": "Eva", "LastName": "Ek",
        "Phone": "08-1", "CellPhone": "070-1", "ReferId": 9, "ReferUrl": "http://x/y", "CrmId": "C1",
        "Account": { "LoginName": "eva", "Name": "Eva Ek", "Roles": [1, 2], "Authorizations": [{ "Id": 1, "Value": "a" }] },
        "Companies": [
            { "Name": "Ek AB", "OrgNo": "556", "Phone": "1", "InvoiceAddress": { "Zip": "1", "City": "A", "Country": "no" } },
            { "Name": "Alm AB" }
        ],
        "DeliveryAddresses": [
            { "Line1": "D 1", "Zip": "2", "City": "B", "CountryId": 752, "ShippingPhoneNumber": "3" },
            { "Line1": "D 2", "Zip": "3", "City": "C", "Country": "Sweden" }
        ],
        "InvoiceAddress": { "CareOf": "Bo", "Line1": "I 1", "Zip": "4", "City": "D", "Country": "SE", "IsValidated": true },
        "Flags": [{ "Id": 5, "Name": "VIP", "Group": 1, "IsSelected": true }, { "Id": 6 }],
        "Info": [{ "Id": 3, "Value": "v", "Code": "c" }]
    })
}

#[test]
fn an_answer_is_written_byte_for_byte() {
    let customer = create(&json!({
        "Key": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "Email": "eva@example.com", "ReferUrl": "http://x/",
        "InvoiceAddress": { "Line1": "Storg. 1", "Zip": "111 22", "City": "Umeå", "Country": "SE" },
        "Flags": [{ "Id": 5, "IsSelected": true }], "Info": [{ "Id": 3, "Value": "v" }]
    }));
    let expected = concat!(
        r#"{"Id":7,"Key":"6f9619ff-8b86-d011-b42d-00c04fc964ff","Code":null,"Email":"eva@example.com","SSN":null,"#,
        r#""FirstName":null,"LastName":null,"Phone":null,"CellPhone":null,"ReferId":null,"ReferUrl":"http:\/\/x\/","#,
        r#""Account":null,"Companies":[],"DeliveryAddresses":[],"InvoiceAddress":{"Id":1,"CareOf":null,"#,
        r#""Line1":"Storg. 1","Line2":null,"Zip":"111 22","City":"Umeå","CountryId":752,"Country":"SE","Region":null,"#,
        r#""IsValidated":false,"GlobalLocationNo":null,"ShippingPhoneNumber":null},"#,
        r#""Flags":[{"Id":5,"Name":null,"Group":0,"IsSelected":true}],"UseInvoiceAddressAsDeliveryAddress":false,"#,
        r#""Info":[{"Id":3,"Value":"v","Code":null}],"PricelistIds":[],"CrmId":null,"IsActive":true,"#,
        r#""Created":"\/Date(1704161045678+0100)\/","Updated":"\/Date(1719885845000+0200)\/"}"#,
    );
    assert_eq!(String::from_utf8(view(&customer, &plan()).to_bytes()).expect("UTF-8"), expected);
}

#[test]
fn a_client_that_sends_every_member_empty_changes_nothing() {
    let customer = create(&full());
    assert_eq!(update(customer.clone(), &zeros()), customer);
    let mut body = zeros();
    let account = json!({ "Id": 7, "Key": "00000000-0000-0000-0000-000000000000", "LoginName": "", "Name": "",
        "Roles": [], "Authorizations": null, "IsActive": false });
    let address = json!({ "Id": 1, "CareOf": "", "Line1": "", "Line2": null, "Zip": "", "City": "", "CountryId": 0,
        "Country": "", "Region": "", "IsValidated": false, "GlobalLocationNo": "", "ShippingPhoneNumber": "" });
    body["Account"] = account;
    body["InvoiceAddress"] = address;
    assert_eq!(update(customer.clone(), &body), customer);
}

#[test]
fn what_is_sent_replaces_and_the_rest_stays() {
    let customer = update(create(&full()), &json!({ "FirstName": "Ebba", "IsActive": false, "ReferId": "8" }));
    let mut expected = shown(&create(&full()));
    expected["FirstName"] = json!("Ebba");
    expected["IsActive"] = json!(false);
    expected["ReferId"] = json!(8);
    assert_eq!(shown(&customer), expected);
}

#[test]
fn empty_texts_and_nulls_clear_where_the_plan_says_so() {
    let plan = StormPlan { empty_clears: true, ..plan() };
    let body = json!({ "FirstName": "", "Phone": null, "ReferId": null, "Code": " ", "Account": { "Id": 7, "LoginName": "", "Name": "" } });
    let after = shown(&update_by(&plan, create(&full()), &body));
    for name in ["FirstName", "Phone", "ReferId", "Code"] {
        assert_eq!(after[name], Value::Null, "{name}");
    }
    assert_eq!((&after["LastName"], &after["Account"]["LoginName"]), (&json!("Ek"), &json!("eva")));
    assert_eq!(after["Account"]["Name"], Value::Null);
}

#[test]
fn lists_begin_with_what_was_sent_and_keep_the_rest() {
    let customer = create(&full());
    let after = shown(&update(
        customer,
        &json!({
            "DeliveryAddresses": [{ "Line1": "N", "Zip": "9", "City": "N", "Country": "NO" }, { "Id": 3, "Line1": "D 2b" }],
            "Companies": [{ "Id": 102, "Phone": "5" }],
            "Flags": [{ "Id": 6, "IsSelected": true }, { "Id": 5, "IsSelected": false }, { "Id": 6, "Name": "six" }],
            "Info": [{ "Id": 4, "Value": "w" }]
        }),
    ));
    let column = |list: &str, name: &str| -> Vec<Value> {
        after[list].as_array().expect("a list").iter().map(|item| item[name].clone()).collect()
    };
    assert_eq!(column("DeliveryAddresses", "Id"), [4, 3, 2]);
    assert_eq!(column("DeliveryAddresses", "Line1"), ["N", "D 2b", "D 1"]);
    assert_eq!(column("DeliveryAddresses", "City"), ["N", "C", "B"]);
    assert_eq!(column("Companies", "Name"), ["Alm AB", "Ek AB"]);
    assert_eq!(column("Companies", "Phone"), [json!("5"), json!("1")]);
    assert_eq!(column("Flags", "Name"), [json!("six"), json!("VIP")]);
    assert_eq!(column("Flags", "IsSelected"), [true, false]);
    assert_eq!(column("Info", "Id"), [4, 3]);
}

#[test]
fn the_first_company_names_the_customer() {
    let customer = create(&full());
    assert_eq!(customer.customer.company_name.as_deref(), Some("Ek AB"));
    let customer = update(customer, &json!({ "Companies": [{ "Id": 102 }] }));
    assert_eq!(customer.customer.company_name.as_deref(), Some("Alm AB"));
}

#[test]
fn unknown_ids_are_refused_by_their_paths() {
    let body = json!({
        "Account": { "Id": 8 }, "Companies": [{ "Id": 0, "Name": "x" }, { "Id": 55 }], "InvoiceAddress": { "Id": 44 },
        "DeliveryAddresses": [{ "Id": 1 }]
    });
    let expected = [
        "Account.Id 8 is not the Id of the customer's account.",
        "Companies[1].Id 55 is not the Id of a company of the customer.",
        "InvoiceAddress.Id 44 is not the Id of an address of the customer.",
        "DeliveryAddresses[0].Id 1 is not the Id of an address of the customer.",
    ];
    let refused = refusals(&create(&full()), &body);
    assert!(refused.iter().all(|(key, _)| *key == Key::UnknownId));
    assert_eq!(refused.into_iter().map(|(_, text)| text).collect::<Vec<_>>(), expected);
}

#[test]
fn addresses_without_zip_city_or_country_are_refused_all_at_once() {
    let body = json!({
        "InvoiceAddress": {}, "DeliveryAddresses": [{ "Zip": "1" }, { "City": "A", "Zip": "2", "CountryId": 998 }],
        "Companies": [{ "DeliveryAddresses": [{ "City": "A", "Zip": "2", "Country": "Narnia" }] }]
    });
    let expected = [
        (Key::DeliveryAddressCountryMissing, "Companies[0].DeliveryAddresses[0].Country 'Narnia' is not a country."),
        (Key::InvalidCompanyName, "Companies[0].Name is missing."),
        (Key::InvoiceAddressZipMissing, "InvoiceAddress.Zip is missing."),
        (Key::InvoiceAddressCityMissing, "InvoiceAddress.City is missing."),
        (Key::InvoiceAddressCountryMissing, "InvoiceAddress.Country is missing."),
        (Key::DeliveryAddressCityMissing, "DeliveryAddresses[0].City is missing."),
        (Key::DeliveryAddressCountryMissing, "DeliveryAddresses[0].Country is missing."),
        (Key::DeliveryAddressCountryMissing, "DeliveryAddresses[1].CountryId 998 is not a country."),
    ];
    assert_eq!(refusals(&nobody(), &body), expected.map(|(key, text)| (key, text.to_owned())));
}

#[test]
fn the_country_comes_from_its_id_then_its_code_then_the_plan() {
    let address = |country: Value, plan: &StormPlan| {
        let mut body = json!({ "InvoiceAddress": { "Zip": "1", "City": "A" } });
        body["InvoiceAddress"].as_object_mut().expect("an object").extend(country.as_object().expect("one").clone());
        let after = shown(&update_by(plan, nobody(), &body));
        (after["InvoiceAddress"]["CountryId"].clone(), after["InvoiceAddress"]["Country"].clone())
    };
    let plan = StormPlan { default_country: Some("DK".to_owned().try_into().expect("a country")), ..plan() };
    assert_eq!(address(json!({ "CountryId": 578, "Country": "SE" }), &plan), (json!(578), json!("NO")));
    assert_eq!(address(json!({ "CountryId": 752, "Country": "Sweden" }), &plan), (json!(752), json!("Sweden")));
    assert_eq!(address(json!({ "CountryId": 0, "Country": "se" }), &plan), (json!(752), json!("se")));
    assert_eq!(address(json!({}), &plan), (json!(208), json!("DK")));
}

#[test]
fn the_invoice_address_may_be_the_delivery_address_too() {
    let customer = create(&full());
    let body = json!({ "UseInvoiceAddressAsDeliveryAddress": true, "DeliveryAddresses": [{ "Id": 99 }] });
    let written = updated(&wanted(&body, &plan()), &customer, &plan()).expect("no refusal");
    assert_eq!(written.ignored, ["DeliveryAddresses"]);
    let customer = kept(customer, written);
    assert_eq!(customer.customer.shipping_address, customer.customer.primary_address);
    let after = shown(&customer);
    assert_eq!(after["UseInvoiceAddressAsDeliveryAddress"], true);
    assert_eq!(after["DeliveryAddresses"].as_array().map(Vec::len), Some(3));
    // It follows the invoice address, in the same place.
    let customer =
        update(customer, &json!({ "InvoiceAddress": { "Line1": "I 2" }, "UseInvoiceAddressAsDeliveryAddress": false }));
    assert_eq!(shown(&customer)["DeliveryAddresses"][0]["Line1"], "I 2");
    assert_eq!(shown(&customer)["DeliveryAddresses"].as_array().map(Vec::len), Some(3));
    // Delivery addresses of its own end it.
    let customer = update(customer, &json!({ "DeliveryAddresses": [{ "Id": 2 }] }));
    assert_eq!(shown(&customer)["UseInvoiceAddressAsDeliveryAddress"], false);
    assert_eq!(shown(&customer)["DeliveryAddresses"][0]["Line1"], "D 1");
}

#[test]
fn the_word_is_gone_when_another_door_moves_the_delivery_address() {
    let mut customer = create(&json!({
        "UseInvoiceAddressAsDeliveryAddress": true, "InvoiceAddress": { "Zip": "1", "City": "A", "Country": "SE" }
    }));
    assert_eq!(shown(&customer)["UseInvoiceAddressAsDeliveryAddress"], true);
    customer.customer.shipping_address.city = Some("B".to_owned());
    customer.customer.shipping_address.country_code = Some("NO".to_owned());
    let after = shown(&customer);
    assert_eq!(after["UseInvoiceAddressAsDeliveryAddress"], false);
    let first = &after["DeliveryAddresses"][0];
    assert_eq!((&first["City"], &first["CountryId"], &first["Country"]), (&json!("B"), &json!(578), &json!("NO")));
}

#[test]
fn what_other_doors_wrote_is_shown_and_kept() {
    let mut customer = nobody();
    let address = |street: &str| customers::Address {
        street1: Some(street.to_owned()),
        street3: Some("third".to_owned()),
        city: Some("A".to_owned()),
        postal_code: Some("1".to_owned()),
        country_code: Some("SE".to_owned()),
        ..customers::Address::default()
    };
    customer.customer.primary_address = address("I");
    customer.customer.shipping_address = address("D");
    customer.customer.username = Some("eva".to_owned());
    let after = shown(&customer);
    assert_eq!((&after["InvoiceAddress"]["Id"], &after["DeliveryAddresses"][0]["Id"]), (&json!(1), &json!(2)));
    assert_eq!((&after["Account"]["Id"], &after["Account"]["LoginName"]), (&json!(7), &json!("eva")));
    let body = json!({ "DeliveryAddresses": [{ "Id": 2, "Line1": "D 2" }], "InvoiceAddress": { "Line1": "I 2" } });
    let customer = update(customer, &body).customer;
    assert_eq!(customer.shipping_address, address("D 2"));
    assert_eq!(customer.primary_address, address("I 2"));
}

#[test]
fn a_delivery_address_that_another_door_took_away_is_gone_and_its_id_is_not_given_again() {
    let mut customer = create(&full());
    customer.customer.shipping_address = customers::Address::default();
    assert_eq!(shown(&customer)["DeliveryAddresses"][0]["Id"], 3);
    let added = json!({ "DeliveryAddresses": [{ "Zip": "1", "City": "A", "Country": "SE" }] });
    let after = shown(&update(customer, &added));
    assert_eq!((&after["DeliveryAddresses"][0]["Id"], &after["DeliveryAddresses"][1]["Id"]), (&json!(4), &json!(3)));
}

#[test]
fn an_account_is_created_once_and_then_updated_by_its_id() {
    let plan = plan();
    let written = |on: &Profiled, body: &Value| updated(&wanted(body, &plan), on, &plan).expect("no refusal");
    let by_email = written(&nobody(), &json!({ "Email": "a@example.com", "Account": { "IsActive": false } }));
    assert!(by_email.wants_password);
    assert_eq!(by_email.values.username.as_deref(), Some("a@example.com"));
    assert_eq!(by_email.ignored, ["Account.IsActive"]);
    assert_eq!(keys(&nobody(), &json!({ "Account": {} })), [Key::InvalidValue]);
    let customer = create(&full());
    assert_eq!(keys(&customer, &json!({ "Account": { "LoginName": "eva2" } })), [Key::AccountAlreadyExists]);
    let again = written(&customer, &json!({ "Account": { "Id": 7, "LoginName": "eva2" } }));
    assert!(!again.wants_password);
    assert_eq!(again.values.username.as_deref(), Some("eva2"));
}

#[test]
fn a_status_that_is_not_active_is_kept_by_false_and_left_by_true() {
    let mut customer = nobody();
    customer.customer.customer_status = 4;
    assert_eq!(shown(&customer)["IsActive"], false);
    assert_eq!(update(customer.clone(), &json!({ "IsActive": false })).customer.customer_status, 4);
    assert_eq!(update(customer.clone(), &json!({ "IsActive": null })).customer.customer_status, 4);
    assert_eq!(update(customer, &json!({ "IsActive": true })).customer.customer_status, 1);
    assert_eq!(create(&json!({ "IsActive": false })).customer.customer_status, 2);
}

#[test]
fn what_does_not_count_is_named() {
    let body = json!({
        "Id": 7, "Key": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "PricelistIds": [1], "Created": "/Date(1)/", "email": "x",
        "Companies": [{ "Name": "x", "PricelistIds": [1], "Vat": "" }]
    });
    let written = updated(&wanted(&body, &plan()), &nobody(), &plan()).expect("no refusal");
    assert_eq!(
        written.ignored,
        ["Companies[0].Vat", "email", "Companies[0].PricelistIds", "PricelistIds", "Created", "Key"]
    );
}

#[test]
fn an_email_that_is_none_is_refused_with_what_could_not_be_read() {
    let body = json!({ "Email": "nobody", "IsActive": 1, "Companies": [{ "Name": "x", "Email": "y" }] });
    assert_eq!(keys(&nobody(), &body), [Key::InvalidValue, Key::InvalidEmail, Key::InvalidEmail]);
}

#[test]
fn who_writes_is_noted() {
    let body = json!({ "Email": "a@example.com" });
    let written = updated(&wanted(&body, &plan()), &nobody(), &plan()).expect("no refusal").by(41);
    assert_eq!(written.fields.get("UpdatedBy"), Some(&json!(41)));
    let customer = kept(nobody(), written);
    assert_eq!(update(customer, &json!({ "ReferId": 1 })).fields.get("UpdatedBy"), Some(&json!(41)));
}

fn text(longest: usize) -> BoxedStrategy<Value> {
    let texts = "[ -~åß€😀]{0,40}".prop_map(move |text: String| json!(text.chars().take(longest).collect::<String>()));
    prop_oneof![1 => Just(Value::Null), 4 => texts].boxed()
}

fn number() -> BoxedStrategy<Value> {
    prop_oneof![Just(Value::Null), any::<i32>().prop_map(|number| json!(number))].boxed()
}

fn numbers() -> BoxedStrategy<Value> {
    vec(any::<i32>(), 0..3).prop_map(|numbers| json!(numbers)).boxed()
}

fn guid() -> BoxedStrategy<Value> {
    any::<u128>().prop_map(|number| json!(Uuid::from_u128(number))).boxed()
}

fn flag() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::Bool).boxed()
}

fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    values
        .prop_map(move |values| names.iter().map(|name| (*name).to_owned()).zip(values).collect::<Map<_, _>>().into())
        .boxed()
}

/// A list whose items each have an id of their own.
fn kinds(item: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let numbered = |items: Vec<Value>| {
        let items = items.into_iter().zip(0..).map(|(mut item, id)| {
            item["Id"] = json!(id * 3);
            item
        });
        items.collect::<Vec<_>>().into()
    };
    vec(item, 0..3).prop_map(numbered).boxed()
}

fn id_values() -> BoxedStrategy<Value> {
    kinds(object(vec![("Value", text(40)), ("Code", text(40))]))
}

fn flags() -> BoxedStrategy<Value> {
    let group = any::<i32>().prop_map(|number| json!(number)).boxed();
    kinds(object(vec![("Name", text(40)), ("Group", group), ("IsSelected", flag())]))
}

fn address() -> BoxedStrategy<Value> {
    let must = || "[a-zå0-9]{1,9}".prop_map(|text| json!(text)).boxed();
    let countries = [(752, "SE"), (752, "sweden"), (578, "no"), (8, "Albania")].map(|(id, text)| json!([id, text]));
    let country = proptest::sample::select(countries.to_vec()).boxed();
    let members = vec![
        ("CareOf", text(40)),
        ("Line1", text(40)),
        ("Line2", text(40)),
        ("Zip", must()),
        ("City", must()),
        ("Country", country),
        ("Region", text(40)),
        ("IsValidated", flag()),
        ("GlobalLocationNo", text(40)),
        ("ShippingPhoneNumber", text(40)),
    ];
    let split = |mut address: Value| {
        let country = address["Country"].take();
        address["CountryId"] = country[0].clone();
        address["Country"] = country[1].clone();
        address
    };
    object(members).prop_map(split).boxed()
}

fn nullable(item: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    prop_oneof![Just(Value::Null), item].boxed()
}

fn list(item: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    vec(item, 0..3).prop_map(Value::Array).boxed()
}

fn email() -> BoxedStrategy<Value> {
    nullable("[a-z]{1,9}@[a-z]{1,9}\\.com".prop_map(|text| json!(text)).boxed())
}

fn company() -> BoxedStrategy<Value> {
    object(vec![
        ("Key", guid()),
        ("Code", text(40)),
        ("Name", "[a-z/]{1,9}".prop_map(|text| json!(text)).boxed()),
        ("OrgNo", text(40)),
        ("Phone", text(40)),
        ("ReferId", number()),
        ("ReferUrl", text(40)),
        ("DeliveryAddresses", list(address())),
        ("InvoiceAddress", nullable(address())),
        ("UseInvoiceAddressAsDeliveryAddress", flag()),
        ("Info", id_values()),
        ("ParentId", number()),
        ("DeliveryMethodIds", numbers()),
        ("PaymentMethodIds", numbers()),
        ("Email", email()),
        ("Flags", flags()),
        ("VatNo", text(40)),
    ])
}

fn customer() -> BoxedStrategy<Value> {
    let account = object(vec![
        ("Key", guid()),
        ("LoginName", "[a-z]{1,9}".prop_map(|text| json!(text)).boxed()),
        ("Name", text(40)),
        ("Roles", numbers()),
        ("Authorizations", id_values()),
    ]);
    object(vec![
        ("Key", guid()),
        ("Code", text(40)),
        ("Email", email()),
        ("SSN", text(40)),
        ("FirstName", text(40)),
        ("LastName", text(40)),
        ("Phone", text(40)),
        ("CellPhone", text(40)),
        ("ReferId", number()),
        ("ReferUrl", text(40)),
        ("Account", nullable(account)),
        ("Companies", list(company())),
        ("DeliveryAddresses", list(address())),
        ("InvoiceAddress", nullable(address())),
        ("Flags", flags()),
        ("UseInvoiceAddressAsDeliveryAddress", flag()),
        ("Info", id_values()),
        ("CrmId", text(40)),
        ("IsActive", flag()),
    ])
}

/// Whether what came back says all that was sent; blank texts and zeros say nothing.
fn says(sent: &Value, back: &Value) -> bool {
    match (sent, back) {
        (Value::Object(sent), Value::Object(back)) => {
            let ignores = sent.get("UseInvoiceAddressAsDeliveryAddress") == Some(&json!(true));
            sent.iter().all(|(name, sent)| {
                let (ignored, invoice) = (ignores && name == "DeliveryAddresses", back.get("InvoiceAddress"));
                let no_invoice = ignores && name == "UseInvoiceAddressAsDeliveryAddress" && invoice.is_none();
                ignored || no_invoice || back.get(name).is_some_and(|back| says(sent, back))
            })
        }
        (Value::Array(sent), Value::Array(back)) => {
            sent.len() == back.len() && sent.iter().zip(back).all(|(sent, back)| says(sent, back))
        }
        (Value::String(text), Value::Null) => text.trim().is_empty(),
        (Value::Number(_), Value::Null) => *sent == json!(0),
        _ => sent == back,
    }
}

proptest! {
    #[test]
    fn everything_sent_comes_back_and_writing_it_back_changes_nothing(body in customer()) {
        let customer = create(&body);
        let back = shown(&customer);
        prop_assert!(says(&body, &back), "{body} came back as {back}");
        let written = updated(&wanted(&back, &plan()), &customer, &plan()).expect("no refusal");
        prop_assert!(written.changes_nothing(&customer.fields), "{written:?}");
        prop_assert_eq!(kept(customer.clone(), written), customer);
    }

    #[test]
    fn an_update_says_what_a_creation_says(first in customer(), second in customer()) {
        let mut second = second;
        second["Account"] = Value::Null;
        second["UseInvoiceAddressAsDeliveryAddress"] = json!(true);
        let customer = update(create(&first), &second);
        let back = shown(&customer);
        for name in ["Code", "Email", "SSN", "FirstName", "Phone", "ReferUrl", "CrmId", "IsActive"] {
            let expected = if says(&second[name], &Value::Null) { &first[name] } else { &second[name] };
            prop_assert!(says(expected, &back[name]), "{} {} {}", name, expected, back[name]);
        }
        let written = updated(&wanted(&back, &plan()), &customer, &plan()).expect("no refusal");
        prop_assert!(written.changes_nothing(&customer.fields), "{written:?}");
    }
}
