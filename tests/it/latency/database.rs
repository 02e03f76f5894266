//! The plans and statistics of a new database.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use directscale_emulator::database::vacuum_and_analyze;
use directscale_emulator::random::Random;
use directscale_emulator::server::{Origin, start_up};
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use crate::restart::own_database;
use crate::support::server::{server, start_options};

/// A new database plans a statement with few rows and keeps that plan until the table is analyzed. So the plan must use the index
/// of the condition, not another index that begins with the tenant.
#[test]
fn a_new_database_plans_each_hot_statement_by_its_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let origin = match &server().origin {
        Origin::Embedded(_) => Origin::Embedded(folder.path().join("data")),
        Origin::Server(url) => Origin::Server(own_database(url, "plans")),
    };
    server().runtime.block_on(async {
        let options = start_options(origin);
        let started = start_up(&options, Arc::new(Random::default()), None).await.expect("a server");
        let mut session = started.database().session().await.expect("a connection");
        let mut wrong = Vec::new();
        for (number, (statement, index)) in [
            ("customers where tenant_id = $1 and customer_id = $2::integer", "customers_pkey"),
            ("customers where tenant_id = $1 and back_office_id_key = $2::text", "customers_back_office_id_key"),
            ("customers where tenant_id = $1 and email_address_key = $2::text", "customers_email_address_key"),
            ("customers where tenant_id = $1 and tax_id_key = $2::text", "customers_tax_id_key"),
            ("customers where tenant_id = $1 and username_key = $2::text", "customers_username_key"),
            ("customers where tenant_id = $1 and web_alias_key = $2::text", "customers_web_alias_key"),
            ("customers where tenant_id = $1 and external_reference_id = $2::text", "customers_external_reference_id_idx"),
            ("customers where tenant_id = $1 and enroller_id = $2::integer", "customers_enroller_idx"),
            ("sponsor_tree where tenant_id = $1 and customer_id = $2::integer", "sponsor_tree_pkey"),
            ("sponsor_tree where tenant_id = $1 and upline_id = $2::integer", "sponsor_tree_upline_idx"),
            ("companies where tenant_id = $1 and company_id = $2::integer", "companies_pkey"),
            ("companies where tenant_id = $1 and name_key = $2::text", "companies_name_key"),
            ("companies where tenant_id = $1 and customer_id = $2::integer", "companies_customer_idx"),
            ("customer_keys where tenant_id = $1 and customer_key = $2::uuid", "customer_keys_pkey"),
            ("customer_keys where tenant_id = $1 and customer_id = $2::integer", "customer_keys_customer_key"),
            ("sso_tokens where tenant_id = $1 and digest = $2::bytea", "sso_tokens_pkey"),
            ("hook_calls where tenant_id = $1 and token = $2::bytea", "hook_calls_pkey"),
            ("event_deliveries where tenant_id = $1 and id = $2::uuid and url = 'x'", "event_deliveries_pkey"),
            ("event_deliveries where tenant_id = $1 and customer_id = $2::integer", "event_deliveries_customer_idx"),
            (
                "unnest($2::integer[]) as requested (id)
                  cross join lateral (select * from customers where tenant_id = $1 and customer_id = requested.id offset 0) c",
                "customers_pkey",
            ),
            (
                "unnest($2::integer[]) as requested (id)
                  cross join lateral (
                        select k.customer_key, p.fields from customers c
                          left join customer_keys k on k.tenant_id = $1 and k.customer_id = requested.id
                          left join customer_profiles p
                            on p.tenant_id = $1 and p.customer_id = requested.id and p.owner = 'storm'
                         where c.tenant_id = $1 and c.customer_id = requested.id
                        offset 0) found
                  order by customer_key, fields",
                "customer_profiles_pkey",
            ),
            (
                "sponsor_tree b join sponsor_tree t on t.tenant_id = $1 and t.upline_id = b.customer_id
                  where b.tenant_id = $1 and b.customer_id = $2::integer",
                "sponsor_tree_upline_idx",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let prepare = format!("prepare hot{number} as select 1 from {statement}");
            session.connection().execute(sqlx::raw_sql(AssertSqlSafe(prepare))).await.expect("a statement");
            let explain = format!("explain execute hot{number} (1, null)");
            let rows = session.connection().fetch_all(sqlx::raw_sql(AssertSqlSafe(explain))).await.expect("a plan");
            let plan = rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n");
            // A filter means that the plan reads more rows than it needs.
            if !plan.contains(&format!("using {index} on")) || plan.contains("Filter: (") {
                wrong.push(format!("{statement}\n{plan}"));
            }
        }
        session.end(Ok(())).expect("a connection");
        started.close().await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    });
}

/// An embedded database has no autovacuum.
#[test]
fn an_embedded_database_is_vacuumed_and_analyzed_after_many_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = start_options(Origin::Embedded(folder.path().join("data")));
    server().runtime.block_on(async {
        let started = start_up(&options, Arc::new(Random::default()), None).await.expect("a server");
        let database = started.database();
        let run = async |statement: &'static str| {
            let mut session = database.session().await.expect("a connection");
            let rows = session.connection().fetch_all(sqlx::raw_sql(statement)).await;
            session.end(rows).expect(statement)
        };
        let counts = async || {
            // Without it the counts are up to a second old.
            run("select pg_stat_force_next_flush()").await;
            let row = run("select vacuum_count, analyze_count, n_dead_tup from pg_stat_user_tables where relname = 'reward_points'");
            let row = &row.await[0];
            (row.get::<i64, _>(0), row.get::<i64, _>(1), row.get::<i64, _>(2))
        };
        counts().await;
        vacuum_and_analyze(database).await.expect("vacuumed");
        let before = counts().await;
        run("insert into reward_points (tenant_id, customer_id, id, points, entered_at)
             select 1, n, gen_random_uuid(), 1, now() from generate_series(1, 900) n")
        .await;
        counts().await;
        vacuum_and_analyze(database).await.expect("vacuumed");
        let few = counts().await;
        run("update reward_points set points = 2").await;
        run("update reward_points set points = 3").await;
        let many = counts().await;
        vacuum_and_analyze(database).await.expect("vacuumed");
        let after = counts().await;
        started.close().await;
        assert_eq!(few, before, "few rows are not vacuumed");
        assert!(many.2 > 1_000, "{many:?}");
        assert_eq!(after, (before.0 + 1, before.1 + 1, 0));
    });
}

/// A test that panics while it uses a server in its own process fails, and does not hang.
#[test]
fn a_panic_with_an_embedded_database_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = start_options(Origin::Embedded(folder.path().join("data")));
    let (ended, end) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let panicked = std::panic::catch_unwind(|| {
            server().runtime.block_on(async {
                let started = start_up(&options, Arc::new(Random::default()), None).await.expect("a server");
                let _session = started.database().session().await.expect("a connection");
                panic!("like a test that fails");
            });
        });
        ended.send(panicked.is_err()).expect("a receiver");
    });
    assert!(end.recv_timeout(Duration::from_mins(1)).expect("it ends"));
}
