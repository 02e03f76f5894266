//! The one table of the settings. Flags, variables, members of the settings file, defaults, help, the `config` command and
//! config/emulator.example.toml come from it.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use super::choose::Chooser;
use super::duration::{Milliseconds, Seconds};
use super::secret::{DatabaseUrl, Secret};
use super::server_name::ServerName;
use super::values::{
    BrowserOrigin, Count, HostNames, JournalSetting, Limit, ListenAddress, LogFilter, LogFormat, PasswordCostSetting,
    PrivateTargets, ShellCommand, Switch,
};
use super::{ConfigError, Setting, SettingListing};
use crate::control::AdminToken;

/// The type of a setting in effect.
macro_rules! effective {
    (default $Type:ty) => { $Type };
    (optional $Type:ty) => { Option<$Type> };
}

/// `None` for a setting without a default.
macro_rules! default_text {
    (default $text:literal) => {
        Some($text)
    };
    (optional $text:literal) => {
        None
    };
}

/// An entry of `secrets` is: name: type, value name, example, variable and help, details; then name, variable and help of the
/// setting that names a file with it. An entry of `settings` is: name: type, its default or an example, value name, variable,
/// help, details, and more attributes for clap.
macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])*
        $group:ident: $Group:ident
        secrets { $(
            $secret:ident: $Secret:ty, $secret_value:literal, $secret_example:literal, $secret_variable:literal,
            $secret_help:literal, $secret_details:literal;
            $file:ident, $file_variable:literal, $file_help:literal;
        )* }
        settings { $(
            $name:ident: $Type:ty, $kind:ident $text:literal, $value:literal, $variable:literal,
            $help:literal, $details:literal $(, $attribute:ident = $attribute_value:expr)*;
        )* }
    )*) => {
        /// Each setting by its name.
        #[expect(non_upper_case_globals, reason = "they are named as in the settings file")]
        pub mod setting {
            use super::Setting;

            $($(
                pub const $file: Setting = Setting {
                    name: stringify!($file),
                    variable: $file_variable,
                    help: $file_help,
                    details: "",
                    default: None,
                    example: concat!("/run/secrets/", stringify!($secret)),
                    file: None,
                };
                pub const $secret: Setting = Setting {
                    name: stringify!($secret),
                    variable: $secret_variable,
                    help: $secret_help,
                    details: $secret_details,
                    default: None,
                    example: $secret_example,
                    file: Some(&$file),
                };
            )*
            $(
                pub const $name: Setting = Setting {
                    name: stringify!($name),
                    variable: $variable,
                    help: $help,
                    details: $details,
                    default: default_text!($kind $text),
                    example: $text,
                    file: None,
                };
            )*)*

            /// All of them, a secret and the name of its file as one.
            pub const ALL: &[Setting] = &[$($($secret,)* $($name,)*)*];
        }

        $(
            $(#[doc = $doc])*
            #[derive(Debug, Clone, Default, Args)]
            pub struct $Group {
                $(
                    #[arg(
                        long, global = true, env = $secret_variable, value_name = $secret_value, hide_env_values = true,
                        help = $secret_help
                    )]
                    pub $secret: Option<Secret>,
                    #[arg(long, global = true, env = $file_variable, value_name = "FILE", help = $file_help)]
                    pub $file: Option<PathBuf>,
                )*
                $(
                    #[arg(
                        long, env = $variable, value_name = $value, help = setting::$name.help_with_default()
                        $(, $attribute = $attribute_value)*
                    )]
                    pub $name: Option<$Type>,
                )*
            }
        )*

        /// The settings as flags and variables. All optional: the file or the default gives what is missing.
        #[derive(Debug, Clone, Default)]
        pub(super) struct Groups { $(pub(super) $group: $Group,)* }

        /// The settings file.
        #[derive(Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(super) struct FileSettings {
            $(
                $( pub $secret: Option<Secret>, pub $file: Option<PathBuf>, )*
                $( pub $name: Option<$Type>, )*
            )*
        }

        /// The settings in effect.
        #[derive(Debug, Clone)]
        pub struct Settings {
            $(
                $( pub $secret: Option<$Secret>, )*
                $( pub $name: effective!($kind $Type), )*
            )*
            /// Each setting's name, value and origin, secrets hidden.
            pub listing: Vec<SettingListing>,
        }

        impl Settings {
            pub(super) fn choose(
                args: Groups,
                file: FileSettings,
                mut chooser: Chooser<'_>,
            ) -> Result<Self, ConfigError> {
                Ok(Self {
                    $(
                        $( $secret: chooser.secret(
                            &setting::$secret,
                            (args.$group.$secret, args.$group.$file),
                            (file.$secret, file.$file),
                        )?, )*
                        $( $name: chooser.$kind(&setting::$name, args.$group.$name, file.$name), )*
                    )*
                    listing: chooser.listing,
                })
            }
        }
    };
}

settings! {
    /// The settings of the server.
    server: ServerArgs
    secrets {}
    settings {
        listen: ListenAddress, default "127.0.0.1:8080", "HOST:PORT", "EMULATOR_LISTEN",
            "Listen on this address; :PORT is every address of this machine, port 0 any free port",
            "localhost is its IPv4 and its IPv6 address.";
        server_name: ServerName, optional "emulator-1", "NAME", "EMULATOR_SERVER_NAME",
            "The name of this server among those that use the same database; by default the machine's name and the port",
            "1 to 100 letters, digits and .-_: in ASCII. No other server of the database may have it. It is a label of the metrics.";
        seed: String, optional "demo", "demo|FILE", "EMULATOR_SEED",
            "Load this seed at start: demo, or a seed file; an empty embedded database gets demo by itself",
            "docs/SEEDS.md describes seed files.";
        seed_dir: PathBuf, optional "/seeds", "FOLDER", "EMULATOR_SEED_DIR",
            "Load the seed files of this folder at start, *.yaml, *.yml and *.json in the order of their names, after --seed",
            "Tenants that exist stay unchanged. A file that cannot be loaded stops the start. At most 1,000 files.";
        max_body_bytes: Count, default "1048576", "BYTES", "EMULATOR_MAX_BODY_BYTES",
            "Reject a request body of more bytes than this",
            "The status is 413.";
        body_memory_bytes: Count, default "268435456", "BYTES", "EMULATOR_BODY_MEMORY_BYTES",
            "Keep at most this many bytes of large request bodies in memory at once",
            "At most half of it for the bodies of one tenant; as much again is for those of the control API. The first 16 KiB of each \
             body are not counted. A body that finds no room for 5 seconds is rejected with 503.";
        max_connections: Count, default "10240", "NUMBER", "EMULATOR_MAX_CONNECTIONS",
            "Serve at most this many connections at once on each address",
            "One more closes those that have waited longest for their client. Each needs a file descriptor: the limit of the \
             process is raised at start as far as it may be.";
        password_cost: PasswordCostSetting, default "auto", "auto|owasp|test", "EMULATOR_PASSWORD_COST",
            "The cost of hashing customers' passwords; auto is test, wherever the server listens",
            "test is one salted SHA-256, which protects no password: use it for test data only. owasp is Argon2id with 19 MiB and \
             2 passes, about 15 ms of CPU for each write with a password and each login. Logins accept the hashes of either cost.", hide_possible_values = true;
        private_targets: PrivateTargets, default "auto", "auto|allow|reject", "EMULATOR_PRIVATE_TARGETS",
            "Whether hooks and webhooks may go to loopback and private networks; auto allows it if the server listens on \
             loopback only",
            "", hide_possible_values = true;
        extra_headers: Switch, default "on", "on|off", "EMULATOR_EXTRA_HEADERS",
            "Add headers and members to responses that the vendor does not have",
            "They are the X-Emulator-* headers and the list of violations in the body of an error.",
            hide_possible_values = true;
        cors_origin: BrowserOrigin, optional "http://localhost:3000", "ORIGIN", "EMULATOR_CORS_ORIGIN",
            "Let browsers on this origin use the vendor APIs, * for any; without it there are no CORS headers",
            "The vendor sends none. Errors can be read too.";
        journal: JournalSetting, default "auto", "auto|memory|database", "EMULATOR_JOURNAL",
            "Where the journal is; auto is memory, and the database as soon as several servers run on one",
            "In the database all servers have one journal, at the price of more of its CPU for every write. An embedded \
             database has one server, and its journal is always in memory.", hide_possible_values = true;
        journal_entries: usize, default "500", "NUMBER", "EMULATOR_JOURNAL_ENTRIES",
            "Keep this many requests of each tenant in the journal; 0 switches it off",
            "";
        journal_bytes: usize, default "4194304", "BYTES", "EMULATOR_JOURNAL_BYTES",
            "Keep at most this many bytes of each tenant's requests",
            "";
        journal_total_bytes: usize, default "67108864", "BYTES", "EMULATOR_JOURNAL_TOTAL_BYTES",
            "Keep at most this many bytes of all tenants' requests together",
            "Beyond it the tenant with the most bytes loses its oldest requests.";
    }

    /// The settings of commands that open the database.
    database: DatabaseArgs
    secrets {
        database_url: DatabaseUrl, "URL", "postgres://user:password@localhost:5432/emulator", "DATABASE_URL",
            "Use this Postgres, 14 or newer, instead of the embedded one",
            "It may name several hosts, postgres://user@host1:5432,host2:5432/emulator: connections go to the one that can write. \
             A PgBouncer in between needs version 1.21 and max_prepared_statements, unless it pools sessions.";
        database_url_file, "DATABASE_URL_FILE",
            "Read the URL from a file, - for stdin; `ps` does not show it then";
    }
    settings {
        database_password_file: PathBuf, optional "/run/secrets/database_password", "FILE", "EMULATOR_DATABASE_PASSWORD_FILE",
            "Read the password of the database from this file, anew for each connection",
            "So a password can be rotated while the server runs. It takes the place of one in the URL. A URL in DATABASE_URL_FILE is \
             read anew as well, and so are PGPASSFILE and ~/.pgpass.";
        database_password_command: ShellCommand, optional "aws rds generate-db-auth-token --hostname $PGHOST --port $PGPORT --username $PGUSER",
            "COMMAND", "EMULATOR_DATABASE_PASSWORD_COMMAND",
            "Run this command of the shell for the password of the database; its output is used for 5 seconds",
            "For tokens that live for minutes. PGHOST, PGPORT and PGUSER are set. It may take 10 seconds; its standard error is not read. \
             It takes the place of a password in the URL or a file.", hide_env_values = true;
        data: PathBuf, default "./data", "FOLDER", "EMULATOR_DATA",
            "Keep the embedded database in this folder",
            "";
        database_connections: Count, default "10", "NUMBER", "EMULATOR_DATABASE_CONNECTIONS",
            "Open at most this many database connections for requests; one tenant uses at most half of them",
            "With 2 or more, the control API has 2 in addition, and health checks 1. The embedded database has one in all.";
        database_acquire_timeout_ms: Milliseconds, default "2000", "DURATION", "EMULATOR_DATABASE_ACQUIRE_TIMEOUT_MS",
            "Wait at most this long for a database connection, in milliseconds or as 2s",
            "Then the client gets the gateway's 500.";
        database_lock_timeout_ms: Milliseconds, default "10000", "DURATION", "EMULATOR_DATABASE_LOCK_TIMEOUT_MS",
            "Let a statement of a request wait at most this long for a lock, in milliseconds or as 10s",
            "Then the client gets the gateway's 500. Another request or a reset of the tenant holds the lock.";
        database_statement_timeout_ms: Milliseconds, default "15000", "DURATION", "EMULATOR_DATABASE_STATEMENT_TIMEOUT_MS",
            "Let a statement of a request take at most this long, in milliseconds or as 15s",
            "Then the client gets the gateway's 500. A request waits for the database at most one second longer than this and \
             the wait for a connection together, even if the database is silent.";
        database_task_timeout_ms: Milliseconds, default "1800000", "DURATION", "EMULATOR_DATABASE_TASK_TIMEOUT_MS",
            "Let a transaction of a task (reset, fork, seed, snapshot) take at most this long, in milliseconds or as 30m",
            "Then the task fails, and nothing has changed.";
        database_wait_seconds: Seconds, default "30", "DURATION", "EMULATOR_DATABASE_WAIT_SECONDS",
            "Wait at most this long at start for a database that is not up yet, in seconds or as 2m",
            "A wrong password, or a database that does not exist, fails at once.";
    }

    /// The token of the control API, which a server requires and commands send.
    token: TokenArgs
    secrets {
        admin_token: AdminToken, "TOKEN", "a-long-secret-of-your-own", "EMULATOR_ADMIN_TOKEN",
            "The token of the control API; without one, a server that listens not only on loopback generates and prints it",
            "At least 16 visible ASCII characters. On loopback none is needed.";
        admin_token_file, "EMULATOR_ADMIN_TOKEN_FILE",
            "Read the token from a file, - for stdin; `ps` does not show it then";
    }
    settings {}

    /// Where the control API is.
    control: ControlArgs
    secrets {}
    settings {
        admin_listen: ListenAddress, optional "127.0.0.1:8081", "HOST:PORT", "EMULATOR_ADMIN_LISTEN",
            "Serve /_emulator and /metrics on an address of their own instead of the vendor APIs' address",
            "";
        admin_token_required: Switch, default "off", "on|off", "EMULATOR_ADMIN_TOKEN_REQUIRED",
            "Require the token on loopback too; without EMULATOR_ADMIN_TOKEN the server generates and prints it",
            "For a machine that other people use, and behind a proxy or tunnel on this machine.",
            num_args = 0..=1, default_missing_value = "on", hide_possible_values = true;
        guess_limit: Limit, default "20", "NUMBER", "EMULATOR_GUESS_LIMIT",
            "Look up no more credentials of a network after this many wrong ones a minute for one account; 0 for no limit",
            "An account is a user name, a client id, or the admin token. For keys without an account it is ten times as many.";
        admin_hosts: HostNames, default "", "NAMES", "EMULATOR_ADMIN_HOSTS",
            "More host names, separated by commas, under which /_emulator answers without a token",
            "IP addresses and localhost always do. Another name is rejected, because another site could point its own name \
             at this server. With a token every name is accepted.";
        recordings: PathBuf, optional "./recordings", "FOLDER", "EMULATOR_RECORDINGS",
            "Show in the coverage what the comparisons with a real service in this folder found",
            "The command `verify` writes such a folder. It is read anew when somebody looks. At most 1,000 recordings.";
    }

    /// TLS of the listeners.
    tls: TlsArgs
    secrets {}
    settings {
        tls_cert: PathBuf, optional "/run/secrets/tls.crt", "FILE", "EMULATOR_TLS_CERT",
            "Serve HTTPS with the certificate in this PEM file, and the chain after it; needs --tls-key",
            "Every address that the server listens on serves HTTPS then. Both files are read again when they change.";
        tls_key: PathBuf, optional "/run/secrets/tls.key", "FILE", "EMULATOR_TLS_KEY",
            "The key of the certificate: a PEM file without a passphrase",
            "PKCS#8, PKCS#1 or SEC1.";
        tls_self_signed: Switch, default "off", "on|off", "EMULATOR_TLS_SELF_SIGNED",
            "Serve HTTPS with a certificate of a local CA, which is made once; the server prints how clients trust it",
            "The certificate is for localhost, 127.0.0.1, ::1, the machine's name, the host of the listen addresses, and the names \
             of admin_hosts and tls_names.",
            num_args = 0..=1, default_missing_value = "on", hide_possible_values = true;
        tls_names: HostNames, default "", "NAMES", "EMULATOR_TLS_NAMES",
            "More host names and IP addresses, separated by commas, for the certificate of --tls-self-signed",
            "For example the name of a container: emulator,*.test.example,192.0.2.7.";
        tls_ca_folder: PathBuf, optional "./data/tls", "FOLDER", "EMULATOR_TLS_CA_FOLDER",
            "Keep the local CA of --tls-self-signed in this folder; without it in the folder tls of the data folder",
            "ca.pem is its certificate, ca-key.pem its key. Servers with the same folder have the same CA.";
    }

    /// The settings of the log.
    log: LogArgs
    secrets {}
    settings {
        log: LogFilter, default "info,pglite_oxide=warn,sqlx=warn", "FILTER", "EMULATOR_LOG",
            "What is logged: off, error, warn, info, debug, trace, or a filter by module",
            "";
        log_format: LogFormat, default "auto", "auto|console|text|json", "EMULATOR_LOG_FORMAT",
            "The format of the log; auto is console on a terminal and json elsewhere",
            "console is one line per request: time, status, method, path, tenant, duration, reason. Requests are logged to \
             standard output, everything else to standard error. NO_COLOR is honored.", hide_possible_values = true;
    }
}
