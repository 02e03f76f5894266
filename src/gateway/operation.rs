//! One table for the routes of a door and for the document that describes them: an operation is its handler and that handler's
//! attributes.

use std::sync::Arc;

use axum::routing::{MethodFilter, on};
use utoipa::__dev::SchemaReferences;
use utoipa::openapi::path::Paths;
use utoipa::openapi::{HeaderBuilder, HttpMethod, ObjectBuilder, OpenApi, RefOr, Schema, Type};
use utoipa_axum::PathItemExt as _;
use utoipa_axum::router::OpenApiRouter;

use super::endpoint::{Handler, endpoint};
use super::vendor::{Vendor, VendorState};

/// An operation of the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// Its name in logs and metrics: the vendor's, without blanks.
    pub id: &'static str,
    /// Its path, with parameters by name.
    pub route: &'static str,
}

/// Adds to an operation's description what all of its door have.
pub(crate) type Complete = fn(&mut utoipa::openapi::path::Operation, &str);

/// The operations of a door so far.
pub(crate) struct Table<D> {
    router: OpenApiRouter<Arc<VendorState<D>>>,
    complete: Complete,
}

impl<D: Vendor> Table<D> {
    /// No operation, in a document that begins with `head`.
    #[must_use]
    pub(crate) fn new(head: OpenApi, complete: Complete) -> Self {
        Self { router: OpenApiRouter::with_openapi(head), complete }
    }

    /// Adds the operation whose attributes `P` holds.
    #[must_use]
    pub(crate) fn add<P, H>(self, _attributes: P, handler: H) -> Self
    where
        P: utoipa::Path + SchemaReferences,
        H: Handler<D::Error>,
    {
        let mut schemas = Vec::new();
        P::schemas(&mut schemas);
        self.add_operation(&P::methods(), &P::path(), P::operation(), schemas, handler)
    }

    /// Adds an operation, with the answers that every one can get.
    #[must_use]
    pub(crate) fn add_operation<H>(
        self,
        methods: &[HttpMethod],
        path: &str,
        mut described: utoipa::openapi::path::Operation,
        schemas: Vec<(String, RefOr<Schema>)>,
        handler: H,
    ) -> Self
    where
        H: Handler<D::Error>,
    {
        (self.complete)(&mut described, path);
        let is_built = !described.responses.responses.contains_key("501");
        if is_built && methods.iter().any(|method| !matches!(method, HttpMethod::Get | HttpMethod::Head)) {
            describe_ignored(&mut described);
        }
        // A handful of names, which live as long as the server does.
        let id = described.operation_id.clone().unwrap_or_default().leak();
        let operation = Operation { id, route: path.to_owned().leak() };
        let methods = methods.to_vec();
        let router = methods.iter().fold(axum::routing::MethodRouter::new(), |router, method| {
            router.merge(on(method.to_method_filter(), endpoint(operation, handler.clone())))
        });
        let mut paths = Paths::new();
        paths.add_path_operation(path, methods, described);
        Self { router: self.router.routes((schemas, paths, router)), ..self }
    }

    /// Adds one answer to whatever stands below a path, and at it: routes that the document does not describe.
    #[must_use]
    pub(crate) fn add_group<H>(self, id: &'static str, path: &str, handler: H) -> Self
    where
        H: Handler<D::Error>,
    {
        // Not OPTIONS, which is no operation.
        let methods = [MethodFilter::POST, MethodFilter::PUT, MethodFilter::PATCH, MethodFilter::DELETE];
        let methods = methods.into_iter().fold(MethodFilter::GET, MethodFilter::or);
        let router = [path.to_owned(), format!("{path}/{{*rest}}")].into_iter().fold(self.router, |router, route| {
            let operation = Operation { id, route: route.leak() };
            router.route(operation.route, on(methods, endpoint(operation, handler.clone())))
        });
        Self { router, ..self }
    }

    /// The routes and their description.
    pub(crate) fn split(self) -> (axum::Router<Arc<VendorState<D>>>, OpenApi) {
        self.router.split_for_parts()
    }
}

/// The statuses of answers to calls whose body nobody looked into.
const UNREAD: [&str; 6] = ["401", "403", "413", "415", "429", "501"];

/// Adds to the answers of a write the header that names what was sent and does not count.
fn describe_ignored(operation: &mut utoipa::openapi::path::Operation) {
    let header = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .description(Some(
            "What was sent and does not count, with what was probably meant, such as `FirstNam (did you mean FirstName?)`. Only where \
             there is such a thing, and where the server adds headers of its own.",
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

/// The table with the operations of these handlers.
macro_rules! operations {
    ($table:expr; $($group:ident::$handler:ident),* $(,)?) => {
        $table$(.add(utoipa_axum::paste!($group::[<__path_ $handler>]), |request| Box::pin($group::$handler(request))))*
    };
}
pub(crate) use operations;
