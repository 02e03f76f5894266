//! From settings to a world: database, migrations, seed.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use thiserror::Error;
use tokio::task::AbortHandle;

use super::Server;
use super::reach::{Target, Unusable, reach};
use crate::customers::{Customers, PasswordCost, Passwords};
#[cfg(feature = "embedded")]
use crate::database::DatabaseOptions;
use crate::database::{Database, DatabaseError, MigrateError, keep_up, migrate};
#[cfg(feature = "embedded")]
use crate::database::{EmbeddedError, EmbeddedPostgres, remove_content};
use crate::extension::Hooks;
use crate::gateway::Services;
use crate::journal::{Journal, JournalOptions};
use crate::outgoing::{Outgoing, OutgoingSetupError};
use crate::random::Random;
use crate::tenants::{
    CredentialCache, DEMO_KEY, FaultRules, Limits, SeedError, SeedSummary, TenantLoader, Tenants, is_empty, load_seed,
    read_seed,
};
use crate::webhooks::Deliveries;

#[derive(Debug, Clone)]
pub enum Origin {
    /// In the embedded Postgres of this folder.
    Embedded(PathBuf),
    /// In the Postgres of this URL, which holds a password and is never shown.
    Server(String),
}

/// How to open a world.
#[derive(Debug, Clone)]
pub struct TenantOptions {
    pub origin: Origin,
    /// The seed to load; an empty embedded database gets the demo world when none is named.
    pub seed: Option<String>,
    /// The most connections to a Postgres server; the embedded one takes one.
    pub connections: usize,
    /// The longest that a request waits for a connection.
    pub acquire_timeout: Duration,
    /// How long to wait for a Postgres server that does not answer yet.
    pub wait: Duration,
    /// The cost of password hashes.
    pub password_cost: PasswordCost,
    /// Whether hooks may be answered on loopback and private networks.
    pub private_targets: bool,
}

#[derive(Debug)]
pub struct Started {
    opened: Opened,
    /// The customers and keys in it.
    pub services: Services,
    /// What tells subscribers of events.
    pub deliveries: Deliveries,
    pub tenants: Tenants,
    /// What calls hooks and subscribers.
    pub outgoing: Outgoing,
    sweeping: OnceLock<AbortHandle>,
    is_embedded: bool,
    keeping_up: OnceLock<AbortHandle>,
    /// What the seed came to.
    pub seeded: SeedSummary,
    /// Whether the demo key opens a tenant.
    pub has_demo: bool,
    /// Whether there is no tenant at all.
    pub is_empty: bool,
}

/// Why a world did not open.
#[derive(Debug, Error)]
pub enum StartError {
    /// The embedded Postgres did not start.
    #[cfg(feature = "embedded")]
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// This program was built without it.
    #[cfg(not(feature = "embedded"))]
    #[error("this build has no embedded database: set DATABASE_URL or --database-url")]
    NoEmbedded,
    /// The Postgres server cannot be used.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The schema could not be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The seed was not loaded.
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error(transparent)]
    Outgoing(#[from] OutgoingSetupError),
}

impl Started {
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.opened.database
    }

    /// Begins to delete tenants whose time is over; once.
    pub fn start_sweeping(&self) {
        self.sweeping.get_or_init(|| tokio::spawn(self.tenants.clone().sweep()).abort_handle());
    }

    /// Begins to vacuum and analyze an embedded database, which does not do so by itself; once.
    pub fn start_keeping_up(&self) {
        if self.is_embedded {
            self.keeping_up.get_or_init(|| tokio::spawn(keep_up(self.opened.database.clone())).abort_handle());
        }
    }

    /// Closes the database, an embedded one for good.
    pub async fn close(self) {
        for work in [self.sweeping.get(), self.keeping_up.get()].into_iter().flatten() {
            work.abort();
        }
        self.deliveries.stop().await;
        self.opened.close().await;
    }
}

/// Opens the database, migrates it and loads the seed; `server`, if given, hears what is still pending.
///
/// # Errors
/// When any of the three fails.
pub async fn open_tenant(
    options: &TenantOptions,
    random: Arc<Random>,
    server: Option<&Server>,
) -> Result<Started, StartError> {
    let pending = |pending| {
        if let Some(server) = server {
            server.pending(pending);
        }
    };
    let opened = connect(options).await?;
    let database = opened.database.clone();

    pending(&["migrations", "seed"]);
    if let Err(error) = bring_up_to_date(&database, &options.origin).await {
        drop(database);
        opened.discard_new().await;
        return Err(error);
    }

    pending(&["seed"]);
    let outgoing = Outgoing::new(options.private_targets)?;
    let hooks = Hooks::new(outgoing.clone(), Arc::clone(&random));
    let deliveries = Deliveries::new(database.clone(), outgoing.clone(), Arc::clone(&random));
    let passwords = Passwords::new(options.password_cost);
    let customers = Customers::new(database.clone(), passwords, hooks, deliveries.clone(), Arc::clone(&random));
    let seed = match (&options.seed, &options.origin) {
        (Some(seed), _) => Some(seed.as_str()),
        (None, Origin::Embedded(_)) if is_empty(&database).await? => Some("demo"),
        _ => None,
    };
    let journal =
        server.map_or_else(|| Journal::new(JournalOptions { entries: 0, bytes: 0 }), |server| server.journal().clone());
    journal.learn_tables(&database).await?;
    let credentials = CredentialCache::new(database.clone());
    let tenants = Tenants::new(database.clone(), customers.clone(), credentials.clone(), journal, random);
    let is_embedded = matches!(options.origin, Origin::Embedded(_));
    if is_embedded {
        tenants.finish_interrupted_work().await?;
    }
    let seeded = match seed {
        Some(seed) => load_seed(&tenants, read_seed(seed)?).await?,
        None => SeedSummary::default(),
    };
    let is_empty = is_empty(&tenants.database).await?;
    let has_demo = credentials.holder(DEMO_KEY).await?.is_some();
    let services = Services {
        credentials,
        limits: Limits::new(database.clone()),
        fault_rules: FaultRules::new(database.clone()),
        tenants: TenantLoader::new(database),
        customers,
    };
    Ok(Started {
        opened,
        services,
        deliveries,
        tenants,
        outgoing,
        sweeping: OnceLock::new(),
        is_embedded,
        keeping_up: OnceLock::new(),
        seeded,
        has_demo,
        is_empty,
    })
}

/// Opens the database and migrates it, no more.
///
/// # Errors
/// When either fails.
pub async fn migrate_only(options: &TenantOptions) -> Result<(), StartError> {
    let opened = connect(options).await?;
    bring_up_to_date(&opened.database, &options.origin).await?;
    opened.close().await;
    Ok(())
}

/// Migrates the database; of a server's rejection it is said whose it is and what to do.
async fn bring_up_to_date(database: &Database, origin: &Origin) -> Result<(), StartError> {
    match (migrate(database).await, origin) {
        (Err(error), Origin::Server(url)) => Err(Target::new(url)?.migrating(&error).into()),
        (migrated, _) => Ok(migrated?),
    }
}

/// A database that answers, and the embedded Postgres that it is in, if it is.
#[derive(Debug)]
struct Opened {
    database: Database,
    #[cfg(feature = "embedded")]
    embedded: Option<EmbeddedPostgres>,
}

impl Opened {
    #[cfg_attr(not(feature = "embedded"), expect(clippy::unused_async, reason = "the embedded one is waited for"))]
    async fn close(self) {
        self.database.close();
        #[cfg(feature = "embedded")]
        if let Some(embedded) = self.embedded {
            // Its thread ends when the last connection has.
            let _ = tokio::task::spawn_blocking(move || drop(embedded)).await;
        }
    }
}

impl Opened {
    /// Closes a database that could not be made whole; an embedded one that is new is deleted, so that the next start makes it.
    async fn discard_new(self) {
        #[cfg(feature = "embedded")]
        let new_folder = self.embedded.as_ref().and_then(EmbeddedPostgres::new_folder);
        self.close().await;
        #[cfg(feature = "embedded")]
        if let Some(folder) = new_folder {
            remove_content(&folder);
        }
    }
}

#[cfg(feature = "embedded")]
async fn connect(options: &TenantOptions) -> Result<Opened, StartError> {
    match &options.origin {
        Origin::Embedded(folder) => {
            let folder = folder.clone();
            let opened = tokio::task::spawn_blocking(move || EmbeddedPostgres::open(&folder)).await;
            let embedded = opened.expect("invariant: opening does not panic")?;
            let database = Database::new(&DatabaseOptions {
                url: embedded.url(),
                connections: 1,
                acquire_timeout: options.acquire_timeout,
                test_idle: false,
            })?;
            database.connect_within(options.wait.max(options.acquire_timeout)).await?;
            Ok(Opened { database, embedded: Some(embedded) })
        }
        Origin::Server(url) => Ok(Opened { database: reach(options, url.clone()).await??, embedded: None }),
    }
}

#[cfg(not(feature = "embedded"))]
async fn connect(options: &TenantOptions) -> Result<Opened, StartError> {
    match &options.origin {
        Origin::Embedded(_) => Err(StartError::NoEmbedded),
        Origin::Server(url) => Ok(Opened { database: reach(options, url.clone()).await?? }),
    }
}
