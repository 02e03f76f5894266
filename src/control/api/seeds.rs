//! Seed files: load and export.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use utoipa::IntoParams;

use super::{Answer, Content, Control, ControlError, Path, finished, query, read_seed};
use crate::tasks::{SeedSummary, TaskStatus};
use crate::tenants::{ExportFormat, ExportOptions, SeedFile};

/// Load a seed file
///
/// Creates all its tenants, or none when one of them cannot be created. Tenants that exist stay unchanged. In JSON, or in YAML
/// where `Content-Type` says so; at most 268,435,456 bytes.
#[utoipa::path(
    put,
    path = "/_emulator/seed",
    operation_id = "LoadSeed",
    request_body = Object,
    responses(
        (status = 200, description = "Which tenants were created, and which existed before", body = SeedSummary),
        (status = 202, description = "A task loads it (`Prefer: respond-async`)", body = TaskStatus),
    ),
)]
pub(super) async fn load(State(control): State<Arc<Control>>, headers: HeaderMap, Content(body): Content) -> Answer {
    let tenants = control.tenants()?;
    let seed: SeedFile = read_seed(headers.clone(), body).await?;
    finished(&tenants.tasks, &headers, tenants.load(seed), StatusCode::OK).await
}

/// The maximum number of exports at once: each holds a whole seed file in memory until its client has received it.
const MAX_EXPORTS: usize = 2;

/// How long an export waits for others to end.
const EXPORT_WAIT: Duration = Duration::from_secs(10);

/// The exports that may begin.
#[derive(Debug)]
pub(in crate::control) struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_EXPORTS)))
    }
}

impl Exports {
    /// # Errors
    /// `TooManyExports`.
    pub(in crate::control) async fn begin(&self) -> Result<OwnedSemaphorePermit, ControlError> {
        let begun = timeout(EXPORT_WAIT, Arc::clone(&self.0).acquire_owned()).await;
        begun.map_err(|_| ControlError::TooManyExports)?.map_err(|_| ControlError::TooManyExports)
    }
}

/// The format and contents of an export
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// YAML by default.
    #[serde(default)]
    #[param(inline)]
    format: ExportFormat,
    /// This snapshot of the tenant; its current data by default.
    snapshot: Option<String>,
    /// Whether it has the digests of the tenant's keys, so that a tenant that is created from it has the same keys.
    #[serde(default)]
    keys: bool,
}

/// Export a tenant
///
/// As a seed file with everything that a reset restores: loading it creates an equal tenant. Passwords are exported as hashes
/// and the extension's token as a digest; tax ids, and the tokens for the extension and for subscribers, in the clear.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/export",
    operation_id = "ExportTenant",
    params(("tenant" = String, Path), ExportQuery),
    responses((
        status = 200,
        description = "The seed file",
        content((Object = "application/json"), (String = "application/yaml"))
    )),
)]
pub(super) async fn export(State(control): State<Arc<Control>>, Path(tenant): Path<String>, uri: Uri) -> Answer {
    let tenants = control.tenants()?;
    let ExportQuery { format, snapshot, keys } = query(&uri)?;
    let side = match snapshot {
        Some(snapshot) => format!("{tenant}@{snapshot}"),
        None => tenant.clone(),
    };
    let permit = control.exports.begin().await?;
    let export = tenants.export(&side, ExportOptions { format, has_keys: keys }).await?;
    let (content_type, ending) = match format {
        ExportFormat::Yaml => ("application/yaml", "yaml"),
        ExportFormat::Json => ("application/json", "json"),
    };
    let bytes = export.bytes();
    // The permit is given back when everything is sent, or the client is gone.
    let parts = stream::unfold((export.into_parts().into_iter(), permit), async |(mut parts, permit)| {
        let part = parts.next()?;
        Some((Ok::<_, Infallible>(Bytes::from(part)), (parts, permit)))
    });
    let mut response = crate::control::typed(content_type, Body::from_stream(parts));
    let plain: String =
        tenant.chars().filter(|letter| letter.is_ascii_alphanumeric() || "._-".contains(*letter)).collect();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_LENGTH, bytes.into());
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"{plain}.{ending}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
