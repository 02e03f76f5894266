//! The schema: the numbered migrations, and the functions, which are code and are created again at each start.

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Executor as _};
use thiserror::Error;

use super::error::DatabaseError;
use super::handle::Database;

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// One simple query, and so one transaction. The lock excludes servers that start at the same time.
const FUNCTIONS: &str = concat!(
    "select pg_advisory_xact_lock(hashtext('directscale-emulator functions'));",
    include_str!("../../migrations/functions/tenant_lock_key.sql"),
    include_str!("../../migrations/functions/sponsor_is_below.sql"),
    include_str!("../../migrations/functions/enroller_is_below.sql"),
    include_str!("../../migrations/functions/inactive_since.sql"),
    include_str!("../../migrations/functions/row_texts.sql"),
    include_str!("../../migrations/functions/create_customer.sql"),
    include_str!("../../migrations/functions/replace_customer.sql"),
    include_str!("../../migrations/functions/place_customer.sql"),
    include_str!("../../migrations/functions/count_request.sql"),
    include_str!("../../migrations/functions/tenant_tables.sql"),
    include_str!("../../migrations/functions/copy_tenant_data.sql"),
    include_str!("../../migrations/functions/compare_tenant_data.sql"),
    include_str!("../../migrations/functions/analyze_tenant_data.sql"),
);

#[derive(Debug, Error)]
pub enum MigrateError {
    /// There is no connection, or Postgres rejected a function.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A migration failed, or the database was migrated by a newer version of this program.
    #[error("a migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

/// Updates the schema. Several servers may call this at once: each waits for the previous one.
///
/// # Errors
/// When the database fails, a migration fails, or the database was migrated by a newer version.
pub async fn migrate(database: &Database) -> Result<(), MigrateError> {
    let mut session = database.session().await?;
    // A migration of large tables takes its time, and waits for the other servers.
    let begun = session.connection().execute("set statement_timeout = 0; set lock_timeout = 0").await;
    begun.map_err(DatabaseError::from)?;
    if let Err(error) = MIGRATOR.run(session.connection()).await {
        // The migrator ended its own transaction, so there is nothing to roll back.
        session.end(Ok(()))?;
        return Err(error.into());
    }
    let created = session.connection().execute(sqlx::raw_sql(FUNCTIONS)).await;
    created.map_err(DatabaseError::from)?;
    let limited = session.connection().execute(sqlx::raw_sql(AssertSqlSafe(database.session_settings()))).await;
    session.end(limited)?;
    Ok(())
}
