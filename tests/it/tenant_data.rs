//! Reset, snapshot, restore, fork and diff: one mechanism over the tables that the schema names.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::control::control;
use crate::support::server::{on_real_postgres, server};
use crate::support::{Client, Tenant, seeds, tenant, tenant_of, tenant_with, with};

/// The tables of a tenant's data, and whether each is copied.
fn tables() -> Vec<(String, bool)> {
    let rows = server().rows("select table_name, is_copied from tenant_tables()");
    let table = |row: &Value| (row["table_name"].as_str().expect("a name").to_owned(), row["is_copied"] == true);
    rows.iter().map(table).collect()
}

/// All rows of a tenant in the copied tables, and its settings.
fn data_of(tenant: &Tenant) -> Value {
    let rows = |table: &str| {
        tenant.rows(&format!(
            "select to_jsonb(t) - 'tenant_id' - 'version' as r from {table} t where tenant_id = {{tenant}} order by 1"
        ))
    };
    let tables: serde_json::Map<String, Value> = tables()
        .into_iter()
        .filter(|(_, is_copied)| *is_copied)
        .map(|(table, _)| (table.clone(), rows(&table).into()))
        .collect();
    let settings = tenant.rows("select plan, extension, events, clock from tenants where tenant_id = {tenant}");
    json!({ "tables": tables, "settings": settings })
}

fn fork(tenant: &Tenant, name: &str, body: &Value) -> Tenant {
    let created = tenant.control("POST", "/fork", Some(&with(body, json!({ "name": name })))).done(201);
    let key = created["key"].as_str().expect("a key").to_owned();
    let id = server().rows(&format!("select tenant_id from tenants where name = '{name}'"))[0]["tenant_id"].as_i64();
    Tenant { id: id.expect("an id"), client: Client { address: server().address, key } }
}

#[test]
fn no_table_is_forgotten() {
    let listed = server().rows(
        "select table_name as name, coalesce(customer_column, '') as customer_column from emulator_tables() order by 1",
    );
    // A new table belongs in migrations/functions/tenant_tables.sql. settings_changes has no data of a tenant.
    let existing = server().rows(
        "select c.relname as name,
                coalesce((select a.attname from pg_attribute a
                           where a.attrelid = c.oid and a.attname in ('customer_id', 'associateid')), '') as customer_column
           from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
          where c.relkind = 'r' and c.relnamespace = (select relnamespace from pg_class where oid = 'tenants'::regclass)
            -- The journal is no data of a tenant: it is not copied, and outlives a reset.
            and c.relname not in ('settings_changes', 'journal_entries', 'journal_tenants', 'journal_run')
          order by 1",
    );
    assert_eq!(listed, existing);
    // No other table contains anything of a tenant.
    let others = server().rows(
        "select relname as name from pg_class c
          where relkind = 'r' and relnamespace = (select relnamespace from pg_class where oid = 'tenants'::regclass)
            and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')
          order by 1",
    );
    let names: Vec<&str> = others.iter().map(|row| row["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["_sqlx_migrations", "emulator_functions", "servers", "settings_version"]);
}

/// Writes rows into every copied table, so that the tests notice a table whose rows are not copied.
fn fill(tenant: &Tenant) {
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let id = tenant.id;
    server().execute(&format!(
        "insert into reward_points (tenant_id, customer_id, id, points, entered_at)
         values ({id}, 2, gen_random_uuid(), 5, '2026-01-01Z')"
    ));
    tenant.add_fault(&json!({ "operation": "Login", "delay_ms": 1 }));
    let company = json!({ "Id": 4, "ReferId": 7, "Companies": [{ "Name": "Acme", "OrgNo": "5566" }] });
    let updated = tenant.storm().post("/CustomerService.svc/rest/UpdateCustomer?updatedBy=1", &company);
    assert_eq!(updated.status, 200, "{updated:?}");
    server().execute(&format!("insert into customer_keys values ({id}, gen_random_uuid(), 2)"));
    server().execute(&format!("insert into extension_tokens values ({id}, '\\x0{}')", id % 10));
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": "2030-01-01T00:00:00Z" }))).done(200);
    for (table, is_copied) in tables() {
        let rows = tenant.rows(&format!("select 1 from {table} where tenant_id = {{tenant}}"));
        assert!(!rows.is_empty() || !is_copied, "{table} has no row, so that the test does not check it");
    }
}

#[test]
fn a_snapshot_is_restored_after_any_change() {
    let tenant = tenant();
    fill(&tenant);
    let saved = data_of(&tenant);
    assert!(tenant.control("PUT", "/snapshots/before", None).done(200)["rows"].as_i64() > Some(10));

    tenant.control("DELETE", "/clock", None).done(200);
    tenant.control("DELETE", "/faults", None).done(204);
    tenant.create(&seeds::retail());
    tenant.patch("/v1/customers/2", &json!({ "FirstName": "Other" })).succeeds(200);
    tenant.call("DELETE", "/v1/customers/4", "", None).succeeds(200);
    for (table, _) in
        tables().into_iter().filter(|(table, _)| !["customers", "tenant_counters"].contains(&table.as_str()))
    {
        server().execute(&format!("delete from {table} where tenant_id = {}", tenant.id));
    }
    assert_ne!(data_of(&tenant), saved);

    tenant.control("POST", "/snapshots/before/restore", None).done(200);
    assert_eq!(data_of(&tenant), saved);
    // The counter is restored too.
    tenant.control("DELETE", "/faults", None).done(204);
    assert_eq!(tenant.create(&seeds::retail()), 5);
}

#[test]
fn a_reset_restores_the_seed_with_its_settings() {
    let plan = json!({ "rejection_status": 400 });
    let tenant = tenant_with(plan);
    let clean = data_of(&tenant);
    for _ in 0..2 {
        fill(&tenant);
        tenant.control("PUT", "/plan", Some(&json!({}))).done(200);
        tenant.post("/v1/customers", &json!({})).rejects(500, tenant.post("/v1/customers", &json!({})).message());
        let done = tenant.control("POST", "/reset", None).done(200);
        assert_eq!(done["snapshot"], "seed");
        assert_eq!(data_of(&tenant), clean);
        // The plan applies at once, before the credential is read again.
        assert_eq!(tenant.post("/v1/customers", &json!({})).status, 400);
    }
    assert_eq!(
        tenant.control("DELETE", "/snapshots/seed", None).problem(400),
        "a reset restores the snapshot 'seed', so it cannot be deleted"
    );
}

#[test]
fn a_reset_drops_unfinished_work() {
    let unreachable = json!({ "subscriptions": [{ "url": "http://127.0.0.1:9/" }], "retry_seconds": [3600] });
    let tenant = tenant_of(json!({ "events": unreachable }));
    tenant.patch("/v1/customers/2", &json!({ "FirstName": "A" })).succeeds(200);
    tenant.get("/v1/sso/2").succeeds(200);
    let unfinished_rows = || {
        tables()
            .iter()
            .filter(|(_, is_copied)| !is_copied)
            .map(|(table, _)| tenant.rows(&format!("select 1 from {table} where tenant_id = {{tenant}}")).len())
            .sum::<usize>()
    };
    assert!(unfinished_rows() >= 2);
    tenant.control("POST", "/reset", None).done(200);
    assert_eq!(unfinished_rows(), 0);
    // Later events are still stored.
    tenant.patch("/v1/customers/2", &json!({ "FirstName": "B" })).succeeds(200);
    assert_eq!(tenant.rows("select 1 from event_deliveries where tenant_id = {tenant}").len(), 1);
}

#[test]
fn a_fork_has_its_own_data() {
    let tenant = tenant();
    fill(&tenant);
    tenant.control("PUT", "/snapshots/early", None).done(200);
    tenant.patch("/v1/customers/2", &json!({ "FirstName": "Later" })).succeeds(200);
    let now = fork(&tenant, &format!("{}-now", tenant.name()), &json!({}));
    let early = fork(&tenant, &format!("{}-early", tenant.name()), &json!({ "snapshot": "early" }));
    assert_eq!(data_of(&now), data_of(&tenant));
    assert_ne!(data_of(&early), data_of(&tenant));
    assert_eq!(early.customer(2)["FirstName"], "Dana");

    let before = data_of(&tenant);
    now.patch("/v1/customers/2", &json!({ "FirstName": "Forked" })).succeeds(200);
    assert_eq!(now.create(&seeds::retail()), 5);
    assert_eq!(data_of(&tenant), before);
    // A reset of a fork restores the copied data.
    now.control("POST", "/reset", None).done(200);
    assert_eq!(data_of(&now), before);

    let name = now.name();
    assert_eq!(
        tenant.control("POST", "/fork", Some(&json!({ "name": name }))).problem(409),
        format!("there is a tenant '{name}' already")
    );
    assert!(
        tenant.control("POST", "/fork", Some(&json!({ "name": "no spaces" }))).problem(400).contains("is not a name")
    );
    assert!(
        tenant
            .control("POST", "/fork", Some(&json!({ "name": "x", "snapshot": "none" })))
            .problem(404)
            .contains("has no snapshot 'none'")
    );
    now.control("DELETE", "", None).done(200);
    assert_eq!(now.client.get("/v1/customers/2").status, 401);
    assert!(
        server()
            .rows(&format!("select 1 from tenants where tenant_id = {} or snapshot_of = {}", now.id, now.id))
            .is_empty()
    );
    for (table, _) in tables() {
        assert!(server().rows(&format!("select 1 from {table} where tenant_id = {}", now.id)).is_empty(), "{table}");
    }
}

#[test]
fn a_diff_names_rows_and_fields_and_no_secret() {
    let tenant = tenant();
    let name = tenant.name();
    let diff = |from: &str, to: &str| control("GET", &format!("/diff?from={from}&to={to}"), None);
    assert_eq!(diff(&name, &format!("{name}@seed")).done(200)["differing"], 0);

    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    tenant.control("PUT", "/plan", Some(&json!({ "minimum_age": 21 }))).done(200);
    let changes = diff(&format!("{name}@seed"), &name).done(200);
    let table = |name: &str| {
        changes["tables"]
            .as_array()
            .expect("tables")
            .iter()
            .find(|table| table["table"] == name)
            .unwrap_or_else(|| panic!("{name} in {changes}"))
    };
    let customer = &table("customers")["rows"][0];
    assert_eq!((&customer["id"], &customer["kind"]), (&json!("3"), &json!("changed")));
    let field = |field: &str| {
        customer["fields"].as_array().expect("fields").iter().find(|changed| changed["field"] == field).cloned()
    };
    assert_eq!(field("customer_type"), Some(json!({ "field": "customer_type", "before": 2, "after": 1 })));
    assert_eq!(field("tax_id"), Some(json!({ "field": "tax_id", "before": null, "after": "•••" })));
    assert_eq!(field("customer_id"), None);
    let node = &table("sponsor_tree")["rows"][0];
    assert_eq!((&node["id"], &node["kind"]), (&json!("3"), &json!("added")));
    assert_eq!(table("crm_associatetypechanges")["rows"][0]["kind"], "added");
    assert_eq!(table("settings")["rows"][0]["fields"][0]["field"], "plan");
    for secret in ["TAX-TEST", "test-sha256", "Password123"] {
        assert!(!changes.to_string().contains(secret), "{secret} in {changes}");
    }

    // In the other direction. Rows above the limit are counted, too.
    for number in 0..5 {
        let unique = json!({ "Username": format!("d{number}"), "EmailAddress": format!("d{number}@x.example") });
        tenant.create(&with(&seeds::retail(), unique));
    }
    let back = control("GET", &format!("/diff?from={name}&to={name}@seed&limit=2"), None).done(200);
    let customers = back["tables"]
        .as_array()
        .expect("tables")
        .iter()
        .find(|table| table["table"] == "customers")
        .expect("customers")
        .clone();
    assert_eq!((customers["rows"].as_array().map(Vec::len), &customers["differing"]), (Some(2), &json!(6)));
    assert_eq!(diff("unknown-tenant", &name).problem(404), "there is no tenant 'unknown-tenant'");
    assert!(diff(&name, &format!("{name}@missing")).problem(404).contains("has no snapshot 'missing'"));
    assert!(control("GET", "/diff?from=x", None).problem(400).contains("missing field `to`"));
}

#[test]
fn a_tenant_is_created_seeded_and_deleted_over_http() {
    let name = format!("created-{}", std::process::id());
    let seed = json!({
        "plan": { "minimum_age": 21 },
        "customers": [{ "ref": "root", "CustomerType": 1, "Username": "root" }],
        "population": { "distributors": 40, "retail": 10, "preferred": 5, "random_seed": 7 }
    });
    let created = control("POST", "/tenants", Some(&json!({ "name": name, "key_name": "ci", "seed": seed }))).done(201);
    assert_eq!((&created["tenant"], &created["key_name"]), (&json!(name), &json!("ci")));
    let client = Client { address: server().address, key: created["key"].as_str().expect("a key").to_owned() };
    assert_eq!(client.customer(56)["CustomerType"], 3);
    assert_eq!(client.customer(2)["SponsorId"], 1);
    let login = json!({ "username": "u30", "password": "PasswordHere1" });
    client.post("/v1/validate/login", &login).succeeds(200);
    let downline = client.get("/v1/customers/1/downline").succeeds(200).json();
    assert_eq!(downline.as_array().map(Vec::len), Some(40), "{downline}");
    assert_eq!(client.create(&with(&seeds::retail(), json!({ "SponsorId": 5 }))), 57);

    // The same random seed generates the same customers.
    let again = json!({ "population": { "distributors": 40, "retail": 10, "preferred": 5, "random_seed": 7 } });
    let path = format!("/tenants/{name}");
    let before = client.customer(30);
    control("PUT", &format!("{path}/seed"), Some(&again)).done(200);
    let (one, other) = (client.customer(29), client.customer(30));
    assert_eq!((&one["FirstName"], &one["LastName"]), (&before["FirstName"], &before["LastName"]), "{other}");
    assert_eq!(control("GET", &format!("{path}/plan"), None).done(200)["minimum_age"], 21, "the plan stays");

    // A rejected seed changes nothing.
    let wrong =
        json!({ "customers": [{ "CustomerType": 1, "Username": "a" }, { "CustomerType": 9, "Username": "b" }] });
    let detail = control("PUT", &format!("{path}/seed"), Some(&wrong)).problem(400);
    assert!(detail.contains("customer number 2: CustomerType"), "{detail}");
    assert_eq!(client.customer(29), one);
    for (body, why) in [
        (json!({ "population": { "retail": 5 } }), "at least one distributor"),
        (json!({ "population": { "distributors": 3_000_000 } }), "at most 2000000"),
        (json!({ "people": 5 }), "unknown field `people`"),
        (json!({ "plan": { "minimum_agee": 5 } }), "unknown field `minimum_agee`"),
    ] {
        let detail = control("PUT", &format!("{path}/seed"), Some(&body)).problem(400);
        assert!(detail.contains(why), "{detail}");
    }
    for (body, status, why) in [
        (json!({ "name": name }), 409, "already"),
        (json!({ "name": "a/b" }), 400, "is not a name"),
        (json!({ "name": "ok-name", "key": "short" }), 400, "32 hexadecimal digits"),
        (json!({ "name": "ok-name", "key_name": "" }), 400, "1 to 100 visible characters"),
        (json!({ "name": "ok-name", "colour": 1 }), 400, "unknown field `colour`"),
        (json!([1]), 400, "the body must be an object, not a list"),
    ] {
        let detail = control("POST", "/tenants", Some(&body)).problem(status);
        assert!(detail.contains(why), "{detail}");
    }
    assert!(control("GET", "/tenants/ok-name", None).problem(404).contains("no tenant 'ok-name'"));

    control("DELETE", &path, None).done(200);
    assert_eq!(client.get("/v1/customers/1").status, 401);
    assert_eq!(control("DELETE", &path, None).problem(404), format!("there is no tenant '{name}'"));
}

#[test]
fn a_tenant_and_a_key_expire() {
    let name = format!("short-{}", std::process::id());
    let created = control("POST", "/tenants", Some(&json!({ "name": name, "expires_in_seconds": 5 }))).done(201);
    let client = Client { address: server().address, key: created["key"].as_str().expect("a key").to_owned() };
    assert_eq!(client.get("/v1/customers/1").status, 404);
    let tenant = tenant();
    let added = tenant.control("POST", "/keys", Some(&json!({ "name": "ci", "expires_in_seconds": 5 }))).done(201);
    let short = Client { address: server().address, key: added["key"].as_str().expect("a key").to_owned() };
    short.get("/v1/customers/2").succeeds(200);
    let start = Instant::now();
    while client.get("/v1/customers/1").status != 401 || short.get("/v1/customers/2").status != 401 {
        assert!(start.elapsed() < Duration::from_secs(30), "both expire");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(control("GET", &format!("/tenants/{name}"), None).problem(404), format!("there is no tenant '{name}'"));
    tenant.get("/v1/customers/2").succeeds(200);
    let start = Instant::now();
    while !server().rows(&format!("select 1 from tenants where name = '{name}'")).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(40), "it is deleted");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn changes_of_keys_have_effect_at_once() {
    let tenant = tenant();
    let client =
        |created: &Value| Client { address: server().address, key: created["key"].as_str().expect("a key").to_owned() };
    let first = client(&tenant.control("POST", "/keys", Some(&json!({ "name": "ci" }))).done(201));
    first.get("/v1/customers/2").succeeds(200);
    let second = client(&tenant.control("POST", "/keys/ci/rotate", Some(&json!({}))).done(200));
    second.get("/v1/customers/2").succeeds(200);
    assert_eq!(first.get("/v1/customers/2").status, 401);
    let listed = tenant.control("GET", "/keys", None).done(200);
    assert_eq!(listed[0]["name"], "ci");
    assert_eq!(listed[0]["ending"].as_str(), Some(&second.key[28..]));
    assert!(!listed.to_string().contains(&second.key));
    tenant.control("POST", "/keys/ci/revoke", Some(&json!({}))).done(204);
    assert_eq!(second.get("/v1/customers/2").status, 401);
    tenant.control("DELETE", "/keys/ci", None).done(204);
    assert!(tenant.control("DELETE", "/keys/ci", None).problem(404).contains("has no key 'ci'"));
    assert!(tenant.control("POST", "/keys/ci/rotate", None).problem(404).contains("has no key 'ci'"));
    let in_use = json!({ "name": "x", "key": tenant.client.key });
    assert!(tenant.control("POST", "/keys", Some(&in_use)).problem(409).contains("in use already"));
}

#[test]
fn a_plan_that_makes_other_fields_unique_applies_to_existing_customers() {
    let tenant = tenant_with(json!({ "unique": [] }));
    let twin = json!({ "Username": "riley", "EmailAddress": "riley@demo.example" });
    tenant.create(&with(&seeds::retail(), twin));
    let before = tenant.everything();
    let detail = tenant.control("PUT", "/plan", Some(&json!({}))).problem(400);
    assert!(detail.contains("customers share a value that must be unique: customers_"), "{detail}");
    assert_eq!(tenant.everything(), before);
    tenant.control("PUT", "/plan", Some(&json!({ "unique": ["BackOfficeId", "TaxId"] }))).done(200);
    tenant
        .post("/v1/customers", &with(&seeds::retail(), json!({ "BackOfficeId": "15f92" })))
        .rejects(500, "BackOfficeId '15f92' is already in use.");
    assert!(
        tenant
            .control("PUT", "/plan", Some(&json!({ "unique": ["Shoe"] })))
            .problem(400)
            .contains("unknown variant, expected one of")
    );
    let names = json!({ "types": { "4": "Employee" } });
    tenant.control("PUT", "/plan", Some(&names)).problem(400);
    tenant.control("PUT", "/plan", Some(&with(&names, json!({ "unique": [] })))).done(200);
    let listed =
        tenant.rows("select AssociateType from CRM_AssociateTypes where tenant_id = {tenant} and recordnumber = 4");
    assert_eq!(listed, [json!({ "associatetype": "Employee" })]);
}

#[test]
fn a_task_reports_its_progress() {
    let tenant = tenant();
    let path = format!("/tenants/{}/seed", tenant.name());
    let body = json!({ "population": { "distributors": 3000 } });
    let client = Client { address: server().address, key: String::new() };
    let bytes = crate::support::control::as_request("PUT", &path, "Prefer: respond-async\r\n", Some(&body));
    let response = client.raw(&bytes);
    assert_eq!(response.status, 202, "{response:?}");
    let location = response.header("Location").expect("a location").trim_start_matches("/_emulator").to_owned();
    let start = Instant::now();
    let done = loop {
        let status = control("GET", &location, None).done(200);
        if status["state"] != "running" {
            break status;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{status}");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(
        (&done["state"], &done["kind"], &done["tenant"]),
        (&json!("done"), &json!("seed"), &json!(tenant.name()))
    );
    assert!(done["result"]["rows"].as_i64() > Some(6000), "{done}");
    assert_eq!(tenant.customer(3000)["CustomerType"], 1);
    let listed = tenant.control("GET", "/tasks", None).done(200);
    assert_eq!(listed[0]["id"], done["id"]);
    // The task shows a new key once.
    let name = format!("{}-fork", tenant.name());
    let path = format!("/tenants/{}/fork", tenant.name());
    let bytes =
        crate::support::control::as_request("POST", &path, "Prefer: respond-async\r\n", Some(&json!({ "name": name })));
    let response = client.raw(&bytes);
    let location = response.header("Location").expect("a location").trim_start_matches("/_emulator").to_owned();
    let start = Instant::now();
    let created = loop {
        let status = control("GET", &location, None).done(200);
        if status["state"] == "done" {
            break status;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{status}");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(created["result"]["key"].as_str().map(str::len), Some(32), "{created}");
    assert_eq!(control("GET", &location, None).done(200)["result"]["key"], "•••");
    assert_eq!(control("GET", &format!("/tenants/{name}/tasks"), None).done(200)[0]["result"]["key"], "•••");
    assert!(control("GET", "/tasks/0", None).problem(404).contains("there is no task 0"));
}

/// Requests write while the tenant is reset many times. Only what they write after the last reset stays.
#[test]
fn a_reset_removes_everything_that_concurrent_requests_wrote() {
    if !on_real_postgres() {
        return;
    }
    let tenant = tenant();
    let clean = data_of(&tenant);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..6 {
            let (tenant, stop) = (&tenant, &stop);
            scope.spawn(move || {
                let mut number = 0;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    number += 1;
                    let unique = json!({ "Username": format!("w{writer}-{number}"), "EmailAddress": format!("w{writer}-{number}@x.example") });
                    let responses = [
                        tenant.post("/v1/customers", &with(&seeds::retail(), unique)),
                        tenant.patch("/v1/customers/2", &json!({ "FirstName": format!("W{writer}") })),
                        tenant.put("/v1/customers/upgrade/3", &seeds::distributor()),
                        tenant.post("/v1/customers/2/reward-points", &json!({ "pointsToAdd": 1 })),
                        tenant.get("/v1/sso/2"),
                    ];
                    for response in responses {
                        // A violation is possible; an error of the server or an unknown customer is not.
                        assert_ne!(response.status, 404, "{response:?}");
                        assert!(response.status != 500 || response.header("X-DirectScale-Message").is_some(), "{response:?}");
                    }
                }
            });
        }
        for _ in 0..40 {
            tenant.control("POST", "/reset", None).done(200);
            std::thread::sleep(Duration::from_millis(20));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    tenant.control("POST", "/reset", None).done(200);
    assert_eq!(data_of(&tenant), clean);
}
