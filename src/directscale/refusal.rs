//! The gateway's own answers, byte for byte as Azure API Management gives them: the blanks after `{` and before `}` are its own.

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode, header};

use crate::gateway::{GatewayRefusal, header_text, json_response};

/// The gateway's answer; the challenge to a caller without a key names the realm: scheme, host and base path of the API.
pub(super) fn response(refusal: &GatewayRefusal, realm: impl FnOnce() -> String) -> Response<Bytes> {
    use GatewayRefusal as Refusal;
    let status = match refusal {
        Refusal::MissingKey | Refusal::InvalidKey => StatusCode::UNAUTHORIZED,
        // The gateway knows operations only, and no methods.
        Refusal::NoSuchOperation | Refusal::WrongMethod(_) => StatusCode::NOT_FOUND,
        Refusal::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::QuotaSpent(_) => StatusCode::FORBIDDEN,
        Refusal::NotBuilt(_) => StatusCode::NOT_IMPLEMENTED,
        Refusal::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::BackEndFailed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let text = match refusal {
        Refusal::MissingKey => {
            "Access denied due to missing subscription key. Make sure to include subscription key when \
                                making requests to an API."
                .to_owned()
        }
        Refusal::InvalidKey => {
            "Access denied due to invalid subscription key. Make sure to provide a valid key for an \
                                active subscription."
                .to_owned()
        }
        Refusal::NoSuchOperation | Refusal::WrongMethod(_) => "Resource not found".to_owned(),
        Refusal::RateLimited(seconds) => format!("Rate limit is exceeded. Try again in {seconds} seconds."),
        Refusal::QuotaSpent(seconds) => {
            format!("Out of call volume quota. Quota will be replenished in {}.", time_span(*seconds))
        }
        Refusal::NotBuilt(missing) => missing.sentence("DirectScale"),
        Refusal::BodyTooLarge(limit) => format!("Request body is larger than the limit of {limit} bytes."),
        Refusal::BackEndFailed(_) => "Internal server error".to_owned(),
    };
    let code = status.as_u16();
    let body = match refusal {
        Refusal::BackEndFailed(id) => {
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
    if matches!(refusal, Refusal::NotBuilt(_)) {
        // No answer of the gateway's, which would not know what the back end lacks: clients look for the text here.
        headers.insert("x-directscale-message", header_text(&text));
    }
    if let Refusal::RateLimited(seconds) | Refusal::QuotaSpent(seconds) = refusal {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    response
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
    use uuid::Uuid;

    use super::*;

    #[test]
    fn bodies_have_the_captured_lengths() {
        for (refusal, length) in [
            (GatewayRefusal::MissingKey, 152),
            (GatewayRefusal::InvalidKey, 143),
            (GatewayRefusal::NoSuchOperation, 54),
            (GatewayRefusal::RateLimited(42), 84),
            (GatewayRefusal::BackEndFailed(Uuid::nil()), 111),
        ] {
            let realm = || "https://dsapi.directscale.com/v1/customers".to_owned();
            assert_eq!(response(&refusal, realm).body().len(), length, "{refusal:?}");
        }
    }

    #[test]
    fn a_time_span_is_written_as_dotnet_does() {
        assert_eq!(time_span(1), "00:00:01");
        assert_eq!(time_span(86_399), "23:59:59");
        assert_eq!(time_span(6 * 86_400 + 3_661), "6.01:01:01");
    }
}
