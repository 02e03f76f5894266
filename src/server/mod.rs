//! The server: the routers, the one middleware stack, the listener and the shutdown.

mod answer;
mod connection;
mod cut;
mod framing;
mod health;
mod listen;
mod metrics;
mod reach;
mod rejected;
mod request_body;
mod serve_connection;
mod start;

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Extensions, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use thiserror::Error;
use tower::Layer as _;
use tower::util::MapRequest;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};

use crate::control::{self, Access, Control};
use crate::gateway::{GatewayRejection, GatewayState, ResponseOptions, Served, Services};
use crate::journal::{Journal, JournalOptions};
use crate::random::Random;
use crate::vendors::directscale;
use crate::vendors::{Vendors, canonical_path};
use crate::wire::header_case::{HeaderCaseError, case_map};
use health::Readiness;
use metrics::Metrics;

pub use connection::Timeouts;
pub use listen::{Listener, ShutdownHandle};
pub use reach::Unusable;
pub use start::{Origin, StartError, Started, TenantOptions, migrate_only, open_tenant};

/// The operation of a request that is none: a vendor's path that does not exist, or one of ours.
const NO_OPERATION: &str = "-";

/// How long a browser may remember what it was allowed: as long as any browser does.
const PREFLIGHT_AGE: Duration = Duration::from_hours(2);
/// The target of the log's events for a console, which stand for those of the target `access` there.
pub const CONSOLE_TARGET: &str = "access::console";

/// Everything that a connection needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Server {
    stack: Stack,
    admin: Option<Stack>,
    shared: Arc<Shared>,
}

type Stack = NormalizePath<MapRequest<Router, fn(Request<Body>) -> Request<Body>>>;

#[derive(Debug)]
struct Shared {
    metrics: Metrics,
    readiness: Readiness,
    services: Arc<OnceLock<Services>>,
    control: Arc<Control>,
    journal: Journal,
    case_map: Extensions,
    /// The origin whose browsers may call.
    cors_origin: Option<HeaderValue>,
}

#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// How the vendors' doors answer.
    pub doors: ResponseOptions,
    /// The origin whose browsers may call, `*` for any.
    pub cors_origin: Option<String>,
    /// How much the journal keeps.
    pub journal: JournalOptions,
    /// Whom the control API lets in.
    pub access: Access,
    /// Whether `/_emulator` is on a listener of its own, and not on the vendor's.
    pub has_admin_listener: bool,
}

/// Why the server cannot be made.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The header case map cannot be made.
    #[error(transparent)]
    HeaderCase(#[from] HeaderCaseError),
    /// A metric cannot be registered: a defect.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
}

impl Server {
    /// A server without a database: alive, not ready.
    ///
    /// # Errors
    /// Only for a defect of this program.
    pub async fn new(options: ServerOptions, random: Arc<Random>) -> Result<Self, ServerError> {
        let services = Arc::new(OnceLock::new());
        let journal = Journal::new(options.journal);
        let house =
            GatewayState { options: options.doors, services: Arc::clone(&services), random, journal: journal.clone() };
        // A wrong method on a known path is no operation either (the gateway's default). Said before the layer for
        // browsers, which answers their OPTIONS.
        let Vendors { router: vendor, document, unknown } = Vendors::new(&house);
        let unknown = unknown.handler();
        let vendor = vendor.method_not_allowed_fallback(unknown.clone());
        let control = Arc::new(Control::new(options.access, &document));
        control.replay_to(Router::new().fallback_service(stacked(vendor.clone().fallback(unknown.clone()))));
        let cors_origin = options.cors_origin.as_deref().and_then(|origin| HeaderValue::from_str(origin).ok());
        let shared = Arc::new(Shared {
            metrics: Metrics::new()?,
            readiness: Readiness::default(),
            services,
            control: Arc::clone(&control),
            journal,
            case_map: case_map().await?,
            cors_origin,
        });
        let ours = Router::new()
            .route("/livez", get(health::livez))
            .route("/readyz", get(health::readyz))
            .route("/metrics", get(metrics::metrics))
            .method_not_allowed_fallback(no_such_operation)
            .with_state(Arc::clone(&shared));
        let admin = control::routes(control, &document);
        let vendor = vendor.merge(ours.clone());
        let (vendor, admin) = if options.has_admin_listener {
            let admin = ours.merge(admin).fallback(inspector_or(no_such_operation));
            (allowing(vendor.fallback(unknown), shared.cors_origin.as_ref()), Some(stacked(admin)))
        } else {
            let vendor = allowing(vendor.fallback(inspector_or(unknown)), shared.cors_origin.as_ref());
            (vendor.merge(admin), None)
        };
        Ok(Self { stack: stacked(vendor), admin, shared })
    }

    /// The server as its own listener for `/_emulator` shows it; `None` where it has none.
    #[must_use]
    pub fn admin(&self) -> Option<Self> {
        let stack = self.admin.clone()?;
        Some(Self { stack, admin: None, shared: Arc::clone(&self.shared) })
    }

    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// Gives the server its database and customers: from here on it is ready.
    pub fn serve_from(&self, started: &Started) {
        // A second call would change nothing: the first world stays.
        let _ = self.shared.services.set(started.services.clone());
        self.shared.readiness.watch(started.database().clone());
        self.shared.metrics.watch(started.database().clone());
        self.shared.control.serve_from(started.tenants.clone(), started.outgoing.clone());
        started.deliveries.start();
        started.start_sweeping();
        started.start_keeping_up();
    }

    /// Says on which port the vendors' APIs are, where `/_emulator` has a listener of its own.
    pub fn api_is_on(&self, port: u16) {
        self.shared.control.api_is_on(port);
    }

    /// Says what start-up still has to do.
    pub fn pending(&self, pending: &'static [&'static str]) {
        self.shared.readiness.pending(pending);
    }
}

/// A router with what stands around every one.
fn stacked(router: Router) -> Stack {
    // A panic in a handler becomes the gateway's answer.
    let router = router.layer(CatchPanicLayer::custom(panicked));
    // Outside the router, because the path must lose its trailing slash and get its spelling before it is matched.
    let read: fn(Request<Body>) -> Request<Body> = canonical_path;
    NormalizePathLayer::trim_trailing_slash().layer(MapRequest::new(router, read))
}

async fn no_such_operation(_: Request<Body>) -> axum::response::Response {
    let mut response = directscale::rejected(&GatewayRejection::NoSuchOperation).map(axum::body::Body::from);
    response.extensions_mut().insert(Served::new(NO_OPERATION, NO_OPERATION));
    response
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    let activity = Random::default().uuid();
    tracing::error!(panic = text, activity.id = %activity, "a handler panicked");
    directscale::rejected(&GatewayRejection::BackEndFailed(activity)).map(axum::body::Body::from)
}

/// The same, for browsers whose pages come from `origin`, who read no answer without these headers: errors included, and
/// those of a handler that panicked. `/_emulator` is not for them.
fn allowing(router: Router, origin: Option<&HeaderValue>) -> Router {
    match origin {
        Some(origin) => router.layer(CatchPanicLayer::custom(panicked)).layer(cors(origin.clone())),
        None => router,
    }
}

fn cors(origin: HeaderValue) -> CorsLayer {
    use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, ExposeHeaders};
    let origin = if origin == "*" { AllowOrigin::any() } else { AllowOrigin::exact(origin) };
    CorsLayer::new()
        .allow_origin(origin)
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(ExposeHeaders::any())
        .max_age(PREFLIGHT_AGE)
}

/// What leads a browser that opens `/` to the inspector, and leaves everything else to `otherwise`.
fn inspector_or<H, F, R>(
    otherwise: H,
) -> impl Fn(Request<Body>) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> + Clone + Send + Sync + 'static
where
    H: Fn(Request<Body>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = R> + Send + 'static,
    R: IntoResponse,
{
    move |request| {
        if is_browser_at_root(&request) {
            return Box::pin(async {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::FOUND;
                response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/_emulator/"));
                response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
                response
            });
        }
        let answering = otherwise(request);
        Box::pin(async move { answering.await.into_response() })
    }
}

fn is_browser_at_root(request: &Request<Body>) -> bool {
    let has = |name| request.headers().contains_key(name);
    matches!(*request.method(), Method::GET | Method::HEAD)
        && request.uri().path() == "/"
        && control::wants_page(request.headers())
        && !has("ocp-apim-subscription-key")
        && !has("authorization")
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer_that_a_browsers_page_may_read() {
        let router = Router::new().route("/", get(|| async { panic!("on purpose") as &str }));
        let router = allowing(router, Some(&HeaderValue::from_static("http://app.example")));
        let Ok(response) = router.oneshot(Request::new(Body::empty())).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["access-control-allow-origin"], "http://app.example");
    }
}
