//! Delivering what is in the outbox. Every server has one worker; they share the work through the rows' locks and leases.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinHandle, JoinSet};

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

/// How long the attempts under way may take to end when the server stops.
const PARTING: Duration = Duration::from_secs(5);

/// How long what was delivered is kept, and how often the rest is swept out.
const KEPT: TimeDelta = TimeDelta::days(7);
const SWEEP_EVERY: Duration = Duration::from_hours(1);

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
    running: Mutex<Option<JoinHandle<()>>>,
}

/// Attempts under way, each with its tenant.
type UnderWay = JoinSet<TenantId>;

impl Deliveries {
    /// A worker on the outbox in `database`, which does nothing before it is started.
    #[must_use]
    pub fn new(database: Database, outgoing: Outgoing, random: Arc<Random>) -> Self {
        Self { database, outgoing, random, signals: Arc::default() }
    }

    /// Says that there may be something to deliver.
    pub fn wake(&self) {
        self.signals.wake.notify_one();
    }

    /// Begins to deliver, in a task of its own; once.
    pub fn start(&self) {
        let mut running = self.signals.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            *running = Some(tokio::spawn(self.clone().run()));
        }
    }

    /// Stops, when the attempts under way have ended and are noted, or after some seconds: then they are made again.
    pub async fn stop(&self) {
        self.signals.is_stopped.store(true, Ordering::Relaxed);
        self.wake();
        let running = self.signals.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            let _ = tokio::time::timeout(PARTING, running).await;
        }
    }

    async fn run(self) {
        let mut under_way = UnderWay::new();
        let mut busy = HashMap::new();
        let mut turn = 0;
        let mut swept: Option<Instant> = None;
        while !self.signals.is_stopped.load(Ordering::Relaxed) {
            while let Some(ended) = under_way.try_join_next() {
                count_out(&mut busy, &ended);
            }
            let sweeps = swept.is_none_or(|swept| swept.elapsed() > SWEEP_EVERY);
            if sweeps {
                swept = Some(Instant::now());
            }
            turn += 1;
            let found = match self.start_due(&mut under_way, &mut busy, turn, sweeps).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::debug!(error = %ErrorChain(&error), "the outbox cannot be read");
                    0
                }
            };
            if found == 0 || under_way.len() >= AT_ONCE {
                // An attempt that ends makes room, and may make the customer's next event due.
                tokio::select! {
                    () = self.signals.wake.notified() => {}
                    () = tokio::time::sleep(INTERVAL) => {}
                    Some(ended) = under_way.join_next() => count_out(&mut busy, &ended),
                }
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Starts the attempts that are due; how many. Each turn begins with another tenant, and none takes more than its share.
    async fn start_due(
        &self,
        under_way: &mut UnderWay,
        busy: &mut HashMap<TenantId, usize>,
        turn: usize,
        sweeps: bool,
    ) -> Result<usize, DatabaseError> {
        let mut session = self.database.session().await?;
        let subscribed = store::subscribed(session.connection()).await;
        let mut subscribed = session.end(subscribed)?;
        let share = if subscribed.len() > 1 { AT_ONCE / 4 } else { AT_ONCE };
        if !subscribed.is_empty() {
            let first = turn % subscribed.len();
            subscribed.rotate_left(first);
        }
        let mut started = 0;
        for Subscribed { tenant_id, name, events, clock } in subscribed {
            let tenant = TenantId(tenant_id);
            let settings: Arc<EventSettings> = match serde_json::from_value(events) {
                Ok(settings) => Arc::new(settings),
                Err(error) => {
                    // Another version of this program wrote them; its servers deliver.
                    tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, "event settings cannot be read");
                    continue;
                }
            };
            let clock: Clock = clock.and_then(|clock| serde_json::from_value(clock).ok()).unwrap_or_default();
            let (now, real_now) = (clock.now(), Clock::Real.now());
            let mut session = self.database.session().await?;
            if sweeps {
                store::sweep(session.connection(), tenant, now - KEPT).await?;
            }
            let of_tenant = busy.entry(tenant).or_default();
            let room = AT_ONCE.saturating_sub(under_way.len()).min(share.saturating_sub(*of_tenant));
            let most = i64::try_from(room).unwrap_or_default();
            let lease = real_now + TimeDelta::seconds(i64::from(settings.timeout_seconds.get())) + GRACE;
            let claimed = store::claim(session.connection(), tenant, now, real_now, lease, most).await;
            for delivery in session.end(claimed)? {
                started += 1;
                *of_tenant += 1;
                let (worker, name, settings) = (self.clone(), name.clone(), Arc::clone(&settings));
                under_way.spawn(async move {
                    worker.attempt(tenant, &name, clock, &settings, delivery).await;
                    tenant
                });
            }
        }
        Ok(started)
    }

    async fn attempt(&self, tenant: TenantId, name: &str, clock: Clock, settings: &EventSettings, delivery: Claimed) {
        let attempted_at = clock.now();
        let start = Instant::now();
        let (status, response) = self.post(name, settings, &delivery).await;
        let (state, due_at) = match status {
            Some(200..300) => ("delivered", attempted_at),
            _ => self.next(settings, clock, delivery.attempts),
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
            // It was heard or not, however long it speaks.
            Err(error @ OutgoingError::TooLong { status }) => (Some(status), error.to_string()),
            Err(error) => (None, error.to_string()),
        }
    }

    /// What becomes of a delivery after so many failed attempts: the next one, a tenth sooner or later so that many do not
    /// come at once, or its end.
    fn next(&self, settings: &EventSettings, clock: Clock, attempts: i32) -> (&'static str, DateTime<Utc>) {
        let now = clock.now();
        let number = usize::try_from(attempts).unwrap_or_default().saturating_sub(1);
        let Some(seconds) = settings.retry_seconds.get(number) else { return ("dead", now) };
        let [dice] = self.random.bytes();
        let milliseconds = i64::from(seconds.get()) * (900 + i64::from(dice) * 200 / 255);
        ("pending", now + TimeDelta::milliseconds(milliseconds))
    }
}

fn count_out(busy: &mut HashMap<TenantId, usize>, ended: &Result<TenantId, JoinError>) {
    let Ok(tenant) = ended else { return busy.clear() };
    if let Some(count) = busy.get_mut(tenant) {
        *count = count.saturating_sub(1);
    }
}
