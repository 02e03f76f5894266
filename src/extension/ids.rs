//! The hooks that this emulator calls, with their requests and responses (vendor's C# reference).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::application::{Application, ApplicationResponse};
use super::associate::Associate;

/// A hook with its request and response.
pub trait Hook {
    /// The vendor's id (the property path in its hook collection).
    const ID: &'static str;
    type Request: Serialize + DeserializeOwned + Default;
    type Response: Serialize + DeserializeOwned + Default;
}

macro_rules! hooks {
    ($($(#[$doc:meta])* $name:ident = $id:literal: $request:ty => $response:ty),* $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub enum $name {}

            impl Hook for $name {
                const ID: &'static str = $id;
                type Request = $request;
                type Response = $response;
            }
        )*

        /// The ids of all hooks that this emulator calls.
        pub const HOOKS: &[&str] = &[$($id),*];
    };
}

hooks! {
    /// "This call goes through the hook `Associates.Enrollment.UpdateAssociateBaseType`, in the Client Extension"
    /// (DirectScale, Upgrade Customer page).
    UpdateAssociateBaseType = "Associates.Enrollment.UpdateAssociateBaseType":
        UpdateAssociateBaseTypeRequest => EnrollmentResponse,
    /// Checks an application, before anything is written.
    ValidateApplication = "Associates.Enrollment.ValidateApplication": ValidateApplicationRequest => NoResponse,
    WriteApplication = "Associates.Enrollment.WriteApplication": WriteApplicationRequest => EnrollmentResponse,
    /// Whether an e-mail address is available.
    IsEmailAvailable = "Associates.Enrollment.IsEmailAvailable": IsEmailAvailableRequest => IsEmailAvailableResponse,
    /// Whether a tax id is available.
    IsTaxIdAvailable = "Associates.Enrollment.IsTaxIdAvailable": IsTaxIdAvailableRequest => IsTaxIdAvailableResponse,
    /// Generates the BackOfficeId of a new customer.
    GetNewBackOfficeId = "Associates.Enrollment.GetNewBackOfficeId": GetNewBackOfficeIdRequest => GetNewBackOfficeIdResponse,
    UpdateAssociate = "Associates.UpdateAssociate": UpdateAssociateRequest => NoResponse,
}

/// The request of [`UpdateAssociateBaseType`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateAssociateBaseTypeRequest {
    /// The fields that the customer gets.
    pub application: Application,
    pub associate_id: i32,
    /// Whether mail may be sent.
    pub send_emails: bool,
}

/// The request of [`ValidateApplication`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ValidateApplicationRequest {
    pub application: Application,
}

/// The request of [`WriteApplication`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct WriteApplicationRequest {
    pub application: Application,
    /// Whether mail may be sent.
    pub send_emails: bool,
}

/// The response of the hooks that write an application.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct EnrollmentResponse {
    pub application_response: ApplicationResponse,
}

/// The empty response of a hook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoResponse {}

/// The request of [`IsEmailAvailable`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct IsEmailAvailableRequest {
    pub email_address: Option<String>,
}

/// The response of [`IsEmailAvailable`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct IsEmailAvailableResponse {
    /// False when the answer does not have it.
    pub is_available: bool,
}

/// The request of [`IsTaxIdAvailable`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct IsTaxIdAvailableRequest {
    pub tax_id: Option<String>,
}

/// The response of [`IsTaxIdAvailable`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct IsTaxIdAvailableResponse {
    /// False when the answer does not have it.
    pub available: bool,
}

/// The request of [`GetNewBackOfficeId`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetNewBackOfficeIdRequest {
    /// The type of the new customer.
    pub associate_base_type: i32,
    /// The id of the new customer.
    pub associate_id: i32,
    /// The enroller; 0 if there is none.
    pub enroller_id: i32,
}

/// The response of [`GetNewBackOfficeId`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetNewBackOfficeIdResponse {
    /// Without it the plan's own rule generates the BackOfficeId.
    pub back_office_id: Option<String>,
}

/// The request of [`UpdateAssociate`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct UpdateAssociateRequest {
    /// The customer before the update.
    pub old_associate_info: Associate,
    /// The customer after the update.
    pub updated_associate_info: Associate,
}
