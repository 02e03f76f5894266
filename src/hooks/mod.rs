//! Hooks: named points at which a tenant's Client Extension may change, follow or replace what the vendor does.
//!
//! One mechanism for every hook id. What the vendor itself would do, the default work, comes in as a closure that takes
//! the request, so that an extension can hand it an altered one or never run it. This floor knows no customers.

mod application;

use thiserror::Error;

pub use application::{Application, ApplicationAddress, ApplicationResponse};

/// A hook: its id and the two sides of its call.
pub trait Hook {
    /// The vendor's id (the property path in its hook collection).
    const ID: &'static str;
    /// What the hook is asked.
    type Request;
    /// What it answers.
    type Response;
}

/// "This call goes through the hook `Associates.Enrollment.UpdateAssociateBaseType`, in the Client Extension"
/// (DirectScale, Upgrade Customer page).
#[derive(Debug)]
pub enum UpdateAssociateBaseType {}

impl Hook for UpdateAssociateBaseType {
    const ID: &'static str = "Associates.Enrollment.UpdateAssociateBaseType";
    type Request = UpdateAssociateBaseTypeRequest;
    type Response = UpdateAssociateBaseTypeResponse;
}

/// The request of [`UpdateAssociateBaseType`].
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateAssociateBaseTypeRequest {
    /// What the customer is to become.
    pub application: Application,
    /// The customer.
    pub associate_id: i32,
    /// Whether mail may be sent.
    pub send_emails: bool,
}

/// The response of [`UpdateAssociateBaseType`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateAssociateBaseTypeResponse {
    /// What became of the customer.
    pub application_response: ApplicationResponse,
}

/// Why a hook did not end well. `E` is what the default work fails with.
#[derive(Debug, Error)]
pub enum HookError<E> {
    /// The default work failed or refused.
    #[error(transparent)]
    Default(E),
}

/// Who answers a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Implementation {
    /// The vendor's own behaviour: the default work and nothing else.
    BuiltIn,
}

/// Which implementation answers which hook.
#[derive(Debug, Clone, Default)]
pub struct HookRegistry;

impl HookRegistry {
    /// Who answers `H`.
    #[must_use]
    #[expect(clippy::unused_self, reason = "an extension is found here once one can be configured")]
    pub fn implementation<H: Hook>(&self) -> Implementation {
        Implementation::BuiltIn
    }

    /// Runs the hook `H`: its implementation, which runs `default` or not.
    ///
    /// # Errors
    /// What `default` fails with.
    pub async fn invoke<H: Hook, E, F: Future<Output = Result<H::Response, E>>>(
        &self,
        request: H::Request,
        default: impl FnOnce(H::Request) -> F,
    ) -> Result<H::Response, HookError<E>> {
        match self.implementation::<H>() {
            Implementation::BuiltIn => default(request).await.map_err(HookError::Default),
        }
    }
}
