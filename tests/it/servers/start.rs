//! Servers that start: many at once, and beside one that has another admin token.

use std::collections::HashSet;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{arguments, change, database, names, start};
use crate::support::Client;
use crate::support::process::{DEMO_KEY, Process, program, run};

#[test]
fn ten_servers_start_at_once_and_know_each_other() {
    let Some(database) = database("ten") else { return };
    let first = start(&database, "server-0");
    let begun = Instant::now();
    let servers: Vec<Process> = thread::scope(|scope| {
        let starting: Vec<_> = (1..10)
            .map(|number| (number, &database))
            .map(|(number, database)| scope.spawn(move || start(database, &format!("server-{number}"))))
            .collect();
        starting.into_iter().map(|starting| starting.join().expect("a server")).collect()
    });
    println!("nine more servers were ready after {:?}", begun.elapsed());
    let all: HashSet<String> = (0..10).map(|number| format!("server-{number}")).collect();
    assert_eq!(names(&servers[8]).into_iter().collect::<HashSet<_>>(), all);
    for round in 0..5 {
        let key = format!("{round:032x}");
        let took =
            change(&first, "POST", "/tenants/demo/keys", Some(&json!({ "name": format!("k{round}"), "key": key })));
        println!("a change was known to ten servers after {took:?}");
        for server in &servers {
            Client { address: server.address, key: key.clone() }.get("/v1/customers/2").succeeds(200);
        }
    }
}

#[test]
fn a_second_server_without_a_token_that_was_set_does_not_start() {
    let Some(database) = database("token") else { return };
    let url = database.url.as_str();
    let with = |name, more: &[&str]| {
        let mut command = program(&arguments(url, name));
        command.args(more);
        command
    };
    let generated = ["--admin-token-required"];
    let first = Process::start_as(with("a", &generated), "127.0.0.1:0");
    let (code, _, error) = run(with("b", &generated).args(["--listen", "127.0.0.1:0", "--log", "off"]));
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("another server, a, uses this database"), "{error}");
    assert!(error.contains("Set the same EMULATOR_ADMIN_TOKEN for all servers"), "{error}");

    // The same server after a crash waits until its last run counts as dead.
    first.kill();
    let begun = Instant::now();
    let again = Process::start_as(with("a", &generated), "127.0.0.1:0");
    let waited = begun.elapsed();
    println!("after a crash the start took {waited:?}");
    assert!(waited < Duration::from_secs(10), "{waited:?}");

    // A token that is set later: both run, and the new one says so.
    let other_token = with("b", &["--admin-token", "0123456789abcdef-set", "--listen", "127.0.0.1:0"])
        .args(["--log-format", "json"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let warned = last_words(other_token);
    assert!(warned.contains("another server of this database generated its admin token"), "{warned}");
    assert!(!warned.contains("0123456789abcdef-set"), "{warned}");
    drop(again);
    let rows = database.rows("select token from servers");
    assert!(
        rows.iter().all(|row| row["token"].as_str().is_some_and(|token| token == "generated" || token.len() == 3)),
        "{rows:?}"
    );
}

/// What a server writes to standard error in its first seconds.
fn last_words(mut server: std::process::Child) -> String {
    thread::sleep(Duration::from_secs(5));
    let _ = server.kill();
    let output = server.wait_with_output().expect("its output");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn two_servers_of_one_name_do_not_run_at_once() {
    let Some(database) = database("same_name") else { return };
    let first = start(&database, "a");
    let (code, _, error) =
        run(program(&arguments(&database.url, "a")).args(["--listen", "127.0.0.1:0", "--log", "off"]));
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("another server of this database has the name a"), "{error}");
    assert_eq!(names(&first), ["a"]);
    Client { address: first.address, key: DEMO_KEY.to_owned() }.get("/v1/customers/2").succeeds(200);
}
