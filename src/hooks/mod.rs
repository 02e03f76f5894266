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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_built_in_implementation_runs_the_default_work_with_the_request() {
        let application = Application { associate_id: 7, associate_base_type: 1, ..Application::default() };
        let request = UpdateAssociateBaseTypeRequest { application, associate_id: 7, send_emails: true };
        let answer = HookRegistry
            .invoke::<UpdateAssociateBaseType, String, _>(request.clone(), |given| async move {
                assert_eq!(given, request);
                let back_office_id = "15F97".to_owned();
                let application_response = ApplicationResponse { associate_id: given.associate_id, back_office_id };
                Ok(UpdateAssociateBaseTypeResponse { application_response })
            })
            .await
            .expect("a response");
        assert_eq!(answer.application_response.associate_id, 7);
    }

    #[tokio::test]
    async fn what_the_default_work_fails_with_comes_through() {
        let request =
            UpdateAssociateBaseTypeRequest { application: Application::default(), associate_id: 7, send_emails: false };
        let refused =
            HookRegistry.invoke::<UpdateAssociateBaseType, &str, _>(request, |_| async { Err("refused") }).await;
        assert!(matches!(refused, Err(HookError::Default("refused"))));
    }
}
