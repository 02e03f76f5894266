//! The endpoint that issues an access token for the secret of an OAuth client (Norce, "Accessing APIs with `OAuth2` accounts").

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;

use super::route;
use crate::database::{DatabaseError, to_be_logged};
use crate::error_chain::ErrorChain;
use crate::gateway::{
    BodyError, BrokenBody, MEMORY_FULL, Operation, RawRequest, TOO_MANY_LOOKUPS, basic_credentials, json_response,
    with_retry_after,
};
use crate::guesses::TooManyGuesses;
use crate::tenants::{self, Caller, Credential, CredentialKind, LimitExceeded, presented};
use crate::wire::coding;

pub(crate) const OPERATION: Operation = Operation { id: "StormToken", route: route::TOKEN };

/// How long a token is valid, in seconds (the same page).
const LIFETIME: u32 = 3600;

/// The longest form, in bytes. It is read before its client is known.
const MAX_FORM_BYTES: usize = 8 * 1024;

/// The scope for a client that names none.
const SCOPE: &str = "lab qa production";

/// A token (RFC 6749, 5.1). Clients expect all four members.
#[derive(Debug, Serialize)]
struct TokenResponse<'a> {
    access_token: &'a str,
    expires_in: u32,
    token_type: &'static str,
    scope: &'a str,
}

/// A rejection (RFC 6749, 5.2).
#[derive(Debug, Serialize)]
struct ErrorResponse<'a> {
    error: &'static str,
    error_description: &'a str,
}

/// The challenge to an unknown client (RFC 6749, 5.2): it may authenticate in the header.
const CHALLENGE: &str = r#"Basic realm="connect/token""#;

const UNKNOWN_CLIENT: &str = "The client is unknown, revoked or expired.";

/// Why no token is issued.
enum TokenRejection {
    /// The request has another method than POST.
    Method,
    /// The client is missing or unknown. Holds the description.
    Client(&'static str),
    /// The client was not looked up: the network sent too many wrong secrets for it.
    Guesses(TooManyGuesses),
    /// The request is wrong in another way. Holds the name of the error and the description.
    Request(&'static str, &'static str),
    Body(BrokenBody),
    /// There is no memory for the body.
    MemoryFull,
    /// The client was not looked up, because too many others were looked up at the same time.
    TooManyLookups,
    /// The client may send the next request after this number of seconds.
    Limited(u64),
    /// The database failed, or the server is not ready yet.
    Server(Option<DatabaseError>),
}

impl From<DatabaseError> for TokenRejection {
    fn from(error: DatabaseError) -> Self {
        Self::Server(Some(error))
    }
}

pub(super) async fn issue(mut request: RawRequest<'_>, body: Body) -> Response<Bytes> {
    let mut response = match token(&mut request, body).await {
        Ok(json) => json_response(StatusCode::OK, json),
        Err(denied) => deny(&mut request, denied),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

fn deny(request: &mut RawRequest<'_>, denied: TokenRejection) -> Response<Bytes> {
    let mut reject = |status: StatusCode, error: &'static str, error_description: &str| {
        request.rejected(error, error_description);
        json_response(status, json(&ErrorResponse { error, error_description }))
    };
    match denied {
        TokenRejection::Request(error, description) => reject(StatusCode::BAD_REQUEST, error, description),
        TokenRejection::Client(description) => {
            challenged(reject(StatusCode::UNAUTHORIZED, "invalid_client", description))
        }
        TokenRejection::Guesses(TooManyGuesses(seconds)) => {
            let response = challenged(reject(StatusCode::UNAUTHORIZED, "invalid_client", UNKNOWN_CLIENT));
            with_retry_after(response, seconds)
        }
        TokenRejection::Method => {
            let description = "The token endpoint takes POST only.";
            let mut response = reject(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", description);
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            response
        }
        TokenRejection::Body(error) => {
            let status = match error {
                BrokenBody::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                BrokenBody::Incomplete(_) | BrokenBody::Undecodable(_) => StatusCode::BAD_REQUEST,
            };
            reject(status, "invalid_request", &error.to_string())
        }
        TokenRejection::MemoryFull => {
            with_retry_after(reject(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", MEMORY_FULL), 1)
        }
        TokenRejection::TooManyLookups => {
            with_retry_after(reject(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", TOO_MANY_LOOKUPS), 1)
        }
        TokenRejection::Limited(seconds) => {
            let description = format!("Too many requests. Try again in {seconds} seconds.");
            let response = reject(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", &description);
            with_retry_after(response, seconds)
        }
        TokenRejection::Server(error) => {
            if let Some(error) = error
                && let Some(left_out) = to_be_logged(&error)
            {
                tracing::error!(error = %ErrorChain(&error), left_out, "database failure");
            }
            reject(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "The server failed.")
        }
    }
}

fn challenged(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
    response
}

async fn token(request: &mut RawRequest<'_>, body: Body) -> Result<Vec<u8>, TokenRejection> {
    if request.parts.method != Method::POST {
        return Err(TokenRejection::Method);
    }
    // A client that the header names is looked for before the body is read.
    let of_header = match of_header(&request.parts.headers) {
        Some(readings) => Some(client(request, readings).await?),
        None => None,
    };
    let body = request.read(body, MAX_FORM_BYTES, None).await.map_err(|error| match error {
        BodyError::Broken(broken) => TokenRejection::Body(broken),
        BodyError::TooLong => TokenRejection::Request("invalid_request", "The request body is too large."),
        BodyError::MemoryFull => TokenRejection::MemoryFull,
    })?;
    issued(request, of_header, &form(&request.parts.headers, &body)).await
}

/// The members of the form.
pub(super) fn form(headers: &HeaderMap, body: &[u8]) -> Vec<(String, String)> {
    let form = String::from_utf8_lossy(body);
    let form = coding::escapes_in_utf8(&form, coding::declared(headers));
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

/// A client, and the credential that it presented.
type Client = (Caller, String);

/// The client with one of these ids and secrets.
async fn client(request: &RawRequest<'_>, readings: Vec<(String, String)>) -> Result<Client, TokenRejection> {
    const KIND: CredentialKind = CredentialKind::OauthClient;
    let services = request.gateway.services.get().ok_or(TokenRejection::Server(None))?;
    let readings: Vec<String> = readings.iter().map(|(id, secret)| presented(KIND, id, secret)).collect();
    let readings: Vec<&str> = readings.iter().map(String::as_str).collect();
    let client = services.credentials.caller_of_any(&readings, KIND, OPERATION.id, &request.gateway.guesses).await;
    client.map(|(client, presented)| (client, presented.to_owned())).map_err(|denied| match denied {
        tenants::Denied::Unknown => TokenRejection::Client(UNKNOWN_CLIENT),
        tenants::Denied::TooManyGuesses(guesses) => TokenRejection::Guesses(guesses),
        tenants::Denied::TooManyLookups => TokenRejection::TooManyLookups,
        tenants::Denied::Database(error) => error.into(),
    })
}

/// The JSON of a new token for the client that the header or the form names.
async fn issued(
    request: &mut RawRequest<'_>,
    of_header: Option<Client>,
    form: &[(String, String)],
) -> Result<Vec<u8>, TokenRejection> {
    let field = |name: &str| form.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.as_str());
    match field("grant_type") {
        Some("client_credentials") => {}
        None => {
            return Err(TokenRejection::Request(
                "invalid_request",
                "grant_type is required, in a body of type application/x-www-form-urlencoded.",
            ));
        }
        Some(_) => {
            return Err(TokenRejection::Request("unsupported_grant_type", "grant_type must be client_credentials."));
        }
    }
    let of_form = || Some((field("client_id")?.to_owned(), field("client_secret")?.to_owned()));
    let (client, presented) = if let Some(client) = of_header {
        client
    } else {
        let reading = of_form().ok_or(TokenRejection::Client("client_id and client_secret are required."))?;
        client(request, vec![reading]).await?
    };
    let services = request.gateway.services.get().ok_or(TokenRejection::Server(None))?;
    let now = client.tenant.clock.now();
    request.log.caller = Some(client.clone());
    let limited = services.limits.count_request(&client, now).await?;
    if let Some(LimitExceeded::RateLimit(seconds) | LimitExceeded::Quota(seconds)) = limited {
        return Err(TokenRejection::Limited(seconds));
    }
    let token = Credential::access_token(&request.gateway.random);
    if !services.credentials.issue_token(&client, &presented, &token, LIFETIME).await? {
        return Err(TokenRejection::Client(UNKNOWN_CLIENT));
    }
    let scope = field("scope").map(str::trim).filter(|scope| !scope.is_empty()).unwrap_or(SCOPE);
    Ok(json(&TokenResponse { access_token: token.reveal(), expires_in: LIFETIME, token_type: "Bearer", scope }))
}

/// The readings of the client in the header: id and secret are form-encoded there (RFC 6749, 2.3.1), and some clients send them
/// as they are.
pub(super) fn of_header(headers: &HeaderMap) -> Option<Vec<(String, String)>> {
    let (id, secret) = basic_credentials(headers)?;
    // A bare ampersand does not separate here.
    let decoded = |text: &str| {
        let pair = format!("={}", text.replace('&', "%26"));
        form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let encoded = (decoded(&id), decoded(&secret));
    let bare = (id, secret);
    Some(if encoded == bare { vec![bare] } else { vec![encoded, bare] })
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("invariant: plain data is JSON")
}
