//! Delivers the events of the outbox. Every server has one worker. The workers share the deliveries by locks and leases of the rows.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinSet;

use super::event::DeliveryState;
use super::queue::{self, AttemptResult, DeliveryOrder, DueTenant, LeasedDelivery, SubscribedTenant};
use super::settings::{EventSettings, Subscription};
use super::slots::{self, Slots};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, TenantId};
use crate::error_chain::ErrorChain;
use crate::journal::redacted_text;
use crate::outgoing::{Outgoing, OutgoingError};
use crate::random::Random;
use crate::secret;

/// How often the worker reads the outbox without a wake-up: for retries, and for events that other servers wrote.
const INTERVAL: Duration = Duration::from_millis(500);

/// A lease is longer than the attempt by this, so that its result can be written.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// How long running attempts may take when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Deliveries that ended are deleted after this time.
const RETENTION: TimeDelta = TimeDelta::days(7);

/// How often they are deleted: of the tenants that had attempts since the last time, and of all.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);
const FULL_SWEEP_INTERVAL: Duration = Duration::from_hours(1);

/// How many are deleted in one statement, and how often at one time.
const SWEEP_BATCH: i64 = 2_000;
const SWEEP_BATCHES: usize = 50;

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
    /// Locked while the worker runs, so that there is one.
    running: Mutex<()>,
}

/// A tenant whose events have subscribers, with its time.
#[derive(Debug, Clone, Copy)]
struct Subscriber {
    tenant: TenantId,
    clock: Clock,
}

/// What the worker remembers from one turn to the next. All of it can be lost.
#[derive(Debug, Default)]
struct Memory {
    slots: Slots,
    turn: usize,
    swept_at: Option<Instant>,
    fully_swept_at: Option<Instant>,
    /// The tenants with attempts since the last sweep.
    attempted: HashSet<TenantId>,
    /// The tenants whose settings could not be read, so that each is logged once.
    unreadable: HashSet<TenantId>,
}

impl Deliveries {
    /// The worker does nothing before [`Self::run`].
    #[must_use]
    pub fn new(database: Database, outgoing: Outgoing, random: Arc<Random>) -> Self {
        Self { database, outgoing, random, state: Arc::default() }
    }

    /// Wakes the worker, so that it reads the outbox now.
    pub fn wake(&self) {
        self.state.wake.notify_one();
    }

    /// Stops when the running attempts have ended, or after some seconds. Attempts that have not ended are repeated after a restart.
    pub async fn stop(&self) {
        self.state.is_stopped.store(true, Ordering::Relaxed);
        self.wake();
        let _ = tokio::time::timeout(STOP_TIMEOUT, self.state.running.lock()).await;
    }

    /// The worker. Ends after [`Self::stop`]. It can be started again if it panics.
    pub async fn run(self) {
        let _running = self.state.running.lock().await;
        let mut attempts = JoinSet::new();
        let mut memory = Memory::default();
        while !self.state.is_stopped.load(Ordering::Relaxed) {
            while let Some(ended) = attempts.try_join_next_with_id() {
                memory.slots.release(&ended);
            }
            let started = match self.turn(&mut attempts, &mut memory).await {
                Ok(started) => started,
                Err(error) => {
                    tracing::debug!(error = %ErrorChain(&error), "the outbox cannot be read");
                    0
                }
            };
            if started == 0 || memory.slots.are_full() {
                // The end of an attempt may make the customer's next event due.
                tokio::select! {
                    () = self.state.wake.notified() => {}
                    () = tokio::time::sleep(INTERVAL) => {}
                    Some(ended) = attempts.join_next_with_id() => memory.slots.release(&ended),
                }
            }
        }
        while attempts.join_next().await.is_some() {}
    }

    /// Starts the attempts that are due and returns how many. Each turn begins with another tenant, and no tenant gets more than its
    /// share.
    async fn turn(&self, attempts: &mut JoinSet<bool>, memory: &mut Memory) -> Result<usize, DatabaseError> {
        self.sweep(memory).await?;
        let waiting = self.waiting().await?;
        let subscribers = subscribers(waiting);
        let mut due = self.due(&subscribers).await?;
        memory.turn += 1;
        if !due.is_empty() {
            let first = memory.turn % due.len();
            due.rotate_left(first);
        }
        let mut started = 0;
        for DueTenant { tenant_id, name, events } in due {
            let tenant = TenantId(tenant_id);
            let free = memory.slots.free(tenant);
            let subscriber = subscribers.iter().find(|subscriber| subscriber.tenant == tenant);
            let (Some(subscriber), 1..) = (subscriber, free) else { continue };
            let settings: Arc<EventSettings> = match EventSettings::from_stored(events) {
                Ok(settings) => Arc::new(settings),
                Err(error) => {
                    // Another version of this program wrote them. Its servers deliver.
                    if memory.unreadable.insert(tenant) {
                        tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, "event settings cannot be read");
                    }
                    continue;
                }
            };
            for delivery in self.lease(subscriber, &settings, free).await? {
                let (worker, name, settings) = (self.clone(), name.clone(), Arc::clone(&settings));
                let subscriber = *subscriber;
                let attempt =
                    attempts.spawn(async move { worker.attempt(subscriber, &name, &settings, delivery).await });
                memory.slots.take(tenant, attempt.id());
                memory.attempted.insert(tenant);
                started += 1;
            }
        }
        Ok(started)
    }

    async fn due(&self, subscribers: &[Subscriber]) -> Result<Vec<DueTenant>, DatabaseError> {
        if subscribers.is_empty() {
            return Ok(Vec::new());
        }
        let (tenants, nows): (Vec<_>, Vec<_>) =
            subscribers.iter().map(|subscriber| (subscriber.tenant.0, subscriber.clock.now())).unzip();
        let due = self.database.run(async |connection| {
            if self.database.is_distributed() {
                queue::due_tenants_of_nodes(connection, &tenants, &nows).await
            } else {
                queue::due_tenants(connection, &tenants, &nows).await
            }
        });
        due.await
    }

    async fn waiting(&self) -> Result<Vec<SubscribedTenant>, DatabaseError> {
        let waiting = self.database.run(async |connection| {
            if self.database.is_distributed() {
                queue::waiting_tenants_of_nodes(connection).await
            } else {
                queue::waiting_tenants(connection).await
            }
        });
        waiting.await
    }

    /// Leases a tenant's due deliveries. A statement that fails is logged and leases none, so that other tenants have their turn.
    async fn lease(
        &self,
        subscriber: &Subscriber,
        settings: &EventSettings,
        free: usize,
    ) -> Result<Vec<LeasedDelivery>, DatabaseError> {
        let Subscriber { tenant, clock } = *subscriber;
        let seconds = (timeout(settings) + LEASE_MARGIN).as_secs_f64();
        let limit = i64::try_from(free).unwrap_or_default();
        let leased = self
            .database
            .run(async |connection| queue::lease(connection, tenant, clock.now(), seconds, limit).await)
            .await;
        only_of_this_tenant(leased, tenant, "the due deliveries of a tenant cannot be leased")
    }

    /// Deletes old deliveries, if it is time to.
    async fn sweep(&self, memory: &mut Memory) -> Result<(), DatabaseError> {
        if memory.swept_at.is_some_and(|at| at.elapsed() < SWEEP_INTERVAL) {
            return Ok(());
        }
        let subscribed = self.database.run(async |connection| queue::subscribed_tenants(connection).await).await?;
        let subscribers = subscribers(subscribed);
        memory.swept_at = Some(Instant::now());
        let attempted = std::mem::take(&mut memory.attempted);
        let is_full = memory.fully_swept_at.is_none_or(|at| at.elapsed() >= FULL_SWEEP_INTERVAL);
        if is_full {
            memory.fully_swept_at = Some(Instant::now());
            memory.unreadable.clear();
            memory.slots.forget_all_but(subscribers.iter().map(|subscriber| subscriber.tenant));
        }
        for Subscriber { tenant, clock } in subscribers {
            if is_full || attempted.contains(&tenant) {
                let swept = self.sweep_tenant(tenant, clock.now() - RETENTION).await;
                only_of_this_tenant(swept, tenant, "the old deliveries of a tenant cannot be deleted")?;
            }
        }
        Ok(())
    }

    async fn sweep_tenant(&self, tenant: TenantId, before: DateTime<Utc>) -> Result<(), DatabaseError> {
        self.database.run(async |connection| queue::fail_beyond(connection, tenant).await).await?;
        let beyond = self.database.run(async |connection| queue::beyond(connection, tenant).await).await?;
        let last = beyond.filter(|beyond| beyond.created_at >= before).unwrap_or(DeliveryOrder::before(before));
        // Each in its own session, so that requests run in between on an embedded database.
        for _ in 0..SWEEP_BATCHES {
            let swept =
                self.database.run(async |connection| queue::sweep(connection, tenant, last, SWEEP_BATCH).await).await?;
            if swept < SWEEP_BATCH {
                break;
            }
        }
        Ok(())
    }

    /// Makes an attempt and writes its result. Returns whether it was prompt.
    async fn attempt(
        &self,
        subscriber: Subscriber,
        name: &str,
        settings: &EventSettings,
        delivery: LeasedDelivery,
    ) -> bool {
        let attempted_at = subscriber.clock.now();
        let start = Instant::now();
        let (status, response) = self.post(name, settings, &delivery).await;
        let duration = start.elapsed();
        let response: String = response.chars().filter(|letter| *letter != '\0').take(MAX_RESPONSE_LENGTH).collect();
        let duration_ms = i32::try_from(duration.as_millis()).unwrap_or(i32::MAX);
        let tenant = subscriber.tenant;
        let finished = self.database.run(async |connection| {
            let (state, due_at) = if matches!(status, Some(200..300)) {
                (DeliveryState::Delivered, attempted_at)
            } else {
                // The clock may have been set during the attempt.
                let clock = clock_of(queue::clock(connection, tenant).await?);
                self.retry(settings, clock, delivery.attempts)
            };
            let status = status.map(i32::from);
            let result = AttemptResult { attempted_at, duration_ms, status, response: &response, state, due_at };
            queue::finish(connection, tenant, &delivery, &result).await?;
            Ok(state)
        });
        match finished.await {
            Ok(state) => {
                let (attempt, state) = (delivery.attempts, state.name());
                tracing::debug!(event.id = %delivery.id, attempt, status, state, "delivery attempt");
            }
            // The lease expires and the event is sent again.
            Err(error) => {
                tracing::warn!(error = %ErrorChain(&error), event.id = %delivery.id, "the result of a delivery cannot be written");
            }
        }
        duration <= slots::PROMPT
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
        let body = delivery.payload.clone().into_bytes();
        match self.outgoing.post(subscription.url.url(), headers, body, timeout(settings)).await {
            Ok(answer) => (Some(answer.status), without_secrets(&answer.body, subscription)),
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

/// The response of a subscriber, which may repeat what it was sent.
fn without_secrets(response: &[u8], subscription: &Subscription) -> String {
    let text = redacted_text(&String::from_utf8_lossy(response));
    secret::without(&text, subscription.secret.as_deref().unwrap_or_default())
}

fn subscribers(found: Vec<SubscribedTenant>) -> Vec<Subscriber> {
    let subscriber =
        |SubscribedTenant { tenant_id, clock }| Subscriber { tenant: TenantId(tenant_id), clock: clock_of(clock) };
    found.into_iter().map(subscriber).collect()
}

fn timeout(settings: &EventSettings) -> Duration {
    Duration::from_secs(u64::from(settings.timeout_seconds.get()))
}

fn clock_of(stored: Option<Value>) -> Clock {
    stored.and_then(|clock| serde_json::from_value(clock).ok()).unwrap_or_default()
}

/// Logs a failed statement on one tenant, which must not end the turn of others, and returns nothing in its place. Another error is
/// about all tenants.
fn only_of_this_tenant<T: Default>(
    done: Result<T, DatabaseError>,
    tenant: TenantId,
    what: &str,
) -> Result<T, DatabaseError> {
    match done {
        Err(DatabaseError::Statement(error)) if error.as_database_error().is_some() => {
            tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, "{what}");
            Ok(T::default())
        }
        other => other,
    }
}
