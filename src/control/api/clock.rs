//! A tenant's clock.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, Content, Control, ControlError, Path, json, read};
use crate::clock::Clock;

/// A tenant's clock
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClockStatus {
    /// The tenant's time.
    now: DateTime<Utc>,
    mode: ClockMode,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ClockMode {
    Real,
    Frozen,
    /// It runs, but shows another time.
    Shifted,
}

impl From<Clock> for ClockStatus {
    fn from(clock: Clock) -> Self {
        let mode = match clock {
            Clock::Real => ClockMode::Real,
            Clock::Frozen(_) => ClockMode::Frozen,
            Clock::AheadBy(_) => ClockMode::Shifted,
        };
        Self { now: clock.now(), mode }
    }
}

/// The time of a frozen clock
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FreezeRequest {
    /// The clock's current time by default.
    #[serde(default)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    at: Option<String>,
}

/// The new time of a clock
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetRequest {
    #[schema(value_type = DateTime<Utc>)]
    at: String,
}

/// How far a clock is advanced
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdvanceRequest {
    /// A negative number sets the clock back.
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

/// Resume a tenant's real time
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}/clock",
    operation_id = "ResumeClock",
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
/// A frozen clock stays frozen at the new time; a running one continues from it.
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
/// Work that becomes due is done, such as the next attempt at a delivery.
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

/// Reads a time. The parser's own message has no example.
fn time(text: &str) -> Result<DateTime<Utc>, ControlError> {
    let parsed = text.trim().parse();
    parsed.map_err(|_| ControlError::Bad("at: it is not a time such as 2030-01-31T12:00:00Z".to_owned()))
}

async fn change(control: &Control, tenant: &str, change: impl Fn(Clock) -> Option<Clock>) -> Answer {
    let clock = control.tenants()?.set_clock(tenant, change).await?;
    Ok(json(StatusCode::OK, &ClockStatus::from(clock)))
}
