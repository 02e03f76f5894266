//! Query parameters, as WCF reads them.

use uuid::Uuid;

use super::error::{ErrorCode, StormError};
use crate::gateway::ApiRequest;
use crate::secret::Password;

pub(super) fn integer(request: &ApiRequest<'_>, name: &str) -> Result<Option<i32>, StormError> {
    let read = |text: String| text.trim().parse().map_err(|_| no_integer(name));
    request.query_parameter(name).map(read).transpose()
}

pub(super) fn guid(request: &ApiRequest<'_>, name: &str) -> Result<Option<Uuid>, StormError> {
    let read = |text: String| text.trim().parse().map_err(|_| no_guid(name));
    request.query_parameter(name).map(read).transpose()
}

pub(super) fn no_integer(name: &str) -> StormError {
    StormError::Unreadable(format!("The parameter {name} must be an integer."))
}

pub(super) fn no_guid(name: &str) -> StormError {
    StormError::Unreadable(format!("The parameter {name} must be a Guid."))
}

/// The id of the account that writes; any number is accepted ("Pass 1 for the default account.", Norce, UpdateCustomer page).
pub(super) fn updated_by(request: &ApiRequest<'_>) -> Result<i32, StormError> {
    integer(request, "updatedBy")?.ok_or_else(|| ErrorCode::UpdatedByMissing.into())
}

pub(super) fn password(request: &ApiRequest<'_>) -> Option<Password> {
    request.query_parameter("password").map(Password::new)
}

/// The parameters that were sent and have no effect: the emulator sends no mail.
pub(super) fn ignored(request: &ApiRequest<'_>) -> Vec<String> {
    request.query_parameter("doSendMail").map(|_| "doSendMail".to_owned()).into_iter().collect()
}
