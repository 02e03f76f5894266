//! What subscribers were told of.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Answer, Control, ControlError, json, query};
use crate::webhooks::{DeliveryListing, list as list_deliveries, resend as resend_deliveries};

/// Which deliveries, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// Only those in this state: `pending`, `delivered`, `dead`, or `lost` by a failure on purpose.
    #[param(inline)]
    state: Option<DeliveryState>,
    /// At most so many, 1,000 or less; 100 where it is not said.
    limit: Option<i64>,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum DeliveryState {
    Pending,
    Delivered,
    Dead,
    Lost,
}

impl DeliveryState {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Lost => "lost",
        }
    }
}

/// How many deliveries are due again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Resent {
    /// How many.
    due: u64,
}

/// List a tenant's deliveries
///
/// The newest first, each with what its last attempt came to.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/events",
    operation_id = "ListEvents",
    params(("tenant" = String, Path), EventsQuery),
    responses((status = 200, description = "The deliveries", body = Vec<DeliveryListing>)),
)]
pub(super) async fn list(State(control): State<Arc<Control>>, Path(tenant): Path<String>, uri: Uri) -> Answer {
    let tenants = control.tenants()?;
    let EventsQuery { state, limit } = query(&uri)?;
    tenants.tenant(&tenant).await?;
    let limit = limit.unwrap_or(100).clamp(0, 1_000);
    let listed = list_deliveries(&tenants.database, &tenant, state.map(DeliveryState::name), limit).await?;
    Ok(json(StatusCode::OK, &listed))
}

/// Send again what was given up or lost
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/events/resend",
    operation_id = "ResendEvents",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "How many are due again", body = Resent)),
)]
pub(super) async fn resend(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    let tenants = control.tenants()?;
    let now = tenants.tenant(&tenant).await?.clock.now();
    let due = resend_deliveries(&tenants.database, &tenant, None, now).await?;
    tenants.customers.wake_deliveries();
    Ok(json(StatusCode::OK, &Resent { due }))
}

/// Send an event again
///
/// Whatever became of it, to every address that hears of it.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/events/{event}/resend",
    operation_id = "ResendEvent",
    params(("tenant" = String, Path), ("event" = uuid::Uuid, Path)),
    responses((status = 200, description = "How many deliveries are due again", body = Resent)),
)]
pub(super) async fn resend_one(
    State(control): State<Arc<Control>>,
    Path((tenant, event)): Path<(String, String)>,
) -> Answer {
    let tenants = control.tenants()?;
    let unknown = || ControlError::NotFound(format!("tenant '{tenant}' has no event {event}"));
    let id = event.parse().map_err(|_| unknown())?;
    let now = tenants.tenant(&tenant).await?.clock.now();
    let due = resend_deliveries(&tenants.database, &tenant, Some(id), now).await?;
    tenants.customers.wake_deliveries();
    if due > 0 { Ok(json(StatusCode::OK, &Resent { due })) } else { Err(unknown()) }
}
