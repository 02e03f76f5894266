//! Keeping the planner informed and the tables small: what a server's autovacuum does late, and an embedded database not at
//! all.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Executor as _};

use super::pool::{Database, DatabaseError};
use crate::error_chain::ErrorChain;

/// So many rows written in bulk make a difference to plans.
pub(super) const MANY: u64 = 1_000;

/// How often an embedded database is looked after.
const LOOK_EVERY: Duration = Duration::from_secs(10);

impl Database {
    /// Says that many rows were written or deleted at once. When they are enough to change how statements are best done, the
    /// tables are analyzed, and every connection plans anew. Done before anybody is told that the rows are there.
    pub async fn filled(&self, rows: u64) {
        if self.filled.fetch_add(rows, Ordering::Relaxed) + rows < MANY {
            return;
        }
        self.filled.store(0, Ordering::Relaxed);
        // The rows are there all the same.
        if let Err(error) = self.analyze().await {
            tracing::warn!(error = %ErrorChain(&error), "the tables were not analyzed after many rows were written");
        }
    }

    async fn analyze(&self) -> Result<(), DatabaseError> {
        let mut session = self.session().await?;
        let analyzed = sqlx::query!("select analyze_tenant_data()").execute(session.connection()).await;
        session.end(analyzed).map(drop)
    }
}

/// Vacuums and analyzes an embedded database, which has nobody else to do it, again and again: the tables of which much was
/// written since the last time, one at a time, so that those who wait come between.
pub async fn keep_up(database: Database) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(error) = look_after(&database).await {
            tracing::debug!(error = %ErrorChain(&error), "the embedded database was not looked after");
        }
    }
}

/// Vacuums and analyzes the tables of which much was written since the last time. The measure is autovacuum's own, with a higher
/// threshold: a vacuum of a small table gains nothing.
///
/// # Errors
/// When the database fails.
pub async fn look_after(database: &Database) -> Result<(), DatabaseError> {
    let mut session = database.session().await?;
    let due = sqlx::query_scalar!(
        r#"
        select quote_ident(relname) as "table!" from pg_stat_user_tables
         where schemaname = 'public'
           and (n_dead_tup > 1000 + 0.2 * n_live_tup or n_ins_since_vacuum > 1000 + 0.2 * n_live_tup
                or n_mod_since_analyze > 1000 + 0.1 * n_live_tup)
         order by relname
        "#
    )
    .fetch_all(session.connection())
    .await;
    for table in session.end(due)? {
        let mut session = database.session().await?;
        let statement = AssertSqlSafe(format!("vacuum (analyze) {table}"));
        let done = session.connection().execute(sqlx::raw_sql(statement)).await;
        session.end(done)?;
    }
    Ok(())
}
