//! Servers of different versions on one database.

use serde_json::json;

use super::{connect, query};
use crate::support::database::OwnDatabase;
use crate::support::process::{Process, program, run};
use crate::support::server::server;
use crate::support::{seeds, tenant_of};

#[test]
fn a_database_of_a_newer_version_is_rejected_and_stays_as_it_is() {
    let Some(database) = OwnDatabase::create("newer") else {
        println!("not run: it needs a Postgres server");
        return;
    };
    let command = |arguments: &[&str]| run(program(arguments).env("DATABASE_URL", &database.url));
    assert_eq!(command(&["migrate"]).0, Some(0));

    // The functions of a newer version: one of them does something else.
    database.execute(
        "update emulator_functions set version = version + 1, digest = 'newer';
         create or replace function tenant_lock_key() returns integer language sql immutable as 'select 4711';",
    );
    let folder = tempfile::tempdir().expect("a folder");
    let seed = folder.path().join("seed.json");
    std::fs::write(&seed, json!({ "version": 1, "tenants": [] }).to_string()).expect("a file");
    let seed = seed.to_str().expect("a path").to_owned();
    for arguments in
        [&["migrate"][..], &["seed", &seed, "--offline", "--database-url", &database.url], &["--listen", "127.0.0.1:0"]]
    {
        let (code, _, error) = command(arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {error}");
        let (sentence, hint) = error.trim_end().split_once('\n').expect("two lines");
        assert!(
            sentence.contains(": a newer version of this program migrated the database (its functions are version "),
            "{error}"
        );
        assert_eq!(hint, "hint: use a version as new as that one, or another database");
    }
    assert_eq!(database.rows("select tenant_lock_key() as key"), [json!({ "key": 4711 })], "nothing was replaced");

    // The same version again: the functions are replaced only if they differ.
    database.execute("update emulator_functions set version = version - 1;");
    assert_eq!(command(&["migrate"]).0, Some(0));
    assert_ne!(database.rows("select tenant_lock_key() as key"), [json!({ "key": 4711 })]);
    let created = || database.rows("select xmin::text from pg_proc where proname = 'count_request'");
    let before = created();
    assert_eq!(command(&["migrate"]).0, Some(0));
    assert_eq!(created(), before, "current functions are not created again");

    // A current schema needs no lock, so that a start does not wait for one. This session holds that of the functions.
    let mut holder = connect(&database.url);
    query(&mut holder, "begin; select version from emulator_functions for update");
    let mut migrate = program(&["migrate"]);
    migrate.env("DATABASE_URL", &database.url).env("EMULATOR_DATABASE_TASK_TIMEOUT_MS", "2000");
    let (code, _, error) = run(&mut migrate);
    assert_eq!(code, Some(0), "{error}");
    query(&mut holder, "rollback");
}

/// A start asks in one statement whether the schema is current. Every difference leads to the migrator.
#[test]
fn a_migration_that_is_missing_changed_or_unknown_is_noticed() {
    let Some(database) = OwnDatabase::create("differing") else {
        println!("not run: it needs a Postgres server");
        return;
    };
    let migrate = |options: &str| run(program(&["migrate"]).env("DATABASE_URL", format!("{}{options}", database.url)));
    assert_eq!(migrate("").0, Some(0));
    database.execute("create table kept as table _sqlx_migrations; create schema app;");
    for (difference, error) in [
        ("update _sqlx_migrations set checksum = '\\x00' where version = 1", "migrated it (migration 1)"),
        ("update _sqlx_migrations set success = false where version = 2", "migrated it (migration 2)"),
        ("delete from _sqlx_migrations where version = 1", "has a table `tenants` that this program did not create"),
        (
            "insert into _sqlx_migrations select 999999, 'newer', now(), true, '', 0",
            "a newer version of this program migrated the database (its migration is 999999",
        ),
    ] {
        database.execute(difference);
        let (code, _, shown) = migrate("");
        assert_eq!(code, Some(1), "{difference}: {shown}");
        assert!(shown.contains(error), "{difference}: {shown}");
        database.execute("delete from _sqlx_migrations; insert into _sqlx_migrations table kept;");
        assert_eq!(migrate("").0, Some(0));
    }

    // The current schema is in `public`, and the tables of this server belong in the first schema of its path.
    assert_eq!(migrate("?options=-csearch_path%3Dapp,public").0, Some(0));
    assert_eq!(database.rows("select count(*) from app.tenants"), [json!({ "count": 0 })]);
}

/// A newer version migrates the database while this one runs.
#[test]
fn a_running_server_goes_on_after_a_newer_version_migrated_the_database() {
    let Some(database) = OwnDatabase::create("upgraded") else {
        println!("not run: it needs a Postgres server");
        return;
    };
    let older = Process::start(&["--database-url", &database.url, "--seed", "demo"]);
    // What migrations/README.md allows: a column with a default, and another overload of a function.
    database.execute(
        "alter table customers add column newer text;
         alter table tenants add column newer jsonb;
         update emulator_functions set version = version + 1;
         do $$ begin execute replace(replace(pg_get_functiondef('replace_customer'::regproc), 'p_tenant integer,', 'p_tenant integer, p_newer text,'),
             'CREATE OR REPLACE', 'CREATE'); end $$;",
    );
    let client = older.client();
    let id = client.create(&seeds::retail());
    client.put(&format!("/v1/customers/upgrade/{id}"), &seeds::distributor()).succeeds(201);
    client.patch(&format!("/v1/customers/{id}"), &json!({ "FirstName": "New" })).succeeds(200);
    assert_eq!(client.customer(id)["FirstName"], "New");
}

#[test]
fn settings_of_a_newer_version_do_not_break_requests() {
    let unreachable = json!({ "subscriptions": [{ "url": "http://127.0.0.1:9/" }], "retry_seconds": [3600] });
    let tenant = tenant_of(json!({ "plan": { "rejection_status": 400, "minimum_age": 30 }, "events": unreachable }));
    server().execute(&format!(
        "update tenants set
                plan = plan || '{{\"newer\": {{\"a\": 1}}, \"unsupported_patch_fields\": \"newer\"}}'
                       || jsonb_build_object('password_rule', (plan -> 'password_rule') || '{{\"emoji\": true}}'),
                events = jsonb_set(events || '{{\"newer\": [1]}}', '{{subscriptions,0,types}}', '[\"NewerEvent\", \"UpdateAssociateEvent\"]'),
                extension = '{{\"extension_token\": \"t\", \"newer\": 1, \"hooks\": {{\"Newer.Hook\": \"http://127.0.0.1:9/\"}}}}',
                clock = '{{\"newer\": 1}}'
          where tenant_id = {}",
        tenant.id
    ));
    tenant.was_changed_by_sql();
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "New" })).succeeds(200);
    // The known members still apply.
    assert_eq!(tenant.post("/v1/customers", &json!({})).status, 400);
    let events = tenant.rows("select event_type from event_deliveries where tenant_id = {tenant}");
    assert_eq!(events, [json!({ "event_type": "UpdateAssociateEvent" })]);
    // A person who writes such a member gets an error.
    let problem = tenant.control("PUT", "/plan", Some(&json!({ "newer": 1 }))).problem(400);
    assert!(problem.contains("unknown field `newer`"), "{problem}");
}
