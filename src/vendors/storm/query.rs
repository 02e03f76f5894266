//! Query parameters, as WCF reads them.

use uuid::Uuid;

use super::error::{ErrorCode, StormError};
use crate::gateway::Call;
use crate::secret::Password;

pub(super) fn integer(call: &Call, name: &str) -> Result<Option<i32>, StormError> {
    let read = |text: String| {
        text.trim().parse().map_err(|_| StormError::Unreadable(format!("The parameter {name} must be an integer.")))
    };
    call.query_parameter(name).map(read).transpose()
}

pub(super) fn guid(call: &Call, name: &str) -> Result<Option<Uuid>, StormError> {
    let read = |text: String| {
        text.trim().parse().map_err(|_| StormError::Unreadable(format!("The parameter {name} must be a Guid.")))
    };
    call.query_parameter(name).map(read).transpose()
}

/// The id of the account that writes; any number is accepted ("Pass 1 for the default account.", Norce, UpdateCustomer page).
pub(super) fn updated_by(call: &Call) -> Result<i32, StormError> {
    integer(call, "updatedBy")?.ok_or_else(|| ErrorCode::UpdatedByMissing.into())
}

pub(super) fn password(call: &Call) -> Option<Password> {
    call.query_parameter("password").map(Password::new)
}

/// The parameters that were sent and do not count: the emulator sends no mail.
pub(super) fn ignored(call: &Call) -> Vec<String> {
    call.query_parameter("doSendMail").map(|_| "doSendMail".to_owned()).into_iter().collect()
}
