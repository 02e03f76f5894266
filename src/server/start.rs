//! Start-up: database, migrations, seed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::Server;
use super::reach::{Target, Unusable, reach};
use super::supervisor::Supervisor;
use crate::clock::Clock;
use crate::customers::{Customers, PasswordCost, Passwords};
use crate::database::{
    Database, DatabaseError, DatabaseOptions, DatabaseTimeouts, DistributeError, LoginSource, MigrateError, Program,
    distribute, maintain, migrate,
};
#[cfg(feature = "embedded")]
use crate::database::{EmbeddedError, EmbeddedPostgres, remove_content};
use crate::extension::Hooks;
use crate::gateway::Services;
use crate::journal::{Journal, JournalOptions, JournalPlace};
use crate::outgoing::Outgoing;
use crate::random::Random;
use crate::servers::{RegisterError, ServerOptions, Servers};
use crate::tasks::{TaskTable, Tasks};
use crate::tenants::{
    CredentialCache, DEMO_KEY, FaultRules, Limits, LoadedSeed, SeedError, SeedSource, TenantLoader, Tenants, is_empty,
    load_source, seed_files,
};
use crate::webhooks::Deliveries;

/// How long the end of the server waits until the last requests are in the journal.
const JOURNAL_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub enum Origin {
    /// The embedded Postgres of this folder.
    Embedded(PathBuf),
    /// The Postgres of this URL, which holds a password and is never shown.
    Server(String),
}

#[derive(Debug, Clone)]
pub struct StartOptions {
    pub origin: Origin,
    /// Where the password of a Postgres server comes from.
    pub login: LoginSource,
    /// The seed to load first: `demo`, or a file.
    pub seed: Option<String>,
    /// The folder whose seed files are loaded after it. An empty embedded database gets the seed `demo` when there is none of either.
    pub seed_dir: Option<PathBuf>,
    /// The largest number of connections to a Postgres server for requests; the embedded one takes one.
    pub connections: usize,
    pub timeouts: DatabaseTimeouts,
    /// How long to wait for a Postgres server that is starting.
    pub wait: Duration,
    pub password_cost: PasswordCost,
    /// Whether hooks and webhooks may go to loopback and private networks.
    pub private_targets: bool,
    /// What this server is to the other servers of its database.
    pub server: ServerOptions,
}

#[derive(Debug)]
pub struct Started {
    opened: Opened,
    pub services: Services,
    pub deliveries: Deliveries,
    pub tenants: Tenants,
    /// The servers of the database.
    pub servers: Servers,
    /// The HTTP client for hooks and webhooks.
    pub outgoing: Outgoing,
    is_embedded: bool,
    supervisor: Supervisor,
    /// The seeds that were loaded, in order.
    pub seeded: Vec<LoadedSeed>,
    /// Whether the demo key is valid.
    pub has_demo: bool,
    /// Whether there is no tenant.
    pub is_empty: bool,
}

/// Why start-up failed.
#[derive(Debug, Error)]
pub enum StartError {
    #[cfg(feature = "embedded")]
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// This program was built without the embedded Postgres.
    #[cfg(not(feature = "embedded"))]
    #[error("this build has no embedded database: set DATABASE_URL or --database-url")]
    NoEmbedded,
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error(transparent)]
    Distribute(#[from] DistributeError),
    #[error(transparent)]
    Seed(#[from] SeedError),
}

impl Started {
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.opened.database
    }

    /// Starts what runs in the background as long as the process does. All of it is in the database, so that each part can be
    /// started again when it ends.
    pub(super) fn start_parts(&self) {
        let (deliveries, tenants) = (self.deliveries.clone(), self.tenants.clone());
        self.supervisor.restarting("webhooks", move || deliveries.clone().run());
        self.supervisor.restarting("cleanup", move || tenants.clone().sweep());
        let tasks = self.tenants.tasks.clone();
        self.supervisor.restarting("tasks", move || tasks.clone().renew());
        let journal = self.tenants.journal.clone();
        self.supervisor.restarting("journal", move || journal.clone().run());
        if self.is_embedded {
            // It does not vacuum and analyze by itself.
            let database = self.opened.database.clone();
            self.supervisor.restarting("maintenance", move || maintain(database.clone()));
            // It cannot be opened again within this process.
            let database = self.opened.database.clone();
            self.supervisor.vital("embedded database", async move { database.ended().await });
        }
    }

    /// Ends the parts and closes the database; the embedded one ends.
    pub async fn close(self) {
        self.supervisor.stop();
        self.deliveries.stop().await;
        if !self.tenants.journal.flush(JOURNAL_TIMEOUT).await {
            tracing::warn!("the last requests are not in the journal, because the database did not answer in time");
        }
        self.supervisor.abort();
        self.tenants.tasks.stop().await;
        self.servers.leave().await;
        self.opened.close().await;
    }
}

/// Opens the database, migrates it and loads the seed. `server`, if given, reports what is still pending.
pub async fn start_up(
    options: &StartOptions,
    random: Arc<Random>,
    server: Option<&Server>,
) -> Result<Started, StartError> {
    let pending = |pending| {
        if let Some(server) = server {
            server.pending(pending);
        }
    };
    let opened = connect(options).await?;
    pending(&["migrations", "seed"]);
    let program = if server.is_some() { Program::Server } else { Program::Command };
    if let Err(error) = migrate_at(&opened.database, &options.origin, program).await {
        opened.discard_new().await;
        return Err(error);
    }
    opened.database.read_layout().await?;
    pending(&["other servers", "seed"]);
    let supervisor = server.map_or_else(Supervisor::default, |server| server.supervisor().clone());
    let servers = join(options, opened.database.clone(), server.map(|_| &supervisor), &random).await?;
    pending(&["seed"]);
    match fill(options, opened.database.clone(), servers.clone(), supervisor, random, server).await {
        Ok(started) => {
            // Until the other servers know of this one, they answer to changes without waiting for it.
            drop(servers.settle().await);
            Ok(started(opened))
        }
        Err(error) => {
            servers.leave().await;
            // An embedded database whose connection is still open would be waited for.
            opened.close().await;
            Err(error)
        }
    }
}

/// Makes this process one of the servers of its database, if it is a server.
async fn join(
    options: &StartOptions,
    database: Database,
    supervisor: Option<&Supervisor>,
    random: &Random,
) -> Result<Servers, StartError> {
    let (id, now) = (random.uuid(), Clock::Real.now());
    let ServerOptions { name, .. } = &options.server;
    let servers = match (&options.origin, supervisor) {
        (Origin::Embedded(_), _) => Servers::only(database, id, name.clone(), now),
        (Origin::Server(_), None) => Servers::command(database, id, now),
        (Origin::Server(_), Some(supervisor)) => {
            let servers = Servers::register(database, options.server.clone(), id).await?;
            let part = servers.clone();
            supervisor.restarting("servers", move || part.clone().run());
            servers
        }
    };
    Ok(servers)
}

/// Loads the seeds, and makes the services of an open database. Returns what completes them with it.
async fn fill(
    options: &StartOptions,
    database: Database,
    servers: Servers,
    supervisor: Supervisor,
    random: Arc<Random>,
    server: Option<&Server>,
) -> Result<impl FnOnce(Opened) -> Started, StartError> {
    let outgoing = Outgoing::new(options.private_targets);
    let hooks = Hooks::new(outgoing.clone(), Arc::clone(&random));
    let deliveries = Deliveries::new(database.clone(), outgoing.clone(), Arc::clone(&random));
    let passwords = Passwords::new(options.password_cost);
    let customers = Customers::new(database.clone(), passwords, hooks, deliveries.clone(), Arc::clone(&random));
    let seeds = seeds(options, &database).await?;
    let journal = server.map_or_else(
        || {
            Journal::new(
                JournalOptions { place: JournalPlace::Memory, entries: 0, bytes: 0, total_bytes: 0 },
                Vec::new(),
            )
        },
        |server| server.journal().clone(),
    );
    journal.learn_tables(&database).await?;
    let is_embedded = matches!(options.origin, Origin::Embedded(_));
    if server.is_some() && !is_embedded {
        journal.open(&database, servers.id(), servers.others()).await?;
    }
    let credentials = CredentialCache::new(database.clone(), servers.clone());
    let tasks = Tasks::new(TaskTable::new(database.clone(), servers.id(), servers.others()));
    let tenants =
        Tenants::new(database.clone(), customers.clone(), credentials.clone(), journal, random, servers.clone());
    let tenants = tenants.with_tasks(tasks);
    if is_embedded {
        tenants.finish_interrupted_work().await?;
    }
    let mut seeded = Vec::new();
    for source in seeds {
        seeded.push(load_source(&tenants, source).await?);
        if let (Some(LoadedSeed { file, created, unchanged }), true) = (seeded.last(), server.is_some()) {
            tracing::info!(file, ?created, ?unchanged, "a seed was loaded; tenants that existed are unchanged");
        }
    }
    let is_empty = is_empty(&tenants.database).await?;
    // Only the greeting needs it: on a distributed database the tenant's node may be away.
    let has_demo = credentials.holder(DEMO_KEY).await.is_ok_and(|holder| holder.is_some());
    let services = Services {
        credentials,
        limits: Limits::new(database.clone()),
        fault_rules: FaultRules::new(database.clone()),
        tenants: TenantLoader::new(database),
        customers,
    };
    Ok(move |opened| Started {
        opened,
        services,
        deliveries,
        tenants,
        servers,
        outgoing,
        is_embedded,
        supervisor,
        seeded,
        has_demo,
        is_empty,
    })
}

/// The seeds to load, in order.
async fn seeds(options: &StartOptions, database: &Database) -> Result<Vec<SeedSource>, StartError> {
    let mut seeds: Vec<SeedSource> = options.seed.iter().map(|seed| SeedSource::named(seed)).collect();
    if let Some(folder) = &options.seed_dir {
        seeds.extend(seed_files(folder)?.into_iter().map(SeedSource::File));
    }
    if seeds.is_empty() && matches!(options.origin, Origin::Embedded(_)) && is_empty(database).await? {
        seeds.push(SeedSource::Demo);
    }
    Ok(seeds)
}

/// Opens the database and migrates it.
pub async fn migrate_only(options: &StartOptions) -> Result<(), StartError> {
    let opened = connect(options).await?;
    migrate_at(&opened.database, &options.origin, Program::Command).await?;
    opened.close().await;
    Ok(())
}

/// Opens the database, migrates it and lays it out over the nodes of a Citus cluster. Calls `say` with each step.
pub async fn distribute_only(options: &StartOptions, say: &mut (dyn FnMut(String) + Send)) -> Result<(), StartError> {
    let opened = connect(options).await?;
    migrate_at(&opened.database, &options.origin, Program::Command).await?;
    let distributed = distribute(&opened.database, say).await;
    opened.close().await;
    Ok(distributed?)
}

/// Migrates the database. The error of a Postgres server names the server and what to do.
async fn migrate_at(database: &Database, origin: &Origin, program: Program) -> Result<(), StartError> {
    match (database.while_it_answers(Box::pin(migrate(database, program))).await, origin) {
        (Err(error), Origin::Server(url)) => Err(Target::new(url)?.migrating(&error).into()),
        (migrated, _) => Ok(migrated?),
    }
}

/// A database that answers, and its embedded Postgres, if it has one.
#[derive(Debug)]
struct Opened {
    database: Database,
    #[cfg(feature = "embedded")]
    embedded: Option<EmbeddedPostgres>,
}

impl Opened {
    #[cfg_attr(not(feature = "embedded"), expect(clippy::unused_async, reason = "only the embedded one is awaited"))]
    async fn close(self) {
        self.database.close();
        #[cfg(feature = "embedded")]
        if let Some(embedded) = self.embedded {
            // Its thread ends when the last connection has ended.
            let _ = tokio::task::spawn_blocking(move || drop(embedded)).await;
        }
    }
}

impl Opened {
    /// Closes a database whose migration failed. A new embedded one is deleted, so that the next start creates it again.
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
async fn connect(options: &StartOptions) -> Result<Opened, StartError> {
    match &options.origin {
        Origin::Embedded(folder) => {
            let folder = folder.clone();
            let opened = tokio::task::spawn_blocking(move || EmbeddedPostgres::open(&folder)).await;
            let embedded = opened.expect("invariant: opening does not panic")?;
            let database = Database::new(&DatabaseOptions {
                url: embedded.url(),
                login: LoginSource::Url,
                connections: 1,
                timeouts: options.timeouts,
                is_embedded: true,
            })?;
            database.connect_within(options.wait.max(options.timeouts.acquire)).await?;
            Ok(Opened { database, embedded: Some(embedded) })
        }
        Origin::Server(url) => Ok(Opened { database: reach_server(options, url).await?, embedded: None }),
    }
}

#[cfg(not(feature = "embedded"))]
async fn connect(options: &StartOptions) -> Result<Opened, StartError> {
    match &options.origin {
        Origin::Embedded(_) => Err(StartError::NoEmbedded),
        Origin::Server(url) => Ok(Opened { database: reach_server(options, url).await? }),
    }
}

async fn reach_server(options: &StartOptions, url: &str) -> Result<Database, StartError> {
    let StartOptions { login, connections, timeouts, wait, .. } = options.clone();
    let options = DatabaseOptions { url: url.to_owned(), login, connections, timeouts, is_embedded: false };
    Ok(reach(&options, wait).await??)
}
