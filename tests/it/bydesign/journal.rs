//! What the journal says of a call at this door, and what it never says.

use serde_json::{Value, json};

use super::{FORMATS, Format, JSON, casey, possible};
use crate::support::{tenant, with};

fn change<'a>(call: &'a Value, table: &str) -> &'a Value {
    let found = call["changes"].as_array().expect("changes").iter().find(|change| change["table"] == table);
    found.unwrap_or_else(|| panic!("{table} in {call}"))
}

fn field(change: &Value, name: &str) -> Value {
    let found = change["fields"].as_array().expect("fields").iter().find(|field| field["field"] == name);
    found.unwrap_or_else(|| panic!("{name} in {change}"))["after"].clone()
}

#[test]
fn a_creation_says_what_it_changed() {
    let tenant = tenant();
    let door = tenant.bydesign();
    let body = with(&possible(), json!({ "CustomerType": 1, "DateOfBirth": "1980-05-01", "Zzz": 1, "MI": "x" }));
    let path = "/AdaptureDemo/API/Users/customer?x=1";
    let reply = door.post(path, &body);
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("MI, Zzz"));
    let text = reply.says(200, JSON);
    let call = tenant.requests("")[0].clone();
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
        assert_eq!(call[member], value, "{member}");
    }
    assert!(call["key"].as_str().is_some_and(|name| name.starts_with("door-")), "{call}");
    let customer = change(&call, "customers");
    assert_eq!((&customer["id"], field(customer, "first_name")), (&json!("5"), json!("sample string 1")));
    assert_eq!((field(customer, "tax_id"), field(customer, "password_hash")), (json!("•••"), json!("•••")));
    assert_eq!(field(change(&call, "sponsor_tree"), "upline_id"), 2);
    let kept = field(change(&call, "customer_profiles"), "fields").to_string();
    assert!(kept.contains("ShippingCounty") && kept.contains("sample string 17"), "{kept}");
    assert!(!kept.contains("sample string 29"), "{kept}");
    // The answer as it was, but for what is secret.
    let shown = call["response_body"]["text"].as_str().expect("a text").to_owned();
    assert_eq!(shown, text.replace("sample string 28", "•••").replace("sample string 29", "•••"));
    // Nor does a comparison of tenants show it.
    let name = tenant.name();
    let diff = crate::support::control::control("GET", &format!("/diff?from={name}@seed&to={name}"), None).done(200);
    let diff = diff.to_string();
    assert!(diff.contains("sample string 17"), "{diff}");
    assert!(!diff.contains("sample string 28") && !diff.contains("sample string 29"), "{diff}");
    // A look-up changes nothing and names nobody.
    door.post(super::LOOK_UP, &json!({ "Email": "sample@bydesign.example" })).says(200, JSON);
    let call = &tenant.requests("")[0];
    assert_eq!((&call["operation"], &call["changes"]), (&json!("ByDesignCustomerLookup"), &json!([])));
}

#[test]
fn a_rejection_says_why_of_which_member() {
    let tenant = tenant();
    let door = tenant.bydesign();
    door.post(
        super::PATH,
        &json!({ "Email": "nobody", "BillingCountry": "CA", "CustomerType": 9, "TaxID": "x".repeat(51) }),
    )
    .says(400, JSON);
    let call = tenant.requests("")[0].clone();
    let reasons: Vec<(&str, &str)> = call["reasons"]
        .as_array()
        .expect("reasons")
        .iter()
        .map(|reason| (reason["field"].as_str().expect("a field"), reason["rule"].as_str().expect("a rule")))
        .collect();
    assert_eq!(
        reasons,
        [("Email", "INVALID"), ("BillingCountry", "UNKNOWN"), ("TaxID", "TOO_LONG"), ("CustomerType", "UNKNOWN")]
    );
    assert_eq!(call["reasons"][1]["message"], "The value 'CA' is not valid for BillingCountry.");
    assert_eq!((&call["changes"], &call["status"]), (&json!([]), &json!(400)));
    for (headers, body, status, field, rule) in [
        (FORMATS[0].header(), "{", 400, "$", "BODY_INVALID"),
        (FORMATS[1].header(), "", 400, "$", "BODY_EMPTY"),
        ("Content-Type: text/plain\r\n", "x", 415, "$", "rejected"),
    ] {
        door.call("POST", super::PATH, headers, Some(body));
        let call = &tenant.requests("")[0];
        assert_eq!(
            (&call["status"], &call["reasons"][0]["field"], &call["reasons"][0]["rule"]),
            (&json!(status), &json!(field), &json!(rule))
        );
    }
    // A path that is none is told with those that are near.
    door.post("/api/users/customers", &json!({}));
    let call = &tenant.requests("")[0];
    assert_eq!((&call["status"], &call["reasons"][0]["rule"]), (&json!(404), &json!("noSuchOperation")));
    assert_eq!(call["did_you_mean"][0], "POST /api/users/customer (ByDesignCreateCustomer)");
}

#[test]
fn no_secret_is_kept_in_any_format() {
    let tenant = tenant();
    let door = tenant.bydesign();
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
            door.call("POST", super::PATH, &headers, Some(&format.written(&body)));
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
        door.create_in(Format::Xml, &xml(content));
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
        door.create_in(Format::Form, form);
    }
    let jsons = [
        format!(r#"{{"Password":["{secret}","{secret}"]}}"#),
        format!(r#"{{"Password":"a\"{secret}"}}"#),
        format!(r#"{{"Pass\u0077ord":"{secret}"}}"#),
        format!(r#"{{"TaxID":{{"a":"{secret}"}},"b":1}}"#),
        format!(r#"{{"taxid2" : "{secret}"#),
    ];
    for json in &jsons {
        door.create_in(Format::Json, json);
    }
    door.post(&format!("/api/users/customer?Password={secret}&TaxID2={secret},{secret}"), &json!({}));
    let calls = tenant.requests("?limit=1000");
    assert_eq!(calls.len(), 6 + documents.len() + forms.len() + jsons.len() + 1);
    for call in &calls {
        let text = call.to_string();
        assert!(
            !text.contains("hidden"),
            "{:#}",
            json!({ "asked": call["request_body"], "answered": call["response_body"], "path": call["path"], "changes": call["changes"] })
        );
    }
    let shown =
        calls.iter().filter(|call| call["request_body"]["text"].as_str().is_some_and(|text| text.contains("Casey")));
    assert_eq!(shown.count(), 6, "what is no secret is there");
}
