//! Injected faults: for each response and point, what the caller gets and what the database contains.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::documented::operations;
use crate::support::http::request;
use crate::support::receiver::Receiver;
use crate::support::{Tenant, seeds, tenant, tenant_of, with};

const UPGRADE: &str = "/v1/customers/upgrade/3";

/// Whether the upgrade of customer 3 is in the database: type, node and log row together.
fn is_upgraded(tenant: &Tenant) -> bool {
    let count = |query: &str| tenant.rows(query).len();
    let is_distributor = tenant
        .rows("select customer_type from customers where tenant_id = {tenant} and customer_id = 3")[0]["customer_type"]
        == 1;
    let is_placed = count("select 1 from sponsor_tree where tenant_id = {tenant} and customer_id = 3") == 1;
    let is_logged = count("select 1 from CRM_AssociateTypeChanges where tenant_id = {tenant} and AssociateID = 3") == 1;
    assert!(is_distributor == is_placed && is_placed == is_logged, "half an upgrade");
    is_distributor
}

/// What the caller received, and how the connection ended.
#[derive(Debug, PartialEq, Eq)]
enum Received {
    Whole(u16),
    Truncated { declared: usize, received: usize },
    Closed,
    Reset,
}

/// Sends the upgrade and reads the bytes of the response.
fn upgrade(tenant: &Tenant, headers: &str) -> (Received, String) {
    let mut stream = TcpStream::connect(tenant.client.address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let headers = format!("Ocp-Apim-Subscription-Key: {}\r\n{headers}", tenant.client.key);
    let body = seeds::distributor().to_string();
    stream.write_all(&request("PUT", UPGRADE, &headers, Some(&body))).expect("sent");
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if let Err(error) = end {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
        return (Received::Reset, text);
    }
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return (Received::Closed, text) };
    let declared = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |length| length.parse().expect("a number"));
    if body.len() < declared {
        return (Received::Truncated { declared, received: body.len() }, text);
    }
    (Received::Whole(head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")), text)
}

type IsExpected = fn(&Received) -> bool;

/// Every response of a fault, and what the caller receives.
fn responses() -> Vec<(Value, IsExpected)> {
    vec![
        (json!({ "status": { "code": 500, "message": "Deadlock." } }), |received| *received == Received::Whole(500)),
        (json!({ "status": { "code": 500 } }), |received| *received == Received::Whole(500)),
        (json!({ "status": { "code": 404 } }), |received| *received == Received::Whole(404)),
        (json!({ "status": { "code": 401 } }), |received| *received == Received::Whole(401)),
        (json!({ "status": { "code": 403, "retry_after": 90 } }), |received| *received == Received::Whole(403)),
        (json!({ "status": { "code": 413 } }), |received| *received == Received::Whole(413)),
        (json!({ "status": { "code": 400, "message": "No." } }), |received| *received == Received::Whole(400)),
        (json!({ "status": { "code": 429, "retry_after": 42 } }), |received| *received == Received::Whole(429)),
        (json!("reset"), |received| *received == Received::Reset),
        (json!("empty"), |received| *received == Received::Closed),
        (
            json!("truncated"),
            |received| matches!(received, Received::Truncated { declared, received } if received < declared),
        ),
    ]
}

#[test]
fn before_the_handler_nothing_changes() {
    for (response, is_right) in responses() {
        let tenant = tenant();
        let before = tenant.everything();
        let id =
            tenant.add_fault(&json!({ "operation": "UpgradeCustomer", "when": { "first": 1 }, "response": response }));
        let (received, text) = upgrade(&tenant, "");
        assert!(is_right(&received), "{response}: {received:?} {text}");
        assert_eq!(tenant.everything(), before, "{response}");
        if let Received::Whole(_) = received {
            assert!(text.contains(&format!("X-Emulator-Fault: {id}\r\n")), "{text}");
        }
        // The next request gets its normal response.
        assert_eq!(upgrade(&tenant, "").0, Received::Whole(201));
        assert!(is_upgraded(&tenant));
    }
}

#[test]
fn inside_the_transaction_everything_is_rolled_back() {
    for (response, is_right) in responses() {
        let tenant = tenant();
        let before = tenant.everything();
        let rule =
            json!({ "operation": "UpgradeCustomer", "when": { "first": 1 }, "point": "inside", "response": response });
        tenant.add_fault(&rule);
        let (received, text) = upgrade(&tenant, "");
        assert!(is_right(&received), "{response}: {received:?} {text}");
        assert_eq!(tenant.everything(), before, "{response}");
        assert!(tenant.requests("")[0]["changes"].as_array().is_some_and(Vec::is_empty), "nothing stays");
        assert_eq!(upgrade(&tenant, "").0, Received::Whole(201));
    }
}

#[test]
fn after_the_commit_the_write_stays_and_the_caller_gets_an_error() {
    for (response, is_right) in responses() {
        let tenant = tenant();
        let rule =
            json!({ "operation": "UpgradeCustomer", "when": { "first": 1 }, "point": "after", "response": response });
        tenant.add_fault(&rule);
        let (received, text) = upgrade(&tenant, "");
        assert!(is_right(&received), "{response}: {received:?} {text}");
        assert!(is_upgraded(&tenant), "{response}");
        // A caller who tries again, as such an error suggests, is rejected: the customer is a distributor already.
        let again = tenant.put(UPGRADE, &seeds::distributor());
        assert_eq!(again.status, 500);
        assert!(again.message().starts_with("An upgrade from CustomerType 1"), "{again:?}");
    }
}

#[test]
fn statuses_have_the_vendors_own_format() {
    let tenant = tenant();
    let failed_with = |code: u16, more: Value| {
        let status = with(&json!({ "code": code }), more);
        let id = tenant.add_fault(&json!({ "operation": "GetCustomer", "response": { "status": status } }));
        let reply = tenant.get("/v1/customers/2");
        tenant.control("DELETE", &format!("/faults/{id}"), None).done(204);
        reply
    };
    failed_with(500, json!({ "message": "Deadlock." })).rejects(500, "Deadlock.");
    failed_with(404, json!({})).rejects(404, "A Customer with the given Customer ID was not found.");
    let broken = failed_with(500, json!({}));
    let activity = broken.json()["activityId"].as_str().expect("an id").to_owned();
    let text = format!(r#"{{ "statusCode": 500, "message": "Internal server error", "activityId": "{activity}" }}"#);
    assert_eq!(broken.body, text);
    let limited = failed_with(429, json!({ "retry_after": 42 }));
    assert_eq!(limited.body, r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 42 seconds." }"#);
    assert_eq!(limited.header("Retry-After"), Some("42"));
    let exceeded = failed_with(403, json!({ "retry_after": 90 }));
    assert!(exceeded.body.contains("Quota will be replenished in 00:01:30."), "{exceeded:?}");
    let closed = failed_with(401, json!({}));
    assert!(
        closed
            .header("WWW-Authenticate")
            .is_some_and(|value| value.contains("realm=\"http://test.example/v1/customers\"")),
        "{closed:?}"
    );
    tenant.get("/v1/customers/2").succeeds(200);
}

#[test]
fn a_delay_waits_at_its_point() {
    for (delay, least, most) in [
        (json!(300), 300, 2_000),
        (json!({ "uniform": [200, 250] }), 200, 2_000),
        (json!({ "log_normal": [250, 0.1] }), 150, 2_000),
    ] {
        for point in ["before", "inside", "after"] {
            let tenant = tenant();
            let rule =
                json!({ "operation": "UpgradeCustomer", "when": { "first": 1 }, "point": point, "delay_ms": delay });
            let id = tenant.add_fault(&rule);
            let start = Instant::now();
            let (received, text) = upgrade(&tenant, "");
            let waited = start.elapsed();
            assert_eq!(received, Received::Whole(201), "a delay alone is no error");
            assert!(
                waited >= Duration::from_millis(least) && waited < Duration::from_millis(most),
                "{delay} {point}: {waited:?}"
            );
            assert!(text.contains(&format!("X-Emulator-Fault: {id}\r\n")), "{text}");
            assert!(is_upgraded(&tenant));
        }
    }
}

#[test]
fn a_delay_inside_holds_the_locks() {
    if !crate::support::server::on_real_postgres() {
        return;
    }
    let tenant = tenant();
    tenant.add_fault(&json!({ "operation": "UpgradeCustomer", "point": "inside", "delay_ms": 800 }));
    let waited = std::thread::scope(|scope| {
        let held = scope.spawn(|| upgrade(&tenant, "").0);
        std::thread::sleep(Duration::from_millis(300));
        let start = Instant::now();
        tenant.patch("/v1/customers/3", &json!({ "FirstName": "Later" })).succeeds(200);
        assert_eq!(held.join().expect("an end"), Received::Whole(201));
        start.elapsed()
    });
    assert!(waited > Duration::from_millis(300), "{waited:?}");
    assert_eq!(tenant.customer(3)["FirstName"], "Later");
}

#[test]
fn when_selects_the_requests_that_trigger_a_rule() {
    let statuses = |when: Value, requests: usize| {
        let tenant = tenant();
        tenant
            .add_fault(&json!({ "operation": "GetCustomer", "when": when, "response": { "status": { "code": 500 } } }));
        // Another operation is not counted.
        tenant.get("/v1/customers/2/stats").succeeds(200);
        (0..requests).map(|_| tenant.get("/v1/customers/2").status).collect::<Vec<u16>>()
    };
    assert_eq!(statuses(json!({ "first": 2 }), 4), [500, 500, 200, 200]);
    assert_eq!(statuses(json!({ "request": 3 }), 4), [200, 200, 500, 200]);
    assert_eq!(statuses(json!("every"), 3), [500, 500, 500]);
    let probability = json!({ "probability": { "p": 0.5, "random_seed": 11 } });
    let (one, other) = (statuses(probability.clone(), 30), statuses(probability, 30));
    assert_eq!(one, other, "the same random seed picks the same requests");
    assert!(one.contains(&500) && one.contains(&200), "{one:?}");
    assert_ne!(one, statuses(json!({ "probability": { "p": 0.5, "random_seed": 12 } }), 30));
}

#[test]
fn a_rule_for_all_operations_matches_each_and_no_route_of_the_emulator() {
    let tenant = tenant();
    tenant.add_fault(&json!({ "operation": "*", "response": { "status": { "code": 500 } } }));
    assert_eq!(tenant.get("/v1/customers/2").status, 500);
    assert_eq!(tenant.get("/v1/validate/username/x").status, 500);
    assert_eq!(tenant.get("/readyz").status, 200);
    assert_eq!(tenant.get("/livez").status, 200);
    let listed = tenant.control("GET", "/faults", None).done(200);
    assert_eq!(
        (&listed[0]["matched"], &listed[0]["triggered"], &listed[0]["is_used_up"]),
        (&json!(2), &json!(2), &json!(false))
    );
    // The rule that was added first applies.
    tenant.add_fault(&json!({ "operation": "GetCustomer", "response": "reset" }));
    assert_eq!(tenant.get("/v1/customers/2").status, 500);
    tenant.control("DELETE", "/faults", None).done(204);
    tenant.get("/v1/customers/2").succeeds(200);
    assert_eq!(
        tenant.control("DELETE", "/faults/1", None).problem(404),
        format!("tenant '{}' has no fault 1", tenant.name())
    );
}

#[test]
fn a_rule_with_an_unknown_name_is_rejected() {
    let tenant = tenant();
    for (rule, why) in [
        (
            json!({ "operation": "UpgradeCustomers", "response": "truncated" }),
            "'UpgradeCustomers' is not an operation; did you mean UpgradeCustomer?",
        ),
        (
            json!({ "operation": "GetCustomer", "response": { "status": { "code": 418 } } }),
            "418 is not an error status that is documented for GetCustomer; these are: ",
        ),
        (
            json!({ "operation": "GetCustomer", "response": { "status": { "code": 200 } } }),
            "200 is not an error status",
        ),
        (
            json!({ "operation": "*", "response": { "status": { "code": 413 } } }),
            "413 is not an error status that is documented for *",
        ),
        (json!({ "event": "Birthday", "action": "drop" }), "'Birthday' is not an event; these are: "),
        (json!({ "event": "*", "action": "shout" }), "unknown variant, expected one of `drop`"),
        (json!({ "operation": "GetCustomer" }), "a rule needs delay_ms, response, or both"),
        (
            json!({ "operation": "GetCustomer", "response": "truncated", "when": { "first": 0 } }),
            "first and request count from 1",
        ),
        (json!({ "response": "truncated" }), "missing field `operation`"),
        (json!("truncated"), "invalid type"),
    ] {
        let detail = tenant.control("POST", "/faults", Some(&rule)).problem(400);
        assert!(detail.contains(why), "{rule}: {detail}");
    }
    assert_eq!(tenant.control("GET", "/faults", None).done(200), json!([]));
    // A rule may name every documented error status, and the caller gets it.
    for operation in
        operations().into_iter().filter(|operation| operation.id == "UpgradeCustomer" || operation.id == "Login")
    {
        for status in operation.statuses.iter().filter(|status| **status >= 400) {
            tenant.add_fault(&json!({ "operation": operation.id, "response": { "status": { "code": status } } }));
            let address = operation.address(|_| Some("3".to_owned()));
            let reply = tenant.call(&operation.method, &address, "", Some("{}"));
            assert_eq!(reply.status, *status, "{} {reply:?}", operation.id);
            tenant.control("DELETE", "/faults", None).done(204);
        }
    }
}

#[test]
fn a_fault_is_in_the_journal_and_the_metrics() {
    let tenant = tenant();
    let id = tenant.add_fault(&json!({ "operation": "UpgradeCustomer", "point": "after", "response": "reset" }));
    upgrade(&tenant, "");
    let entry = &tenant.requests("?operation=UpgradeCustomer")[0];
    assert_eq!(entry["fault"], json!({ "id": id, "description": "reset after" }));
    assert_eq!(entry["status"], Value::Null, "no response was sent");
    let changed: Vec<&str> = entry["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| change["table"].as_str().expect("a name"))
        .collect();
    assert_eq!(changed, ["customers", "sponsor_tree", "CRM_AssociateTypeChanges"], "the write stays");
    let metrics = tenant.get("/metrics").metrics();
    assert!(metrics.contains("emulator_injected_faults_total{operation=\"UpgradeCustomer\"}"), "{metrics}");
}

fn subscribed(receiver: &Receiver) -> Tenant {
    tenant_of(json!({ "events": { "subscriptions": [{ "url": receiver.url("/") }], "retry_seconds": [1] } }))
}

fn names(receiver: &Receiver) -> Vec<String> {
    receiver
        .received()
        .iter()
        .map(|received| received.json()["FirstName"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn eventually(what: &str, is_true: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn rename(tenant: &Tenant, name: &str) {
    tenant.patch("/v1/customers/2", &json!({ "FirstName": name })).succeeds(200);
}

#[test]
fn a_dropped_event_is_delivered_when_it_is_resent() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let tenant = subscribed(&receiver);
    let id = tenant.add_fault(&json!({ "event": "UpdateAssociateEvent", "when": { "first": 1 }, "action": "drop" }));
    rename(&tenant, "A");
    rename(&tenant, "B");
    eventually("the second", || receiver.received().len() == 1);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(names(&receiver), ["B"]);
    let dropped = tenant.control("GET", "/webhooks?state=dropped", None).done(200);
    assert_eq!((&dropped[0]["state"], &dropped[0]["fault_id"]), (&json!("dropped"), &json!(id)));
    assert_eq!(tenant.customer(2)["FirstName"], "B", "the changes stay");
    assert_eq!(tenant.control("POST", "/webhooks/resend", None).done(200), json!({ "due": 1 }));
    eventually("the dropped one", || receiver.received().len() == 2);
    assert_eq!(names(&receiver), ["B", "A"]);
}

#[test]
fn a_duplicated_event_is_delivered_twice_with_one_id() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let tenant = subscribed(&receiver);
    tenant.add_fault(&json!({ "event": "*", "when": { "first": 1 }, "action": "duplicate" }));
    rename(&tenant, "A");
    rename(&tenant, "B");
    eventually("all three", || receiver.received().len() == 3);
    std::thread::sleep(Duration::from_secs(1));
    let delivered = receiver.received();
    assert_eq!(names(&receiver), ["A", "A", "B"]);
    let id = |number: usize| delivered[number].header("X-Directscale-Message-Id").expect("an id").to_owned();
    assert!(id(0) == id(1) && id(1) != id(2));
    eventually("done", || {
        tenant.rows("select 1 from event_deliveries where tenant_id = {tenant} and state = 'pending'").is_empty()
    });
}

#[test]
fn a_delayed_event_is_delivered_later_and_the_next_ones_after_it() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let tenant = subscribed(&receiver);
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": "2030-01-01T00:00:00Z" }))).done(200);
    tenant.add_fault(&json!({ "event": "*", "when": { "first": 1 }, "action": { "delay": 3600 } }));
    rename(&tenant, "A");
    rename(&tenant, "B");
    std::thread::sleep(Duration::from_millis(1500));
    assert!(receiver.received().is_empty());
    // An hour later, by the tenant's clock.
    tenant.control("POST", "/clock/advance", Some(&json!({ "seconds": 3600 }))).done(200);
    eventually("both", || receiver.received().len() == 2);
    assert_eq!(names(&receiver), ["A", "B"]);
}

#[test]
fn a_reordered_event_is_delivered_after_the_next() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let tenant = subscribed(&receiver);
    tenant.add_fault(&json!({ "event": "*", "when": { "first": 1 }, "action": "reorder" }));
    rename(&tenant, "A");
    std::thread::sleep(Duration::from_secs(1));
    assert!(receiver.received().is_empty(), "it waits for the next");
    rename(&tenant, "B");
    eventually("both", || receiver.received().len() == 2);
    assert_eq!(names(&receiver), ["B", "A"]);
    // Without a next one it is delivered a minute later, by the tenant's clock.
    tenant.control("DELETE", "/faults", None).done(204);
    tenant.control("POST", "/clock/freeze", None).done(200);
    tenant.add_fault(&json!({ "event": "*", "action": "reorder" }));
    rename(&tenant, "C");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(receiver.received().len(), 2);
    tenant.control("POST", "/clock/advance", Some(&json!({ "seconds": 60 }))).done(200);
    eventually("the third", || receiver.received().len() == 3);
}

#[test]
fn a_change_that_is_rolled_back_matches_no_event_rule() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let tenant = subscribed(&receiver);
    tenant.add_fault(&json!({ "operation": "UpdateCustomerByParameter", "when": { "first": 1 }, "point": "inside", "response": "reset" }));
    tenant.add_fault(&json!({ "event": "*", "when": { "first": 1 }, "action": "drop" }));
    assert!(tenant.try_call("PATCH", "/v1/customers/2", Some(r#"{"FirstName":"A"}"#)).is_none());
    let counted = tenant.control("GET", "/faults", None).done(200);
    assert_eq!((&counted[0]["matched"], &counted[1]["matched"]), (&json!(1), &json!(0)));
    rename(&tenant, "B");
    rename(&tenant, "C");
    eventually("the one that is not dropped", || receiver.received().len() == 1);
    assert_eq!(names(&receiver), ["C"]);
}
