//! Tasks of several servers on one database: each server tells the state and the result of all of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::control::as_request;
use crate::support::database::OwnDatabase;
use crate::support::process::Process;
use crate::support::{Client, Reply};

/// How long a task counts as running after its server was killed, with some time for this machine.
const LEASE: Duration = Duration::from_secs(12);

/// What a result has in place of a key that was shown.
const HIDDEN: &str = "•••";

/// Servers on a database of their own, with the demo data.
struct Servers {
    database: OwnDatabase,
    processes: Vec<Process>,
}

impl Servers {
    /// `None` on the embedded database.
    fn start(purpose: &str, number: usize) -> Option<Self> {
        let database = OwnDatabase::create(purpose)?;
        let mut servers = Self { database, processes: Vec::new() };
        for _ in 0..number {
            servers.add();
        }
        Some(servers)
    }

    /// Starts one more, and waits until the others know it.
    fn add(&mut self) {
        let name = format!("server-{}", self.processes.len());
        let arguments = ["--database-url", &self.database.url, "--seed", "demo", "--server-name", &name];
        self.processes.push(Process::start(&arguments));
    }

    fn ask(&self, server: usize, method: &str, path: &str, headers: &str, body: Option<&Value>) -> Reply {
        let client = Client { address: self.processes[server].address, key: String::new() };
        client.raw(&as_request(method, path, headers, body))
    }

    /// Starts a task at a server, and returns its path.
    #[track_caller]
    fn begin(&self, server: usize, method: &str, path: &str, body: Option<&Value>) -> String {
        let reply = self.ask(server, method, path, "Prefer: respond-async\r\n", body);
        assert_eq!(reply.status, 202, "{reply:?}");
        let location = reply.header("Location").expect("the task's path");
        location.strip_prefix("/_emulator").expect("a path of the control API").to_owned()
    }

    #[track_caller]
    fn status(&self, server: usize, task: &str) -> Value {
        self.ask(server, "GET", task, "", None).done(200)
    }

    /// Asks a server until the task has ended.
    #[track_caller]
    fn end(&self, server: usize, task: &str) -> Value {
        let start = Instant::now();
        loop {
            let status = self.status(server, task);
            if status["state"] != "running" {
                return status;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "{status}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A seed that takes some seconds.
fn long_seed() -> Value {
    json!({ "population": { "distributors": 60_000, "retail": 60_000, "random_seed": 7 } })
}

#[test]
fn a_task_is_followed_at_every_server() {
    let Some(servers) = Servers::start("tasks_followed", 3) else { return };
    servers.ask(0, "POST", "/tenants/demo/fork", "", Some(&json!({ "name": "large" }))).done(201);
    let seed = json!({ "population": { "distributors": 5_000, "retail": 5_000, "random_seed": 7 } });
    let task = servers.begin(0, "PUT", "/tenants/large/seed", Some(&seed));
    let (mut read, start) = (0, Instant::now());
    let done = loop {
        // The next server each time.
        let status = servers.status(read % 3, &task);
        assert_eq!((&status["tenant"], &status["kind"]), (&json!("large"), &json!("seed")), "{status}");
        read += 1;
        if status["state"] != "running" {
            break status;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{status}");
    };
    assert!(read >= 3, "it was over at once");
    assert_eq!(done["state"], "done", "{done}");
    assert!(done["result"]["rows"].as_i64() > Some(10_000), "{done}");
    for server in 0..3 {
        assert_eq!(servers.status(server, &task), done);
        let listed = servers.ask(server, "GET", "/tenants/large/tasks", "", None).done(200);
        let kinds: Vec<&Value> = listed.as_array().expect("tasks").iter().map(|task| &task["kind"]).collect();
        assert_eq!(kinds, ["seed", "fork"], "{listed}");
        assert_eq!(listed[0], done);
        let page = servers.ask(server, "GET", "/t/large/data", "Accept: text/html\r\n", None);
        assert!(page.body.contains("Seeding the data: done in"), "{page:?}");
    }
    let unknown = "/tasks/00000000-0000-0000-0000-000000000000";
    assert!(servers.ask(1, "GET", unknown, "", None).problem(404).starts_with("there is no task 0000"));
}

#[test]
fn a_task_that_begins_before_the_other_server_is_known_there_too() {
    let Some(mut servers) = Servers::start("tasks_earlier", 1) else { return };
    let fork = servers.begin(0, "POST", "/tenants/demo/fork", Some(&json!({ "name": "large" })));
    assert!(servers.database.rows("select * from emulator_tasks").is_empty(), "one server needs no table");
    servers.end(0, &fork);
    let task = servers.begin(0, "PUT", "/tenants/large/seed", Some(&long_seed()));
    servers.add();
    assert_eq!(servers.status(1, &task)["state"], "running");
    // The key was shown before there was another server.
    assert_eq!(servers.status(1, &fork)["result"]["key"], HIDDEN);
}

#[test]
fn a_new_key_is_shown_once_at_any_server() {
    let Some(servers) = Servers::start("tasks_keys", 2) else { return };
    let stored = || {
        let rows =
            servers.database.rows("select secret is not null as has_key from emulator_tasks order by started_at");
        rows.iter().map(|row| row["has_key"].as_bool().expect("a flag")).collect::<Vec<bool>>()
    };
    // Asked for at one server and read at the other.
    let task = servers.begin(0, "POST", "/tenants/demo/fork", Some(&json!({ "name": "first" })));
    let created = servers.end(1, &task);
    let key = created["result"]["key"].as_str().expect("a key").to_owned();
    assert_eq!(key.len(), 32, "{created}");
    let client = Client { address: servers.processes[1].address, key };
    client.get("/v1/customers/2").succeeds(200);
    assert_eq!(stored(), [false]);
    for server in 0..2 {
        assert_eq!(servers.status(server, &task)["result"]["key"], HIDDEN);
        let listed = servers.ask(server, "GET", "/tenants/first/tasks", "", None).done(200);
        assert_eq!(listed[0]["result"]["key"], HIDDEN);
    }
    // A client that waits has read it.
    servers.ask(0, "POST", "/tenants/demo/fork", "", Some(&json!({ "name": "second" }))).done(201);
    assert_eq!(stored(), [false, false]);
    let listed = servers.ask(1, "GET", "/tenants/second/tasks", "", None).done(200);
    assert_eq!(listed[0]["result"]["key"], HIDDEN);
    // It is not read. The time that it is stored is over.
    let task = servers.begin(0, "POST", "/tenants/demo/fork", Some(&json!({ "name": "third" })));
    let start = Instant::now();
    while stored() != [false, false, true] {
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", stored());
        std::thread::sleep(Duration::from_millis(20));
    }
    let left = servers.database.rows(
        "select extract(epoch from secret_until - clock_timestamp())::float8 as seconds from emulator_tasks where secret is not null",
    );
    let left = left[0]["seconds"].as_f64().expect("seconds");
    assert!((500.0..=600.0).contains(&left), "{left}");
    servers.database.execute("update emulator_tasks set secret_until = clock_timestamp() where secret is not null");
    assert_eq!(servers.status(1, &task)["result"]["key"], HIDDEN);
    // The log and the standbys of Postgres have none of it.
    let tables =
        servers.database.rows("select relpersistence::text as p from pg_class where relname = 'emulator_tasks'");
    assert_eq!(tables, [json!({ "p": "u" })]);
}

#[test]
fn of_two_clients_one_reads_the_key() {
    let Some(servers) = Servers::start("tasks_once", 2) else { return };
    for round in 0..10 {
        let task = servers.begin(0, "POST", "/tenants/demo/fork", Some(&json!({ "name": format!("fork-{round}") })));
        let keys: Vec<bool> = std::thread::scope(|scope| {
            let read = |server| {
                let (servers, task) = (&servers, &task);
                scope.spawn(move || servers.end(server, task)["result"]["key"] != HIDDEN)
            };
            let clients: Vec<_> = [0, 1, 0, 1].into_iter().map(read).collect();
            clients.into_iter().map(|client| client.join().expect("a status")).collect()
        });
        assert_eq!(keys.iter().filter(|is_shown| **is_shown).count(), 1, "{keys:?}");
    }
}

#[test]
fn a_task_of_a_killed_server_has_failed_within_the_lease() {
    let Some(mut servers) = Servers::start("tasks_killed", 3) else { return };
    servers.ask(0, "POST", "/tenants/demo/fork", "", Some(&json!({ "name": "large" }))).done(201);
    let task = servers.begin(0, "PUT", "/tenants/large/seed", Some(&long_seed()));
    let owner = servers.processes.remove(0);
    assert_eq!(servers.status(0, &task)["state"], "running");
    owner.kill();
    let killed = Instant::now();
    let ended = servers.end(0, &task);
    assert!(killed.elapsed() < LEASE, "{:?}", killed.elapsed());
    assert_eq!(ended["state"], "failed", "{ended}");
    assert_eq!(ended["error"], "the server that ran this task ended before the task did: start it again");
    assert_eq!(servers.status(1, &task), ended);
    // Nothing of it is there, and it can be started again.
    let listed = servers.ask(1, "GET", "/tenants/large", "", None).done(200);
    assert_eq!(listed["last_customer_id"], 4, "{listed}");
    let seed = json!({ "population": { "distributors": 10, "retail": 10, "random_seed": 7 } });
    servers.ask(1, "PUT", "/tenants/large/seed", "", Some(&seed)).done(200);
}

#[test]
fn a_task_of_a_server_that_stops_has_failed_at_once() {
    let Some(mut servers) = Servers::start("tasks_stopped", 2) else { return };
    servers.ask(0, "POST", "/tenants/demo/fork", "", Some(&json!({ "name": "large" }))).done(201);
    let task = servers.begin(0, "PUT", "/tenants/large/seed", Some(&long_seed()));
    let owner = servers.processes.remove(0);
    owner.signal("TERM");
    assert!(owner.wait().success());
    let ended = servers.status(0, &task);
    assert_eq!(ended["state"], "failed", "{ended}");
    assert_eq!(ended["error"], "the server that ran this task ended before the task did: start it again");
}

#[test]
fn the_stored_tasks_have_a_maximum() {
    let Some(mut servers) = Servers::start("tasks_bounded", 2) else { return };
    let number = |of: &Servers| of.database.rows("select count(*) as n from emulator_tasks")[0]["n"].as_i64();
    for _ in 0..104 {
        servers.ask(0, "POST", "/tenants/demo/reset", "", None).done(200);
    }
    assert_eq!(number(&servers), Some(100), "of one server");
    servers.ask(1, "POST", "/tenants/demo/reset", "", None).done(200);
    assert_eq!(number(&servers), Some(101), "of two servers");
    let listed = servers.ask(0, "GET", "/tenants/demo/tasks", "", None).done(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(101));
    // What servers have left that ended long ago, or are too many.
    servers.database.execute(
        "insert into emulator_tasks (task_id, server_id, tenant, started_at, is_running, leased_until, status)
         select gen_random_uuid(), gen_random_uuid(), t.tenant, t.started_at - n * interval '1 second', n % 2 = 0,
                clock_timestamp() - case when n > 1500 then interval '25 hours' else interval '1 minute' end, t.status
           from (select * from emulator_tasks limit 1) t, generate_series(1, 2000) n",
    );
    servers.add();
    let start = Instant::now();
    while number(&servers) != Some(1_000) {
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", number(&servers));
        std::thread::sleep(Duration::from_millis(50));
    }
}
