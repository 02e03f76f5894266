//! The state that all requests share.

use std::sync::{Arc, OnceLock};

use super::body_memory::BodyMemory;
use crate::customers::Customers;
use crate::journal::Journal;
use crate::random::Random;
use crate::tenants::{CredentialCache, FaultRules, Limits, TenantLoader};

#[derive(Debug, Clone)]
pub struct Services {
    pub credentials: CredentialCache,
    pub limits: Limits,
    pub fault_rules: FaultRules,
    pub tenants: TenantLoader,
    pub customers: Customers,
}

/// Options of all responses, which no plan changes.
#[derive(Debug, Clone, Copy)]
pub struct ResponseOptions {
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Whether responses have additions that the vendor's do not have: `X-Emulator-*` headers and the list of violations.
    pub extra_headers: bool,
}

/// The state that all vendor APIs share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GatewayState {
    pub options: ResponseOptions,
    /// Set once the database is open, migrated and seeded; until then requests are rejected with 500.
    pub services: Arc<OnceLock<Services>>,
    pub body_memory: BodyMemory,
    pub random: Arc<Random>,
    pub journal: Journal,
}

#[derive(Debug)]
pub(crate) struct VendorState<V> {
    pub vendor: V,
    pub gateway: GatewayState,
}
