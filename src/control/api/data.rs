//! A tenant's data: seed, reset, snapshots, fork, diff.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::tenants::new_tenant;
use super::{Answer, Content, Control, ControlError, Path, finished, json, no_content, query, read, read_seed};
use crate::tasks::{CreatedTenant, DataRows, SnapshotRows, TaskStatus};
use crate::tenants::{Diff, SeedContents, SeedInput, SnapshotListing};

/// Replace a tenant's data with a seed
///
/// A reset restores the seed from then on. The body is a seed file in JSON, or in YAML where `Content-Type` says so, with a
/// tenant of this name or a single tenant; the tenant keeps its own name and keys. The body may also have the members of such
/// a tenant: `plan`, `extension`, `events`, `customers`, and `population: {"distributors": 100000, "shape": "unilevel",
/// "random_seed": 7}`; the tenant then keeps its plan where the body has none.
#[utoipa::path(
    put,
    path = "/_emulator/tenants/{tenant}/seed",
    operation_id = "SeedTenant",
    params(("tenant" = String, Path)),
    request_body = Object,
    responses(
        (status = 200, description = "How many rows were written", body = DataRows),
        (status = 202, description = "A task does it (`Prefer: respond-async`)", body = TaskStatus),
    ),
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

/// Reset a tenant's data to its seed
///
/// Rows, plan, extension, subscribers, clock and injected faults.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/reset",
    operation_id = "ResetTenant",
    params(("tenant" = String, Path)),
    responses(
        (status = 200, description = "How many rows were written", body = DataRows),
        (status = 202, description = "A task does it (`Prefer: respond-async`)", body = TaskStatus),
    ),
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

/// How a snapshot is saved
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
/// It replaces a snapshot of the same name. The snapshot `seed`, which a reset restores, is only replaced with `force=true`.
#[utoipa::path(
    put,
    path = "/_emulator/tenants/{tenant}/snapshots/{snapshot}",
    operation_id = "SaveSnapshot",
    params(("tenant" = String, Path), ("snapshot" = String, Path), SaveQuery),
    responses(
        (status = 200, description = "How many rows were written", body = SnapshotRows),
        (status = 202, description = "A task does it (`Prefer: respond-async`)", body = TaskStatus),
    ),
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
    responses(
        (status = 200, description = "How many rows were written", body = SnapshotRows),
        (status = 202, description = "A task does it (`Prefer: respond-async`)", body = TaskStatus),
    ),
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

/// A new tenant with a copy of another one's data
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForkRequest {
    /// The name of the new tenant.
    name: String,
    /// The name of its key; `default` by default.
    #[serde(default)]
    key_name: Option<String>,
    /// Its key, 32 hexadecimal digits; a random one by default.
    #[serde(default)]
    key: Option<String>,
    /// The snapshot to copy; the current data by default.
    #[serde(default)]
    snapshot: Option<String>,
    /// It is deleted after this many seconds.
    #[serde(default)]
    expires_in_seconds: Option<u32>,
}

/// Fork a tenant
///
/// The new tenant has its own key and a copy of the data. Its reset restores that copy.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/fork",
    operation_id = "ForkTenant",
    params(("tenant" = String, Path)),
    request_body = ForkRequest,
    responses(
        (status = 201, description = "The new tenant", body = CreatedTenant),
        (status = 202, description = "A task does it (`Prefer: respond-async`)", body = TaskStatus),
    ),
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
    let new = new_tenant(name, key_name, key, expires_in_seconds)?;
    finished(&tenants.tasks, &headers, tenants.fork(&of, new), StatusCode::CREATED).await
}

/// The two sides of a comparison
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DiffQuery {
    /// A tenant (`demo`) or a snapshot of one (`demo@seed`).
    from: String,
    /// The tenant or snapshot to compare it with.
    to: String,
    /// The maximum number of rows that are listed of each table; all differences are counted.
    #[serde(default = "default_limit")]
    #[param(maximum = 100_000)]
    limit: u32,
}

fn default_limit() -> u32 {
    1_000
}

/// Compare two tenants
///
/// Lists the rows and fields that differ. Secrets are hidden.
#[utoipa::path(
    get,
    path = "/_emulator/diff",
    operation_id = "Diff",
    params(DiffQuery),
    responses((status = 200, description = "The differences", body = Diff)),
)]
pub(super) async fn diff(State(control): State<Arc<Control>>, uri: Uri) -> Answer {
    let DiffQuery { from, to, limit } = query(&uri)?;
    Ok(json(StatusCode::OK, &control.tenants()?.diff(&from, &to, limit.min(100_000)).await?))
}
