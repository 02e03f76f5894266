//! All SQL on injected faults.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::rule::{EventRule, FaultRule, RequestRule};
use crate::database::{Database, DatabaseError, TenantId};

/// The operation of a rule for requests: enough to know whether a request must be counted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct ActiveFault {
    /// `*` for all.
    pub operation: String,
}

impl ActiveFault {
    #[must_use]
    pub fn is_for(&self, operation: &str) -> bool {
        self.operation == "*" || self.operation == operation
    }
}

/// A rule that a request triggered.
#[derive(Debug, Clone)]
pub struct TriggeredFault {
    pub id: i32,
    /// The request's number under the rule, from 1.
    pub number: u64,
    pub rule: RequestRule,
}

/// A rule that an event triggered.
#[derive(Debug, Clone)]
pub struct TriggeredEventFault {
    pub id: i32,
    pub rule: EventRule,
}

/// A rule, and how often it was matched and triggered.
#[derive(Debug)]
pub struct FaultListing {
    pub id: i32,
    pub rule: FaultRule,
    /// How many requests or events the rule applied to.
    pub matched: u64,
    /// How many of these it changed.
    pub triggered: u64,
    pub created_at: DateTime<Utc>,
}

struct Counted {
    fault_id: i32,
    matched: i64,
    rule: Value,
}

/// Counts a request under each rule of its operation. Returns the oldest of the rules that it triggers.
///
/// # Errors
/// When the database fails.
pub async fn trigger(
    database: &Database,
    tenant: TenantId,
    operation: &str,
) -> Result<Option<TriggeredFault>, DatabaseError> {
    let triggered = database.run(async |connection| count(connection, tenant, false, operation).await).await?;
    Ok(triggered.and_then(|(id, number, rule)| match rule {
        FaultRule::Request(rule) => Some(TriggeredFault { id, number, rule }),
        FaultRule::Event(_) => None,
    }))
}

/// Counts an event, in the transaction that writes it. Returns the oldest of the rules that it triggers.
///
/// # Errors
/// When the database fails.
pub async fn trigger_event(
    connection: &mut PgConnection,
    tenant: TenantId,
    event_type: &str,
) -> Result<Option<TriggeredEventFault>, sqlx::Error> {
    let triggered = count(connection, tenant, true, event_type).await?;
    Ok(triggered.and_then(|(id, _, rule)| match rule {
        FaultRule::Event(rule) => Some(TriggeredEventFault { id, rule }),
        FaultRule::Request(_) => None,
    }))
}

async fn count(
    connection: &mut PgConnection,
    tenant: TenantId,
    of_event: bool,
    operation: &str,
) -> Result<Option<(i32, u64, FaultRule)>, sqlx::Error> {
    let mut counted = sqlx::query_as!(
        Counted,
        r#"
        update faults set matched = matched + 1
         where tenant_id = $1 and of_event = $2 and (operation = $3 or operation = '*')
        returning fault_id, matched, rule
        "#,
        tenant.0,
        of_event,
        operation,
    )
    .fetch_all(&mut *connection)
    .await?;
    counted.sort_by_key(|counted| counted.fault_id);
    let number = |counted: &Counted| u64::try_from(counted.matched).unwrap_or_default();
    // A rule that another version of this program wrote triggers nothing.
    let triggered = counted.into_iter().find_map(|counted| {
        let rule: FaultRule = serde_json::from_value(counted.rule.clone()).ok()?;
        rule.when().is_triggered_by(number(&counted)).then_some((counted, rule))
    });
    let Some((triggered, rule)) = triggered else { return Ok(None) };
    sqlx::query!(
        "update faults set triggered = triggered + 1 where tenant_id = $1 and fault_id = $2",
        tenant.0,
        triggered.fault_id
    )
    .execute(connection)
    .await?;
    Ok(Some((triggered.fault_id, number(&triggered), rule)))
}

/// The maximum number of rules of a tenant: each request is counted under each rule of its operation.
pub const MAX_RULES: usize = 200;

/// Adds a rule and returns its number; `None` when the tenant has the maximum number of rules.
///
/// # Errors
/// When the database fails, or another request adds a rule at the same time: then the number is not unique.
pub async fn add(
    connection: &mut PgConnection,
    tenant: TenantId,
    rule: &FaultRule,
    now: DateTime<Utc>,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar!(
        "insert into faults (tenant_id, fault_id, of_event, operation, rule, created_at)
         select $1, coalesce(max(fault_id), 0) + 1, $2, $3, $4, $5 from faults where tenant_id = $1
         having count(*) < $6
         returning fault_id",
        tenant.0,
        matches!(rule, FaultRule::Event(_)),
        rule.target(),
        Json(rule) as _,
        now,
        i64::try_from(MAX_RULES).unwrap_or(i64::MAX),
    )
    .fetch_optional(connection)
    .await
}

/// A tenant's rules, in the order in which they were added.
///
/// # Errors
/// When the database fails.
pub async fn list(database: &Database, tenant: TenantId) -> Result<Vec<FaultListing>, DatabaseError> {
    database.run(async |connection| of_tenant(connection, tenant).await).await
}

/// The same within a transaction.
///
/// # Errors
/// When the database fails.
pub async fn of_tenant(connection: &mut PgConnection, tenant: TenantId) -> Result<Vec<FaultListing>, sqlx::Error> {
    let rows = sqlx::query!(
        "select fault_id, rule, matched, triggered, created_at from faults where tenant_id = $1 order by fault_id",
        tenant.0
    )
    .fetch_all(connection)
    .await?;
    let number = |count: i64| u64::try_from(count).unwrap_or_default();
    // A rule that another version of this program wrote is not listed, because it triggers nothing.
    let listed = rows.into_iter().filter_map(|row| {
        Some(FaultListing {
            id: row.fault_id,
            rule: serde_json::from_value(row.rule).ok()?,
            matched: number(row.matched),
            triggered: number(row.triggered),
            created_at: row.created_at,
        })
    });
    Ok(listed.collect())
}

/// Writes rules with their counts, as a seed file contains them.
///
/// # Errors
/// When the database fails, or two rules have the same number.
pub async fn restore(
    connection: &mut PgConnection,
    tenant: TenantId,
    rules: &[FaultListing],
) -> Result<(), sqlx::Error> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    for FaultListing { id, rule, matched, triggered, created_at } in rules {
        sqlx::query!(
            "insert into faults (tenant_id, fault_id, of_event, operation, rule, matched, triggered, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            tenant.0,
            id,
            matches!(rule, FaultRule::Event(_)),
            rule.target(),
            Json(rule) as _,
            count(*matched),
            count(*triggered),
            created_at,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Deletes a rule; false when the tenant has no rule with this number.
///
/// # Errors
/// When the database fails.
pub async fn delete(connection: &mut PgConnection, tenant: TenantId, id: i32) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query!("delete from faults where tenant_id = $1 and fault_id = $2", tenant.0, id)
        .execute(connection)
        .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Deletes all rules of a tenant and returns how many there were.
///
/// # Errors
/// When the database fails.
pub async fn delete_all(connection: &mut PgConnection, tenant: TenantId) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!("delete from faults where tenant_id = $1", tenant.0).execute(connection).await?;
    Ok(deleted.rows_affected())
}
