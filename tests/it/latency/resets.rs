//! Requests during a reset, and resets that fail or whose server is killed.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{admin, begin, in_folder, key, population, shared, start_embedded, wait_for_rows};
use crate::support::Client;
use crate::support::process::Process;

#[test]
fn a_reset_that_is_killed_is_finished_by_the_next_start() {
    let _guard = shared();
    let folder = tempfile::tempdir().expect("a folder");
    let process = start_embedded(&folder);
    let size = 20_000;
    let created = admin(&process, "POST", "/tenants", Some(&json!({ "name": "large", "seed": population(size, 1) })));
    let client = Client { address: process.address, key: key(&created) };
    client.patch("/v1/customers/1", &json!({ "FirstName": "Changed" })).succeeds(200);
    let task = begin(&process, "POST", "/tenants/large/reset", None);
    wait_for_rows(&process, &task, 10_000);
    process.kill();
    assert_eq!(in_folder(&folder, INCOMPLETE), 1);
    let written =
        in_folder(&folder, "select count(*) from customers c join tenants t using (tenant_id) where t.name = 'large'");
    assert!(
        written < i64::try_from(size).expect("a number"),
        "all {written} rows are written, so the reset was finished"
    );

    let process = start_embedded(&folder);
    let client = Client { address: process.address, ..client };
    let ids = client.get("/v1/customers/customer-ids").succeeds(200).json();
    assert_eq!(ids.as_array().expect("ids").len(), size);
    assert_ne!(client.customer(1)["FirstName"], "Changed");
    assert_eq!(differing(&process), 0);
}

#[test]
fn requests_to_a_tenant_wait_for_its_reset() {
    let _guard = shared();
    let folder = tempfile::tempdir().expect("a folder");
    let process = start_embedded(&folder);
    let size = 20_000;
    let client = changed_tenant(&process, size);
    client.patch("/v1/customers/15000", &json!({ "FirstName": "Changed" })).succeeds(200);
    let diff = admin(&process, "GET", "/diff?from=large@seed&to=large&limit=1", None);
    assert_eq!(diff["differing"], 2, "{diff}");
    let (tables, rows) = (&diff["tables"], &diff["tables"][0]["rows"]);
    assert_eq!((tables.as_array().map(Vec::len), &tables[0]["table"]), (Some(1), &json!("customers")), "{diff}");
    assert_eq!((rows.as_array().map(Vec::len), &rows[0]["id"]), (Some(1), &json!("1")), "{diff}");
    let diff = admin(&process, "GET", "/diff?from=large@seed&to=large", None);
    assert_eq!(diff["tables"][0]["rows"][1]["id"], "15000", "{diff}");

    let fault = json!({ "operation": "UpgradeCustomer", "when": { "first": 1 }, "response": "reset" });
    let clock = json!({ "at": "2030-01-31T12:00:00Z" });
    let integration =
        json!({ "events": { "subscriptions": [{ "url": "http://127.0.0.1:9/", "types": ["UpdateAssociateEvent"] }] } });
    let task = begin(&process, "POST", "/tenants/large/reset", None);
    wait_for_rows(&process, &task, 2_000);
    let requests = [
        ("GET", "/tenants/large/export?format=json", None),
        ("GET", "/diff?from=large&to=large@seed", None),
        ("POST", "/tenants/large/faults", Some(&fault)),
        ("POST", "/tenants/large/clock/freeze", Some(&clock)),
        ("PUT", "/tenants/large/integration", Some(&integration)),
    ];
    let responses: Vec<Value> = thread::scope(|scope| {
        let sending = requests.map(|(method, path, body)| {
            let (process, task) = (&process, &task);
            scope.spawn(move || {
                let response = admin(process, method, path, body);
                let status = admin(process, "GET", task, None);
                assert_eq!(status["state"], "done", "{method} {path} did not wait");
                response
            })
        });
        sending.into_iter().map(|request| request.join().expect("a response")).collect()
    });
    let exported = responses[0]["tenants"][0]["customers"].as_array().expect("customers");
    assert_eq!(exported.len(), size);
    assert_ne!(exported[0]["FirstName"], "Changed");
    // Only settings differ, which were changed before or after the reset.
    let tables = responses[1]["tables"].as_array().expect("tables");
    assert!(tables.iter().all(|table| table["table"] == "settings" || table["table"] == "faults"), "{tables:?}");
    // The acknowledged changes are stored.
    assert_eq!(admin(&process, "GET", "/tenants/large/faults", None)[0]["rule"]["operation"], "UpgradeCustomer");
    assert_eq!(admin(&process, "GET", "/tenants/large/clock", None)["mode"], "frozen");
    let integration = admin(&process, "GET", "/tenants/large/integration", None);
    assert_eq!(integration["events"]["subscriptions"].as_array().map(Vec::len), Some(1), "{integration}");
}

/// The database fails in each attempt. No request sees incomplete data, and the next start serves all other tenants. The first
/// start after the database is repaired finishes the reset.
#[test]
fn a_tenant_whose_reset_fails_rejects_all_requests() {
    let _guard = shared();
    let folder = tempfile::tempdir().expect("a folder");
    let process = start_embedded(&folder);
    let size = 5_000;
    let mut client = changed_tenant(&process, size);
    process.signal("TERM");
    assert!(process.wait().success());
    in_folder(
        &folder,
        "create function broken() returns trigger language plpgsql as $$ begin
             if new.customer_id = 4000 and exists (select from tenants where tenant_id = new.tenant_id and name = 'large') then
                 raise exception 'the disk is full';
             end if;
             return new;
         end $$;
         create trigger broken before insert on customers for each row execute function broken();",
    );

    let process = start_embedded(&folder);
    client.address = process.address;
    let task = begin(&process, "POST", "/tenants/large/reset", None);
    wait_for_rows(&process, &task, 2_000);
    let waiting = client.get("/v1/customers/1");
    assert_eq!(waiting.status, 500, "{waiting:?}");
    assert_eq!(wait_for_end(&process, &task)["state"], "failed");
    let rejects_all = |process: &Process, client: &Client| {
        let reply = client.get("/v1/customers/1");
        assert_eq!((reply.status, reply.json()["message"].as_str()), (500, Some("Internal server error")), "{reply:?}");
        for (method, path) in [("GET", "export"), ("POST", "fork"), ("DELETE", "faults")] {
            let body = (path == "fork").then(|| json!({ "name": "half" }));
            let path = format!("/tenants/large/{path}");
            let bytes = crate::support::control::as_request(method, &path, "", body.as_ref());
            let detail = Client { address: process.address, key: String::new() }.raw(&bytes).problem(503);
            assert!(detail.contains("data is incomplete"), "{method} {path}: {detail}");
        }
        process.client().customer(3);
    };
    rejects_all(&process, &client);
    process.kill();

    let process = start_embedded(&folder);
    client.address = process.address;
    rejects_all(&process, &client);
    process.kill();
    assert_eq!(in_folder(&folder, INCOMPLETE), 1);

    in_folder(&folder, "drop trigger broken on customers");
    let process = start_embedded(&folder);
    client.address = process.address;
    assert_eq!(customers_of(&client), size);
    assert_ne!(client.customer(1)["FirstName"], "Changed");
    assert_eq!(differing(&process), 0);
    process.kill();

    // The server also starts when the snapshot is missing.
    in_folder(&folder, "update tenants set restored_from = 999999 where name = 'large'");
    let process = start_embedded(&folder);
    client.address = process.address;
    assert_eq!(customers_of(&client), size);
    process.kill();
    assert_eq!(in_folder(&folder, INCOMPLETE), 0);
}

/// A tenant whose first customer was changed after its seed.
fn changed_tenant(process: &Process, size: usize) -> Client {
    let created = admin(process, "POST", "/tenants", Some(&json!({ "name": "large", "seed": population(size, 1) })));
    let client = Client { address: process.address, key: key(&created) };
    client.patch("/v1/customers/1", &json!({ "FirstName": "Changed" })).succeeds(200);
    client
}

/// Counts the tenants with an unfinished reset.
const INCOMPLETE: &str = "select count(*) from tenants where restored_from is not null";

fn differing(process: &Process) -> Value {
    admin(process, "GET", "/diff?from=large&to=large@seed", None)["differing"].clone()
}

fn customers_of(client: &Client) -> usize {
    client.get("/v1/customers/customer-ids").succeeds(200).json().as_array().expect("ids").len()
}

fn wait_for_end(process: &Process, task: &str) -> Value {
    loop {
        let status = admin(process, "GET", task, None);
        if status["state"] != "running" {
            return status;
        }
        thread::sleep(Duration::from_millis(20));
    }
}
