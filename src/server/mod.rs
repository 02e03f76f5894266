//! The server: the routers, the one middleware stack, the listener and the shutdown.

mod connection;
mod connections;
mod descriptors;
mod framing;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod handshake;
mod health;
mod listen;
mod malformed;
mod metrics;
mod reach;
mod respond;
mod start;
mod stream;
mod supervisor;

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Extensions, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::json;
use thiserror::Error;
use tower::Layer as _;
use tower::util::MapRequest;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};

use crate::control::{self, Access, Control};
use crate::gateway::{BodyMemory, GatewayState, RequestSummary, ResponseOptions, Services, panic_text};
use crate::guesses::Guesses;
use crate::journal::{Journal, JournalOptions};
use crate::random::Random;
use crate::recordings::Folder;
use crate::vendors::{Vendors, canonical_path, secret_headers};
use crate::wire::header_case::{HeaderCaseError, case_map};
use health::Readiness;
use metrics::Metrics;

pub use connection::Timeouts;
pub use descriptors::connections_for_descriptors;
pub(crate) use listen::everywhere;
pub use listen::{Listener, ShutdownHandle};
pub use reach::Unusable;
pub use respond::CONSOLE_TARGET;
pub use start::{Origin, StartError, StartOptions, Started, distribute_only, migrate_only, start_up};
pub use supervisor::Supervisor;

/// How long a browser may cache a preflight: as long as any browser does.
const PREFLIGHT_AGE: Duration = Duration::from_hours(2);

/// Cheap to clone.
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
    /// The origin of the pages that may read responses.
    cors_origin: Option<HeaderValue>,
}

#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The name of this server among those of its database.
    pub name: String,
    pub responses: ResponseOptions,
    /// The origin of the pages that may read responses, `*` for any.
    pub cors_origin: Option<String>,
    /// How much the journal keeps.
    pub journal: JournalOptions,
    pub access: Access,
    /// How many bytes of request bodies are in memory at once; at least one body of the vendor APIs.
    pub body_memory_bytes: usize,
    /// How many wrong credentials a network may present for one account in a minute; 0 for no limit.
    pub guess_limit: u32,
    /// Whether `/_emulator` and `/metrics` are on a listener of their own, and not on the vendor's.
    pub has_admin_listener: bool,
}

/// Why the server cannot be created.
#[derive(Debug, Error)]
pub enum ServerError {
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
        let secret_headers = secret_headers();
        let journal = Journal::new(options.journal, secret_headers.clone());
        let guesses = Guesses::new(options.guess_limit)?;
        let cors_origin = options.cors_origin.as_deref().and_then(|origin| HeaderValue::from_str(origin).ok());
        // A tenant has room for at least one body.
        let body_bytes = options.body_memory_bytes.max(options.responses.max_body_bytes.saturating_mul(2));
        let gateway = GatewayState {
            options: options.responses,
            services: Arc::clone(&services),
            body_memory: BodyMemory::of_tenants(body_bytes),
            random: Arc::clone(&random),
            journal: journal.clone(),
            guesses: guesses.clone(),
            cors_origin: cors_origin.clone(),
        };
        // A wrong method on a known path is not found either (the gateway's default). Added before the layer for browsers, which
        // answers their OPTIONS.
        let Vendors { router: vendor, unknown } = Vendors::new(&gateway);
        let unknown = unknown.handler();
        let secret_headers: Arc<[&str]> = secret_headers.into();
        let vendor = vendor.method_not_allowed_fallback(unknown.clone());
        let control_memory = BodyMemory::undivided(body_bytes);
        let control = Control::new(options.access, control_memory, guesses.clone(), random);
        let control = Arc::new(control);
        control.replay_to(Router::new().fallback_service(with_layers(vendor.clone().fallback(unknown.clone()))));
        let shared = Arc::new(Shared {
            metrics: Metrics::new(&options.name, &guesses, journal.clone())?,
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
            .with_state(Arc::clone(&shared));
        let counts = Router::new().route("/metrics", get(metrics::metrics)).with_state(Arc::clone(&shared));
        let admin = control::routes(control);
        let vendor = vendor.merge(ours.clone().method_not_allowed_fallback(unknown.clone()));
        let (vendor, admin) = if options.has_admin_listener {
            let ours = ours.method_not_allowed_fallback(no_such_route);
            let admin = ours.merge(counts).merge(admin).fallback(inspector_or(no_such_route, secret_headers));
            (with_cors(vendor.fallback(unknown), shared.cors_origin.as_ref()), Some(with_layers(admin)))
        } else {
            let vendor = with_cors(vendor.fallback(inspector_or(unknown, secret_headers)), shared.cors_origin.as_ref());
            (vendor.merge(counts).merge(admin), None)
        };
        Ok(Self { stack: with_layers(vendor), admin, shared })
    }

    /// The server of the separate listener for `/_emulator`; `None` where there is none.
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
    pub fn set_services(&self, started: &Started) {
        // A second call changes nothing: the first database stays.
        if self.shared.services.set(started.services.clone()).is_err() {
            return;
        }
        self.shared.readiness.watch(started.database().clone());
        self.shared.metrics.watch(started.database().clone());
        self.shared.control.set_services(started.tenants.clone(), started.outgoing.clone(), started.seeded.clone());
        started.start_parts();
    }

    /// Watches the parts of this server that run in the background.
    #[must_use]
    pub fn supervisor(&self) -> &Supervisor {
        &self.shared.readiness.supervisor
    }

    /// Sets the port of the vendor APIs, if `/_emulator` has its own listener.
    pub fn set_api_port(&self, port: u16) {
        self.shared.control.set_api_port(port);
    }

    /// Sets the certificate of the local CA, for clients to download.
    pub fn set_ca(&self, pem: &str) {
        self.shared.control.set_ca(pem);
    }

    /// Sets the folder of the recordings that the coverage shows.
    pub fn set_recordings(&self, folder: Folder) {
        self.shared.control.set_recordings(folder);
    }

    /// What start-up still has to do.
    pub fn pending(&self, pending: &'static [&'static str]) {
        self.shared.readiness.pending(pending);
    }
}

/// A router with the layers of every router. Its caller catches panics.
fn with_layers(router: Router) -> Stack {
    // Outside the router: the path loses its trailing slash and is written as in the routes, before it is matched.
    let read: fn(Request<Body>) -> Request<Body> = canonical_path;
    NormalizePathLayer::trim_trailing_slash().layer(MapRequest::new(router, read))
}

async fn no_such_route(_: Request<Body>) -> Response<Body> {
    let mut response = problem(StatusCode::NOT_FOUND);
    response.extensions_mut().insert(RequestSummary::without_operation());
    response
}

/// Answers a panic outside of the vendors' handlers. The gateway answers theirs.
#[expect(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response<Body> {
    tracing::error!(panic = panic_text(&*panic), "a handler panicked");
    problem(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A problem (RFC 9457) that is not a vendor's.
fn problem(status: StatusCode) -> Response<Body> {
    let problem = json!({ "status": status.as_u16(), "title": status.canonical_reason() });
    let mut response = Response::new(Body::from(problem.to_string()));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// The same router with the headers that a browser requires before a page from `origin` may read a response, errors and panics
/// included. `/_emulator` is not part of it.
fn with_cors(router: Router, origin: Option<&HeaderValue>) -> Router {
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

/// Redirects a browser that opens `/` to the inspector, and leaves every other request to `otherwise`.
fn inspector_or<H, F, R>(
    otherwise: H,
    secret_headers: Arc<[&'static str]>,
) -> impl Fn(Request<Body>) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> + Clone + Send + Sync + 'static
where
    H: Fn(Request<Body>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = R> + Send + 'static,
    R: IntoResponse,
{
    move |request| {
        if is_browser_at_root(&request, &secret_headers) {
            return Box::pin(async {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::FOUND;
                response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/_emulator/"));
                response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
                response
            });
        }
        let response = otherwise(request);
        Box::pin(async move { response.await.into_response() })
    }
}

fn is_browser_at_root(request: &Request<Body>, secret_headers: &[&str]) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && request.uri().path() == "/"
        && control::is_browser(request.headers())
        && !secret_headers.iter().any(|name| request.headers().contains_key(*name))
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_page_of_another_origin_can_read_the_response_to_a_panic() {
        let router = Router::new().route("/", get(|| async { panic!("on purpose") as &str }));
        let router = with_cors(router, Some(&HeaderValue::from_static("http://app.example")));
        let Ok(response) = router.oneshot(Request::new(Body::empty())).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["access-control-allow-origin"], "http://app.example");
    }
}
