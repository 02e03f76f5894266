//! A tenant's clock.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, Content, Control, ControlError, json, read};
use crate::clock::Clock;

/// A tenant's clock.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClockStatus {
    /// The tenant's present.
    now: DateTime<Utc>,
    /// `real`, `frozen`, or `shifted`: it goes, but shows another time.
    mode: &'static str,
}

impl From<Clock> for ClockStatus {
    fn from(clock: Clock) -> Self {
        let mode = match clock {
            Clock::Real => "real",
            Clock::Frozen(_) => "frozen",
            Clock::AheadBy(_) => "shifted",
        };
        Self { now: clock.now(), mode }
    }
}

/// A time, or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FreezeRequest {
    /// Where the clock stands; where it is, if nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    at: Option<String>,
}

/// A time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetRequest {
    /// What the clock is put to.
    #[schema(value_type = DateTime<Utc>)]
    at: String,
}

/// A stretch of time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdvanceRequest {
    /// By how many seconds; back where it is below zero.
    seconds: i64,
}

/// Get a tenant's clock
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/clock",
    operation_id = "GetClock",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "The clock", body = ClockStatus)),
)]
pub(super) async fn get(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    let clock = control.tenants()?.tenant(&tenant).await?.clock;
    Ok(json(StatusCode::OK, &ClockStatus::from(clock)))
}

/// Put a tenant's clock back to real time
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}/clock",
    operation_id = "ReleaseClock",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "The clock", body = ClockStatus)),
)]
pub(super) async fn real(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    change(&control, &tenant, |_| Some(Clock::Real)).await
}

/// Freeze a tenant's clock
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/clock/freeze",
    operation_id = "FreezeClock",
    params(("tenant" = String, Path)),
    request_body = FreezeRequest,
    responses((status = 200, description = "The clock", body = ClockStatus)),
)]
pub(super) async fn freeze(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let FreezeRequest { at } = read(&headers, &body)?;
    let at = at.as_deref().map(time).transpose()?;
    change(&control, &tenant, |clock| clock.frozen(at)).await
}

/// Set a tenant's clock
///
/// One that stands still stands there then; one that goes goes on from there.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/clock/set",
    operation_id = "SetClock",
    params(("tenant" = String, Path)),
    request_body = SetRequest,
    responses((status = 200, description = "The clock", body = ClockStatus)),
)]
pub(super) async fn set(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let SetRequest { at } = read(&headers, &body)?;
    let at = time(&at)?;
    change(&control, &tenant, |clock| clock.set(at)).await
}

/// Advance a tenant's clock
///
/// What falls due on the way, such as another attempt at an event, is done.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/clock/advance",
    operation_id = "AdvanceClock",
    params(("tenant" = String, Path)),
    request_body = AdvanceRequest,
    responses((status = 200, description = "The clock", body = ClockStatus)),
)]
pub(super) async fn advance(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let AdvanceRequest { seconds } = read(&headers, &body)?;
    change(&control, &tenant, |clock| clock.advanced(seconds)).await
}

/// A time as people write it: the parser's own message would not say how.
fn time(text: &str) -> Result<DateTime<Utc>, ControlError> {
    let parsed = text.trim().parse();
    parsed.map_err(|_| ControlError::Bad("at: it is not a time such as 2030-01-31T12:00:00Z".to_owned()))
}

async fn change(control: &Control, tenant: &str, change: impl FnOnce(Clock) -> Option<Clock>) -> Answer {
    let clock = control.tenants()?.set_clock(tenant, change).await?;
    Ok(json(StatusCode::OK, &ClockStatus::from(clock)))
}
