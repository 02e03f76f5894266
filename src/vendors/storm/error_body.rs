//! The responses to requests that fail: the service's JSON, and the framework's pages for requests that reach no operation.

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ErrorCode, Rejection, StormError};
use super::wire::json;
use crate::customers;
use crate::database::to_be_logged;
use crate::error_chain::ErrorChain;
use crate::gateway::{GatewayRejection, KeyProblem, RequestContext, typed};
use crate::journal::Reason;

/// The fault detail that every operation declares (vendor's WSDL, `ErrorMessage_v2`), its members in the order of the WSDL.
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
    key: ErrorCode,
    value: String,
}

/// The body of a 401, whose shape is not public.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = StormProblem)]
pub(super) struct Unauthorized<'a> {
    message: &'a str,
}

impl StormError {
    /// The response and every reason for the journal, or the gateway's rejection where the emulator itself failed.
    pub(super) fn response(
        self,
        about: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection> {
        match self {
            Self::Unreadable(why) => Ok(unreadable(StatusCode::BAD_REQUEST, "unreadable", why)),
            Self::UnsupportedEncoding(why) => {
                Ok(unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE, "contentEncoding", why))
            }
            Self::Rejected(rejections) => {
                let reasons = rejections.iter().map(reason).collect();
                Ok((rejected(StatusCode::BAD_REQUEST, rejections, about), reasons))
            }
            Self::Customers(customers::Error::UnknownTenant) => Err(GatewayRejection::InvalidKey(KeyProblem::Unknown)),
            Self::Customers(error) => {
                if let Some(left_out) = to_be_logged(&error) {
                    tracing::error!(error = %ErrorChain(&error), request.id = %about.request_id, left_out, "the back end failed");
                }
                Err(GatewayRejection::BackEndFailed(about.request_id))
            }
        }
    }
}

fn reason(rejection: &Rejection) -> Reason {
    Reason { field: "$".to_owned(), rule: rejection.code.name(), message: rejection.text.clone() }
}

/// The framework's page for a request that it cannot read.
fn unreadable(status: StatusCode, rule: &str, why: String) -> (Response<Bytes>, Vec<Reason>) {
    let response = html_response(status, request_error(&why));
    (response, vec![Reason { field: "$".to_owned(), rule: rule.to_owned(), message: why }])
}

/// An `ErrorMessage` with all rejections.
pub(super) fn rejected(status: StatusCode, rejections: Vec<Rejection>, about: &RequestContext<'_>) -> Response<Bytes> {
    let body = ErrorMessage::of(rejections, about.now(), about.plan().storm.time_zone);
    json_response(status, body.to_bytes())
}

pub(super) fn json_response(status: StatusCode, body: Vec<u8>) -> Response<Bytes> {
    typed(status, HeaderValue::from_static(json::CONTENT_TYPE), body)
}

/// A response with one of the framework's pages.
pub(super) fn html_response(status: StatusCode, page: String) -> Response<Bytes> {
    typed(status, HeaderValue::from_static("text/html; charset=UTF-8"), page.into_bytes())
}

impl ErrorMessage {
    /// The texts of each code together, in the order of the codes.
    fn of(mut rejections: Vec<Rejection>, now: DateTime<Utc>, zone: Tz) -> Self {
        // Stable: texts of one code stay in the order in which they were found.
        rejections.sort_by_key(|rejection| rejection.code);
        let messages = rejections
            .chunk_by(|one, next| one.code == next.code)
            .map(|same| Message { key: same[0].code, value: joined(same) })
            .collect();
        Self { messages, ..Self::without_code(joined(&rejections), now, zone) }
    }

    /// An internal error (500), without its cause.
    pub(super) fn internal(now: DateTime<Utc>, zone: Tz) -> Self {
        Self::without_code("An internal error occurred.".to_owned(), now, zone)
    }

    /// A message that has no error code.
    pub(super) fn without_code(message: String, now: DateTime<Utc>, zone: Tz) -> Self {
        Self {
            message_id: 0,
            message,
            orchestration: None,
            time_stamp: json::format_date(now, zone),
            record: None,
            messages: Vec::new(),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(self)
    }
}

fn joined(rejections: &[Rejection]) -> String {
    let texts: Vec<&str> = rejections.iter().map(|rejection| rejection.text.as_str()).collect();
    texts.join(" ")
}

/// The JSON of a 401.
pub(super) fn unauthorized(message: &str) -> Vec<u8> {
    json::to_bytes(&Unauthorized { message })
}

/// WCF's page of a 404: no operation has this address.
pub(super) fn endpoint_not_found() -> String {
    page("Service", "Endpoint not found.")
}

/// WCF's page of a 405: the operation has another verb.
pub(super) fn method_not_allowed() -> String {
    page("Service", "Method not allowed.")
}

/// WCF's page of a 400: the request cannot be read.
pub(super) fn request_error(why: &str) -> String {
    page(
        "Request Error",
        &format!(
            "The server encountered an error processing the request. The exception message is '{}'.",
            escaped(why)
        ),
    )
}

fn page(title: &str, text: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
  <head>
    <title>{title}</title>
  </head>
  <body>
    <div id="content">
      <p class="heading1">{title}</p>
      <p>{text}</p>
    </div>
  </body>
</html>
"#
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(rejections: Vec<Rejection>) -> String {
        let now = "2024-01-02T01:04:05.678Z".parse().expect("a time");
        let message = ErrorMessage::of(rejections, now, Tz::Europe__Stockholm);
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
        assert_eq!(bytes(vec![ErrorCode::CustomerAlreadyExists.into()]), expected);
    }

    #[test]
    fn a_code_appears_once_with_all_its_texts() {
        let rejections = vec![
            Rejection::new(ErrorCode::InvalidLength, "B."),
            Rejection::new(ErrorCode::InvalidEmail, "E."),
            Rejection::new(ErrorCode::InvalidLength, "A/C."),
        ];
        let text = bytes(rejections);
        assert!(text.contains(r#""Message":"E. B. A\/C.""#), "{text}");
        let messages = r#"[{"Key":"InvalidEmail","Value":"E."},{"Key":"InvalidLength","Value":"B. A\/C."}]"#;
        assert!(text.contains(messages), "{text}");
    }

    #[test]
    fn a_rejected_token_gets_a_message() {
        assert_eq!(unauthorized("a/b"), br#"{"Message":"a\/b"}"#);
    }

    #[test]
    fn pages_contain_their_message() {
        assert!(endpoint_not_found().contains("<p>Endpoint not found.</p>"));
        assert!(method_not_allowed().contains("<title>Service</title>"));
        assert!(request_error("x").contains("<title>Request Error</title>"));
    }

    #[test]
    fn quoted_text_cannot_become_a_tag() {
        let page = request_error("<script a='b'>\"&");
        assert!(page.contains("&lt;script a=&#39;b&#39;&gt;&quot;&amp;"), "{page}");
        assert!(!page.contains("<script"));
    }
}
