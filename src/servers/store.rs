//! SQL on the servers of a database and on the versions of settings.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::ServerRow;
use crate::database::TenantId;

/// How many of the last changes the database keeps. A server that knows less reads everything again.
const KEPT_CHANGES: i64 = 1_000;

/// A server as it registers.
#[derive(Debug)]
pub(super) struct NewServer<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub version: &'a str,
    pub started_at: DateTime<Utc>,
    /// How it checks the admin token.
    pub token: &'a str,
}

/// Another server that was seen lately.
#[derive(Debug)]
pub(super) struct LiveServer {
    pub name: String,
    pub token: String,
}

/// What a server asks at each interval.
#[derive(Debug)]
pub(super) struct News {
    pub version: i64,
    /// The tenants of the changes after the known version; fewer than the versions where old changes are deleted.
    pub changed: Vec<i32>,
    /// The names of the other live servers.
    pub others: Vec<String>,
    /// Whether the others count the asking server as live.
    pub is_live: bool,
}

/// Raises the version of all settings, and notes the tenant. The version's row stays locked until the end of the transaction, so this
/// is its last statement.
pub(super) async fn raise(connection: &mut PgConnection, tenant: TenantId) -> Result<i64, sqlx::Error> {
    let version = sqlx::query_scalar!("update settings_version set version = version + 1 returning version")
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query!("insert into settings_changes (version, tenant_id) values ($1, $2)", version, tenant.0)
        .execute(connection)
        .await?;
    Ok(version)
}

/// What has changed since a version. All of it is of one moment.
pub(super) async fn news(connection: &mut PgConnection, id: Uuid, known: i64) -> Result<News, sqlx::Error> {
    sqlx::query_as!(
        News,
        r#"select v.version,
                  array(select c.tenant_id from settings_changes c where c.version > $2) as "changed!",
                  array(select s.name from servers s
                         where s.server_id <> $1 and s.seen_at > statement_timestamp() - interval '3 seconds'
                         order by s.name) as "others!",
                  exists (select from servers s
                           where s.server_id = $1 and s.seen_at > statement_timestamp() - interval '3 seconds') as "is_live!"
             from settings_version v"#,
        id,
        known,
    )
    .fetch_one(connection)
    .await
}

/// The salt of the fingerprints of admin tokens.
pub(super) async fn token_salt(connection: &mut PgConnection) -> Result<Uuid, sqlx::Error> {
    sqlx::query_scalar!("select token_salt from settings_version").fetch_one(connection).await
}

/// The other live servers, by name.
pub(super) async fn others(connection: &mut PgConnection, id: Uuid) -> Result<Vec<LiveServer>, sqlx::Error> {
    sqlx::query_as!(
        LiveServer,
        "select name, token from servers
          where server_id <> $1 and seen_at > statement_timestamp() - interval '3 seconds' order by name",
        id,
    )
    .fetch_all(connection)
    .await
}

/// Writes the row of a server.
pub(super) async fn insert(
    connection: &mut PgConnection,
    server: &NewServer<'_>,
    known: i64,
) -> Result<(), sqlx::Error> {
    let NewServer { id, name, version, started_at, token } = *server;
    sqlx::query!(
        "insert into servers (server_id, name, version, started_at, seen_at, known_version, token)
         values ($1, $2, $3, $4, statement_timestamp(), $5, $6)",
        id,
        name,
        version,
        started_at,
        known,
        token,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Tells the others that a server lives and what it knows; false when its row was deleted.
pub(super) async fn seen(connection: &mut PgConnection, id: Uuid, known: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update servers set seen_at = statement_timestamp(), known_version = $2 where server_id = $1",
        id,
        known,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes the rows of servers that have ended long ago, and the changes that every live server knows.
pub(super) async fn clean(connection: &mut PgConnection, known: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from servers where seen_at < statement_timestamp() - interval '1 minute'")
        .execute(&mut *connection)
        .await?;
    sqlx::query!("delete from settings_changes where version <= $1", known - KEPT_CHANGES).execute(connection).await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from servers where server_id = $1", id).execute(connection).await?;
    Ok(())
}

/// The names of the other live servers that do not know a version, or the latest one if that is lower: a version of a transaction that
/// was rolled back never comes.
pub(super) async fn without(connection: &mut PgConnection, id: Uuid, version: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "select name from servers
          where server_id <> $1 and seen_at > statement_timestamp() - interval '3 seconds'
            and known_version < least($2, (select version from settings_version))
          order by name",
        id,
        version,
    )
    .fetch_all(connection)
    .await
}

/// The live servers, the oldest first.
pub(super) async fn live(connection: &mut PgConnection, id: Uuid) -> Result<Vec<ServerRow>, sqlx::Error> {
    sqlx::query_as!(
        ServerRow,
        r#"select server_id as id, name, version, started_at, seen_at, server_id = $1 as "is_this!" from servers
            where seen_at > statement_timestamp() - interval '3 seconds' order by started_at, name"#,
        id,
    )
    .fetch_all(connection)
    .await
}
