//! Parameters of the query, as WCF reads them.

use uuid::Uuid;

use super::problem::Problem;
use super::rejected::Key;
use crate::gateway::Call;
use crate::secret::Password;

/// An integer, if one was sent.
pub(super) fn integer(call: &Call, name: &str) -> Result<Option<i32>, Problem> {
    let read = |text: String| {
        text.trim().parse().map_err(|_| Problem::Unreadable(format!("The parameter {name} must be an integer.")))
    };
    call.query_parameter(name).map(read).transpose()
}

/// A Guid, if one was sent.
pub(super) fn guid(call: &Call, name: &str) -> Result<Option<Uuid>, Problem> {
    let read = |text: String| {
        text.trim().parse().map_err(|_| Problem::Unreadable(format!("The parameter {name} must be a Guid.")))
    };
    call.query_parameter(name).map(read).transpose()
}

/// Who writes: an account's id, whichever ("Pass 1 for the default account.", Norce, UpdateCustomer page).
pub(super) fn updated_by(call: &Call) -> Result<i32, Problem> {
    integer(call, "updatedBy")?.ok_or_else(|| Key::UpdatedByMissing.into())
}

/// The password that a call sets.
pub(super) fn password(call: &Call) -> Option<Password> {
    call.query_parameter("password").map(Password::new)
}

/// The parameters that were sent and do not count: no mail is ever sent.
pub(super) fn ignored(call: &Call) -> Vec<String> {
    call.query_parameter("doSendMail").map(|_| "doSendMail".to_owned()).into_iter().collect()
}
