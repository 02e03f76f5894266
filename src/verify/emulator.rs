//! The emulator, as a comparison needs it.

use thiserror::Error;

use super::service::Service;
use crate::plan::Plan;
use crate::vendors::VendorApi;

/// The emulator cannot do what a comparison needs.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct EmulatorError(pub String);

/// Makes forks of a tenant.
pub(crate) trait Emulator {
    /// A new tenant with the data of the compared one, another plan, and a credential of an API.
    async fn fork(&self, api: &VendorApi, plan: &Plan) -> Result<Fork, EmulatorError>;

    /// Deletes a fork.
    async fn delete(&self, fork: Fork) -> Result<(), EmulatorError>;
}

/// A copy of a tenant for one run.
#[derive(Debug)]
pub(crate) struct Fork {
    pub name: String,
    pub service: Service,
}

impl Fork {
    pub(crate) fn service(&mut self) -> &mut Service {
        &mut self.service
    }
}
