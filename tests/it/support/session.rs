//! Sessions of the database that a test has for itself.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use super::server::server;

/// A session of the test's own.
pub fn connect(url: &str) -> PgConnection {
    server().runtime.block_on(PgConnection::connect(url)).expect("a connection")
}

/// Runs statements, and returns the first column of the last row as text.
pub fn query(connection: &mut PgConnection, statements: &str) -> Option<String> {
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(statements.to_owned())));
    let rows = server().runtime.block_on(rows).unwrap_or_else(|error| panic!("{error} in {statements}"));
    rows.last().and_then(|row| row.try_get(0).ok())
}
