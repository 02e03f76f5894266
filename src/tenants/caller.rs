//! What every request asks about its caller: the tenant of the presented credential, whether a limit of the subscription is
//! exceeded (both are off unless the plan sets them), and the fault that the request triggers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::credential::{Credential, CredentialDigest, digest};
use super::store::{self, By};
use super::{Caller, Tenant};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, charge, is_of_deleted_tenant, lock_tenant_shared, measured};
use crate::fault_injection::{self, TriggeredFault};
use crate::guesses::{Admitted, Attempt, Guesses, TooManyGuesses};
use crate::vendor_facts::CredentialKind;

/// The lifetime of an entry. Every server rejects a revoked credential after this time.
const MAX_AGE: Duration = Duration::from_millis(500);

/// The age from which an entry that is still used is read again, while its requests go on.
const REFRESH_AGE: Duration = Duration::from_millis(400);

/// How many credentials that this server never found are looked for at once: guesses cannot take all database connections.
const LOOKUPS: usize = 2;

/// How long such a credential waits for others. After that it is not looked for.
const LOOKUP_WAIT: Duration = Duration::from_secs(1);

/// The maximum number of entries, and of credentials that no tenant has. The next one clears them.
const CAPACITY: usize = 10_000;

/// 128 bits of a credential, two hashes of the standard library under a random key that does not leave this process. A
/// digest as in the database would be most of the cost of a look-up.
type Fingerprint = [u64; 2];

/// Finds the tenant of a credential, with at most three statements a second for each credential. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct CredentialCache {
    database: Database,
    hasher: RandomState,
    entries: Arc<RwLock<HashMap<Fingerprint, CacheEntry>>>,
    /// Credentials that no tenant has, and when the database said so.
    unknown: Arc<RwLock<HashMap<Fingerprint, Instant>>>,
    lookups: Arc<Semaphore>,
    /// Counts how often the cache was cleared, so that a lookup that began before is not stored.
    epoch: Arc<AtomicU64>,
}

#[derive(Debug)]
struct CacheEntry {
    caller: Caller,
    read_at: Instant,
    /// Whether it is being read again.
    is_refreshed: AtomicBool,
}

/// A presented credential, as it is looked up in the cache and in the database.
#[derive(Debug, Clone, Copy)]
struct LookupKey {
    fingerprint: Fingerprint,
    digest: CredentialDigest,
}

/// Why a credential is not accepted.
#[derive(Debug)]
pub enum Denied {
    /// It is unknown, revoked, expired or of another kind.
    Unknown,
    /// It was not looked up.
    TooManyGuesses(TooManyGuesses),
    /// It was not looked up, because too many others were looked up at the same time.
    TooManyLookups,
    Database(DatabaseError),
}

impl From<DatabaseError> for Denied {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl From<TooManyGuesses> for Denied {
    fn from(error: TooManyGuesses) -> Self {
        Self::TooManyGuesses(error)
    }
}

impl CredentialCache {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self {
            database,
            hasher: RandomState::new(),
            entries: Arc::default(),
            unknown: Arc::default(),
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            epoch: Arc::default(),
        }
    }

    /// The caller with a credential of this kind, in the form of [`super::presented`], counted as a request of its tenant. `guesses` is
    /// told of a credential that is not in the cache, and says whether it is looked up.
    ///
    /// # Errors
    /// When no tenant has the credential, it is revoked or expired, or the network sent too many wrong ones; or when the database
    /// fails and the cache has no entry.
    pub async fn caller(
        &self,
        presented: &str,
        kind: CredentialKind,
        operation: &str,
        guesses: &Guesses,
    ) -> Result<Caller, Denied> {
        Ok(self.caller_of_any(&[presented], kind, operation, guesses).await?.0)
    }

    /// The same for a credential that can be read in several ways, with the reading that is valid. They count as one attempt.
    ///
    /// # Errors
    /// As [`Self::caller`].
    pub async fn caller_of_any<'a>(
        &self,
        readings: &[&'a str],
        kind: CredentialKind,
        operation: &str,
        guesses: &Guesses,
    ) -> Result<(Caller, &'a str), Denied> {
        let deadline = self.database.locks().deadline();
        loop {
            let (caller, reading) = self.find(readings, kind, operation, guesses).await?;
            charge(caller.tenant.id);
            // The tenant's data and plan may have changed during a wait, so they are read again.
            let entered = self.database.locks().enter(caller.tenant.id, deadline).await;
            if let Some(guard) = entered.map_err(DatabaseError::from)? {
                return Ok((caller.with_guard(guard), reading));
            }
        }
    }

    /// The same for a credential that this program knows, not a client's: it counts no request and waits for nothing.
    ///
    /// # Errors
    /// When the database fails and the cache has no entry.
    pub async fn holder(&self, presented: &str) -> Result<Option<Caller>, DatabaseError> {
        match self.cached(presented) {
            Some(caller) => Ok(Some(caller)),
            // It does not get into the cache: a client that presents it is still to be accepted.
            None => self.stored(&digest(presented)).await,
        }
    }

    /// The same for the credentials of several kinds that a client presents: who holds the first valid one. It does not wait for
    /// exclusive access to the tenant. Credentials that no tenant has cost one statement together.
    ///
    /// # Errors
    /// As [`Self::caller`].
    pub async fn holder_of_any(
        &self,
        presented: &[(CredentialKind, Cow<'_, str>)],
        operation: &str,
        guesses: &Guesses,
    ) -> Result<Caller, Denied> {
        let is_of = |kind: CredentialKind| move |caller: &Caller| caller.kind == kind;
        for (kind, credential) in presented {
            if let Some(caller) = self.cached(credential).filter(is_of(*kind)) {
                return Ok(caller);
            }
        }
        let mut admitted = Vec::new();
        for (kind, credential) in presented {
            admitted.push((*kind, self.key(credential), guesses.admit(attempt(credential, *kind, operation))?));
        }
        let may_pass = admitted.iter().all(|(_, key, admitted)| self.may_pass(key, admitted));
        let _turn = if may_pass { None } else { Some(self.turn().await?) };
        let digests: Vec<&[u8]> = admitted.iter().map(|(_, key, _)| key.digest.as_slice()).collect();
        let known = match &digests[..] {
            [] | [_] => None,
            _ => {
                Some(self.database.run(async |connection| store::credentials::known(connection, &digests).await).await?)
            }
        };
        for (kind, key, admitted) in admitted {
            let is_known = known.as_ref().is_none_or(|known| known.iter().any(|known| known[..] == key.digest));
            let found = if is_known { self.read(key).await? } else { None };
            match found.filter(is_of(kind)) {
                Some(caller) => {
                    admitted.accepted();
                    return Ok(caller);
                }
                None => admitted.rejected(),
            }
        }
        Err(Denied::Unknown)
    }

    /// Stores an access token for a client that presented its secret. The token expires after this many seconds. False when the
    /// client's tenant was deleted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn issue_token(
        &self,
        client: &Caller,
        presented: &str,
        token: &Credential,
        seconds: u32,
    ) -> Result<bool, DatabaseError> {
        let now = Clock::Real.now();
        let expires_at = now + TimeDelta::seconds(i64::from(seconds));
        let (client_digest, token) = (digest(presented), token.digest());
        let insert = self.database.in_transaction(async |connection| {
            let tenant = client.tenant.id;
            // The deletion of the tenant locks the same rows in another order.
            lock_tenant_shared(connection, tenant).await?;
            let insert =
                store::credentials::insert_access_token(connection, tenant, &token, &client_digest, now, expires_at);
            Ok::<_, DatabaseError>(insert.await?)
        });
        match insert.await {
            Err(DatabaseError::Statement(error)) if is_of_deleted_tenant(&error) => Ok(false),
            inserted => inserted.map(|()| true),
        }
    }

    /// Clears the cache after a tenant changed on this server. Other servers follow within half a second.
    pub fn clear(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.entries.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.unknown.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn find<'a>(
        &self,
        readings: &[&'a str],
        kind: CredentialKind,
        operation: &str,
        guesses: &Guesses,
    ) -> Result<(Caller, &'a str), Denied> {
        for reading in readings {
            if let Some(caller) = self.cached(reading).filter(|caller| caller.kind == kind) {
                return Ok((caller, reading));
            }
        }
        // Boxed, because it is rare: unboxed it would be part of every request's future.
        Box::pin(self.find_in_database(readings, kind, operation, guesses)).await
    }

    async fn find_in_database<'a>(
        &self,
        readings: &[&'a str],
        kind: CredentialKind,
        operation: &str,
        guesses: &Guesses,
    ) -> Result<(Caller, &'a str), Denied> {
        let (mut denied, mut wrong) = (Denied::Unknown, Vec::new());
        for reading in readings {
            let admitted = match guesses.admit(attempt(reading, kind, operation)) {
                Ok(admitted) => admitted,
                Err(too_many) => {
                    denied = too_many.into();
                    continue;
                }
            };
            match self.look_up(reading, &admitted).await {
                Ok(Some(caller)) if caller.kind == kind => {
                    admitted.accepted();
                    return Ok((caller, reading));
                }
                Ok(_) => wrong.push(admitted),
                Err(error) => {
                    denied = error;
                    break;
                }
            }
        }
        let mut wrong = wrong.into_iter();
        wrong.next().into_iter().for_each(Admitted::rejected);
        wrong.for_each(Admitted::count);
        Err(denied)
    }

    /// Finds the holder of a client's credential. One that was never valid waits for its turn.
    async fn look_up(&self, presented: &str, admitted: &Admitted<'_>) -> Result<Option<Caller>, Denied> {
        let key = self.key(presented);
        if self.may_pass(&key, admitted) {
            return Ok(self.read(key).await?);
        }
        let _turn = self.turn().await?;
        // Another request with it may have been before.
        match self.cached(presented) {
            Some(caller) => Ok(Some(caller)),
            None => Ok(self.read(key).await?),
        }
    }

    async fn read(&self, key: LookupKey) -> Result<Option<Caller>, DatabaseError> {
        if self.is_unknown(&key) {
            return Ok(None);
        }
        let (read_at, epoch) = (Instant::now(), self.epoch.load(Ordering::Acquire));
        let caller = self.stored(&key.digest).await?;
        self.store(key.fingerprint, caller.as_ref(), read_at, epoch);
        Ok(caller)
    }

    /// Reads an entry again before it expires, so that no request waits for that. If it fails, the next request after that tries it.
    fn refresh(&self, key: LookupKey) {
        let cache = self.clone();
        // Its connection counts as that of a request before authentication, as if the request itself looked it up. Boxed, because a
        // task's future is moved several times.
        tokio::spawn(measured(Box::pin(async move { cache.read(key).await })));
    }

    /// The caller with this credential in the database.
    async fn stored(&self, digest: &CredentialDigest) -> Result<Option<Caller>, DatabaseError> {
        let find = self
            .database
            .run(async |connection| store::find(connection, By::Credential(digest), Clock::Real.now()).await);
        Ok(find.await?.map(|mut row| {
            let name = row.credential_name.take().unwrap_or_default();
            let kind = row.credential_kind.unwrap_or_default();
            Caller::new(Arc::new(row.into_tenant()), &name, kind)
        }))
    }

    /// Whether a credential is looked for without waiting: it was valid before, or costs no statement.
    fn may_pass(&self, key: &LookupKey, admitted: &Admitted<'_>) -> bool {
        let is_entry = || self.entries.read().unwrap_or_else(PoisonError::into_inner).contains_key(&key.fingerprint);
        admitted.was_valid || self.is_unknown(key) || is_entry()
    }

    /// Waits until few other credentials are looked for.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, Denied> {
        let turn = timeout(LOOKUP_WAIT, self.lookups.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or(Denied::TooManyLookups)
    }

    fn is_unknown(&self, key: &LookupKey) -> bool {
        let unknown = self.unknown.read().unwrap_or_else(PoisonError::into_inner);
        unknown.get(&key.fingerprint).is_some_and(|read_at| read_at.elapsed() < MAX_AGE)
    }

    fn fingerprint(&self, presented: &str) -> Fingerprint {
        [false, true].map(|half| self.hasher.hash_one((half, presented)))
    }

    fn key(&self, presented: &str) -> LookupKey {
        LookupKey { fingerprint: self.fingerprint(presented), digest: digest(presented) }
    }

    fn cached(&self, presented: &str) -> Option<Caller> {
        let fingerprint = self.fingerprint(presented);
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&fingerprint)?;
        let age = entry.read_at.elapsed();
        if age >= MAX_AGE {
            return None;
        }
        let caller = entry.caller.clone();
        let must_refresh = age >= REFRESH_AGE && !entry.is_refreshed.swap(true, Ordering::Relaxed);
        drop(entries);
        if must_refresh {
            self.refresh(LookupKey { fingerprint, digest: digest(presented) });
        }
        Some(caller)
    }

    fn store(&self, fingerprint: Fingerprint, caller: Option<&Caller>, read_at: Instant, epoch: u64) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let mut unknown = self.unknown.write().unwrap_or_else(PoisonError::into_inner);
        // Under the locks, so that what was read before the cache was cleared does not stay in it.
        if self.epoch.load(Ordering::Acquire) != epoch {
            return;
        }
        match caller {
            None => {
                entries.remove(&fingerprint);
                // Apart from the others, because a client can send any number of them.
                if unknown.len() >= CAPACITY {
                    unknown.clear();
                }
                unknown.insert(fingerprint, read_at);
            }
            Some(caller) => {
                if entries.len() >= CAPACITY {
                    entries.clear();
                }
                let is_refreshed = AtomicBool::new(false);
                entries.insert(fingerprint, CacheEntry { caller: caller.clone(), read_at, is_refreshed });
            }
        }
    }
}

/// `presented` is in the form of [`super::presented`].
fn attempt<'a>(presented: &'a str, kind: CredentialKind, operation: &'a str) -> Attempt<'a> {
    let account = presented.rsplit_once('\0').map(|(account, _)| account).filter(|_| kind.has_account());
    Attempt { kind: kind.name(), account, credential: presented, operation }
}

/// Counts requests in the database, so that limits apply across all servers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Limits {
    database: Database,
}

/// The limit that a request exceeds, with the seconds until it renews, at least one; or that its tenant is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitExceeded {
    RateLimit(u64),
    Quota(u64),
    /// The tenant was deleted.
    TenantDeleted,
}

impl Limits {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Counts a request of a subscription. Returns the limit that it exceeds. A plan without limits costs no statement.
    ///
    /// # Errors
    /// When the plan sets a limit and the database fails.
    pub async fn count_request(
        &self,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Option<LimitExceeded>, DatabaseError> {
        let plan = &caller.tenant.plan;
        if plan.rate_limit.is_none() && plan.quota.is_none() {
            return Ok(None);
        }
        let counted = self.database.run(async |connection| {
            store::count_request(connection, caller.tenant.id, &caller.key_name, plan, now).await
        });
        // Boxed, because it is rare.
        let counted = Box::pin(counted).await?;
        let Some(rejected_by) = counted.rejected_by else { return Ok(None) };
        let left = counted.renewed_at.unwrap_or(now) - now;
        // Rounded up, so that a request after that time is accepted.
        let seconds = u64::try_from((left.num_milliseconds() + 999) / 1000).unwrap_or_default().max(1);
        Ok(Some(match rejected_by.as_str() {
            "unknown_tenant" => LimitExceeded::TenantDeleted,
            "quota" => LimitExceeded::Quota(seconds),
            _ => LimitExceeded::RateLimit(seconds),
        }))
    }
}

/// Counts requests under fault rules. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FaultRules {
    database: Database,
}

impl FaultRules {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Counts a request under the rules for its operation. Returns the fault that it triggers. A tenant without such a rule costs no
    /// statement.
    ///
    /// # Errors
    /// When a rule is active and the database fails.
    pub async fn trigger(&self, tenant: &Tenant, operation: &str) -> Result<Option<TriggeredFault>, DatabaseError> {
        if !tenant.has_faults_for(operation) {
            return Ok(None);
        }
        Box::pin(fault_injection::trigger(&self.database, tenant.id, operation)).await
    }
}
