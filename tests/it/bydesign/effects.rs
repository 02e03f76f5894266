//! The emulator's features for creations: injected faults, dry runs, events, hooks, limits.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{FORMATS, JSON, PATH, XML, api_result, casey, http_error, id_of, possible, profile};
use crate::hooks::extended_around;
use crate::support::http::request;
use crate::support::receiver::{Received, Receiver};
use crate::support::server::{MAX_BODY_BYTES, server};
use crate::support::vendors::VendorClient;
use crate::support::{Tenant, tenant, tenant_of, tenant_with, with};

const CREATE: &str = "ByDesignCreateCustomer";

fn is_created(tenant: &Tenant) -> bool {
    let count = |query: &str| tenant.rows(query).len();
    let customer = count("select 1 from customers where tenant_id = {tenant} and customer_id = 5");
    let profile = count("select 1 from customer_profiles where tenant_id = {tenant} and customer_id = 5");
    assert_eq!(customer, profile, "half a creation");
    customer == 1
}

/// The bytes of the response to a creation; fewer than its Content-Length where the connection was cut.
fn bytes(client: &VendorClient) -> String {
    let mut stream = TcpStream::connect(server().address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let headers = format!("{}{}", client.headers, FORMATS[0].header());
    stream.write_all(&request("POST", PATH, &headers, Some(&possible().to_string()))).expect("sent");
    let mut response = Vec::new();
    // A reset counts as an early end.
    let _ = stream.read_to_end(&mut response);
    String::from_utf8_lossy(&response).into_owned()
}

fn is_cut(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    body.len() < length.parse().expect("a number")
}

#[test]
fn faults_are_injected_before_inside_and_after() {
    for answer in [json!({ "status": { "code": 500 } }), json!("truncated"), json!("reset"), json!("empty")] {
        for (point, is_committed) in [("before", false), ("inside", false), ("after", true)] {
            let tenant = tenant();
            let client = tenant.bydesign();
            let before = tenant.everything();
            let rule = json!({ "operation": CREATE, "when": { "first": 1 }, "point": point, "response": answer });
            let id = tenant.add_fault(&rule);
            let text = bytes(&client);
            match answer.as_str() {
                None => {
                    assert!(text.starts_with("HTTP/1.1 500 "), "{text}");
                    assert!(text.ends_with(&http_error("An error has occurred.")[0]), "{text}");
                    assert!(text.contains(&format!("X-Emulator-Fault: {id}\r\n")), "{text}");
                }
                Some("truncated") => assert!(is_cut(&text), "{point}: {text}"),
                Some(_) => assert_eq!(text, "", "{point}"),
            }
            assert_eq!(is_created(&tenant), is_committed, "{answer} {point}");
            let entry = &tenant.requests("")[0];
            assert_eq!(entry["fault"]["id"], id, "{entry}");
            assert_eq!(entry["changes"] == json!([]), !is_committed, "{entry}");
            if !is_committed {
                assert_eq!(tenant.everything(), before, "{answer} {point}");
            }
            // A retry creates the customer, or is rejected because it exists.
            assert_eq!(client.post(PATH, &possible()).status, if is_committed { 400 } else { 200 });
        }
    }
}

#[test]
fn injected_statuses_have_the_vendors_own_body() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let too_large = format!("The request entity is larger than the limit of {MAX_BODY_BYTES} bytes.");
    let wait = "API calls quota exceeded. Try again in 42 seconds.";
    for (code, more, [json, xml]) in [
        (500, json!({}), http_error("An error has occurred.")),
        (500, json!({ "message": "Deadlock <7>." }), http_error("Deadlock <7>.")),
        (400, json!({}), api_result(&[("REJECTED", "The request is invalid.")])),
        (400, json!({ "message": "No." }), api_result(&[("REJECTED", "No.")])),
        (401, json!({}), http_error("Authorization has been denied for this request.")),
        (403, json!({ "retry_after": 42 }), http_error(wait)),
        (413, json!({}), http_error(&too_large)),
        (415, json!({}), http_error("Unsupported Media Type")),
        (429, json!({ "retry_after": 42 }), http_error(wait)),
    ] {
        let status = with(&json!({ "code": code }), more);
        tenant.add_fault(&json!({ "operation": CREATE, "response": { "status": status } }));
        let reply = client.post(PATH, &casey());
        if matches!(code, 403 | 429) {
            assert_eq!(reply.header("Retry-After"), Some("42"), "{reply:?}");
        }
        assert_eq!(reply.header("WWW-Authenticate"), (code == 401).then_some("Basic"));
        assert_eq!(reply.says(code, JSON), json);
        let reply = client.call("POST", PATH, FORMATS[1].header(), Some(&FORMATS[1].written(&casey())));
        assert_eq!(reply.says(code, XML), xml);
        tenant.control("DELETE", "/faults", None).done(204);
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_fault_rule_for_all_operations_includes_this_api() {
    let tenant = tenant();
    let client = tenant.bydesign();
    tenant.add_fault(&json!({ "operation": "*", "response": { "status": { "code": 500 } } }));
    assert_eq!(client.post(PATH, &json!({})).says(500, JSON), http_error("An error has occurred.")[0]);
    assert_eq!(client.get("/api/Admin/CustomerType").status, 500);
    assert_eq!(tenant.get("/v1/customers/2").status, 500);
    tenant.control("DELETE", "/faults", None).done(204);
    // A rule for one operation of this API matches no other operation.
    tenant.add_fault(&json!({ "operation": CREATE, "response": "reset" }));
    client.get("/api/Admin/CustomerType").says(200, JSON);
    tenant.create(&crate::support::seeds::retail());
    let wrong = tenant.control(
        "POST",
        "/faults",
        Some(&json!({ "operation": "ByDesignCreateCustomers", "response": "truncated" })),
    );
    assert!(wrong.problem(400).contains("did you mean ByDesignCreateCustomer?"));
}

#[test]
fn a_delay_holds_the_response() {
    let tenant = tenant();
    let client = tenant.bydesign();
    for point in ["before", "inside", "after"] {
        tenant.add_fault(&json!({ "operation": CREATE, "when": { "first": 1 }, "point": point, "delay_ms": 300 }));
        let start = Instant::now();
        client.created(&json!({}));
        assert!(start.elapsed() >= Duration::from_millis(300), "{point}");
    }
}

#[test]
fn a_dry_run_has_the_same_response_and_writes_nothing() {
    let tenant = tenant();
    super::freeze(&tenant, "2025-11-03T12:40:09Z");
    let client = tenant.bydesign();
    let before = tenant.everything();
    let dry_run = |body: &Value| {
        let headers = format!("{}Prefer: tx=rollback\r\n", FORMATS[0].header());
        let reply = client.call("POST", PATH, &headers, Some(&body.to_string()));
        assert_eq!(reply.header("Preference-Applied"), Some("tx=rollback"), "{reply:?}");
        reply
    };
    let rolled_back =
        dry_run(&with(&possible(), json!({ "CustomerType": 1, "DateOfBirth": "1980-05-01" }))).says(200, JSON);
    assert_eq!(tenant.everything(), before);
    let entry = &tenant.requests("")[0];
    assert_eq!((&entry["dry_run"], entry["changes"].as_array().map(Vec::len)), (&json!(true), Some(3)));
    let rejected = dry_run(&json!({ "Email": "dana@demo.example", "RepDID": "2" })).says(400, JSON);
    assert_eq!(rejected, api_result(&[("EMAIL_IN_USE", "The Email 'dana@demo.example' is already in use.")])[0]);
    assert_eq!(tenant.everything(), before);
    // The same request without the header has the same response.
    let created = client
        .post(PATH, &with(&possible(), json!({ "CustomerType": 1, "DateOfBirth": "1980-05-01" })))
        .says(200, JSON);
    let without_guid = |text: &str| with(&serde_json::from_str(text).expect("JSON"), json!({ "guid": null }));
    assert_eq!(without_guid(&created), without_guid(&rolled_back));
}

#[test]
fn a_subscriber_receives_the_events_of_a_creation() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let events = json!({ "subscriptions": [{ "url": receiver.url("/events") }], "retry_seconds": [1] });
    let tenant = tenant_of(json!({ "events": events }));
    let client = tenant.bydesign();
    client.post(PATH, &json!({ "Email": "not-an-address" })).says(400, JSON);
    let id = id_of(&client.created(&with(&possible(), json!({ "Company": "C" }))));
    let start = Instant::now();
    while receiver.received().len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(30), "no events");
        std::thread::sleep(Duration::from_millis(20));
    }
    let events: Vec<Value> = receiver.received().iter().map(Received::json).collect();
    let members = |member: &str| events.iter().map(|event| event[member].clone()).collect::<Vec<_>>();
    assert_eq!(members("EventType"), ["CreateAssociateEvent", "Enrollment"]);
    let created = &events[0];
    assert_eq!(
        (&created["AssociateId"], &created["EmailAddress"], &created["CompanyName"], &created["AssociateType"]),
        (&json!(id), &json!("sample@bydesign.example"), &json!("C"), &json!(2))
    );
    assert_eq!(events[1]["SponsorId"], "2");
    let all = Value::from(events).to_string();
    assert!(!all.contains("Sample string 4") && !all.contains("sample string 28") && !all.contains("sample string 29"));
    assert_eq!(tenant.requests("")[0]["events"].as_array().map(Vec::len), Some(2));
}

#[test]
fn an_extensions_hooks_are_called() {
    let hooks = [
        "Associates.Enrollment.ValidateApplication",
        "Associates.Enrollment.IsEmailAvailable",
        "Associates.Enrollment.GetNewBackOfficeId",
        "Associates.Enrollment.WriteApplication",
    ];
    let (tenant, receiver) = extended_around(&hooks, |request| {
        if request["Application"].is_object() {
            request["Application"]["FirstName"] = json!("Altered");
        }
    });
    let created = tenant.bydesign().created(&possible());
    let called: Vec<String> = receiver.received().iter().map(|received| received.path.replace("/hooks/", "")).collect();
    assert_eq!(called, hooks);
    let application = receiver.received()[0].json()["Application"].clone();
    assert_eq!(
        (&application["EmailAddress"], &application["SponsorId"], &application["AssociateBaseType"]),
        (&json!("sample@bydesign.example"), &json!(2), &json!(2))
    );
    // The default work, done by the callback: with the extension's changes, and with the members that the hook does not have.
    let id = id_of(&created);
    assert_eq!((&created["FirstName"], &created["TaxID2"]), (&json!("Altered"), &json!("sample string 29")));
    assert_eq!(tenant.customer(id)["FirstName"], "Altered");
    assert_eq!(profile(&tenant, id)["ShippingCounty"], "sample string 17");
    let entries = tenant.requests("?operation=ByDesignCreateCustomer");
    assert_eq!(entries[0]["hooks"].as_array().map(Vec::len), Some(4), "{entries:?}");
}

#[test]
fn a_rejection_by_an_extension_rejects_the_creation() {
    let hook = "Associates.Enrollment.ValidateApplication";
    let receiver = Receiver::with_json(|_| (500, json!({ "ErrorMessage": "Not <today>." })));
    let extension = json!({ "extension_token": "sent-to-it", "directscale_token": format!("b{}", receiver.address.port()), "hooks": { hook: receiver.url("/") } });
    let tenant = tenant_of(json!({ "extension": extension }));
    let client = tenant.bydesign();
    let before = tenant.everything();
    let body = client.post(PATH, &casey()).says(400, JSON);
    assert!(
        body.contains(r#""MessageTranslationKey":"CUSTOMER_REJECTED","Message":"#) && body.contains("Not <today>."),
        "{body}"
    );
    assert_eq!(tenant.requests("")[0]["hooks"][0]["hook"], hook);
    // A request with violations is rejected before the hook is called.
    client.post(PATH, &json!({ "Email": "not-an-address" })).says(400, JSON);
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn limits_are_the_plans_and_counted_for_each_credential() {
    let tenant = tenant_with(json!({ "rate_limit": { "calls": 2, "renewal_seconds": 60 } }));
    let client = tenant.bydesign();
    client.created(&json!({}));
    client.post(PATH, &json!({ "Email": "not-an-address" })).says(400, JSON);
    let before = tenant.everything();
    for (format, content_type, index) in [(FORMATS[0], JSON, 0), (FORMATS[1], XML, 1)] {
        let reply = client.call("POST", PATH, format.header(), Some(&format.written(&casey())));
        let seconds: u64 = reply.header("Retry-After").expect("seconds").parse().expect("a number");
        assert!((50..=60).contains(&seconds), "{reply:?}");
        let sentence = format!("API calls quota exceeded. Try again in {seconds} seconds.");
        assert_eq!(reply.says(429, content_type), http_error(&sentence)[index]);
    }
    assert_eq!(tenant.everything(), before);
    // DirectScale's key has its own count.
    assert_eq!(tenant.get("/v1/customers/2").status, 200);
    tenant.bydesign().created(&json!({}));

    let tenant = tenant_with(json!({ "quota": { "calls": 1, "renewal_seconds": 604_800 } }));
    let client = tenant.bydesign();
    client.created(&json!({}));
    let reply = client.post(PATH, &json!({}));
    let seconds = reply.header("Retry-After").expect("seconds").to_owned();
    let sentence = format!("API calls quota exceeded. Try again in {seconds} seconds.");
    assert_eq!(reply.says(403, JSON), http_error(&sentence)[0]);
}

#[test]
fn simultaneous_requests_with_one_address_create_one_customer() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let requests: Vec<_> = (0..6).map(|_| scope.spawn(|| client.post(PATH, &possible()).status)).collect();
        requests.into_iter().map(|request| request.join().expect("a response")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 5, "{statuses:?}");
    assert_eq!(tenant.rows("select 1 from customer_profiles where tenant_id = {tenant}").len(), 1);
}
