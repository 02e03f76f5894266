//! Faults, plan, webhooks, hooks and clock in the inspector.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{encoded, redirected_to};
use crate::support::receiver::Receiver;
use crate::support::{seeds, tenant, tenant_of};

#[test]
fn every_preset_adds_the_rule_that_its_label_names() {
    let tenant = tenant();
    for (preset, rule) in [
        (
            "500-once",
            json!({ "operation": "*", "when": { "first": 1 }, "point": "before", "response": { "status": { "code": 500 } } }),
        ),
        (
            "429",
            json!({ "operation": "GetCustomer", "when": { "first": 1 }, "point": "before", "response": { "status": { "code": 429, "retry_after": 30 } } }),
        ),
        ("slow", json!({ "operation": "*", "when": "every", "point": "before", "delay_ms": 2000 })),
        ("lost", json!({ "operation": "*", "when": { "first": 1 }, "point": "after", "response": "reset" })),
        ("truncated", json!({ "operation": "*", "when": { "first": 1 }, "point": "after", "response": "truncated" })),
        (
            "random",
            json!({ "operation": "*", "when": { "probability": { "p": 0.05, "random_seed": 0 } }, "point": "before", "response": { "status": { "code": 500 } } }),
        ),
        ("webhook-twice", json!({ "event": "*", "when": { "first": 1 }, "action": "duplicate" })),
        ("webhooks-reordered", json!({ "event": "*", "when": { "first": 1 }, "action": "reorder" })),
    ] {
        redirected_to(&tenant.form("/faults/preset", &format!("preset={preset}")));
        let rules = tenant.control("GET", "/faults", None).done(200);
        assert_eq!(rules[0]["rule"], rule, "{preset}");
        assert!(tenant.page("/faults").body.contains(&format!("value=\"{preset}\"")));
        redirected_to(&tenant.form("/faults/delete", ""));
    }
    redirected_to(&tenant.form("/faults/preset", "preset=429&operation=UpgradeCustomer"));
    let limited = tenant.put("/v1/customers/upgrade/3", &seeds::distributor());
    assert_eq!((limited.status, limited.header("Retry-After")), (429, Some("30")));
    assert_eq!(tenant.form("/faults/preset", "preset=none").status, 400);
}

#[test]
fn a_form_says_what_its_rule_will_do() {
    let tenant = tenant();
    let fields = "operation=GetCustomer&when=first&times=2&point=before&response=status&code=500";
    let sentence = tenant.page(&format!("/faults/sentence?kind=request&{fields}"));
    assert_eq!(sentence.body, "GetCustomer responds 500 before the handler, the first 2 times.");
    let wrong = tenant.page("/faults/sentence?kind=request&operation=GetCustomer&response=status&code=");
    assert_eq!(wrong.body, "nothing yet: the status is missing.");
    let event = tenant.page("/faults/sentence?kind=event&event=*&action=duplicate&when=every");
    assert_eq!(event.body, "every event is delivered twice, every time.");
    // Without scripts.
    let preview = tenant.form("/faults", &format!("{fields}&do=preview"));
    assert!(
        preview.status == 200
            && preview.body.contains("GetCustomer responds 500 before the handler, the first 2 times")
    );
    assert_eq!(tenant.control("GET", "/faults", None).done(200), json!([]));
}

#[test]
fn the_form_of_the_plan_has_every_entry_and_replaces_the_plan() {
    let tenant = tenant();
    let shown = tenant.page("/plan").body;
    for part in [
        "id=\"e.minimum_age\"",
        "id=\"e.storm.time_zone\"",
        "documented",
        "client-observed",
        "The minimum age of a customer",
        "0 of 33 entries",
    ] {
        assert!(shown.contains(part), "{part}");
    }
    let form = "entries=1&e.minimum_age=21&e.rejection_status=400&e.strict_json=true&e.sso_login_url=https%3A%2F%2Fa.example%2F\
                &e.storm.default_country=SE&e.types=%7B%224%22%3A%22Employee%22%7D&e.rate_limit=";
    redirected_to(&tenant.form("/plan", form));
    let plan = tenant.control("GET", "/plan", None).done(200);
    let read = [
        &plan["minimum_age"],
        &plan["rejection_status"],
        &plan["strict_json"],
        &plan["storm"]["default_country"],
        &plan["types"]["4"],
    ];
    assert_eq!(read, [&json!(21), &json!(400), &json!(true), &json!("SE"), &json!("Employee")]);
    assert_eq!(plan["rate_limit"], Value::Null);
    let changed = tenant.page("/plan").body;
    assert!(
        changed.contains("6 of 33 entries differ") && changed.matches("mark warn\">changed").count() == 6,
        "{changed}"
    );
    for (form, reason) in [
        ("entries=1&e.minimum_age=x", "minimum_age is not JSON"),
        ("entries=1&e.minimum_age=999", "minimum_age"),
        ("entries=1&e.storm.time_zone=Nowhere", "time_zone"),
    ] {
        let rejected = tenant.form("/plan", form);
        assert!(rejected.status == 400 && rejected.body.contains(reason), "{reason}: {}", rejected.body);
    }
    // An empty form is the default.
    redirected_to(&tenant.form("/plan", "entries=1"));
    assert!(tenant.page("/plan").body.contains("0 of 33 entries"));
}

#[test]
fn a_subscriber_is_added_tested_changed_and_removed() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let tenant = tenant();
    let url = format!("{}?code=hidden-value", receiver.url("/events"));
    let add = format!("do=save&url={}&secret=event-secret&Enrollment=1", encoded(&url));
    redirected_to(&tenant.form("/webhooks/subscription", &add));
    let shown = tenant.page("/webhooks").body;
    assert!(
        shown.contains("/events?code=") && !shown.contains("hidden-value") && !shown.contains("event-secret"),
        "{shown}"
    );
    // The form sends the address as the page shows it.
    let stored = encoded(&url.replace("hidden-value", "•••"));
    let change = format!("do=save&number=0&stored={stored}&url={stored}&Enrollment=1&UpdateAssociateEvent=1");
    redirected_to(&tenant.form("/webhooks/subscription", &change));
    redirected_to(&tenant.form("/webhooks/test", "event=UpdateAssociateEvent&customer=2"));
    let begun = Instant::now();
    while receiver.received().is_empty() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the test event does not arrive");
        thread::sleep(Duration::from_millis(20));
    }
    let event = &receiver.received()[0];
    assert_eq!(event.header("Authorization"), Some("Bearer event-secret"), "the secret is unchanged");
    assert!(event.path.contains("code=hidden-value"), "{event:?}");
    let deliveries = tenant.page("/webhooks").body;
    assert!(deliveries.contains("Timeline") && deliveries.contains("Attempt 1"), "{deliveries}");
    for (form, reason) in [
        ("event=CreateAssociateEvent&customer=2", "no subscriber receives"),
        ("event=Enrollment&customer=999", "there is no customer 999"),
        ("event=Nothing&customer=2", "there is no such event"),
    ] {
        let rejected = tenant.form("/webhooks/test", form);
        assert!(rejected.status == 400 && rejected.body.contains(reason), "{reason}");
    }
    for (form, reason) in [
        (format!("do=save&url={}", encoded("http://a.example/")), "at least one kind of event"),
        ("do=save&url=ftp&Enrollment=1".to_owned(), "it is not an address"),
        ("do=remove&number=0&stored=other".to_owned(), "changed meanwhile"),
    ] {
        let rejected = tenant.form("/webhooks/subscription", &form);
        assert!(rejected.status == 400 && rejected.body.contains(reason), "{reason}: {}", rejected.body);
    }
    redirected_to(&tenant.form("/webhooks/subscription", &format!("do=remove&number=0&stored={stored}")));
    assert_eq!(tenant.control("GET", "/integration", None).done(200)["events"]["subscriptions"], json!([]));
}

#[test]
fn an_extension_is_connected_tested_and_disconnected() {
    let extension = Receiver::with_json(|_| (200, json!({ "IsAvailable": true })));
    let tenant = tenant();
    let hook = "Associates.Enrollment.IsEmailAvailable";
    let form = format!("do=save&{hook}={}&timeout=5", encoded(&extension.url("/hook")));
    let rejected = tenant.form("/webhooks/extension", &form);
    assert!(rejected.body.contains("the token for the extension is missing"), "{}", rejected.body);
    let rejected = tenant.form("/webhooks/extension", &format!("{form}&extension_token=extension-token"));
    assert!(rejected.body.contains("the token with which the extension calls back is missing"), "{}", rejected.body);
    redirected_to(&tenant.form(
        "/webhooks/extension",
        &format!("{form}&extension_token=extension-token&directscale_token=call-back-token"),
    ));
    let tried = tenant
        .form("/webhooks/hook", &format!("hook={hook}&request={}", encoded("{\"EmailAddress\":\"a@b.example\"}")));
    assert!(tried.status == 200 && tried.body.contains("IsAvailable"), "{}", tried.body);
    assert!(!tried.body.contains("extension-token"));
    // Without tokens they stay as they are.
    redirected_to(&tenant.form("/webhooks/extension", &form.replace("timeout=5", "timeout=6")));
    assert_eq!(tenant.control("GET", "/integration", None).done(200)["extension"]["timeout_seconds"], 6);
    assert_eq!(tenant.rows("select 1 from extension_tokens where tenant_id = {tenant}").len(), 1);
    redirected_to(&tenant.form("/webhooks/extension", "do=remove"));
    assert_eq!(tenant.control("GET", "/integration", None).done(200)["extension"], Value::Null);
    assert_eq!(tenant.rows("select 1 from extension_tokens where tenant_id = {tenant}").len(), 0);
}

#[test]
fn the_clock_lists_what_is_due_next() {
    let receiver = Receiver::with_json(|_| (500, json!({})));
    let subscriptions = json!([{ "url": receiver.url("/events") }]);
    let tenant = tenant_of(json!({ "events": { "subscriptions": subscriptions, "retry_seconds": [3600] } }));
    assert!(tenant.page("/clock").body.contains("Nothing waits for a time."));
    let id = tenant.create(&seeds::full());
    tenant.post(&format!("/v1/customers/{id}/addRewardPoints"), &json!({ "pointsToAdd": 50 }));
    let begun = Instant::now();
    // While the first attempt runs, the second one is due now.
    while !["Attempt 2", "Advance to it"].iter().all(|text| tenant.page("/clock").body.contains(text)) {
        assert!(begun.elapsed() < Duration::from_mins(1), "{}", tenant.page("/clock").body);
        thread::sleep(Duration::from_millis(50));
    }
    let shown = tenant.page("/clock").body;
    assert!(shown.contains("Real time") && shown.contains("data-ticks"), "{shown}");
    redirected_to(&tenant.form("/clock", "do=freeze"));
    assert!(tenant.page("/clock").body.contains("nothing becomes due until it is advanced"));
}
