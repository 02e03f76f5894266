//! The sessions of browsers that sent the token. They are in the database, so that each server on it knows them.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::admin_token::AdminToken;
use crate::database::{Database, DatabaseError};
use crate::random::Random;

/// How long a session lasts after the login.
pub(super) const LIFETIME: Duration = Duration::from_hours(12);

/// The largest number of sessions. The next one ends the oldest.
const MAX_SESSIONS: i64 = 100;

/// The length of a session's id, in hexadecimal digits.
const ID_LENGTH: usize = 64;

/// The open sessions of one token: servers with another token do not know them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sessions<'a> {
    pub database: &'a Database,
    pub token: &'a AdminToken,
}

impl Sessions<'_> {
    /// Opens a session, and returns its id.
    pub(super) async fn open(self, random: &Random) -> Result<String, DatabaseError> {
        let id = random.hexadecimal() + &random.hexadecimal();
        let digest = self.digest(&id);
        let opened = self.database.run(async |connection| {
            sqlx::query!(
                "insert into emulator_sessions (digest, began_at) values ($1, statement_timestamp())",
                &digest
            )
            .execute(&mut *connection)
            .await?;
            // After the insert, so that of two logins at once the later one sees both.
            sqlx::query!(
                "delete from emulator_sessions
                  where began_at <= statement_timestamp() - make_interval(secs => $1)
                     or digest in (select digest from emulator_sessions order by began_at desc offset $2)",
                LIFETIME.as_secs_f64(),
                MAX_SESSIONS,
            )
            .execute(connection)
            .await
        });
        opened.await?;
        Ok(id)
    }

    /// Whether a session is open.
    pub(super) async fn is_open(self, id: &str) -> Result<bool, DatabaseError> {
        if !is_id(id) {
            return Ok(false);
        }
        let digest = self.digest(id);
        let found = self.database.run(async |connection| {
            sqlx::query_scalar!(
                r#"select exists (select from emulator_sessions
                                   where digest = $1 and began_at > statement_timestamp() - make_interval(secs => $2)) as "is_open!""#,
                &digest,
                LIFETIME.as_secs_f64(),
            )
            .fetch_one(connection)
            .await
        });
        found.await
    }

    /// Ends a session. Returns whether it was open.
    pub(super) async fn end(self, id: &str) -> Result<bool, DatabaseError> {
        if !is_id(id) {
            return Ok(false);
        }
        let digest = self.digest(id);
        let ended = self.database.run(async |connection| {
            sqlx::query_scalar!(
                r#"with ended as (delete from emulator_sessions where digest = $1 returning began_at)
                   select began_at > statement_timestamp() - make_interval(secs => $2) as "was_open!" from ended"#,
                &digest,
                LIFETIME.as_secs_f64(),
            )
            .fetch_optional(connection)
            .await
        });
        Ok(ended.await?.unwrap_or_default())
    }

    /// What is stored of an id. It depends on the token, so that a session ends when the token is replaced.
    fn digest(self, id: &str) -> Vec<u8> {
        let token = Sha256::digest(self.token.reveal().as_bytes());
        Sha256::new().chain_update(token).chain_update(id.as_bytes()).finalize().to_vec()
    }
}

/// Whether a text has the form of an id, so that no other is looked up.
fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
