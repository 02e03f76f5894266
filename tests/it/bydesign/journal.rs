//! The journal's entries for this API, and the secrets that they leave out.

use serde_json::{Value, json};

use super::{FORMATS, Format, JSON, casey, possible};
use crate::support::{tenant, with};

fn change<'a>(entry: &'a Value, table: &str) -> &'a Value {
    let found = entry["changes"].as_array().expect("changes").iter().find(|change| change["table"] == table);
    found.unwrap_or_else(|| panic!("{table} in {entry}"))
}

fn field(change: &Value, name: &str) -> Value {
    let found = change["fields"].as_array().expect("fields").iter().find(|field| field["field"] == name);
    found.unwrap_or_else(|| panic!("{name} in {change}"))["after"].clone()
}

#[test]
fn a_creation_is_recorded_with_its_changes() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let body = with(&possible(), json!({ "CustomerType": 1, "DateOfBirth": "1980-05-01", "Zzz": 1, "MI": "x" }));
    let path = "/AdaptureDemo/API/Users/customer?x=1";
    let reply = client.post(path, &body);
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("MI, Zzz"));
    let text = reply.says(200, JSON);
    let entry = tenant.requests("")[0].clone();
    for (member, value) in [
        ("operation", json!("ByDesignCreateCustomer")),
        ("route", json!("/api/users/customer")),
        ("method", json!("POST")),
        ("path", json!(path)),
        ("customer", json!(5)),
        ("status", json!(200)),
        ("reasons", json!([])),
        ("ignored", json!(["MI", "Zzz"])),
        ("dry_run", json!(false)),
    ] {
        assert_eq!(entry[member], value, "{member}");
    }
    assert!(entry["key"].as_str().is_some_and(|name| !name.is_empty()), "{entry}");
    let customer = change(&entry, "customers");
    assert_eq!((&customer["id"], field(customer, "first_name")), (&json!("5"), json!("sample string 1")));
    assert_eq!((field(customer, "tax_id"), field(customer, "password_hash")), (json!("•••"), json!("•••")));
    assert_eq!(field(change(&entry, "sponsor_tree"), "upline_id"), 2);
    let kept = field(change(&entry, "customer_profiles"), "fields").to_string();
    assert!(kept.contains("ShippingCounty") && kept.contains("sample string 17"), "{kept}");
    assert!(!kept.contains("sample string 29"), "{kept}");
    // The response without its secrets.
    let recorded = entry["response_body"]["text"].as_str().expect("a text").to_owned();
    assert_eq!(recorded, text.replace("sample string 28", "•••").replace("sample string 29", "•••"));
    // A diff of tenants leaves them out too.
    let name = tenant.name();
    let diff = crate::support::control::control("GET", &format!("/diff?from={name}@seed&to={name}"), None).done(200);
    let diff = diff.to_string();
    assert!(diff.contains("sample string 17"), "{diff}");
    assert!(!diff.contains("sample string 28") && !diff.contains("sample string 29"), "{diff}");
    // A look-up has no changes.
    client.post(super::LOOK_UP, &json!({ "Email": "sample@bydesign.example" })).says(200, JSON);
    let entry = &tenant.requests("")[0];
    assert_eq!((&entry["operation"], &entry["changes"]), (&json!("ByDesignCustomerLookup"), &json!([])));
}

#[test]
fn a_rejection_is_recorded_with_its_reasons() {
    let tenant = tenant();
    let client = tenant.bydesign();
    client
        .post(
            super::PATH,
            &json!({ "Email": "not-an-address", "BillingCountry": "CA", "CustomerType": 9, "TaxID": "x".repeat(51) }),
        )
        .says(400, JSON);
    let entry = tenant.requests("")[0].clone();
    let reasons: Vec<(&str, &str)> = entry["reasons"]
        .as_array()
        .expect("reasons")
        .iter()
        .map(|reason| (reason["field"].as_str().expect("a field"), reason["rule"].as_str().expect("a rule")))
        .collect();
    assert_eq!(
        reasons,
        [("Email", "INVALID"), ("BillingCountry", "UNKNOWN"), ("TaxID", "TOO_LONG"), ("CustomerType", "UNKNOWN")]
    );
    assert_eq!(entry["reasons"][1]["message"], "The value 'CA' is not valid for BillingCountry.");
    assert_eq!((&entry["changes"], &entry["status"]), (&json!([]), &json!(400)));
    for (headers, body, status, field, rule) in [
        (FORMATS[0].header(), "{", 400, "$", "BODY_INVALID"),
        (FORMATS[1].header(), "", 400, "$", "BODY_EMPTY"),
        ("Content-Type: text/plain\r\n", "x", 415, "$", "rejected"),
    ] {
        client.call("POST", super::PATH, headers, Some(body));
        let entry = &tenant.requests("")[0];
        assert_eq!(
            (&entry["status"], &entry["reasons"][0]["field"], &entry["reasons"][0]["rule"]),
            (&json!(status), &json!(field), &json!(rule))
        );
    }
    // An unknown path is recorded with similar operations.
    client.post("/api/users/customers", &json!({}));
    let entry = &tenant.requests("")[0];
    assert_eq!((&entry["status"], &entry["reasons"][0]["rule"]), (&json!(404), &json!("noSuchOperation")));
    assert_eq!(entry["did_you_mean"][0], "POST /api/users/customer (ByDesignCreateCustomer)");
}

#[test]
fn no_secret_is_recorded_in_any_format() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let secret = "Xq7-hidden";
    let secrets = json!({ "Password": format!("{secret},{secret}"), "TaxID": format!("{secret};{secret}"), "TaxID2": format!("{secret} \"{secret}\" {secret}") });
    for format in FORMATS {
        for (accept, customer_type) in [("application/json", 2), ("application/xml", 9)] {
            let own = json!({ "Email": format!("{format:?}{customer_type}@x.example"), "CustomerType": customer_type });
            let body = with(
                &with(&with(&casey(), own), secrets.clone()),
                json!({ "TaxID": format!("{secret};{secret}{format:?}") }),
            );
            let headers = format!("{}Accept: {accept}\r\n", format.header());
            client.call("POST", super::PATH, &headers, Some(&format.written(&body)));
        }
    }
    let xml = |content: &str| format!("<CustomerCreationViewModel>{content}</CustomerCreationViewModel>");
    let documents = [
        format!("<Password><![CDATA[{secret}]]></Password>"),
        format!("<Password><!-- a --> {secret}</Password>"),
        format!("<Password a=\"b\">{secret}</Password>"),
        format!("<Password a='>'>{secret}</Password>"),
        format!("<b:TaxID2 xmlns:b=\"c\">{secret}</b:TaxID2>"),
        format!("<TaxID\n>{secret}\n{secret}</TaxID\n>"),
        format!("<Password>{secret}<b>{secret}</b>{secret}</Password>"),
        format!("<Password>a&amp;{secret}</Password>"),
        format!("<Password>a&{secret}</Password>"),
        format!("<Password><?x y?>{secret}</Password>"),
        format!("<Password>{secret}"),
        format!("<Password/><TaxID>{secret}</TaxID>"),
    ];
    for content in &documents {
        client.create_in(Format::Xml, &xml(content));
    }
    let forms = [
        format!("Pass%77ord={secret}"),
        format!("%50assword={secret}&a=b"),
        format!("Password={secret},{secret}"),
        format!("Password={secret}\n{secret}"),
        format!("Password=\"{secret}\"{secret}"),
        format!("Password={{{secret}"),
        format!("a=b&TaxID2=<{secret}>{secret}"),
    ];
    for form in &forms {
        client.create_in(Format::Form, form);
    }
    let jsons = [
        format!(r#"{{"Password":["{secret}","{secret}"]}}"#),
        format!(r#"{{"Password":"a\"{secret}"}}"#),
        format!(r#"{{"Pass\u0077ord":"{secret}"}}"#),
        format!(r#"{{"TaxID":{{"a":"{secret}"}},"b":1}}"#),
        format!(r#"{{"taxid2" : "{secret}"#),
    ];
    for json in &jsons {
        client.create_in(Format::Json, json);
    }
    client.post(&format!("/api/users/customer?Password={secret}&TaxID2={secret},{secret}"), &json!({}));
    let entries = tenant.requests("?limit=1000");
    assert_eq!(entries.len(), 6 + documents.len() + forms.len() + jsons.len() + 1);
    for entry in &entries {
        let text = entry.to_string();
        assert!(
            !text.contains("hidden"),
            "{:#}",
            json!({ "request": entry["request_body"], "response": entry["response_body"], "path": entry["path"], "changes": entry["changes"] })
        );
    }
    let recorded = entries
        .iter()
        .filter(|entry| entry["request_body"]["text"].as_str().is_some_and(|text| text.contains("Casey")));
    assert_eq!(recorded.count(), 6, "values that are not secret are recorded");
}
