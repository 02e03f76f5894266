//! A response contains what was sent, and sending it back changes nothing.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::*;
use crate::support::{tenant, tenant_with, with};

/// Checks that a response contains what was sent: the same texts and numbers, and lists in the same order.
#[track_caller]
fn holds(returned: &Value, sent: &Value, path: &str) {
    match (returned, sent) {
        (_, Value::Null) => {}
        (_, Value::String(text)) if text.trim().is_empty() => {}
        (_, Value::Number(number)) if number.as_i64() == Some(0) => {}
        (Value::Object(returned), Value::Object(sent)) => {
            for (name, value) in sent {
                holds(&returned[name], value, &format!("{path}.{name}"));
            }
        }
        (Value::Array(returned), Value::Array(sent)) => {
            assert_eq!(returned.len(), sent.len(), "{path}");
            for (place, (returned, sent)) in returned.iter().zip(sent).enumerate() {
                holds(returned, sent, &format!("{path}[{place}]"));
            }
        }
        (returned, sent) => assert_eq!(returned, sent, "{path}"),
    }
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![1 => Just(Value::Null), 4 => "[ -~åß€😀\t]{0,30}".prop_map(|text| json!(text))]
}

fn word() -> impl Strategy<Value = Value> {
    "[a-zåA-Z0-9/]{1,9}".prop_map(|text| json!(text))
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), any::<i32>().prop_map(|number| json!(number))]
}

fn kinds(items: Vec<Value>) -> Value {
    let numbered = items.into_iter().zip(0..).map(|(item, id)| with(&item, json!({ "Id": id * 7 })));
    Value::Array(numbered.collect())
}

fn flags() -> impl Strategy<Value = Value> {
    let flag = (text(), any::<i32>(), any::<bool>())
        .prop_map(|(name, group, selected)| json!({ "Name": name, "Group": group, "IsSelected": selected }));
    vec(flag, 0..3).prop_map(kinds)
}

fn values() -> impl Strategy<Value = Value> {
    let value = (text(), text()).prop_map(|(value, code)| json!({ "Value": value, "Code": code }));
    vec(value, 0..3).prop_map(kinds)
}

fn address() -> impl Strategy<Value = Value> {
    let country = proptest::sample::select(vec![(752, "SE"), (752, "sweden"), (578, "no"), (8, "Albania")]);
    let texts = [text().boxed(), text().boxed(), text().boxed(), text().boxed(), text().boxed(), text().boxed()];
    (texts, word(), word(), country, any::<bool>()).prop_map(|(texts, zip, city, (id, country), is_validated)| {
        let [care_of, line1, line2, region, number, phone] = texts;
        json!({
            "CareOf": care_of, "Line1": line1, "Line2": line2, "Zip": zip, "City": city, "CountryId": id, "Country": country,
            "Region": region, "IsValidated": is_validated, "GlobalLocationNo": number, "ShippingPhoneNumber": phone
        })
    })
}

fn addresses() -> impl Strategy<Value = Value> {
    vec(address(), 0..3).prop_map(Value::Array)
}

fn numbers() -> impl Strategy<Value = Value> {
    vec(any::<i32>(), 0..3).prop_map(|numbers| json!(numbers))
}

fn company() -> impl Strategy<Value = Value> {
    let texts = [text().boxed(), text().boxed(), text().boxed(), text().boxed()];
    let lists = [numbers().boxed(), numbers().boxed(), flags().boxed(), values().boxed(), addresses().boxed()];
    (texts, lists, word(), prop::option::of(address()), number(), number()).prop_map(
        |(texts, lists, name, invoice, refer_id, parent_id)| {
            let [code, phone, refer_url, vat_no] = texts;
            let [delivery_methods, payment_methods, flags, info, deliveries] = lists;
            json!({
                "Code": code, "Name": name, "Phone": phone, "ReferId": refer_id, "ReferUrl": refer_url,
                "DeliveryAddresses": deliveries, "InvoiceAddress": invoice, "Info": info, "ParentId": parent_id,
                "DeliveryMethodIds": delivery_methods, "PaymentMethodIds": payment_methods, "Flags": flags, "VatNo": vat_no
            })
        },
    )
}

fn any_customer() -> impl Strategy<Value = Value> {
    let texts: [BoxedStrategy<Value>; 8] = std::array::from_fn(|_| text().boxed());
    let lists =
        [addresses().boxed(), flags().boxed(), values().boxed(), vec(company(), 0..3).prop_map(Value::Array).boxed()];
    let account = prop::option::of((text(), numbers(), values()));
    (texts, lists, account, prop::option::of(address()), number(), any::<bool>()).prop_map(
        |(texts, lists, account, invoice, refer_id, is_active)| {
            let [code, ssn, first_name, last_name, phone, cell_phone, refer_url, crm_id] = texts;
            let [deliveries, flags, info, companies] = lists;
            let account =
                account.map(|(name, roles, values)| json!({ "Name": name, "Roles": roles, "Authorizations": values }));
            json!({
                "Code": code, "SSN": ssn, "FirstName": first_name, "LastName": last_name, "Phone": phone,
                "CellPhone": cell_phone, "ReferId": refer_id, "ReferUrl": refer_url, "CrmId": crm_id, "Account": account,
                "Companies": companies, "DeliveryAddresses": deliveries, "InvoiceAddress": invoice, "Flags": flags,
                "Info": info, "IsActive": is_active
            })
        },
    )
}

#[test]
fn a_response_contains_the_request_and_can_be_sent_back() {
    // A response with only one address has a false flag, so sending it back would require the other address.
    let tenant = tenant_with(json!({ "storm": { "partial_addresses": true } }));
    let storm = tenant.storm();
    let bytes = |body: &Value, operation: &str| {
        let reply = storm.post(&path(operation, "&updatedBy=1"), body);
        (reply.header("X-Emulator-Ignored").map(str::to_owned), reply.says(200, JSON))
    };
    let mut number = 0;
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let every = |sent: Value| {
        number += 1;
        // Unique values.
        let mut sent = with(&sent, json!({ "Email": format!("n{number}@any.example") }));
        for name in ["SSN", "Code"] {
            if sent[name].as_str().is_some_and(|text| !text.trim().is_empty()) {
                sent[name] = json!(format!("{number} {}", sent[name].as_str().unwrap_or_default()));
            }
        }
        let (operation, sent) = if number % 2 == 0 {
            ("CreateCustomer", sent)
        } else {
            let id = created(&storm, &json!({}))["Id"].clone();
            ("UpdateCustomer", with(&sent, json!({ "Id": id })))
        };
        let (ignored, text) = bytes(&sent, operation);
        assert_eq!(ignored, None);
        let returned: Value = serde_json::from_str(&text).expect("JSON");
        holds(&returned, &sent, "$");
        assert_eq!(customer(&storm, returned["Id"].as_i64().expect("an id")), returned);
        // Sending it back, with its dates, changes nothing, not even the version of a row.
        let versions = || {
            tenant.rows("select xmin::text, customer_id from customers where tenant_id = {tenant} order by customer_id")
        };
        let before = (versions(), tenant.everything());
        let (ignored, again) = bytes(&returned, "UpdateCustomer");
        assert_eq!(again, text);
        assert_eq!(ignored.as_deref(), Some("Created, Updated"));
        assert_eq!((versions(), tenant.everything()), before);
        Ok(())
    };
    let every = std::cell::RefCell::new(every);
    runner.run(&any_customer(), |sent| (every.borrow_mut())(sent)).expect("all come back");
}

#[test]
fn texts_are_returned_unchanged() {
    let tenant = tenant();
    let storm = tenant.storm();
    for text in ["a/b\\c\"d", "åäö ß €", "😀", "\ttab\r\nline", "<b>&amp;</b>", "null", "0", " leading", "\u{2028}x"]
    {
        let body = json!({ "Id": 3, "FirstName": text, "CrmId": text, "Info": [{ "Id": 1, "Value": text }] });
        let returned = updated(&storm, &body);
        assert_eq!(
            (&returned["FirstName"], &returned["CrmId"], &returned["Info"][0]["Value"]),
            (&json!(text), &json!(text), &json!(text))
        );
        assert_eq!(tenant.customer(3)["FirstName"], text);
        assert_eq!(customer(&storm, 3), returned);
    }
}
