//! The pool of connections.
//!
//! The connections are from sqlx, the pool is from deadpool. sqlx's own pool needs one more round trip for every statement: it tests
//! each connection that is returned to it. This pool does not test a connection whose work ended. It rolls back, and thereby tests,
//! only a connection whose work was interrupted (the client hung up, a timeout passed, the socket failed), in a separate task, which no
//! client can interrupt. A connection that does not roll back at once is closed, and Postgres cancels its statement.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use deadpool::managed::{self, PoolError};
use sqlx::{Executor as _, PgConnection, Row as _};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::connection::{Connection, Manager, State};
use super::error::DatabaseError;
use super::hosts::{ConnectError, Hosts};
use super::login::LoginSource;
use super::request_use;
use super::role_settings;
use super::shares::{Share, ShareGuard, ShareOf, Shares};
use super::silence::Silence;
use super::timeouts::{CHECK_INTERVAL, DatabaseTimeouts};
use crate::error_chain::ErrorChain;

/// The connections of the control API, in addition to those of the pool.
const CONTROL_CONNECTIONS: usize = 2;

/// The connection of health checks, in addition to all others, so that they do not wait for others.
const HEALTH_CONNECTIONS: usize = 1;

/// How long a connection whose work was interrupted may take to roll back before it is closed.
const ROLL_BACK_TIMEOUT: Duration = Duration::from_millis(200);

#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// A `postgres://` URL. Contains a password, so it is never logged.
    pub url: String,
    /// Where the password comes from.
    pub login: LoginSource,
    /// The maximum number of open connections, at least 1. On a server, if it is above 1, the control API has two more, health
    /// checks one, and the question whether the database answers one.
    pub connections: usize,
    pub timeouts: DatabaseTimeouts,
    /// Whether it is the embedded database.
    pub is_embedded: bool,
}

/// Connections in use, and their maximum, without those of the control API and health checks.
#[derive(Debug, Clone, Copy)]
pub struct PoolUse {
    pub in_use: usize,
    pub size: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Pool(Arc<Pools>);

#[derive(Debug)]
struct Pools {
    main: managed::Pool<Manager>,
    /// `None` where there is only one connection.
    own: Option<OwnPools>,
    shares: Shares,
    /// `None` where there is only one connection.
    silence: Option<Arc<Silence>>,
    hosts: Arc<Hosts>,
    timeouts: DatabaseTimeouts,
    is_embedded: bool,
    has_one_connection: bool,
}

/// Connections that no tenant uses.
#[derive(Debug)]
struct OwnPools {
    control: managed::Pool<Manager>,
    health: managed::Pool<Manager>,
}

impl Pool {
    pub(super) fn new(options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let DatabaseOptions { url, login, connections, timeouts, is_embedded } = options;
        // On a server they are known after the migrations.
        let settings = if *is_embedded { role_settings::of_embedded_session() } else { String::new() };
        let hosts = Arc::new(Hosts::new(url.parse().map_err(DatabaseError::Url)?, login, settings));
        let pool = |size| {
            managed::Pool::builder(Manager::new(Arc::clone(&hosts), *is_embedded))
                .max_size(size)
                .build()
                .map_err(|error| DatabaseError::Unavailable(error.into()))
        };
        let own = || {
            let (control, health) = (pool(CONTROL_CONNECTIONS)?, pool(HEALTH_CONNECTIONS)?);
            Ok::<_, DatabaseError>(OwnPools { control, health })
        };
        let has_own = !is_embedded && *connections > 1;
        Ok(Self(Arc::new(Pools {
            main: pool(*connections)?,
            own: has_own.then(own).transpose()?,
            shares: Shares::new(*connections),
            silence: has_own.then(|| Arc::new(Silence::new(Arc::clone(&hosts)))),
            hosts,
            timeouts: *timeouts,
            is_embedded: *is_embedded,
            has_one_connection: *connections == 1,
        })))
    }

    pub(super) fn timeouts(&self) -> &DatabaseTimeouts {
        &self.0.timeouts
    }

    /// Returns when work that began at `began` waits in vain, because the database does not answer.
    pub(super) async fn found_silent(&self, began: Instant) {
        match &self.0.silence {
            Some(silence) => silence.found(began).await,
            None => std::future::pending().await,
        }
    }

    /// Begins each session with these statements from now on, and closes the idle ones that began before.
    pub(super) fn set_session_settings(&self, statements: String) {
        self.0.hosts.set_settings(statements);
        let own = self.0.own.iter().flat_map(|own| [&own.control, &own.health]);
        for pool in own.chain([&self.0.main]) {
            pool.retain(|_, _| false);
        }
    }

    pub(super) fn is_embedded(&self) -> bool {
        self.0.is_embedded
    }

    /// A connection outside the pool.
    pub(super) async fn open(&self) -> Result<PgConnection, DatabaseError> {
        let connected = self.0.hosts.connect().await;
        Ok(connected.map_err(|error| DatabaseError::Unavailable(error.into()))?.0)
    }

    /// Waits for a free connection of a share.
    pub(super) async fn acquire(&self, share: ShareOf, timeout: Duration) -> Result<PooledConnection, DatabaseError> {
        let mut acquiring = pin!(self.acquire_patiently(share));
        // Without a timer if it need not wait.
        let at_once = poll_fn(|context| Poll::Ready(acquiring.as_mut().poll(context))).await;
        match at_once {
            Poll::Ready(acquired) => acquired,
            Poll::Pending => {
                let acquired = tokio::time::timeout(timeout, acquiring).await;
                acquired.unwrap_or_else(|_| Err(none_free(timeout)))
            }
        }
    }

    async fn acquire_patiently(&self, share: ShareOf) -> Result<PooledConnection, DatabaseError> {
        let pools = &*self.0;
        let guard = match self.find(share) {
            Some(found) => pools.shares.acquire(found).await,
            None => ShareGuard::default(),
        };
        let pool = match (&pools.own, share) {
            (Some(own), ShareOf::Control) => &own.control,
            (Some(own), ShareOf::Health) => &own.health,
            _ => &pools.main,
        };
        let connection = pool.get().await.map_err(|error| match error {
            PoolError::Backend(ConnectError::Failed(error)) => DatabaseError::Unavailable(error.into()),
            PoolError::Backend(error) => DatabaseError::Unavailable(error.into()),
            other => DatabaseError::Unavailable(other.to_string().into()),
        })?;
        Ok(PooledConnection { connection: Some(connection), share: Some(guard), is_embedded: pools.is_embedded })
    }

    /// Found once in a request that uses only one.
    fn find(&self, of: ShareOf) -> Option<Arc<Share>> {
        if let Some(known) = request_use::known(of) {
            return Some(known);
        }
        let found = self.0.shares.find(of)?;
        request_use::know(of, &found);
        Some(found)
    }

    /// Waits until a request may hold a connection during an injected delay. One that waits too long is answered as if no connection
    /// had become free.
    pub(super) async fn acquire_delay(&self) -> Result<OwnedSemaphorePermit, DatabaseError> {
        let timeout = self.0.timeouts.acquire;
        let acquired = tokio::time::timeout(timeout, self.0.shares.acquire_delay()).await;
        acquired.map_err(|_| none_free(timeout))
    }

    pub(super) fn has_one_connection(&self) -> bool {
        self.0.has_one_connection
    }

    pub(super) fn usage(&self) -> PoolUse {
        let status = self.0.main.status();
        PoolUse { in_use: status.size.saturating_sub(status.available), size: status.max_size }
    }

    /// Changes to true when the embedded database has ended.
    pub(super) fn ended(&self) -> watch::Receiver<bool> {
        self.0.main.manager().ended()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.main.is_closed()
    }

    pub(super) fn close(&self) {
        self.0.main.close();
        if let Some(own) = &self.0.own {
            own.control.close();
            own.health.close();
        }
    }
}

fn none_free(timeout: Duration) -> DatabaseError {
    DatabaseError::Unavailable(format!("none became free within {} ms", timeout.as_millis()).into())
}

/// A connection of the pool, returned to it on drop.
#[derive(Debug)]
pub(super) struct PooledConnection {
    /// `Some` until the drop.
    connection: Option<managed::Object<Manager>>,
    /// `Some` until the drop.
    share: Option<ShareGuard>,
    is_embedded: bool,
}

impl PooledConnection {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        let connection = self.connection.as_mut().expect("invariant: present until dropped");
        if connection.state == State::Usable {
            connection.state = State::Interrupted;
        }
        &mut connection.session
    }

    /// Records how the last statement ended. Without this call the connection counts as interrupted.
    pub(super) fn ended<T>(&mut self, result: &Result<T, sqlx::Error>) {
        if let Some(connection) = &mut self.connection
            && connection.state != State::Spoiled
        {
            connection.state = State::after(result);
        }
    }

    /// Rolls back. The statement that failed may have failed because the session cannot write, which its caller does not say, so the
    /// session is asked in the same round trip.
    pub(super) async fn roll_back(&mut self) -> Result<(), sqlx::Error> {
        let rows = self.connection().fetch_all(sqlx::raw_sql("rollback; show transaction_read_only")).await;
        self.ended(&rows);
        let is_read_only =
            rows?.last().and_then(|row| row.try_get::<String, _>(0).ok()).is_some_and(|value| value == "on");
        if is_read_only && let Some(connection) = &mut self.connection {
            connection.state = State::Spoiled;
        }
        Ok(())
    }

    /// Records how a statement within a transaction ended, after which the connection is still in use.
    pub(super) fn ended_within<T>(&mut self, result: &Result<T, sqlx::Error>) {
        if let Some(connection) = &mut self.connection
            && State::after(result) == State::Spoiled
        {
            connection.state = State::Spoiled;
        }
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        match connection.state {
            State::Usable => {}
            State::Spoiled => drop(managed::Object::take(connection)),
            State::Interrupted => {
                // Without a runtime there is no pool to which it could be returned.
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(repair(connection, self.share.take(), self.is_embedded));
                }
            }
        }
    }
}

/// Returns an interrupted connection to the pool, or closes it. It may have an open transaction that sqlx has not recorded (sqlx 0.9.0
/// forgets one whose BEGIN was interrupted), and a response that was not read yet.
async fn repair(mut connection: managed::Object<Manager>, share: Option<ShareGuard>, is_embedded: bool) {
    let Connection { session, state, .. } = &mut *connection;
    let rolling_back = session.execute("rollback");
    let rolled_back = if is_embedded {
        // It would not survive a connection that is closed during a statement, and cannot cancel the statement.
        rolling_back.await
    } else {
        let timeout = tokio::time::timeout(ROLL_BACK_TIMEOUT, rolling_back).await;
        timeout.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
    };
    match rolled_back {
        Ok(_) => *state = State::Usable,
        Err(error) => {
            tracing::debug!(error = %ErrorChain(&error), "an interrupted connection was closed");
            drop(managed::Object::take(connection));
            // Until Postgres has noticed, its session still runs the statement. So clients that hang up again and again cannot
            // make it run more statements than their share.
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }
    drop(share);
}
