//! Whether the database answers at all, while something waits for it for long.
//!
//! A machine that is lost, or packets that are dropped, leave a connection open on which nothing arrives any more. The driver has no
//! setting for keepalives, and the limits of statements are long. So work that has waited for a moment asks on a connection of its own;
//! if there is no answer either, the work is given up, and its connection is closed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};
use tokio::sync::Mutex;

use super::hosts::Hosts;

/// How long work waits before it asks, and how long between two questions.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

/// The longest that the answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Between two attempts to open the connection, while none can be opened.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// How long work may still take after connections began to lead to another host.
const AFTER_MOVE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Silence {
    hosts: Arc<Hosts>,
    probe: Mutex<Probe>,
}

#[derive(Debug, Default)]
struct Probe {
    connection: Option<PgConnection>,
    /// When the last question ended, and whether it was answered.
    last: Option<(Instant, bool)>,
}

impl Silence {
    pub(super) fn new(hosts: Arc<Hosts>) -> Self {
        Self { hosts, probe: Mutex::default() }
    }

    /// Returns when work that began at `began` waits in vain: the database does not answer, or is on another host since then.
    pub(super) async fn found(self: &Arc<Self>, began: Instant) {
        let mut moved = self.hosts.moved();
        let has_moved = async {
            if moved.wait_for(|at| at.is_some_and(|at| at >= began)).await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(AFTER_MOVE).await;
        };
        tokio::select! {
            () = has_moved => {}
            () = self.unanswered() => {}
        }
    }

    async fn unanswered(self: &Arc<Self>) {
        loop {
            // A task of its own: work that ends meanwhile does not interrupt the question.
            let silence = Arc::clone(self);
            let asked = Instant::now();
            let answered = tokio::spawn(async move { silence.ask_once(asked).await });
            if !answered.await.unwrap_or(true) {
                return;
            }
            tokio::time::sleep(PATIENCE).await;
        }
    }

    /// Whether the database answers. Everybody who waits meanwhile shares one question.
    async fn ask_once(&self, since: Instant) -> bool {
        let mut probe = self.probe.lock().await;
        if let Some((_, answered)) = probe.last.filter(|(ended, _)| *ended >= since) {
            return answered;
        }
        let kept = probe.connection.take();
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, self.ask(kept)).await;
        let (answered, did_answer) = (answer.is_ok(), probe.last.is_none_or(|(_, answered)| answered));
        match (did_answer, answered) {
            (true, false) => tracing::warn!("the database does not answer; what waits for it is given up"),
            (false, true) => tracing::info!("the database answers again"),
            _ => {}
        }
        probe.connection = answer.unwrap_or_default();
        probe.last = Some((Instant::now(), answered));
        answered
    }

    /// Waits for an answer. Returns the connection, if it is one that can be used again.
    async fn ask(&self, kept: Option<PgConnection>) -> Option<PgConnection> {
        if let Some(mut connection) = kept
            && connection.ping().await.is_ok()
        {
            return Some(connection);
        }
        loop {
            match self.hosts.connect().await {
                Ok((connection, _)) => return Some(connection),
                Err(error) if error.is_answer() => return None,
                Err(_) => tokio::time::sleep(TRY_AGAIN).await,
            }
        }
    }
}
