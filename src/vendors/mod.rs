//! The vendor APIs. A new vendor adds its folder with its [`VendorApi`], and an entry to [`VENDORS`].

pub(crate) mod bydesign;
pub(crate) mod directscale;
mod fallback;
mod path;
pub(crate) mod storm;

use std::sync::Arc;

use axum::Router;
use utoipa::openapi::OpenApi;

use crate::gateway::{DocumentedRoute, GatewayState, Table, Vendor, VendorState};
use crate::vendor_facts::{CredentialKind, ProfileOwner};

use fallback::Fallback;
pub(crate) use fallback::NotFoundHandler;
use path::without_prefix;
pub(crate) use path::{RoutePaths, canonical_path};

/// The first entry responds to every request that no other vendor owns, and is the head of the document of all.
pub(crate) static VENDORS: [&VendorApi; 3] = [&directscale::API, &bydesign::API, &storm::API];

/// A vendor API, as the rest of the program uses it.
#[derive(Debug)]
pub(crate) struct VendorApi {
    /// In paths and on the command line.
    pub name: &'static str,
    pub title: &'static str,
    /// Every operation id begins with it. The first vendor's is empty.
    pub operation_prefix: &'static str,
    /// Operations that the journal has and the document does not describe.
    pub undocumented_operations: &'static [&'static str],
    /// The kind of credential that a tenant's users create for this API, and its name on pages.
    pub credential: CredentialKind,
    pub credential_label: &'static str,
    pub presented: PresentedCredential,
    /// The headers that carry credentials, in lower case: the journal hides their values.
    pub secret_headers: &'static [&'static str],
    pub access: Access,
    /// Whose profile this API reads and writes; `None` where it has none.
    pub profile: Option<ProfileOwner>,
    pub document: fn() -> OpenApi,
    pub routes: fn(&GatewayState) -> VendorRoutes,
    /// Reads the path of a request in the spelling of the routes; `None` when no route has it.
    pub canonical_path: fn(&str) -> Option<String>,
}

/// How a program presents a credential.
#[derive(Debug)]
pub(crate) struct PresentedCredential {
    /// The variable of the environment in which samples expect it; with the account before a colon, if it has one.
    pub variable: &'static str,
    pub way: Presentation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presentation {
    /// In a header of its own, with this name.
    Header(&'static str),
    /// As Basic credentials.
    Basic,
    /// As a Bearer token.
    Bearer,
}

/// How a program reaches the API, with the names of the members that `status` prints and, in upper case after the vendor's name,
/// of the variables.
#[derive(Debug)]
pub(crate) struct Access {
    pub base_path: &'static str,
    /// A path below it to which every valid credential gets the response 200; empty where a program first gets an access token.
    pub sample_path: &'static str,
    /// Where a program gets an access token for its credential; `None` where it presents the credential itself.
    pub token_path: Option<&'static str>,
    /// The name of the part before the secret; `None` for a credential that is only a secret.
    pub account: Option<&'static str>,
    pub secret: &'static str,
}

/// A vendor's routes, and its fallback for requests that no route has.
pub(crate) struct VendorRoutes {
    router: Router,
    documented: Vec<DocumentedRoute>,
    fallback: Arc<dyn Fallback>,
}

impl VendorRoutes {
    pub(crate) fn new<V: Vendor>(vendor: V, gateway: &GatewayState, table: Table<V>) -> Self {
        let state = Arc::new(VendorState { vendor, gateway: gateway.clone() });
        let (router, documented) = table.into_routes();
        Self { router: router.with_state(Arc::clone(&state)), documented, fallback: state }
    }
}

/// The routes of all vendors.
pub(crate) struct Vendors {
    pub router: Router,
    /// Responds to requests that no route has.
    pub unknown: NotFoundHandler,
}

impl Vendors {
    #[must_use]
    pub(crate) fn new(gateway: &GatewayState) -> Self {
        let mut router = Router::new();
        let (mut fallbacks, mut known) = (Vec::new(), Vec::new());
        for vendor in VENDORS {
            let VendorRoutes { router: own, documented, fallback } = (vendor.routes)(gateway);
            router = router.merge(own);
            known.extend(documented);
            fallbacks.push(fallback);
        }
        known.sort_by_key(DocumentedRoute::order);
        Self { router, unknown: NotFoundHandler::new(fallbacks, known.into()) }
    }
}

/// The headers that carry credentials of any vendor.
pub(crate) fn secret_headers() -> Vec<&'static str> {
    VENDORS.iter().flat_map(|vendor| vendor.secret_headers).copied().collect()
}

/// Whether a path is one of any vendor's operations. `all` has the paths of [`document`].
pub(crate) fn is_operation_path(path: &str, all: &RoutePaths) -> bool {
    let canonical = VENDORS.iter().find_map(|vendor| (vendor.canonical_path)(path));
    all.canonical(canonical.as_deref().unwrap_or(path)).is_some()
}

/// The vendor of an operation, by the prefix of its id.
pub(crate) fn vendor_of_operation(operation_id: &str) -> &'static VendorApi {
    let has_prefix = |vendor: &&&VendorApi| operation_id.starts_with(vendor.operation_prefix);
    VENDORS.iter().rev().find(has_prefix).unwrap_or(&VENDORS[0])
}

/// The document of all vendors.
#[must_use]
pub fn document() -> OpenApi {
    merged(VENDORS.map(|vendor| (vendor.document)()))
}

/// Merges documents into one with the head of the first. The paths of a document with other servers get these servers.
pub(crate) fn merged(documents: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let mut documents = documents.into_iter();
    let mut all = documents.next().unwrap_or_default();
    for mut document in documents {
        let servers = document.servers.take().filter(|servers| all.servers.as_ref() != Some(servers));
        if let Some(servers) = servers {
            document.paths.paths.values_mut().for_each(|item| item.servers = Some(servers.clone()));
        }
        all.merge(document);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_by_the_name_of_its_owner() {
        for owner in VENDORS.iter().filter_map(|vendor| vendor.profile) {
            assert_eq!(ProfileOwner::from_name(owner.name()), Some(owner));
            assert_eq!(serde_json::to_value(owner).expect("JSON"), owner.name());
        }
    }

    #[test]
    fn the_prefix_of_an_operation_is_that_of_its_vendor() {
        for vendor in VENDORS {
            let items = (vendor.document)().paths.paths.into_values();
            let operations = items.flat_map(|item| [item.get, item.post, item.put, item.patch, item.delete]).flatten();
            let documented: Vec<String> = operations.filter_map(|operation| operation.operation_id).collect();
            let undocumented = vendor.undocumented_operations.iter().map(ToString::to_string);
            for id in documented.into_iter().chain(undocumented) {
                assert_eq!(vendor_of_operation(&id).name, vendor.name, "{id}");
            }
        }
    }
}
