//! Other programs' tables in the same database, and a schema of another name than `public`.

use serde_json::{Value, json};

use crate::support::control::as_request;
use crate::support::database::OwnDatabase;
use crate::support::process::Process;
use crate::support::{Client, seeds};

/// The rows of other programs' tables. `public.customers` has the name of one of ours.
const FOREIGN: [&str; 3] = ["foreign_app.orders", "public.orders", "foreign_app.customers"];

#[test]
fn tables_of_other_programs_stay_as_they_are() {
    let Some(database) = OwnDatabase::create("shared") else {
        println!("not run: it needs a Postgres server");
        return;
    };
    database.execute(
        "create schema foreign_app; create schema app;
         create table public.orders (tenant_id integer, customer_id integer, total text);
         create table foreign_app.orders (like public.orders);
         create table foreign_app.customers (like public.orders);
         insert into public.orders select n, n, 'theirs' from generate_series(0, 50) n;
         insert into foreign_app.orders select * from public.orders;
         insert into foreign_app.customers select * from public.orders;",
    );
    let foreign = || -> Vec<Value> {
        FOREIGN
            .iter()
            .flat_map(|table| {
                database.rows(&format!("select count(*) as n, md5(string_agg(t::text, ',' order by t)) from {table} t"))
            })
            .collect()
    };
    let before = foreign();
    live(&database.url, "");
    assert_eq!(foreign(), before, "in the schema public");

    // The same in the schema app; in public are the other server's tables, which have the same names.
    let of_public =
        || database.rows("select count(*) as n, md5(string_agg(t::text, ',' order by t)) from public.customers t");
    let in_public = of_public();
    live(&database.url, "?options=-csearch_path%3Dapp");
    assert_eq!((foreign(), of_public()), (before, in_public), "in the schema app");
    assert!(!database.rows("select 1 from app.customers").is_empty());
}

/// The whole life of tenants: every operation that replaces or deletes data.
fn live(url: &str, options: &str) {
    let url = format!("{url}{options}");
    let start = || Process::start(&["--database-url", &url, "--seed", "demo"]);
    let server = start();
    let client = Client { address: server.address, key: String::new() };
    let control = |method: &str, path: &str, body: Option<&Value>| {
        client.raw(&as_request(method, &format!("/tenants{path}"), "", body))
    };
    let demo = server.client();
    let id = demo.create(&seeds::retail());
    let changes = control("GET", "/demo/requests", None).done(200)[0]["changes"].clone();
    assert_eq!(changes[0]["table"], "customers", "the journal knows the columns: {changes}");

    assert!(control("PUT", "/demo/snapshots/before", None).done(200)["rows"].as_i64() > Some(10));
    let diff = client.raw(&as_request("GET", "/diff?from=demo@seed&to=demo", "", None)).done(200);
    assert!(diff.to_string().contains("customers"), "{diff}");
    assert!(control("POST", "/demo/reset", None).done(200)["rows"].as_i64() > Some(10));
    assert_eq!(demo.get(&format!("/v1/customers/{id}")).status, 404);
    control("POST", "/demo/snapshots/before/restore", None).done(200);
    demo.customer(id);
    let forked = control("POST", "/demo/fork", Some(&json!({ "name": "copy" }))).done(201);
    let copy = Client { address: server.address, key: forked["key"].as_str().expect("a key").to_owned() };
    copy.customer(id);
    let population = json!({ "population": { "distributors": 1200 } });
    control("PUT", "/copy/seed", Some(&population)).done(200);
    control("PUT", "/copy/plan", Some(&json!({ "unique": [] }))).done(200);
    control("DELETE", "/copy", None).done(200);
    assert_eq!(copy.get("/v1/customers/1").status, 401);
    control("POST", "", Some(&json!({ "name": "short", "expires_in_seconds": 1, "seed": population }))).done(201);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    server.signal("TERM");
    assert!(server.wait().success());

    // A start deletes expired tenants.
    let server = start();
    server.client().customer(id);
    server.signal("TERM");
    assert!(server.wait().success());
}
