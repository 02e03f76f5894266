//! The bodies of rejections.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use super::rejected::{Key, Rejected};
use super::wire::{dates, json};

/// The violation detail that every operation declares (vendor's WSDL, `ErrorMessage_v2`), in its members' order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = StormErrorMessage)]
pub(super) struct ErrorMessage {
    message_id: i32,
    message: String,
    orchestration: Option<String>,
    time_stamp: String,
    record: Option<String>,
    messages: Vec<Message>,
}

/// An entry of a dictionary, as the framework writes one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = StormMessage)]
struct Message {
    #[schema(value_type = String)]
    key: Key,
    value: String,
}

/// The body of a 401, whose shape is not public.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = StormProblem)]
pub(super) struct Unauthorized<'a> {
    message: &'a str,
}

impl ErrorMessage {
    /// All that was rejected, by key in the order of the keys.
    pub(super) fn of(mut rejected: Vec<Rejected>, now: DateTime<Utc>, zone: Tz) -> Self {
        // Stable: texts of one key stay in the order in which they were found.
        rejected.sort_by_key(|rejected| rejected.key);
        let texts: Vec<&str> = rejected.iter().map(|rejected| rejected.text.as_str()).collect();
        let message = texts.join(" ");
        let messages = rejected
            .chunk_by(|one, next| one.key == next.key)
            .map(|same| {
                let texts: Vec<&str> = same.iter().map(|rejected| rejected.text.as_str()).collect();
                Message { key: same[0].key, value: texts.join(" ") }
            })
            .collect();
        let time_stamp = dates::format(now, zone);
        Self { message_id: 0, message, orchestration: None, time_stamp, record: None, messages }
    }

    /// A failure that is not the caller's (500): nothing of it is told.
    pub(super) fn internal(now: DateTime<Utc>, zone: Tz) -> Self {
        Self::said("An internal error occurred.".to_owned(), now, zone)
    }

    /// A message without a key.
    pub(super) fn said(message: String, now: DateTime<Utc>, zone: Tz) -> Self {
        Self {
            message_id: 0,
            message,
            orchestration: None,
            time_stamp: dates::format(now, zone),
            record: None,
            messages: Vec::new(),
        }
    }

    /// Its JSON.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(self)
    }
}

/// The JSON of a 401.
pub(super) fn unauthorized(message: &str) -> Vec<u8> {
    json::to_bytes(&Unauthorized { message })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(rejected: Vec<Rejected>) -> String {
        let now = "2024-01-02T01:04:05.678Z".parse().expect("a time");
        let message = ErrorMessage::of(rejected, now, Tz::Europe__Stockholm);
        String::from_utf8(message.to_bytes()).expect("UTF-8")
    }

    #[test]
    fn an_error_is_written_as_the_framework_writes_it() {
        let expected = concat!(
            r#"{"MessageId":0,"Message":"There already exists a customer with the specified email.","#,
            r#""Orchestration":null,"TimeStamp":"\/Date(1704157445678+0100)\/","Record":null,"#,
            r#""Messages":[{"Key":"CustomerAlreadyExists","#,
            r#""Value":"There already exists a customer with the specified email."}]}"#,
        );
        assert_eq!(bytes(vec![Key::CustomerAlreadyExists.into()]), expected);
    }

    #[test]
    fn a_key_stands_once_with_all_its_texts() {
        let rejected = vec![
            Rejected::new(Key::InvalidLength, "B."),
            Rejected::new(Key::InvalidEmail, "E."),
            Rejected::new(Key::InvalidLength, "A/C."),
        ];
        let text = bytes(rejected);
        assert!(text.contains(r#""Message":"E. B. A\/C.""#), "{text}");
        let messages = r#"[{"Key":"InvalidEmail","Value":"E."},{"Key":"InvalidLength","Value":"B. A\/C."}]"#;
        assert!(text.contains(messages), "{text}");
    }

    #[test]
    fn a_caller_without_a_key_reads_why() {
        assert_eq!(unauthorized("a/b"), br#"{"Message":"a\/b"}"#);
    }
}
