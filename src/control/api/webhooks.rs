//! Webhooks: the deliveries of a tenant's events.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Answer, Control, ControlError, Path, json, query};
use crate::webhooks::{self, DeliveryListing, DeliveryState};

/// Which deliveries, and how many
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WebhooksQuery {
    /// Only deliveries in this state.
    #[param(inline)]
    state: Option<DeliveryState>,
    /// The maximum number of deliveries, at most 1,000; 100 by default.
    limit: Option<i64>,
}

/// The result of a resend
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResendResult {
    /// How many deliveries are pending again.
    due: u64,
}

/// List a tenant's webhooks
///
/// The deliveries of its events, the newest first, each with the result of its last attempt.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/webhooks",
    operation_id = "ListWebhooks",
    params(("tenant" = String, Path), WebhooksQuery),
    responses((status = 200, description = "The deliveries", body = Vec<DeliveryListing>)),
)]
pub(super) async fn list(State(control): State<Arc<Control>>, Path(tenant): Path<String>, uri: Uri) -> Answer {
    let tenants = control.tenants()?;
    let WebhooksQuery { state, limit } = query(&uri)?;
    let tenant = tenants.tenant(&tenant).await?.id;
    let limit = limit.unwrap_or(100).clamp(0, 1_000);
    Ok(json(StatusCode::OK, &webhooks::list(&tenants.database, tenant, state, limit).await?))
}

/// Resend failed and dropped webhooks
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/webhooks/resend",
    operation_id = "ResendWebhooks",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "How many deliveries are pending again", body = ResendResult)),
)]
pub(super) async fn resend(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    let tenants = control.tenants()?;
    let found = tenants.tenant(&tenant).await?;
    let due = webhooks::resend(&tenants.database, found.id, None, found.clock.now()).await?;
    tenants.customers.wake_deliveries();
    Ok(json(StatusCode::OK, &ResendResult { due }))
}

/// Resend the webhooks of an event
///
/// To every subscriber, regardless of the state of the deliveries.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/webhooks/{event}/resend",
    operation_id = "ResendWebhook",
    params(("tenant" = String, Path), ("event" = uuid::Uuid, Path)),
    responses((status = 200, description = "How many deliveries are pending again", body = ResendResult)),
)]
pub(super) async fn resend_one(
    State(control): State<Arc<Control>>,
    Path((tenant, event)): Path<(String, String)>,
) -> Answer {
    let tenants = control.tenants()?;
    let unknown = || ControlError::NotFound(format!("tenant '{tenant}' has no event {event}"));
    let id = event.parse().map_err(|_| unknown())?;
    let found = tenants.tenant(&tenant).await?;
    let due = webhooks::resend(&tenants.database, found.id, Some(id), found.clock.now()).await?;
    tenants.customers.wake_deliveries();
    if due > 0 { Ok(json(StatusCode::OK, &ResendResult { due })) } else { Err(unknown()) }
}
