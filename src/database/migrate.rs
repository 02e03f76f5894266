//! The schema: the numbered migrations, and the functions, which are code and are created again when they have changed.

mod applied;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use thiserror::Error;

use self::applied::{applied, hex};
use super::error::{DatabaseError, is_deadlock, is_lock_timeout};
use super::handle::Database;
use super::pool::Pool;
use super::pooler::{Pooling, pooling, reach_open_sessions};
use super::role_settings::{Program, RoleSettings};
use crate::error_chain::ErrorChain;

/// Without sqlx's lock, which belongs to the session: behind a pooler its end would reach another session, and the lock would stay.
static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.set_locking(false);
    migrator
});

/// How long the migration waits for a lock before it tries again. Less than Postgres waits before it looks for deadlocks.
const BEGIN: &str = "set local statement_timeout = 0; set local lock_timeout = 500; \
    select pg_advisory_xact_lock(hashtext('migrations'), 0)";

const RETRY_INTERVAL: Duration = Duration::from_millis(20);

const LOG_INTERVAL: Duration = Duration::from_secs(5);

const HOLDER: &str = "\
    select format(' (process %s of Postgres has migrated the database since %s)', pid, date_trunc('second', xact_start)) \
      from pg_locks lock join pg_stat_activity activity using (pid) \
     where locktype = 'advisory' and granted and objsubid = 2 and objid = 0 \
       and classid::bigint = hashtext('migrations')::bigint & 4294967295 \
       and lock.database = (select oid from pg_database where datname = current_database())";

/// The version of the functions. A change of `migrations/functions/` raises it by one, so that an older program does not replace the
/// functions of a newer one.
const FUNCTIONS_VERSION: i32 = 6;

/// A test compares it with the functions, so that a change of them does not keep their version.
#[cfg(test)]
const FUNCTIONS_DIGEST: &str = "95727c07dc7c73804e6544ebe71e83ff18f7afcf30b802754b8679d113864c7c";

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
    include_str!("../../migrations/functions/record_number.sql"),
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
    /// The text is what tells so.
    #[error("the table `_sqlx_migrations` is of another program: it {0}")]
    Foreign(String),
    /// The text is who has the lock.
    #[error("another session held a lock that the migration needs for {} s{holder}", waited.as_secs())]
    Locked { waited: Duration, holder: String },
    #[error("a pooler in between loses prepared statements")]
    Pooler,
    #[error("a migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for MigrateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Updates the schema and the settings of the role. Several servers may call this at once: each waits for the previous one, as long as a
/// transaction of long work may take. Servers of the previous version that run meanwhile continue to run (`migrations/README.md`).
/// What fails or is interrupted leaves nothing behind.
///
/// # Errors
/// `Newer`, `Foreign`, `Locked`, `Pooler`, or when the database or a migration fails.
pub async fn migrate(database: &Database, program: Program) -> Result<(), MigrateError> {
    let mut session = database.session().await?;
    let migrated = update(session.connection(), database.pool(), program).await;
    // A transaction that failed was rolled back.
    session.end(Ok(()))?;
    migrated
}

async fn update(connection: &mut PgConnection, pool: &Pool, program: Program) -> Result<(), MigrateError> {
    if pool.is_embedded() {
        return if is_current(connection).await? { Ok(()) } else { in_one_transaction(connection, pool, None).await };
    }
    let mut role = RoleSettings::read(&mut *connection, pool.timeouts(), program).await?;
    let pooling = if role.is_through_pooler() { Some(pooling(connection, pool).await?) } else { None };
    if pooling == Some(Pooling::LosesStatements) {
        return Err(MigrateError::Pooler);
    }
    if !(role.is_complete() && is_current(connection).await?) {
        in_one_transaction(connection, pool, Some(&mut role)).await?;
    }
    if role.is_new() && pooling == Some(Pooling::Transactions) {
        reach_open_sessions(connection, pool, &role.statement_for_older_session()).await;
    }
    let statements = role.session_statements();
    if !statements.is_empty() {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(statements.clone()))).await?;
    }
    pool.set_session_settings(statements);
    Ok(())
}

/// Applies migrations and functions, and gives the role what it lacks. Running servers use the tables meanwhile: a lock that is not
/// free at once is given up together with all others, so that no request waits for long and none is chosen to end a deadlock.
async fn in_one_transaction(
    connection: &mut PgConnection,
    pool: &Pool,
    mut role: Option<&mut RoleSettings>,
) -> Result<(), MigrateError> {
    let (limit, begun) = (pool.timeouts().long_statement, Instant::now());
    let mut logged = begun;
    loop {
        let mut transaction = connection.begin().await?;
        let done = apply_all(&mut transaction, pool, role.as_deref_mut()).await;
        let error = match done {
            Ok(applied) => {
                transaction.commit().await?;
                log(&applied);
                return Ok(());
            }
            Err(error) => error,
        };
        // Where this fails the session ends, which rolls back too.
        let _ = transaction.rollback().await;
        if !is_of_held_lock(&error) {
            return Err(error);
        }
        let waited = begun.elapsed();
        if waited >= limit {
            return Err(MigrateError::Locked { waited, holder: holder(connection).await? });
        }
        if logged.elapsed() >= LOG_INTERVAL {
            logged = Instant::now();
            let holder = holder(connection).await?;
            tracing::warn!(
                "the migration waits for a lock{holder}, at most {} s more",
                limit.saturating_sub(waited).as_secs()
            );
        }
        tokio::time::sleep(RETRY_INTERVAL).await;
    }
}

/// Returns the versions of the migrations that an existing schema did not have before.
async fn apply_all(
    connection: &mut PgConnection,
    pool: &Pool,
    role: Option<&mut RoleSettings>,
) -> Result<Vec<i64>, MigrateError> {
    connection.execute(BEGIN).await?;
    let before = applied(connection, &MIGRATOR).await?;
    MIGRATOR.run(&mut *connection).await.map_err(failed)?;
    create_functions(connection).await?;
    if let Some(role) = role {
        role.complete(connection, pool.timeouts()).await?;
    }
    if before.is_empty() {
        // A new database is nothing to report.
        return Ok(Vec::new());
    }
    let versions = MIGRATOR.iter().map(|migration| migration.version);
    Ok(versions.filter(|version| before.iter().all(|applied| applied.version != *version)).collect())
}

fn log(applied: &[i64]) {
    if let (Some(first), Some(last)) = (applied.first(), applied.last()) {
        tracing::info!("applied {} migrations, from {first:04} to {last:04}", applied.len());
    }
}

/// Whether another session held a lock.
fn is_of_held_lock(error: &MigrateError) -> bool {
    use sqlx::migrate::MigrateError as Sqlx;
    let (MigrateError::Database(DatabaseError::Statement(error))
    | MigrateError::Migration(Sqlx::Execute(error) | Sqlx::ExecuteMigration(error, _))) = error
    else {
        return false;
    };
    is_lock_timeout(error) || is_deadlock(error)
}

/// The session that migrates the database now, for a sentence. Empty if there is none: then another session uses a table.
async fn holder(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let row = connection.fetch_optional(sqlx::raw_sql(HOLDER)).await?;
    row.map_or(Ok(String::new()), |row| row.try_get(0))
}

/// What the database has, if the user may change its schema and if it is not one that another `search_path` hides. Where a table is
/// absent, this statement fails.
const STATE: &str = "\
    select json_build_array(json_agg(applied.version order by applied.version), \
             json_agg(encode(applied.checksum, 'hex') order by applied.version), \
             bool_and(applied.success), functions.version, functions.digest)::text \
      from _sqlx_migrations applied, emulator_functions functions \
     where (select relnamespace = current_schema()::regnamespace from pg_class where oid = '_sqlx_migrations'::regclass) \
       and has_schema_privilege(current_schema(), 'create') and current_setting('transaction_read_only') = 'off' \
     group by functions.version, functions.digest";

/// The versions and checksums of the migrations, whether all succeeded, version and digest of the functions.
#[derive(Debug, Deserialize)]
struct State(Vec<i64>, Vec<String>, bool, i32, String);

/// Whether the database has exactly the migrations and functions of this version. Asks in one statement and without locks. Every
/// other state, and every error, is left to the migration.
async fn is_current(connection: &mut PgConnection) -> Result<bool, DatabaseError> {
    // Not prepared: a pooler could give the two halves of an unnamed statement to different sessions.
    let state = match connection.fetch_optional(sqlx::raw_sql(STATE)).await {
        Ok(None) => None,
        Ok(Some(row)) => serde_json::from_str(&row.try_get::<String, _>(0)?).ok(),
        Err(error) => {
            tracing::debug!(error = %ErrorChain(&error), "the schema is migrated");
            None
        }
    };
    Ok(state.is_some_and(|State(versions, checksums, is_complete, version, digest)| {
        let known = MIGRATOR.iter().map(|migration| (migration.version, hex(&migration.checksum)));
        is_complete
            && versions.into_iter().zip(checksums).eq(known)
            && version == FUNCTIONS_VERSION
            && digest == self::digest()
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
    hex(&Sha256::digest(FUNCTIONS.as_bytes()))
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
