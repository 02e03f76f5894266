//! `kill -9` in the middle of upgrades, on the database of this run. Afterwards every upgrade is complete or absent, and every
//! acknowledged upgrade is stored.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use directscale_emulator::server::Origin;
use serde_json::{Value, json};

use crate::support::process::Process;
use crate::support::server::server;
use crate::support::{Client, seeds, with};

const COUNT: usize = 1000;

#[test]
fn a_killed_server_leaves_no_customer_half_upgraded() {
    let folder = tempfile::tempdir().expect("a folder");
    let database: Vec<String> = match &server().origin {
        Origin::Embedded(_) => vec!["--data".to_owned(), folder.path().join("data").display().to_string()],
        Origin::Server(url) => {
            vec!["--database-url".to_owned(), own_database(url, "restart"), "--seed".to_owned(), "demo".to_owned()]
        }
    };
    let arguments: Vec<&str> = database.iter().map(String::as_str).collect();

    let first = Process::start(&arguments);
    let client = first.client();
    let ids: Vec<i64> = (0..COUNT).map(|number| client.create(&retail(number))).collect();

    // Killed when a third is acknowledged, while eight upgrades are in progress.
    let done = AtomicUsize::new(0);
    let acknowledged: Vec<i64> = thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                let (ids, client, done) = (&ids, &client, &done);
                scope.spawn(move || {
                    let mut acknowledged = Vec::new();
                    for number in (worker..COUNT).step_by(8) {
                        let body = upgraded(number).to_string();
                        let path = format!("/v1/customers/upgrade/{}", ids[number]);
                        match client.try_call("PUT", &path, Some(&body)) {
                            Some(reply) if reply.status == 201 => {
                                acknowledged.push(ids[number]);
                                done.fetch_add(1, Ordering::Relaxed);
                            }
                            Some(reply) => panic!("{reply:?}"),
                            None => break,
                        }
                    }
                    acknowledged
                })
            })
            .collect();
        while done.load(Ordering::Relaxed) < COUNT / 3 {
            thread::sleep(Duration::from_millis(1));
        }
        first.kill();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    assert!(acknowledged.len() < COUNT, "it was killed in the middle");

    let second = Process::start(&arguments);
    let client = second.client();
    let upgraded: Vec<i64> = ids.iter().copied().filter(|id| is_upgraded(&client, *id)).collect();
    let missing: Vec<&i64> = acknowledged.iter().filter(|id| !upgraded.contains(id)).collect();
    assert!(missing.is_empty(), "acknowledged but not stored: {missing:?}");
    println!("{COUNT} upgrades, {} acknowledged, {} stored after kill -9", acknowledged.len(), upgraded.len());

    // The tree and the log match the types: the others can be upgraded now, and a second upgrade is rejected.
    for (number, id) in ids.iter().enumerate() {
        let reply = client.put(&format!("/v1/customers/upgrade/{id}"), &self::upgraded(number));
        assert_eq!(reply.status, if upgraded.contains(id) { 500 } else { 201 }, "{reply:?}");
    }
    second.signal("TERM");
    assert!(second.wait().success());
    assert_tree_and_log_agree(&database);
}

/// Whether a customer is upgraded. Every field must agree.
fn is_upgraded(client: &Client, id: i64) -> bool {
    let customer = client.customer(id);
    let is_upgraded = customer["CustomerType"] == 1;
    assert_eq!(customer["FirstName"] == "Minch", is_upgraded, "{customer}");
    assert_eq!(customer["TaxId"] != Value::Null, is_upgraded, "{customer}");
    is_upgraded
}

fn retail(number: usize) -> Value {
    with(&seeds::retail(), json!({ "Username": format!("k{number}"), "EmailAddress": format!("k{number}@x.example") }))
}

fn upgraded(number: usize) -> Value {
    let changes = json!({
        "Username": format!("k{number}"), "EmailAddress": format!("k{number}@x.example"), "TaxId": format!("k{number}")
    });
    with(&seeds::distributor(), changes)
}

pub fn own_database(url: &str, purpose: &str) -> String {
    let name = format!("{purpose}_{}", std::process::id());
    server().execute(&format!("create database {name}"));
    let (base, _) = url.rsplit_once('/').expect("a database in the URL");
    format!("{base}/{name}")
}

/// Checks the database after the server closed it.
fn assert_tree_and_log_agree(arguments: &[String]) {
    use directscale_emulator::server::start_up;
    use sqlx::Row as _;

    let origin = match arguments[0].as_str() {
        "--data" => Origin::Embedded(arguments[1].clone().into()),
        _ => Origin::Server(arguments[1].clone()),
    };
    let options = crate::support::server::start_options(origin);
    let (mismatches, all) = server().runtime.block_on(async {
        let started = start_up(&options, std::sync::Arc::clone(&server().random), None).await.expect("a server");
        let mut session = started.database().session().await.expect("a connection");
        let row = sqlx::query(
            "select count(*) filter (where c.customer_type <> 1 or t.upline_id <> 2 or t.upline_id is null
                                        or (select count(*) from CRM_AssociateTypeChanges l
                                             where l.tenant_id = c.tenant_id and l.AssociateID = c.customer_id) <> 1),
                    count(*)
               from customers c
               left join sponsor_tree t on t.tenant_id = c.tenant_id and t.customer_id = c.customer_id
              where c.customer_id > 4",
        )
        .fetch_one(session.connection())
        .await;
        let row = session.end(row).expect("a row");
        let counts = (row.get::<i64, _>(0), row.get::<i64, _>(1));
        started.close().await;
        counts
    });
    assert_eq!((mismatches, all), (0, i64::try_from(COUNT).expect("a small number")));
}
