//! One table for the routes of a vendor API and for the document that describes them. An operation is a handler with its
//! attributes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::routing::{MethodFilter, MethodRouter, any, on};
use serde_json::json;
// Private to utoipa, and without a public equivalent: Cargo.toml pins the version.
use utoipa::__dev::SchemaReferences;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::{HeaderBuilder, HttpMethod, ObjectBuilder, OpenApi, RefOr, Required, Schema, Type};
use utoipa_axum::PathItemExt as _;
use utoipa_axum::router::OpenApiRouter;

use super::context::{Operation, VendorState};
use super::not_found::DocumentedRoute;
use super::openapi::NOT_BUILT;
use super::pipeline::{Endpoint, Handler, HandlerFuture};
use super::raw::{RawEndpoint, RawHandler};
use super::request::ApiRequest;
use super::response::NotBuilt;
use super::vendor::Vendor;

/// An operation that is not built.
pub(crate) struct UnbuiltOperation {
    pub method: HttpMethod,
    /// Its path, with parameters by name.
    pub path: &'static str,
    /// Its name in logs, metrics and the document: unique among all vendors.
    pub id: &'static str,
    /// The vendor's name.
    pub name: &'static str,
    /// The evidence class of its existence.
    pub evidence: &'static str,
}

impl UnbuiltOperation {
    pub(crate) const fn new(
        method: HttpMethod,
        path: &'static str,
        id: &'static str,
        name: &'static str,
        evidence: &'static str,
    ) -> Self {
        Self { method, path, id, name, evidence }
    }
}

/// A group of operations of which none is built: all paths below one. The document cannot describe a group.
#[derive(Debug)]
pub(crate) struct UnbuiltGroup {
    /// The beginning of its paths, without a slash at the end.
    pub path: &'static str,
    /// Its name in logs and metrics: unique among all vendors.
    pub id: &'static str,
    /// The vendor's name.
    pub name: &'static str,
}

/// Adds the parts that all operations of a vendor have to the description of an operation, which has a path, and may be one that is
/// not built.
pub(crate) type Complete = fn(&mut utoipa::openapi::path::Operation, &str, Option<NotBuilt>);

/// An operation and the schemas to which it refers.
type Description = (utoipa::openapi::path::Operation, Vec<(String, RefOr<Schema>)>);

/// The operations of a vendor API.
pub(crate) struct Table<V: Vendor> {
    router: OpenApiRouter<Arc<VendorState<V>>>,
    /// Those that the document describes.
    routes: Vec<DocumentedRoute>,
    /// `None` for a table without a document.
    complete: Option<Complete>,
}

impl<V: Vendor> Table<V> {
    /// An empty table; `head` is the document without operations.
    #[must_use]
    pub(crate) fn with_document(head: OpenApi, complete: Complete) -> Self {
        Self { router: OpenApiRouter::with_openapi(head), routes: Vec::new(), complete: Some(complete) }
    }

    /// An empty table of routes alone: to describe them takes most of the time of a start.
    #[must_use]
    pub(crate) fn of_routes() -> Self {
        Self { router: OpenApiRouter::new(), routes: Vec::new(), complete: None }
    }

    /// Adds the operation whose attributes `P` holds.
    #[must_use]
    pub(crate) fn add<P: utoipa::Path + SchemaReferences>(
        self,
        _attributes: P,
        handler: for<'a> fn(&'a ApiRequest<'a>) -> HandlerFuture<'a, V::Error>,
    ) -> Self {
        let operation = P::operation();
        let id = operation.operation_id.clone().unwrap_or_default();
        let describe = || {
            let mut schemas = Vec::new();
            P::schemas(&mut schemas);
            (operation, schemas)
        };
        self.add_operation(&P::methods(), &P::path(), id, Handler::Built(handler), describe)
    }

    /// Adds operations that are not built. Each has a route, so that the request is authenticated, limited and journaled like any
    /// other. The response names the missing operation instead of a silent 404.
    #[must_use]
    pub(crate) fn add_unbuilt(self, operations: &'static [UnbuiltOperation]) -> Self {
        operations.iter().fold(self, |table, operation| {
            let missing = NotBuilt::Operation(operation.name);
            table.add_operation(
                std::slice::from_ref(&operation.method),
                operation.path,
                operation.id.to_owned(),
                Handler::NotBuilt(missing),
                || (unbuilt_description(operation), Vec::new()),
            )
        })
    }

    /// Adds groups that are not built.
    #[must_use]
    pub(crate) fn add_unbuilt_groups(self, groups: &'static [UnbuiltGroup]) -> Self {
        // Without OPTIONS, which no operation has.
        let methods = [MethodFilter::POST, MethodFilter::PUT, MethodFilter::PATCH, MethodFilter::DELETE];
        let methods = methods.into_iter().fold(MethodFilter::GET, MethodFilter::or);
        groups.iter().fold(self, |table, group| {
            let handler = Handler::NotBuilt(NotBuilt::Group(group.name));
            let routes = [group.path.to_owned(), format!("{}/{{*rest}}", group.path)];
            routes.into_iter().fold(table, |table, route| {
                let operation = Operation { id: group.id, route: interned(route) };
                table.route(operation, on(methods, Endpoint { operation, handler }))
            })
        })
    }

    /// Adds an endpoint that authenticates its callers itself, for one method or for all. The document does not describe it.
    #[must_use]
    pub(crate) fn add_raw(self, operation: Operation, method: Option<MethodFilter>, handler: RawHandler) -> Self {
        let endpoint = RawEndpoint { operation, handler };
        let router = match method {
            Some(method) => on(method, endpoint),
            None => any(endpoint),
        };
        self.route(operation, router)
    }

    fn add_operation(
        mut self,
        methods: &[HttpMethod],
        path: &str,
        id: String,
        handler: Handler<V>,
        describe: impl FnOnce() -> Description,
    ) -> Self {
        let operation = Operation { id: interned(id), route: interned(path.to_owned()) };
        let router = methods.iter().fold(MethodRouter::new(), |router, method| {
            router.merge(on(method.to_method_filter(), Endpoint { operation, handler }))
        });
        let Operation { id, route } = operation;
        self.routes.extend(methods.iter().map(|method| DocumentedRoute {
            method: method_name(method),
            path: route,
            id,
        }));
        let Some(complete) = self.complete else { return self.route(operation, router) };
        let (mut description, schemas) = describe();
        let missing = match handler {
            Handler::NotBuilt(missing) => Some(missing),
            Handler::Built(_) => None,
        };
        complete(&mut description, path, missing);
        if missing.is_none() && methods.iter().any(|method| !matches!(method, HttpMethod::Get | HttpMethod::Head)) {
            describe_ignored(&mut description);
        }
        let mut paths = Paths::new();
        paths.add_path_operation(path, methods.to_vec(), description);
        Self { router: self.router.routes((schemas, paths, router)), ..self }
    }

    fn route(self, operation: Operation, router: MethodRouter<Arc<VendorState<V>>>) -> Self {
        Self { router: self.router.route(operation.route, router), ..self }
    }

    /// The router, and the operations that the document describes.
    pub(crate) fn into_routes(self) -> (axum::Router<Arc<VendorState<V>>>, Vec<DocumentedRoute>) {
        (self.router.into(), self.routes)
    }

    pub(crate) fn into_document(self) -> OpenApi {
        self.router.into_openapi()
    }
}

fn method_name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Head => "HEAD",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Trace => "TRACE",
    }
}

/// A text that lives as long as the process. Each is kept once, however often a table is built.
fn interned(text: String) -> &'static str {
    static TEXTS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = texts.get(text.as_str()) {
        return known;
    }
    let text: &'static str = text.leak();
    texts.insert(text);
    text
}

/// The statuses of responses for which the members of the body are not read.
const UNREAD: [&str; 6] = ["401", "403", "413", "415", "429", "501"];

/// Adds to the responses of a write the header that lists members without effect.
fn describe_ignored(operation: &mut utoipa::openapi::path::Operation) {
    let header = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .description(Some(
            "Members that were sent and have no effect, with suggestions, such as `FirstNam (did you mean FirstName?)`. Only if \
             there are such members and the server adds its own headers.",
        ))
        .build();
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && !UNREAD.contains(&status.as_str())
        {
            response.headers.insert("X-Emulator-Ignored".to_owned(), RefOr::T(header.clone()));
        }
    }
}

fn unbuilt_description(operation: &UnbuiltOperation) -> utoipa::openapi::path::Operation {
    let UnbuiltOperation { path, id, name, evidence, .. } = operation;
    let description = OperationBuilder::new()
        .operation_id(Some(*id))
        .tag(NOT_BUILT.0)
        .summary(Some(format!("{name} is not built")))
        .extensions(Some(
            ExtensionsBuilder::new()
                .add("x-evidence", json!({ "class": evidence, "source": "that there is such an operation" }))
                .add("x-not-built", true)
                .build(),
        ));
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .build()
    };
    names.fold(description, |description, name| description.parameter(parameter(name))).build()
}

/// The table with the operations of these handlers.
macro_rules! operations {
    ($table:expr; $($group:ident::$handler:ident),* $(,)?) => {
        $table$(.add(utoipa_axum::paste!($group::[<__path_ $handler>]), |request| Box::pin($group::$handler(request))))*
    };
}
pub(crate) use operations;
