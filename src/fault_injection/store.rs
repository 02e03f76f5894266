//! All SQL on faults.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::rule::{EventRule, RequestRule, Rule};
use crate::database::{Database, DatabaseError, TenantId, violated_unique_constraint};

/// That a rule of calls is armed: enough to know whether a call must be counted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct ActiveFault {
    /// The operation, `*` for all.
    pub operation: String,
}

impl ActiveFault {
    /// Whether calls of this operation come under it.
    #[must_use]
    pub fn is_for(&self, operation: &str) -> bool {
        self.operation == "*" || self.operation == operation
    }
}

/// A rule that a call met.
#[derive(Debug, Clone)]
pub struct Fired {
    pub id: i32,
    /// The call's number under the rule.
    pub call: u64,
    pub rule: RequestRule,
}

/// A rule that an event met.
#[derive(Debug, Clone)]
pub struct FiredEvent {
    pub id: i32,
    pub rule: EventRule,
}

/// A rule that is armed, and how often it was met.
#[derive(Debug)]
pub struct Listed {
    pub id: i32,
    pub rule: Rule,
    /// How many calls came under it.
    pub calls: u64,
    pub fired: u64,
    pub created_at: DateTime<Utc>,
}

struct Counted {
    fault_id: i32,
    calls: i64,
    rule: Value,
}

/// Counts a call under each rule of its operation; the first rule that it meets.
///
/// # Errors
/// When the database fails.
pub async fn fire(database: &Database, tenant: TenantId, operation: &str) -> Result<Option<Fired>, DatabaseError> {
    let mut session = database.session().await?;
    let met = count(session.connection(), tenant, false, operation).await;
    let met = session.end(met)?;
    Ok(met.and_then(|(id, call, rule)| match rule {
        Rule::Call(rule) => Some(Fired { id, call, rule }),
        Rule::Event(_) => None,
    }))
}

/// Counts an event, in the transaction that writes it; the first rule that it meets.
///
/// # Errors
/// When the database fails.
pub async fn fire_event(
    connection: &mut PgConnection,
    tenant: TenantId,
    event_type: &str,
) -> Result<Option<FiredEvent>, sqlx::Error> {
    let met = count(connection, tenant, true, event_type).await?;
    Ok(met.and_then(|(id, _, rule)| match rule {
        Rule::Event(rule) => Some(FiredEvent { id, rule }),
        Rule::Call(_) => None,
    }))
}

async fn count(
    connection: &mut PgConnection,
    tenant: TenantId,
    of_event: bool,
    operation: &str,
) -> Result<Option<(i32, u64, Rule)>, sqlx::Error> {
    let mut counted = sqlx::query_as!(
        Counted,
        r#"
        update faults set calls = calls + 1
         where tenant_id = $1 and of_event = $2 and (operation = $3 or operation = '*')
        returning fault_id, calls, rule
        "#,
        tenant.0,
        of_event,
        operation,
    )
    .fetch_all(&mut *connection)
    .await?;
    counted.sort_by_key(|counted| counted.fault_id);
    let calls = |counted: &Counted| u64::try_from(counted.calls).unwrap_or_default();
    // A rule that another version of this program wrote is not met.
    let met = counted.into_iter().find_map(|counted| {
        let rule: Rule = serde_json::from_value(counted.rule.clone()).ok()?;
        rule.when().is_met_by(calls(&counted)).then_some((counted, rule))
    });
    let Some((met, rule)) = met else { return Ok(None) };
    sqlx::query!("update faults set fired = fired + 1 where tenant_id = $1 and fault_id = $2", tenant.0, met.fault_id)
        .execute(connection)
        .await?;
    Ok(Some((met.fault_id, calls(&met), rule)))
}

/// Arms a rule; its number.
///
/// # Errors
/// When the database fails.
pub async fn arm(database: &Database, tenant: TenantId, rule: &Rule, now: DateTime<Utc>) -> Result<i32, DatabaseError> {
    // Two who arm at once ask for one number.
    let mut attempts = 0;
    loop {
        attempts += 1;
        match insert(database, tenant, rule, now).await {
            Err(DatabaseError::Statement(error)) if attempts < 20 && violated_unique_constraint(&error).is_some() => {}
            armed => return armed,
        }
    }
}

async fn insert(database: &Database, tenant: TenantId, rule: &Rule, now: DateTime<Utc>) -> Result<i32, DatabaseError> {
    let mut session = database.session().await?;
    let armed = sqlx::query_scalar!(
        "insert into faults (tenant_id, fault_id, of_event, operation, rule, created_at)
         select $1, coalesce(max(fault_id), 0) + 1, $2, $3, $4, $5 from faults where tenant_id = $1
         returning fault_id",
        tenant.0,
        matches!(rule, Rule::Event(_)),
        rule.of(),
        Json(rule) as _,
        now,
    )
    .fetch_one(session.connection())
    .await;
    session.end(armed)
}

/// The rules that are armed, in the order in which they were.
///
/// # Errors
/// When the database fails.
pub async fn list(database: &Database, tenant: TenantId) -> Result<Vec<Listed>, DatabaseError> {
    let mut session = database.session().await?;
    let listed = of_tenant(session.connection(), tenant).await;
    session.end(listed)
}

/// The same within a transaction.
///
/// # Errors
/// When the database fails.
pub async fn of_tenant(connection: &mut PgConnection, tenant: TenantId) -> Result<Vec<Listed>, sqlx::Error> {
    let rows = sqlx::query!(
        "select fault_id, rule, calls, fired, created_at from faults where tenant_id = $1 order by fault_id",
        tenant.0
    )
    .fetch_all(connection)
    .await?;
    let read = |rule: Value| serde_json::from_value::<Rule>(rule).ok();
    let number = |count: i64| u64::try_from(count).unwrap_or_default();
    // One that another version of this program wrote is not shown, as it is not met.
    let listed = rows.into_iter().filter_map(|row| {
        let (id, created_at) = (row.fault_id, row.created_at);
        Some(Listed { id, rule: read(row.rule)?, calls: number(row.calls), fired: number(row.fired), created_at })
    });
    Ok(listed.collect())
}

/// Arms rules as they were, with what was counted under them.
///
/// # Errors
/// When the database fails, also because two have one number.
pub async fn restore(connection: &mut PgConnection, tenant: TenantId, rules: &[Listed]) -> Result<(), sqlx::Error> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    for Listed { id, rule, calls, fired, created_at } in rules {
        sqlx::query!(
            "insert into faults (tenant_id, fault_id, of_event, operation, rule, calls, fired, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            tenant.0,
            id,
            matches!(rule, Rule::Event(_)),
            rule.of(),
            Json(rule) as _,
            count(*calls),
            count(*fired),
            created_at,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Disarms a rule; false when there is none of this number.
///
/// # Errors
/// When the database fails.
pub async fn disarm(database: &Database, tenant: TenantId, id: i32) -> Result<bool, DatabaseError> {
    let mut session = database.session().await?;
    let done = sqlx::query!("delete from faults where tenant_id = $1 and fault_id = $2", tenant.0, id)
        .execute(session.connection())
        .await;
    Ok(session.end(done)?.rows_affected() == 1)
}

/// Disarms all rules; how many there were.
///
/// # Errors
/// When the database fails.
pub async fn disarm_all(database: &Database, tenant: TenantId) -> Result<u64, DatabaseError> {
    let mut session = database.session().await?;
    let done = sqlx::query!("delete from faults where tenant_id = $1", tenant.0).execute(session.connection()).await;
    Ok(session.end(done)?.rows_affected())
}
