//! Seeds are loaded as a whole or not at all.

use serde_json::{Value, json};

use super::{assert_equal, created_from, diff, export, stored};
use crate::support::control::control;
use crate::support::process::Process;
use crate::support::server::{database_url, server};
use crate::support::{Client, seeds, tenant, with};

#[test]
fn a_seed_file_is_loaded_as_a_whole_over_http() {
    let one = format!("load-{}", std::process::id());
    let file = |tenants: Value| json!({ "version": 1, "tenants": tenants });
    let valid = json!({ "name": one, "keys": [{ "name": "k", "kind": "basic", "key": "long enough" }],
                       "customers": [{ "CustomerType": 2, "Username": "a" }] });
    let invalid = json!({ "name": format!("{one}-b"), "customers": [{ "CustomerType": 9 }] });
    let detail = control("PUT", "/seed", Some(&file(json!([valid, invalid])))).problem(400);
    assert!(detail.contains(&format!("tenant '{one}-b': customer number 1: CustomerType")), "{detail}");
    assert_eq!(control("GET", &format!("/tenants/{one}"), None).status, 404, "the file was rejected as a whole");
    let loaded = control("PUT", "/seed", Some(&file(json!([valid])))).done(200);
    assert_eq!(loaded, json!({ "created": [one], "unchanged": [] }));
    let loaded = control("PUT", "/seed", Some(&file(json!([with(&valid, json!({ "customers": [] }))])))).done(200);
    assert_eq!(loaded, json!({ "created": [], "unchanged": [one] }), "an existing tenant does not change");
    let listed = control("GET", &format!("/tenants/{one}"), None).done(200);
    assert_eq!((&listed["last_customer_id"], &listed["origin"]), (&json!(1), &json!("seed")));

    for (body, why) in [
        (json!({}), "missing field `version`"),
        (json!({ "customers": [] }), "unknown field `customers`"),
        (file(json!([{ "name": "a/b" }])), "'a/b' is not a name"),
        (file(json!([{ "name": "" }])), "'' is not a name"),
        (file(json!([{ "name": "x1", "keys": [{ "name": "k" }] }])), "key 'k': it has neither key nor key_digest"),
        (
            file(json!([{ "name": "x1", "keys": [{ "name": "k", "key_digest": { "sha256": "00", "ending": "" } }] }])),
            "64 hexadecimal digits",
        ),
        (
            file(
                json!([{ "name": "x1", "keys": [{ "name": "k", "key": "0".repeat(32), "key_digest": { "sha256": "00".repeat(32), "ending": "" } }] }]),
            ),
            "key 'k': it has both a key and its digest",
        ),
    ] {
        let detail = control("PUT", "/seed", Some(&body)).problem(400);
        assert!(detail.contains(why), "{why} in {detail}");
    }

    // As a task.
    let later = format!("{one}-later");
    let body = file(json!([{ "name": later, "population": { "distributors": 50 } }]));
    let client = Client { address: server().address, key: String::new() };
    let bytes = crate::support::control::as_request("PUT", "/seed", "Prefer: respond-async\r\n", Some(&body));
    let mut task = client.raw(&bytes).done(202);
    let path = format!("/tasks/{}", task["id"].as_str().expect("an id"));
    while task["state"] == "running" {
        std::thread::sleep(std::time::Duration::from_millis(20));
        task = control("GET", &path, None).done(200);
    }
    assert_eq!((&task["state"], &task["result"]["created"]), (&json!("done"), &json!([later])), "{task}");
}

#[test]
fn a_file_with_a_name_twice_is_rejected_as_a_whole() {
    let name = format!("twice-{}", std::process::id());
    let tenant =
        |first_name: &str| json!({ "name": name, "customers": [{ "CustomerType": 1, "FirstName": first_name }] });
    let file = json!({ "version": 1, "tenants": [tenant("One"), tenant("Two")] });
    let detail = control("PUT", "/seed", Some(&file)).problem(400);
    assert_eq!(detail, format!("tenant '{name}': the file has two tenants of this name"));
    control("GET", &format!("/tenants/{name}"), None).problem(404);
}

/// Several servers can have the same seed in their start scripts. When they start together, one creates the tenants and the others
/// find them.
#[test]
fn servers_that_load_one_seed_together_all_start() {
    let Some(url) = database_url() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..3 {
        let name = format!("together-{}-{round}", std::process::id());
        let path = folder.path().join(format!("{name}.json"));
        let customers: Vec<Value> = (0..50).map(|_| json!({ "CustomerType": 1 })).collect();
        let file = json!({ "version": 1, "tenants": [{ "name": name, "customers": customers }] });
        std::fs::write(&path, file.to_string()).expect("a file");
        let path = path.to_str().expect("a path");
        std::thread::scope(|scope| {
            let start = || drop(Process::start(&["--database-url", &url, "--seed", path]));
            for server in [scope.spawn(start), scope.spawn(start)] {
                server.join().expect("it started");
            }
        });
        let listed = control("GET", &format!("/tenants/{name}"), None).done(200);
        assert_eq!(listed["last_customer_id"], 50, "{listed}");
    }
}

#[test]
fn the_snapshot_seed_is_only_replaced_with_force() {
    let tenant = tenant();
    let name = tenant.name();
    tenant.patch("/v1/customers/2", &json!({ "FirstName": "Dirty" })).succeeds(200);
    let detail = tenant.control("PUT", "/snapshots/seed", None).problem(400);
    assert_eq!(detail, "a reset restores the snapshot 'seed'; force=true replaces it");
    assert_ne!(diff(&format!("{name}@seed"), &name)["differing"], 0);
    assert_eq!(tenant.control("PUT", "/snapshots/seed?force=false", None).status, 400);
    tenant.control("PUT", "/snapshots/seed?force=maybe", None).problem(400);
    tenant.control("PUT", "/snapshots/seed?force=true", None).done(200);
    assert_equal(&format!("{name}@seed"), &name);
    tenant.control("POST", "/reset", None).done(200);
    assert_eq!(tenant.customer(2)["FirstName"], "Dirty");
    tenant.control("PUT", "/snapshots/other", None).done(200);
    tenant.control("PUT", "/snapshots/other", None).done(200);
}

#[test]
fn one_file_can_have_customers_with_and_without_a_record() {
    let tenant = tenant();
    let hash = tenant.rows("select password_hash from customers where tenant_id = {tenant} and customer_id = 2");
    let seed = json!({ "customers": [
        { "ref": "root", "CustomerType": 1, "Username": "root" },
        with(&stored(7), json!({ "ref": "recorded", "Sponsor": "root" })),
        { "CustomerType": 2, "Sponsor": "recorded", "Username": "new", "password_hash": hash[0]["password_hash"] },
    ], "faults": [{ "rule": { "event": "*", "action": "drop" } }], "clock": { "frozen": "2030-01-01T00:00:00Z" } });
    tenant.control("PUT", "/seed", Some(&seed)).done(200);
    let (root, recorded, new) = (tenant.customer(1), tenant.customer(7), tenant.customer(8));
    assert_eq!((&root["Username"], &recorded["SponsorId"], &new["SponsorId"]), (&json!("root"), &json!(1), &json!(7)));
    // A customer with a record gets no derived values: no alias, no node in the tree.
    assert_eq!((&new["WebAlias"], &recorded["WebAlias"]), (&json!("new"), &Value::Null));
    assert_eq!(
        tenant.rows("select customer_id from sponsor_tree where tenant_id = {tenant}"),
        [json!({ "customer_id": 1 })]
    );
    tenant.post("/v1/validate/login", &json!({ "username": "new", "password": "PasswordHere1" })).succeeds(200);
    assert_eq!(tenant.control("GET", "/faults", None).done(200)[0]["id"], 1);
    assert_eq!(tenant.control("GET", "/clock", None).done(200)["mode"], "frozen");
}

/// Hashes of `PasswordHere1`: of the test cost, of Argon2id's cheapest setting, and of the OWASP cost.
const HASHES: [&str; 3] = [
    "$test-sha256$BwcHBwcHBwcHBwcHBwcHBw$jWyFtCOxNwdsaKF6VZZ2jVYYnBG1GYrxF2lGxV0ffbE",
    "$argon2id$v=19$m=8,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$ehrCkd+HrKo0aL6XhFbj224ZED42zlfCp9y0SS3pprs",
    "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$z63K+7ST8uNjlppAuP+HuZZyg6PYT6Sc8LolraxEp9A",
];

#[test]
fn a_password_hash_of_every_cost_is_loaded_and_exported() {
    let tenant = tenant();
    let name = tenant.name();
    let customers = HASHES.iter().zip(1..);
    let customers: Vec<Value> = customers
        .map(|(hash, id)| json!({ "CustomerType": 1, "id": id, "Username": format!("u{id}"), "password_hash": hash }))
        .collect();
    tenant.control("PUT", "/seed", Some(&json!({ "customers": customers }))).done(200);
    let new = json!({ "Username": "u4", "EmailAddress": "u4@x.example", "Password": "PasswordHere1" });
    assert_eq!(tenant.create(&with(&seeds::retail(), new)), 4);
    let copy = format!("{name}-copy");
    let of_copy = created_from(&copy, &export(&name, "").into());
    assert_equal(&name, &copy);
    for client in [&tenant.client, &of_copy] {
        for number in 1..=4 {
            let login = |password: &str| json!({ "username": format!("u{number}"), "password": password });
            client.post("/v1/validate/login", &login("PasswordHere1")).succeeds(200);
            assert_eq!(client.post("/v1/validate/login", &login("PasswordHere2")).status, 400, "{number}");
        }
    }
}

#[test]
fn customers_without_an_id_get_the_next_free_one() {
    let tenant = tenant();
    let customers = json!([
        { "CustomerType": 1 },
        { "CustomerType": 1, "id": 10 },
        { "CustomerType": 1, "SponsorId": 10 },
        { "CustomerType": 1, "SponsorId": 1, "id": 3 },
        { "CustomerType": 1, "SponsorId": 3 }
    ]);
    tenant.control("PUT", "/seed", Some(&json!({ "customers": customers }))).done(200);
    let ids = tenant.rows("select customer_id from customers where tenant_id = {tenant} order by customer_id");
    let ids: Vec<i64> = ids.iter().filter_map(|row| row["customer_id"].as_i64()).collect();
    assert_eq!(ids, [1, 3, 10, 11, 12]);
    assert_eq!(tenant.create(&with(&seeds::retail(), json!({ "SponsorId": 1 }))), 13);
}
