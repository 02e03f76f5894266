//! Where a Client Extension calls back: `POST /api/extension/hooks/{HookId}` (vendor's example extension). Not a part of the
//! gateway: the extension has a token of its own.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::post;
use serde_json::Value;
use uuid::Uuid;

use super::endpoint::{json_response, read_body};
use super::error::Error;
use super::{BackEnd, DirectScale};
use crate::customers::{Scope, called_for};
use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use crate::gateway::{GatewayRefusal, Served};
use crate::hooks::{CallbackToken, DiscoRemoteException, HOOKS};

const OPERATION: &str = "ExtensionHookCallback";
const ROUTE: &str = "/api/extension/hooks/{hookId}";

/// The two names of the token's header: the vendor's shipped sample sends the first, its reference page names the second.
const TOKEN_HEADERS: [&str; 2] = ["x-directscale-callbacktoken", "x-directscale-callback"];

/// The route of the callbacks.
pub(super) fn routes() -> Router<Arc<DirectScale>> {
    Router::new().route(ROUTE, post(answer))
}

/// Why a callback was not done.
enum Refused {
    /// The token is not good.
    Forbidden(&'static str),
    /// The default work refused, or the request cannot be read.
    Failed(String),
    /// The back end broke.
    Broken,
}

impl From<DatabaseError> for Refused {
    fn from(error: DatabaseError) -> Self {
        tracing::error!(error = %ErrorChain(&error), "database failure in a hook's callback");
        Self::Broken
    }
}

async fn answer(
    State(directscale): State<Arc<DirectScale>>,
    Path(hook): Path<String>,
    request: Request,
) -> Response<Body> {
    let request_id = directscale.random.uuid();
    let (parts, body) = request.into_parts();
    let outcome = match (directscale.back_end.get(), read(&directscale, &parts, body).await) {
        (Some(back_end), Ok(body)) => call_back(back_end, &hook, &parts.headers, &body, request_id).await,
        (None, _) => Err(Refused::Broken),
        (_, Err(why)) => Err(Refused::Failed(why)),
    };
    let method =
        HOOKS.iter().find(|known| **known == hook).map_or("", |known| known.rsplit('.').next().unwrap_or_default());
    let error_id = request_id.simple().to_string()[..8].to_owned();
    let refused = |status: StatusCode, why: &str| {
        json_response(status, DiscoRemoteException::first_hop(&error_id, why, method).to_json())
    };
    let mut response = match outcome {
        Ok(answer) => {
            json_response(StatusCode::OK, serde_json::to_vec(&answer).expect("invariant: plain data is JSON"))
        }
        Err(Refused::Forbidden(why)) => refused(StatusCode::FORBIDDEN, why),
        Err(Refused::Failed(why)) => refused(StatusCode::INTERNAL_SERVER_ERROR, &why),
        Err(Refused::Broken) => refused(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
    };
    let mut served = Served::new(OPERATION, ROUTE);
    served.request_id = Some(request_id);
    response.extensions_mut().insert(served);
    response
}

async fn read(directscale: &DirectScale, parts: &Parts, body: Body) -> Result<Bytes, String> {
    match read_body(parts, body, directscale.options.max_body_bytes).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(error.to_string()),
        Err(GatewayRefusal::BodyTooLarge(limit)) => {
            Err(format!("Request body is larger than the limit of {limit} bytes."))
        }
        Err(_) => Err("The request body cannot be read.".to_owned()),
    }
}

async fn call_back(
    back_end: &BackEnd,
    hook: &str,
    headers: &HeaderMap,
    body: &[u8],
    request_id: Uuid,
) -> Result<Value, Refused> {
    const NOT_YOURS: Refused = Refused::Forbidden("The extension's token is not valid.");
    const NOT_GOOD: Refused =
        Refused::Forbidden("The callback token is not valid: it is used up, is another hook's, or its hook has ended.");
    let customers = &back_end.customers;
    let tenant = customers.extension_of(bearer(headers).ok_or(NOT_YOURS)?).await?.ok_or(NOT_YOURS)?;
    let tenant = back_end.directory.tenant(tenant).await?.ok_or(NOT_YOURS)?;
    let now = tenant.clock.now();
    let token = TOKEN_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok()).ok_or(NOT_GOOD)?;
    // Read before the token is taken, so that a body that is no JSON does not use it up.
    let request = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
    let request = request.ok_or_else(|| Refused::Failed("The request body must be a JSON object.".to_owned()))?;
    let callback = customers.claim(tenant.id, hook, &CallbackToken::presented(token), now).await?.ok_or(NOT_GOOD)?;

    let failed = |error: crate::customers::Error| match Error::from(error).refused(&tenant.plan, request_id) {
        Ok(refused) => Refused::Failed(refused.message),
        Err(_) => Refused::Broken,
    };
    let called_for = called_for(&callback).map_err(failed)?;
    let scope = Scope {
        tenant: tenant.id,
        plan: &tenant.plan,
        now,
        caller: &called_for.caller,
        request: called_for.request,
        extension: tenant.extension.as_ref(),
        events: tenant.events.as_ref(),
    };
    customers.call_back(&scope, hook, &callback, request).await.map_err(failed)?.ok_or(NOT_GOOD)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
