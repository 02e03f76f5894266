//! A folder of seed files that is loaded when a server starts.

use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::Client;
use crate::support::control::as_request;
use crate::support::database::OwnDatabase;
use crate::support::process::{DEMO_KEY, Process, program, run};
use crate::support::server::server;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

fn tenant(name: &str) -> String {
    format!("version: 1\ntenants: [{{name: {name}}}]\n")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// What the seeds of a server did.
fn seeds(server: &Process) -> Value {
    let client = Client { address: server.address, key: String::new() };
    let status = client.raw(&as_request("GET", "/status", "", None)).done(200);
    status["seeds"].clone()
}

/// A start that fails. Returns standard error.
fn failed(data: &Path, folder: &Path, more: &[&str]) -> String {
    let mut command =
        program(&["--listen", "127.0.0.1:0", "--data", text(data), "--log", "warn", "--log-format", "text"]);
    let (code, out, error) = run(command.args(more).env("EMULATOR_SEED_DIR", folder));
    assert!(!error.contains("did not stop"), "the embedded database is closed: {error}");
    assert_eq!((code, out.as_str()), (Some(1), ""), "{error}");
    error
}

#[test]
fn the_files_of_a_folder_are_loaded_in_order_and_the_status_says_what_they_did() {
    let data = tempfile::tempdir().expect("a folder");
    let as_json = json!({ "$schema": "seed.json", "version": 1, "tenants": [{ "name": "b" }, { "name": "a" }] });
    let seeds_folder = folder(&[
        ("20-b.json", &as_json.to_string()),
        ("10-a.yml", &tenant("a")),
        ("README.md", "not a seed file"),
        (".hidden.yaml", "not a seed file"),
        ("old.yaml~", "not a seed file"),
    ]);
    let path = |name: &str| seeds_folder.path().join(name).display().to_string();
    let arguments = ["--data", text(data.path()), "--seed-dir", text(seeds_folder.path())];
    let server = Process::start(&arguments);
    let first = json!({ "file": path("10-a.yml"), "created": ["a"], "unchanged": [] });
    let second = json!({ "file": path("20-b.json"), "created": ["b"], "unchanged": ["a"] });
    assert_eq!(seeds(&server), json!([first, second]));
    let (code, status, _) = server.run(&["status", "--color", "never"]);
    assert_eq!(code, Some(0));
    let line = format!("  Seeds         {}: created a\n", path("10-a.yml"));
    let next = format!("                {}: created b; exists already, unchanged: a\n", path("20-b.json"));
    assert!(status.contains(&(line + &next)), "{status}");
    let (_, listed, _) = server.run(&["status", "-o", "json"]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(listed["seeds"][1]["created"], json!(["b"]));
    let banner = server.banner.join("\n");
    assert!(banner.contains("  seeded    a\n  seeded    b\n") && !banner.contains("demo key"), "{banner}");
    assert_eq!(server.run(&["tenants", "list"]).1.lines().count(), 2, "the embedded database gets no demo tenant");
    server.signal("TERM");
    server.wait();

    // After --seed, and what exists stays as it is.
    let again = Process::start(&[&arguments[..], &["--seed", "demo"]].concat());
    assert_eq!(
        seeds(&again),
        json!([
            { "file": "demo", "created": ["demo"], "unchanged": [] },
            { "file": path("10-a.yml"), "created": [], "unchanged": ["a"] },
            { "file": path("20-b.json"), "created": [], "unchanged": ["b", "a"] }
        ])
    );
}

#[test]
fn a_server_does_not_start_with_a_wrong_file_and_names_file_line_and_rule() {
    let data = tempfile::tempdir().expect("a folder");
    for (name, wrong, rule, line) in [
        ("20.yaml", "version: 1\ntenants:\n  - name: x\n    colour: red\n", "unknown field `colour`", "line 4"),
        (
            "20.yaml",
            "version: 1\ntenants:\n  - name: x\n    keys: [{name: k, key: short}]\n",
            "32 hexadecimal digits",
            "",
        ),
        (
            "20.json",
            "{\"version\": 1, \"tenants\": [\n{\"name\": \"x\", \"plan\": {\"minimum_age\": \"old\"}}]}",
            "minimum_age: ",
            "line 2",
        ),
        ("20.yml", "{}\n", "missing field `version`", "line 1"),
    ] {
        let seeds_folder = folder(&[("10.yaml", &tenant("first")), (name, wrong)]);
        let error = failed(data.path(), seeds_folder.path(), &[]);
        let file = seeds_folder.path().join(name);
        assert!(error.starts_with(&format!("error: the seed file {}", file.display())), "{error}");
        assert!(error.contains(rule) && error.contains(line), "{rule}, {line} in {error}");
    }
    let error = failed(data.path(), &data.path().join("missing"), &[]);
    let expected = format!("error: the folder of seed files {}/missing cannot be read: ", data.path().display());
    assert!(error.starts_with(&expected), "{error}");
    // Files before the wrong one stay loaded.
    let seeds_folder = folder(&[("10.yaml", &tenant("first")), ("30.yaml", &tenant("last"))]);
    let server = Process::start(&["--data", text(data.path()), "--seed-dir", text(seeds_folder.path())]);
    let loaded = seeds(&server);
    assert_eq!((&loaded[0]["unchanged"], &loaded[1]["created"]), (&json!(["first"]), &json!(["last"])));
}

#[test]
fn an_empty_folder_is_no_seed() {
    let data = tempfile::tempdir().expect("a folder");
    let seeds_folder = folder(&[("README.md", "put seed files here")]);
    let server = Process::start(&["--data", text(data.path()), "--seed-dir", text(seeds_folder.path())]);
    assert_eq!(seeds(&server), json!([{ "file": "demo", "created": ["demo"], "unchanged": [] }]));
    assert!(server.banner.join("\n").contains(DEMO_KEY));
}

/// The server is not ready before all files are loaded: while another transaction has the name of the second file's tenant.
#[test]
fn a_server_is_ready_when_all_files_are_loaded() {
    let Some(database) = OwnDatabase::create("seed_folder_ready") else {
        println!("not run: it needs a Postgres server");
        return;
    };
    let (code, _, error) = run(program(&["migrate", "--log", "off"]).env("DATABASE_URL", &database.url));
    assert_eq!(code, Some(0), "{error}");
    let lock = "begin; select pg_advisory_xact_lock(hashtext('tenant name'), hashtext('two'))";
    let runtime = &server().runtime;
    let mut holder = runtime.block_on(PgConnection::connect(&database.url)).expect("a connection");
    runtime.block_on(holder.execute(sqlx::raw_sql(lock))).expect("the lock");
    let seeds_folder = folder(&[("10.yaml", &tenant("one")), ("20.yaml", &tenant("two"))]);
    let listen = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let client = Client { address: listen, key: String::new() };
    thread::scope(|scope| {
        let starting = scope.spawn(|| {
            let mut command = program(&["--seed-dir", text(seeds_folder.path())]);
            command.env("DATABASE_URL", &database.url);
            Process::start_as(command, &listen.to_string())
        });
        let is_loaded = || !database.rows("select name from tenants where name = 'one'").is_empty();
        while !is_loaded() && !starting.is_finished() {
            thread::sleep(Duration::from_millis(50));
        }
        let reply = client.get("/readyz");
        assert_eq!((reply.status, &reply.json()["pending"]), (503, &json!(["seed"])), "{reply:?}");
        runtime.block_on(holder.close()).expect("it ends");
        let server = starting.join().expect("a server");
        assert_eq!(client.get("/readyz").status, 200);
        assert_eq!(seeds(&server).as_array().map(Vec::len), Some(2));
    });
}

#[test]
fn servers_that_start_at_once_with_one_folder_create_each_tenant_once() {
    let Some(database) = OwnDatabase::create("seed_folder") else {
        println!("not run: it needs a Postgres server");
        return;
    };
    let customers = "customers: [{CustomerType: 1, Username: root}, {CustomerType: 2, SponsorId: 1}]";
    let file = |number: usize| {
        let key = format!("{number:032x}");
        format!(
            "version: 1\ntenants: [{{name: t{number}, keys: [{{name: k, key: \"{key}\"}}], {customers}}}, {{name: shared}}]\n"
        )
    };
    let files: Vec<(String, String)> = (1..=6).map(|number| (format!("{number}.yaml"), file(number))).collect();
    let seeds_folder = folder(&files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>());
    let servers: Vec<Process> = thread::scope(|scope| {
        let starting: Vec<_> = (0..4)
            .map(|number| {
                let mut command = program(&["--seed-dir", text(seeds_folder.path())]);
                command.args(["--server-name", &format!("s{number}")]).env("DATABASE_URL", &database.url);
                scope.spawn(move || Process::start_as(command, "127.0.0.1:0"))
            })
            .collect();
        starting.into_iter().map(|starting| starting.join().expect("a server")).collect()
    });
    let mut created: Vec<String> = Vec::new();
    for server in &servers {
        let loaded = seeds(server);
        let loaded = loaded.as_array().expect("seeds");
        assert_eq!(loaded.len(), 6);
        for seed in loaded {
            let names = |member: &str| {
                let names = seed[member].as_array().expect("names").iter();
                names.map(|name| name.as_str().expect("a name").to_owned()).collect::<Vec<_>>()
            };
            assert_eq!(names("created").len() + names("unchanged").len(), 2, "{seed}");
            created.extend(names("created"));
        }
        for number in 1..=6 {
            Client { address: server.address, key: format!("{number:032x}") }.get("/v1/customers/2").succeeds(200);
        }
    }
    created.sort_unstable();
    assert_eq!(created, ["shared", "t1", "t2", "t3", "t4", "t5", "t6"]);
}
