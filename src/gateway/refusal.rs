//! The gateway's own answers, byte for byte: the blanks after `{` and before `}` are its own.

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode, header};
use uuid::Uuid;

use crate::journal::Reason;

/// An answer that never reached the back end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayRefusal {
    /// No subscription key. Holds the realm: scheme, host and base path of the API.
    MissingKey(String),
    /// A key that opens nothing. Holds the realm.
    InvalidKey(String),
    /// No operation matches path and method.
    NoSuchOperation,
    /// The subscription calls too often; it may again in so many seconds.
    RateLimited(u64),
    /// The subscription has used up what it may; there is more in so many seconds.
    QuotaSpent(u64),
    /// The operation exists at the vendor's and is not built here.
    NotBuilt(&'static str),
    /// The body is longer than so many bytes.
    BodyTooLarge(usize),
    /// The back end could not be reached, or broke. Holds the activity id.
    BackEndFailed(Uuid),
}

impl GatewayRefusal {
    /// Why, for the journal: in our own words where the answer says less.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        let (rule, message) = match self {
            Self::MissingKey(_) => ("missingKey", "No subscription key in header or query.".to_owned()),
            Self::InvalidKey(_) => {
                ("invalidKey", "The subscription key opens no tenant: it is unknown, revoked or expired.".to_owned())
            }
            Self::NoSuchOperation => ("noSuchOperation", "No operation has this method and path.".to_owned()),
            Self::RateLimited(seconds) => ("rateLimit", format!("The plan's rate limit is spent for {seconds} s.")),
            Self::QuotaSpent(seconds) => ("quota", format!("The plan's quota is spent for {seconds} s.")),
            Self::NotBuilt(operation) => ("notBuilt", format!("{operation} is not built here.")),
            Self::BodyTooLarge(limit) => ("bodyTooLarge", format!("The body is longer than {limit} bytes.")),
            Self::BackEndFailed(_) => ("backEndFailed", "The back end failed; the server's log says why.".to_owned()),
        };
        Some(Reason { field: "$".to_owned(), rule: rule.to_owned(), message })
    }

    /// The answer itself.
    #[must_use]
    pub fn into_response(self) -> Response<Bytes> {
        let retry_after = match self {
            Self::RateLimited(seconds) | Self::QuotaSpent(seconds) => Some(seconds),
            _ => None,
        };
        let (status, text, realm, activity) = match self {
            Self::MissingKey(realm) => (
                StatusCode::UNAUTHORIZED,
                "Access denied due to missing subscription key. Make sure to include subscription key when making \
                 requests to an API."
                    .to_owned(),
                Some(realm),
                None,
            ),
            Self::InvalidKey(realm) => (
                StatusCode::UNAUTHORIZED,
                "Access denied due to invalid subscription key. Make sure to provide a valid key for an active \
                 subscription."
                    .to_owned(),
                Some(realm),
                None,
            ),
            Self::NoSuchOperation => (StatusCode::NOT_FOUND, "Resource not found".to_owned(), None, None),
            Self::RateLimited(seconds) => (
                StatusCode::TOO_MANY_REQUESTS,
                format!("Rate limit is exceeded. Try again in {seconds} seconds."),
                None,
                None,
            ),
            Self::QuotaSpent(seconds) => (
                StatusCode::FORBIDDEN,
                format!("Out of call volume quota. Quota will be replenished in {}.", time_span(seconds)),
                None,
                None,
            ),
            Self::NotBuilt(operation) => (
                StatusCode::NOT_IMPLEMENTED,
                format!("{operation} is an operation of DirectScale's that this emulator does not build."),
                None,
                None,
            ),
            Self::BodyTooLarge(limit) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("Request body is larger than the limit of {limit} bytes."),
                None,
                None,
            ),
            Self::BackEndFailed(activity) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error".to_owned(), None, Some(activity))
            }
        };
        let code = status.as_u16();
        let body = match activity {
            None => format!(r#"{{ "statusCode": {code}, "message": "{text}" }}"#),
            Some(id) => format!(r#"{{ "statusCode": {code}, "message": "{text}", "activityId": "{id}" }}"#),
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(challenge) = realm.and_then(|realm| challenge(&realm)) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A time as .NET writes it: `[d.]hh:mm:ss`.
fn time_span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let days = if days > 0 { format!("{days}.") } else { String::new() };
    format!("{days}{hours:02}:{minutes:02}:{:02}", seconds % 60)
}

fn challenge(realm: &str) -> Option<HeaderValue> {
    let text = format!(r#"AzureApiManagementKey realm="{realm}",name="Ocp-Apim-Subscription-Key",type="header""#);
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_captured_lengths() {
        for (refusal, length) in [
            (GatewayRefusal::MissingKey("https://dsapi.directscale.com/v1/customers".to_owned()), 152),
            (GatewayRefusal::InvalidKey("https://dsapi.directscale.com/v1/customers".to_owned()), 143),
            (GatewayRefusal::NoSuchOperation, 54),
            (GatewayRefusal::RateLimited(42), 84),
            (GatewayRefusal::BackEndFailed(Uuid::nil()), 111),
        ] {
            assert_eq!(refusal.clone().into_response().body().len(), length, "{refusal:?}");
        }
    }

    #[test]
    fn a_time_span_is_written_as_dotnet_does() {
        assert_eq!(time_span(1), "00:00:01");
        assert_eq!(time_span(86_399), "23:59:59");
        assert_eq!(time_span(6 * 86_400 + 3_661), "6.01:01:01");
    }
}
