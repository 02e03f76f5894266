//! The life of one call: key, body, operation, answer.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::RequestPartsExt as _;
use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use uuid::Uuid;

use super::error::Error;
use super::operation::Operation;
use super::prefer::{self, wants_rollback};
use super::query::Parameters;
use super::wire::BodyError;
use super::{BackEnd, DirectScale, DirectScaleOptions};
use crate::customers::{self, CustomerId, Scope};
use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use crate::gateway::{GatewayRefusal, Served, presented_key, realm};
use crate::tenants::{Caller, Spent};

const PREFERENCE_APPLIED: &str = "preference-applied";

/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// A call whose key was accepted.
#[derive(Debug)]
pub(super) struct Call {
    pub back_end: BackEnd,
    pub parts: Parts,
    pub body: Bytes,
    caller: Caller,
    path: Option<RawPathParams>,
    now: chrono::DateTime<chrono::Utc>,
    request_id: Uuid,
}

impl Call {
    /// What the domain must know of it.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope {
            tenant: self.caller.tenant.id,
            plan: &self.caller.tenant.plan,
            now: self.now,
            caller: &self.caller.key_name,
            request: self.request_id,
            extension: self.caller.tenant.extension.as_ref(),
            events: self.caller.tenant.events.as_ref(),
        }
    }

    /// The customer in the path. What cannot be an id is an id that nobody has.
    pub(super) fn customer_id(&self) -> Result<CustomerId, Error> {
        let text = self.path_parameter("customerId").unwrap_or_default();
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|id| is_number && *id > 0).map(CustomerId).ok_or(Error::UnknownCustomer)
    }

    /// A text in the path, decoded.
    pub(super) fn path_text(&self, name: &str) -> Result<String, Error> {
        let text = self.path_parameter(name).map(str::to_owned);
        text.ok_or_else(|| Error::parameter("$path", "encoding", "The path must be UTF-8, percent-encoded."))
    }

    fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path.iter().flatten().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// What was read of the call, or the fault in it: which is only told where the customer exists.
    pub(super) async fn of_known<T>(&self, id: CustomerId, read: Result<T, Error>) -> Result<T, Error> {
        if read.is_err() {
            self.back_end.customers.check_exists(&self.scope(), id).await?;
        }
        read
    }

    /// The parameters in the query.
    pub(super) fn query(&self) -> Parameters {
        Parameters::parse(self.parts.uri.query().unwrap_or_default())
    }
}

/// What an operation answers when it succeeds.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    json: Option<Vec<u8>>,
    representation: bool,
    ignored: Vec<String>,
}

impl Reply {
    /// No body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, json: None, representation: false, ignored: Vec::new() }
    }

    /// A JSON body.
    pub(super) fn json(status: StatusCode, value: &impl serde::Serialize) -> Self {
        let json = serde_json::to_vec(value).expect("invariant: plain data is JSON");
        Self { json: Some(json), ..Self::empty(status) }
    }

    /// Says that the body is there because the caller preferred it.
    pub(super) fn preferred(self) -> Self {
        Self { representation: true, ..self }
    }

    /// Names what was sent and does not count.
    pub(super) fn ignoring(self, ignored: Vec<String>) -> Self {
        Self { ignored, ..self }
    }
}

/// A call under way.
type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Makes an operation of `handler`.
pub(super) fn endpoint<H, F>(
    operation: Operation,
    handler: H,
) -> impl Fn(State<Arc<DirectScale>>, Request) -> Answering + Clone + Send + Sync + 'static
where
    H: Fn(Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Reply, Error>> + Send,
{
    move |State(directscale), request| {
        let handler = handler.clone();
        Box::pin(async move {
            let mut served = Served::new(operation.id, operation.route);
            let mut response = match serve(&directscale, operation, &mut served, request, handler).await {
                Ok(response) => response,
                Err(refusal) => refusal.into_response(),
            };
            response.extensions_mut().insert(served);
            response
        })
    }
}

async fn serve<H, F>(
    directscale: &DirectScale,
    operation: Operation,
    served: &mut Served,
    request: Request,
    handler: H,
) -> Result<Response<Body>, GatewayRefusal>
where
    H: Fn(Call) -> F,
    F: Future<Output = Result<Reply, Error>>,
{
    let request_id = directscale.random.uuid();
    served.request_id = Some(request_id);
    let (mut parts, body) = request.into_parts();
    let back_end = directscale.back_end.get().ok_or(GatewayRefusal::BackEndFailed(request_id))?;
    let caller = admit(back_end, operation, &parts, request_id).await?;
    served.caller = Some(caller.clone());

    let tenant = Arc::clone(&caller.tenant);
    let mut rehearsed = false;
    let outcome = match read_body(&parts, body, directscale.options.max_body_bytes).await? {
        Ok(body) => {
            let path = if operation.route.contains('{') { parts.extract().await.ok() } else { None };
            let now = tenant.clock.now();
            rehearsed = writes(&parts.method) && wants_rollback(&parts.headers);
            let call = Call { back_end: back_end.clone(), parts, body, caller, path, now, request_id };
            if rehearsed { rehearse(call, handler).await } else { handler(call).await }
        }
        Err(error) => Err(error.into()),
    };
    let options = &directscale.options;
    let mut response = match outcome {
        Ok(reply) => success(reply, rehearsed, options),
        Err(error) => {
            let refused = error.refused(&tenant.plan, request_id)?;
            let mut response = json_response(refused.status, refused.body(request_id, options.extra_headers));
            response.headers_mut().insert("x-directscale-message", header_text(&refused.message));
            if rehearsed {
                response.headers_mut().insert(PREFERENCE_APPLIED, HeaderValue::from_static(prefer::ROLLBACK));
            }
            response
        }
    };
    response.headers_mut().insert("x-directscale-requestid", header_text(&request_id.to_string()));
    Ok(response)
}

/// Does all that the call asks for and takes it back.
async fn rehearse<H, F>(mut call: Call, handler: H) -> Result<Reply, Error>
where
    H: Fn(Call) -> F,
    F: Future<Output = Result<Reply, Error>>,
{
    let failed = |error| Error::Customers(customers::Error::Database(error));
    let (customers, transaction) = call.back_end.customers.begin();
    call.back_end.customers = customers;
    let outcome = handler(call).await;
    transaction.roll_back().await.map_err(failed)?;
    outcome
}

fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// Who calls, or the gateway's refusal.
async fn admit(
    back_end: &BackEnd,
    operation: Operation,
    parts: &Parts,
    request_id: Uuid,
) -> Result<Caller, GatewayRefusal> {
    let key = presented_key(parts).ok_or_else(|| GatewayRefusal::MissingKey(realm(parts, operation.base())))?;
    let failed = |error: DatabaseError| {
        tracing::error!(error = %ErrorChain(&error), request.id = %request_id, "database failure");
        GatewayRefusal::BackEndFailed(request_id)
    };
    let caller = back_end.directory.caller(&key).await.map_err(failed)?;
    let caller = caller.ok_or_else(|| GatewayRefusal::InvalidKey(realm(parts, operation.base())))?;
    match back_end.directory.count_call(&caller, caller.tenant.clock.now()).await.map_err(failed)? {
        None => Ok(caller),
        Some(Spent::RateLimit(seconds)) => Err(GatewayRefusal::RateLimited(seconds)),
        Some(Spent::Quota(seconds)) => Err(GatewayRefusal::QuotaSpent(seconds)),
    }
}

/// The body of a write, within the limit. Reads have none that counts.
pub(super) async fn read_body(
    parts: &Parts,
    body: Body,
    limit: usize,
) -> Result<Result<Bytes, BodyError>, GatewayRefusal> {
    if !writes(&parts.method) {
        return Ok(Ok(Bytes::new()));
    }
    match tokio::time::timeout(BODY_PATIENCE, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(Ok(collected.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(GatewayRefusal::BodyTooLarge(limit)),
        Ok(Err(_)) => Ok(Err(BodyError::Incomplete("it broke off".to_owned()))),
        Err(_) => Ok(Err(BodyError::Incomplete(format!("{} seconds passed", BODY_PATIENCE.as_secs())))),
    }
}

fn success(reply: Reply, rehearsed: bool, options: &DirectScaleOptions) -> Response<Body> {
    let mut response = if let Some(json) = reply.json {
        json_response(reply.status, json)
    } else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = reply.status;
        response
    };
    let headers = response.headers_mut();
    let applied = match (reply.representation, rehearsed) {
        (false, false) => None,
        (true, false) => Some(prefer::REPRESENTATION),
        (false, true) => Some(prefer::ROLLBACK),
        (true, true) => Some(prefer::BOTH),
    };
    if let Some(applied) = applied {
        headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static(applied));
    }
    if options.extra_headers && !reply.ignored.is_empty() {
        headers.insert("x-emulator-ignored", header_text(&listed(&reply.ignored)));
    }
    response
}

/// The names that were ignored, bounded: the caller chose them.
fn listed(names: &[String]) -> String {
    let short = |name: &String| name.chars().take(64).collect::<String>();
    let mut listed: Vec<String> = names.iter().take(20).map(short).collect();
    if names.len() > listed.len() {
        listed.push(format!("and {} more", names.len() - listed.len()));
    }
    listed.join(", ")
}

pub(super) fn json_response(status: StatusCode, json: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A text as a header's value: in UTF-8, line breaks and other control characters as blanks.
fn header_text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| {
        let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
    })
}
