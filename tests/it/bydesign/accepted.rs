//! The vendor's samples with valid values: every member of the response, in its order, in both formats.

use serde_json::{Value, json};

use super::{FORMATS, Format, JSON, PATH, PRINTED_JSON, PRINTED_XML, XML, escaped, freeze, id_of, possible};
use crate::support::{Tenant, tenant, with};

/// The members of the response to the sample, in the order of the vendor's samples; null where a member has no value.
fn expected(guid: &str, date_of_birth: &str) -> Vec<(&'static str, Value)> {
    let sample = |number: u8| json!(format!("sample string {number}"));
    let now = json!("2025-11-03T07:40:09-05:00");
    vec![
        ("CustomerID", json!(5)),
        ("CustomerDID", json!("5")),
        ("BCKey", json!(1)),
        ("CustomerTypeID", json!(2)),
        ("FirstName", sample(1)),
        ("LastName", sample(2)),
        ("MI", Value::Null),
        ("Company", sample(6)),
        ("Email", json!("sample@bydesign.example")),
        ("PreferredCulture", json!(2)),
        ("Password", Value::Null),
        ("BillStreet1", sample(18)),
        ("BillStreet2", sample(19)),
        ("BillCity", sample(22)),
        ("BillState", sample(23)),
        ("BillPostalCode", sample(21)),
        ("BillCountry", json!("USA")),
        ("BillCounty", sample(24)),
        ("ShipStreet1", sample(11)),
        ("ShipStreet2", sample(12)),
        ("ShipCity", sample(15)),
        ("ShipState", sample(16)),
        ("ShipPostalCode", sample(14)),
        ("ShipCountry", json!("CANADA")),
        ("ShipCounty", sample(17)),
        ("Phone1", sample(7)),
        ("Phone2", sample(8)),
        ("Phone3", sample(9)),
        ("Phone4", sample(10)),
        ("Phone5", Value::Null),
        ("Phone6", Value::Null),
        ("TaxExemptCodeID", Value::Null),
        ("TaxExempt", json!(false)),
        ("TaxID", sample(28)),
        ("TaxID2", sample(29)),
        ("ReferralMarketTypeID", json!(1)),
        ("ReferralMarketTypeInput", sample(26)),
        ("ReferCustomerID", json!(3)),
        ("CreatedBy", Value::Null),
        ("PasswordResetKey", Value::Null),
        ("PasswordResetExpirationDate", Value::Null),
        ("DateOfBirth", json!(date_of_birth)),
        ("ApplicationDate", now.clone()),
        ("StatusTypeID", json!(1)),
        ("ContactStatusID", json!(1)),
        ("ReciprocalRepID", json!(2)),
        ("LastModifiedBy", Value::Null),
        ("DateLastModified", now.clone()),
        ("RomanizedName", Value::Null),
        ("TaxExemptReasonTypeID", Value::Null),
        ("UpgradeRepID", Value::Null),
        ("PhonesComputed", Value::Null),
        ("CreatedDate", now),
        ("guid", json!(guid)),
        ("AccountNumber", Value::Null),
        ("Gender", Value::Null),
        ("EmailOptOut_Company", json!(false)),
        ("EmailOptOut_Upline", json!(false)),
    ]
}

/// Without nulls.
fn in_json(members: &[(&str, Value)]) -> String {
    let set = members.iter().filter(|(_, value)| !value.is_null());
    let texts: Vec<String> = set.map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", texts.join(","))
}

/// Nulls are empty elements, Booleans begin with a capital letter, dates are in the form of the United States.
fn in_xml(members: &[(&str, Value)]) -> String {
    let element = |(name, value): &(&str, Value)| {
        let text = match value {
            Value::Null => return format!("<{name} />"),
            Value::Bool(value) => (if *value { "True" } else { "False" }).to_owned(),
            Value::String(date) if name.contains("Date") => {
                format!("{}/{}/{} {}", &date[5..7], &date[8..10], &date[..4], &date[11..19])
            }
            Value::String(text) => escaped(text),
            other => other.to_string(),
        };
        format!("<{name}>{text}</{name}>")
    };
    format!("<Customer>{}</Customer>", members.iter().map(element).collect::<String>())
}

/// The vendor's sample in which only the values that are not valid are replaced.
fn valid_sample(format: Format) -> String {
    let (printed, open, close) = match format {
        Format::Json => (PRINTED_JSON, "\"", "\""),
        Format::Xml => (PRINTED_XML, ">", "<"),
        Format::Form => return format.written(&possible()),
    };
    let mut text = printed.to_owned();
    let before: Value = serde_json::from_str(PRINTED_JSON).expect("JSON");
    for (name, value) in possible().as_object().expect("an object") {
        match (&before[name], value) {
            (old, new) if old == new => {}
            (Value::String(old), Value::String(new)) => {
                text = text.replace(&format!("{open}{old}{close}"), &format!("{open}{new}{close}"));
            }
            (old, new) if format == Format::Json => {
                text = text.replace(&format!("\"{name}\": {old}"), &format!("\"{name}\": {new}"));
            }
            (old, new) => text = text.replace(&format!("<{name}>{old}<"), &format!("<{name}>{new}<")),
        }
    }
    text
}

fn guid(tenant: &Tenant) -> String {
    let found = tenant.bydesign().post(super::LOOK_UP, &json!({ "Email": "SAMPLE@bydesign.example" })).json();
    found[0]["guid"].as_str().expect("a guid").to_owned()
}

#[test]
fn the_sample_is_accepted_in_every_format_and_returned_in_both() {
    for format in FORMATS {
        for (accept, content_type) in [("application/json", JSON), ("text/xml", "text/xml; charset=utf-8")] {
            let tenant = tenant();
            freeze(&tenant, "2025-11-03T12:40:09Z");
            let headers = format!("{}Accept: {accept}\r\n", format.header());
            let body = tenant.bydesign().call("POST", PATH, &headers, Some(&valid_sample(format)));
            let body = body.says(200, content_type);
            // XML's sample has no fraction. The database keeps microseconds.
            let fraction = if format == Format::Xml { "" } else { ".736334" };
            let members = expected(&guid(&tenant), &format!("2025-11-03T07:40:09{fraction}-05:00"));
            assert_eq!(members.len(), 58);
            let expected = if content_type == JSON { in_json(&members) } else { in_xml(&members) };
            assert_eq!(body, expected, "{format:?}");
        }
    }
}

#[test]
fn an_empty_customer_is_returned_like_the_empty_sample() {
    let tenant = tenant();
    freeze(&tenant, "2025-07-03T03:40:09.25Z");
    let client = tenant.bydesign();
    let body = client.post(PATH, &json!({})).says(200, JSON);
    let guid = serde_json::from_str::<Value>(&body).expect("JSON")["guid"].clone();
    assert!(guid.as_str().is_some_and(|guid| guid.len() == 36), "{guid}");
    let at = "2025-07-02T23:40:09.25-04:00";
    let expected = format!(
        "{{\"CustomerID\":5,\"CustomerDID\":\"5\",\"BCKey\":1,\"CustomerTypeID\":2,\"PreferredCulture\":1,\"TaxExempt\":false,\
         \"ApplicationDate\":\"{at}\",\"StatusTypeID\":1,\"ContactStatusID\":1,\"DateLastModified\":\"{at}\",\
         \"CreatedDate\":\"{at}\",\"guid\":{guid},\"EmailOptOut_Company\":false,\"EmailOptOut_Upline\":false}}"
    );
    assert_eq!(body, expected);
    let xml = client.call("POST", PATH, Format::Xml.header(), Some("<CustomerCreationViewModel />")).says(200, XML);
    let head = "<Customer><CustomerID>6</CustomerID><CustomerDID>6</CustomerDID><BCKey>1</BCKey>\
                <CustomerTypeID>2</CustomerTypeID><FirstName /><LastName /><MI /><Company /><Email />";
    assert!(xml.starts_with(head), "{xml}");
    assert!(xml.contains("<DateOfBirth /><ApplicationDate>07/02/2025 23:40:09</ApplicationDate>"), "{xml}");
    assert_eq!(xml.matches("/>").count(), 58 - 14);
}

#[test]
fn nulls_blanks_and_zeros_count_as_absent() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let empty = client.created(&json!({}));
    let names: Vec<String> = possible().as_object().expect("an object").keys().cloned().collect();
    let all = |value: Value| names.iter().map(|name| (name.clone(), value.clone())).collect::<Value>();
    let zeros = json!({
        "CustomerType": 0, "PreferredCulture": 0, "DateOfBirth": "0001-01-01T00:00:00", "RepDID": " ", "ReferCustomerID": ""
    });
    for body in [all(Value::Null), all(json!("")), all(json!(" \t")), zeros] {
        let created = client.created(&body);
        let own = json!({ "CustomerID": null, "CustomerDID": null, "guid": null, "ApplicationDate": null, "CreatedDate": null, "DateLastModified": null });
        assert_eq!(with(&created, own.clone()), with(&empty, own), "{body}");
        assert_eq!(super::profile(&tenant, id_of(&created)), json!({}));
    }
    let nil = "<CustomerCreationViewModel xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"><Email i:nil=\"true\"/>\
               <FirstName i:nil='true'></FirstName></CustomerCreationViewModel>";
    assert_eq!(client.create_in(Format::Xml, nil).status, 200);
}

#[test]
fn members_are_read_in_any_case_and_the_last_counts() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let body =
        r#"{"firstname":"A","FIRSTNAME":"B","agreedToTerms":"TRUE","customertype":"3","Phone1":5551111,"Zzz":[1]}"#;
    let reply = client.create_in(Format::Json, body);
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("Zzz"));
    let customer: Value = serde_json::from_str(&reply.says(200, JSON)).expect("JSON");
    assert_eq!(
        (&customer["FirstName"], &customer["CustomerTypeID"], &customer["Phone1"]),
        (&json!("B"), &json!(3), &json!("5551111"))
    );
    assert_eq!(tenant.customer(id_of(&customer))["TermsAccepted"], true);
    // Dates of the vendor's formatter, of the stock formatter, and of other clients.
    for (date, returned) in [
        ("11/03/1980 07:40:09", "1980-11-03T07:40:09-05:00"),
        ("1980-05-01", "1980-05-01T00:00:00-04:00"),
        ("1980-05-01T00:00:00Z", "1980-05-01T00:00:00-04:00"),
        ("1980-05-01T00:00:00+02:00", "1980-04-30T18:00:00-04:00"),
    ] {
        for format in FORMATS {
            let reply =
                client.create_in(format, &format.written(&json!({ "DateOfBirth": date, "AgreedToTerms": "True" })));
            assert_eq!(reply.json()["DateOfBirth"], returned, "{format:?} {date} {reply:?}");
        }
    }
}

#[test]
fn countries_are_found_by_the_names_that_clients_send() {
    let tenant = tenant();
    let client = tenant.bydesign();
    for (sent, code) in [
        ("USA", "US"),
        ("US", "US"),
        ("CANADA", "CA"),
        ("UNITED KINGDOM", "GB"),
        ("KOREA (THE REPUBLIC OF)", "KR"),
        ("HONG KONG", "HK"),
        ("Jersey", "JE"),
        ("DE", "DE"),
    ] {
        let customer = client.created(&json!({ "BillingCountry": sent, "ShippingCountry": sent }));
        assert_eq!((&customer["BillCountry"], &customer["ShipCountry"]), (&json!(sent), &json!(sent)));
        let customer = tenant.customer(id_of(&customer));
        assert_eq!(customer["PrimaryAddress"]["CountryCode"], code, "{sent}");
        assert_eq!(customer["DefaultShippingAddress"]["CountryCode"], code, "{sent}");
    }
}
