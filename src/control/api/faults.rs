//! Failures on purpose.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answer, Content, Control, ControlError, json, no_content, read};
use crate::fault_injection::{self, Listed, Rule};

/// A failure that is armed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultStatus {
    /// Its number, which answers that met it carry in `X-Emulator-Fault`.
    id: i32,
    /// The rule.
    rule: Rule,
    /// How many calls or events came under it.
    calls: u64,
    /// How many met it.
    fired: u64,
    /// Whether no later one can meet it.
    is_spent: bool,
    /// When it was armed.
    created_at: DateTime<Utc>,
}

impl From<Listed> for FaultStatus {
    fn from(listed: Listed) -> Self {
        let Listed { id, rule, calls, fired, created_at } = listed;
        let is_spent = rule.when().is_spent_after(calls);
        Self { id, rule, calls, fired, is_spent, created_at }
    }
}

/// The number of a failure.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultId {
    /// The number.
    id: i32,
}

/// List the failures that are armed
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/faults",
    operation_id = "ListFaults",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "The failures", body = Vec<FaultStatus>)),
)]
pub(super) async fn list(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    let tenants = control.tenants()?;
    let tenant = tenants.tenant(&tenant).await?;
    let listed = fault_injection::list(&tenants.database, tenant.id).await?;
    Ok(json(StatusCode::OK, &listed.into_iter().map(FaultStatus::from).collect::<Vec<_>>()))
}

/// Arm a failure
///
/// Of calls: `{"operation": "UpgradeCustomer", "when": {"first": 3}, "point": "after", "answer": "reset"}`. Of events:
/// `{"event": "UpdateAssociateEvent", "do": "double"}`. Of several that a call meets, the one that was armed first happens.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/faults",
    operation_id = "AddFault",
    params(("tenant" = String, Path)),
    request_body = Rule,
    responses((status = 201, description = "It is armed", body = FaultId)),
)]
pub(super) async fn arm(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let tenants = control.tenants()?;
    let rule: Rule = read(&headers, &body)?;
    control.catalogue.check(&rule).map_err(ControlError::Bad)?;
    let tenant = tenants.tenant(&tenant).await?;
    let id = tenants.add_fault_rule(tenant.id, &rule).await?;
    Ok(json(StatusCode::CREATED, &FaultId { id }))
}

/// Disarm a failure
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}/faults/{fault}",
    operation_id = "DeleteFault",
    params(("tenant" = String, Path), ("fault" = i32, Path)),
    responses((status = 204, description = "It is disarmed")),
)]
pub(super) async fn disarm(
    State(control): State<Arc<Control>>,
    Path((tenant, fault)): Path<(String, String)>,
) -> Answer {
    let tenants = control.tenants()?;
    let unknown = || ControlError::NotFound(format!("tenant '{tenant}' has no failure {fault}"));
    let id: i32 = fault.parse().map_err(|_| unknown())?;
    let found = tenants.tenant(&tenant).await?;
    if tenants.delete_fault_rule(found.id, id).await? { Ok(no_content()) } else { Err(unknown()) }
}

/// Disarm all failures
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}/faults",
    operation_id = "DeleteFaults",
    params(("tenant" = String, Path)),
    responses((status = 204, description = "None is armed")),
)]
pub(super) async fn disarm_all(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    let tenants = control.tenants()?;
    let tenant = tenants.tenant(&tenant).await?;
    tenants.clear_fault_rules(tenant.id).await?;
    Ok(no_content())
}
