//! An error on its way between the platform and an extension (vendor's example extension, `DiscoRemoteException`).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wire::any_case;

/// The object that carries an error, under a member of its own name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DiscoRemoteException {
    /// The first eight characters of a GUID.
    pub error_id: String,
    /// What went wrong. On the first hop it ends with the id and where it happened.
    pub error_message: Option<String>,
    pub remote_stack_trace: Vec<String>,
    /// Always null: the emulator does not show its own stack.
    pub internal_stack_trace: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Carrier {
    disco_remote_exception: DiscoRemoteException,
}

impl DiscoRemoteException {
    /// An error of this server: `SSN required (Error Id: 1234abcd from Disco call: validateApplicationUnhooked)`.
    #[must_use]
    pub fn first_hop(error_id: &str, message: &str, method: &str) -> Self {
        let place = format!("(Error Id: {error_id} from Disco call: {method})");
        Self {
            error_id: error_id.to_owned(),
            error_message: Some(format!("{message} {place}")),
            remote_stack_trace: vec![place],
            internal_stack_trace: None,
        }
    }

    /// The bytes of the carrier object.
    ///
    /// # Panics
    /// Never: this is plain data.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let carrier = Carrier { disco_remote_exception: self.clone() };
        serde_json::to_vec(&carrier).expect("invariant: plain data is JSON")
    }

    /// The message of the error in an answer; empty if the error cannot be read. `None` if there is no error.
    pub(super) fn in_answer(answer: &Value) -> Option<String> {
        let members = answer.as_object()?;
        members.iter().find(|(name, error)| name.eq_ignore_ascii_case("DiscoRemoteException") && !error.is_null())?;
        let read = any_case::read::<Carrier>(answer.clone()).ok();
        Some(read.and_then(|carrier| carrier.disco_remote_exception.error_message).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_is_read_as_it_is_written() {
        let error = DiscoRemoteException::first_hop("1234abcd", "SSN required", "ValidateApplication");
        let json: Value = serde_json::from_slice(&error.to_json()).expect("JSON");
        let text = "SSN required (Error Id: 1234abcd from Disco call: ValidateApplication)";
        assert_eq!(json["DiscoRemoteException"]["ErrorMessage"], text);
        assert_eq!(DiscoRemoteException::in_answer(&json), error.error_message);
        let camel = json!({ "discoRemoteException": { "errorMessage": "no" } });
        assert_eq!(DiscoRemoteException::in_answer(&camel), Some("no".to_owned()));
        let odd = json!({ "DiscoRemoteException": { "ErrorId": 1234, "ErrorMessage": "no" } });
        assert_eq!(DiscoRemoteException::in_answer(&odd), Some("no".to_owned()));
        let unreadable = json!({ "DiscoRemoteException": { "ErrorId": "1", "ErrorMessage": ["no"] } });
        assert_eq!(DiscoRemoteException::in_answer(&unreadable), Some(String::new()));
        for none in [json!({ "ErrorMessage": "no" }), json!({ "DiscoRemoteException": null })] {
            assert_eq!(DiscoRemoteException::in_answer(&none), None);
        }
    }
}
