//! Gives requests in the database their numbers when somebody reads them, in the order in which they ended, whichever servers had them.
//! Until then they are hidden: the youngest ones also from a reader, because another server may not have written an earlier one yet.

use std::time::Duration;

use crate::database::{Database, DatabaseError};

/// How old a request is when it gets its number: longer than the time between two batches and the write of one.
pub(super) const HOLD: Duration = Duration::from_millis(80);

/// Numbers the requests of these tenants that are old enough.
pub(super) async fn number(database: &Database, tenants: &[i32]) -> Result<(), DatabaseError> {
    let hold = i64::try_from(HOLD.as_micros()).unwrap_or(i64::MAX);
    database
        .in_transaction(async |connection| {
            // The lock keeps writes of these tenants away. They are in the order of the tenants, as those of a batch.
            let waiting = sqlx::query_scalar!(
                "select tenant_id from journal_tenants
                  where tenant_id = any ($1) and unnumbered > 0 order by tenant_id for update",
                tenants
            )
            .fetch_all(&mut *connection)
            .await?;
            if waiting.is_empty() {
                return Ok(());
            }
            // A statement of its own, which sees every request that was written before the lock.
            sqlx::query!(
                "
                with wanted as (
                    -- After the second place also where the clock of another database that took over is behind: late ones are there.
                    select tenant_id, sealed,
                           greatest((extract(epoch from statement_timestamp()) * 1000000)::bigint - $2, sealed + 1000) as until
                      from journal_tenants where tenant_id = any ($1) and unnumbered > 0
                ), found as (
                    select e.tenant_id, e.place, e.request_id, row_number() over (order by e.place, e.request_id) as nth
                      from wanted w
                      join journal_entries e on e.tenant_id = w.tenant_id and e.place > w.sealed and e.place <= w.until
                       -- A server of the release before gives numbers when it writes.
                       and e.number is null
                ), numbers as (
                    update journal_run set latest = latest + (select count(*) from found)
                     where tenant_id = 0 and exists (select from found)
                    returning latest - (select count(*) from found) as before
                ), numbered as (
                    update journal_entries e set number = n.before + f.nth
                      from found f cross join numbers n
                     where e.tenant_id = f.tenant_id and e.place = f.place and e.request_id = f.request_id
                ), counted as (
                    select tenant_id, count(*) as requests, max(place) as place, max(nth) as nth from found group by tenant_id
                )
                update journal_tenants t
                   set sealed = c.place, unnumbered = t.unnumbered - c.requests, latest = n.before + c.nth
                  from counted c cross join numbers n
                 where t.tenant_id = c.tenant_id
                ",
                &waiting,
                hold
            )
            .execute(connection)
            .await?;
            Ok(())
        })
        .await
}

/// Numbers the requests of a tenant, if there are any without a number.
pub(super) async fn number_one(database: &Database, tenant: i32) -> Result<(), DatabaseError> {
    let is_needed = database.run(async |connection| {
        sqlx::query_scalar!(
            r#"select exists (select from journal_tenants where tenant_id = $1 and unnumbered > 0) as "is_needed!""#,
            tenant
        )
        .fetch_one(connection)
        .await
    });
    if is_needed.await? {
        number(database, &[tenant]).await?;
    }
    Ok(())
}
