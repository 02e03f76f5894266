//! Addresses and other lists.

use serde_json::{Value, json};

use super::*;

#[test]
fn lists_start_with_the_sent_items_and_keep_the_others() {
    let customer = create(&full());
    let after = response(&update_by(
        &partial_addresses(),
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
        (ErrorCode::InvoiceAddressZipMissing, "InvoiceAddress.Zip is missing."),
        (ErrorCode::InvoiceAddressCityMissing, "InvoiceAddress.City is missing."),
        (ErrorCode::InvoiceAddressCountryMissing, "InvoiceAddress.Country is missing."),
        (ErrorCode::DeliveryAddressCityMissing, "DeliveryAddresses[0].City is missing."),
        (ErrorCode::DeliveryAddressCountryMissing, "DeliveryAddresses[0].Country is missing."),
        (ErrorCode::DeliveryAddressCountryMissing, "DeliveryAddresses[1].CountryId 998 is not a country."),
        (
            ErrorCode::DeliveryAddressCountryMissing,
            "Companies[0].DeliveryAddresses[0].Country 'Narnia' is not a country.",
        ),
        (ErrorCode::InvalidCompanyName, "Companies[0].Name is missing."),
    ];
    assert_eq!(rejections(&empty_customer(), &body), expected.map(|(code, text)| (code, text.to_owned())));
}

#[test]
fn the_country_comes_from_its_id_then_its_code_then_the_plan() {
    let address = |country: Value, plan: &StormPlan| {
        let mut body = json!({ "InvoiceAddress": { "Zip": "1", "City": "A" } });
        body["InvoiceAddress"].as_object_mut().expect("an object").extend(country.as_object().expect("one").clone());
        let after = response(&update_by(plan, empty_customer(), &body));
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
    let changes = changes(&customer, &body);
    assert_eq!(changes.ignored, ["DeliveryAddresses"]);
    let customer = stored(customer, changes);
    assert_eq!(customer.customer.shipping_address, customer.customer.primary_address);
    let after = response(&customer);
    assert_eq!(after["UseInvoiceAddressAsDeliveryAddress"], true);
    assert_eq!(after["DeliveryAddresses"].as_array().map(Vec::len), Some(3));
    // It follows the invoice address, in the same place.
    let invoice = json!({ "Line1": "I 2", "Zip": "4", "City": "D", "Country": "SE" });
    let customer = update(customer, &json!({ "InvoiceAddress": invoice }));
    assert_eq!(response(&customer)["DeliveryAddresses"][0]["Line1"], "I 2");
    assert_eq!(response(&customer)["DeliveryAddresses"].as_array().map(Vec::len), Some(3));
    // Delivery addresses without the flag end it.
    let customer = update_by(&partial_addresses(), customer, &json!({ "DeliveryAddresses": [{ "Id": 2 }] }));
    assert_eq!(response(&customer)["UseInvoiceAddressAsDeliveryAddress"], false);
    assert_eq!(response(&customer)["DeliveryAddresses"][0]["Line1"], "D 1");
}

#[test]
fn the_flag_is_false_after_another_api_changes_the_delivery_address() {
    let mut customer = create(&json!({
        "UseInvoiceAddressAsDeliveryAddress": true, "InvoiceAddress": { "Zip": "1", "City": "A", "Country": "SE" }
    }));
    assert_eq!(response(&customer)["UseInvoiceAddressAsDeliveryAddress"], true);
    customer.customer.shipping_address.city = Some("B".to_owned());
    customer.customer.shipping_address.country_code = Some("NO".to_owned());
    let after = response(&customer);
    assert_eq!(after["UseInvoiceAddressAsDeliveryAddress"], false);
    let first = &after["DeliveryAddresses"][0];
    assert_eq!((&first["City"], &first["CountryId"], &first["Country"]), (&json!("B"), &json!(578), &json!("NO")));
}

#[test]
fn values_of_other_apis_are_returned_and_kept() {
    let mut customer = empty_customer();
    let address = |street: &str| model::Address {
        street1: Some(street.to_owned()),
        street3: Some("third".to_owned()),
        city: Some("A".to_owned()),
        postal_code: Some("1".to_owned()),
        country_code: Some("SE".to_owned()),
        ..model::Address::default()
    };
    customer.customer.primary_address = address("I");
    customer.customer.shipping_address = address("D");
    customer.customer.username = Some("eva".to_owned());
    let after = response(&customer);
    assert_eq!((&after["InvoiceAddress"]["Id"], &after["DeliveryAddresses"][0]["Id"]), (&json!(1), &json!(2)));
    assert_eq!((&after["Account"]["Id"], &after["Account"]["LoginName"]), (&json!(7), &json!("eva")));
    let body = json!({ "DeliveryAddresses": [{ "Id": 2, "Line1": "D 2" }], "InvoiceAddress": { "Line1": "I 2" } });
    let customer = update_by(&partial_addresses(), customer, &body).customer;
    assert_eq!(customer.shipping_address, address("D 2"));
    assert_eq!(customer.primary_address, address("I 2"));
}

#[test]
fn a_delivery_address_that_another_api_removed_is_gone_and_its_id_is_not_used_again() {
    let mut customer = create(&full());
    customer.customer.shipping_address = model::Address::default();
    assert_eq!(response(&customer)["DeliveryAddresses"][0]["Id"], 3);
    let added = json!({ "DeliveryAddresses": [{ "Zip": "1", "City": "A", "Country": "SE" }] });
    let after = response(&update(customer, &added));
    assert_eq!((&after["DeliveryAddresses"][0]["Id"], &after["DeliveryAddresses"][1]["Id"]), (&json!(5), &json!(3)));
}

#[test]
fn the_invoice_address_of_a_company_may_be_its_delivery_address_too() {
    let customer = create(&full());
    let body = json!({ "Companies": [
        { "Id": 101, "UseInvoiceAddressAsDeliveryAddress": true, "DeliveryAddresses": [{ "Id": 99 }] },
        { "Id": 102, "InvoiceAddress": { "Zip": "1", "City": "B", "CountryId": 752 } }
    ] });
    let changes = changes(&customer, &body);
    assert_eq!(changes.ignored, ["Companies[0].DeliveryAddresses"]);
    let after = response(&stored(customer, changes));
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
    let after = response(&update(customer, &json!({ "UseInvoiceAddressAsDeliveryAddress": true })));
    let first = &after["DeliveryAddresses"][0];
    assert_eq!((&first["Id"], &first["ShippingPhoneNumber"]), (&json!(3), &json!("3")));
    assert_eq!(after["DeliveryAddresses"].as_array().map(Vec::len), Some(2));
}

#[test]
fn without_an_invoice_address_the_delivery_addresses_stay() {
    let customer = create(&json!({ "DeliveryAddresses": [{ "Zip": "2", "City": "B", "Country": "SE" }] }));
    let body = json!({ "UseInvoiceAddressAsDeliveryAddress": true });
    let changes = changes(&customer, &body);
    assert_eq!(changes.ignored, ["UseInvoiceAddressAsDeliveryAddress"]);
    assert!(changes.is_empty(&customer.fields));
}

#[test]
fn a_new_country_id_replaces_the_spelling_and_an_unknown_country_is_rejected() {
    let customer = create(&full());
    let after = response(&update_by(
        &partial_addresses(),
        customer.clone(),
        &json!({ "InvoiceAddress": { "CountryId": 578, "Country": "SE" }, "DeliveryAddresses": [{ "Id": 3, "CountryId": 752 }] }),
    ));
    assert_eq!(after["InvoiceAddress"]["Country"], "NO");
    assert_eq!(after["DeliveryAddresses"][0]["Country"], "Sweden");
    let rejections =
        rejections_by(&partial_addresses(), &customer, &json!({ "InvoiceAddress": { "Country": "Narnia" } }));
    let text = "InvoiceAddress.Country 'Narnia' is not a country.";
    assert_eq!(rejections, [(ErrorCode::InvoiceAddressCountryMissing, text.to_owned())]);
}

#[test]
fn an_unreadable_member_is_not_also_reported_as_missing() {
    let (long, [length, value]) = ("x".repeat(256), [ErrorCode::InvalidLength, ErrorCode::InvalidValue]);
    let body = json!({
        "Account": { "LoginName": long }, "InvoiceAddress": { "Zip": [1], "City": long, "CountryId": null },
        "DeliveryAddresses": [{ "Zip": "1", "City": "A", "Country": long }], "Companies": [{ "Name": long }]
    });
    assert_eq!(codes(&empty_customer(), &body), [length, length, length, value, length, value]);
}

#[test]
fn stored_values_complete_an_address_only_if_the_plan_says_so() {
    let [zip, city, country] = [
        ErrorCode::InvoiceAddressZipMissing,
        ErrorCode::InvoiceAddressCityMissing,
        ErrorCode::InvoiceAddressCountryMissing,
    ];
    let delivery = [
        ErrorCode::DeliveryAddressZipMissing,
        ErrorCode::DeliveryAddressCityMissing,
        ErrorCode::DeliveryAddressCountryMissing,
    ];
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
        assert_eq!(codes(&customer, &body), expected, "{body}");
        update_by(&partial_addresses(), customer.clone(), &body);
    }
}

#[test]
fn a_false_flag_requires_both_addresses() {
    let customer = create(&full());
    let whole = json!({ "Zip": "1", "City": "A", "Country": "SE" });
    let with_false_flag =
        |name: &str, value: Value| json!({ "UseInvoiceAddressAsDeliveryAddress": false, name: value });
    let why = "is missing: UseInvoiceAddressAsDeliveryAddress is false, so both addresses must be sent.";
    let company = json!([{ "Id": 101, "UseInvoiceAddressAsDeliveryAddress": false, "InvoiceAddress": whole.clone() }]);
    for (body, path, is_delivery) in [
        (with_false_flag("InvoiceAddress", whole.clone()), "DeliveryAddresses", true),
        (with_false_flag("DeliveryAddresses", json!([whole.clone()])), "InvoiceAddress", false),
        (json!({ "Companies": company }), "Companies[0].DeliveryAddresses", true),
    ] {
        let codes = if is_delivery {
            [
                ErrorCode::DeliveryAddressZipMissing,
                ErrorCode::DeliveryAddressCityMissing,
                ErrorCode::DeliveryAddressCountryMissing,
            ]
        } else {
            [
                ErrorCode::InvoiceAddressZipMissing,
                ErrorCode::InvoiceAddressCityMissing,
                ErrorCode::InvoiceAddressCountryMissing,
            ]
        };
        let expected: Vec<_> = codes
            .into_iter()
            .zip(["Zip", "City", "Country"])
            .map(|(code, part)| (code, format!("{path}.{part} {why}")))
            .collect();
        assert_eq!(rejections(&customer, &body), expected, "{body}");
        update_by(&partial_addresses(), customer.clone(), &body);
    }
    // Both addresses, or none of them, are accepted.
    update(customer.clone(), &with_false_flag("Phone", json!("1")));
    let both = joined(with_false_flag("InvoiceAddress", whole.clone()), &json!({ "DeliveryAddresses": [whole] }));
    assert_eq!(response(&update(customer, &both))["DeliveryAddresses"].as_array().map(Vec::len), Some(3));
}

/// An object with the members of another.
fn joined(mut object: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        object[name] = value.clone();
    }
    object
}
