//! A small database of each released schema (tests/migrations/), migrated to the present one.

use directscale_emulator::server::{Origin, migrate_only};
use serde_json::json;

use crate::support::database::OwnDatabase;
use crate::support::process::Process;
use crate::support::server::{server, start_options};
use crate::support::{Client, seeds};

/// The last migration of each, and its dump.
const DUMPS: [(&str, &str); 4] = [
    ("0008", include_str!("../../migrations/0008.sql")),
    ("0102", include_str!("../../migrations/0102.sql")),
    ("0105", include_str!("../../migrations/0105.sql")),
    ("0108", include_str!("../../migrations/0108.sql")),
];

#[test]
fn the_data_of_every_released_schema_survives_the_migrations() {
    for (version, dump) in DUMPS {
        let Some(database) = OwnDatabase::create(&format!("released_{version}")) else {
            println!("not run: it needs a Postgres server");
            return;
        };
        database.execute(dump);
        let options = start_options(Origin::Server(database.url.clone()));
        server().runtime.block_on(migrate_only(&options)).unwrap_or_else(|error| panic!("{version}: {error:?}"));
        check_rows(&database, version);
        check_server(&database, version);
    }
}

fn check_rows(database: &OwnDatabase, version: &str) {
    let customers = database.rows(
        "select customer_id as id, email_address_key as email, first_name as name, custom_fields[1] as custom
           from customers where tenant_id = 1 order by customer_id",
    );
    assert_eq!(
        customers,
        [
            json!({ "id": 1, "email": "ada@x.example", "name": "Ada", "custom": null }),
            json!({ "id": 2, "email": "ben@x.example", "name": "Ben", "custom": "one" }),
            json!({ "id": 3, "email": null, "name": "Cleo", "custom": null }),
        ],
        "{version}"
    );
    let log = database
        .rows("select AssociateID, OldAssociateType, NewAssociateType, recordnumber from CRM_AssociateTypeChanges");
    assert_eq!(
        log,
        [json!({ "associateid": 2, "oldassociatetype": 2, "newassociatetype": 1, "recordnumber": 77 })],
        "{version}"
    );
    let faults = database.rows("select fault_id, matched, triggered, rule from faults order by fault_id");
    assert_eq!(
        faults,
        [
            json!({ "fault_id": 1, "matched": 5, "triggered": 1, "rule": {
                "operation": "UpdateCustomer", "point": "after", "response": "truncated", "when": { "request": 3 } } }),
            json!({ "fault_id": 2, "matched": 2, "triggered": 1, "rule": {
                "event": "Enrollment", "action": "drop", "when": { "probability": { "p": 0.5, "random_seed": 7 } } } }),
        ],
        "{version}"
    );
    let states = database.rows("select state from event_deliveries order by sequence");
    assert_eq!(states, [json!({ "state": "failed" }), json!({ "state": "dropped" })], "{version}");
    let settings = database.rows("select plan, unique_fields from tenants where name = 'acme'");
    let plan = json!({ "unique": ["BackOfficeId", "EmailAddress", "Username"], "rejection_status": 400 });
    assert_eq!(settings, [json!({ "plan": plan, "unique_fields": 11 })], "{version}");
    for (table, rows) in [
        ("sponsor_tree", 3),
        ("reward_points", 1),
        ("companies", 1),
        ("customer_profiles", 1),
        ("customer_keys", 1),
        ("sso_tokens", 1),
    ] {
        assert_eq!(database.rows(&format!("select 1 from {table}")).len(), rows, "{version}: {table}");
    }
    // What belonged to no tenant any more is gone, or will be with the next sweep.
    assert_eq!(database.rows("select tenant_id from hook_calls"), [json!({ "tenant_id": 1 })], "{version}");
    let left_behind =
        database.rows("select snapshot_of = tenant_id as is_unfinished from tenants where created_at = expires_at");
    assert_eq!(left_behind, [json!({ "is_unfinished": true })], "{version}");
}

/// A server works with the data.
fn check_server(database: &OwnDatabase, version: &str) {
    let process = Process::start(&["--database-url", &database.url]);
    let client = Client { address: process.address, key: "00000000000000000000000000000001".to_owned() };
    assert_eq!(client.customer(2)["FirstName"], "Ben", "{version}");
    client
        .patch("/v1/customers/2", &json!({ "EmailAddress": "ADA@x.example" }))
        .rejects(400, "EmailAddress 'ADA@x.example' is already in use.");
    client.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let log = database.rows("select 1 from CRM_AssociateTypeChanges where tenant_id = 1");
    assert_eq!(log.len(), 2, "{version}");
    process.run(&["reset", "acme"]);
    assert_eq!(client.customer(1)["LastName"], "Seed", "{version}: the snapshot");
    process.signal("TERM");
    assert!(process.wait().success());
}
