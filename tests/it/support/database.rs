//! Other databases than the suite's, on its Postgres server.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use super::server::{database_url, server};

/// A database of one test.
#[derive(Debug)]
pub struct OwnDatabase {
    pub url: String,
}

impl OwnDatabase {
    /// `None` on the embedded database, which has no others.
    pub fn create(purpose: &str) -> Option<Self> {
        let url = database_url()?;
        let name = format!("{purpose}_{}", std::process::id());
        server().execute(&format!("create database {name}"));
        let (base, _) = url.rsplit_once('/').expect("a database in the URL");
        Some(Self { url: format!("{base}/{name}") })
    }

    /// Runs statements, on a connection of their own.
    pub fn execute(&self, statements: &str) {
        let statements = statements.to_owned();
        server().runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.url).await.expect("a connection");
            let text = sqlx::raw_sql(AssertSqlSafe(statements.clone()));
            connection.execute(text).await.unwrap_or_else(|error| panic!("{error} in {statements:.200}"));
            connection.close().await.expect("it ends");
        });
    }

    /// The rows that a query returns, as JSON.
    pub fn rows(&self, query: &str) -> Vec<Value> {
        let text = format!("select to_jsonb(row) from ({query}) row");
        server().runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.url).await.expect("a connection");
            let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(&mut connection).await;
            let rows = rows.unwrap_or_else(|error| panic!("{error} in {query}"));
            connection.close().await.expect("it ends");
            rows.iter().map(|row| row.get::<Value, _>(0)).collect()
        })
    }
}
