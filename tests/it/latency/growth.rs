//! No statement of the program reads a tenant, or all tenants, as a whole, except those in a list with their cost.

use std::path::Path;
use std::sync::Arc;

use directscale_emulator::random::Random;
use directscale_emulator::server::{Origin, start_up};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use crate::restart::own_database;
use crate::support::server::{server, start_options};

/// The tables of which a tenant has more rows than a request may read. Of the others a tenant has a bounded number, so that a
/// statement may read those of one tenant.
const LARGE: [&str; 12] = [
    "access_tokens",
    "companies",
    "crm_associatetypechanges",
    "customer_keys",
    "customer_profiles",
    "customers",
    "event_attempts",
    "event_deliveries",
    "hook_calls",
    "reward_points",
    "sponsor_tree",
    "sso_tokens",
];

/// More of them than a plan for a small table would read, and as many tenants with a snapshot.
const FILL: &str = "
    insert into tenants (name, plan, created_at) select 'grown' || n, '{}', now() from generate_series(1, 2000) n;
    insert into tenants (plan, created_at, snapshot_of, snapshot)
    select '{}', now(), tenant_id, 'seed' from tenants where name like 'grown%';
    insert into subscription_keys (tenant_id, name, slot, digest, ending, created_at)
    select tenant_id, 'key', 'primary', sha256(name::bytea), 'abcd', now() from tenants where name like 'grown%';
    create temporary table grown as
    select tenant_id, n, 'v' || n as v from tenants, generate_series(1, 5000) n where name = 'grown1';
    insert into customers (tenant_id, customer_id, customer_type, customer_status, sponsor_id, enroller_id, sign_up_date, modified_at,
                           send_emails, tax_exempt, terms_accepted, language_code, back_office_id, back_office_id_key, email_address,
                           email_address_key, username, username_key, external_reference_id)
    select tenant_id, n, 1, 1, n / 3, n / 3, now(), now(), true, false, true, 'en', v, v, v, v, v, v, v from grown;
    insert into sponsor_tree (tenant_id, customer_id, upline_id, placed_at) select tenant_id, n, nullif(n / 3, 0), now() from grown;
    insert into customer_keys (tenant_id, customer_key, customer_id) select tenant_id, gen_random_uuid(), n from grown;
    insert into customer_profiles (tenant_id, customer_id, owner, fields) select tenant_id, n, 'storm', '{}' from grown;
    insert into companies (tenant_id, company_id, customer_id, place, company_key, name, org_no, name_key, details)
    select tenant_id, n, n, 1, gen_random_uuid(), v, v, v, '{}' from grown;
    insert into reward_points (tenant_id, customer_id, id, points, entered_at)
    select tenant_id, n, gen_random_uuid(), 1, now() from grown;
    insert into CRM_AssociateTypeChanges
    select tenant_id, gen_random_uuid(), n, n, 2, 1, now(), v, gen_random_uuid() from grown;
    insert into sso_tokens (tenant_id, digest, customer_id, expires_at) select tenant_id, sha256(v::bytea), n, now() from grown;
    insert into access_tokens (tenant_id, digest, key_digest, expires_at)
    select tenant_id, sha256(v::bytea), sha256('grown1'), now() from grown;
    insert into hook_calls (tenant_id, token, hook_id, context, state, expires_at)
    select tenant_id, sha256(v::bytea), 'hook', '{}', 'running', now() from grown;
    insert into event_deliveries (tenant_id, id, url, customer_id, sequence, event_type, body, caller, created_at, state, due_at)
    select tenant_id, gen_random_uuid(), v, n, n, v, '', '', now() - n * interval '1 second',
           case when n % 10 = 0 then 'pending' else 'delivered' end, now()
      from grown;
    insert into event_attempts (tenant_id, id, url, attempt, attempted_at, duration_ms, response)
    select tenant_id, id, url, 1, now(), 1, '' from event_deliveries";

/// A part of a statement that reads more than the rows that it names, and what its cost grows with. docs/API.md has the figures.
const STATED: &[(&str, &str)] = &[
    ("primary_region, primary_postal_code)), lower($2))", "search: the customers up to the fiftieth match"),
    (
        "customer_id::text = $2",
        "the page of the customers: all of the tenant where it is filtered or sorted, otherwise those up to its end",
    ),
    (
        "from reward_points where tenant_id = $1 and expires_at > $2",
        "the clock's page: the reward points of the tenant",
    ),
    (
        "from event_deliveries where tenant_id = $1 and state = 'pending' order by due_at limit",
        "the clock's page: the pending webhooks in it, along an index",
    ),
    ("s.upline_id is null and s.customer_id", "the tree explorer: the roots of the sponsor tree, at most fifty"),
    ("s.enroller_id is null and s.customer_id", "the tree explorer: the roots of the enrollment tree, at most fifty"),
    ("customer_id > 0 order by customer_id", "customer-ids: the ids in the response"),
    ("customer_id > 0 and ($2::integer", "customer-ids with a filter: the customers of the tenant"),
    (
        "(lower(btrim(back_office_id)) = $2 or lower",
        "look-ups by a field that is not unique: the customers of the tenant",
    ),
    ("-- The plan was changed after the request read it", "a look-up at the moment when a plan changes: the customers"),
    ("t.upline_id is null and ($2::integer[]", "the roots of the tree up to the first of a type that may sponsor"),
    (
        "from CRM_AssociateTypeChanges where tenant_id = $1 order by",
        "the page of the type changes: those in the response",
    ),
    ("l.recordnumber >= (select n.recordnumber from number", "a higher record number: the first one"),
    (
        "from event_deliveries e where e.tenant_id = $1 and ($2",
        "the listed webhooks; with a state those that are newer",
    ),
    (
        "and ($2 is not null or d.state in ('failed', 'dropped'))",
        "resend of all that failed: the webhooks of the tenant",
    ),
    (
        "from sso_tokens where tenant_id = $1 order by expires_at",
        "a single sign-on token: those that are valid, at most 10,000",
    ),
    ("oldest as (delete from access_tokens", "an access token: those that are valid, at most 1,000 of a client"),
    ("with ended as (delete from hook_calls", "a hook: the hooks of the tenant that run"),
    ("t.name > $2 order by t.name limit $3", "the list of tenants: those in the response"),
    ("strpos(lower(t.name), $2) > 0", "the page of the tenants: the tenants, at most 10,000"),
    (
        "select count(*) as \"count!\" from tenants where snapshot_of is null",
        "a new tenant: the tenants, at most 10,000",
    ),
    // The worker of the webhooks.
    ("with recursive waiting (tenant_id)", "the tenants with pending webhooks"),
    (
        "from unnest($1::integer[], $2::timestamptz[]) as at",
        "for each such tenant its leased webhooks up to the first other one",
    ),
    ("with page as materialized", "200 webhooks"),
    // The sweeps: every fifteen seconds, minute or hour.
    ("snapshot_of = tenant_id) and expires_at <= $1", "the expired tenants"),
    ("select tenant_id, clock from tenants where events is not null", "the tenants with subscriptions"),
    ("order by created_at desc, customer_id, sequence desc offset $2", "the newest 10,000 webhooks of a tenant"),
    ("with swept as (", "the old webhooks of a tenant"),
    ("update event_deliveries set state = 'failed' where", "the pending webhooks of a tenant, at most some 100,000"),
    // The servers of the database, which are few, the one version of the settings, and the last changes.
    ("seen_at > statement_timestamp()", "the servers, and the changes that a server does not know"),
    ("update settings_version set version", "one row"),
    ("select token_salt from settings_version", "one row"),
    ("delete from servers where seen_at", "the servers"),
    ("delete from settings_changes where version", "the changes beyond the last 1,000"),
    // The journal of several servers, whose tenants are at most 256, and their tasks and sessions, which are few.
    ("select tenant_id, bytes from journal_tenants", "the tenants of the journal, at most 256"),
    ("from journal_tenants) as \"is_empty!\"", "one row"),
    ("coalesce(sum(unnumbered), 0)", "the tenants of the journal, at most 256"),
    ("emulator_tasks", "the tasks, at most some thousand"),
    ("delete from emulator_sessions", "the sessions, at most 100"),
    ("customer_id > $2 order by customer_id limit $3", "the inspector: the first customers, at most some tens"),
    // The same on a distributed database.
    ("left join (select f.tenant_id, count(*) as active", "the fault rules"),
    ("t.tenant_id in ( select c.tenant_id from tenant_counters c", "the tenants with subscriptions"),
    ("join unnest($1::integer[], $2::timestamptz[]) as at", "the due webhooks"),
    ("delete from journal_entries every_request", "the start of a run: the journal before"),
    ("delete from journal_tenants every_tenant", "the same, the tenants of the journal, at most 256"),
    // Work on all data of a tenant.
    ("update event_deliveries set due_at = moved_back", "a clock that is set back: the pending webhooks"),
    ("update sso_tokens set expires_at = moved_back", "a clock that is set back: the tokens, at most 10,000"),
    (
        "select customer_id, back_office_id, email_address, tax_id, username, web_alias",
        "a plan that makes other fields unique",
    ),
    ("c.sponsor_id as sponsor, c.enroller_id as enroller", "a seed"),
    ("greatest(last_customer_id, $2", "a seed: the highest id alone"),
    ("as \"customers!\" from tenants t left join tenant_counters", "an export"),
    ("k.customer_key as \"customer_key?\"", "an export: the customers of a part"),
    ("customer_id > $2 order by customer_id offset $3 limit 1", "a copy: the ids of a part"),
    ("select least((select customer_id", "a diff: the ids of a part"),
    ("select count(*) as \"count!\" from customers where", "a copy in parts"),
    ("as \"is_large!\"", "a copy: the ids up to the size of a large tenant"),
    ("delete from access_tokens where tenant_id = $1", "a deletion"),
    // A start.
    ("select not exists (select from tenants)", "one tenant"),
    ("select tenant_id from tenants where snapshot_of = tenant_id", "the tenants of an embedded database"),
    ("t.restored_from is not null and t.snapshot_of is null", "the tenants of an embedded database"),
];

#[test]
fn no_other_statement_reads_a_tenant_as_a_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let origin = match &server().origin {
        Origin::Embedded(_) => Origin::Embedded(folder.path().join("data")),
        Origin::Server(url) => Origin::Server(own_database(url, "growth")),
    };
    let statements = statements();
    let plans = server().runtime.block_on(async {
        let started = start_up(&start_options(origin), Arc::new(Random::default()), None).await.expect("a server");
        let mut session = started.database().session().await.expect("a connection");
        let connection = session.connection();
        connection.execute(sqlx::raw_sql(FILL)).await.expect("rows");
        let mut plans = Vec::new();
        for (number, (statement, parameters)) in statements.iter().enumerate() {
            let nulls = vec!["null"; *parameters].join(", ");
            let arguments = if nulls.is_empty() { nulls } else { format!("({nulls})") };
            let prepare = format!("prepare s{number} as {statement}");
            connection.execute(sqlx::raw_sql(AssertSqlSafe(prepare))).await.expect(statement);
            let explain = format!("explain (format json) execute s{number}{arguments}");
            let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(explain))).await.expect(statement);
            plans.push(row.get::<Value, _>(0));
        }
        session.end(Ok(())).expect("a connection");
        started.close().await;
        plans
    });
    let (mut wrong, mut used) = (Vec::new(), Vec::new());
    for ((statement, _), plan) in statements.iter().zip(&plans) {
        let mut reads = Vec::new();
        collect_reads(&plan[0]["Plan"], &mut reads);
        if reads.is_empty() {
            continue;
        }
        let plain = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        match STATED.iter().position(|(part, _)| plain.contains(part)) {
            Some(stated) => used.push(stated),
            None => wrong.push(format!("{plain}\n    {}", reads.join("\n    "))),
        }
    }
    assert!(wrong.is_empty(), "{} statements:\n{}", wrong.len(), wrong.join("\n"));
    for (number, stated) in STATED.iter().enumerate() {
        assert!(used.contains(&number), "no statement, or one that is cheap now: {stated:?}");
    }
}

/// The statements of the query cache and those whose text is made, with the number of their parameters.
fn statements() -> Vec<(String, usize)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let files = std::fs::read_dir(folder).expect("the query cache").map(|entry| entry.expect("a file").path());
    let statements = files.map(|file| {
        let query: Value = serde_json::from_slice(&std::fs::read(file).expect("a file")).expect("JSON");
        let parameters = query["describe"]["parameters"]["Left"].as_array().map_or(0, Vec::len);
        (query["query"].as_str().expect("a statement").to_owned(), parameters)
    });
    // TRUNCATE has no plan.
    let statements: Vec<_> = statements.filter(|(statement, _)| !statement.starts_with("truncate")).collect();
    assert!(statements.len() > 100);
    let generated = directscale_emulator::customers::generated_statements().into_iter();
    statements.into_iter().chain(generated.map(|statement| (statement.clone(), parameters(&statement)))).collect()
}

fn parameters(statement: &str) -> usize {
    let numbers = statement.split('$').skip(1).map(|after| {
        let digits = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
        after[..digits].parse::<usize>().expect("a number")
    });
    numbers.max().unwrap_or_default()
}

/// The parts of a plan that read a table without an equality that the index answers, or a large table by the tenant alone.
fn collect_reads(plan: &Value, reads: &mut Vec<String>) {
    for child in plan["Plans"].as_array().into_iter().flatten() {
        collect_reads(child, reads);
    }
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    let Some(table) = plan["Relation Name"].as_str().filter(|_| kind.ends_with("Scan") && kind != "Tid Scan") else {
        return;
    };
    let is_of_the_program = !table.starts_with("pg_") && table != "emulator_functions";
    let condition = plan["Index Cond"].as_str().unwrap_or_default();
    let compared = condition.split(" AND ").filter_map(|part| {
        let (column, value) = part.trim_matches(['(', ')']).split_once(' ')?;
        value.starts_with("= ").then_some(column)
    });
    let compared: Vec<&str> = compared.collect();
    let is_by_tenant = compared.iter().all(|column| *column == "tenant_id");
    if is_of_the_program && (compared.is_empty() || LARGE.contains(&table) && is_by_tenant) {
        reads.push(format!("{kind} on {table} by {condition} filter {}", plan["Filter"].as_str().unwrap_or_default()));
    }
}
