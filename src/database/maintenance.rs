//! Analyze and vacuum. A server's autovacuum does both late, and an embedded database has none.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Executor as _};

use super::error::DatabaseError;
use super::handle::Database;
use crate::error_chain::ErrorChain;

/// The number of rows from which a bulk write changes plans.
pub(super) const MANY: u64 = 1_000;

const INTERVAL: Duration = Duration::from_secs(10);

impl Database {
    /// Must be called after a bulk write or delete, before the response. From a thousand rows on it analyzes the tables, and then
    /// every connection plans its statements again.
    pub async fn filled(&self, rows: u64) {
        if self.written_rows.fetch_add(rows, Ordering::Relaxed) + rows < MANY {
            return;
        }
        self.written_rows.store(0, Ordering::Relaxed);
        let database = self.patient();
        let analyzed = database.in_transaction(async |connection| {
            sqlx::query!("select analyze_tenant_data()").execute(connection).await?;
            Ok::<_, DatabaseError>(())
        });
        // The write itself succeeded, so this is not returned as its error.
        if let Err(error) = analyzed.await {
            tracing::warn!(error = %ErrorChain(&error), "the tables were not analyzed after many rows were written");
        }
    }
}

/// Maintains an embedded database, which has no autovacuum, until the process ends.
pub async fn maintain(database: Database) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        if let Err(error) = vacuum_and_analyze(&database).await {
            tracing::debug!(error = %ErrorChain(&error), "the embedded database was not vacuumed");
        }
    }
}

/// Vacuums and analyzes the tables that had many writes since the last time, each in its own session, so that waiting requests run
/// in between. The thresholds are autovacuum's own formulas with a higher base, because a vacuum of a small table has no benefit.
///
/// # Errors
/// When the database fails.
pub async fn vacuum_and_analyze(database: &Database) -> Result<(), DatabaseError> {
    let database = &database.patient();
    let due = database.run(async |connection| {
        sqlx::query_scalar!(
            r#"
            select relid::regclass::text as "table!" from pg_stat_user_tables
             where relid in (select table_name::regclass from emulator_tables())
               and (n_dead_tup > 1000 + 0.2 * n_live_tup or n_ins_since_vacuum > 1000 + 0.2 * n_live_tup
                    or n_mod_since_analyze > 1000 + 0.1 * n_live_tup)
             order by relname
            "#
        )
        .fetch_all(connection)
        .await
    });
    for table in due.await? {
        let statement = AssertSqlSafe(format!("vacuum (analyze) {table}"));
        database.run(async |connection| connection.execute(sqlx::raw_sql(statement)).await).await?;
    }
    Ok(())
}
