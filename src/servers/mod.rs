//! The servers that use one database, which know each other through it, and the version of all tenants' settings, by which a change at
//! one server reaches the others.
//!
//! Every change of what a request asks about its tenant (plan, clock, extension, subscriptions, credentials, fault rules, the tenant
//! itself) raises the version in its own transaction ([`Servers::raise`]). Each server asks for new versions many times a second
//! ([`Servers::run`]), drops what it remembers of the changed tenants, and writes into its row what it knows. So the server with the
//! change can wait until every live server knows it ([`Servers::settle`]). What a server remembers it may use for
//! [`Servers::max_age`].
//!
//! The embedded database has one server; there nothing of this is done.

mod register;
mod run;
mod settle;
mod store;
mod trust;

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tokio::sync::watch;
use uuid::Uuid;

use crate::database::{Database, DatabaseError, TenantId};
use settle::Raised;
use trust::Trust;

pub use register::{RegisterError, ServerOptions, TokenUse};

/// This process among the servers of its database. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Servers(Arc<Shared>);

struct Shared {
    id: Uuid,
    name: String,
    started_at: DateTime<Utc>,
    /// How it checks the admin token, as its row says.
    token: String,
    database: Database,
    /// What it is to the others.
    part: Part,
    trust: Trust,
    /// Whether another live server was ever known.
    others: watch::Sender<bool>,
    /// The names of the other live servers when this one last asked.
    names: Mutex<Vec<String>>,
    /// The version up to which what changed was dropped.
    known: AtomicI64,
    raised: Mutex<Raised>,
    listeners: Mutex<Vec<Listener>>,
}

/// What a process is to the servers of its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The only process on its database.
    Only,
    /// A command that changes tenants and ends: the others need not know it.
    Command,
    Server,
}

/// What another server changed.
#[derive(Debug, Clone, Copy)]
pub enum Changed<'a> {
    Tenants(&'a [TenantId]),
    /// Anything.
    All,
}

type Listener = Box<dyn Fn(Changed<'_>) + Send + Sync>;

/// A live server.
#[derive(Debug, Clone)]
pub struct ServerRow {
    pub id: Uuid,
    pub name: String,
    /// The version of its program.
    pub version: String,
    pub started_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
    pub is_this: bool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Servers").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Servers {
    /// The only process on a database: the embedded one.
    #[must_use]
    pub fn only(database: Database, id: Uuid, name: String, started_at: DateTime<Utc>) -> Self {
        Self::new(database, Part::Only, id, name, started_at, String::new())
    }

    /// A command that changes tenants of a database that servers may use.
    #[must_use]
    pub fn command(database: Database, id: Uuid, started_at: DateTime<Utc>) -> Self {
        Self::new(database, Part::Command, id, "command".to_owned(), started_at, String::new())
    }

    fn new(database: Database, part: Part, id: Uuid, name: String, started_at: DateTime<Utc>, token: String) -> Self {
        Self(Arc::new(Shared {
            id,
            name,
            started_at,
            token,
            database,
            part,
            trust: Trust::new(part == Part::Only),
            others: watch::Sender::new(false),
            names: Mutex::default(),
            known: AtomicI64::new(0),
            raised: Mutex::default(),
            listeners: Mutex::default(),
        }))
    }

    /// The number of this process; another one after each start.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.0.id
    }

    /// The name of this server, unique among those that use the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Becomes true as soon as another live server is known on this database, and stays true until this process ends. On the embedded
    /// database there is never another.
    #[must_use]
    pub fn others(&self) -> watch::Receiver<bool> {
        self.0.others.subscribe()
    }

    /// The live servers, this one among them, the oldest first. On the embedded database it is the only one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn live(&self) -> Result<Vec<ServerRow>, DatabaseError> {
        if self.0.part == Part::Only {
            return Ok(vec![self.this()]);
        }
        self.0.database.run(async |connection| store::live(connection, self.0.id).await).await
    }

    fn this(&self) -> ServerRow {
        ServerRow {
            id: self.0.id,
            name: self.0.name.clone(),
            version: register::VERSION.to_owned(),
            started_at: self.0.started_at,
            seen_at: crate::clock::Clock::Real.now(),
            is_this: true,
        }
    }

    /// Calls `listener` whenever another server, or this one, has changed tenants: it drops what it remembers of them. The other servers
    /// wait for that, so it does not wait itself.
    pub fn on_change(&self, listener: impl Fn(Changed<'_>) + Send + Sync + 'static) {
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    fn announce(&self, changed: Changed<'_>) {
        for listener in self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            listener(changed);
        }
    }

    /// How old what this process remembers of tenants may be at a moment, if it drops what [`Self::on_change`] tells it.
    #[must_use]
    pub fn max_age(&self, now: Instant) -> Duration {
        self.0.trust.max_age(now)
    }

    /// Raises the version of all settings for a change of a tenant, as the last statement of the change's transaction: until its end
    /// all other changes wait for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn raise(&self, connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
        if self.0.part == Part::Only {
            return Ok(());
        }
        let version = store::raise(connection, tenant).await?;
        self.0.raised.lock().unwrap_or_else(PoisonError::into_inner).set(version);
        Ok(())
    }
}
