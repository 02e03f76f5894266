//! Addresses and other lists.

use serde_json::{Value, json};

use super::*;

#[test]
fn lists_begin_with_what_was_sent_and_keep_the_rest() {
    let customer = create(&full());
    let after = shown(&update_by(
        &partial(),
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
    assert_eq!(column("DeliveryAddresses", "Id"), [5, 3, 2]);
    assert_eq!(column("DeliveryAddresses", "Line1"), ["N", "D 2b", "D 1"]);
    assert_eq!(column("DeliveryAddresses", "City"), ["N", "C", "B"]);
    assert_eq!(column("Companies", "Name"), ["Alm AB", "Ek AB"]);
    assert_eq!(column("Companies", "Phone"), [json!("5"), json!("1")]);
    assert_eq!(column("Flags", "Name"), [json!("six"), json!("VIP")]);
    assert_eq!(column("Flags", "IsSelected"), [true, false]);
    assert_eq!(column("Info", "Id"), [4, 3]);
}

#[test]
fn addresses_without_zip_city_or_country_are_rejected_all_at_once() {
    let body = json!({
        "InvoiceAddress": {}, "DeliveryAddresses": [{ "Zip": "1" }, { "City": "A", "Zip": "2", "CountryId": 998 }],
        "Companies": [{ "DeliveryAddresses": [{ "City": "A", "Zip": "2", "Country": "Narnia" }] }]
    });
    let expected = [
        (Key::InvoiceAddressZipMissing, "InvoiceAddress.Zip is missing."),
        (Key::InvoiceAddressCityMissing, "InvoiceAddress.City is missing."),
        (Key::InvoiceAddressCountryMissing, "InvoiceAddress.Country is missing."),
        (Key::DeliveryAddressCityMissing, "DeliveryAddresses[0].City is missing."),
        (Key::DeliveryAddressCountryMissing, "DeliveryAddresses[0].Country is missing."),
        (Key::DeliveryAddressCountryMissing, "DeliveryAddresses[1].CountryId 998 is not a country."),
        (Key::DeliveryAddressCountryMissing, "Companies[0].DeliveryAddresses[0].Country 'Narnia' is not a country."),
        (Key::InvalidCompanyName, "Companies[0].Name is missing."),
    ];
    assert_eq!(rejections(&nobody(), &body), expected.map(|(key, text)| (key, text.to_owned())));
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
    assert_eq!(address(json!({ "CountryId": 752, "Country": "Svea rike" }), &plan), (json!(752), json!("Svea rike")));
    assert_eq!(address(json!({ "Country": "Österrike" }), &plan), (json!(40), json!("Österrike")));
    assert_eq!(address(json!({}), &plan), (json!(208), json!("DK")));
}

#[test]
fn the_invoice_address_may_be_the_delivery_address_too() {
    let customer = create(&full());
    let body = json!({ "UseInvoiceAddressAsDeliveryAddress": true, "DeliveryAddresses": [{ "Id": 99 }] });
    let written = updated(&wanted(&body, &plan()), &customer, &plan()).expect("no rejection");
    assert_eq!(written.ignored, ["DeliveryAddresses"]);
    let customer = kept(customer, written);
    assert_eq!(customer.customer.shipping_address, customer.customer.primary_address);
    let after = shown(&customer);
    assert_eq!(after["UseInvoiceAddressAsDeliveryAddress"], true);
    assert_eq!(after["DeliveryAddresses"].as_array().map(Vec::len), Some(3));
    // It follows the invoice address, in the same place.
    let invoice = json!({ "Line1": "I 2", "Zip": "4", "City": "D", "Country": "SE" });
    let customer = update(customer, &json!({ "InvoiceAddress": invoice }));
    assert_eq!(shown(&customer)["DeliveryAddresses"][0]["Line1"], "I 2");
    assert_eq!(shown(&customer)["DeliveryAddresses"].as_array().map(Vec::len), Some(3));
    // Delivery addresses of its own end it.
    let customer = update_by(&partial(), customer, &json!({ "DeliveryAddresses": [{ "Id": 2 }] }));
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
    let customer = update_by(&partial(), customer, &body).customer;
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
    assert_eq!((&after["DeliveryAddresses"][0]["Id"], &after["DeliveryAddresses"][1]["Id"]), (&json!(5), &json!(3)));
}

#[test]
fn a_company_may_take_its_invoice_address_for_its_deliveries() {
    let customer = create(&full());
    let body = json!({ "Companies": [
        { "Id": 101, "UseInvoiceAddressAsDeliveryAddress": true, "DeliveryAddresses": [{ "Id": 99 }] },
        { "Id": 102, "InvoiceAddress": { "Zip": "1", "City": "B", "CountryId": 752 } }
    ] });
    let written = updated(&wanted(&body, &plan()), &customer, &plan()).expect("no rejection");
    assert_eq!(written.ignored, ["Companies[0].DeliveryAddresses"]);
    let after = shown(&kept(customer, written));
    let first = &after["Companies"][0];
    assert_eq!((&first["InvoiceAddress"]["Id"], &first["DeliveryAddresses"][0]["Id"]), (&json!(4), &json!(5)));
    assert_eq!((&first["DeliveryAddresses"][0]["City"], &first["OrgNo"]), (&json!("A"), &json!("556")));
    assert_eq!(first["UseInvoiceAddressAsDeliveryAddress"], true);
    assert_eq!(after["Companies"][1]["InvoiceAddress"]["Id"], 6);
}

#[test]
fn a_delivery_address_that_becomes_the_invoice_address_again_moves_to_the_front() {
    let customer = create(&json!({
        "InvoiceAddress": { "Zip": "1", "City": "A", "Country": "SE" },
        "DeliveryAddresses": [
            { "Zip": "2", "City": "B", "Country": "SE" },
            { "Zip": "1", "City": "A", "CountryId": 752, "ShippingPhoneNumber": "3" }
        ]
    }));
    let after = shown(&update(customer, &json!({ "UseInvoiceAddressAsDeliveryAddress": true })));
    let first = &after["DeliveryAddresses"][0];
    assert_eq!((&first["Id"], &first["ShippingPhoneNumber"]), (&json!(3), &json!("3")));
    assert_eq!(after["DeliveryAddresses"].as_array().map(Vec::len), Some(2));
}

#[test]
fn without_an_invoice_address_the_delivery_addresses_stay() {
    let customer = create(&json!({ "DeliveryAddresses": [{ "Zip": "2", "City": "B", "Country": "SE" }] }));
    let body = json!({ "UseInvoiceAddressAsDeliveryAddress": true });
    let written = updated(&wanted(&body, &plan()), &customer, &plan()).expect("no rejection");
    assert_eq!(written.ignored, ["UseInvoiceAddressAsDeliveryAddress"]);
    assert!(written.changes_nothing(&customer.fields));
}

#[test]
fn an_unknown_country_is_spelled_out_and_an_id_that_changes_drops_the_spelling() {
    let customer = create(&full());
    let after = shown(&update_by(
        &partial(),
        customer.clone(),
        &json!({ "InvoiceAddress": { "CountryId": 578, "Country": "SE" }, "DeliveryAddresses": [{ "Id": 3, "CountryId": 752 }] }),
    ));
    assert_eq!(after["InvoiceAddress"]["Country"], "NO");
    assert_eq!(after["DeliveryAddresses"][0]["Country"], "Sweden");
    let rejected = rejections_by(&partial(), &customer, &json!({ "InvoiceAddress": { "Country": "Narnia" } }));
    let text = "InvoiceAddress.Country 'Narnia' is not a country.";
    assert_eq!(rejected, [(Key::InvoiceAddressCountryMissing, text.to_owned())]);
}

#[test]
fn what_could_not_be_read_is_not_called_missing_too() {
    let (long, [length, value]) = ("x".repeat(256), [Key::InvalidLength, Key::InvalidValue]);
    let body = json!({
        "Account": { "LoginName": long }, "InvoiceAddress": { "Zip": [1], "City": long, "CountryId": null },
        "DeliveryAddresses": [{ "Zip": "1", "City": "A", "Country": long }], "Companies": [{ "Name": long }]
    });
    assert_eq!(keys(&nobody(), &body), [length, length, length, value, length, value]);
}

#[test]
fn what_is_kept_completes_an_address_only_where_the_plan_says_so() {
    let [zip, city, country] =
        [Key::InvoiceAddressZipMissing, Key::InvoiceAddressCityMissing, Key::InvoiceAddressCountryMissing];
    let delivery =
        [Key::DeliveryAddressZipMissing, Key::DeliveryAddressCityMissing, Key::DeliveryAddressCountryMissing];
    let customer = create(&full());
    for (body, expected) in [
        (json!({ "InvoiceAddress": {} }), vec![zip, city, country]),
        (json!({ "InvoiceAddress": { "Id": 1, "Line1": "I 2" } }), vec![zip, city, country]),
        (json!({ "InvoiceAddress": { "City": "E", "CountryId": 578 } }), vec![zip]),
        (json!({ "InvoiceAddress": { "Zip": "5", "City": "", "Country": "NO" } }), vec![city]),
        (json!({ "InvoiceAddress": { "Zip": "5", "City": "E", "CountryId": 0 } }), vec![country]),
        (json!({ "DeliveryAddresses": [{ "Id": 3 }] }), delivery.to_vec()),
        (json!({ "DeliveryAddresses": [{ "Id": 2, "City": "B", "Country": "Sverige" }] }), vec![delivery[0]]),
        (json!({ "Companies": [{ "Id": 101, "InvoiceAddress": { "Zip": "1", "City": "A" } }] }), vec![country]),
    ] {
        assert_eq!(keys(&customer, &body), expected, "{body}");
        update_by(&partial(), customer.clone(), &body);
    }
}

#[test]
fn both_addresses_are_sent_where_the_one_is_not_the_other() {
    let customer = create(&full());
    let whole = json!({ "Zip": "1", "City": "A", "Country": "SE" });
    let says = |name: &str, value: Value| json!({ "UseInvoiceAddressAsDeliveryAddress": false, name: value });
    let why = "is missing: UseInvoiceAddressAsDeliveryAddress is false, so both addresses must be sent.";
    let company = json!([{ "Id": 101, "UseInvoiceAddressAsDeliveryAddress": false, "InvoiceAddress": whole.clone() }]);
    for (body, path, is_delivery) in [
        (says("InvoiceAddress", whole.clone()), "DeliveryAddresses", true),
        (says("DeliveryAddresses", json!([whole.clone()])), "InvoiceAddress", false),
        (json!({ "Companies": company }), "Companies[0].DeliveryAddresses", true),
    ] {
        let keys = if is_delivery {
            [Key::DeliveryAddressZipMissing, Key::DeliveryAddressCityMissing, Key::DeliveryAddressCountryMissing]
        } else {
            [Key::InvoiceAddressZipMissing, Key::InvoiceAddressCityMissing, Key::InvoiceAddressCountryMissing]
        };
        let expected: Vec<_> = keys
            .into_iter()
            .zip(["Zip", "City", "Country"])
            .map(|(key, part)| (key, format!("{path}.{part} {why}")))
            .collect();
        assert_eq!(rejections(&customer, &body), expected, "{body}");
        update_by(&partial(), customer.clone(), &body);
    }
    // Neither is no change of an address, and both are both.
    update(customer.clone(), &says("Phone", json!("1")));
    let both = joined(says("InvoiceAddress", whole.clone()), &json!({ "DeliveryAddresses": [whole] }));
    assert_eq!(shown(&update(customer, &both))["DeliveryAddresses"].as_array().map(Vec::len), Some(3));
}

/// An object with the members of another.
fn joined(mut object: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        object[name] = value.clone();
    }
    object
}
