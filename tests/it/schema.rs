//! The schema: the vendor's tables, and the rules for every table and function.

use directscale_emulator::database::{FUNCTIONS_ON_NODES, Place, TABLES};
use serde_json::json;

use crate::support::database::OwnDatabase;
use crate::support::process::{program, run};
use crate::support::server::server;
use crate::support::{seeds, tenant};

#[test]
fn the_vendors_tables_have_the_documented_names() {
    let tenant = tenant();
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let log = tenant.rows("SELECT * FROM CRM_AssociateTypeChanges WHERE AssociateID = 3 AND tenant_id = {tenant}");
    let mut columns: Vec<&str> = log[0].as_object().expect("a row").keys().map(String::as_str).collect();
    columns.sort_unstable();
    assert_eq!(
        columns,
        [
            "associateid",
            "changedate",
            "changedby",
            "id",
            "newassociatetype",
            "oldassociatetype",
            "recordnumber",
            "requestid",
            "tenant_id"
        ]
    );
    let types =
        tenant.rows("SELECT recordnumber, AssociateType FROM CRM_AssociateTypes WHERE tenant_id = {tenant} ORDER BY 1");
    assert_eq!(types[0], json!({ "recordnumber": 1, "associatetype": "Distributor" }));
    let statuses =
        tenant.rows("SELECT StatusName FROM CRM_AssociateStatuses WHERE tenant_id = {tenant} AND recordnumber = 3");
    assert_eq!(statuses, [json!({ "statusname": "Deleted" })]);
}

#[test]
fn tenant_id_is_the_first_column_of_every_key_and_index() {
    const ACROSS_TENANTS: [&str; 10] = [
        "tenants_name_key",
        "tenants_snapshot_key",
        "subscription_keys_digest_key",
        "access_tokens_digest_key",
        "extension_tokens_digest_idx",
        "tenants_expires_idx",
        "servers_pkey",
        "settings_changes_pkey",
        "emulator_tasks_pkey",
        "emulator_sessions_pkey",
    ];
    let rows = server().rows(
        "select c.relname as table, i.relname as index,
                (select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum = x.indkey[0]) as leading
           from pg_index x
           join pg_class i on i.oid = x.indexrelid
           join pg_class c on c.oid = x.indrelid
           join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'public' and c.relname not like '\\_sqlx%'",
    );
    assert!(rows.len() > 10);
    for row in rows {
        let index = row["index"].as_str().expect("a name");
        // A tenant is found by its name and by the digests of its credentials and of its extension's token, a snapshot by its owner and
        // name, the cleanup finds the expired tenants, and servers know each other, what changed, their tasks and sessions. Everything
        // else is found within a tenant.
        if !ACROSS_TENANTS.contains(&index) {
            assert_eq!(row["leading"], "tenant_id", "{row}");
        }
    }
    let foreign = server().rows(
        "select conname from pg_constraint
          where contype = 'f' and connamespace = 'public'::regnamespace
            and conname <> 'tenants_snapshot_of_fkey'
            and (select attname from pg_attribute a where a.attrelid = conrelid and a.attnum = conkey[1]) <> 'tenant_id'",
    );
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn every_constraint_has_a_name_that_was_chosen() {
    let rows = server().rows(
        "select conname, conrelid::regclass::text as table from pg_constraint
          where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f', 'c')
            and conrelid::regclass::text not like '\\_sqlx%'",
    );
    let schema = concat!(
        include_str!("../../migrations/0001_tenants.sql"),
        include_str!("../../migrations/0002_customers.sql"),
        include_str!("../../migrations/0003_subscriptions.sql"),
        include_str!("../../migrations/0004_points_sign_on_trees.sql"),
        include_str!("../../migrations/0005_extensions.sql"),
        include_str!("../../migrations/0006_events.sql"),
        include_str!("../../migrations/0007_snapshots_clock_faults.sql"),
        include_str!("../../migrations/0008_vendors.sql"),
        include_str!("../../migrations/0105_sso_tokens.sql"),
        include_str!("../../migrations/0111_references_to_tenants.sql"),
        include_str!("../../migrations/0113_servers.sql"),
        include_str!("../../migrations/0114_journal.sql"),
        include_str!("../../migrations/0115_tasks_and_sessions.sql"),
        include_str!("../../migrations/0119_record_number_index.sql"),
    );
    for row in &rows {
        let name = row["conname"].as_str().expect("a name");
        let is_chosen =
            [format!("constraint {name} "), format!(" to {name};")].iter().any(|words| schema.contains(words));
        assert!(is_chosen, "{row}");
    }
    assert!(rows.len() > 10);
}

#[test]
fn each_unique_constraint_of_customers_has_a_tested_rejection() {
    let constraints = server().rows(
        "select conname from pg_constraint where contype = 'u' and conrelid = 'customers'::regclass order by conname",
    );
    let names: Vec<&str> = constraints.iter().map(|row| row["conname"].as_str().expect("a name")).collect();
    // The test of rejections covers the same fields.
    assert_eq!(
        names,
        [
            "customers_back_office_id_key",
            "customers_email_address_key",
            "customers_tax_id_key",
            "customers_username_key",
            "customers_web_alias_key"
        ]
    );
}

#[test]
fn an_upgrade_changes_no_indexed_column_except_unique_ones() {
    // Type, status and dates are not indexed, so that an update stays heap-only.
    let rows = server().rows(
        "select a.attname from pg_index x join pg_attribute a on a.attrelid = x.indrelid and a.attnum = any (x.indkey)
          where x.indrelid = 'customers'::regclass
            and a.attname in ('customer_type', 'customer_status', 'modified_at', 'upgrade_date', 'first_name')",
    );
    assert!(rows.is_empty(), "{rows:?}");
}

#[test]
fn every_function_locks_a_tenant_with_the_same_lock_key() {
    let locking = "p.prosrc like '%pg_advisory%' and p.pronamespace = 'public'::regnamespace";
    let count = |condition: &str| {
        let query = format!("select count(*) as n from pg_proc p where {locking} and {condition}");
        server().rows(&query)[0]["n"].as_i64()
    };
    assert!(count("true") > Some(0));
    assert_eq!(count("p.prosrc not like '%(tenant_lock_key(), p_tenant)%'"), Some(0));
}

#[test]
fn every_table_and_function_has_a_place_in_a_distributed_database() {
    let names = |query: &str| -> Vec<String> {
        let rows = server().rows(query);
        rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
    };
    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names
    };
    let tables = names(
        "select relname as name from pg_class
          where relkind = 'r' and relnamespace = (select relnamespace from pg_class where oid = 'tenants'::regclass)",
    );
    let placed = TABLES.iter().map(|(table, _)| (*table).to_owned()).collect();
    assert_eq!(sorted(tables), sorted(placed), "a new table belongs in src/database/layout.rs");
    let on_each_node =
        TABLES.iter().filter(|(_, place)| *place == Place::EachNode).map(|(table, _)| (*table).to_owned());
    let listed = names("select table_name as name from tables_on_each_node()");
    assert_eq!(sorted(listed), sorted(on_each_node.collect()), "migrations/functions/tenant_tables.sql");
    // A table whose rows are copied with a tenant's data is where that data is, or is copied as values.
    let copied =
        names("select table_name as name from tenant_tables() except select table_name from tables_on_each_node()");
    for table in copied {
        assert!(TABLES.contains(&(table.as_str(), Place::NodeOfTenant)), "{table}");
    }
    // A function that writes or locks is volatile; the others read, wherever they run. Those of the control API, which copy from one
    // tenant to another, run on the coordinator.
    let writing = names(
        "select distinct proname::text as name from pg_proc
          where pronamespace = 'public'::regnamespace and provolatile = 'v' and 'p_tenant' = any (proargnames)
            and proname <> 'check_node' order by 1",
    );
    assert_eq!(writing, FUNCTIONS_ON_NODES, "a new function belongs in src/database/layout.rs");
}

#[test]
fn a_postgres_without_nodes_is_not_laid_out() {
    let Some(database) = OwnDatabase::create("without_nodes") else {
        println!("not run: it needs a Postgres server");
        return;
    };
    let (code, _, error) = run(program(&["distribute"]).env("DATABASE_URL", &database.url));
    assert_eq!(code, Some(1));
    assert!(error.contains("the database does not have the extension Citus"), "{error}");
    let (code, _, error) = run(&mut program(&["distribute"]));
    assert_eq!(code, Some(1));
    assert!(error.contains("the embedded database is on one machine: set DATABASE_URL"), "{error}");
}

#[test]
fn a_distributed_database_copies_settings_and_tokens_as_values() {
    let Some(database) = OwnDatabase::create("copied_values") else {
        println!("not run: it needs a Postgres server");
        return;
    };
    let (code, _, error) = run(program(&["migrate"]).env("DATABASE_URL", &database.url));
    assert_eq!(code, Some(0), "{error}");
    database.execute(
        r#"set emulator.layout = 'distributed';
           insert into tenants (name, plan, created_at, clock, extension, events) values
               ('from', '{"unique": ["Username"]}', now(), '{"frozen": "2030-01-01T00:00:00.123456Z"}', '{"é": [1.50, null]}', null),
               ('part', '{}', now(), null, null, null),
               ('whole', '{}', now(), null, null, '{"other": 1}');
           insert into extension_tokens select tenant_id, sha256(name::bytea) from tenants where name <> 'part';
           select replace_rows('extension_tokens', f.tenant_id, t.tenant_id), copy_settings(f.tenant_id, t.tenant_id)
             from tenants f, tenants t where f.name = 'from' and t.name = 'whole';
           select copy_part(f.tenant_id, t.tenant_id, null, null), copy_settings(f.tenant_id, t.tenant_id)
             from tenants f, tenants t where f.name = 'from' and t.name = 'part'"#,
    );
    let copies = database.rows(
        "select t.plan, t.clock, t.extension, t.events, t.unique_fields, x.digest
           from tenants t join extension_tokens x on x.tenant_id = t.tenant_id order by t.name",
    );
    assert_eq!(copies.len(), 3);
    assert_eq!(copies[0]["unique_fields"], 8);
    assert!(copies.iter().all(|copy| *copy == copies[0]), "{copies:?}");
}

#[test]
fn every_statement_that_is_made_from_the_field_table_fits_the_schema() {
    let statements = directscale_emulator::customers::generated_statements();
    assert!(statements.len() > 40);
    for statement in statements {
        // Postgres cannot infer the type of a parameter that an update does not use.
        let types = if statement.starts_with("update customers c set modified_at") {
            "(integer, integer, timestamptz)"
        } else if statement.starts_with("update") {
            "(boolean, integer, integer, timestamptz, integer[])"
        } else if statement.starts_with("with updated") {
            "(boolean, integer, integer, timestamptz, integer[], integer[], uuid, bigint, text, uuid)"
        } else {
            ""
        };
        server().execute(&format!(
            "do $do$ begin execute $text$prepare generated {types} as {statement}$text$; deallocate generated; end $do$"
        ));
    }
    // Each function has a parameter for each column that a caller may set, and the server names each of them.
    let rows = server().rows(
        "select f.name, p.pronargs - f.own as parameters, (select count(*) from columns_of_callers()) as columns
           from (values ('create_customer', 10), ('replace_customer', 10)) f (name, own)
           join pg_proc p on p.proname = f.name",
    );
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row["parameters"], row["columns"], "{row}");
    }
}
