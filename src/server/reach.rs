//! Connecting to a Postgres server at start: which failures are worth waiting for, and hints about the others.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use sqlx::migrate::MigrateError as SqlxMigrateError;
use sqlx::postgres::PgConnectOptions;

use crate::database::{ConnectError, Database, DatabaseError, DatabaseOptions, MigrateError, PostgresUrl};

/// The oldest version that the migrations and functions are written for.
const MIN_VERSION: u32 = 14;

const RETRY_INTERVAL: Duration = Duration::from_millis(500);
const LOG_INTERVAL: Duration = Duration::from_secs(5);

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

/// The server of a URL, of several hosts the first. Holds a password, so it is never shown.
pub(super) struct Target {
    place: String,
    options: PgConnectOptions,
}

/// A failure, for the person who starts the server.
struct Problem {
    reason: String,
    hint: Option<String>,
    /// Whether waiting cannot help.
    is_final: bool,
}

impl Target {
    pub(super) fn new(url: &str) -> Result<Self, DatabaseError> {
        let url: PostgresUrl = url.parse().map_err(DatabaseError::Url)?;
        let options = url.options(0).map_err(DatabaseError::Url)?;
        Ok(Self { place: url.place(), options })
    }

    fn database(&self) -> &str {
        self.options.get_database().unwrap_or_else(|| self.options.get_username())
    }

    /// A command line of a Postgres tool for this server.
    fn command(&self, program: &str, options: &str, name: &str) -> String {
        let (host, port) = (self.options.get_host(), self.options.get_port());
        let host = self.options.get_socket().map_or_else(|| host.to_owned(), |folder| folder.display().to_string());
        format!("{program} -h {host} -p {port}{options} {name}")
    }

    fn create_database(&self, name: &str) -> String {
        self.command("createdb", &format!(" -U {}", self.options.get_username()), name)
    }

    fn unusable(&self, problem: Problem) -> Unusable {
        let what = format!("cannot use {} as user \"{}\": {}", self.place, self.options.get_username(), problem.reason);
        Unusable { what, hint: problem.hint }
    }

    /// Why there is no connection.
    fn connecting(&self, error: &DatabaseError, timeout: Duration) -> Problem {
        if let Some(error) = cause::<sqlx::Error>(error) {
            return self.failed(error);
        }
        if let Some(error) = cause::<ConnectError>(error) {
            return self.not_connected(error);
        }
        // The pool's own failure: its timeout.
        let reason = format!("no answer within {} ms", timeout.as_millis());
        Problem { reason, hint: None, is_final: false }
    }

    /// Of several hosts each is named. Waiting cannot help if it helps none of them.
    fn not_connected(&self, error: &ConnectError) -> Problem {
        match error {
            ConnectError::Failed(error) => self.failed(error),
            ConnectError::NoHost(failures) => {
                let problems: Vec<_> = failures.iter().map(|(host, error)| (host, self.not_connected(error))).collect();
                let is_final = problems.iter().all(|(_, problem)| problem.is_final);
                let reasons: Vec<_> =
                    problems.iter().map(|(host, problem)| format!("{host}: {}", problem.reason)).collect();
                let hint = problems.into_iter().find_map(|(_, problem)| problem.hint);
                Problem { reason: reasons.join("; "), hint, is_final }
            }
            ConnectError::Login(_) | ConnectError::ReadOnly | ConnectError::Silent => {
                Problem { reason: error.to_string(), hint: None, is_final: false }
            }
        }
    }

    fn failed(&self, error: &sqlx::Error) -> Problem {
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
                    hint_for_tls(&reason)
                };
                Problem { reason: format!("TLS failed: {reason}"), hint: Some(hint.to_owned()), is_final: true }
            }
            // The TLS library reports certificates as errors of the connection.
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                let hint = hint_for_tls(&error.to_string()).to_owned();
                Problem { reason: format!("TLS failed: {error}"), hint: Some(hint), is_final: true }
            }
            // No connection over TCP fails in this way.
            sqlx::Error::Io(error) if self.options.get_socket().is_none() && is_of_a_file(error) => Problem {
                reason: format!("a file that sslrootcert, sslcert or sslkey names cannot be read: {error}"),
                hint: Some("correct the path in the database URL".to_owned()),
                is_final: true,
            },
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
        let user = self.options.get_username();
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
            "28000" if message.contains("client certificate") => {
                Some("name one with ?sslcert=FILE&sslkey=FILE in the database URL".to_owned())
            }
            "28000" => Some("the server's pg_hba.conf does not allow this user from this address".to_owned()),
            "3D000" => Some(format!("create it: {}", self.create_database(self.database()))),
            "08P01" if message.contains("unsupported startup parameter") => Some(
                "a pooler rejects options in the database URL: keep them in the role, for example ALTER ROLE … SET \
                 search_path; for another parameter set the pooler's ignore_startup_parameters"
                    .to_owned(),
            ),
            "42501" => Some(format!("as its owner: GRANT CONNECT ON DATABASE \"{}\" TO \"{user}\"", self.database())),
            _ => None,
        }
    }

    /// Why the schema was not migrated.
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
        let hint = match error {
            MigrateError::Newer(_) => Some("use a version as new as that one, or another database".to_owned()),
            MigrateError::Foreign(_) => Some(format!(
                "use an empty database: {}; or a schema of its own: CREATE SCHEMA emulator, and \
                 ?options=-csearch_path%3Demulator in the database URL",
                self.create_database("emulator")
            )),
            MigrateError::Locked { .. } => {
                Some("if that session hangs, end it: SELECT pg_terminate_backend(PROCESS)".to_owned())
            }
            MigrateError::Pooler => Some(
                "use PgBouncer 1.21 or newer with max_prepared_statements = 200, or pool_mode = session, or connect to \
                 Postgres itself"
                    .to_owned(),
            ),
            MigrateError::Database(_) | MigrateError::Migration(_) => None,
        };
        if hint.is_some() {
            return self.unusable(Problem { reason: error.to_string(), hint, is_final: true });
        }
        let database = cause::<sqlx::Error>(error).and_then(sqlx::Error::as_database_error);
        let Some(error) = database else {
            let reason = crate::error_chain::ErrorChain(error).to_string();
            return self.unusable(Problem { reason, hint: None, is_final: true });
        };
        let message = error.message();
        let (user, code) = (self.options.get_username(), error.code().unwrap_or_default());
        let (reason, hint) = match &*code {
            "42501" => {
                let schema = message.strip_prefix("permission denied for schema ").unwrap_or("public");
                (message.to_owned(), Some(format!("as its owner: GRANT CREATE ON SCHEMA {schema} TO \"{user}\"")))
            }
            "3F000" => (
                message.to_owned(),
                Some("create the schema that search_path in the options of the database URL names".to_owned()),
            ),
            // A table, a function or another object of this name exists, and our migrations did not create it.
            "42P07" | "42723" | "42710" => {
                let name = message.split('"').nth(1).unwrap_or("of the same name");
                (
                    format!("it has a table `{name}` that this program did not create"),
                    Some(format!("use an empty database: {}", self.create_database("emulator"))),
                )
            }
            "25006" => (message.to_owned(), Some("connect to the primary server, not to a standby".to_owned())),
            _ => (message.to_owned(), None),
        };
        self.unusable(Problem { reason, hint, is_final: true })
    }
}

/// A pool whose database answers. Waits for `wait` while the server is starting.
pub(super) async fn reach(
    options: &DatabaseOptions,
    wait: Duration,
) -> Result<Result<Database, Unusable>, DatabaseError> {
    let target = Target::new(&options.url)?;
    let database = Database::new(options)?;
    let deadline = Instant::now() + wait;
    let mut logged: Option<Instant> = None;
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
            Err(error) => target.connecting(&error, options.timeouts.acquire),
        };
        let now = Instant::now();
        if problem.is_final || now >= deadline {
            return Ok(Err(target.unusable(problem)));
        }
        if logged.is_none_or(|logged| now.duration_since(logged) >= LOG_INTERVAL) {
            logged = Some(now);
            let left = (deadline - now).as_secs_f64().ceil();
            tracing::warn!("waiting for {} ({left} s left): {}", target.place, problem.reason);
        }
        tokio::time::sleep(RETRY_INTERVAL.min(deadline - now)).await;
    }
}

impl Target {
    /// Why a server of this version cannot be used. `version` is libpq's number: 130009 is 13.9.
    fn too_old(&self, version: u32) -> Option<Unusable> {
        let major = version / 10_000;
        (major < MIN_VERSION).then(|| Unusable {
            what: format!(
                "{} is PostgreSQL {major}.{}; {MIN_VERSION} or newer is needed",
                self.place,
                version % 10_000
            ),
            hint: None,
        })
    }
}

/// What to do about a failure of TLS.
fn hint_for_tls(reason: &str) -> &'static str {
    if reason.contains("not valid for name") {
        "use a host name that its certificate has; ?sslmode=verify-ca in the database URL does not check the name"
    } else if reason.contains("Expired") || reason.contains("expired") {
        "renew the certificate of the database server"
    } else if reason.contains("received fatal alert") {
        "the server does not accept the client certificate: correct sslcert and sslkey in the database URL"
    } else {
        "name the authority that signed its certificate with ?sslrootcert=FILE in the database URL"
    }
}

fn is_of_a_file(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied)
}

/// The first cause of this type.
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
