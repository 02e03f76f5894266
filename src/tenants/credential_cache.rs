//! From a presented key to its tenant: what every call asks first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::credential::{CredentialDigest, digest};
use super::rooms::{Rooms, Work};
use super::store::{self, By, TenantRow};
use super::{Caller, Credential, LimitExceeded, RequestGuard, Tenant, TenantError, limits};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, TenantId};
use crate::fault_injection::{self, TriggeredFault};

/// How long an answer is believed. A revoked key is rejected by every server once this has passed.
const FRESH: Duration = Duration::from_millis(500);

/// The most keys that are remembered; beyond it, all are asked anew.
const CAPACITY: usize = 10_000;

/// Finds the tenant of a key, asking the database at most twice a second for each.
#[derive(Debug, Clone)]
pub struct CredentialCache {
    database: Database,
    known: Arc<RwLock<HashMap<CredentialDigest, Known>>>,
    rooms: Rooms,
    /// Counts how often everything was forgotten, so that an answer that was on its way then is not remembered.
    epoch: Arc<AtomicU64>,
}

#[derive(Debug, Clone)]
struct Known {
    caller: Caller,
    asked: Instant,
}

impl CredentialCache {
    /// The keys in `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        let rooms = Rooms::new(&database);
        Self { database, known: Arc::default(), rooms, epoch: Arc::default() }
    }

    /// Who presents this key (see [`super::presented`]), of whatever kind it is; `None` when no tenant has it or it is revoked.
    ///
    /// # Errors
    /// When the database fails and the answer is not known from just now.
    pub async fn caller(&self, presented: &str) -> Result<Option<Caller>, DatabaseError> {
        let (digest, deadline) = (digest(presented), self.rooms.deadline());
        loop {
            let Some(caller) = self.known_caller(digest).await? else { return Ok(None) };
            // Whoever had to wait finds another world, and asks again what it is.
            if let Some(presence) = self.rooms.enter(caller.tenant.id, deadline).await? {
                return Ok(Some(Caller { _presence: presence, ..caller }));
            }
        }
    }

    /// The same without entering the tenant's world, and so without waiting for work on it: for those who only ask whose a key is.
    ///
    /// # Errors
    /// When the database fails and the answer is not known from just now.
    pub async fn holder(&self, presented: &str) -> Result<Option<Caller>, DatabaseError> {
        self.known_caller(digest(presented)).await
    }

    /// Enters a tenant's world as a caller does: nobody works on it as a whole until the presence is dropped.
    ///
    /// # Errors
    /// `Half` where work has left half of it, or when work on it takes too long.
    pub async fn enter(&self, tenant: TenantId) -> Result<RequestGuard, TenantError> {
        let deadline = self.rooms.deadline();
        loop {
            if let Some(presence) = self.rooms.enter(tenant, deadline).await? {
                return Ok(presence);
            }
        }
    }

    /// Begins work on a tenant's world as a whole, as it is.
    ///
    /// # Errors
    /// `Half` where other work has left half of it.
    pub(super) async fn work(&self, tenant: TenantId) -> Result<Work, TenantError> {
        let work = self.work_anew(tenant).await;
        if work.found_half() { Err(TenantError::Half) } else { Ok(work) }
    }

    /// Begins work that puts something else in the place of a tenant's world, whatever is left of it.
    pub(super) async fn work_anew(&self, tenant: TenantId) -> Work {
        self.rooms.work(tenant).await
    }

    /// The same credentials for work that waits for its turn as long as it takes.
    pub(super) fn patient(&self) -> Self {
        Self { database: self.database.patient(), ..self.clone() }
    }

    async fn known_caller(&self, digest: CredentialDigest) -> Result<Option<Caller>, DatabaseError> {
        if let Some(caller) = self.remembered(&digest) {
            return Ok(Some(caller));
        }
        let (asked, epoch) = (Instant::now(), self.epoch.load(Ordering::Acquire));
        let mut session = self.database.session().await?;
        let row = store::find(session.connection(), By::Key(&digest), Clock::Real.now()).await;
        let row = session.end(row)?;
        let caller = row.map(|mut row| {
            let key_name = row.key_name.take().unwrap_or_default();
            let kind = row.key_kind.unwrap_or_default();
            Caller::new(Arc::new(row.into_tenant()), &key_name, kind)
        });
        if self.epoch.load(Ordering::Acquire) == epoch {
            self.remember(digest, caller.as_ref(), asked);
        }
        Ok(caller)
    }

    /// A tenant by its number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, DatabaseError> {
        let mut session = self.database.session().await?;
        let row = store::find(session.connection(), By::Id(id), Clock::Real.now()).await;
        Ok(session.end(row)?.map(TenantRow::into_tenant))
    }

    /// A tenant by its name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn named(&self, name: &str) -> Result<Option<Tenant>, DatabaseError> {
        let mut session = self.database.session().await?;
        let row = store::find(session.connection(), By::Name(name), Clock::Real.now()).await;
        Ok(session.end(row)?.map(TenantRow::into_tenant))
    }

    /// Whether there is a tenant of this name, in any case.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_tenant(&self, name: &str) -> Result<bool, DatabaseError> {
        let mut session = self.database.session().await?;
        let found = store::has_tenant(session.connection(), name, Clock::Real.now()).await;
        session.end(found)
    }

    /// An access token for a caller who presented a client's secret, good for so many seconds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn issue_token(
        &self,
        client: &Caller,
        presented: &str,
        token: &Credential,
        seconds: u32,
    ) -> Result<(), DatabaseError> {
        let now = Clock::Real.now();
        let expires_at = now + TimeDelta::seconds(i64::from(seconds));
        let mut session = self.database.session().await?;
        let (key, token) = (digest(presented), token.digest());
        let issued = store::insert_access_token(session.connection(), client.tenant.id, &token, &key, now, expires_at);
        let issued = issued.await;
        session.end(issued)
    }

    /// Believes nothing that was asked before: a tenant was changed on this server. Others follow within half a second.
    pub fn forget(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.known.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Counts a call under the failures that are armed for its operation; the one that it meets.
    ///
    /// # Errors
    /// When a failure is armed and the database fails.
    pub async fn fire(&self, tenant: &Tenant, operation: &str) -> Result<Option<TriggeredFault>, DatabaseError> {
        if !tenant.has_faults_for(operation) {
            return Ok(None);
        }
        Box::pin(fault_injection::trigger(&self.database, tenant.id, operation)).await
    }

    /// Counts a call; names the limit that is spent, if one is.
    ///
    /// # Errors
    /// When the plan sets a limit and the database fails.
    pub async fn count_request(
        &self,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Option<LimitExceeded>, DatabaseError> {
        limits::count(&self.database, caller, now).await
    }

    fn remembered(&self, digest: &CredentialDigest) -> Option<Caller> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(digest).filter(|known| known.asked.elapsed() < FRESH).map(|known| known.caller.clone())
    }

    fn remember(&self, digest: CredentialDigest, caller: Option<&Caller>, asked: Instant) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        match caller {
            // A stranger's key is not remembered: anybody can make up as many as they like.
            None => drop(known.remove(&digest)),
            Some(caller) => {
                if known.len() >= CAPACITY {
                    known.clear();
                }
                known.insert(digest, Known { caller: caller.clone(), asked });
            }
        }
    }
}
