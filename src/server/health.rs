//! Health checks: `/livez` is about the process, `/readyz` about database, migrations, seed and the parts in the background.
//!
//! Ready means that the database answers on a connection that only health checks use, however busy the others are, and that it is not read-only. A full
//! disk is not tested, because that would take a write: then reads still succeed, and each write fails at once.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use sqlx::Executor as _;

use super::Shared;
use super::supervisor::Supervisor;
use crate::database::{Database, ShareOf, count_to, outage};

/// How long the database may take to answer before the server is unready.
const TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Readiness {
    /// What start-up still has to do.
    pending: RwLock<&'static [&'static str]>,
    database: OnceLock<Database>,
    pub(super) supervisor: Supervisor,
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            pending: RwLock::new(&["database", "migrations", "seed"]),
            database: OnceLock::new(),
            supervisor: Supervisor::default(),
        }
    }
}

impl Readiness {
    pub(super) fn pending(&self, pending: &'static [&'static str]) {
        *self.pending.write().unwrap_or_else(PoisonError::into_inner) = pending;
    }

    pub(super) fn watch(&self, database: Database) {
        let _ = self.database.set(database);
        self.pending(&[]);
    }

    /// What is missing, the parts that do not run last; empty when the server is ready. Then why the database is missing.
    async fn missing(&self) -> (Vec<&'static str>, Option<String>) {
        let pending = *self.pending.read().unwrap_or_else(PoisonError::into_inner);
        let mut missing = pending.to_vec();
        let reason = match self.database.get().filter(|_| pending.is_empty()) {
            Some(database) => {
                tokio::time::timeout(TIMEOUT, ping(database)).await.unwrap_or_else(|_| Err(silent())).err()
            }
            // The log says more.
            None => missing.contains(&"database").then(|| "it is not reached yet".to_owned()),
        };
        if reason.is_some() && pending.is_empty() {
            missing.push("database");
        }
        missing.extend(self.supervisor.not_running());
        (missing, reason)
    }
}

fn silent() -> String {
    format!("no answer within {} ms", TIMEOUT.as_millis())
}

/// Fails when the database is read-only, with the error that a write would have. The connection is closed then: a new one may lead to
/// another server.
const TEST: &str = "do $$ begin \
    if current_setting('transaction_read_only')::boolean then \
        raise exception 'the database is read-only' using errcode = 'read_only_sql_transaction'; \
    end if; \
end $$";

/// Fails with the reason for everybody.
async fn ping(database: &Database) -> Result<(), String> {
    count_to(ShareOf::Health);
    let tested = database.run(async |connection| connection.execute(TEST).await).await;
    tested.map(drop).map_err(|error| outage(&error).unwrap_or_else(|| "it answers with an error".to_owned()))
}

pub(super) async fn livez() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

pub(super) async fn readyz(State(shared): State<Arc<Shared>>) -> (StatusCode, Json<Value>) {
    let (missing, reason) = shared.readiness.missing().await;
    if missing.is_empty() {
        return (StatusCode::OK, Json(json!({ "status": "ready" })));
    }
    let mut body = json!({ "status": "unready", "pending": missing });
    if let Some(reason) = reason {
        body["reason"] = format!("database: {reason}").into();
    }
    (StatusCode::SERVICE_UNAVAILABLE, Json(body))
}
