//! The schema: the numbered migrations, and the functions, which are code and are created again when they have changed.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use thiserror::Error;

use super::error::DatabaseError;
use super::handle::Database;
use crate::error_chain::ErrorChain;

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// The version of the functions. A change of `migrations/functions/` raises it by one, so that an older program does not replace the
/// functions of a newer one.
const FUNCTIONS_VERSION: i32 = 4;

/// A test compares it with the functions, so that a change of them does not keep their version.
#[cfg(test)]
const FUNCTIONS_DIGEST: &str = "76a88fc16cfdd8486c11ac23ee32aa0c15e8537aae058067e2d61a2b82cff90c";

/// In the order in which they can be created.
const FUNCTIONS: &str = concat!(
    include_str!("../../migrations/functions/tenant_lock_key.sql"),
    include_str!("../../migrations/functions/row_bytes.sql"),
    include_str!("../../migrations/functions/moved_back.sql"),
    include_str!("../../migrations/functions/lock_tenant.sql"),
    include_str!("../../migrations/functions/enter_tenant.sql"),
    include_str!("../../migrations/functions/sponsor_is_below.sql"),
    include_str!("../../migrations/functions/enroller_is_below.sql"),
    include_str!("../../migrations/functions/inactive_since.sql"),
    include_str!("../../migrations/functions/create_customer.sql"),
    include_str!("../../migrations/functions/replace_customer.sql"),
    include_str!("../../migrations/functions/place_below.sql"),
    include_str!("../../migrations/functions/write_profile.sql"),
    include_str!("../../migrations/functions/write_companies.sql"),
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
    /// The text is what is newer.
    #[error("a newer version of this program migrated the database ({0})")]
    Newer(String),
    #[error("a migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for MigrateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Updates the schema. Several servers may call this at once: each waits for the previous one. Servers of the previous version that
/// run meanwhile continue to run (`migrations/README.md`).
///
/// # Errors
/// `Newer`, or when the database or a migration fails.
pub async fn migrate(database: &Database) -> Result<(), MigrateError> {
    if is_current(database).await? {
        return Ok(());
    }
    let mut session = database.session().await?;
    // A migration of large tables takes its time, and waits for the other servers.
    let begun = session.connection().execute("set statement_timeout = 0; set lock_timeout = 0").await;
    begun.map_err(DatabaseError::from)?;
    if let Err(error) = MIGRATOR.run(session.connection()).await {
        // The migrator ended its own transaction, so there is nothing to roll back.
        session.end(Ok(()))?;
        return Err(failed(error));
    }
    let limited = session.connection().execute(sqlx::raw_sql(AssertSqlSafe(database.session_settings()))).await;
    session.end(limited)?;
    database.patient().in_transaction(create_functions).await
}

/// What the database has, if the user may change its schema and if it is not one that another `search_path` hides. Where a table is
/// absent, this statement fails.
const STATE: &str = "\
    select array_agg(applied.version order by applied.version), array_agg(applied.checksum order by applied.version), \
           bool_and(applied.success), functions.version, functions.digest \
      from _sqlx_migrations applied, emulator_functions functions \
     where (select relnamespace = current_schema()::regnamespace from pg_class where oid = '_sqlx_migrations'::regclass) \
       and has_schema_privilege(current_schema(), 'create') and current_setting('transaction_read_only') = 'off' \
     group by functions.version, functions.digest";

/// The versions and checksums of the migrations, whether all succeeded, version and digest of the functions.
type State = (Vec<i64>, Vec<Vec<u8>>, bool, i32, String);

/// Whether the database has exactly the migrations and functions of this version. Asks in one statement and without locks. Every
/// other state, and every error, is left to the migration.
async fn is_current(database: &Database) -> Result<bool, DatabaseError> {
    let mut session = database.session().await?;
    let state = sqlx::query_as(STATE).persistent(false).fetch_optional(session.connection()).await;
    let state: Option<State> = match session.end(state) {
        Ok(state) => state,
        Err(error) => {
            tracing::debug!(error = %ErrorChain(&error), "the schema is migrated");
            None
        }
    };
    Ok(state.is_some_and(|(versions, checksums, is_complete, version, digest)| {
        let applied = versions.into_iter().zip(checksums.iter().map(Vec::as_slice));
        let known = MIGRATOR.iter().map(|migration| (migration.version, &*migration.checksum));
        is_complete && applied.eq(known) && version == FUNCTIONS_VERSION && digest == self::digest()
    }))
}

fn failed(error: sqlx::migrate::MigrateError) -> MigrateError {
    let newest = MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or_default();
    match error {
        sqlx::migrate::MigrateError::VersionMissing(version) if version > newest => {
            MigrateError::Newer(format!("its migration is {version}, and this version knows migrations up to {newest}"))
        }
        error => error.into(),
    }
}

/// Creates the functions unless they are current.
async fn create_functions(connection: &mut PgConnection) -> Result<(), MigrateError> {
    // The lock excludes servers that start at the same time.
    let stored = sqlx::query!("select version, digest from emulator_functions for update").fetch_one(&mut *connection);
    let (stored, digest) = (stored.await?, digest());
    if stored.version > FUNCTIONS_VERSION {
        let newer =
            format!("its functions are version {}, and this version has version {FUNCTIONS_VERSION}", stored.version);
        return Err(MigrateError::Newer(newer));
    }
    if stored.version == FUNCTIONS_VERSION && stored.digest == digest {
        return Ok(());
    }
    connection.execute(sqlx::raw_sql(FUNCTIONS)).await?;
    sqlx::query!("update emulator_functions set version = $1, digest = $2", FUNCTIONS_VERSION, digest)
        .execute(connection)
        .await?;
    Ok(())
}

fn digest() -> String {
    Sha256::digest(FUNCTIONS.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("invariant: a String takes every text");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_functions_have_a_new_version() {
        assert_eq!(
            digest(),
            FUNCTIONS_DIGEST,
            "migrations/functions/ changed: raise FUNCTIONS_VERSION by one and set FUNCTIONS_DIGEST to the first of these"
        );
    }
}
