//! `/metrics` in Prometheus' text form.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use super::Shared;
use crate::database::Database;
use crate::error_chain::ErrorChain;
use crate::guesses::Guesses;
use crate::journal::Journal;

/// Labels are operations, never paths: clients cannot add labels.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    faults: IntCounterVec,
    connections_in_use: IntGauge,
    connections_max: IntGauge,
    connections: IntGauge,
    refused: IntCounter,
    closed: IntCounterVec,
    journal_dropped: IntCounter,
    journal: Journal,
    database: OnceLock<Database>,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct CountedConnection(IntGauge);

impl Drop for CountedConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// `server` is the name of this server, a label of each metric.
    pub(super) fn new(server: &str, guesses: &Guesses, journal: Journal) -> Result<Self, prometheus::Error> {
        let labels = HashMap::from([("server".to_owned(), server.to_owned())]);
        let registry = Registry::new_custom(None, Some(labels))?;
        let requests = IntCounterVec::new(
            Opts::new("emulator_requests_total", "Requests by operation and status; - stands for no operation."),
            &["operation", "status"],
        )?;
        let buckets = vec![0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "emulator_request_duration_seconds",
                "From the head of the request to the head of the response.",
            )
            .buckets(buckets),
            &["operation"],
        )?;
        let faults = IntCounterVec::new(
            Opts::new("emulator_injected_faults_total", "Requests that triggered an injected fault, by operation."),
            &["operation"],
        )?;
        registry.register(Box::new(faults.clone()))?;
        registry.register(Box::new(guesses.counter()))?;
        let connections_in_use = IntGauge::new("emulator_database_connections_in_use", "Database connections in use.")?;
        let connections_max =
            IntGauge::new("emulator_database_connections_max", "The largest number of open database connections.")?;
        let connections = IntGauge::new("emulator_connections", "Open connections of clients.")?;
        let refused = IntCounter::new(
            "emulator_connections_refused_total",
            "Connections for which there was no room, because all others were being answered.",
        )?;
        let closed = IntCounterVec::new(
            Opts::new("emulator_connections_closed_total", "Connections that the server closed, by reason."),
            &["reason"],
        )?;
        let journal_dropped = IntCounter::new(
            "emulator_journal_dropped_total",
            "Requests that are not in the journal, because the database was too slow for them.",
        )?;
        registry.register(Box::new(journal_dropped.clone()))?;
        registry.register(Box::new(connections.clone()))?;
        registry.register(Box::new(refused.clone()))?;
        registry.register(Box::new(closed.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(connections_in_use.clone()))?;
        registry.register(Box::new(connections_max.clone()))?;
        Ok(Self {
            registry,
            requests,
            durations,
            faults,
            connections_in_use,
            connections_max,
            connections,
            refused,
            closed,
            journal_dropped,
            journal,
            database: OnceLock::new(),
        })
    }

    pub(super) fn watch(&self, database: Database) {
        let _ = self.database.set(database);
    }

    pub(super) fn observe(&self, operation: &str, status: u16, elapsed: Duration) {
        let mut digits = [b'0'; 3];
        let status = status_text(status, &mut digits);
        self.requests.with_label_values(&[operation, status]).inc();
        self.durations.with_label_values(&[operation]).observe(elapsed.as_secs_f64());
    }

    pub(super) fn observe_injected_fault(&self, operation: &str) {
        self.faults.with_label_values(&[operation]).inc();
    }

    /// Counts a connection as open until the result is dropped.
    pub(super) fn count_connection(&self) -> CountedConnection {
        self.connections.inc();
        CountedConnection(self.connections.clone())
    }

    pub(super) fn connection_refused(&self) {
        self.refused.inc();
    }

    pub(super) fn connection_closed(&self, reason: &str) {
        self.closed.with_label_values(&[reason]).inc();
    }

    fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        if let Some(database) = self.database.get() {
            let pool = database.pool_use();
            self.connections_in_use.set(i64::try_from(pool.in_use).unwrap_or(i64::MAX));
            self.connections_max.set(i64::try_from(pool.size).unwrap_or(i64::MAX));
        }
        self.journal_dropped.inc_by(self.journal.dropped().saturating_sub(self.journal_dropped.get()));
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// A status code in three digits, without an allocation.
fn status_text(status: u16, digits: &mut [u8; 3]) -> &str {
    for (digit, unit) in digits.iter_mut().zip([100, 10, 1]) {
        *digit = b'0' + u8::try_from(status / unit % 10).unwrap_or_default();
    }
    std::str::from_utf8(digits).unwrap_or_default()
}

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    match shared.metrics.text() {
        Ok(text) => {
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => {
            tracing::error!(error = %ErrorChain(&error), "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
