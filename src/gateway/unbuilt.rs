//! What a vendor has and this emulator does not build. It has a route, so that the caller is authenticated, limited and
//! journaled as for any operation, and then reads what is missing: never a silent 404.

use axum::http::StatusCode;
use serde_json::json;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, ResponseBuilder, Type};

use super::described::NOT_BUILT;
use super::endpoint::HandlerFuture;
use super::operation::Table;
use super::request::ApiRequest;
use super::vendor::Vendor;

/// What is not built, by the vendor's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotBuilt {
    Operation(&'static str),
    /// A group of operations of which none is built.
    Group(&'static str),
}

impl NotBuilt {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Operation(name) | Self::Group(name) => name,
        }
    }

    /// The sentence that says so to a client of this vendor.
    pub(crate) fn sentence(self, vendor: &str) -> String {
        match self {
            Self::Operation(name) => {
                format!("{name} is an operation of {vendor}'s that this emulator does not build.")
            }
            Self::Group(name) => format!("This emulator does not build the operations of {vendor}'s {name}."),
        }
    }
}

/// An operation that is not built.
pub(crate) struct UnbuiltOperation {
    pub method: HttpMethod,
    /// Its path, with parameters by name.
    pub path: &'static str,
    /// Its name in logs, metrics and the document: unique among all vendors.
    pub id: &'static str,
    /// The vendor's name for it.
    pub name: &'static str,
    /// How well founded it is that there is such an operation.
    pub evidence: &'static str,
}

impl UnbuiltOperation {
    /// An operation, as the vendor calls it.
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

/// A group of operations of which none is built: whatever stands below a path. The document cannot describe one.
#[derive(Debug)]
pub(crate) struct UnbuiltGroup {
    /// What its paths begin with, without a slash at the end.
    pub path: &'static str,
    /// Its name in logs and metrics: unique among all vendors.
    pub id: &'static str,
    /// The vendor's name for it.
    pub name: &'static str,
}

impl<D: Vendor> Table<D>
where
    D::Error: From<NotBuilt>,
{
    /// Adds operations that are not built.
    #[must_use]
    pub(crate) fn add_unbuilt(self, operations: &'static [UnbuiltOperation]) -> Self {
        operations.iter().fold(self, |table, operation| {
            let missing = NotBuilt::Operation(operation.name);
            table.add_operation(
                std::slice::from_ref(&operation.method),
                operation.path,
                described(operation),
                Vec::new(),
                reject(missing),
            )
        })
    }

    /// Adds groups that are not built.
    #[must_use]
    pub(crate) fn add_unbuilt_groups(self, groups: &'static [UnbuiltGroup]) -> Self {
        groups.iter().fold(self, |table, group| {
            let missing = NotBuilt::Group(group.name);
            table.add_group(group.id, group.path, reject(missing))
        })
    }
}

fn reject<E: From<NotBuilt>>(missing: NotBuilt) -> impl for<'a> Fn(&'a ApiRequest<'a>) -> HandlerFuture<'a, E> + Clone {
    move |_| Box::pin(async move { Err(missing.into()) })
}

/// What the document says of an operation that is not built.
fn described(operation: &UnbuiltOperation) -> utoipa::openapi::path::Operation {
    let UnbuiltOperation { path, id, name, evidence, .. } = operation;
    let described = OperationBuilder::new()
        .operation_id(Some(*id))
        .tag(NOT_BUILT.0)
        .summary(Some(format!("{name} is not built")))
        .response(
            StatusCode::NOT_IMPLEMENTED.as_str(),
            ResponseBuilder::new().description("This emulator does not build it"),
        )
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
    names.fold(described, |described, name| described.parameter(parameter(name))).build()
}
