//! Each statement of the query cache against what a sharded Postgres (Citus) can run. The rules:
//!
//! 1. Each reference to a table with tenants' rows has a condition that binds its tenant to a parameter. So one node runs the statement.
//! 2. An insert into such a table begins with the tenant, and does not read a table within VALUES.
//! 3. No system column: `xmin`, `ctid` and their like differ between nodes, and other databases do not have them.
//! 4. No advisory lock except in a function, which runs where the tenant's rows are.
//! 5. `clock_timestamp()`, `random()` and `now()` minus an interval are not evaluated in a write: no volatile function, and of a column
//!    only functions that are immutable.
//! 6. RETURNING calls only functions that are immutable on Citus: `row_bytes` in place of `record_send`.
//! 7. A lateral part with LIMIT or OFFSET has its tenant from a parameter too, which rule 1 says; a recursive part as well.
//! 8. A table of which each node has a copy is not the outer one of a correlated subquery over tenants' rows.
//! 9. A write of such a table reads no other row, because each node reads its own copy, perhaps at another moment than the others: the
//!    copies would differ. What it needs is read by a statement before it. Exceptions say why their copies are equal nevertheless.
//! 10. A part of a statement (WITH) has a column: Citus may keep its rows in between, and cannot keep rows without columns.
//!
//! `scripts/check-distributed` runs the same statements on a Citus cluster.

use directscale_emulator::database::{Place, TABLES};
use serde_json::Value;

/// Statements that break the first rule, by a part of their text, and why they may.
const ACROSS_TENANTS: [(&str, &str); 7] = [
    ("exists (select from faults f where f.tenant_id = t.tenant_id and f.of_event)", "plain Postgres only"),
    ("as \"snapshots!\",", "the list of tenants joins each with its counter, which Citus does on all nodes at once"),
    ("t.snapshot as \"name!\"", "the list of snapshots does the same"),
    (
        "from unnest($1::integer[], $2::timestamptz[]) as at (tenant_id, now)\n         cross join",
        "plain Postgres only",
    ),
    ("with recursive waiting", "plain Postgres only"),
    ("join unnest($1::integer[], $2::timestamptz[])", "the distributed form of the one above"),
    ("select c.tenant_id from tenant_counters c", "the distributed form of the one above"),
];

/// Statements that break the last rule, by a part of their text, and why the copies are equal nevertheless.
const READ_BY_WRITES: [(&str, &str); 5] = [
    ("update subscription_keys k set revoked_at", "a tenant's name changes only when the tenant is created or deleted"),
    ("delete from subscription_keys k using tenants", "the same"),
    (
        "select t.tenant_id, $2, $3, $4, $5, $6, k.expires_at",
        "all keys of a subscription expire at once, and its name is unique",
    ),
    (
        "update tenants set name = $2, expires_at = $3, snapshot_of = null",
        "a name that one copy has already violates tenants_name_key",
    ),
    (
        "with expired as (delete from access_tokens",
        "a copy that kept one token too many loses it with the client's next one",
    ),
];

fn statements() -> Vec<String> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.sqlx")).expect("the query cache");
    let query = |path: std::path::PathBuf| {
        let cached: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON");
        cached["query"].as_str().expect("a query").to_owned()
    };
    folder.map(|entry| query(entry.expect("an entry").path())).collect()
}

/// In lower case, without comments, with single spaces.
fn plain(statement: &str) -> String {
    let without_comments: Vec<&str> =
        statement.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code)).collect();
    without_comments.join(" ").to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The words and signs of a statement.
fn tokens(statement: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (token, after) = rest.split_at(length);
        if token != " " {
            tokens.push(token);
        }
        rest = after;
    }
    tokens
}

/// A use of a table with tenants' rows: its name or alias, and whether rows are inserted into it.
#[derive(Debug, PartialEq)]
struct Reference {
    name: String,
    is_aliased: bool,
    is_insert: bool,
}

fn references(tokens: &[&str]) -> Vec<Reference> {
    const NO_ALIAS: [&str; 20] = [
        "where",
        "set",
        "join",
        "left",
        "cross",
        "order",
        "on",
        "group",
        "limit",
        "using",
        "for",
        "union",
        "select",
        "values",
        "returning",
        "offset",
        "inner",
        "having",
        "as",
        "from",
    ];
    let is_sharded = |name: &str| TABLES.contains(&(name, Place::NodeOfTenant));
    let mut found = Vec::new();
    for (number, token) in tokens.iter().enumerate().skip(1) {
        let before = tokens[number - 1];
        if !is_sharded(token) || !["from", "join", "update", "into", "using", ","].contains(&before) {
            continue;
        }
        let mut next = tokens.get(number + 1).copied().unwrap_or_default();
        if next == "as" {
            next = tokens.get(number + 2).copied().unwrap_or_default();
        }
        let alias = next.chars().next().is_some_and(char::is_alphabetic) && !NO_ALIAS.contains(&next);
        let name = if alias { next } else { token }.to_owned();
        found.push(Reference { name, is_aliased: alias, is_insert: before == "into" });
    }
    found
}

/// Whether a statement writes a table of which each node has a copy, and reads a table for that.
fn reads_while_it_writes_copies(statement: &str) -> bool {
    let text = plain(statement);
    let tokens = tokens(&text);
    let is_copied = |name: &str| TABLES.contains(&(name, Place::EachNode));
    let is_table = |name: &str| TABLES.iter().any(|(table, _)| *table == name);
    let follows = |before: &[&str], is_sought: &dyn Fn(&str) -> bool| {
        let pairs = tokens.windows(2).enumerate();
        pairs.filter(|(_, pair)| before.contains(&pair[0]) && is_sought(pair[1])).map(|(at, _)| at).collect::<Vec<_>>()
    };
    let is_deletion = |at: &usize| *at > 0 && tokens[at - 1] == "delete";
    let writes =
        !follows(&["into", "update"], &is_copied).is_empty() || follows(&["from"], &is_copied).iter().any(is_deletion);
    writes && follows(&["from", "join", "using"], &is_table).iter().any(|at| !is_deletion(at))
}

/// Why a sharded Postgres would reject a statement, or run it on all nodes.
fn offences(statement: &str) -> Vec<&'static str> {
    let text = plain(statement);
    let tokens = tokens(&text);
    let references = references(&tokens);
    let mut offences = Vec::new();
    let has = |condition: &str| text.contains(condition);

    let bound = |name: &str| has(&format!(" {name}.tenant_id = $")) || has(&format!("({name}.tenant_id = $"));
    let read: Vec<&Reference> = references.iter().filter(|reference| !reference.is_insert).collect();
    let unqualified = text.match_indices("tenant_id = $").filter(|(at, _)| !text[..*at].ends_with('.')).count()
        + text.match_indices("tenant_id = any ($").filter(|(at, _)| !text[..*at].ends_with('.')).count();
    let without_name = read.iter().filter(|reference| !bound(&reference.name)).collect::<Vec<_>>();
    if without_name.iter().any(|reference| reference.is_aliased) || without_name.len() > unqualified {
        offences.push("a table with tenants' rows is read without a condition on its tenant");
    }

    for insert in references.iter().filter(|reference| reference.is_insert) {
        // Rows as JSON or as lines have the tenant in them.
        let has_rows = has("jsonb_populate_recordset(null::") || has("v[1]::integer");
        let is_named = ["(tenant_id, ", "( tenant_id, ", "(tenant_id)"].iter().any(|start| has(start));
        let is_given =
            ["select $1", "values ($1", "select tenant_id", "select c.tenant_id"].iter().any(|start| has(start));
        let begins_with_tenant = is_named && is_given;
        if !has_rows && !begins_with_tenant {
            offences.push("an insert does not begin with the tenant");
        }
        let values = text.find(" values (").map(|at| &text[at..]);
        if values.is_some_and(|values| values.contains("(select")) && !insert.name.is_empty() {
            offences.push("an insert of VALUES reads a table");
        }
    }

    if ["xmin", "xmax", "ctid", "cmin", "tableoid"].iter().any(|column| tokens.contains(column)) {
        offences.push("a system column");
    }
    if has("as (select from") || has("as ( select from") {
        offences.push("a part without columns");
    }
    if has("pg_advisory") && !has("pg_advisory_xact_lock(hashtext('tenant name')") {
        offences.push("an advisory lock outside a function");
    }
    let writes = ["update", "delete", "insert"].iter().any(|verb| tokens.contains(verb));
    if writes && ["clock_timestamp", "random", "gen_random_uuid"].iter().any(|function| tokens.contains(function)) {
        offences.push("a volatile function in a write");
    }
    if writes && has("* interval") {
        offences.push("an interval is added to a column: moved_back() is immutable");
    }
    let returned = text.rfind(" returning ").map_or("", |at| &text[at..]);
    // What comes after the RETURNING of a part of a statement is another part.
    let returned = returned.split(')').next().unwrap_or_default();
    let is_volatile =
        ["statement_timestamp", "make_interval", "now("].iter().any(|function| returned.contains(function));
    if is_volatile || has("record_send") || has("textsend") || has("array_send") {
        offences.push("a function in RETURNING that is not immutable on Citus");
    }
    offences
}

#[test]
fn a_sharded_database_can_run_every_statement() {
    let statements = statements();
    assert!(statements.len() > 100);
    let mut excused = std::collections::BTreeSet::new();
    for statement in &statements {
        let excuse = ACROSS_TENANTS.iter().find(|(part, _)| statement.contains(part));
        let found = offences(statement);
        match excuse {
            Some((part, _)) => {
                assert_eq!(
                    found,
                    ["a table with tenants' rows is read without a condition on its tenant"],
                    "{statement}"
                );
                excused.insert(*part);
            }
            None => assert!(found.is_empty(), "{found:?}: {statement}"),
        }
    }
    assert_eq!(excused.len(), ACROSS_TENANTS.len(), "an exception is for no statement: {excused:?}");
}

#[test]
fn a_write_of_copies_sets_values() {
    let excused = |statement: &String| READ_BY_WRITES.iter().any(|(part, _)| plain(statement).contains(&plain(part)));
    let (excused, others): (Vec<String>, Vec<String>) = statements().into_iter().partition(excused);
    assert_eq!(excused.len(), READ_BY_WRITES.len(), "an exception is for no statement: {excused:?}");
    assert!(excused.iter().all(|statement| reads_while_it_writes_copies(statement)), "{excused:?}");
    for statement in others {
        assert!(!reads_while_it_writes_copies(&statement), "each node would read its own copy: {statement}");
    }
    assert!(reads_while_it_writes_copies("insert into tenants (plan) select plan from tenants where tenant_id = $1"));
    assert!(!reads_while_it_writes_copies("delete from access_tokens where tenant_id = $1"));
}

#[test]
fn the_statements_that_are_made_from_the_field_table_follow_the_rules() {
    // Those of the ordinary case run on plain Postgres only: on a distributed database the function replace_customer does it all.
    let generated = directscale_emulator::customers::generated_statements();
    let shared: Vec<&String> = generated.iter().filter(|text| !text.contains("from customers o")).collect();
    assert!(shared.len() > 3);
    for statement in shared {
        assert!(offences(statement).is_empty(), "{:?}: {statement}", offences(statement));
    }
    let patches: Vec<&String> =
        generated.iter().filter(|text| text.starts_with("update customers c set modified_at")).collect();
    assert!(patches.len() > 40);
    for statement in patches {
        assert!(offences(statement).is_empty(), "{:?}: {statement}", offences(statement));
    }
}

#[test]
fn each_rule_rejects_what_it_is_for() {
    for (statement, offence) in [
        ("select 1 from customers where customer_id = $1", "without a condition"),
        (
            "select 1 from customers c join sponsor_tree t on t.customer_id = c.customer_id where c.tenant_id = $1",
            "without",
        ),
        (
            "select 1 from customers c where c.tenant_id = (select t.tenant_id from tenants t where t.name = $1)",
            "without",
        ),
        ("delete from event_attempts a using event_deliveries d where a.tenant_id = $1 and d.id = a.id", "without"),
        ("insert into sso_tokens (digest, tenant_id) values ($1, $2)", "does not begin"),
        (
            "insert into sso_tokens (tenant_id, digest) values ($1, (select digest from access_tokens limit 1))",
            "VALUES reads",
        ),
        ("update customers c set modified_at = $2 where c.tenant_id = $1 and c.xmin = $3", "system column"),
        ("delete from customers where tenant_id = $1 and ctid = any ($2)", "system column"),
        ("with c as (select from customers where tenant_id = $1 for update) select 1 from c", "without columns"),
        ("select pg_advisory_xact_lock(tenant_lock_key(), $1)", "advisory lock"),
        ("update hook_calls set expires_at = clock_timestamp() where tenant_id = $1", "volatile"),
        ("update sso_tokens set expires_at = expires_at - $2 * interval '1 second' where tenant_id = $1", "interval"),
        ("update customers c set modified_at = $2 where c.tenant_id = $1 returning record_send(c)", "RETURNING"),
        ("delete from emulator_sessions where digest = $1 returning began_at > statement_timestamp()", "RETURNING"),
    ] {
        let found = offences(statement);
        assert!(found.iter().any(|found| found.contains(offence)), "{statement}: {found:?}");
    }
    for allowed in [
        "select 1 from customers where tenant_id = $1",
        "select 1 from customers c left join sponsor_tree t on t.tenant_id = $1 and t.customer_id = 1 where c.tenant_id = $1",
        "update hook_calls set state = 'claimed' where tenant_id = any ($1) and token = $2",
        "insert into sso_tokens (tenant_id, digest) values ($1, $2)",
        "select 1 from tenants where name = $1",
        "select exists (select from customers where tenant_id = $1)",
    ] {
        assert!(offences(allowed).is_empty(), "{allowed}: {:?}", offences(allowed));
    }
}
