//! The vendors' doors side by side: one router, one document, and for what is nobody's operation the door that answers.

pub(crate) mod bydesign;
pub mod directscale;
pub(crate) mod storm;

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{Response, Uri};
use utoipa::openapi::OpenApi;

use self::bydesign::ByDesign;
use self::directscale::DirectScale;
use self::storm::Storm;
use crate::gateway::{
    DocumentedRoute, GatewayState, OriginalUri, Vendor as _, VendorState, caller_of_unknown, documented_routes,
    not_found,
};
use crate::tenants::Caller;

pub struct Vendors {
    pub router: Router,
    pub document: OpenApi,
    /// What answers a request that is none.
    pub unknown: Unknown,
    /// The headers and query parameters that carry credentials, in lower case.
    pub secret_headers: Vec<&'static str>,
}

type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Answers a request that is no operation, as the door does whose path it could be.
#[derive(Debug, Clone)]
pub struct Unknown(Arc<VendorStates>);

#[derive(Debug)]
struct VendorStates {
    directscale: Arc<VendorState<DirectScale>>,
    bydesign: Arc<VendorState<ByDesign>>,
    storm: Arc<VendorState<Storm>>,
    routes: Vec<DocumentedRoute>,
}

impl Vendors {
    #[must_use]
    pub fn new(gateway: &GatewayState) -> Self {
        let directscale = Arc::new(VendorState { vendor: DirectScale, gateway: gateway.clone() });
        let bydesign = Arc::new(VendorState { vendor: ByDesign, gateway: gateway.clone() });
        let storm = Arc::new(VendorState { vendor: Storm, gateway: gateway.clone() });
        let (routers, documents): (Vec<Router>, Vec<OpenApi>) = [
            directscale::routes(Arc::clone(&directscale)),
            bydesign::routes(Arc::clone(&bydesign)),
            storm::routes(Arc::clone(&storm)),
        ]
        .into_iter()
        .unzip();
        let router = routers.into_iter().fold(Router::new(), Router::merge);
        let document = merged(documents);
        let secret_headers = [DirectScale.secret_headers(), ByDesign.secret_headers(), Storm.secret_headers()].concat();
        let unknown =
            Unknown(Arc::new(VendorStates { directscale, bydesign, storm, routes: documented_routes(&document) }));
        Self { router, document, unknown, secret_headers }
    }
}

impl Unknown {
    pub fn handler(&self) -> impl Fn(Request) -> Answering + Clone + Send + Sync + 'static {
        let fronts = Arc::clone(&self.0);
        move |request: Request| {
            let fronts = Arc::clone(&fronts);
            Box::pin(async move {
                let parts = request.into_parts().0;
                let caller = fronts.caller(&parts).await;
                let VendorStates { directscale, bydesign, storm, routes } = &*fronts;
                let path = parts.uri.path();
                if storm.vendor.owns(path) {
                    not_found(storm, routes, &parts, caller)
                } else if bydesign.vendor.owns(path) {
                    not_found(bydesign, routes, &parts, caller)
                } else {
                    not_found(directscale, routes, &parts, caller)
                }
            })
        }
    }
}

impl VendorStates {
    /// Whose journal a request belongs into that is no operation: its path may be another vendor's than its key.
    async fn caller(&self, parts: &Parts) -> Option<Caller> {
        let Self { directscale, bydesign, storm, .. } = self;
        if !directscale.gateway.journal.is_on() {
            return None;
        }
        if let Some(found) = caller_of_unknown(directscale, parts).await {
            return Some(found);
        }
        match caller_of_unknown(bydesign, parts).await {
            Some(found) => Some(found),
            None => caller_of_unknown(storm, parts).await,
        }
    }
}

/// The document of all doors.
#[must_use]
pub fn document() -> OpenApi {
    merged([directscale::document(), bydesign::document(), storm::document()])
}

/// One document of several, which begins with the first. Where the servers of a later one differ, they stand at its paths.
pub(crate) fn merged(documents: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let mut documents = documents.into_iter();
    let mut all = documents.next().unwrap_or_default();
    for mut one in documents {
        let servers = one.servers.take().filter(|servers| all.servers.as_ref() != Some(servers));
        if let Some(servers) = servers {
            one.paths.paths.values_mut().for_each(|item| item.servers = Some(servers.clone()));
        }
        all.merge(one);
    }
    all
}

/// A request with its path in the spelling of the routes: two of the doors read paths in any case and behind a base.
pub(crate) fn canonical_path(mut request: Request) -> Request {
    let path = request.uri().path();
    // Most requests: DirectScale's are read as they are.
    if path.starts_with("/v1/") || path.starts_with("/_emulator") {
        return request;
    }
    let read = storm::route::read(path).map(|path| (path, None)).or_else(|| bydesign::route::read(path));
    let Some((path, tenant)) = read else { return request };
    if let Some(tenant) = tenant {
        request.extensions_mut().insert(tenant);
    }
    if path != request.uri().path()
        && let Some(uri) = with_path(request.uri(), &path)
    {
        let asked = std::mem::replace(request.uri_mut(), uri);
        request.extensions_mut().insert(OriginalUri(asked));
    }
    request
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}
