//! The steps of every request of a vendor API: authenticate, limit, read, look for an injected fault, run, respond,
//! record.

use std::any::Any;
use std::borrow::Cow;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use axum::RequestPartsExt as _;
use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{Response, header};
use chrono::{DateTime, Utc};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::body::{BodyError, read_body, writes};
use super::context::{GatewayState, Operation, Replayed, RequestContext, Services, VendorState};
use super::injected_fault::{InjectedFault, InsideFault, Sent};
use super::origin::is_from_another_site;
use super::request::{ApiRequest, wants_rollback};
use super::request_log::{RequestLog, Transmission};
use super::response::{
    BrokenBody, GatewayRejection, KeyProblem, NotBuilt, Reply, header_text, prefer, with_retry_after,
};
use super::vendor::Vendor;
use crate::database::{DatabaseError, Transaction, charge, to_be_logged};
use crate::error_chain::ErrorChain;
use crate::guesses::TooManyGuesses;
use crate::tenants::{Caller, Denied, LimitExceeded};
use crate::wire::json::Rewritten;
use crate::wire::members::Notes;

pub(crate) type HandlerFuture<'a, E> = Pin<Box<dyn Future<Output = Result<Reply, E>> + Send + 'a>>;

/// The handler of an operation.
pub(crate) enum Handler<V: Vendor> {
    Built(for<'a> fn(&'a ApiRequest<'a>) -> HandlerFuture<'a, V::Error>),
    NotBuilt(NotBuilt),
}

impl<V: Vendor> Clone for Handler<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: Vendor> Copy for Handler<V> {}

/// An operation with its handler: an endpoint of the router.
pub(super) struct Endpoint<V: Vendor> {
    pub operation: Operation,
    pub handler: Handler<V>,
}

impl<V: Vendor> Clone for Endpoint<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: Vendor> Copy for Endpoint<V> {}

impl<V: Vendor> axum::handler::Handler<(), Arc<VendorState<V>>> for Endpoint<V> {
    type Future = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

    fn call(self, request: Request, state: Arc<VendorState<V>>) -> Self::Future {
        Box::pin(async move {
            let Self { operation, handler } = self;
            let (mut parts, body) = request.into_parts();
            let path = path_parameters(operation, &mut parts).await;
            let log = RequestLog::begin(&state.gateway, operation, &parts, V::PREVIEW_HEADER);
            let pipeline = Pipeline { state: &state, operation, parts: &parts, path: path.as_ref(), log };
            pipeline.respond(body, handler).await
        })
    }
}

/// `None` where the operation has none, or one of them is not UTF-8.
pub(super) async fn path_parameters(operation: Operation, parts: &mut Parts) -> Option<RawPathParams> {
    if operation.route.contains('{') { parts.extract().await.ok() } else { None }
}

/// One request. Each step returns what the next one needs.
struct Pipeline<'a, V: Vendor> {
    state: &'a VendorState<V>,
    operation: Operation,
    parts: &'a Parts,
    path: Option<&'a RawPathParams>,
    log: RequestLog,
}

/// A request whose credential was accepted.
struct Authenticated<'a> {
    services: &'a Services,
    caller: Caller,
    now: DateTime<Utc>,
}

/// The result of an operation.
struct Outcome<E> {
    result: Result<Reply, Failure<E>>,
    /// Members of the request that have no effect.
    ignored: Notes,
    is_dry_run: bool,
}

enum Failure<E> {
    Operation(E),
    Gateway(GatewayRejection),
}

impl<'a, V: Vendor> Pipeline<'a, V> {
    async fn respond(mut self, body: Body, handler: Handler<V>) -> Response<Body> {
        let (response, transmission) = match self.steps(body, handler).await {
            Ok(sent) => sent,
            Err(rejection) => (self.reject(rejection), Transmission::Complete),
        };
        self.log.finish(response, transmission)
    }

    async fn steps(&mut self, body: Body, handler: Handler<V>) -> Result<Sent, GatewayRejection> {
        let authenticated = self.authenticate().await?;
        self.limit(&authenticated).await?;
        let body = self.read(body, &authenticated.caller).await?;
        let fault = self.inject(&authenticated).await?;
        let vendor = &self.state.vendor;
        if let Some(fault) = &fault
            && let Some(sent) = fault.before(vendor, &self.context()).await
        {
            return Ok(sent);
        }
        let inside = fault.as_ref().and_then(InjectedFault::inside);
        let outcome = self.run(&authenticated, body, handler, inside).await;
        let response = self.response(outcome);
        match fault {
            Some(fault) => Ok(fault.after(vendor, &self.context(), response).await),
            None => Ok((response, Transmission::Complete)),
        }
    }

    async fn authenticate(&mut self) -> Result<Authenticated<'a>, GatewayRejection> {
        let VendorState { vendor, gateway } = self.state;
        let request_id = self.log.request_id;
        let services = gateway.services.get().ok_or(GatewayRejection::BackEndFailed(request_id))?;
        let caller = match self.parts.extensions.get() {
            Some(Replayed(caller)) => {
                charge(caller.tenant.id);
                caller.clone()
            }
            None => caller_of(vendor, gateway, services, self.parts, (self.operation.id, request_id)).await?,
        };
        let now = caller.tenant.clock.now();
        self.log.caller = Some(caller.clone());
        self.log.tenant_time = Some(now);
        Ok(Authenticated { services, caller, now })
    }

    async fn limit(&self, authenticated: &Authenticated<'_>) -> Result<(), GatewayRejection> {
        let Authenticated { services, caller, now } = authenticated;
        let counted = services.limits.count_request(caller, *now).await;
        match counted.map_err(|error| database_failed(&error, self.log.request_id))? {
            None => Ok(()),
            Some(LimitExceeded::RateLimit(seconds)) => Err(GatewayRejection::RateLimited(seconds)),
            Some(LimitExceeded::Quota(seconds)) => Err(GatewayRejection::QuotaExceeded(seconds)),
            Some(LimitExceeded::TenantDeleted) => Err(GatewayRejection::InvalidKey(KeyProblem::Unknown)),
        }
    }

    /// The body of the request. The vendor rejects a broken one, after the injected faults.
    async fn read(&mut self, body: Body, caller: &Caller) -> Result<Result<Bytes, BrokenBody>, GatewayRejection> {
        let GatewayState { options, body_memory, .. } = &self.state.gateway;
        let limit = options.max_body_bytes;
        match read_body(self.parts, body, limit, body_memory.share(Some(caller.tenant.id))).await {
            Ok(body) => {
                self.log.read(&body);
                Ok(Ok(body))
            }
            Err(BodyError::Broken(broken)) => Ok(Err(broken)),
            Err(BodyError::TooLong) => Err(GatewayRejection::BodyTooLarge(limit)),
            Err(BodyError::MemoryFull) => Err(GatewayRejection::MemoryFull),
        }
    }

    /// The fault that the request triggers.
    async fn inject(&mut self, authenticated: &Authenticated<'_>) -> Result<Option<InjectedFault>, GatewayRejection> {
        let Authenticated { services, caller, .. } = authenticated;
        let triggered = services.fault_rules.trigger(&caller.tenant, self.operation.id).await;
        let triggered = triggered.map_err(|error| database_failed(&error, self.log.request_id))?;
        let fault = triggered.map(InjectedFault::new);
        self.log.fault = fault.as_ref().map(InjectedFault::note);
        Ok(fault)
    }

    /// Runs the operation; in one transaction if a dry run or a fault rolls it back or holds it open.
    async fn run(
        &mut self,
        authenticated: &Authenticated<'_>,
        body: Result<Bytes, BrokenBody>,
        handler: Handler<V>,
        inside: Option<InsideFault>,
    ) -> Outcome<V::Error> {
        let Authenticated { services, caller, now } = authenticated;
        let is_dry_run = writes(&self.parts.method) && wants_rollback(&self.parts.headers);
        self.log.is_dry_run = is_dry_run;
        let (services, transaction) = if body.is_ok() && (is_dry_run || inside.is_some()) {
            self.log.is_in_transaction = true;
            let (customers, transaction) = services.customers.begin();
            (Cow::Owned(Services { customers, ..(*services).clone() }), Some(transaction))
        } else {
            (Cow::Borrowed(*services), None)
        };
        let (body, broken) = match body {
            Ok(body) => (body, None),
            Err(broken) => (Bytes::new(), Some(broken)),
        };
        let mut request = ApiRequest {
            services: &services,
            parts: self.parts,
            body: &body,
            customer: None,
            caller,
            path: self.path,
            now: *now,
            id: self.log.request_id,
            recorder: &self.log.recorder,
            rewritten: Rewritten::default(),
            ignored: Mutex::default(),
        };
        request.customer = self.state.vendor.customer(&request);
        self.log.customer = request.customer;
        let held_open = may_be_held_open(transaction.as_ref(), inside).await;
        // One that is not held open is not delayed either.
        let inside = inside.filter(|_| held_open.is_ok());
        let (held_open, failed) = match held_open {
            Ok(held_open) => (held_open, None),
            Err(error) => (None, Some(error)),
        };
        let mut result = match (broken, failed) {
            (Some(broken), _) => Err(Failure::Operation(broken.into())),
            (None, Some(error)) => Err(Failure::Operation(error.into())),
            (None, None) => handle(handler, &request).await,
        };
        if let Some(transaction) = transaction {
            // Boxed, because it is rare.
            result = Box::pin(end(transaction, result, is_dry_run, inside)).await;
        }
        drop(held_open);
        if inside.is_some_and(|inside| inside.is_rolled_back) {
            self.log.recorder.discard_changes();
        }
        let ignored = request.take_ignored();
        Outcome { result, ignored, is_dry_run }
    }

    /// The response of the operation. Its effects are final from here on, also in the journal.
    fn response(&mut self, outcome: Outcome<V::Error>) -> Response<Bytes> {
        let Outcome { result, mut ignored, is_dry_run } = outcome;
        let vendor = &self.state.vendor;
        let request_id = self.log.request_id;
        let mut response = match result {
            Ok(mut reply) => {
                ignored.join(std::mem::take(&mut reply.ignored).into_iter().collect());
                let mut response = reply.into_response(is_dry_run);
                vendor.add_response_headers(&mut response, request_id);
                response
            }
            Err(failure) => {
                self.log.recorder.discard_changes();
                let mut response = self.failure_response(failure);
                if is_dry_run {
                    response.headers_mut().insert(prefer::APPLIED, prefer::discard_changes());
                }
                response
            }
        };
        self.log.ran();
        self.list_ignored(ignored, &mut response);
        response
    }

    fn failure_response(&mut self, failure: Failure<V::Error>) -> Response<Bytes> {
        let vendor = &self.state.vendor;
        let error = match failure {
            Failure::Operation(error) => error,
            Failure::Gateway(rejection) => return self.reject(rejection),
        };
        match vendor.render_error(error, &self.context()) {
            Ok((mut response, reasons)) => {
                self.log.reasons.extend(reasons);
                vendor.add_response_headers(&mut response, self.log.request_id);
                response
            }
            Err(rejection) => self.reject(rejection),
        }
    }

    /// Lists members of the request that have no effect: in the response, and in the journal.
    fn list_ignored(&mut self, ignored: Notes, response: &mut Response<Bytes>) {
        if ignored.kept().is_empty() {
            return;
        }
        if self.state.gateway.options.extra_headers {
            response.headers_mut().insert("x-emulator-ignored", header_text(&ignored.listed()));
        }
        self.log.ignored = ignored.into_kept();
    }

    fn reject(&mut self, rejection: GatewayRejection) -> Response<Bytes> {
        self.log.rejected(&rejection);
        let retry_after = match rejection {
            GatewayRejection::InvalidKey(KeyProblem::TooManyGuesses(seconds)) => Some(seconds),
            _ => None,
        };
        let response = self.state.vendor.reject(rejection, &self.context());
        match retry_after {
            Some(seconds) => with_retry_after(response, seconds),
            None => response,
        }
    }

    fn context(&self) -> RequestContext<'_> {
        RequestContext {
            parts: self.parts,
            operation: self.operation,
            request_id: self.log.request_id,
            options: self.state.gateway.options,
            tenant: self.log.caller.as_ref().map(|caller| &*caller.tenant),
        }
    }
}

async fn caller_of<V: Vendor>(
    vendor: &V,
    gateway: &GatewayState,
    services: &Services,
    parts: &Parts,
    (operation, request_id): (&str, Uuid),
) -> Result<Caller, GatewayRejection> {
    let credential = vendor.presented_credential(parts).ok_or(GatewayRejection::MissingKey)?;
    // A page of another site can send a key that it knows in the query, and cannot read the response.
    if writes(&parts.method)
        && is_from_another_site(&parts.headers)
        && !gateway.permits(parts.headers.get(header::ORIGIN))
    {
        return Err(GatewayRejection::InvalidKey(KeyProblem::AnotherSite));
    }
    let caller = services.credentials.caller(&credential, V::CREDENTIAL, operation, &gateway.guesses).await;
    caller.map_err(|denied| match denied {
        Denied::Unknown => GatewayRejection::InvalidKey(KeyProblem::Unknown),
        Denied::TooManyGuesses(TooManyGuesses(seconds)) => {
            GatewayRejection::InvalidKey(KeyProblem::TooManyGuesses(seconds))
        }
        Denied::TooManyLookups => GatewayRejection::TooManyLookups,
        Denied::Database(error) => database_failed(&error, request_id),
    })
}

fn database_failed(error: &DatabaseError, request_id: Uuid) -> GatewayRejection {
    if let Some(left_out) = to_be_logged(error) {
        tracing::error!(error = %ErrorChain(error), request.id = %request_id, left_out, "database failure");
    }
    GatewayRejection::BackEndFailed(request_id)
}

async fn handle<V: Vendor>(handler: Handler<V>, request: &ApiRequest<'_>) -> Result<Reply, Failure<V::Error>> {
    match handler {
        Handler::NotBuilt(missing) => Err(Failure::Gateway(GatewayRejection::NotBuilt(missing))),
        Handler::Built(handler) => match unless_panicked(handler(request), request.id).await {
            Ok(result) => result.map_err(Failure::Operation),
            Err(rejection) => Err(Failure::Gateway(rejection)),
        },
    }
}

/// Waits until a transaction may be held open for as long as a fault says.
async fn may_be_held_open(
    transaction: Option<&Transaction>,
    inside: Option<InsideFault>,
) -> Result<Option<OwnedSemaphorePermit>, DatabaseError> {
    match (transaction, inside) {
        // Boxed, because it is rare.
        (Some(transaction), Some(inside)) if !inside.delay.is_zero() => Box::pin(transaction.may_be_held_open()).await,
        _ => Ok(None),
    }
}

/// Commits what the operation did, or rolls it back.
async fn end<E: From<DatabaseError>>(
    transaction: Transaction,
    result: Result<Reply, Failure<E>>,
    is_dry_run: bool,
    inside: Option<InsideFault>,
) -> Result<Reply, Failure<E>> {
    let delay = inside.map_or(Duration::ZERO, |inside| inside.delay);
    // On the only connection no request could see the open transaction, and all tenants would wait for it.
    let is_held_open = !transaction.is_on_only_connection();
    if is_held_open {
        tokio::time::sleep(delay).await;
    }
    let is_kept = !is_dry_run && result.is_ok() && !inside.is_some_and(|inside| inside.is_rolled_back);
    let ended = if is_kept { transaction.commit().await } else { transaction.roll_back().await };
    if !is_held_open {
        tokio::time::sleep(delay).await;
    }
    ended.map_err(|error| Failure::Operation(E::from(error))).and(result)
}

/// What a handler returns. A panic in it becomes a rejection, so that the client, the journal and the metrics get a response.
pub(super) async fn unless_panicked<T>(
    future: Pin<Box<dyn Future<Output = T> + Send + '_>>,
    request_id: Uuid,
) -> Result<T, GatewayRejection> {
    caught(future).await.map_err(|panic| {
        tracing::error!(panic = panic_text(&*panic), request.id = %request_id, "a handler panicked");
        GatewayRejection::BackEndFailed(request_id)
    })
}

/// The output of a future.
///
/// # Errors
/// The panic in it.
pub(crate) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// The message of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_handler_is_a_rejection() {
        let id = Uuid::nil();
        let panicked: Result<(), _> = unless_panicked(Box::pin(async { panic!("on purpose") }), id).await;
        assert_eq!(panicked, Err(GatewayRejection::BackEndFailed(id)));
        assert_eq!(unless_panicked(Box::pin(async { 7 }), id).await, Ok(7));
        let text = "formatted".to_owned();
        let panicked = caught(async { panic!("{text}") }).await;
        assert_eq!(panicked.map_err(|panic: Box<dyn Any + Send>| panic_text(&*panic).to_owned()), Err::<(), _>(text));
    }
}
