//! Where an OAuth client gets an access token for its secret (Norce, "Accessing APIs with `OAuth2` accounts").

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;

use super::vendor::Storm;
use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use crate::gateway::{
    BrokenBody, Exchange, GatewayState, Served, VendorState, basic_credentials, json_response, read_body,
};
use crate::journal::Reason;
use crate::tenants::{Credential, CredentialKind, presented};
use crate::wire::charset;

pub(crate) const OPERATION: &str = "StormToken";

/// How long a token is good, in seconds (the same page).
const LIFETIME: u32 = 3600;

/// What a client gets that names no scope.
const SCOPE: &str = "lab qa production";

/// A token (RFC 6749, 5.1). Clients want all four members.
#[derive(Debug, Serialize)]
struct Given<'a> {
    access_token: &'a str,
    expires_in: u32,
    token_type: &'static str,
    scope: &'a str,
}

/// A rejection (RFC 6749, 5.2).
#[derive(Debug, Serialize)]
struct Rejection<'a> {
    error: &'static str,
    error_description: &'a str,
}

/// The challenge to a client that is not known (RFC 6749, 5.2): it may show itself in the header.
const CHALLENGE: &str = r#"Basic realm="connect/token""#;

/// Why no token is given.
enum Denied {
    /// The request has another method.
    Method,
    /// The client is missing or unknown: what is said of it.
    Client(&'static str),
    /// The request is wrong in another way: the error's name, and what is said of it.
    Request(&'static str, &'static str),
    /// The body cannot be read.
    Body(BrokenBody),
    /// The server failed, or is not ready yet.
    Server(Option<DatabaseError>),
}

impl From<DatabaseError> for Denied {
    fn from(error: DatabaseError) -> Self {
        Self::Server(Some(error))
    }
}

/// Answers a request for a token.
pub(super) async fn issue(State(front): State<Arc<VendorState<Storm>>>, request: Request) -> Response<Body> {
    let house = &front.house;
    let (parts, body) = request.into_parts();
    let mut served = Served::new(OPERATION, super::route::TOKEN);
    served.request_id = Some(house.random.uuid());
    let mut exchange = Exchange::begin(&house.journal, &parts, super::route::TOKEN);
    let given = if parts.method == Method::POST {
        match read_body(&parts, body, house.options.max_body_bytes).await {
            Ok(Ok(body)) => {
                exchange.read(&body);
                given(house, &parts, &form(&parts, &body), &mut served).await
            }
            Ok(Err(error)) => Err(Denied::Body(error)),
            Err(_) => Err(Denied::Request("invalid_request", "The request body is too large.")),
        }
    } else {
        Err(Denied::Method)
    };
    let mut rejected = |status: StatusCode, error: &'static str, error_description: &str| {
        let (field, rule) = ("$".to_owned(), error.to_owned());
        exchange.reasons.push(Reason { field, rule, message: error_description.to_owned() });
        json_response(status, json(&Rejection { error, error_description }))
    };
    let mut response = match given {
        Ok(json) => json_response(StatusCode::OK, json),
        Err(Denied::Request(error, description)) => rejected(StatusCode::BAD_REQUEST, error, description),
        Err(Denied::Client(description)) => {
            let mut response = rejected(StatusCode::UNAUTHORIZED, "invalid_client", description);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
            response
        }
        Err(Denied::Method) => {
            let description = "The token endpoint takes POST only.";
            let mut response = rejected(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", description);
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            response
        }
        Err(Denied::Body(error)) => {
            let status = match error {
                BrokenBody::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                BrokenBody::Incomplete(_) | BrokenBody::Undecodable(_) => StatusCode::BAD_REQUEST,
            };
            rejected(status, "invalid_request", &error.to_string())
        }
        Err(Denied::Server(error)) => {
            if let Some(error) = error {
                tracing::error!(error = %ErrorChain(&error), "database failure");
            }
            let rejection = Rejection { error: "server_error", error_description: "The server failed." };
            json_response(StatusCode::INTERNAL_SERVER_ERROR, json(&rejection))
        }
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    exchange.end(&house.journal, &served, Some(&response));
    let mut response = response.map(Body::from);
    response.extensions_mut().insert(served);
    response
}

/// The members of the form.
fn form(parts: &Parts, body: &[u8]) -> Vec<(String, String)> {
    let form = String::from_utf8_lossy(body);
    let form = charset::escapes_in_utf8(&form, charset::declared(&parts.headers));
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

async fn given(
    house: &GatewayState,
    parts: &Parts,
    form: &[(String, String)],
    served: &mut Served,
) -> Result<Vec<u8>, Denied> {
    let field = |name: &str| form.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.as_str());
    match field("grant_type") {
        Some("client_credentials") => {}
        None => {
            return Err(Denied::Request(
                "invalid_request",
                "grant_type is required, in a body of type application/x-www-form-urlencoded.",
            ));
        }
        Some(_) => return Err(Denied::Request("unsupported_grant_type", "grant_type must be client_credentials.")),
    }
    let of_form = || Some(vec![(field("client_id")?.to_owned(), field("client_secret")?.to_owned())]);
    let readings = of_header(parts).or_else(of_form);
    let readings = readings.ok_or(Denied::Client("client_id and client_secret are required."))?;
    let services = house.services.get().ok_or(Denied::Server(None))?;
    let mut found = None;
    for (id, secret) in readings {
        let presented = presented(CredentialKind::OauthClient, &id, &secret);
        let client = services.credentials.caller(&presented).await?;
        if let Some(client) = client.filter(|caller| caller.kind == CredentialKind::OauthClient) {
            found = Some((client, presented));
            break;
        }
    }
    let (client, presented) = found.ok_or(Denied::Client("The client is unknown, revoked or expired."))?;
    let token = Credential::access_token(&house.random);
    services.credentials.issue_token(&client, &presented, &token, LIFETIME).await?;
    served.caller = Some(client);
    let scope = field("scope").map(str::trim).filter(|scope| !scope.is_empty()).unwrap_or(SCOPE);
    Ok(json(&Given { access_token: token.reveal(), expires_in: LIFETIME, token_type: "Bearer", scope }))
}

/// How the client in the header can be read: id and secret are form-encoded there (RFC 6749, 2.3.1), and some clients send
/// them as they are.
fn of_header(parts: &Parts) -> Option<Vec<(String, String)>> {
    let (id, secret) = basic_credentials(parts)?;
    // A bare ampersand is no separator here.
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
