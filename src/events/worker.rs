//! Delivering what is in the outbox. Every server has one worker; they share the work through the rows' locks and leases.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::settings::EventSettings;
use super::store::{self, Claimed, Outcome, Subscribed};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, TenantId};
use crate::error_chain::ErrorChain;
use crate::outgoing::{Outgoing, OutgoingError};
use crate::random::Random;

/// How often the outbox is looked into when nobody calls: for retries, and for what other servers wrote.
const INTERVAL: Duration = Duration::from_millis(500);

/// Deliveries under way at once, of one server.
const AT_ONCE: usize = 32;

/// A lease outlives the attempt by so much: for the database to hear what came of it.
const GRACE: TimeDelta = TimeDelta::seconds(5);

/// The longest part of an answer that is kept, in characters.
const LONGEST_RESPONSE: usize = 1_000;

const CLIENT_ID: HeaderName = HeaderName::from_static("x-directscale-client-id");
const MESSAGE_ID: HeaderName = HeaderName::from_static("x-directscale-message-id");
const USER: HeaderName = HeaderName::from_static("x-directscale-user");

/// The worker. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Deliveries {
    database: Database,
    outgoing: Outgoing,
    random: Arc<Random>,
    signals: Arc<Signals>,
}

#[derive(Debug, Default)]
struct Signals {
    wake: Notify,
    is_stopped: AtomicBool,
}

impl Deliveries {
    /// A worker on the outbox in `database`.
    #[must_use]
    pub fn new(database: Database, outgoing: Outgoing, random: Arc<Random>) -> Self {
        Self { database, outgoing, random, signals: Arc::default() }
    }

    /// Says that there may be something to deliver.
    pub fn wake(&self) {
        self.signals.wake.notify_one();
    }

    /// Ends [`Deliveries::run`] when the attempts under way have ended.
    pub fn stop(&self) {
        self.signals.is_stopped.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Delivers until it is stopped.
    pub async fn run(self) {
        let mut under_way = JoinSet::new();
        while !self.signals.is_stopped.load(Ordering::Relaxed) {
            while under_way.try_join_next().is_some() {}
            let found = match self.start_due(&mut under_way).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::debug!(error = %ErrorChain(&error), "the outbox cannot be read");
                    0
                }
            };
            if under_way.len() >= AT_ONCE {
                under_way.join_next().await;
            } else if found == 0 {
                // An attempt that ends may make the customer's next event due.
                tokio::select! {
                    () = self.signals.wake.notified() => {}
                    () = tokio::time::sleep(INTERVAL) => {}
                    Some(_) = under_way.join_next() => {}
                }
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Starts the attempts that are due; how many.
    async fn start_due(&self, under_way: &mut JoinSet<()>) -> Result<usize, DatabaseError> {
        let mut session = self.database.session().await?;
        let subscribed = store::subscribed(session.connection()).await;
        let mut started = 0;
        for Subscribed { tenant_id, name, events } in session.end(subscribed)? {
            let room = AT_ONCE.saturating_sub(under_way.len());
            if room == 0 {
                break;
            }
            let (tenant, settings) = (TenantId(tenant_id), Arc::new(events.0));
            let now = Clock.now();
            let lease = now + TimeDelta::seconds(i64::from(settings.timeout_seconds.get())) + GRACE;
            let mut session = self.database.session().await?;
            let most = i64::try_from(room).unwrap_or_default();
            let claimed = store::claim(session.connection(), tenant, now, lease, most).await;
            for delivery in session.end(claimed)? {
                started += 1;
                let (worker, name, settings) = (self.clone(), name.clone(), Arc::clone(&settings));
                under_way.spawn(async move { worker.attempt(tenant, &name, &settings, delivery).await });
            }
        }
        Ok(started)
    }

    async fn attempt(&self, tenant: TenantId, name: &str, settings: &EventSettings, delivery: Claimed) {
        let attempted_at = Clock.now();
        let start = Instant::now();
        let (status, response) = self.post(name, settings, &delivery).await;
        let (state, due_at) = match status {
            Some(200..300) => ("delivered", attempted_at),
            _ => self.next(settings, delivery.attempts),
        };
        let response: String = response.chars().filter(|letter| *letter != '\0').take(LONGEST_RESPONSE).collect();
        let duration_ms = i32::try_from(start.elapsed().as_millis()).unwrap_or(i32::MAX);
        let status = status.map(i32::from);
        let outcome = Outcome { attempted_at, duration_ms, status, response: &response, state, due_at };
        if let Err(error) = self.conclude(tenant, &delivery, &outcome).await {
            // The lease runs out and the event is sent again.
            tracing::warn!(error = %ErrorChain(&error), event.id = %delivery.id, "a delivery was not noted");
        }
        tracing::debug!(event.id = %delivery.id, attempt = delivery.attempts, status, state, "a delivery");
    }

    async fn conclude(&self, tenant: TenantId, delivery: &Claimed, outcome: &Outcome<'_>) -> Result<(), DatabaseError> {
        let mut session = self.database.session().await?;
        let concluded = store::conclude(session.connection(), tenant, delivery, outcome).await;
        session.end(concluded)
    }

    /// The status of the answer, and its text; or why there is none.
    async fn post(&self, tenant: &str, settings: &EventSettings, delivery: &Claimed) -> (Option<u16>, String) {
        let subscription = settings.subscriptions.iter().find(|subscription| subscription.url.as_str() == delivery.url);
        let Some(subscription) = subscription else {
            return (None, "nobody is subscribed at this address any more".to_owned());
        };
        let mut headers = HeaderMap::new();
        let mut set = |name: HeaderName, text: &str| {
            if let Ok(mut value) = HeaderValue::from_str(text) {
                value.set_sensitive(name == AUTHORIZATION);
                headers.insert(name, value);
            }
        };
        set(CONTENT_TYPE, "application/json; charset=UTF-8");
        if let Some(secret) = &subscription.secret {
            set(AUTHORIZATION, &format!("Bearer {secret}"));
        }
        set(CLIENT_ID, tenant);
        set(MESSAGE_ID, &delivery.id.to_string());
        set(USER, &delivery.caller);
        let timeout = Duration::from_secs(u64::from(settings.timeout_seconds.get()));
        let body = delivery.body.clone().into_bytes();
        match self.outgoing.post(subscription.url.url(), headers, body, timeout).await {
            Ok(answer) => (Some(answer.status), String::from_utf8_lossy(&answer.body).into_owned()),
            // It was heard, whatever it says and however long.
            Err(OutgoingError::TooLong) => (Some(200), OutgoingError::TooLong.to_string()),
            Err(error) => (None, error.to_string()),
        }
    }

    /// What becomes of a delivery after so many failed attempts: the next one, a tenth sooner or later so that many do not
    /// come at once, or its end.
    fn next(&self, settings: &EventSettings, attempts: i32) -> (&'static str, DateTime<Utc>) {
        let now = Clock.now();
        let number = usize::try_from(attempts).unwrap_or_default().saturating_sub(1);
        let Some(seconds) = settings.retry_seconds.get(number) else { return ("dead", now) };
        let [dice] = self.random.bytes();
        let milliseconds = i64::from(seconds.get()) * (900 + i64::from(dice) * 200 / 255);
        ("pending", now + TimeDelta::milliseconds(milliseconds))
    }
}
