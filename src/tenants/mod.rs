//! Tenants: what a subscription key opens.

mod directory;
mod integration;
mod keys;
mod limits;
mod seed;
mod store;

use std::sync::Arc;

use crate::clock::Clock;
use crate::database::TenantId;
use crate::events::EventSettings;
use crate::hooks::Extension;
use crate::plan::Plan;
use limits::CallLimits;

pub use directory::Directory;
pub use integration::{Integration, IntegrationError, connect_tenant, read_integration};
pub use keys::{KeyError, KeyListing, KeySlot, SubscriptionKey, add_key, list_keys, revoke_key, rotate_key};
pub use limits::Spent;
pub use seed::{DEMO_KEY, DEMO_SEED, SeedError, SeedFile, Seeded, load_seed, read_seed};
pub use store::{find_tenant_by_name, is_empty};

/// A tenant, as a call under one of its keys sees it.
#[derive(Debug)]
pub struct Tenant {
    /// Its number.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Its rules.
    pub plan: Plan,
    /// Its time.
    pub clock: Clock,
    /// Where its hooks are answered, if it has a Client Extension.
    pub extension: Option<Extension>,
    /// Who hears of its events, if anybody does.
    pub events: Option<EventSettings>,
}

/// A key that was accepted: the tenant that it opens and its name.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The tenant.
    pub tenant: Arc<Tenant>,
    /// The name of the subscription, never the key.
    pub key_name: Arc<str>,
}
