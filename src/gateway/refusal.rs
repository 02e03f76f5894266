//! The gateway's own answers, byte for byte: the blanks after `{` and before `}` are its own.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use uuid::Uuid;

/// An answer that never reached the back end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayRefusal {
    /// No subscription key. Holds the realm: scheme, host and base path of the API.
    MissingKey(String),
    /// A key that opens nothing. Holds the realm.
    InvalidKey(String),
    /// No operation matches path and method.
    NoSuchOperation,
    /// The body is longer than so many bytes.
    BodyTooLarge(usize),
    /// The back end could not be reached, or broke. Holds the activity id.
    BackEndFailed(Uuid),
}

impl GatewayRefusal {
    /// The answer itself.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
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
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(challenge) = realm.and_then(|realm| challenge(&realm)) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

fn challenge(realm: &str) -> Option<HeaderValue> {
    let text = format!(r#"AzureApiManagementKey realm="{realm}",name="Ocp-Apim-Subscription-Key",type="header""#);
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    #[tokio::test]
    async fn bodies_have_the_captured_lengths() {
        for (refusal, length) in [
            (GatewayRefusal::MissingKey("https://dsapi.directscale.com/v1/customers".to_owned()), 152),
            (GatewayRefusal::InvalidKey("https://dsapi.directscale.com/v1/customers".to_owned()), 143),
            (GatewayRefusal::NoSuchOperation, 54),
            (GatewayRefusal::BackEndFailed(Uuid::nil()), 111),
        ] {
            let body = refusal.clone().into_response().into_body();
            assert_eq!(to_bytes(body, 1024).await.expect("a body").len(), length, "{refusal:?}");
        }
    }
}
