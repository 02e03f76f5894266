//! From a presented key to its tenant: what every call asks first.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::keys::{KeyDigest, digest};
use super::{Caller, Spent, Tenant, limits, store};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, TenantId};

/// How long an answer is believed. A revoked key is refused by every server once this has passed.
const FRESH: Duration = Duration::from_millis(500);

/// The most keys that are remembered; beyond it, all are asked anew.
const CAPACITY: usize = 10_000;

/// Finds the tenant of a key, asking the database at most twice a second for each.
#[derive(Debug, Clone)]
pub struct Directory {
    database: Database,
    known: Arc<RwLock<HashMap<KeyDigest, Known>>>,
}

#[derive(Debug, Clone)]
struct Known {
    caller: Caller,
    asked: Instant,
}

impl Directory {
    /// The keys in `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database, known: Arc::default() }
    }

    /// Who presents this key; `None` when no tenant has it or it is revoked.
    ///
    /// # Errors
    /// When the database fails and the answer is not known from just now.
    pub async fn caller(&self, presented: &str) -> Result<Option<Caller>, DatabaseError> {
        let digest = digest(presented);
        if let Some(caller) = self.remembered(&digest) {
            return Ok(Some(caller));
        }
        let asked = Instant::now();
        let mut session = self.database.session().await?;
        let row = store::find_key(session.connection(), &digest).await;
        let row = session.end(row)?;
        let caller = row.map(|row| Caller {
            tenant: Arc::new(Tenant {
                id: TenantId(row.tenant_id),
                name: row.tenant,
                plan: row.plan.0,
                clock: Clock,
                extension: row.extension.map(|extension| extension.0),
                events: row.events.map(|events| events.0),
            }),
            key_name: row.key_name.into(),
        });
        self.remember(digest, caller.as_ref(), asked);
        Ok(caller)
    }

    /// A tenant by its number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, DatabaseError> {
        let mut session = self.database.session().await?;
        let row = store::get_tenant(session.connection(), id).await;
        Ok(session.end(row)?.map(|row| row.into_tenant(id)))
    }

    /// Counts a call; names the limit that is spent, if one is.
    ///
    /// # Errors
    /// When the plan sets a limit and the database fails.
    pub async fn count_call(&self, caller: &Caller, now: DateTime<Utc>) -> Result<Option<Spent>, DatabaseError> {
        limits::count(&self.database, caller, now).await
    }

    fn remembered(&self, digest: &KeyDigest) -> Option<Caller> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(digest).filter(|known| known.asked.elapsed() < FRESH).map(|known| known.caller.clone())
    }

    fn remember(&self, digest: KeyDigest, caller: Option<&Caller>, asked: Instant) {
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
