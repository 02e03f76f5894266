//! The life of one call: key, body, operation, answer.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::RequestPartsExt as _;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use thiserror::Error;
use uuid::Uuid;

use super::call::Call;
use super::encoded::{Undecoded, decoded};
use super::exchange::Exchange;
use super::injected_fault::{Fault, Held};
use super::operation::Operation;
use super::prefer::{self, wants_rollback};
use super::rejection::GatewayRejection;
use super::replayed::Replayed;
use super::reply::{Reply, header_text};
use super::served::Served;
use super::vendor::{RequestContext, ResponseOptions, Services, Vendor, VendorState};
use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use crate::journal::{FaultNote, Reason};
use crate::tenants::{Caller, LimitExceeded, Tenant};
use crate::wire::members::Notes;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A body that no operation gets to see.
#[derive(Debug, Error)]
pub(crate) enum BrokenBody {
    /// It did not arrive whole.
    #[error("The request body did not arrive: {0}.")]
    Incomplete(String),
    /// It is not what its headers say: the whole of what is said.
    #[error("{0}")]
    Undecodable(String),
    /// Its Content-Encoding is not supported, which is 415: the whole of what is said.
    #[error("{0}")]
    Unsupported(String),
}

type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Makes an operation of `handler`.
pub(super) fn endpoint<D, H, F>(
    operation: Operation,
    handler: H,
) -> impl Fn(State<Arc<VendorState<D>>>, Request) -> Answering + Clone + Send + Sync + 'static
where
    D: Vendor,
    H: Fn(Arc<Call>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Reply, D::Error>> + Send,
{
    move |State(front), request| {
        let handler = handler.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let mut under_way = UnderWay {
                front: &front,
                served: Served::new(operation.id, operation.route),
                exchange: Some(Exchange::begin(&front.house.journal, &parts, operation.route)),
            };
            let response = under_way.serve(operation, parts, body, handler).await;
            let (served, exchange) = under_way.end();
            if let Some(exchange) = exchange {
                exchange.end(&front.house.journal, &served, Some(&response));
            }
            let mut response = response.map(Body::from);
            response.extensions_mut().insert(served);
            response
        })
    }
}

/// A call under way. One whose caller hangs up is dropped, and noted all the same: it may have been done.
struct UnderWay<'a, D> {
    front: &'a VendorState<D>,
    served: Served,
    /// There until the call ends.
    exchange: Option<Exchange>,
}

impl<D: Vendor> UnderWay<'_, D> {
    async fn serve<H, F>(&mut self, operation: Operation, parts: Parts, body: Body, handler: H) -> Response<Bytes>
    where
        H: Fn(Arc<Call>) -> F,
        F: Future<Output = Result<Reply, D::Error>>,
    {
        let Self { front, served, exchange: Some(exchange) } = self else { return Response::new(Bytes::new()) };
        Serving { front, operation, served, exchange }.serve(parts, body, handler).await
    }
}

impl<D> UnderWay<'_, D> {
    fn end(&mut self) -> (Served, Option<Exchange>) {
        (self.served.clone(), self.exchange.take())
    }
}

impl<D> Drop for UnderWay<'_, D> {
    fn drop(&mut self) {
        if let Some(mut exchange) = self.exchange.take() {
            let (field, rule) = ("$".to_owned(), "hungUp".to_owned());
            let message = "The caller hung up before the answer; what was done by then stays.".to_owned();
            exchange.reasons.push(Reason { field, rule, message });
            exchange.end(&self.front.house.journal, &self.served, None);
        }
    }
}

/// One call, and what is known of it.
struct Serving<'a, D> {
    front: &'a VendorState<D>,
    operation: Operation,
    served: &'a mut Served,
    exchange: &'a mut Exchange,
}

/// What is the same for all that is said about a call.
#[derive(Debug, Clone, Copy)]
struct Context {
    operation: Operation,
    request_id: Uuid,
    options: ResponseOptions,
}

impl Context {
    fn about<'a>(&self, parts: &'a Parts, tenant: Option<&'a Tenant>) -> RequestContext<'a> {
        let Self { operation, request_id, options } = *self;
        RequestContext { parts, operation: Some(operation), request_id, options, tenant }
    }
}

/// A call that was let in, its body read.
struct Entered {
    caller: Caller,
    body: Result<Bytes, BrokenBody>,
    fault: Option<Fault>,
}

impl<D: Vendor> Serving<'_, D> {
    async fn serve<H, F>(mut self, mut parts: Parts, body: Body, handler: H) -> Response<Bytes>
    where
        H: Fn(Arc<Call>) -> F,
        F: Future<Output = Result<Reply, D::Error>>,
    {
        let VendorState { door, house } = self.front;
        let request_id = house.random.uuid();
        self.served.request_id = Some(request_id);
        let context = Context { operation: self.operation, request_id, options: house.options };
        let Entered { caller, body, fault } = match self.enter(&context, &parts, body).await {
            Ok(entered) => entered,
            Err(rejection) => {
                self.exchange.reasons.push(rejection.reason());
                let tenant = self.served.caller.as_ref().map(|caller| &*caller.tenant);
                return door.rejected(rejection, &context.about(&parts, tenant));
            }
        };
        let tenant = Arc::clone(&caller.tenant);
        let tenant = Some(&*tenant);
        if let Some(fault) = &fault
            && let Some(response) = fault.before(door, &context.about(&parts, tenant), &mut self.served.ending).await
        {
            return response;
        }

        let is_dry_run = writes(&parts.method) && wants_rollback(&parts.headers);
        self.exchange.is_dry_run = is_dry_run;
        let held = fault.as_ref().and_then(Fault::held);
        let path = if self.operation.route.contains('{') { parts.extract().await.ok() } else { None };
        let services = house.services.get().expect("invariant: a caller was found in it").clone();
        let (body, broken) = match body {
            Ok(body) => (body, None),
            Err(broken) => (Bytes::new(), Some(broken)),
        };
        let now = self.exchange.tenant_time.unwrap_or_default();
        let recorder = std::mem::take(&mut self.exchange.recorder);
        let (rewritten, ignored) = Default::default();
        let call = Call { services, parts, body, caller, path, now, request_id, recorder, rewritten, ignored };
        self.exchange.customer = door.customer(&call);
        let (call, outcome) = if let Some(broken) = broken {
            (Arc::new(call), Err(broken.into()))
        } else if is_dry_run || held.is_some() {
            // Boxed, because it is rare and its future is large.
            Box::pin(in_transaction(call, handler, is_dry_run, held)).await
        } else {
            let call = Arc::new(call);
            let outcome = handler(Arc::clone(&call)).await;
            (call, outcome)
        };
        if held.is_some_and(|held| held.is_rolled_back) {
            call.recorder.rolled_back();
        }
        let answered = self.answered(outcome, &context.about(&call.parts, tenant), &call, is_dry_run);
        // Nobody keeps a call beyond its handler. What it did is known from here on, also if the caller hangs up.
        let Some(Call { parts, recorder, .. }) = Arc::into_inner(call) else { return answered };
        self.exchange.recorder = recorder;
        match fault {
            Some(fault) => fault.after(door, &context.about(&parts, tenant), answered, &mut self.served.ending).await,
            None => answered,
        }
    }

    /// Who calls, what they send, and the failure that is to happen.
    async fn enter(&mut self, context: &Context, parts: &Parts, body: Body) -> Result<Entered, GatewayRejection> {
        let VendorState { door, house } = self.front;
        let services = house.services.get().ok_or(GatewayRejection::BackEndFailed(context.request_id))?;
        let caller = admit(door, services, &context.about(parts, None)).await?;
        self.served.caller = Some(caller.clone());
        let now = caller.tenant.clock.now();
        self.exchange.tenant_time = Some(now);
        let spent = services.limits.count_request(&caller, now).await;
        match spent.map_err(|error| failed(&error, context.request_id))? {
            None => {}
            Some(LimitExceeded::RateLimit(seconds)) => return Err(GatewayRejection::RateLimited(seconds)),
            Some(LimitExceeded::Quota(seconds)) => return Err(GatewayRejection::QuotaSpent(seconds)),
        }

        let body = read_body(parts, body, house.options.max_body_bytes).await?;
        if let Ok(body) = &body {
            self.exchange.read(body);
        }
        let fired = services.fault_rules.trigger(&caller.tenant, self.operation.id).await;
        let fired = fired.map_err(|error| failed(&error, context.request_id))?;
        let fault = fired.map(Fault::new);
        if let Some(fault) = &fault {
            self.served.fault = Some(fault.id());
            self.exchange.fault = Some(FaultNote { id: fault.id(), description: fault.what() });
        }
        Ok(Entered { caller, body, fault })
    }

    /// The answer that the handler's outcome comes to.
    fn answered(
        &mut self,
        outcome: Result<Reply, D::Error>,
        about: &RequestContext<'_>,
        call: &Call,
        is_dry_run: bool,
    ) -> Response<Bytes> {
        let door = &self.front.door;
        let mut ignored = call.take_ignored();
        let error = match outcome {
            Ok(mut reply) => {
                ignored.join(std::mem::take(&mut reply.ignored).into_iter().collect());
                let mut response = reply.into_response(is_dry_run);
                self.name_ignored(ignored, &mut response, about.options);
                door.sign(&mut response, about.request_id);
                return response;
            }
            Err(error) => error,
        };
        call.recorder.rolled_back();
        let mut response = match door.failed(error, about) {
            Ok((mut response, reasons)) => {
                self.exchange.reasons.extend(reasons);
                door.sign(&mut response, about.request_id);
                response
            }
            Err(rejection) => {
                self.exchange.reasons.push(rejection.reason());
                door.rejected(rejection, about)
            }
        };
        if is_dry_run {
            response.headers_mut().insert(prefer::APPLIED, prefer::rolled_back());
        }
        self.name_ignored(ignored, &mut response, about.options);
        response
    }

    /// Says what was sent and does not count: in the answer, and in the journal.
    fn name_ignored(&mut self, ignored: Notes, response: &mut Response<Bytes>, options: ResponseOptions) {
        if ignored.kept().is_empty() {
            return;
        }
        if options.extra_headers {
            response.headers_mut().insert("x-emulator-ignored", header_text(&ignored.listed()));
        }
        self.exchange.ignored = ignored.into_kept();
    }
}

/// Does all that the call asks for in one transaction; a dry run takes it back, and so does a fault that happens in there.
async fn in_transaction<H, F, E>(
    mut call: Call,
    handler: H,
    is_dry_run: bool,
    held: Option<Held>,
) -> (Arc<Call>, Result<Reply, E>)
where
    H: Fn(Arc<Call>) -> F,
    F: Future<Output = Result<Reply, E>>,
    E: From<DatabaseError>,
{
    let (customers, transaction) = call.services.customers.begin();
    call.services.customers = customers;
    let call = Arc::new(call);
    let outcome = handler(Arc::clone(&call)).await;
    if let Some(held) = held {
        tokio::time::sleep(held.delay).await;
    }
    let is_kept = !is_dry_run && outcome.is_ok() && !held.is_some_and(|held| held.is_rolled_back);
    let ended = if is_kept { transaction.commit().await } else { transaction.roll_back().await };
    (call, ended.map_err(E::from).and(outcome))
}

fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// Who calls, or why nobody is let in.
async fn admit<D: Vendor>(
    door: &D,
    services: &Services,
    about: &RequestContext<'_>,
) -> Result<Caller, GatewayRejection> {
    let failed = |error: DatabaseError| failed(&error, about.request_id);
    if let Some(Replayed(caller)) = about.parts.extensions.get() {
        return Ok(caller.clone());
    }
    let key = door.presented(about.parts).ok_or(GatewayRejection::MissingKey)?;
    let caller = services.credentials.caller(&key).await.map_err(failed)?;
    let caller = caller.filter(|caller| caller.kind == D::KEY).ok_or(GatewayRejection::InvalidKey)?;
    if door.admits(services, &caller, about.parts).await.map_err(failed)? {
        Ok(caller)
    } else {
        Err(GatewayRejection::InvalidKey)
    }
}

fn failed(error: &DatabaseError, request_id: Uuid) -> GatewayRejection {
    tracing::error!(error = %ErrorChain(error), request.id = %request_id, "database failure");
    GatewayRejection::BackEndFailed(request_id)
}

/// Why a body did not come to its end.
fn why_broken(error: &(dyn std::error::Error + 'static)) -> &'static str {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    let causes = std::iter::successors(Some(error), |error| error.source());
    let is_malformed = |error: &std::io::Error| matches!(error.kind(), InvalidData | InvalidInput);
    if causes.filter_map(|cause| cause.downcast_ref()).any(is_malformed) {
        "its chunks are not written as HTTP says"
    } else {
        "it broke off"
    }
}

/// The body of a write, decoded, within the limit. Reads have none that counts.
///
/// # Errors
/// When the body is too large.
pub(crate) async fn read_body(
    parts: &Parts,
    body: Body,
    limit: usize,
) -> Result<Result<Bytes, BrokenBody>, GatewayRejection> {
    if !writes(&parts.method) {
        return Ok(Ok(Bytes::new()));
    }
    // Before any of it is read: a caller that waits for `100 Continue` need not send it.
    if body.size_hint().lower() > limit as u64 {
        return Err(GatewayRejection::BodyTooLarge(limit));
    }
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => match decoded(&parts.headers, collected.to_bytes(), limit).await {
            Ok(body) => Ok(Ok(body)),
            Err(Undecoded::TooLong) => Err(GatewayRejection::BodyTooLarge(limit)),
            Err(Undecoded::Broken(why)) => Ok(Err(BrokenBody::Undecodable(why))),
            Err(Undecoded::Unsupported(why)) => Ok(Err(BrokenBody::Unsupported(why))),
        },
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(GatewayRejection::BodyTooLarge(limit)),
        Ok(Err(error)) => Ok(Err(BrokenBody::Incomplete(why_broken(&*error).to_owned()))),
        Err(_) => Ok(Err(BrokenBody::Incomplete(format!("{} seconds passed", BODY_TIMEOUT.as_secs())))),
    }
}
