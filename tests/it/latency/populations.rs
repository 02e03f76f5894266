//! A population that fails, or whose server is killed, leaves no rows.

use serde_json::json;

use super::{admin, begin, in_folder, key, population, shared, start_embedded, wait_for_rows};
use crate::support::Client;
use crate::support::control::control;
use crate::support::server::server;

#[test]
fn a_population_that_fails_leaves_no_rows() {
    let _guard = shared();
    let seed = 800_000 + std::process::id() % 100_000;
    let name = format!("failing-{seed}");
    // The last customer has the username of another one.
    let mut body = population(6_000, seed);
    body["customers"] = json!([{
        "id": 3, "CustomerType": 1, "FirstName": "Duplicate", "LastName": "Name", "Username": "u6003",
        "EmailAddress": "duplicate@x.example"
    }]);
    let created = json!({ "name": name, "seed": body });
    let detail = control("POST", "/tenants", Some(&created)).problem(400);
    assert!(detail.contains("population") && detail.contains("username"), "{detail}");
    control("GET", &format!("/tenants/{name}"), None).problem(404);
    assert_eq!(rows_of(seed), 0);

    // The name is free again, and a seed without the conflict works.
    let created = json!({ "name": name, "seed": population(6_000, seed) });
    control("POST", "/tenants", Some(&created)).done(201);
    assert_eq!(rows_of(seed), 2 * 600, "the data and its seed snapshot");

    // A seed that fails does not change the tenant.
    let detail = control("PUT", &format!("/tenants/{name}/seed"), Some(&body)).problem(400);
    assert!(detail.contains("username"), "{detail}");
    assert_eq!(rows_of(seed), 2 * 600);
    control("DELETE", &format!("/tenants/{name}"), None).done(200);
    assert_eq!(rows_of(seed), 0);
}

/// The number of customers in the database that the population with this random seed generated.
fn rows_of(seed: u32) -> usize {
    server().rows(&format!("select 1 from customers where tax_id like 'POP-{seed}-%'")).len()
}

#[test]
fn a_population_that_is_killed_is_gone_after_the_next_start() {
    let _guard = shared();
    let folder = tempfile::tempdir().expect("a folder");
    let process = start_embedded(&folder);
    let body = json!({ "name": "large", "seed": population(200_000, 1) });
    let task = begin(&process, "POST", "/tenants", Some(&body));
    wait_for_rows(&process, &task, 10_000);
    process.kill();
    let unfinished = in_folder(&folder, "select count(*) from tenants where snapshot_of = tenant_id");
    assert_eq!(unfinished, 1);

    let process = start_embedded(&folder);
    process.client().customer(3);
    let created = admin(&process, "POST", "/tenants", Some(&json!({ "name": "large", "seed": population(100, 1) })));
    let client = Client { address: process.address, key: key(&created) };
    let ids = client.get("/v1/customers/customer-ids").json();
    assert_eq!(ids.as_array().expect("ids").len(), 100);
}
