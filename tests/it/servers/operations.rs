//! Every operation of the control API that changes what requests ask about their tenant raises the version of the settings.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{control, database, start};
use crate::support::database::OwnDatabase;
use crate::support::process::Process;

/// The settings and credentials of all tenants, as a request reads them.
const SETTINGS: &str = "
    select md5(string_agg(line, '|' order by line)) as digest from (
        select (tenant_id, name, plan, clock, extension, events, expires_at)::text as line
          from tenants where snapshot_of is null
        union all
        select (f.tenant_id, f.fault_id, f.of_event, f.operation, f.rule)::text
          from faults f join tenants t on t.tenant_id = f.tenant_id and t.snapshot_of is null
        union all
        select (tenant_id, name, slot, digest, revoked_at, expires_at, kind, account)::text from subscription_keys
        union all
        select (e.tenant_id, e.digest)::text
          from extension_tokens e join tenants t on t.tenant_id = e.tenant_id and t.snapshot_of is null) lines";

/// A request of an operation, and whether it changes settings. In this order each succeeds.
fn requests() -> Vec<(&'static str, &'static str, String, Option<Value>, bool)> {
    let demo = |path: &str| format!("/tenants/demo{path}");
    let at = json!({ "at": "2030-01-31T12:00:00Z" });
    let fault = json!({ "operation": "UpgradeCustomer", "response": "reset" });
    let subscriber = json!({ "events": { "subscriptions": [{ "url": "http://127.0.0.1:9/" }] } });
    vec![
        ("CreateTenant", "POST", "/tenants".to_owned(), Some(json!({ "name": "mine" })), true),
        ("ForkTenant", "POST", "/tenants/demo/fork".to_owned(), Some(json!({ "name": "copy" })), true),
        ("DeleteTenant", "DELETE", "/tenants/copy".to_owned(), None, true),
        ("LoadSeed", "PUT", "/seed".to_owned(), Some(json!({ "version": 1, "tenants": [{ "name": "loaded" }] })), true),
        ("SaveSnapshot", "PUT", demo("/snapshots/before"), None, false),
        ("ReplacePlan", "PUT", demo("/plan"), Some(json!({ "rejection_status": 400 })), true),
        ("ReplaceIntegration", "PUT", demo("/integration"), Some(subscriber), true),
        ("RestoreSnapshot", "POST", demo("/snapshots/before/restore"), None, true),
        ("DeleteSnapshot", "DELETE", demo("/snapshots/before"), None, false),
        ("FreezeClock", "POST", demo("/clock/freeze"), Some(at.clone()), true),
        ("SetClock", "POST", demo("/clock/set"), Some(json!({ "at": "2031-01-31T12:00:00Z" })), true),
        ("AdvanceClock", "POST", demo("/clock/advance"), Some(json!({ "seconds": 5 })), true),
        ("ResumeClock", "DELETE", demo("/clock"), None, true),
        ("AddFault", "POST", demo("/faults"), Some(fault.clone()), true),
        ("DeleteFault", "DELETE", demo("/faults/1"), None, true),
        ("AddFault", "POST", demo("/faults"), Some(fault), true),
        ("DeleteFaults", "DELETE", demo("/faults"), None, true),
        ("AddKey", "POST", demo("/keys"), Some(json!({ "name": "ci" })), true),
        ("RotateKey", "POST", demo("/keys/ci/rotate"), Some(json!({ "slot": "secondary" })), true),
        ("RevokeKey", "POST", demo("/keys/ci/revoke"), Some(json!({ "slot": "primary" })), true),
        ("DeleteKey", "DELETE", demo("/keys/ci"), None, true),
        ("FreezeClock", "POST", demo("/clock/freeze"), Some(at), true),
        ("ResetTenant", "POST", demo("/reset"), None, true),
        ("SeedTenant", "PUT", demo("/seed"), Some(json!({ "plan": { "rejection_status": 400 } })), true),
        ("ClearRequests", "DELETE", demo("/requests"), None, false),
        ("ResendWebhooks", "POST", demo("/webhooks/resend"), None, false),
    ]
}

/// Operations that need what no request here makes, and change no settings: they run a hook, and send a delivery again.
const WITHOUT: [&str; 2] = ["TryHook", "ResendWebhook"];

#[test]
fn every_operation_that_changes_settings_raises_their_version() {
    let Some(database) = database("operations") else { return };
    let server = start(&database, "a");
    let mut tried = BTreeSet::new();
    for (operation, method, path, body, is_change) in requests() {
        try_one(&server, &database, (operation, method, &path, body.as_ref()), is_change);
        tried.insert(operation);
    }
    let known: BTreeSet<&str> = tried.iter().copied().chain(WITHOUT).collect();
    assert_eq!(
        writing_operations(),
        known.into_iter().map(str::to_owned).collect(),
        "each operation that writes is tried"
    );
}

fn try_one(
    server: &Process,
    database: &OwnDatabase,
    (operation, method, path, body): (&str, &str, &str, Option<&Value>),
    is_change: bool,
) {
    let digest = || database.rows(SETTINGS)[0]["digest"].clone();
    let version = || database.rows("select version from settings_version")[0]["version"].as_i64().expect("a version");
    let (digest_before, version_before) = (digest(), version());
    let reply = control(server, method, path, body);
    assert!((200..300).contains(&reply.status), "{operation}: {reply:?}");
    assert_eq!(digest() != digest_before, is_change, "{operation} changes settings");
    if is_change {
        assert!(version() > version_before, "{operation} changes settings and does not raise their version");
    }
}

/// The operations of the control API that are no GET.
fn writing_operations() -> BTreeSet<String> {
    let document = serde_json::to_value(directscale_emulator::control::document()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let control = paths.iter().filter(|(path, _)| path.starts_with("/_emulator"));
    let operations =
        control.flat_map(|(_, item)| ["post", "put", "patch", "delete"].map(|method| &item[method]["operationId"]));
    operations.filter_map(Value::as_str).map(str::to_owned).collect()
}
