//! No server acts on what a control call has replaced before it answered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{change, database, start};
use crate::support::process::{DEMO_KEY, Process, program};
use crate::support::{Client, seeds};

/// Requests at the other server after each change.
const REQUESTS: usize = 20;

/// How often each kind of change is made.
const ROUNDS: usize = 5;

/// One kind of change: at one server, and what requests at another then see.
struct Changes<'a> {
    at: &'a Process,
    other: &'a Process,
    took: Vec<Duration>,
    requests: usize,
    old: Vec<&'static str>,
}

impl Changes<'_> {
    fn make(&mut self, method: &str, path: &str, body: Option<&Value>) {
        self.took.push(change(self.at, method, path, body));
    }

    /// Sends requests to the other server. They begin after the answer to the change.
    fn expect(&mut self, change: &'static str, key: &str, is_new: impl Fn(&Client) -> bool) {
        let client = Client { address: self.other.address, key: key.to_owned() };
        for _ in 0..REQUESTS {
            self.requests += 1;
            if !is_new(&client) {
                self.old.push(change);
            }
        }
    }

    fn faults(&mut self) {
        let rule = json!({ "operation": "GetCustomer", "when": "every", "response": { "status": { "code": 500, "message": "armed" } } });
        self.make("POST", "/tenants/demo/faults", Some(&rule));
        self.expect("armed", DEMO_KEY, |client| client.get("/v1/customers/3").status == 500);
        self.make("DELETE", "/tenants/demo/faults", None);
        self.expect("cleared", DEMO_KEY, |client| client.get("/v1/customers/3").status == 200);
    }

    fn plan(&mut self) {
        for status in [400, 500] {
            self.make("PUT", "/tenants/demo/plan", Some(&json!({ "rejection_status": status, "unique": [] })));
            self.expect("plan", DEMO_KEY, |client| client.post("/v1/customers", &json!({})).status == status);
        }
    }

    fn clock(&mut self, round: usize) {
        let at = format!("203{round}-05-06T07:08:09Z");
        self.make("POST", "/tenants/demo/clock/freeze", Some(&json!({ "at": at })));
        self.expect("clock", DEMO_KEY, |client| {
            client.customer(client.create(&seeds::retail()))["SignupDate"] == at.as_str()
        });
    }

    fn keys(&mut self, round: usize) {
        let (name, old, new) = (format!("key-{round}"), format!("{round:032x}"), format!("{round:031x}f"));
        let get = |status| move |client: &Client| client.get("/v1/customers/2").status == status;
        // The other server remembers for a moment that no tenant has the key.
        self.expect("unknown", &old, get(401));
        self.make("POST", "/tenants/demo/keys", Some(&json!({ "name": name, "key": old })));
        self.expect("added", &old, get(200));
        let path = |verb| format!("/tenants/demo/keys/{name}{verb}");
        self.make("POST", &path("/rotate"), Some(&json!({ "slot": "primary", "key": new })));
        self.expect("rotated, old", &old, get(401));
        self.expect("rotated, new", &new, get(200));
        self.make("POST", &path("/revoke"), Some(&json!({})));
        self.expect("revoked", &new, get(401));
        self.make("DELETE", &path(""), None);
        self.expect("deleted", &new, get(401));
    }
}

#[test]
fn a_request_that_begins_after_the_answer_sees_the_change_at_every_server() {
    let Some(database) = database("changes") else { return };
    let [first, second] = ["a", "b"].map(|name| {
        // The keys are wrong ones after they were revoked.
        let mut program = program(&super::arguments(&database.url, name));
        program.env("EMULATOR_GUESS_LIMIT", "0");
        Process::start_as(program, "127.0.0.1:0")
    });
    let mut changes = Changes { at: &first, other: &second, took: Vec::new(), requests: 0, old: Vec::new() };
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        // What the other server remembers is in use all the time, and read again each time that it is dropped.
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    second.client().get("/v1/customers/2");
                }
            });
        }
        for round in 1..=ROUNDS {
            changes.faults();
            changes.plan();
            changes.clock(round);
            changes.keys(round);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let (requests, old) = (changes.requests, &changes.old);
    changes.took.sort_unstable();
    println!(
        "{} changes, answered in {:?} (median) to {:?}; {requests} requests after them, {} by the old state",
        changes.took.len(),
        changes.took[changes.took.len() / 2],
        changes.took[changes.took.len() - 1],
        old.len()
    );
    assert!(requests >= 1_000, "{requests}");
    assert!(old.is_empty(), "{old:?}");
}

#[test]
fn a_credential_is_read_again_only_after_a_change() {
    let Some(database) = database("remembered") else { return };
    let server = start(&database, "a");
    let status = || server.client().post("/v1/customers", &json!({})).status;
    let set = |status: u16| {
        let plan = format!("plan || '{{\"rejection_status\": {status}}}'");
        database.execute(&format!("update tenants set plan = {plan} where name = 'demo'"));
    };
    // On a busy machine the server may hear of changes too late for a moment, and then reads it again.
    let is_remembered = (0..10).any(|_| {
        set(500);
        super::eventually(Duration::from_mins(2), || status() == 500);
        thread::sleep(Duration::from_millis(500));
        set(400);
        thread::sleep(Duration::from_millis(1_500));
        status() == 500
    });
    assert!(is_remembered, "a change that raises no version is seen");
    database.execute(
        "with raised as (update settings_version set version = version + 1 returning version)
         insert into settings_changes select version, (select tenant_id from tenants where name = 'demo') from raised",
    );
    super::eventually(Duration::from_secs(2), || status() == 400);
}

#[test]
fn three_servers_change_at_once_and_agree() {
    const CHANGES: usize = 15;
    let Some(database) = database("at_once") else { return };
    let servers = ["a", "b", "c"].map(|name| start(&database, name));
    let version = || database.rows("select version from settings_version")[0]["version"].as_i64().expect("a version");
    let before = version();
    thread::scope(|scope| {
        for (number, server) in servers.iter().enumerate() {
            scope.spawn(move || {
                for round in 0..CHANGES {
                    let key = format!("{number:016x}{round:016x}");
                    let name = format!("{number}-{round}");
                    change(server, "POST", "/tenants/demo/keys", Some(&json!({ "name": name, "key": key })));
                }
            });
        }
    });
    let changes = i64::try_from(3 * CHANGES).expect("few");
    assert_eq!(version() - before, changes, "each change raises it once");
    for server in &servers {
        for (number, round) in [(0, 0), (1, CHANGES - 1), (2, CHANGES - 1)] {
            let client = Client { address: server.address, key: format!("{number:016x}{round:016x}") };
            client.get("/v1/customers/2").succeeds(200);
        }
    }
}
