//! Requests that no operation has. The vendor that owns the path responds.

use std::borrow::Cow;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::http::request::Parts;

use crate::gateway::{DocumentedRoute, GatewayState, Vendor, VendorState, caller_of_unknown, not_found};
use crate::tenants::Caller;
use crate::vendor_facts::CredentialKind;

type BoxedFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A vendor's part in the response to a request that no operation has.
pub(super) trait Fallback: Debug + Send + Sync {
    fn owns(&self, path: &str) -> bool;

    fn gateway(&self) -> &GatewayState;

    /// What the request presents as a credential of this vendor.
    fn presented<'a>(&self, parts: &'a Parts) -> Option<(CredentialKind, Cow<'a, str>)>;

    fn not_found(&self, routes: &Arc<[DocumentedRoute]>, parts: &Parts, caller: Option<Caller>) -> Response<Body>;
}

impl<V: Vendor> Fallback for VendorState<V> {
    fn owns(&self, path: &str) -> bool {
        self.vendor.owns(path)
    }

    fn gateway(&self) -> &GatewayState {
        &self.gateway
    }

    fn presented<'a>(&self, parts: &'a Parts) -> Option<(CredentialKind, Cow<'a, str>)> {
        Some((V::CREDENTIAL, self.vendor.presented_credential(parts)?))
    }

    fn not_found(&self, routes: &Arc<[DocumentedRoute]>, parts: &Parts, caller: Option<Caller>) -> Response<Body> {
        not_found(self, routes, parts, caller)
    }
}

/// Responds to requests that no operation has. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct NotFoundHandler(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    vendors: Vec<Arc<dyn Fallback>>,
    /// The operations of all vendors, to find those with a similar path.
    routes: Arc<[DocumentedRoute]>,
}

impl NotFoundHandler {
    pub(super) fn new(vendors: Vec<Arc<dyn Fallback>>, routes: Arc<[DocumentedRoute]>) -> Self {
        Self(Arc::new(Shared { vendors, routes }))
    }

    pub(crate) fn handler(
        &self,
    ) -> impl Fn(Request) -> BoxedFuture<'static, Response<Body>> + Clone + Send + Sync + 'static {
        let shared = Arc::clone(&self.0);
        move |request: Request| {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                let parts = request.into_parts().0;
                let caller = shared.caller(&parts).await;
                shared.owner(parts.uri.path()).not_found(&shared.routes, &parts, caller)
            })
        }
    }
}

impl Shared {
    /// The first vendor owns every path that no other one does.
    fn owner(&self, path: &str) -> &dyn Fallback {
        let owner = self.vendors.iter().rev().find(|vendor| vendor.owns(path));
        &**owner.expect("invariant: the first vendor owns every path")
    }

    /// The caller whose journal gets the request. The path may belong to another vendor than the credential.
    async fn caller(&self, parts: &Parts) -> Option<Caller> {
        let gateway = self.vendors.first().map(|vendor| vendor.gateway()).filter(|gateway| gateway.journal.is_on())?;
        let presented: Vec<_> = self.vendors.iter().filter_map(|vendor| vendor.presented(parts)).collect();
        caller_of_unknown(gateway, parts, &presented).await
    }
}
