//! A server enters itself into the table of servers when it starts, and deletes its row when it stops.

use std::fmt::Write as _;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use uuid::Uuid;

use super::store::{self, LiveServer};
use super::{Part, Servers};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, TenantId};
use crate::error_chain::ErrorChain;

/// The version of this program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long a start waits for the row of another server to be that of one that has ended. A row is after three seconds.
const MAX_WAIT: Duration = Duration::from_secs(5);

const INTERVAL: Duration = Duration::from_millis(100);

/// The maximum duration of the deletion of the row at the end.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// The number of hexadecimal digits of a token's fingerprint. Two tokens have the same one once in 4,096 pairs; who reads it learns 12
/// bits of the digest.
const FINGERPRINT_LENGTH: usize = 3;

/// How a server checks the admin token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    /// Without a token, on loopback.
    Open,
    /// It generated the token.
    Generated,
    /// The digest of the token that was set.
    Set([u8; 32]),
}

/// A server that starts.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub name: String,
    pub token: TokenUse,
}

/// Why a server cannot be one of its database.
#[derive(Debug, Error)]
pub enum RegisterError {
    #[error(
        "another server, {0}, uses this database, and this one has no admin token that was set: each would generate its own. \
         Set the same EMULATOR_ADMIN_TOKEN for all servers of the database"
    )]
    GeneratedToken(String),
    #[error("another server of this database has the name {0}: set EMULATOR_SERVER_NAME to another one")]
    SameName(String),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for RegisterError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Servers {
    /// Enters this server into the table of servers. Where it cannot run beside another one, it waits until that one has been silent for
    /// so long that it has ended: it may be this server's last run.
    ///
    /// # Errors
    /// `SameName` and `GeneratedToken` when the other one lives, or when the database fails.
    pub async fn register(database: Database, options: ServerOptions, id: Uuid) -> Result<Self, RegisterError> {
        let ServerOptions { name, token } = options;
        let salt = database.run(async |connection| store::token_salt(connection).await).await?;
        let token = stored(token, salt);
        let servers = Self::new(database, Part::Server, id, name, Clock::Real.now(), token);
        let deadline = Instant::now() + MAX_WAIT;
        loop {
            match servers.try_to_register().await {
                Ok(()) => return Ok(servers),
                Err(error) if matches!(error, RegisterError::Database(_)) || Instant::now() >= deadline => {
                    return Err(error);
                }
                Err(_) => tokio::time::sleep(INTERVAL).await,
            }
        }
    }

    async fn try_to_register(&self) -> Result<(), RegisterError> {
        let told = Instant::now();
        let registered = self.0.database.in_transaction(async |connection| {
            // First, because its lock makes servers that start at once wait for each other.
            let version = store::raise(connection, NO_TENANT).await?;
            let others = store::others(connection, self.0.id).await?;
            self.check(&others)?;
            store::insert(connection, &self.row(), version).await?;
            Ok::<_, RegisterError>((version, others))
        });
        let (version, others) = registered.await?;
        self.0.known.store(version, Ordering::Release);
        self.0.raised.lock().unwrap_or_else(PoisonError::into_inner).set(version);
        self.0.trust.set_seen(told);
        self.warn_of(&others);
        self.note_others(others.into_iter().map(|other| other.name).collect());
        Ok(())
    }

    /// Whether this server can run beside the others.
    fn check(&self, others: &[LiveServer]) -> Result<(), RegisterError> {
        if let Some(same) = others.iter().find(|other| other.name == self.0.name) {
            return Err(RegisterError::SameName(same.name.clone()));
        }
        match others.first() {
            Some(other) if self.0.token == GENERATED => Err(RegisterError::GeneratedToken(other.name.clone())),
            _ => Ok(()),
        }
    }

    /// Warns of servers with another token: sessions and commands for the one are rejected by the other. While a token is replaced this
    /// is as it should be.
    fn warn_of(&self, others: &[LiveServer]) {
        for LiveServer { name, token } in others.iter().filter(|other| other.token != self.0.token) {
            let how = match token.as_str() {
                OPEN => "needs no admin token on loopback",
                GENERATED => "generated its admin token",
                _ => "has another admin token",
            };
            tracing::warn!(
                server = name,
                "another server of this database {how}: set the same EMULATOR_ADMIN_TOKEN for all"
            );
        }
    }

    /// Deletes the row of this server, so that no other one waits for it. Failures are logged: the others wait for three seconds then.
    pub async fn leave(&self) {
        if self.0.part != Part::Server {
            return;
        }
        let delete = self.0.database.run(async |connection| store::delete(connection, self.0.id).await);
        match tokio::time::timeout(LEAVE_TIMEOUT, delete).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error = %ErrorChain(&error), "the row of this server was not deleted"),
            Err(_) => tracing::debug!("the row of this server was not deleted in time"),
        }
    }
}

/// Stands for no tenant in the changes.
const NO_TENANT: TenantId = TenantId(0);

const OPEN: &str = "open";
const GENERATED: &str = "generated";

/// How a row says it. The salt is the database's, so that servers compare their tokens, and so that more rows tell no more of a token.
fn stored(token: TokenUse, salt: Uuid) -> String {
    match token {
        TokenUse::Open => OPEN.to_owned(),
        TokenUse::Generated => GENERATED.to_owned(),
        TokenUse::Set(digest) => {
            let salted = Sha256::new().chain_update(salt.as_bytes()).chain_update(digest).finalize();
            let mut text = salted.iter().fold(String::new(), |mut text, byte| {
                write!(text, "{byte:02x}").expect("invariant: a String takes every text");
                text
            });
            text.truncate(FINGERPRINT_LENGTH);
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_short_and_depends_on_token_and_salt() {
        let (salt, other_salt) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let of = |byte, salt| stored(TokenUse::Set([byte; 32]), salt);
        assert_eq!(of(1, salt), of(1, salt));
        assert_eq!(of(1, salt).len(), FINGERPRINT_LENGTH);
        let different = (1..100).filter(|byte| of(*byte, salt) != of(0, salt)).count();
        assert!(different > 90, "{different}");
        let salted = (1..100).filter(|byte| of(*byte, salt) != of(*byte, other_salt)).count();
        assert!(salted > 90, "{salted}");
        assert_eq!(
            (stored(TokenUse::Open, salt), stored(TokenUse::Generated, salt)),
            ("open".into(), "generated".into())
        );
    }
}
