//! The settings of sessions. They belong to the role in this database and not to the session, so that every connection has them
//! from its start, also one that a pooler opened and gives to several clients. Other programs that use the same role in the same
//! database have them too.
//!
//! A setting that the role does not have yet is set at a start. One that it has with another value:
//! - planning: it is respected. A database that is sharded needs `plan_cache_mode = auto`, so whoever shards it says once
//!   `alter role … in database … set plan_cache_mode = auto`, as for every other setting of the role (`citus.…`).
//! - a limit of time: it is respected by commands. A server sets its own in each session, and behind a pooler, where a session is no
//!   client's own, in the role.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};

use super::timeouts::DatabaseTimeouts;

/// Every statement in this program is static, can use an index, and is planned once, often while its tables are small. A plan that
/// reads a whole table would stay after the table grows, so such plans are off (only `compare_rows` joins whole tenants and turns
/// them on). A new plan for each execution costs more than a read, so plans are generic. Such plans need few statistics, so few rows
/// are sampled. A statement that could read a large tenant as a whole would be compiled at each execution, which takes 25 ms, and 130 ms
/// the first time in a session, even when it reads one row.
const PLANNING: [(&str, &str); 8] = [
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_material", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("default_statistics_target", "10"),
    ("jit", "off"),
];

/// Whose settings they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Server,
    /// A command that ends soon, such as `migrate`.
    Command,
}

/// A setting that sessions need.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    name: &'static str,
    value: String,
    is_limit: bool,
}

/// What a session and its role have.
#[derive(Debug, Deserialize)]
struct Found {
    /// The settings of the role in this database, each as `name=value`.
    role: Vec<String>,
    /// Those of the session: the value in the unit of the setting, and where it is from.
    session: BTreeMap<String, (String, String)>,
}

/// What a start found, and what it changes.
#[derive(Debug)]
pub(super) struct RoleSettings {
    wanted: Vec<Setting>,
    found: Found,
    program: Program,
    /// Whether this start gave the role some of them.
    is_new: bool,
}

/// The statements that begin each session of the embedded database, which has no other clients and one connection.
pub(super) fn of_embedded_session() -> String {
    statements(&planning().collect::<Vec<_>>())
}

impl RoleSettings {
    /// Reads the settings, and gives this session those that its role has by now: it may be older than they are.
    pub(super) async fn read(
        connection: &mut PgConnection,
        timeouts: &DatabaseTimeouts,
        program: Program,
    ) -> Result<Self, sqlx::Error> {
        let limits = timeouts.of_session().map(|(name, value)| Setting { name, value, is_limit: true });
        let wanted: Vec<_> = planning().chain(limits).collect();
        // Not prepared: which pooler is in between is not known yet.
        let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(reading(&wanted)))).await?;
        let text: String = row.try_get(0)?;
        let found = serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(Self { wanted, found, program, is_new: false })
    }

    /// Whether the connection is not to Postgres itself: `PgBouncer` and its like open sessions without the name that clients give
    /// theirs, and set it later.
    pub(super) fn is_through_pooler(&self) -> bool {
        self.found.session.get("application_name").is_none_or(|(_, source)| source != "client")
    }

    fn of_role(&self, name: &str) -> Option<&str> {
        self.found
            .role
            .iter()
            .find_map(|entry| entry.split_once('=').filter(|(key, _)| *key == name))
            .map(|entry| entry.1)
    }

    /// The settings that the role shall get.
    fn missing(&self) -> Vec<Setting> {
        let replaces_limits = self.program == Program::Server && self.is_through_pooler();
        let is_missing = |setting: &&Setting| match self.of_role(setting.name) {
            None => true,
            Some(value) => setting.is_limit && replaces_limits && value != setting.value,
        };
        self.wanted.iter().filter(is_missing).cloned().collect()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    /// Gives the role what is missing, as far as Postgres allows, within a transaction that excludes other servers.
    pub(super) async fn complete(
        &mut self,
        connection: &mut PgConnection,
        timeouts: &DatabaseTimeouts,
    ) -> Result<(), sqlx::Error> {
        // Another server may have completed them meanwhile.
        *self = Self::read(&mut *connection, timeouts, self.program).await?;
        let missing = self.missing();
        if missing.is_empty() {
            return Ok(());
        }
        let mut changes = "do $do$ begin ".to_owned();
        for Setting { name, value, .. } in &missing {
            // What is refused is found missing afterwards.
            write!(
                changes,
                "begin execute format('alter role session_user in database %I set {name} to {value}', \
                 current_database()); exception when others then null; end; "
            )
            .expect("invariant: a String takes every text");
        }
        changes.push_str("end $do$");
        connection.execute(sqlx::raw_sql(AssertSqlSafe(changes))).await?;
        *self = Self { is_new: true, ..Self::read(connection, timeouts, self.program).await? };
        Ok(())
    }

    /// Whether this start gave the role some of them, so that a pooler can have older sessions without them.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// The statement that gives a session what it lacks of the settings of its role.
    pub(super) fn statement_for_older_session(&self) -> String {
        reading(&self.wanted)
    }

    /// The settings that each session sets for itself: the role does not have them, or has another limit, or the options of the
    /// database URL replace the limit.
    fn of_sessions(&self) -> Vec<Setting> {
        let is_replaced = |setting: &Setting| {
            let session = self.found.session.get(setting.name);
            session.is_some_and(|(value, source)| source == "client" && *value != setting.value)
        };
        let differs = |setting: &&Setting| match self.of_role(setting.name) {
            None => true,
            Some(value) => {
                setting.is_limit && self.program == Program::Server && (value != setting.value || is_replaced(setting))
            }
        };
        self.wanted.iter().filter(differs).cloned().collect()
    }

    /// The statements that begin each session. Empty where the role gives it all.
    pub(super) fn session_statements(&self) -> String {
        let settings = self.of_sessions();
        let shown: Vec<_> = settings.iter().filter(|setting| !is_optional(setting.name)).collect();
        if !shown.is_empty() {
            let names = shown.iter().map(|setting| setting.name).collect::<Vec<_>>().join(", ");
            let reason = if shown.iter().any(|setting| self.of_role(setting.name).is_none()) {
                "the role may not keep them"
            } else {
                "the role or the options of the database URL have other values"
            };
            tracing::warn!(settings = names, "each session sets these itself, because {reason}");
        }
        statements(&settings)
    }
}

fn planning() -> impl Iterator<Item = Setting> {
    PLANNING.into_iter().map(|(name, value)| Setting { name, value: value.to_owned(), is_limit: false })
}

/// Some systems cannot check connections.
fn is_optional(name: &str) -> bool {
    name == "client_connection_check_interval"
}

fn statements(settings: &[Setting]) -> String {
    let statement = |setting: &Setting| {
        let set = format!("set {} = {}", setting.name, setting.value);
        if is_optional(setting.name) {
            format!("do $$ begin {set}; exception when others then null; end $$")
        } else {
            set
        }
    };
    settings.iter().map(statement).collect::<Vec<_>>().join("; ")
}

/// The statement that reads the settings as JSON. `set_config` gives the session what it lacks of its role's settings. What came with
/// the options of the database URL stays.
fn reading(wanted: &[Setting]) -> String {
    let names = wanted.iter().map(|setting| format!("'{}'", setting.name)).collect::<Vec<_>>().join(", ");
    format!(
        "with role as (select split_part(entry, '=', 1) as name, substr(entry, strpos(entry, '=') + 1) as value, entry \
           from pg_db_role_setting, unnest(setconfig) entry \
          where setdatabase = (select oid from pg_database where datname = current_database()) \
            and setrole = (select oid from pg_roles where rolname = session_user)), \
         session as (select name, setting, source from pg_settings where name in ('application_name', {names})) \
         select json_build_object( \
           'role', coalesce((select json_agg(entry) from role), '[]'), \
           'session', (select json_object_agg(name, json_build_array(setting, source)) from session), \
           'given', (select count(set_config(role.name, role.value, false)) from role join session using (name) \
                      where setting <> value and source <> 'client'))::text"
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn found(role: &[&str], session: &[(&str, &str, &str)], program: Program) -> RoleSettings {
        let timeouts = DatabaseTimeouts {
            acquire: Duration::from_secs(2),
            statement: Duration::from_secs(15),
            lock: Duration::from_secs(10),
            long_statement: Duration::from_mins(30),
        };
        let limits = timeouts.of_session().map(|(name, value)| Setting { name, value, is_limit: true });
        let wanted: Vec<_> = planning().chain(limits).collect();
        let mut entries: BTreeMap<_, _> = wanted.iter().map(|s| (s.name.to_owned(), s.value.clone())).collect();
        for entry in role {
            match entry.split_once('=') {
                Some((name, value)) => entries.insert(name.to_owned(), value.to_owned()),
                None => entries.remove(*entry),
            };
        }
        let role = entries.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let of_session = |(name, value, source): &(&str, &str, &str)| {
            ((*name).to_owned(), ((*value).to_owned(), (*source).to_owned()))
        };
        RoleSettings {
            wanted,
            found: Found { role, session: session.iter().map(of_session).collect() },
            program,
            is_new: false,
        }
    }

    const DIRECT: (&str, &str, &str) = ("application_name", "directscale-emulator", "client");
    const POOLED: (&str, &str, &str) = ("application_name", "directscale-emulator", "session");

    fn names(settings: &[Setting]) -> Vec<&'static str> {
        settings.iter().map(|setting| setting.name).collect()
    }

    #[test]
    fn a_role_that_has_all_leaves_nothing_to_do() {
        let settings = found(&[], &[DIRECT], Program::Server);
        assert!(settings.is_complete() && settings.session_statements().is_empty() && !settings.is_through_pooler());
    }

    #[test]
    fn what_the_role_lacks_is_given_to_it_or_to_each_session() {
        let settings = found(&["jit", "lock_timeout"], &[DIRECT], Program::Command);
        assert_eq!(names(&settings.missing()), ["jit", "lock_timeout"]);
        assert_eq!(settings.session_statements(), "set jit = off; set lock_timeout = 10000");
    }

    #[test]
    fn planning_that_somebody_chose_is_respected() {
        let settings = found(&["plan_cache_mode=auto", "citus.x=1"], &[POOLED], Program::Server);
        assert!(settings.is_complete() && settings.session_statements().is_empty() && settings.is_through_pooler());
    }

    #[test]
    fn another_limit_of_the_role_is_replaced_only_by_a_server() {
        let other = ["statement_timeout=1"];
        let command = found(&other, &[POOLED], Program::Command);
        assert!(command.is_complete() && command.session_statements().is_empty());
        let direct = found(&other, &[DIRECT], Program::Server);
        assert!(direct.is_complete());
        assert_eq!(direct.session_statements(), "set statement_timeout = 15000");
        let pooled = found(&other, &[POOLED], Program::Server);
        assert_eq!(names(&pooled.missing()), ["statement_timeout"]);
    }

    #[test]
    fn options_of_the_url_decide_on_planning_and_not_on_limits() {
        let options = [DIRECT, ("jit", "on", "client"), ("lock_timeout", "1", "client")];
        let settings = found(&[], &options, Program::Server);
        assert!(settings.is_complete());
        assert_eq!(settings.session_statements(), "set lock_timeout = 10000");
    }
}
