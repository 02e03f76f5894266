//! Starts: the migration as one transaction under one lock, and the settings of sessions, which belong to the role.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use directscale_emulator::database::{Database, DatabaseOptions, LoginSource, Program, migrate};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use super::{connect, has_clusters, query};
use crate::support::cluster::Cluster;
use crate::support::database::OwnDatabase;
use crate::support::pooler::{self, Pooled};
use crate::support::process::{program, run};
use crate::support::server::{server, timeouts};

const ADVISORY_LOCKS: &str = "select l.* from pg_locks l join pg_database d on d.oid = l.database
    where locktype = 'advisory' and datname = current_database()";

fn own_database(purpose: &str) -> Option<OwnDatabase> {
    let database = OwnDatabase::create(purpose);
    if database.is_none() {
        println!("not run: it needs a Postgres server");
    }
    database
}

fn try_migrate(url: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = program(&["migrate"]);
    command.env("DATABASE_URL", url).envs(variables.iter().copied());
    let (code, _, error) = run(&mut command);
    (code, error)
}

#[test]
fn ten_starts_at_once_migrate_once_and_leave_no_lock() {
    let Some(database) = own_database("ten_starts") else { return };
    let started = Instant::now();
    let done = thread::scope(|scope| {
        let starts: Vec<_> = (0..10).map(|_| scope.spawn(|| try_migrate(&database.url, &[]))).collect();
        starts.into_iter().map(|start| start.join().expect("a start")).collect::<Vec<_>>()
    });
    assert!(done.iter().all(|(code, _)| *code == Some(0)), "{done:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert!(database.rows(ADVISORY_LOCKS).is_empty());
}

#[test]
fn a_migration_that_fails_or_is_killed_leaves_nothing_behind() {
    let Some(database) = own_database("interrupted") else { return };
    database.execute("create table customers (name text)");
    let (code, error) = try_migrate(&database.url, &[]);
    assert!(code == Some(1) && error.contains("has a table `customers` that this program did not create"), "{error}");
    let tables = || database.rows("select relname from pg_class where relnamespace = 'public'::regnamespace");
    assert_eq!(tables(), [json!({ "relname": "customers" })]);
    database.execute("drop table customers");

    // A later migration waits for a table that is in use, and the process ends.
    database.execute(include_str!("../../migrations/0008.sql"));
    let mut user = connect(&database.url);
    query(&mut user, "begin; lock table customers, tenants in row exclusive mode");
    let before = tables();
    let mut waiting = spawn(program(&["migrate"]).env("DATABASE_URL", &database.url));
    thread::sleep(Duration::from_millis(1_500));
    // Meanwhile others use the table: the migration gives up its locks again and again.
    let mut other = connect(&database.url);
    for _ in 0..5 {
        let asked = Instant::now();
        query(&mut other, "select count(*)::text from customers, tenants");
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    }
    assert!(waiting.try_wait().expect("a state").is_none(), "it waits");
    waiting.kill().expect("it runs");
    waiting.wait().expect("an end");
    query(&mut user, "rollback");
    assert_eq!(tables(), before);
    assert_eq!(database.rows("select max(version) from _sqlx_migrations"), [json!({ "max": 8 })]);
    assert_eq!(try_migrate(&database.url, &[]).0, Some(0));
}

fn spawn(command: &mut std::process::Command) -> Child {
    command.stderr(std::process::Stdio::null()).spawn().expect("the program")
}

#[test]
fn the_wait_for_another_migration_has_a_limit_and_names_its_process() {
    let Some(database) = own_database("waiting") else { return };
    let mut holder = connect(&database.url);
    let process = query(
        &mut holder,
        "begin; select pg_advisory_xact_lock(hashtext('migrations'), 0); select pg_backend_pid()::text",
    );
    let asked = Instant::now();
    let (code, error) = try_migrate(&database.url, &[("EMULATOR_DATABASE_TASK_TIMEOUT_MS", "1000")]);
    assert_eq!(code, Some(1), "{error}");
    assert!((1..10).contains(&asked.elapsed().as_secs()), "{:?}", asked.elapsed());
    let process = process.expect("a number");
    let sentence = format!("(process {process} of Postgres has migrated the database since ");
    assert!(error.contains("another session held a lock that the migration needs for 1 s"), "{error}");
    assert!(error.contains(&sentence) && error.contains("SELECT pg_terminate_backend(PROCESS)"), "{error}");
    query(&mut holder, "rollback");
    assert_eq!(try_migrate(&database.url, &[]).0, Some(0));
}

#[test]
fn migrations_of_another_program_are_recognized() {
    let Some(database) = own_database("foreign_migrations") else { return };
    database.execute(
        "create table _sqlx_migrations (version bigint primary key, description text not null, installed_on timestamptz not null
             default now(), success boolean not null, checksum bytea not null, execution_time bigint not null);
         insert into _sqlx_migrations values (20240101000000, 'create orders', now(), true, '\\x01', 1)",
    );
    let (code, error) = try_migrate(&database.url, &[]);
    assert_eq!(code, Some(1), "{error}");
    let sentence =
        "the table `_sqlx_migrations` is of another program: it has the migration 20240101000000 \"create orders\"";
    assert!(error.contains(sentence) && error.contains("search_path"), "{error}");
    database.execute("drop table _sqlx_migrations; create table _sqlx_migrations (id integer)");
    let (code, error) = try_migrate(&database.url, &[]);
    assert!(code == Some(1) && error.contains("is of another program: it has other columns"), "{error}");
    assert_eq!(database.rows("select relname from pg_class where relname = 'tenants'"), Vec::<Value>::new());
}

/// Our settings in one session: name, value, and where it is from.
const SETTINGS: &str =
    "select string_agg(name || ' ' || setting || '|' || source, e'\\n' order by name) from pg_settings
     where name in ('enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_material',
                    'plan_cache_mode', 'default_statistics_target', 'jit', 'statement_timeout', 'lock_timeout',
                    'idle_in_transaction_session_timeout', 'client_connection_check_interval')";

/// What each of several sessions of a server has, after its start.
fn sessions(url: &str) -> Vec<String> {
    let options = DatabaseOptions {
        url: url.to_owned(),
        login: LoginSource::Url,
        connections: 10,
        timeouts: timeouts(),
        is_embedded: false,
    };
    server().runtime.block_on(async {
        let database = Database::new(&options).expect("a database");
        migrate(&database, Program::Server).await.expect("a schema");
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(database.session().await.expect("a connection"));
        }
        let mut found = Vec::new();
        for session in &mut sessions {
            let row = session.connection().fetch_one(sqlx::raw_sql(AssertSqlSafe(SETTINGS))).await.expect("settings");
            found.push(row.get::<String, _>(0));
        }
        database.close();
        found
    })
}

fn without_source(settings: &str) -> Vec<&str> {
    settings.lines().map(|line| line.rsplit_once('|').expect("a source").0).collect()
}

#[track_caller]
fn assert_same(found: &[String]) {
    for session in found {
        assert_eq!(without_source(session), without_source(&found[0]));
    }
}

#[test]
fn every_session_has_the_settings_and_those_of_the_role_are_not_set_again() {
    let Some(database) = own_database("settings") else { return };
    // The first one is older than the settings of the role.
    let first = sessions(&database.url);
    assert_same(&first);
    for setting in [
        "default_statistics_target 10",
        "enable_seqscan off",
        "jit off",
        "plan_cache_mode force_generic_plan",
        "lock_timeout 50000",
        "statement_timeout 60000",
        "idle_in_transaction_session_timeout 90000",
    ] {
        assert!(without_source(&first[0]).contains(&setting), "{setting} in {}", first[0]);
    }
    let second = sessions(&database.url);
    assert_same(&[first, second.clone()].concat());
    for line in second.iter().chain(&sessions(&database.url)).flat_map(|session| session.lines()) {
        assert!(line.ends_with("|database user"), "{line}");
    }
}

#[test]
fn another_value_of_the_role_is_respected_for_plans_and_replaced_for_limits() {
    let Some(database) = own_database("other_settings") else { return };
    assert_eq!(try_migrate(&database.url, &[]).0, Some(0));
    database.execute(
        "do $$ begin execute format('alter role session_user in database %I set plan_cache_mode = auto', current_database());
             execute format('alter role session_user in database %I set lock_timeout = 1', current_database()); end $$",
    );
    for session in sessions(&database.url) {
        assert!(session.contains("plan_cache_mode auto|database user"), "{session}");
        // The role got the limits of the command; those of this server differ.
        assert!(session.contains("lock_timeout 50000|session"), "{session}");
        assert!(session.contains("statement_timeout 60000|session"), "{session}");
    }
    let kept = database.rows(
        "select entry from pg_db_role_setting, unnest(setconfig) entry where entry like '%\\_timeout=%'
                                 and setdatabase = (select oid from pg_database where datname = current_database())",
    );
    assert!(kept.contains(&json!({ "entry": "lock_timeout=1" })), "{kept:?}");
    assert!(kept.contains(&json!({ "entry": "statement_timeout=15000" })), "{kept:?}");
}

/// The role of the session is not the user, who may not change it.
#[test]
fn sessions_set_what_the_role_may_not_keep() {
    if !has_clusters() {
        return;
    }
    let cluster = Cluster::start();
    let mut admin = connect(&cluster.url("postgres"));
    query(&mut admin, "create role owner; create role login login in role owner; alter role login set role = owner");
    query(&mut admin, "create database emulator owner owner");
    let found = sessions(&cluster.url("emulator").replace("postgres@", "login@"));
    assert_same(&found);
    assert!(found.iter().all(|session| session.contains("plan_cache_mode force_generic_plan|session")), "{found:?}");
    assert!(found.iter().all(|session| session.contains("statement_timeout 60000|session")), "{found:?}");
}

#[test]
fn a_pooler_that_loses_prepared_statements_is_rejected() {
    if !has_clusters() {
        return;
    }
    let cluster = Cluster::start();
    let url = |port: u16| format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let port = pooler::start(cluster.port(), Pooled::Transactions);
    // Also when its sessions have what another client prepared.
    for _ in 0..2 {
        let (code, error) = try_migrate(&url(port), &[]);
        assert_eq!(code, Some(1), "{error}");
        let reason =
            "as user \"postgres\": a pooler in between loses prepared statements\nhint: use PgBouncer 1.21 or newer";
        assert!(error.contains(reason), "{error}");
    }
    let mut direct = connect(&cluster.url("postgres"));
    let tables =
        query(&mut direct, "select count(*)::text from pg_class where relname in ('tenants', '_sqlx_migrations')");
    assert_eq!(tables.as_deref(), Some("0"));

    // One that pools sessions loses nothing.
    let port = pooler::start(cluster.port(), Pooled::Sessions);
    for _ in 0..2 {
        let (code, error) = try_migrate(&url(port), &[]);
        assert_eq!(code, Some(0), "{error}");
    }
    assert_same(&sessions(&url(port)));
}
