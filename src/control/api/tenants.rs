//! Tenants: made, listed, deleted; their plan, and what they are connected to.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Answer, Content, Control, ControlError, ControlProblem, Done, finished, json, no_content, read, read_seed,
};
use crate::extension::{self, HookId};
use crate::plan::Plan;
use crate::tenants::{Integration, NewCredential, NewTenant, SeedContents, SeedInput, TenantError, TenantListing};

/// A new tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantRequest {
    /// Its name.
    name: String,
    /// What its key is called.
    #[serde(default = "default_key_name")]
    pub(super) key_name: String,
    /// Its key, 32 hexadecimal digits; a random one where it is not given.
    #[serde(default)]
    key: Option<String>,
    /// After so many seconds it is deleted.
    #[serde(default)]
    expires_in_seconds: Option<u32>,
    /// What its world is filled with: a seed file, of whose tenants the one of this name is taken, or the only one; or such a
    /// tenant alone: `plan`, `extension`, `events`, `customers`, `population`. Either may be a text, in YAML or JSON.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    seed: Option<SeedInput<SeedContents>>,
}

fn default_key_name() -> String {
    "default".to_owned()
}

/// The key of a new tenant, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedTenant {
    /// The tenant.
    tenant: String,
    /// What its key is called.
    key_name: String,
    /// The key.
    key: String,
}

/// A key that was given or is to be made.
pub(super) fn new_key(key: NewCredential) -> Result<NewCredential, ControlError> {
    let name = &key.name;
    if name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(ControlError::Bad("the name of a key has 1 to 100 visible characters".to_owned()));
    }
    Ok(key)
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

/// Make a tenant
///
/// Its key is in the answer, this once.
#[utoipa::path(
    post,
    path = "/_emulator/tenants",
    operation_id = "MakeTenant",
    request_body = TenantRequest,
    responses(
        (status = 201, description = "It is made", body = CreatedTenant),
        (status = 400, description = "It cannot be made so", body = ControlProblem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create(State(control): State<Arc<Control>>, headers: HeaderMap, Content(body): Content) -> Answer {
    let tenants = control.tenants()?;
    let request = read_seed(headers.clone(), body).await?;
    let TenantRequest { name, key_name, key, expires_in_seconds, seed } = request;
    let seed = seed.map(|seed| seed.for_tenant(&name)).transpose().map_err(ControlError::Bad)?;
    let new = NewTenant {
        name,
        key: new_key(NewCredential { name: key_name, secret: key, ..NewCredential::default() })?,
        expires_in_seconds,
    };
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
    let listed = tenants.listed(&name).await?.ok_or(TenantError::UnknownTenant(name))?;
    Ok(json(StatusCode::OK, &listed))
}

/// Delete a tenant
///
/// With its keys, snapshots and all that it has.
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}",
    operation_id = "DeleteTenant",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "It is deleted", body = Done)),
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
/// With every default.
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
/// As a whole: what is not named gets its default. Rejected as a whole when a name or value is not known.
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

/// Get a tenant's extension and subscribers
///
/// Without their secrets.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/integration",
    operation_id = "GetIntegration",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "What it is connected to", body = Object)),
)]
pub(super) async fn integration(State(control): State<Arc<Control>>, Path(name): Path<String>) -> Answer {
    let tenant = control.tenants()?.tenant(&name).await?;
    let mut shown = serde_json::json!({ "extension": tenant.extension, "events": tenant.events });
    if let Some(extension) = shown["extension"].as_object_mut() {
        extension.remove("extension_token");
    }
    for subscription in shown["events"]["subscriptions"].as_array_mut().into_iter().flatten() {
        subscription.as_object_mut().map(|members| members.remove("secret"));
    }
    Ok(json(StatusCode::OK, &shown))
}

/// Connect a tenant to an extension and subscribers
///
/// `extension` and `events`, as they stand in a seed file, or a whole seed file, of whose tenants the one of this name is taken,
/// or the only one. What is not named is disconnected.
#[utoipa::path(
    put,
    path = "/_emulator/tenants/{tenant}/integration",
    operation_id = "ReplaceIntegration",
    params(("tenant" = String, Path)),
    request_body = Object,
    responses((status = 204, description = "It is connected")),
)]
pub(super) async fn connect(
    State(control): State<Arc<Control>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let integration: SeedInput<Integration> = read(&headers, &body)?;
    let integration = integration.for_tenant(&name).map_err(ControlError::Bad)?;
    control.tenants()?.connect(&name, integration).await?;
    Ok(no_content())
}

/// What an extension answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tried {
    /// Where it was asked.
    url: String,
    /// The status of its answer.
    status: u16,
    /// Its answer.
    body: String,
}

/// Try a hook
///
/// Posts a request to the extension that answers it, outside any call; a callback is rejected.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/hooks/{hook}/try",
    operation_id = "TryHook",
    params(("tenant" = String, Path), ("hook" = String, Path)),
    request_body = Object,
    responses((status = 200, description = "What the extension answered", body = Tried)),
)]
pub(super) async fn try_hook(
    State(control): State<Arc<Control>>,
    Path((name, hook)): Path<(String, String)>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let tenants = control.tenants()?;
    let hook = HookId::try_from(hook).map_err(ControlError::Bad)?;
    let request: Value = read(&headers, &body)?;
    let extension = tenants.tenant(&name).await?.extension;
    let extension = extension.ok_or_else(|| ControlError::Bad(format!("tenant '{name}' has no extension")))?;
    let url = extension.url(hook.as_str()).ok_or_else(|| {
        ControlError::Bad(format!("the extension of tenant '{name}' does not answer {}", hook.as_str()))
    })?;
    let outgoing = control.outgoing.get().ok_or(ControlError::NotReady)?;
    let timeout = Duration::from_secs(u64::from(extension.timeout_seconds.get()));
    let tried = extension::try_hook(outgoing, &tenants.random, &extension, url, &request, timeout).await;
    let answer = tried.map_err(|error| ControlError::Bad(format!("no answer came: {error}")))?;
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    Ok(json(StatusCode::OK, &Tried { url: url.as_str().to_owned(), status: answer.status, body }))
}
