//! The table of the tasks of all servers on a database. A row of a running task has a lease: when its owner does not renew it, the
//! owner has ended.

use std::time::Duration;

use sqlx::PgConnection;
use sqlx::types::Json;
use tokio::sync::watch;
use uuid::Uuid;

use super::status::{TaskResult, TaskState, TaskStatus};
use crate::database::{Database, DatabaseError};

/// How long a task counts as running after its owner has renewed its lease, in seconds.
const LEASE: f64 = 10.0;

/// How long a task is stored after its end.
const STORED_SECONDS: f64 = 24.0 * 60.0 * 60.0;

/// The maximum number of stored tasks of servers that may have ended. Those of a running server are bounded by the server itself.
const MAX_STORED: i64 = 1_000;

/// The error of a task whose owner has ended.
const OWNER_ENDED: &str = "the server that ran this task ended before the task did: start it again";

/// A task to write, by its owner.
#[derive(Debug)]
pub(super) struct Written {
    pub status: TaskStatus,
    /// The time since its beginning.
    pub age: Duration,
    /// How much longer a key in its result is stored.
    pub key_lifetime: Duration,
}

/// The table, as one server uses it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TaskTable {
    database: Database,
    server: Uuid,
    others: watch::Receiver<bool>,
}

impl TaskTable {
    /// `others` says whether another server uses the database.
    #[must_use]
    pub fn new(database: Database, server: Uuid, others: watch::Receiver<bool>) -> Self {
        Self { database, server, others }
    }

    pub(super) fn is_used(&self) -> bool {
        *self.others.borrow()
    }

    /// Waits until another server uses the database.
    pub(super) async fn used(&self) {
        if self.others.clone().wait_for(|others| *others).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Writes tasks of this server, which renews the leases of those that run. An end that is stored does not change.
    pub(super) async fn write(&self, tasks: Vec<Written>) -> Result<(), DatabaseError> {
        let (mut ids, mut tenants, mut ages) = (Vec::new(), Vec::new(), Vec::new());
        let (mut running, mut statuses, mut keys, mut lifetimes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for Written { status, age, key_lifetime } in tasks {
            ids.push(status.id);
            tenants.push(status.tenant.clone());
            ages.push(age.as_secs_f64());
            running.push(status.state == TaskState::Running);
            keys.push(status.result.as_ref().and_then(TaskResult::key).map(str::to_owned));
            lifetimes.push(key_lifetime.as_secs_f64());
            statuses.push(Json(status.without_key()));
        }
        let written = self.database.run(async |connection| {
            sqlx::query!(
                r#"
                insert into emulator_tasks as t (task_id, server_id, tenant, started_at, is_running, leased_until, status,
                                                 secret, secret_until)
                select task_id, $1, tenant, statement_timestamp() - make_interval(secs => age), is_running,
                       statement_timestamp() + make_interval(secs => $2), status, secret,
                       case when secret is not null then statement_timestamp() + make_interval(secs => lifetime) end
                  from unnest($3::uuid[], $4::text[], $5::float8[], $6::boolean[], $7::jsonb[], $8::text[], $9::float8[])
                       as n (task_id, tenant, age, is_running, status, secret, lifetime)
                    on conflict (task_id) do update
                       set is_running = excluded.is_running, leased_until = excluded.leased_until,
                           status = excluded.status, secret = excluded.secret, secret_until = excluded.secret_until
                     where t.is_running
                "#,
                self.server,
                LEASE,
                &ids,
                &tenants,
                &ages,
                &running,
                &statuses as _,
                &keys as &[Option<String>],
                &lifetimes,
            )
            .execute(connection)
            .await
        });
        written.await.map(drop)
    }

    /// Deletes the tasks of this server that it no longer stores.
    pub(super) async fn keep_only(&self, own: &[Uuid]) -> Result<(), DatabaseError> {
        let deleted = self.database.run(async |connection| {
            sqlx::query!("delete from emulator_tasks where server_id = $1 and task_id <> all ($2)", self.server, own)
                .execute(connection)
                .await
        });
        deleted.await.map(drop)
    }

    /// A task of any server. Its key is shown to one caller, and deleted.
    pub(super) async fn status(&self, id: Uuid) -> Result<Option<TaskStatus>, DatabaseError> {
        self.database
            .run(async |connection| {
                let found = sqlx::query!(
                    r#"
                    select status as "status: Json<TaskStatus>",
                           is_running and leased_until < statement_timestamp() as "has_ended!",
                           case when secret_until > statement_timestamp() then secret end as secret
                      from emulator_tasks where task_id = $1
                    "#,
                    id
                )
                .fetch_optional(&mut *connection)
                .await?;
                let Some(found) = found else { return Ok(None) };
                let mut status = as_seen(found.status.0, found.has_ended);
                if let Some(secret) = found.secret
                    && take_secret(connection, id).await?
                {
                    status.result = status.result.map(|result| result.with_key(secret));
                }
                Ok(Some(status))
            })
            .await
    }

    /// The tasks of a tenant at all servers, the newest first.
    pub(super) async fn of(&self, tenant: &str) -> Result<Vec<TaskStatus>, DatabaseError> {
        let rows = self.database.run(async |connection| {
            sqlx::query!(
                r#"
                select status as "status: Json<TaskStatus>",
                       is_running and leased_until < statement_timestamp() as "has_ended!"
                  from emulator_tasks where tenant = $1 order by started_at desc, task_id desc
                "#,
                tenant
            )
            .fetch_all(connection)
            .await
        });
        Ok(rows.await?.into_iter().map(|row| as_seen(row.status.0, row.has_ended)).collect())
    }

    /// Deletes keys that no client has read in time, and old tasks.
    pub(super) async fn sweep(&self) -> Result<(), DatabaseError> {
        let swept = self.database.run(async |connection| {
            sqlx::query!("update emulator_tasks set secret = null where secret_until <= statement_timestamp()")
                .execute(&mut *connection)
                .await?;
            sqlx::query!(
                "delete from emulator_tasks
                  where (not is_running or leased_until < statement_timestamp())
                    and (leased_until < statement_timestamp() - make_interval(secs => $1)
                         or task_id in (select task_id from emulator_tasks order by started_at desc offset $2))",
                STORED_SECONDS,
                MAX_STORED,
            )
            .execute(connection)
            .await
        });
        swept.await.map(drop)
    }

    /// Ends the leases of this server, which is about to end.
    pub(super) async fn release(&self) -> Result<(), DatabaseError> {
        let released = self.database.run(async |connection| {
            sqlx::query!(
                "update emulator_tasks set leased_until = statement_timestamp() where server_id = $1 and is_running",
                self.server
            )
            .execute(connection)
            .await
        });
        released.await.map(drop)
    }
}

/// Deletes a key that is about to be shown. False if another caller has shown it.
async fn take_secret(connection: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query!("update emulator_tasks set secret = null where task_id = $1 and secret is not null", id)
        .execute(connection)
        .await?;
    Ok(taken.rows_affected() == 1)
}

fn as_seen(status: TaskStatus, has_ended: bool) -> TaskStatus {
    if !has_ended {
        return status;
    }
    TaskStatus { state: TaskState::Failed, error: Some(OWNER_ENDED.to_owned()), ..status }
}
