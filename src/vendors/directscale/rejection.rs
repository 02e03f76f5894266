//! The gateway's own responses, byte for byte those of Azure API Management, which has the spaces after `{` and before `}`.

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode, header};

use crate::gateway::{GatewayRejection, MEMORY_FULL, TOO_MANY_LOOKUPS, header_text, json_response};

/// `realm` is the scheme, host and base path of the API, for the challenge to a caller without a valid key.
pub(super) fn response(rejection: &GatewayRejection, realm: impl FnOnce() -> String) -> Response<Bytes> {
    use GatewayRejection as Rejection;
    let status = match rejection {
        Rejection::MissingKey | Rejection::InvalidKey(_) => StatusCode::UNAUTHORIZED,
        // The gateway does not distinguish methods of a path.
        Rejection::NoSuchOperation | Rejection::WrongMethod(_) => StatusCode::NOT_FOUND,
        Rejection::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Rejection::QuotaExceeded(_) => StatusCode::FORBIDDEN,
        Rejection::NotBuilt(_) => StatusCode::NOT_IMPLEMENTED,
        Rejection::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Rejection::MemoryFull | Rejection::TooManyLookups => StatusCode::SERVICE_UNAVAILABLE,
        Rejection::BackEndFailed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let text = match rejection {
        Rejection::MissingKey => {
            "Access denied due to missing subscription key. Make sure to include subscription key when \
                                making requests to an API."
                .to_owned()
        }
        Rejection::InvalidKey(_) => {
            "Access denied due to invalid subscription key. Make sure to provide a valid key for an \
                                active subscription."
                .to_owned()
        }
        Rejection::NoSuchOperation | Rejection::WrongMethod(_) => "Resource not found".to_owned(),
        Rejection::RateLimited(seconds) => format!("Rate limit is exceeded. Try again in {seconds} seconds."),
        Rejection::QuotaExceeded(seconds) => {
            format!("Out of call volume quota. Quota will be replenished in {}.", time_span(*seconds))
        }
        Rejection::NotBuilt(missing) => missing.sentence("DirectScale"),
        Rejection::BodyTooLarge(limit) => format!("Request body is larger than the limit of {limit} bytes."),
        Rejection::MemoryFull => MEMORY_FULL.to_owned(),
        Rejection::TooManyLookups => TOO_MANY_LOOKUPS.to_owned(),
        Rejection::BackEndFailed(_) => "Internal server error".to_owned(),
    };
    let code = status.as_u16();
    let body = match rejection {
        Rejection::BackEndFailed(id) => {
            format!(r#"{{ "statusCode": {code}, "message": "{text}", "activityId": "{id}" }}"#)
        }
        _ => format!(r#"{{ "statusCode": {code}, "message": "{text}" }}"#),
    };
    let mut response = json_response(status, body.into_bytes());
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED
        && let Some(challenge) = challenge(&realm())
    {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    if matches!(rejection, Rejection::NotBuilt(_)) {
        // Clients read a back end's message from this header, and the gateway itself has no such response.
        headers.insert("x-directscale-message", header_text(&text));
    }
    if let Rejection::RateLimited(seconds) | Rejection::QuotaExceeded(seconds) = rejection {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// In .NET's format: `[d.]hh:mm:ss`.
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
    use uuid::Uuid;

    use super::*;
    use crate::gateway::KeyProblem;

    #[test]
    fn bodies_have_the_captured_lengths() {
        for (rejection, length) in [
            (GatewayRejection::MissingKey, 152),
            (GatewayRejection::InvalidKey(KeyProblem::Unknown), 143),
            (GatewayRejection::NoSuchOperation, 54),
            (GatewayRejection::RateLimited(42), 84),
            (GatewayRejection::BackEndFailed(Uuid::nil()), 111),
        ] {
            let realm = || "https://dsapi.directscale.com/v1/customers".to_owned();
            assert_eq!(response(&rejection, realm).body().len(), length, "{rejection:?}");
        }
    }

    #[test]
    fn a_time_span_has_dotnets_format() {
        assert_eq!(time_span(1), "00:00:01");
        assert_eq!(time_span(86_399), "23:59:59");
        assert_eq!(time_span(6 * 86_400 + 3_661), "6.01:01:01");
    }
}
