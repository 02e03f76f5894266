//! A tenant's world: filled, put back, kept, forked, compared.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::tenants::{CreatedTenant, new_key};
use super::{Answer, Content, Control, ControlError, Done, finished, json, no_content, query, read, read_seed};
use crate::tenants::NewCredential;
use crate::tenants::{Diff, NewTenant, SeedContents, SeedInput, SnapshotListing};

/// Fill a tenant's world with a seed
///
/// In place of all that is in it; a reset goes back to it from then on. The body is a seed file, in JSON, or in YAML where
/// `Content-Type` says so: of its tenants the one of this name is taken, or the only one; the tenant's own name and keys stay.
/// It may also be such a tenant alone: `plan`, `extension`, `events`, `customers`, and
/// `population: {"distributors": 100000, "shape": "unilevel", "seed": 7}`; without a `plan` the tenant's own stays then.
#[utoipa::path(
    put,
    path = "/_emulator/tenants/{tenant}/seed",
    operation_id = "SeedTenant",
    params(("tenant" = String, Path)),
    request_body = Object,
    responses((status = 200, description = "How many rows there are", body = Done)),
)]
pub(super) async fn seed(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let tenants = control.tenants()?;
    let seed: SeedInput<SeedContents> = read_seed(headers.clone(), body).await?;
    let seed = seed.for_tenant(&tenant).map_err(ControlError::Bad)?;
    tenants.tenant(&tenant).await?;
    finished(&tenants.tasks, &headers, tenants.seed(&tenant, seed), StatusCode::OK).await
}

/// Reset a tenant's world to its seed
///
/// Rows, plan, extension, subscribers, clock and armed failures.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/reset",
    operation_id = "ResetTenant",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "How many rows there are", body = Done)),
)]
pub(super) async fn reset(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let tenants = control.tenants()?;
    tenants.tenant(&tenant).await?;
    finished(&tenants.tasks, &headers, tenants.reset(&tenant), StatusCode::OK).await
}

/// List a tenant's snapshots
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/snapshots",
    operation_id = "ListSnapshots",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "The snapshots, the oldest first", body = Vec<SnapshotListing>)),
)]
pub(super) async fn snapshots(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    Ok(json(StatusCode::OK, &control.tenants()?.snapshots(&tenant).await?))
}

/// How a snapshot is saved.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SaveQuery {
    /// Whether the snapshot `seed` may be replaced.
    #[serde(default)]
    force: bool,
}

/// Save a snapshot
///
/// In place of one of this name. The one that is called `seed` is what a reset goes back to, and is only replaced with
/// `force=true`.
#[utoipa::path(
    put,
    path = "/_emulator/tenants/{tenant}/snapshots/{snapshot}",
    operation_id = "SaveSnapshot",
    params(("tenant" = String, Path), ("snapshot" = String, Path), SaveQuery),
    responses((status = 200, description = "How many rows it has", body = Done)),
)]
pub(super) async fn save(
    State(control): State<Arc<Control>>,
    Path((tenant, snapshot)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let tenants = control.tenants()?;
    let SaveQuery { force } = query(&uri)?;
    tenants.tenant(&tenant).await?;
    finished(&tenants.tasks, &headers, tenants.save(&tenant, &snapshot, force), StatusCode::OK).await
}

/// Restore a snapshot
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/snapshots/{snapshot}/restore",
    operation_id = "RestoreSnapshot",
    params(("tenant" = String, Path), ("snapshot" = String, Path)),
    responses((status = 200, description = "How many rows there are", body = Done)),
)]
pub(super) async fn restore(
    State(control): State<Arc<Control>>,
    Path((tenant, snapshot)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let tenants = control.tenants()?;
    tenants.tenant(&tenant).await?;
    finished(&tenants.tasks, &headers, tenants.restore(&tenant, &snapshot), StatusCode::OK).await
}

/// Delete a snapshot
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}/snapshots/{snapshot}",
    operation_id = "DeleteSnapshot",
    params(("tenant" = String, Path), ("snapshot" = String, Path)),
    responses((status = 204, description = "It is deleted")),
)]
pub(super) async fn delete_snapshot(
    State(control): State<Arc<Control>>,
    Path((tenant, snapshot)): Path<(String, String)>,
) -> Answer {
    control.tenants()?.delete_snapshot(&tenant, &snapshot).await?;
    Ok(no_content())
}

/// A fork.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForkRequest {
    /// The new tenant's name.
    name: String,
    /// What its key is called.
    #[serde(default = "default_key_name")]
    key_name: String,
    /// Its key, 32 hexadecimal digits; a random one where it is not given.
    #[serde(default)]
    key: Option<String>,
    /// The snapshot that it is made from; the world as it is where none is named.
    #[serde(default)]
    snapshot: Option<String>,
    /// After so many seconds it is deleted.
    #[serde(default)]
    expires_in_seconds: Option<u32>,
}

fn default_key_name() -> String {
    "default".to_owned()
}

/// Fork a tenant
///
/// A new tenant with a key of its own, whose world is a copy. A reset of it goes back to how it was forked.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/fork",
    operation_id = "ForkTenant",
    params(("tenant" = String, Path)),
    request_body = ForkRequest,
    responses((status = 201, description = "It is made", body = CreatedTenant)),
)]
pub(super) async fn fork(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let tenants = control.tenants()?;
    let ForkRequest { name, key_name, key, snapshot, expires_in_seconds } = read(&headers, &body)?;
    let of = match snapshot {
        Some(snapshot) => format!("{tenant}@{snapshot}"),
        None => tenant,
    };
    let new = NewTenant {
        name,
        key: new_key(NewCredential { name: key_name, secret: key, ..NewCredential::default() })?,
        expires_in_seconds,
    };
    finished(&tenants.tasks, &headers, tenants.fork(&of, new), StatusCode::CREATED).await
}

/// What is compared.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DiffQuery {
    /// The one side: a tenant (`demo`) or a snapshot of one (`demo@seed`).
    from: String,
    /// The other side.
    to: String,
    /// At most so many rows of each table are listed; all are counted.
    #[serde(default = "default_limit")]
    #[param(maximum = 100_000)]
    limit: u32,
}

fn default_limit() -> u32 {
    1_000
}

/// Compare two tenants
///
/// The rows and fields in which they differ. Secrets are not shown.
#[utoipa::path(
    get,
    path = "/_emulator/diff",
    operation_id = "Diff",
    params(DiffQuery),
    responses((status = 200, description = "What differs", body = Diff)),
)]
pub(super) async fn diff(State(control): State<Arc<Control>>, uri: Uri) -> Answer {
    let DiffQuery { from, to, limit } = query(&uri)?;
    Ok(json(StatusCode::OK, &control.tenants()?.diff(&from, &to, limit.min(100_000)).await?))
}
