//! The services that every operation on tenants uses, and the tenants and snapshots that a request names.

use std::sync::Arc;

use super::error::TenantError;
use super::listing::TenantListing;
use super::store::{copy, lifecycle, snapshots};
use super::{CredentialCache, Tenant, TenantLoader};
use crate::clock::Clock;
use crate::customers::Customers;
use crate::database::{Database, DatabaseError, ExclusiveAccess, RequestGuard, TenantId, TenantLocks, charge};
use crate::journal::Journal;
use crate::random::Random;
use crate::servers::Servers;
use crate::tasks::{Progress, StartedTask, TaskResult, Tasks};

/// The name of the snapshot that a reset restores.
pub const SEED: &str = "seed";

/// The operations on tenants. Cheap to clone; all clones share one state.
#[derive(Debug, Clone)]
pub struct Tenants {
    pub database: Database,
    pub customers: Customers,
    pub credentials: CredentialCache,
    pub journal: Journal,
    pub random: Arc<Random>,
    pub tasks: Tasks,
    pub servers: Servers,
    loader: TenantLoader,
    /// Locked while a seed file is loaded.
    pub(super) loading: Arc<tokio::sync::Mutex<()>>,
}

impl Tenants {
    #[must_use]
    pub fn new(
        database: Database,
        customers: Customers,
        credentials: CredentialCache,
        journal: Journal,
        random: Arc<Random>,
        servers: Servers,
    ) -> Self {
        let loader = TenantLoader::new(database.clone());
        Self {
            database,
            customers,
            credentials,
            journal,
            random,
            tasks: Tasks::default(),
            servers,
            loader,
            loading: Arc::default(),
        }
    }

    /// The same with these tasks: those of the servers of its database.
    #[must_use]
    pub fn with_tasks(self, tasks: Tasks) -> Self {
        Self { tasks, ..self }
    }

    /// The same for a task, whose transactions have the limits of long work.
    pub(super) fn for_task(&self) -> Self {
        let database = self.database.patient();
        Self { loader: TenantLoader::new(database.clone()), database, ..self.clone() }
    }

    /// Begins a task, which ends when every live server knows what it has changed, or a second later.
    pub(super) fn begin<F>(
        &self,
        tenant: &str,
        kind: &'static str,
        work: impl FnOnce(Arc<Progress>) -> F,
    ) -> StartedTask<TenantError>
    where
        F: Future<Output = Result<TaskResult, TenantError>> + Send + 'static,
    {
        let servers = self.servers.clone();
        self.tasks.begin(self.random.uuid(), tenant, kind, |progress| {
            let work = work(progress);
            async move {
                let done = work.await;
                servers.settle().await;
                done
            }
        })
    }

    /// # Errors
    /// `UnknownTenant`, or when the database fails.
    pub async fn tenant(&self, name: &str) -> Result<Tenant, TenantError> {
        self.loader.by_name(name).await?.ok_or_else(|| TenantError::UnknownTenant(name.to_owned()))
    }

    /// A tenant whose lock the current request is going to wait for. Its connections count to the tenant's share from here on: the
    /// control API has few of its own.
    ///
    /// # Errors
    /// `UnknownTenant`, or when the database fails.
    pub(super) async fn tenant_to_lock(&self, name: &str) -> Result<Tenant, TenantError> {
        let tenant = self.tenant(name).await?;
        charge(tenant.id);
        Ok(tenant)
    }

    /// All tenants, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<TenantListing>, TenantError> {
        self.list_after("", i64::MAX).await
    }

    /// At most `limit` tenants whose names come after `after`, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_after(&self, after: &str, limit: i64) -> Result<Vec<TenantListing>, TenantError> {
        // Postgres compares no text with a NUL.
        if after.contains('\0') {
            return Ok(Vec::new());
        }
        let now = Clock::Real.now();
        let is_distributed = self.database.is_distributed();
        let found =
            self.database.run(async |connection| lifecycle::list(connection, after, limit, now, is_distributed).await);
        Ok(found.await?)
    }

    /// The tenants whose names contain this text in any case: their number, and at most `limit` of them by name after the first
    /// `offset`. Reads every tenant up to the last one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(&self, part: &str, offset: i64, limit: i64) -> Result<(i64, Vec<TenantListing>), TenantError> {
        // Postgres stores no text with a NUL.
        if part.contains('\0') {
            return Ok((0, Vec::new()));
        }
        let (part, now) = (part.to_lowercase(), Clock::Real.now());
        let is_distributed = self.database.is_distributed();
        let found = self
            .database
            .run(async |connection| lifecycle::search(connection, &part, (offset, limit), now, is_distributed).await);
        Ok(found.await?)
    }

    /// The listing of one tenant; `None` if there is none of this name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn listing(&self, name: &str) -> Result<Option<TenantListing>, TenantError> {
        // Postgres stores no text with a NUL.
        if name.contains('\0') {
            return Ok(None);
        }
        let now = Clock::Real.now();
        let is_distributed = self.database.is_distributed();
        let found =
            self.database.run(async |connection| lifecycle::listing(connection, name, now, is_distributed).await);
        Ok(found.await?)
    }

    /// Enters a tenant as a request does: no other code gets exclusive access to its data until the guard is dropped.
    ///
    /// # Errors
    /// `Incomplete`, or when exclusive access takes too long.
    pub async fn enter(&self, tenant: TenantId) -> Result<RequestGuard, TenantError> {
        Ok(self.locks().enter_again(tenant).await?)
    }

    /// Makes this server read a changed tenant again. The other servers hear of it by [`Servers::raise`].
    pub fn invalidate(&self, tenant: TenantId) {
        self.credentials.forget(tenant);
    }

    pub(super) fn locks(&self) -> &TenantLocks {
        self.database.locks()
    }

    /// Makes a tenant's new requests wait, and waits for its running requests.
    pub(super) async fn block_requests(&self, access: &ExclusiveAccess) {
        access.block_requests().await;
    }

    /// Whether one of these tenants is copied in parts: a large one, on a database with one connection.
    pub(super) async fn is_copied_in_parts(&self, tenants: &[TenantId]) -> Result<bool, DatabaseError> {
        if !self.database.has_one_connection() {
            return Ok(false);
        }
        let any_large = self.database.run(async |connection| {
            for tenant in tenants {
                if copy::is_large(connection, *tenant).await? {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        any_large.await
    }

    /// The tenant that `text` names (`demo`), or to which the named snapshot belongs (`demo@before`).
    pub(super) async fn resolve_owner(&self, text: &str) -> Result<TenantId, TenantError> {
        Ok(self.tenant(text.rsplit_once('@').map_or(text, |(name, _)| name)).await?.id)
    }

    /// The tenant (`demo`) or snapshot (`demo@before`) that `text` names.
    pub(super) async fn resolve(&self, text: &str) -> Result<TenantId, TenantError> {
        let Some((name, snapshot)) = text.rsplit_once('@') else { return Ok(self.tenant(text).await?.id) };
        let tenant = self.tenant(name).await?;
        if snapshot.contains('\0') {
            return Err(unknown_snapshot(name, snapshot));
        }
        let found = self.database.run(async |connection| snapshots::find(connection, tenant.id, snapshot).await);
        found.await?.ok_or_else(|| unknown_snapshot(name, snapshot))
    }
}

pub(super) fn unknown_snapshot(tenant: &str, snapshot: &str) -> TenantError {
    TenantError::UnknownSnapshot { tenant: tenant.to_owned(), snapshot: snapshot.to_owned() }
}

/// Checks that a name can be part of a path and of a shell command.
pub(super) fn check_name(name: &str) -> Result<&str, TenantError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let is_name = begins_well && name.len() <= 63 && name.bytes().all(is_plain);
    if is_name { Ok(name) } else { Err(TenantError::BadName(name.chars().take(100).collect())) }
}

/// Why a text cannot be the name of a key.
pub const NOT_A_KEY_NAME: &str = "the name of a key has 1 to 100 visible characters, and is not '.' or '..'";

/// Whether a text can be the name of a key, which is a part of an index, and of a path: clients resolve `.` and `..` there.
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    let is_path = matches!(name.trim(), "" | "." | "..");
    !is_path && name.chars().count() <= 100 && !name.chars().any(char::is_control)
}
