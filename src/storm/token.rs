//! Where an OAuth client gets an access token for its secret (Norce, "Accessing APIs with `OAuth2` accounts").

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::door::Storm;
use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use crate::gateway::{Exchange, Front, House, Served, basic_credentials, json_response, read_body};
use crate::journal::Reason;
use crate::tenants::{Credential, KeyKind, presented};

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

/// A refusal (RFC 6749, 5.2).
#[derive(Debug, Serialize)]
struct Refusal {
    error: &'static str,
    error_description: &'static str,
}

/// Why no token is given.
enum Denied {
    Request(&'static str, &'static str),
    /// The server failed, or is not ready yet.
    Server(Option<DatabaseError>),
}

impl From<DatabaseError> for Denied {
    fn from(error: DatabaseError) -> Self {
        Self::Server(Some(error))
    }
}

/// Answers a request for a token.
pub(super) async fn issue(State(front): State<Arc<Front<Storm>>>, request: Request) -> Response<Body> {
    let house = &front.house;
    let (parts, body) = request.into_parts();
    let mut served = Served::new(OPERATION, super::route::TOKEN);
    served.request_id = Some(house.random.uuid());
    let mut exchange = Exchange::begin(&house.journal, &parts, super::route::TOKEN);
    let given = match read_body(&parts, body, house.options.max_body_bytes).await {
        Ok(Ok(body)) => {
            exchange.body = body.clone();
            given(house, &parts, &body, &mut served).await
        }
        Ok(Err(_)) => Err(Denied::Request("invalid_request", "The request body did not arrive.")),
        Err(_) => Err(Denied::Request("invalid_request", "The request body is too large.")),
    };
    let mut response = match given {
        Ok(json) => json_response(StatusCode::OK, json),
        Err(Denied::Request(error, error_description)) => {
            let (field, rule) = ("$".to_owned(), error.to_owned());
            exchange.reasons.push(Reason { field, rule, message: error_description.to_owned() });
            json_response(StatusCode::BAD_REQUEST, json(&Refusal { error, error_description }))
        }
        Err(Denied::Server(error)) => {
            if let Some(error) = error {
                tracing::error!(error = %ErrorChain(&error), "database failure");
            }
            let refusal = Refusal { error: "server_error", error_description: "The server failed." };
            json_response(StatusCode::INTERNAL_SERVER_ERROR, json(&refusal))
        }
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    exchange.end(&house.journal, &served, Some(&response));
    let mut response = response.map(Body::from);
    response.extensions_mut().insert(served);
    response
}

async fn given(house: &House, parts: &Parts, body: &[u8], served: &mut Served) -> Result<Vec<u8>, Denied> {
    let form: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.as_str());
    match field("grant_type") {
        Some("client_credentials") => {}
        None => return Err(Denied::Request("invalid_request", "grant_type is required.")),
        Some(_) => return Err(Denied::Request("unsupported_grant_type", "grant_type must be client_credentials.")),
    }
    let of_form = || Some((field("client_id")?.to_owned(), field("client_secret")?.to_owned()));
    let (id, secret) = basic(parts)
        .or_else(of_form)
        .ok_or(Denied::Request("invalid_client", "client_id and client_secret are required."))?;
    let presented = presented(KeyKind::OauthClient, &id, &secret);
    let back_end = house.back_end.get().ok_or(Denied::Server(None))?;
    let client = back_end.directory.caller(&presented).await?.filter(|caller| caller.kind == KeyKind::OauthClient);
    let client = client.ok_or(Denied::Request("invalid_client", "The client is unknown, revoked or expired."))?;
    let token = Credential::access_token(&house.random);
    back_end.directory.issue_token(&client, &presented, &token, LIFETIME).await?;
    served.caller = Some(client);
    let scope = field("scope").map(str::trim).filter(|scope| !scope.is_empty()).unwrap_or(SCOPE);
    Ok(json(&Given { access_token: token.reveal(), expires_in: LIFETIME, token_type: "Bearer", scope }))
}

/// The client in the header, which RFC 6749 allows too. Both parts are form-encoded there.
fn basic(parts: &Parts) -> Option<(String, String)> {
    let (id, secret) = basic_credentials(parts)?;
    let decode =
        |text: &str| form_urlencoded::parse(format!("x={text}").as_bytes()).next().map(|(_, value)| value.into_owned());
    Some((decode(&id)?, decode(&secret)?))
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("invariant: plain data is JSON")
}
