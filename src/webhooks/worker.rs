//! Delivers the events of the outbox. Every server has one worker. The workers share the deliveries by locks and leases of the rows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::event::DeliveryState;
use super::settings::EventSettings;
use super::store::{self, AttemptResult, LeasedDelivery, SubscribedTenant};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, TenantId};
use crate::error_chain::ErrorChain;
use crate::outgoing::{Outgoing, OutgoingError};
use crate::random::Random;

/// How often the worker reads the outbox without a wake-up: for retries, and for events that other servers wrote.
const INTERVAL: Duration = Duration::from_millis(500);

/// Concurrent attempts of one server.
const MAX_ATTEMPTS: usize = 32;

/// A lease is longer than the attempt by this, so that its result can be written.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(5);

/// How long running attempts may take when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Deliveries that arrived are deleted after this time.
const RETENTION: TimeDelta = TimeDelta::days(7);
const SWEEP_INTERVAL: Duration = Duration::from_hours(1);

/// The maximum length of a stored response, in characters.
const MAX_RESPONSE_LENGTH: usize = 1_000;

const CLIENT_ID: HeaderName = HeaderName::from_static("x-directscale-client-id");
const MESSAGE_ID: HeaderName = HeaderName::from_static("x-directscale-message-id");
const USER: HeaderName = HeaderName::from_static("x-directscale-user");

/// The worker. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Deliveries {
    database: Database,
    outgoing: Outgoing,
    random: Arc<Random>,
    state: Arc<WorkerState>,
}

#[derive(Debug, Default)]
struct WorkerState {
    wake: Notify,
    is_stopped: AtomicBool,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The running attempts, each with its tenant.
type RunningAttempts = JoinSet<TenantId>;

impl Deliveries {
    /// The worker does nothing before [`Self::start`].
    #[must_use]
    pub fn new(database: Database, outgoing: Outgoing, random: Arc<Random>) -> Self {
        Self { database, outgoing, random, state: Arc::default() }
    }

    /// Wakes the worker, so that it reads the outbox now.
    pub fn wake(&self) {
        self.state.wake.notify_one();
    }

    /// Starts the worker's task. Later calls have no effect.
    pub fn start(&self) {
        let mut task = self.state.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none() {
            *task = Some(tokio::spawn(self.clone().run()));
        }
    }

    /// Stops when the running attempts have ended, or after some seconds. Attempts that have not ended are repeated after a restart.
    pub async fn stop(&self) {
        self.state.is_stopped.store(true, Ordering::Relaxed);
        self.wake();
        let task = self.state.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = tokio::time::timeout(STOP_TIMEOUT, task).await;
        }
    }

    async fn run(self) {
        let mut running = RunningAttempts::new();
        let mut busy = HashMap::new();
        let mut turn = 0;
        let mut swept: Option<Instant> = None;
        while !self.state.is_stopped.load(Ordering::Relaxed) {
            while let Some(ended) = running.try_join_next() {
                count_out(&mut busy, &ended);
            }
            let sweeps = swept.is_none_or(|swept| swept.elapsed() > SWEEP_INTERVAL);
            if sweeps {
                swept = Some(Instant::now());
            }
            turn += 1;
            let found = match self.start_due(&mut running, &mut busy, turn, sweeps).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::debug!(error = %ErrorChain(&error), "the outbox cannot be read");
                    0
                }
            };
            if found == 0 || running.len() >= MAX_ATTEMPTS {
                // The end of an attempt may make the customer's next event due.
                tokio::select! {
                    () = self.state.wake.notified() => {}
                    () = tokio::time::sleep(INTERVAL) => {}
                    Some(ended) = running.join_next() => count_out(&mut busy, &ended),
                }
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Starts the attempts that are due and returns how many. Each turn begins with another tenant, and no tenant gets more than its
    /// share.
    async fn start_due(
        &self,
        running: &mut RunningAttempts,
        busy: &mut HashMap<TenantId, usize>,
        turn: usize,
        sweeps: bool,
    ) -> Result<usize, DatabaseError> {
        let mut subscribed = self.database.run(async |connection| store::subscribed_tenants(connection).await).await?;
        let share = if subscribed.len() > 1 { MAX_ATTEMPTS / 4 } else { MAX_ATTEMPTS };
        if !subscribed.is_empty() {
            let first = turn % subscribed.len();
            subscribed.rotate_left(first);
        }
        let mut started = 0;
        for SubscribedTenant { tenant_id, name, events, clock } in subscribed {
            let tenant = TenantId(tenant_id);
            let settings: Arc<EventSettings> = match EventSettings::from_stored(events) {
                Ok(settings) => Arc::new(settings),
                Err(error) => {
                    // Another version of this program wrote them. Its servers deliver.
                    tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, "event settings cannot be read");
                    continue;
                }
            };
            let clock: Clock = clock.and_then(|clock| serde_json::from_value(clock).ok()).unwrap_or_default();
            let (now, real_now) = (clock.now(), Clock::Real.now());
            let of_tenant = busy.entry(tenant).or_default();
            let free = MAX_ATTEMPTS.saturating_sub(running.len()).min(share.saturating_sub(*of_tenant));
            let limit = i64::try_from(free).unwrap_or_default();
            let leased_until = real_now + TimeDelta::seconds(i64::from(settings.timeout_seconds.get())) + LEASE_MARGIN;
            let leased = self
                .database
                .run(async |connection| {
                    if sweeps {
                        store::sweep(connection, tenant, now - RETENTION).await?;
                    }
                    store::lease(connection, tenant, now, real_now, leased_until, limit).await
                })
                .await?;
            for delivery in leased {
                started += 1;
                *of_tenant += 1;
                let (worker, name, settings) = (self.clone(), name.clone(), Arc::clone(&settings));
                running.spawn(async move {
                    worker.attempt(tenant, &name, clock, &settings, delivery).await;
                    tenant
                });
            }
        }
        Ok(started)
    }

    async fn attempt(
        &self,
        tenant: TenantId,
        name: &str,
        clock: Clock,
        settings: &EventSettings,
        delivery: LeasedDelivery,
    ) {
        let attempted_at = clock.now();
        let start = Instant::now();
        let (status, response) = self.post(name, settings, &delivery).await;
        let (state, due_at) = match status {
            Some(200..300) => (DeliveryState::Delivered, attempted_at),
            _ => self.retry(settings, clock, delivery.attempts),
        };
        let response: String = response.chars().filter(|letter| *letter != '\0').take(MAX_RESPONSE_LENGTH).collect();
        let duration_ms = i32::try_from(start.elapsed().as_millis()).unwrap_or(i32::MAX);
        let status = status.map(i32::from);
        let result = AttemptResult { attempted_at, duration_ms, status, response: &response, state, due_at };
        let finished =
            self.database.run(async |connection| store::finish(connection, tenant, &delivery, &result).await).await;
        if let Err(error) = finished {
            // The lease expires and the event is sent again.
            tracing::warn!(error = %ErrorChain(&error), event.id = %delivery.id, "the result of a delivery cannot be written");
        }
        tracing::debug!(event.id = %delivery.id, attempt = delivery.attempts, status, state = state.name(), "delivery attempt");
    }

    /// The status and the text of the response, or why there is none.
    async fn post(&self, tenant: &str, settings: &EventSettings, delivery: &LeasedDelivery) -> (Option<u16>, String) {
        let subscription = settings.subscriptions.iter().find(|subscription| subscription.url.as_str() == delivery.url);
        let Some(subscription) = subscription else {
            return (None, "no subscription has this URL any more".to_owned());
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
        let body = delivery.payload.clone().into_bytes();
        match self.outgoing.post(subscription.url.url(), headers, body, timeout).await {
            Ok(answer) => (Some(answer.status), String::from_utf8_lossy(&answer.body).into_owned()),
            // The status says whether the event was accepted, however long the body is.
            Err(error @ OutgoingError::TooLong { status }) => (Some(status), error.to_string()),
            Err(error) => (None, error.to_string()),
        }
    }

    /// The state after a failed attempt, and the time of the next attempt. The time varies by a tenth, so that not all retries
    /// happen at once.
    fn retry(&self, settings: &EventSettings, clock: Clock, attempts: i32) -> (DeliveryState, DateTime<Utc>) {
        let now = clock.now();
        let number = usize::try_from(attempts).unwrap_or_default().saturating_sub(1);
        let Some(seconds) = settings.retry_seconds.get(number) else { return (DeliveryState::Failed, now) };
        let [dice] = self.random.bytes();
        let milliseconds = i64::from(seconds.get()) * (900 + i64::from(dice) * 200 / 255);
        (DeliveryState::Pending, now + TimeDelta::milliseconds(milliseconds))
    }
}

fn count_out(busy: &mut HashMap<TenantId, usize>, ended: &Result<TenantId, JoinError>) {
    let Ok(tenant) = ended else { return busy.clear() };
    if let Some(count) = busy.get_mut(tenant) {
        *count = count.saturating_sub(1);
    }
}
