//! Which tenant may start how many attempts, so that targets that do not answer leave room for other tenants' deliveries.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::task::{Id, JoinError};

use crate::database::TenantId;

/// Concurrent attempts of one server.
const MAX_ATTEMPTS: usize = 32;

/// Of one tenant.
const MAX_OF_TENANT: usize = MAX_ATTEMPTS / 4;

/// Of one tenant that is not known to be prompt, and of all those tenants together.
const MAX_OF_SLOW_TENANT: usize = 2;
const MAX_OF_SLOW_TENANTS: usize = MAX_ATTEMPTS / 2;

/// An attempt that ends within this time is prompt.
pub(super) const PROMPT: Duration = Duration::from_secs(1);

/// The running attempts by their tenants.
#[derive(Debug, Default)]
pub(super) struct Slots {
    running: HashMap<Id, TenantId>,
    /// The tenants whose last attempt was prompt.
    prompt: HashSet<TenantId>,
}

impl Slots {
    pub(super) fn are_full(&self) -> bool {
        self.running.len() >= MAX_ATTEMPTS
    }

    /// How many attempts a tenant may start now.
    pub(super) fn free(&self, tenant: TenantId) -> usize {
        let of_tenant = self.count(|running| running == tenant);
        let free = MAX_ATTEMPTS.saturating_sub(self.running.len());
        if self.prompt.contains(&tenant) {
            return free.min(MAX_OF_TENANT.saturating_sub(of_tenant));
        }
        let of_slow = self.count(|running| !self.prompt.contains(&running));
        free.min(MAX_OF_SLOW_TENANT.saturating_sub(of_tenant)).min(MAX_OF_SLOW_TENANTS.saturating_sub(of_slow))
    }

    pub(super) fn take(&mut self, tenant: TenantId, attempt: Id) {
        self.running.insert(attempt, tenant);
    }

    /// Counts an attempt out that ended, with whether it was prompt. One that panicked was not.
    pub(super) fn release(&mut self, ended: &Result<(Id, bool), JoinError>) {
        let (attempt, is_prompt) = match ended {
            Ok((attempt, is_prompt)) => (*attempt, *is_prompt),
            Err(error) => {
                tracing::error!(%error, "a delivery attempt was interrupted");
                (error.id(), false)
            }
        };
        let Some(tenant) = self.running.remove(&attempt) else { return };
        if is_prompt {
            self.prompt.insert(tenant);
        } else {
            self.prompt.remove(&tenant);
        }
    }

    /// Forgets tenants that have no subscribers any more.
    pub(super) fn forget_all_but(&mut self, tenants: impl Iterator<Item = TenantId>) {
        let known: HashSet<TenantId> = tenants.collect();
        self.prompt.retain(|tenant| known.contains(tenant));
    }

    fn count(&self, is_counted: impl Fn(TenantId) -> bool) -> usize {
        self.running.values().filter(|tenant| is_counted(**tenant)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids of tasks that ended.
    async fn ids(count: usize) -> Vec<Id> {
        let tasks: Vec<_> = (0..count).map(|_| tokio::spawn(async {})).collect();
        let ids = tasks.iter().map(tokio::task::JoinHandle::id).collect();
        for task in tasks {
            task.await.expect("an end");
        }
        ids
    }

    #[tokio::test]
    async fn a_prompt_tenant_has_a_quarter_and_slow_tenants_half() {
        let mut slots = Slots::default();
        let mut ids = ids(100).await.into_iter();
        let mut fill = |slots: &mut Slots, tenant: i32| {
            let tenant = TenantId(tenant);
            let free = slots.free(tenant);
            (0..free).for_each(|_| slots.take(tenant, ids.next().expect("an id")));
            free
        };
        // Nothing is known of these tenants yet.
        let taken: Vec<usize> = (0..20).map(|tenant| fill(&mut slots, tenant)).collect();
        assert_eq!(taken, [[2; 8].as_slice(), &[0; 12]].concat());
        // The other half is for prompt ones.
        slots.prompt.extend([100, 101, 102].map(TenantId));
        assert_eq!([100, 101, 102].map(|tenant| fill(&mut slots, tenant)), [8, 8, 0]);
        assert!(slots.are_full());
    }

    #[tokio::test]
    async fn the_last_attempt_decides_whether_a_tenant_is_prompt() {
        let mut slots = Slots::default();
        let ids = ids(2).await;
        for (id, is_prompt, free) in [(ids[0], true, 8), (ids[1], false, 2)] {
            slots.take(TenantId(1), id);
            slots.release(&Ok((id, is_prompt)));
            assert_eq!(slots.free(TenantId(1)), free);
        }
        let panicking = tokio::spawn(async { panic!("on purpose") });
        slots.prompt.insert(TenantId(1));
        slots.take(TenantId(1), panicking.id());
        slots.release(&Err(panicking.await.expect_err("a panic")));
        assert_eq!((slots.free(TenantId(1)), slots.running.len()), (2, 0));
    }
}
