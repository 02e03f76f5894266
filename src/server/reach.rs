//! A Postgres server at start: what is waited for, what never helps to wait for, and what a person can do about it.

use std::error::Error;
use std::fmt;
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use sqlx::migrate::MigrateError as SqlxMigrateError;
use sqlx::postgres::PgConnectOptions;

use super::start::TenantOptions;
use crate::config::place;
use crate::database::{Database, DatabaseError, DatabaseOptions, MigrateError};

/// The oldest version that the migrations and functions are written for.
const OLDEST_VERSION: u32 = 14;

/// How often a database that is not up yet is tried, and how often that is said.
const TRY_EVERY: Duration = Duration::from_millis(500);
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Why a Postgres server cannot be used, and what to do about it.
#[derive(Debug)]
pub struct Unusable {
    what: String,
    hint: Option<String>,
}

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)?;
        match &self.hint {
            Some(hint) => write!(formatter, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl Error for Unusable {}

/// What is known of a server without having reached it. Holds a password, so it is never shown.
pub(super) struct Target(PgConnectOptions);

/// A failure, as it concerns who starts the server.
struct Problem {
    reason: String,
    hint: Option<String>,
    /// Whether it will be the same in a minute.
    is_final: bool,
}

impl Target {
    pub(super) fn new(url: &str) -> Result<Self, DatabaseError> {
        PgConnectOptions::from_str(url).map(Self).map_err(DatabaseError::Url)
    }

    fn database(&self) -> &str {
        self.0.get_database().unwrap_or_else(|| self.0.get_username())
    }

    /// A command of Postgres' for this server.
    fn command(&self, program: &str, options: &str, name: &str) -> String {
        let (host, port) = (self.0.get_host(), self.0.get_port());
        let host = self.0.get_socket().map_or_else(|| host.to_owned(), |folder| folder.display().to_string());
        format!("{program} -h {host} -p {port}{options} {name}")
    }

    fn create_database(&self, name: &str) -> String {
        self.command("createdb", &format!(" -U {}", self.0.get_username()), name)
    }

    /// Why it cannot be used by the user of the URL.
    fn unusable(&self, problem: Problem) -> Unusable {
        let what = format!("cannot use {} as user \"{}\": {}", place(&self.0), self.0.get_username(), problem.reason);
        Unusable { what, hint: problem.hint }
    }

    /// Why a connection was not made.
    fn connecting(&self, error: &DatabaseError, timeout: Duration) -> Problem {
        let Some(error) = cause::<sqlx::Error>(error) else {
            // The pool's own failure: its timeout.
            let reason = format!("no answer within {} ms", timeout.as_millis());
            return Problem { reason, hint: None, is_final: false };
        };
        match error {
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                let message = error.message();
                let hint = self.hint_for(&code, message);
                let is_final = ["28", "3D", "42", "0A", "08P"].iter().any(|class| code.starts_with(class));
                Problem { reason: message.to_owned(), hint, is_final }
            }
            sqlx::Error::Tls(error) => {
                let reason = error.to_string();
                let hint = if reason.contains("does not support TLS") {
                    "the server has no TLS: use ?sslmode=prefer or ?sslmode=disable in the database URL"
                } else {
                    "name the authority that signed its certificate with ?sslrootcert=FILE in the database URL"
                };
                Problem { reason: format!("TLS failed: {reason}"), hint: Some(hint.to_owned()), is_final: true }
            }
            // The TLS library's complaints about a certificate come as errors of the connection.
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                let hint = "name the authority that signed its certificate with ?sslrootcert=FILE in the database URL";
                Problem { reason: format!("TLS failed: {error}"), hint: Some(hint.to_owned()), is_final: true }
            }
            sqlx::Error::Io(error) => {
                let hint = (error.kind() == std::io::ErrorKind::ConnectionRefused).then(|| {
                    "start Postgres there, or correct the database URL (DATABASE_URL, --database-url, --database-url-file)"
                        .to_owned()
                });
                Problem { reason: error.to_string(), hint, is_final: false }
            }
            sqlx::Error::Configuration(error) => Problem { reason: error.to_string(), hint: None, is_final: true },
            other => Problem { reason: other.to_string(), hint: None, is_final: false },
        }
    }

    fn hint_for(&self, code: &str, message: &str) -> Option<String> {
        let user = self.0.get_username();
        match code {
            "28P01" => Some(
                "check user and password in the database URL (DATABASE_URL, --database-url, --database-url-file)"
                    .to_owned(),
            ),
            "28000" if message.contains("does not exist") => {
                Some(format!("create the user: {}", self.command("createuser", " --pwprompt", user)))
            }
            "28000" if message.contains("no encryption") => {
                Some("the server may demand TLS: add ?sslmode=require to the database URL".to_owned())
            }
            "28000" => Some("the server's pg_hba.conf does not let this user in from here".to_owned()),
            "3D000" => Some(format!("create it: {}", self.create_database(self.database()))),
            "42501" => Some(format!("as its owner: GRANT CONNECT ON DATABASE \"{}\" TO \"{user}\"", self.database())),
            _ => None,
        }
    }

    /// Why the schema was not brought up to date.
    pub(super) fn migrating(&self, error: &MigrateError) -> Unusable {
        if let MigrateError::Migration(
            SqlxMigrateError::VersionMissing(version)
            | SqlxMigrateError::VersionMismatch(version)
            | SqlxMigrateError::Dirty(version),
        ) = error
        {
            let reason =
                format!("another version of this program, or another program, migrated it (migration {version})");
            let hint = "use a version as new as that one, or another database".to_owned();
            return self.unusable(Problem { reason, hint: Some(hint), is_final: true });
        }
        let database = cause::<sqlx::Error>(error).and_then(sqlx::Error::as_database_error);
        let Some(error) = database else {
            let reason = crate::error_chain::ErrorChain(error).to_string();
            return self.unusable(Problem { reason, hint: None, is_final: true });
        };
        let message = error.message();
        let (user, code) = (self.0.get_username(), error.code().unwrap_or_default());
        let (reason, hint) = match &*code {
            "42501" => (message.to_owned(), Some(format!("as its owner: GRANT CREATE ON SCHEMA public TO \"{user}\""))),
            // A relation, a function or another object of this name is there, and no migration of ours made it.
            "42P07" | "42723" | "42710" => {
                let name = message.split('"').nth(1).unwrap_or("of the same name");
                (
                    format!("it holds somebody else's table `{name}`"),
                    Some(format!("use an empty database: {}", self.create_database("emulator"))),
                )
            }
            "25006" => (message.to_owned(), Some("connect to the primary server, not to a standby".to_owned())),
            _ => (message.to_owned(), None),
        };
        self.unusable(Problem { reason, hint, is_final: true })
    }
}

/// A pool whose database answers: one that is still starting is waited for.
pub(super) async fn reach(options: &TenantOptions, url: String) -> Result<Result<Database, Unusable>, DatabaseError> {
    let target = Target::new(&url)?;
    let acquire_timeout = options.acquire_timeout;
    let database =
        Database::new(&DatabaseOptions { url, connections: options.connections, acquire_timeout, test_idle: true })?;
    let deadline = Instant::now() + options.wait;
    let mut said: Option<Instant> = None;
    loop {
        let problem = match database.session().await {
            Ok(mut session) => {
                let version = session.connection().server_version_num();
                session.end(Ok(()))?;
                return Ok(match version.and_then(|version| target.too_old(version)) {
                    Some(too_old) => Err(too_old),
                    None => Ok(database),
                });
            }
            Err(error) => target.connecting(&error, acquire_timeout),
        };
        let now = Instant::now();
        if problem.is_final || now >= deadline {
            return Ok(Err(target.unusable(problem)));
        }
        if said.is_none_or(|said| now.duration_since(said) >= SAY_EVERY) {
            said = Some(now);
            let left = (deadline - now).as_secs_f64().ceil();
            tracing::warn!("waiting for {} ({left} s left): {}", place(&target.0), problem.reason);
        }
        tokio::time::sleep(TRY_EVERY.min(deadline - now)).await;
    }
}

impl Target {
    /// Why a server of this version cannot be used, in libpq's numbers: 130009 is 13.9.
    fn too_old(&self, version: u32) -> Option<Unusable> {
        let major = version / 10_000;
        (major < OLDEST_VERSION).then(|| Unusable {
            what: format!(
                "{} is PostgreSQL {major}.{}; {OLDEST_VERSION} or newer is needed",
                place(&self.0),
                version % 10_000
            ),
            hint: None,
        })
    }
}

/// The cause of this type among those that led to an error.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
