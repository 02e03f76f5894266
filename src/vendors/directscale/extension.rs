//! The endpoint for callbacks of a Client Extension: `POST /api/extension/hooks/{HookId}` (vendor's example extension). The
//! extension presents its own token and no subscription key.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode};
use serde_json::Value;

use super::error::Error;
use super::vendor::CALLBACK_TOKENS;
use crate::customers::hooked_request;
use crate::database::{DatabaseError, TenantId, charge, to_be_logged};
use crate::error_chain::ErrorChain;
use crate::extension::{CallbackToken, DiscoRemoteException, HOOKS};
use crate::gateway::{
    BodyError, GatewayRejection, MEMORY_FULL, Operation, RawRequest, Services, bearer_token, json_response,
};
use crate::guesses::Attempt;
use crate::tenants::{Caller, CredentialKind};
use crate::wire::json::{Rewritten, Source};
use crate::wire::relaxed::Leniency;

pub(crate) const OPERATION: Operation =
    Operation { id: "ExtensionHookCallback", route: "/api/extension/hooks/{hookId}" };

/// Why a callback does not get the result of the hook's default work.
enum Rejected {
    /// A token is not valid.
    Forbidden(&'static str),
    /// The default work failed, or the request cannot be read.
    Failed(String),
    Broken,
}

const INVALID_TOKEN: Rejected = Rejected::Forbidden("The extension's token is not valid.");

const INVALID_CALLBACK_TOKEN: Rejected =
    Rejected::Forbidden("The callback token is not valid: it is used up, is another hook's, or its hook has ended.");

impl From<DatabaseError> for Rejected {
    fn from(error: DatabaseError) -> Self {
        if let Some(left_out) = to_be_logged(&error) {
            tracing::error!(error = %ErrorChain(&error), left_out, "database failure in a hook's callback");
        }
        Self::Broken
    }
}

pub(super) async fn call_back(mut request: RawRequest<'_>, body: Body) -> Response<Bytes> {
    let error = match do_default_work(&mut request, body).await {
        Ok(result) => {
            return json_response(StatusCode::OK, serde_json::to_vec(&result).expect("invariant: plain data is JSON"));
        }
        Err(error) => error,
    };
    request.log.recorder.discard_changes();
    let (status, why) = match error {
        Rejected::Forbidden(why) => (StatusCode::FORBIDDEN, why.to_owned()),
        Rejected::Failed(why) => (StatusCode::INTERNAL_SERVER_ERROR, why),
        Rejected::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error".to_owned()),
    };
    request.rejected("rejected", &why);
    let hook = hook(&request);
    let method =
        HOOKS.iter().find(|known| **known == hook).and_then(|known| known.rsplit('.').next()).unwrap_or_default();
    let error_id = request.log.request_id.simple().to_string()[..8].to_owned();
    json_response(status, DiscoRemoteException::first_hop(&error_id, &why, method).to_json())
}

/// The hook's id in the path; an id that is not UTF-8 is no hook's.
fn hook<'a>(request: &'a RawRequest<'_>) -> &'a str {
    request.path_parameter("hookId").unwrap_or_default()
}

async fn do_default_work(request: &mut RawRequest<'_>, body: Body) -> Result<Value, Rejected> {
    let (services, limit) =
        (request.gateway.services.get().ok_or(Rejected::Broken)?, request.gateway.options.max_body_bytes);
    let (customers, headers) = (&services.customers, &request.parts.headers);
    let bearer = bearer_token(headers).ok_or(INVALID_TOKEN)?;
    let attempt = Attempt { kind: "extension-token", account: None, credential: bearer, operation: OPERATION.id };
    let admitted = request.gateway.guesses.admit(attempt).map_err(|_| INVALID_TOKEN)?;
    let tenants = customers.extensions_of(bearer).await?;
    if tenants.is_empty() {
        admitted.rejected();
        return Err(INVALID_TOKEN);
    }
    admitted.accepted();
    // Until the token is claimed, tenants that share an extension share this as well.
    charge(tenants[0]);
    let token = CALLBACK_TOKENS.iter().find_map(|name| headers.get(*name)?.to_str().ok());
    let token = token.ok_or(INVALID_CALLBACK_TOKEN)?;
    let hook = hook(request).to_owned();
    if !HOOKS.contains(&hook.as_str()) {
        return Err(INVALID_CALLBACK_TOKEN);
    }
    let body = request.read(body, limit, tenants.first().copied()).await.map_err(|error| unreadable(&error, limit))?;
    // Read before the token is claimed, so that a body that is not JSON does not use it up.
    let leniency = leniency(services, &tenants).await?;
    let source = Source { bytes: &body, leniency, buffer: &Rewritten::default() };
    let object = source.object().map_err(|error| Rejected::Failed(error.to_string()))?;
    let callback = customers.claim(&tenants, &hook, &CallbackToken::presented(token)).await?;
    let callback = callback.ok_or(INVALID_CALLBACK_TOKEN)?;
    charge(callback.tenant);
    let tenant = Arc::new(services.tenants.by_id(callback.tenant).await?.ok_or(INVALID_TOKEN)?);
    request.log.caller = Some(Caller::new(Arc::clone(&tenant), "extension", CredentialKind::SubscriptionKey));

    let request_id = request.log.request_id;
    let failed = |error: crate::customers::Error| match Error::from(error).rejected(&tenant.plan, request_id) {
        Ok(rejected) => Rejected::Failed(rejected.message),
        Err(GatewayRejection::InvalidKey(_)) => INVALID_TOKEN,
        Err(_) => Rejected::Broken,
    };
    let hooked = hooked_request(&callback).map_err(failed)?;
    let now = tenant.clock.now();
    let scope = tenant.scope(hooked.is_lenient, now, &hooked.caller, hooked.id, &request.log.recorder);
    customers.call_back(&scope, &hook, &callback, object).await.map_err(failed)?.ok_or(INVALID_CALLBACK_TOKEN)
}

fn unreadable(error: &BodyError, limit: usize) -> Rejected {
    Rejected::Failed(match error {
        BodyError::Broken(broken) => broken.to_string(),
        BodyError::MemoryFull => MEMORY_FULL.to_owned(),
        BodyError::TooLong => format!("Request body is larger than the limit of {limit} bytes."),
    })
}

/// The leniency for the bodies of these tenants' callbacks. Which of them a callback belongs to is known when its token is claimed.
async fn leniency(services: &Services, tenants: &[TenantId]) -> Result<Leniency, DatabaseError> {
    for id in tenants {
        if services.tenants.by_id(*id).await?.is_some_and(|tenant| !tenant.plan.strict_json) {
            return Ok(Leniency::JsonNet);
        }
    }
    Ok(Leniency::Strict)
}
