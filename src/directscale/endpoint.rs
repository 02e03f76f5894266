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
use super::fault::{Fault, Held};
use super::operation::Operation;
use super::prefer::{self, wants_rollback};
use super::query::Parameters;
use super::wire::BodyError;
use super::{BackEnd, DirectScale, DirectScaleOptions};
use crate::customers::{self, CustomerId, Scope};
use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use crate::gateway::{Exchange, GatewayRefusal, Replayed, Served, presented_key, realm};
use crate::journal::{FaultNote, Reason, Recorder};
use crate::tenants::{Caller, Spent};

const PREFERENCE_APPLIED: &str = "preference-applied";

/// So many names of what does not count are kept in the journal.
const MOST_IGNORED: usize = 50;

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
    recorder: Arc<Recorder>,
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
            has_event_faults: self.caller.tenant.has_event_faults,
            recorder: &self.recorder,
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
            let (parts, body) = request.into_parts();
            let mut under_way = UnderWay {
                directscale: &directscale,
                served: Served::new(operation.id, operation.route),
                exchange: Some(Exchange::begin(&directscale.journal, &parts, operation.route)),
            };
            let response = under_way.serve(operation, parts, body, handler).await;
            let (served, exchange) = under_way.end();
            if let Some(exchange) = exchange {
                exchange.end(&directscale.journal, &served, Some(&response));
            }
            let mut response = response.map(Body::from);
            response.extensions_mut().insert(served);
            response
        })
    }
}

/// A call under way. One whose caller hangs up is dropped, and noted all the same: it may have been done.
struct UnderWay<'a> {
    directscale: &'a DirectScale,
    served: Served,
    /// There until the call ends.
    exchange: Option<Exchange>,
}

impl UnderWay<'_> {
    async fn serve<H, F>(&mut self, operation: Operation, parts: Parts, body: Body, handler: H) -> Response<Bytes>
    where
        H: Fn(Call) -> F,
        F: Future<Output = Result<Reply, Error>>,
    {
        let Self { directscale, served, exchange: Some(exchange) } = self else { return Response::new(Bytes::new()) };
        let serving = Serving { directscale, operation, served, exchange: &mut *exchange };
        match serving.serve(parts, body, handler).await {
            Ok(response) => response,
            Err(refusal) => {
                exchange.reasons.extend(refusal.reason());
                refusal.into_response()
            }
        }
    }

    fn end(&mut self) -> (Served, Option<Exchange>) {
        (self.served.clone(), self.exchange.take())
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(mut exchange) = self.exchange.take() {
            let (field, rule) = ("$".to_owned(), "hungUp".to_owned());
            let message = "The caller hung up before the answer; what was done by then stays.".to_owned();
            exchange.reasons.push(Reason { field, rule, message });
            exchange.end(&self.directscale.journal, &self.served, None);
        }
    }
}

/// One call, and what is known of it.
struct Serving<'a> {
    directscale: &'a DirectScale,
    operation: Operation,
    served: &'a mut Served,
    exchange: &'a mut Exchange,
}

impl Serving<'_> {
    async fn serve<H, F>(self, mut parts: Parts, body: Body, handler: H) -> Result<Response<Bytes>, GatewayRefusal>
    where
        H: Fn(Call) -> F,
        F: Future<Output = Result<Reply, Error>>,
    {
        let Self { directscale, operation, served, exchange } = self;
        let options = &directscale.options;
        let request_id = directscale.random.uuid();
        served.request_id = Some(request_id);
        let back_end = directscale.back_end.get().ok_or(GatewayRefusal::BackEndFailed(request_id))?;
        let caller = admit(back_end, operation, &parts, request_id).await?;
        served.caller = Some(caller.clone());
        let tenant = Arc::clone(&caller.tenant);
        let now = tenant.clock.now();
        exchange.tenant_time = Some(now);

        let read = read_body(&parts, body, options.max_body_bytes).await?;
        if let Ok(body) = &read {
            exchange.body = body.clone();
        }
        let fired = back_end.directory.fire(&tenant, operation.id).await.map_err(|error| failed(&error, request_id))?;
        let fault = fired.map(|fired| {
            served.fault = Some(fired.id);
            exchange.fault = Some(FaultNote { id: fired.id, what: fired.rule.what() });
            Fault::new(fired, request_id, realm(&parts, operation.base()), options)
        });
        if let Some(fault) = &fault
            && let Some(response) = fault.before(&mut served.ending).await
        {
            return Ok(response);
        }

        let is_rehearsal = writes(&parts.method) && wants_rollback(&parts.headers);
        exchange.is_rehearsal = is_rehearsal;
        let outcome = match read {
            Ok(body) => {
                let path = if operation.route.contains('{') { parts.extract().await.ok() } else { None };
                let recorder = Arc::new(std::mem::take(&mut exchange.recorder));
                let call = Call {
                    back_end: back_end.clone(),
                    parts,
                    body,
                    caller,
                    path,
                    now,
                    request_id,
                    recorder: Arc::clone(&recorder),
                };
                exchange.customer = call.customer_id().ok().map(|id| id.0);
                let held = fault.as_ref().and_then(Fault::held);
                let outcome = if is_rehearsal || held.is_some() {
                    // Boxed, because it is rare and its future is large.
                    Box::pin(in_transaction(call, handler, is_rehearsal, held)).await
                } else {
                    handler(call).await
                };
                if held.is_some_and(|held| held.is_rolled_back) {
                    recorder.rolled_back();
                }
                exchange.recorder = Arc::into_inner(recorder).unwrap_or_default();
                outcome
            }
            Err(error) => Err(error.into()),
        };
        let mut response = match outcome {
            Ok(reply) => {
                exchange.ignored = reply.ignored.iter().take(MOST_IGNORED).cloned().collect();
                success(reply, is_rehearsal, options)
            }
            Err(error) => {
                exchange.recorder.refused();
                let mut response = match error.refused(&tenant.plan, request_id) {
                    Ok(refused) => {
                        exchange.reasons.extend(refused.reasons());
                        refused.response(request_id, options.extra_headers)
                    }
                    Err(refusal) if fault.is_none() => return Err(refusal),
                    // A fault behind the handler happens to this answer too.
                    Err(refusal) => {
                        exchange.reasons.extend(refusal.reason());
                        refusal.into_response()
                    }
                };
                if is_rehearsal {
                    response.headers_mut().insert(PREFERENCE_APPLIED, HeaderValue::from_static(prefer::ROLLBACK));
                }
                response
            }
        };
        response.headers_mut().insert("x-directscale-requestid", header_text(&request_id.to_string()));
        match fault {
            Some(fault) => Ok(fault.after(response, &mut served.ending).await),
            None => Ok(response),
        }
    }
}

/// Does all that the call asks for in one transaction; a rehearsal takes it back, and so does a fault that happens in there.
async fn in_transaction<H, F>(
    mut call: Call,
    handler: H,
    is_rehearsal: bool,
    held: Option<Held>,
) -> Result<Reply, Error>
where
    H: Fn(Call) -> F,
    F: Future<Output = Result<Reply, Error>>,
{
    let failed = |error| Error::Customers(customers::Error::Database(error));
    let (customers, transaction) = call.back_end.customers.begin();
    call.back_end.customers = customers;
    let outcome = handler(call).await;
    if let Some(held) = held {
        tokio::time::sleep(held.delay).await;
    }
    if is_rehearsal || outcome.is_err() || held.is_some_and(|held| held.is_rolled_back) {
        transaction.roll_back().await.map_err(failed)?;
    } else {
        transaction.commit().await.map_err(failed)?;
    }
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
    let failed = |error: DatabaseError| failed(&error, request_id);
    let caller = if let Some(Replayed(caller)) = parts.extensions.get() {
        caller.clone()
    } else {
        let key = presented_key(parts).ok_or_else(|| GatewayRefusal::MissingKey(realm(parts, operation.base())))?;
        let caller = back_end.directory.caller(&key).await.map_err(failed)?;
        caller.ok_or_else(|| GatewayRefusal::InvalidKey(realm(parts, operation.base())))?
    };
    match back_end.directory.count_call(&caller, caller.tenant.clock.now()).await.map_err(failed)? {
        None => Ok(caller),
        Some(Spent::RateLimit(seconds)) => Err(GatewayRefusal::RateLimited(seconds)),
        Some(Spent::Quota(seconds)) => Err(GatewayRefusal::QuotaSpent(seconds)),
    }
}

fn failed(error: &DatabaseError, request_id: Uuid) -> GatewayRefusal {
    tracing::error!(error = %ErrorChain(error), request.id = %request_id, "database failure");
    GatewayRefusal::BackEndFailed(request_id)
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

fn success(reply: Reply, rehearsed: bool, options: &DirectScaleOptions) -> Response<Bytes> {
    let mut response = if let Some(json) = reply.json {
        json_response(reply.status, json)
    } else {
        let mut response = Response::new(Bytes::new());
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

pub(super) fn json_response(status: StatusCode, json: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(json));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A text as a header's value: in UTF-8, line breaks and other control characters as blanks.
pub(super) fn header_text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| {
        let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
    })
}
