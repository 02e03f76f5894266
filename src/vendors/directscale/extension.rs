//! Where a Client Extension calls back: `POST /api/extension/hooks/{HookId}` (vendor's example extension). Not a part of the
//! gateway: the extension has a token of its own.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::post;
use serde_json::Value;
use uuid::Uuid;

use super::error::Error;
use super::vendor::DirectScale;
use crate::customers::{Scope, called_for};
use crate::database::{DatabaseError, TenantId};
use crate::error_chain::ErrorChain;
use crate::extension::{CallbackToken, DiscoRemoteException, HOOKS};
use crate::gateway::{
    Exchange, GatewayRejection, GatewayState, Served, Services, VendorState, json_response, read_body,
};
use crate::journal::Reason;
use crate::tenants::{Caller, CredentialKind};
use crate::wire::json::{Rewritten, Source};
use crate::wire::relaxed::Leniency;

pub(crate) const OPERATION: &str = "ExtensionHookCallback";
const ROUTE: &str = "/api/extension/hooks/{hookId}";

/// The two names of the token's header: the vendor's shipped sample sends the first, its reference page names the second.
const TOKEN_HEADERS: [&str; 2] = ["x-directscale-callbacktoken", "x-directscale-callback"];

/// The route of the callbacks.
pub(super) fn routes() -> Router<Arc<VendorState<DirectScale>>> {
    Router::new().route(ROUTE, post(answer))
}

/// Why a callback was not done.
enum Rejected {
    /// The token is not good.
    Forbidden(&'static str),
    /// The default work rejected, or the request cannot be read.
    Failed(String),
    Broken,
}

impl From<DatabaseError> for Rejected {
    fn from(error: DatabaseError) -> Self {
        tracing::error!(error = %ErrorChain(&error), "database failure in a hook's callback");
        Self::Broken
    }
}

async fn answer(
    State(front): State<Arc<VendorState<DirectScale>>>,
    hook: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response<Body> {
    // What is no text is no hook's id.
    let hook = hook.map(|Path(hook)| hook).unwrap_or_default();
    let house = &front.house;
    let request_id = house.random.uuid();
    let (parts, body) = request.into_parts();
    let mut served = Served::new(OPERATION, ROUTE);
    served.request_id = Some(request_id);
    let mut exchange = Exchange::begin(&house.journal, &parts, ROUTE);
    let outcome = match (house.services.get(), read(house, &parts, body).await) {
        (Some(services), Ok(body)) => {
            exchange.read(&body);
            let callback = Called { services, hook: &hook, headers: &parts.headers, request_id };
            callback.call_back(&mut served, &exchange).await
        }
        (None, _) => Err(Rejected::Broken),
        (_, Err(why)) => Err(Rejected::Failed(why)),
    };
    if outcome.is_err() {
        exchange.recorder.rolled_back();
    }
    let method =
        HOOKS.iter().find(|known| **known == hook).map_or("", |known| known.rsplit('.').next().unwrap_or_default());
    let error_id = request_id.simple().to_string()[..8].to_owned();
    let mut rejected = |status: StatusCode, why: &str| {
        let (field, rule) = ("$".to_owned(), "rejected".to_owned());
        exchange.reasons.push(Reason { field, rule, message: why.to_owned() });
        json_response(status, DiscoRemoteException::first_hop(&error_id, why, method).to_json())
    };
    let response = match outcome {
        Ok(answer) => {
            json_response(StatusCode::OK, serde_json::to_vec(&answer).expect("invariant: plain data is JSON"))
        }
        Err(Rejected::Forbidden(why)) => rejected(StatusCode::FORBIDDEN, why),
        Err(Rejected::Failed(why)) => rejected(StatusCode::INTERNAL_SERVER_ERROR, &why),
        Err(Rejected::Broken) => rejected(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
    };
    exchange.end(&house.journal, &served, Some(&response));
    let mut response = response.map(Body::from);
    response.extensions_mut().insert(served);
    response
}

struct Called<'a> {
    services: &'a Services,
    hook: &'a str,
    headers: &'a HeaderMap,
    request_id: Uuid,
}

async fn read(house: &GatewayState, parts: &Parts, body: Body) -> Result<Bytes, String> {
    match read_body(parts, body, house.options.max_body_bytes).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(error.to_string()),
        Err(GatewayRejection::BodyTooLarge(limit)) => {
            Err(format!("Request body is larger than the limit of {limit} bytes."))
        }
        Err(_) => Err("The request body cannot be read.".to_owned()),
    }
}

impl Called<'_> {
    async fn call_back(self, served: &mut Served, exchange: &Exchange) -> Result<Value, Rejected> {
        const NOT_YOURS: Rejected = Rejected::Forbidden("The extension's token is not valid.");
        const NOT_GOOD: Rejected = Rejected::Forbidden(
            "The callback token is not valid: it is used up, is another hook's, or its hook has ended.",
        );
        let Self { services, hook, headers, request_id } = self;
        let customers = &services.customers;
        let tenants = customers.extensions_of(bearer(headers).ok_or(NOT_YOURS)?).await?;
        if tenants.is_empty() {
            return Err(NOT_YOURS);
        }
        let token = TOKEN_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok()).ok_or(NOT_GOOD)?;
        // Read before the token is taken, so that a body that is no JSON does not use it up.
        let leniency = leniency(services, &tenants).await?;
        let source = Source { bytes: &exchange.body, leniency, room: &Rewritten::default() };
        let request = source.object().map_err(|error| Rejected::Failed(error.to_string()))?;
        if !HOOKS.contains(&hook) {
            return Err(NOT_GOOD);
        }
        let callback = customers.claim(&tenants, hook, &CallbackToken::presented(token)).await?.ok_or(NOT_GOOD)?;
        let tenant = Arc::new(services.tenants.by_id(callback.tenant).await?.ok_or(NOT_YOURS)?);
        served.caller = Some(Caller::new(Arc::clone(&tenant), "extension", CredentialKind::SubscriptionKey));

        let failed = |error: crate::customers::Error| match Error::from(error).rejected(&tenant.plan, request_id) {
            Ok(rejected) => Rejected::Failed(rejected.message),
            Err(_) => Rejected::Broken,
        };
        let called_for = called_for(&callback).map_err(failed)?;
        let scope = Scope {
            tenant: tenant.id,
            plan: if called_for.is_lenient { tenant.lenient_plan() } else { &tenant.plan },
            is_lenient: called_for.is_lenient,
            now: tenant.clock.now(),
            caller: &called_for.caller,
            request: called_for.request,
            extension: tenant.extension.as_ref(),
            events: tenant.events.as_ref(),
            has_event_faults: tenant.has_event_faults,
            recorder: &exchange.recorder,
        };
        customers.call_back(&scope, hook, &callback, request).await.map_err(failed)?.ok_or(NOT_GOOD)
    }
}

/// How the bodies of these tenants' requests are read. Which of several a callback belongs to is known once its token is taken.
async fn leniency(services: &Services, tenants: &[TenantId]) -> Result<Leniency, DatabaseError> {
    for id in tenants {
        if services.tenants.by_id(*id).await?.is_some_and(|tenant| !tenant.plan.strict_json) {
            return Ok(Leniency::JsonNet);
        }
    }
    Ok(Leniency::Strict)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
