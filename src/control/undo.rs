//! States of small tenants, to go back to before a request. It is off until somebody switches it on for a tenant. Then a task follows
//! the tenant's journal and saves a snapshot after requests that changed something, so that no request waits for it. The states belong
//! to this server, and are deleted when the switch is turned off. After a restart it is off.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::error::ControlError;
use super::journal::journal;
use crate::clock::Clock;
use crate::database::TenantId;
use crate::journal::{Filter, Listener};
use crate::tenants::{TenantError, Tenants};

/// The names of these snapshots begin with it.
const PREFIX: &str = "undo-";

/// The maximum number of kept states of a tenant. The oldest is deleted.
pub(super) const MAX_STATES: usize = 10;

/// The maximum number of tenants whose states are kept.
pub(super) const MAX_TENANTS: usize = 20;

/// The highest customer id of a tenant whose states are kept.
pub(super) const MAX_CUSTOMER: i32 = 1_000;

/// Requests that follow each other within this time share a state.
const PAUSE: Duration = Duration::from_millis(100);

/// The tenants whose states are kept.
#[derive(Debug, Default)]
pub(super) struct Undo(Arc<Mutex<HashMap<TenantId, Kept>>>);

/// The states of one tenant.
#[derive(Debug)]
struct Kept {
    /// The oldest first.
    states: VecDeque<State>,
    /// Requests that arrived in these times are undone: from the saving of a state to going back to it. At most one for each state.
    undone: Vec<Range<DateTime<Utc>>>,
    task: AbortHandle,
    /// Changes each time that the switch is turned on.
    run: Uuid,
}

/// A saved state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub snapshot: String,
    /// When it was complete: no request that arrived later is in it.
    pub saved_at: DateTime<Utc>,
}

impl Undo {
    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_on(&self, tenant: TenantId) -> bool {
        self.lock().contains_key(&tenant)
    }

    /// The latest state that has no request that arrived at this time or later; `None` also if such a request is undone.
    pub(super) fn state_before(&self, tenant: TenantId, received_at: DateTime<Utc>) -> Option<State> {
        let kept = self.lock();
        let kept = kept.get(&tenant)?;
        if kept.is_undone(received_at) {
            return None;
        }
        kept.states.iter().rfind(|state| state.saved_at <= received_at).cloned()
    }

    /// Whether the data went back to before a request that arrived at this time.
    pub(super) fn is_undone(&self, tenant: TenantId, received_at: DateTime<Utc>) -> bool {
        self.lock().get(&tenant).is_some_and(|kept| kept.is_undone(received_at))
    }

    /// Deletes the states that are later than the one to which the data went back, which began at this time.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn went_back(
        &self,
        tenants: &Tenants,
        tenant: TenantId,
        name: &str,
        to: &State,
        begun_at: DateTime<Utc>,
    ) -> Result<(), ControlError> {
        let later = match self.lock().get_mut(&tenant) {
            Some(kept) => kept.go_back(to.saved_at, begun_at),
            None => VecDeque::new(),
        };
        delete(tenants, name, later).await
    }

    /// Begins to keep states: the first one is saved when this returns.
    ///
    /// # Errors
    /// `Bad` for a large tenant and for one tenant too many, `NotFound` when the journal is off, or when the first state cannot be saved.
    pub(super) async fn turn_on(&self, tenants: &Tenants, tenant: TenantId, name: &str) -> Result<(), ControlError> {
        if self.is_on(tenant) {
            return Ok(());
        }
        check_size(tenants, name).await?;
        let listener = journal(tenants)?.listen(Some(tenant)).await?;
        // Those of an earlier run of the server.
        for left in tenants.snapshots(name).await?.into_iter().filter(|snapshot| is_state(&snapshot.name)) {
            tenants.delete_snapshot(name, &left.name).await?;
        }
        let first = save(tenants, name).await?;
        if !self.begin(tenants, tenant, name, &first, listener) {
            tenants.delete_snapshot(name, &first.snapshot).await?;
            let why = format!("states of at most {MAX_TENANTS} tenants are kept: turn another one off");
            return Err(ControlError::Bad(why));
        }
        Ok(())
    }

    /// Follows a tenant's journal from its first state on. False for one tenant too many.
    fn begin(&self, tenants: &Tenants, tenant: TenantId, name: &str, first: &State, listener: Listener) -> bool {
        let mut kept = self.lock();
        if kept.len() >= MAX_TENANTS && !kept.contains_key(&tenant) {
            return false;
        }
        let undo = Self(Arc::clone(&self.0));
        let run = tenants.random.uuid();
        let keeper = Arc::new(Keeper { tenants: tenants.clone(), tenant, name: name.to_owned(), undo, run });
        let task = tokio::spawn(keeper.follow(listener)).abort_handle();
        if let Some(before) =
            kept.insert(tenant, Kept { states: VecDeque::from([first.clone()]), undone: Vec::new(), task, run })
        {
            before.task.abort();
        }
        true
    }

    /// Stops, and deletes the states.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn turn_off(&self, tenants: &Tenants, tenant: TenantId, name: &str) -> Result<(), ControlError> {
        let Some(kept) = self.lock().remove(&tenant) else { return Ok(()) };
        kept.task.abort();
        delete(tenants, name, kept.states).await
    }
}

impl Kept {
    fn is_undone(&self, received_at: DateTime<Utc>) -> bool {
        self.undone.iter().any(|times| times.contains(&received_at))
    }

    /// Goes back to the state that was saved at this time. Returns the later ones.
    fn go_back(&mut self, saved_at: DateTime<Utc>, begun_at: DateTime<Utc>) -> VecDeque<State> {
        let oldest = self.states.front().map_or(saved_at, |state| state.saved_at);
        self.undone.retain(|times| times.start < saved_at && times.end > oldest);
        self.undone.push(saved_at..begun_at);
        let first = self.states.partition_point(|state| state.saved_at <= saved_at);
        self.states.split_off(first)
    }
}

/// Saves the states of one tenant.
struct Keeper {
    tenants: Tenants,
    tenant: TenantId,
    name: String,
    undo: Undo,
    run: Uuid,
}

impl Keeper {
    /// Runs until the switch is turned off, the tenant is deleted or too large, the states cannot be saved, or the server stops.
    async fn follow(self: Arc<Self>, mut listener: Listener) {
        while Self::changed(&mut listener).await {
            tokio::time::sleep(PAUSE).await;
            // In a task of its own, which deletes what it saved if the switch was turned off in the meantime.
            let kept = tokio::spawn(Arc::clone(&self).keep()).await;
            if let Ok(Err(error)) = &kept {
                tracing::info!(error = %error, "the states of a tenant are no longer kept");
            }
            if !matches!(kept, Ok(Ok(()))) {
                break;
            }
        }
        let kept = {
            let mut kept = self.undo.lock();
            let is_own = kept.get(&self.tenant).is_some_and(|kept| kept.run == self.run);
            if is_own { kept.remove(&self.tenant) } else { None }
        };
        // Those of a deleted tenant are gone.
        let _ = delete(&self.tenants, &self.name, kept.map(|kept| kept.states).unwrap_or_default()).await;
    }

    /// Waits for a request that changed something. False when the server stops.
    async fn changed(listener: &mut Listener) -> bool {
        let filter = Filter::default();
        loop {
            match listener.next(&filter).await {
                Some(entry) if entry.changes.is_empty() || entry.is_dry_run => {}
                Some(_) => return true,
                None => return false,
            }
        }
    }

    async fn keep(self: Arc<Self>) -> Result<(), ControlError> {
        check_size(&self.tenants, &self.name).await?;
        let state = save(&self.tenants, &self.name).await?;
        if let Some(unused) = self.add(state) {
            delete(&self.tenants, &self.name, [unused]).await?;
        }
        Ok(())
    }

    /// Adds a state. Returns the one that is to be deleted: the oldest, or this one if the switch was turned off.
    fn add(&self, state: State) -> Option<State> {
        let mut kept = self.undo.lock();
        match kept.get_mut(&self.tenant).filter(|kept| kept.run == self.run) {
            Some(kept) => {
                kept.states.push_back(state);
                if kept.states.len() > MAX_STATES { kept.states.pop_front() } else { None }
            }
            None => Some(state),
        }
    }
}

async fn check_size(tenants: &Tenants, name: &str) -> Result<(), ControlError> {
    let listing = tenants.listing(name).await?;
    if listing.is_some_and(|listing| listing.last_customer_id <= MAX_CUSTOMER) {
        return Ok(());
    }
    Err(ControlError::Bad(format!("states are kept only of tenants whose customers have ids up to {MAX_CUSTOMER}")))
}

/// Whether a snapshot has the name of a state.
fn is_state(snapshot: &str) -> bool {
    snapshot.strip_prefix(PREFIX).is_some_and(|rest| Uuid::parse_str(rest).is_ok())
}

/// Deletes the snapshots of states, apart from those that somebody deleted in the meantime.
async fn delete(tenants: &Tenants, name: &str, states: impl IntoIterator<Item = State>) -> Result<(), ControlError> {
    for state in states {
        match tenants.delete_snapshot(name, &state.snapshot).await {
            Ok(()) | Err(TenantError::UnknownSnapshot { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Saves the data as it is now.
async fn save(tenants: &Tenants, name: &str) -> Result<State, ControlError> {
    let snapshot = format!("{PREFIX}{}", tenants.random.uuid());
    tenants.save(name, &snapshot, false).end.await.map_err(|_| ControlError::Interrupted)??;
    Ok(State { snapshot, saved_at: Clock::Real.now() })
}
