//! Injected faults.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answer, Content, Control, ControlError, Path, json, no_content, read};
use crate::fault_injection::{self, FaultListing, FaultRule};

/// A fault rule, and how often it was matched and triggered
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultStatus {
    /// The value of `X-Emulator-Fault` in the responses that the rule changes.
    id: i32,
    rule: FaultRule,
    /// How many requests or events the rule applied to.
    matched: u64,
    /// How many of these it changed.
    triggered: u64,
    /// Whether no later request or event can trigger the rule.
    is_used_up: bool,
    created_at: DateTime<Utc>,
}

impl From<FaultListing> for FaultStatus {
    fn from(listed: FaultListing) -> Self {
        let FaultListing { id, rule, matched, triggered, created_at } = listed;
        let is_used_up = rule.when().is_used_up_after(matched);
        Self { id, rule, matched, triggered, is_used_up, created_at }
    }
}

/// The number of a fault rule
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultId {
    id: i32,
}

/// List a tenant's injected faults
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/faults",
    operation_id = "ListFaults",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "The rules, in the order in which they were added", body = Vec<FaultStatus>)),
)]
pub(super) async fn list(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    let tenants = control.tenants()?;
    let tenant = tenants.tenant(&tenant).await?;
    let listed = fault_injection::list(&tenants.database, tenant.id).await?;
    Ok(json(StatusCode::OK, &listed.into_iter().map(FaultStatus::from).collect::<Vec<_>>()))
}

/// Add an injected fault
///
/// For requests: `{"operation": "UpgradeCustomer", "when": {"first": 3}, "point": "after", "response": "reset"}`. For events:
/// `{"event": "UpdateAssociateEvent", "action": "duplicate"}`. When a request triggers several rules, only the one that was
/// added first applies.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/faults",
    operation_id = "AddFault",
    params(("tenant" = String, Path)),
    request_body = FaultRule,
    responses((status = 201, description = "The rule is active", body = FaultId)),
)]
pub(super) async fn add(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let tenants = control.tenants()?;
    let rule: FaultRule = read(&headers, &body)?;
    control.catalog.check(&rule).map_err(ControlError::Bad)?;
    let tenant = tenants.tenant(&tenant).await?;
    let id = tenants.add_fault_rule(tenant.id, &rule).await?;
    Ok(json(StatusCode::CREATED, &FaultId { id }))
}

/// Delete an injected fault
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}/faults/{fault}",
    operation_id = "DeleteFault",
    params(("tenant" = String, Path), ("fault" = i32, Path)),
    responses((status = 204, description = "The rule is deleted")),
)]
pub(super) async fn delete(
    State(control): State<Arc<Control>>,
    Path((tenant, fault)): Path<(String, String)>,
) -> Answer {
    let tenants = control.tenants()?;
    let unknown = || ControlError::NotFound(format!("tenant '{tenant}' has no fault {fault}"));
    let id: i32 = fault.parse().map_err(|_| unknown())?;
    let found = tenants.tenant(&tenant).await?;
    if tenants.delete_fault_rule(found.id, id).await? { Ok(no_content()) } else { Err(unknown()) }
}

/// Delete all injected faults of a tenant
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}/faults",
    operation_id = "DeleteFaults",
    params(("tenant" = String, Path)),
    responses((status = 204, description = "The tenant has no injected faults")),
)]
pub(super) async fn delete_all(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    let tenants = control.tenants()?;
    let tenant = tenants.tenant(&tenant).await?;
    tenants.clear_fault_rules(tenant.id).await?;
    Ok(no_content())
}
