//! Parameters of the query, as WCF reads them.

use uuid::Uuid;

use super::problem::Problem;
use super::rejected::Key;
use crate::gateway::ApiRequest;
use crate::secret::Password;

/// An integer, if one was sent.
pub(super) fn integer(request: &ApiRequest<'_>, name: &str) -> Result<Option<i32>, Problem> {
    let read = |text: String| {
        text.trim().parse().map_err(|_| Problem::Unreadable(format!("The parameter {name} must be an integer.")))
    };
    request.query_parameter(name).map(read).transpose()
}

/// A Guid, if one was sent.
pub(super) fn guid(request: &ApiRequest<'_>, name: &str) -> Result<Option<Uuid>, Problem> {
    let read = |text: String| {
        text.trim().parse().map_err(|_| Problem::Unreadable(format!("The parameter {name} must be a Guid.")))
    };
    request.query_parameter(name).map(read).transpose()
}

/// Who writes: an account's id, whichever ("Pass 1 for the default account.", Norce, UpdateCustomer page).
pub(super) fn updated_by(request: &ApiRequest<'_>) -> Result<i32, Problem> {
    integer(request, "updatedBy")?.ok_or_else(|| Key::UpdatedByMissing.into())
}

/// The password that a call sets.
pub(super) fn password(request: &ApiRequest<'_>) -> Option<Password> {
    request.query_parameter("password").map(Password::new)
}

/// The parameters that were sent and do not count: no mail is ever sent.
pub(super) fn ignored(request: &ApiRequest<'_>) -> Vec<String> {
    request.query_parameter("doSendMail").map(|_| "doSendMail".to_owned()).into_iter().collect()
}
