//! What every request asks about its caller: the tenant of the presented credential.

mod entries;

use std::borrow::Cow;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::Caller;
use super::credential::{Credential, CredentialDigest, digest};
use super::store::{self, By};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, TenantId, charge, is_of_deleted_tenant, lock_tenant_shared, measured};
use crate::guesses::{Admitted, Attempt, Guesses, TooManyGuesses};
use crate::servers::{Changed, Servers};
use crate::vendor_facts::CredentialKind;
use entries::{Entries, Fingerprint};

/// How long a credential that no tenant has is not looked for again.
const MAX_UNKNOWN_AGE: Duration = Duration::from_millis(500);

/// How many credentials that this server never found are looked for at once: guesses cannot take all database connections.
const LOOKUPS: usize = 2;

/// How long such a credential waits for others. After that it is not looked for.
const LOOKUP_WAIT: Duration = Duration::from_secs(1);

/// Finds the tenant of a credential. It remembers the answer until the tenant changes, at most for [`Servers::max_age`]. Cheap to
/// clone; all clones are one.
#[derive(Debug, Clone)]
pub struct CredentialCache {
    database: Database,
    servers: Servers,
    hasher: RandomState,
    entries: Arc<Entries>,
    lookups: Arc<Semaphore>,
}

/// Who holds a credential, and how long the credential and the tenant last.
struct Holder {
    caller: Caller,
    /// `None` where neither ends.
    lasts: Option<Duration>,
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
    pub fn new(database: Database, servers: Servers) -> Self {
        let entries = Arc::<Entries>::default();
        let changing = Arc::clone(&entries);
        servers.on_change(move |changed| match changed {
            Changed::Tenants(tenants) => changing.forget(tenants),
            Changed::All => changing.clear(),
        });
        Self { database, servers, hasher: RandomState::new(), entries, lookups: Arc::new(Semaphore::new(LOOKUPS)) }
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
            None => Ok(self.stored(&digest(presented)).await?.map(|holder| holder.caller)),
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

    /// Forgets a tenant that this server has changed. The other servers hear of it by [`Servers::raise`].
    pub fn forget(&self, tenant: TenantId) {
        self.entries.forget(&[tenant]);
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
        let question = self.entries.ask();
        let holder = self.stored(&key.digest).await?;
        let Some(Holder { caller, lasts }) = holder else {
            self.entries.store_unknown(key.fingerprint, question);
            return Ok(None);
        };
        self.entries.store(key.fingerprint, &caller, lasts, question);
        Ok(Some(caller))
    }

    /// Reads an entry again before it expires, so that no request waits for that. If it fails, the next request after that tries it.
    fn refresh(&self, key: LookupKey) {
        let cache = self.clone();
        // Its connection counts as that of a request before authentication, as if the request itself looked it up. Boxed, because a
        // task's future is moved several times.
        tokio::spawn(measured(Box::pin(async move { cache.read(key).await })));
    }

    /// The caller with this credential in the database.
    async fn stored(&self, digest: &CredentialDigest) -> Result<Option<Holder>, DatabaseError> {
        let now = Clock::Real.now();
        let is_distributed = self.database.is_distributed();
        let find = self
            .database
            .run(async |connection| store::find(connection, By::Credential(digest), now, is_distributed).await);
        Ok(find.await?.map(|mut row| {
            let name = row.credential_name.take().unwrap_or_default();
            let kind = row.credential_kind.unwrap_or_default();
            let lasts = row.expires_at.map(|expires_at| (expires_at - now).to_std().unwrap_or_default());
            Holder { caller: Caller::new(Arc::new(row.into_tenant()), &name, kind), lasts }
        }))
    }

    /// Whether a credential is looked for without waiting: it was valid before, or costs no statement.
    fn may_pass(&self, key: &LookupKey, admitted: &Admitted<'_>) -> bool {
        admitted.was_valid || self.is_unknown(key) || self.entries.has(&key.fingerprint)
    }

    /// Waits until few other credentials are looked for.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, Denied> {
        let turn = timeout(LOOKUP_WAIT, self.lookups.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or(Denied::TooManyLookups)
    }

    fn is_unknown(&self, key: &LookupKey) -> bool {
        let now = Instant::now();
        self.entries.is_unknown(&key.fingerprint, now, self.servers.max_age(now).min(MAX_UNKNOWN_AGE))
    }

    fn fingerprint(&self, presented: &str) -> Fingerprint {
        [false, true].map(|half| self.hasher.hash_one((half, presented)))
    }

    fn key(&self, presented: &str) -> LookupKey {
        LookupKey { fingerprint: self.fingerprint(presented), digest: digest(presented) }
    }

    fn cached(&self, presented: &str) -> Option<Caller> {
        let (fingerprint, now) = (self.fingerprint(presented), Instant::now());
        let (caller, must_refresh) = self.entries.find(&fingerprint, now, self.servers.max_age(now))?;
        if must_refresh {
            self.refresh(LookupKey { fingerprint, digest: digest(presented) });
        }
        Some(caller)
    }
}

/// `presented` is in the form of [`super::presented`].
fn attempt<'a>(presented: &'a str, kind: CredentialKind, operation: &'a str) -> Attempt<'a> {
    let account = presented.rsplit_once('\0').map(|(account, _)| account).filter(|_| kind.has_account());
    Attempt { kind: kind.name(), account, credential: presented, operation }
}
