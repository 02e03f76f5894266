//! Tenants and their plans.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Answer, Content, Control, ControlError, ControlProblem, Path, finished, json, read, read_seed};
use crate::control::keys::{DEFAULT_KEY_NAME, checked_key};
use crate::plan::Plan;
use crate::tasks::{CreatedTenant, DeletedTenant, TaskStatus};
use crate::tenants::{NewCredential, NewTenant, SeedContents, SeedInput, TenantError, TenantListing};

/// A new tenant, its key and its lifetime
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantRequest {
    name: String,
    /// The name of its key; `default` by default.
    #[serde(default)]
    key_name: Option<String>,
    /// Its key, 32 hexadecimal digits; a random one by default.
    #[serde(default)]
    key: Option<String>,
    /// It is deleted after this many seconds.
    #[serde(default)]
    expires_in_seconds: Option<u32>,
    /// Its data: a seed file with a tenant of this name or a single tenant; or the members of such a tenant: `plan`,
    /// `extension`, `events`, `customers`, `population`. Either may be a text, in YAML or JSON.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    seed: Option<SeedInput<SeedContents>>,
}

/// The parts of a request for a new tenant that create and fork share.
pub(super) fn new_tenant(
    name: String,
    key_name: Option<String>,
    key: Option<String>,
    expires_in_seconds: Option<u32>,
) -> Result<NewTenant, ControlError> {
    let key_name = key_name.unwrap_or_else(|| DEFAULT_KEY_NAME.to_owned());
    let key = checked_key(NewCredential { name: key_name, secret: key, ..NewCredential::default() })?;
    Ok(NewTenant { name, key, expires_in_seconds })
}

/// List tenants
#[utoipa::path(
    get,
    path = "/_emulator/tenants",
    operation_id = "ListTenants",
    responses((status = 200, description = "All tenants, by name", body = Vec<TenantListing>)),
)]
pub(super) async fn list(State(control): State<Arc<Control>>) -> Answer {
    Ok(json(StatusCode::OK, &control.tenants()?.list().await?))
}

/// Create a tenant
///
/// The response has its key, which is not shown again.
#[utoipa::path(
    post,
    path = "/_emulator/tenants",
    operation_id = "CreateTenant",
    request_body = TenantRequest,
    responses(
        (status = 201, description = "The new tenant", body = CreatedTenant),
        (status = 202, description = "A task creates it (`Prefer: respond-async`)", body = TaskStatus),
        (
            status = 400, description = "The tenant cannot be created", body = ControlProblem,
            content_type = "application/problem+json"
        ),
    ),
)]
pub(super) async fn create(State(control): State<Arc<Control>>, headers: HeaderMap, Content(body): Content) -> Answer {
    let tenants = control.tenants()?;
    let request = read_seed(headers.clone(), body).await?;
    let TenantRequest { name, key_name, key, expires_in_seconds, seed } = request;
    let seed = seed.map(|seed| seed.for_tenant(&name)).transpose().map_err(ControlError::Bad)?;
    let new = new_tenant(name, key_name, key, expires_in_seconds)?;
    let begun = tenants.create(new, seed.unwrap_or_default());
    finished(&tenants.tasks, &headers, begun, StatusCode::CREATED).await
}

/// Get a tenant
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}",
    operation_id = "GetTenant",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "The tenant", body = TenantListing)),
)]
pub(super) async fn get(State(control): State<Arc<Control>>, Path(name): Path<String>) -> Answer {
    let tenants = control.tenants()?;
    let listed = tenants.listing(&name).await?.ok_or(TenantError::UnknownTenant(name))?;
    Ok(json(StatusCode::OK, &listed))
}

/// Delete a tenant
///
/// With its data, keys and snapshots.
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}",
    operation_id = "DeleteTenant",
    params(("tenant" = String, Path)),
    responses(
        (status = 200, description = "It is deleted", body = DeletedTenant),
        (status = 202, description = "A task deletes it (`Prefer: respond-async`)", body = TaskStatus),
    ),
)]
pub(super) async fn delete(
    State(control): State<Arc<Control>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let tenants = control.tenants()?;
    tenants.tenant(&name).await?;
    finished(&tenants.tasks, &headers, tenants.delete(&name), StatusCode::OK).await
}

/// Get a tenant's plan
///
/// With all defaults.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/plan",
    operation_id = "GetPlan",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "The plan", body = Object)),
)]
pub(super) async fn plan(State(control): State<Arc<Control>>, Path(name): Path<String>) -> Answer {
    Ok(json(StatusCode::OK, &control.tenants()?.tenant(&name).await?.plan))
}

/// Replace a tenant's plan
///
/// The whole plan: members that are not in the body get their defaults. An unknown name or value rejects all of it.
#[utoipa::path(
    put,
    path = "/_emulator/tenants/{tenant}/plan",
    operation_id = "ReplacePlan",
    params(("tenant" = String, Path)),
    request_body = Object,
    responses((status = 200, description = "The plan", body = Object)),
)]
pub(super) async fn replace_plan(
    State(control): State<Arc<Control>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let plan: Plan = read(&headers, &body)?;
    control.tenants()?.replace_plan(&name, &plan).await?;
    Ok(json(StatusCode::OK, &plan))
}
