//! One table for the routes and for the document that describes them: an operation is its handler and that handler's
//! attributes.

use std::sync::Arc;

use axum::routing::on;
use utoipa::__dev::SchemaReferences;
use utoipa::openapi::HttpMethod;
use utoipa::openapi::path::Paths;
use utoipa_axum::PathItemExt as _;
use utoipa_axum::router::OpenApiRouter;

use super::DirectScale;
use super::endpoint::{Call, Reply, endpoint};
use super::error::Error;
use super::openapi;
use super::unknown::Known;

/// An operation of the API.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// Its name in logs and metrics: the vendor's, without blanks.
    pub id: &'static str,
    /// Its path, with parameters by name.
    pub route: &'static str,
}

impl Operation {
    /// The base path of its API at the gateway: `/v1/customers`.
    pub(super) fn base(&self) -> &'static str {
        let end = self.route.match_indices('/').nth(2).map_or(self.route.len(), |(end, _)| end);
        &self.route[..end]
    }
}

/// The operations so far.
pub(super) struct Table(OpenApiRouter<Arc<DirectScale>>);

impl Table {
    /// No operation.
    pub(super) fn new() -> Self {
        Self(OpenApiRouter::with_openapi(openapi::head()))
    }

    /// Adds the operation whose attributes `P` holds.
    pub(super) fn add<P, H, F>(self, _attributes: P, handler: H) -> Self
    where
        P: utoipa::Path + SchemaReferences,
        H: Fn(Call) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        let mut schemas = Vec::new();
        P::schemas(&mut schemas);
        self.add_operation(&P::methods(), &P::path(), P::operation(), schemas, handler)
    }

    /// Adds an operation, with the answers that every one can get.
    pub(super) fn add_operation<H, F>(
        self,
        methods: &[HttpMethod],
        path: &str,
        mut described: utoipa::openapi::path::Operation,
        schemas: Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>,
        handler: H,
    ) -> Self
    where
        H: Fn(Call) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        openapi::complete(&mut described, path);
        // A handful of names, which live as long as the server does.
        let id = described.operation_id.clone().unwrap_or_default().leak();
        let operation = Operation { id, route: path.to_owned().leak() };
        let methods = methods.to_vec();
        let router = methods.iter().fold(axum::routing::MethodRouter::new(), |router, method| {
            router.merge(on(method.to_method_filter(), endpoint(operation, handler.clone())))
        });
        let mut paths = Paths::new();
        paths.add_path_operation(path, methods, described);
        Self(self.0.routes((schemas, paths, router)))
    }

    /// The routes and their description.
    pub(super) fn split(self) -> (axum::Router<Arc<DirectScale>>, utoipa::openapi::OpenApi) {
        let (router, mut document) = self.0.split_for_parts();
        openapi::mark(&mut document);
        (router, document)
    }
}

/// The method, path and name of each operation of a document.
pub(super) fn calls(document: &utoipa::openapi::OpenApi) -> Vec<Known> {
    let of_path = |(path, item): (&String, &utoipa::openapi::PathItem)| {
        let methods = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        let known = methods.into_iter().filter_map(|(method, operation)| {
            let id = operation.as_ref()?.operation_id.clone().unwrap_or_default();
            Some(Known { call: format!("{method} {path}"), id })
        });
        known.collect::<Vec<_>>()
    };
    document.paths.paths.iter().flat_map(of_path).collect()
}

/// The operations of these handlers.
macro_rules! operations {
    ($($group:ident::$handler:ident),* $(,)?) => {
        Table::new()$(.add(utoipa_axum::paste!($group::[<__path_ $handler>]), $group::$handler))*
    };
}
pub(super) use operations;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_of_an_operation_is_its_group() {
        for (route, base) in [
            ("/v1/customers", "/v1/customers"),
            ("/v1/customers/{customerId}/stats", "/v1/customers"),
            ("/v1/sso/{customerId}", "/v1/sso"),
        ] {
            assert_eq!(Operation { id: "x", route }.base(), base);
        }
    }
}
