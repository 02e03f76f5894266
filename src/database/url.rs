//! Database URLs as libpq has them, with one or several hosts: `postgres://user:password@host1:5432,host2:5432/database?name=value`.

use std::fmt;
use std::str::FromStr;

use form_urlencoded::Serializer;
use sqlx::postgres::PgConnectOptions;

use super::parameters::{Use, examine};

/// The most hosts of one URL.
const MAX_HOSTS: usize = 16;

/// A `postgres://` URL. Its password is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    /// A URL for each host, at least one. The driver reads one host only.
    hosts: Vec<String>,
    must_write: bool,
    text: String,
}

/// Hosts or ports: from before the path, or from the parameter.
type List<'a> = Vec<&'a str>;

impl PostgresUrl {
    /// The whole URL with its password, for the connection only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The number of hosts, at least one.
    pub(super) fn count(&self) -> usize {
        self.hosts.len()
    }

    /// Whether only a session that can write is used: `target_session_attrs` says so, or there are several hosts.
    pub(super) fn must_write(&self) -> bool {
        self.must_write
    }

    /// The options of one host. Read anew each time, because they include a password from `PGPASSFILE` or `~/.pgpass`.
    ///
    /// # Errors
    /// When there is no such host. The reason repeats nothing of the URL.
    pub fn options(&self, host: usize) -> Result<PgConnectOptions, String> {
        let url = self.hosts.get(host).ok_or("names no such host")?;
        PgConnectOptions::from_str(url).map_err(|_| UNREADABLE.to_owned())
    }

    /// Hosts and database as `postgres://host:port,host:port/database`.
    #[must_use]
    pub fn place(&self) -> String {
        let options: Vec<_> = (0..self.count()).filter_map(|host| self.options(host).ok()).collect();
        let places: Vec<_> = options.iter().map(place).collect();
        let database = options.first().map_or("", |options| options.get_database().unwrap_or(options.get_username()));
        format!("postgres://{}/{database}", places.join(","))
    }

    /// One host as `host:port`.
    pub(super) fn place_of(&self, host: usize) -> String {
        self.options(host).map_or_else(|_| String::new(), |options| place(&options))
    }
}

fn place(options: &PgConnectOptions) -> String {
    let (host, port) = (options.get_host(), options.get_port());
    match options.get_socket() {
        Some(folder) => format!("{}:{port}", folder.display()),
        None if host.contains(':') && !host.starts_with('[') => format!("[{host}]:{port}"),
        None => format!("{host}:{port}"),
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PostgresUrl({})", self.place())
    }
}

const UNREADABLE: &str = "cannot be read: is each port a number, sslmode a known one, and each of # / ? @ in the password \
                          percent-encoded?";

impl FromStr for PostgresUrl {
    type Err = String;

    /// The reason repeats nothing of the URL: the parser's own message could repeat the password.
    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let Some(rest) = rest else { return Err("must be a postgres:// URL".to_owned()) };
        let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, places) = before.rsplit_once('@').map_or(("", before), |(user, _)| before.split_at(user.len() + 1));
        // The text after such a character in a password would be read, and shown, as a host.
        if rest.contains('#') || user.strip_suffix('@').unwrap_or(user).contains(['@', '/']) {
            return Err(UNREADABLE.to_owned());
        }
        let (authority, path) = places.split_once('/').unwrap_or((places, ""));
        // A ? in the password may have ended it.
        let is_cut = query.contains('@') && !before.contains('@');
        let parameters = Parameters::read(query).map_err(|why| if is_cut { UNREADABLE.to_owned() } else { why })?;
        let hosts = Hosts { authority: authority.split(',').collect(), parameters: &parameters };
        let count = hosts.count()?;
        let urls = (0..count).map(|host| hosts.url(user, path, host));
        let hosts: Vec<String> = urls.collect();
        if hosts.iter().any(|url| PgConnectOptions::from_str(url).is_err()) {
            return Err(UNREADABLE.to_owned());
        }
        Ok(Self { must_write: count > 1 || parameters.must_write, hosts, text: text.to_owned() })
    }
}

/// The parameters that have an effect.
struct Parameters {
    driver: Vec<(String, String)>,
    hosts: Vec<(String, String)>,
    must_write: bool,
}

impl Parameters {
    fn read(query: &str) -> Result<Self, String> {
        let mut parameters = Self { driver: Vec::new(), hosts: Vec::new(), must_write: false };
        for (index, (name, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
            let pair = (name.to_string(), value.to_string());
            match examine(index + 1, &name, &value)? {
                Use::Driver => parameters.driver.push(pair),
                Use::Hosts => parameters.hosts.push(pair),
                Use::Writable => parameters.must_write = true,
                Use::Nothing => {}
            }
        }
        Ok(parameters)
    }
}

/// Where the hosts are named.
struct Hosts<'a> {
    /// Before the path, each with its port or without. One empty text where no host is named there.
    authority: List<'a>,
    parameters: &'a Parameters,
}

impl Hosts<'_> {
    /// The number of hosts. Each list has one entry for each host; one port is that of all.
    fn count(&self) -> Result<usize, String> {
        let of = |name: &str| self.lists().filter(|(other, _)| *other == name).map(|(_, list)| list.len()).max();
        let hosts = [Some(self.authority.len()), of("host"), of("hostaddr")].into_iter().flatten().max().unwrap_or(1);
        let is_named_once = |length: usize| length == hosts || length == 1 && self.authority == [""];
        let fits = |name: &str, length: usize| length == hosts || name == "port" && length == 1;
        if !is_named_once(self.authority.len()) || self.lists().any(|(name, list)| !fits(name, list.len())) {
            return Err(
                "names different numbers of hosts and ports: give one port for each host, or one for all".to_owned()
            );
        }
        if hosts > 1 && (self.authority.len() > 1 && self.authority.contains(&"") || self.has_empty_host()) {
            return Err("one of its hosts has no name".to_owned());
        }
        if hosts > MAX_HOSTS {
            return Err(format!("names more than {MAX_HOSTS} hosts"));
        }
        Ok(hosts)
    }

    fn lists(&self) -> impl Iterator<Item = (&str, List<'_>)> {
        self.parameters.hosts.iter().map(|(name, value)| (name.as_str(), value.split(',').collect()))
    }

    fn has_empty_host(&self) -> bool {
        self.lists().any(|(name, list)| name != "port" && list.contains(&""))
    }

    /// The URL of one host.
    fn url(&self, user: &str, path: &str, host: usize) -> String {
        // The library reads no URL with a user and without a host.
        let is_named_later = self.lists().any(|(name, _)| name != "port");
        let authority = match self.authority.get(host).copied().unwrap_or_default() {
            "" if is_named_later => "localhost",
            named => named,
        };
        let mut query = Serializer::new(String::new());
        for (name, value) in &self.parameters.driver {
            query.append_pair(name, value);
        }
        for (name, list) in self.lists() {
            let value = list.get(host).or_else(|| list.first()).copied().unwrap_or_default();
            query.append_pair(name, value);
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("postgres://{user}{authority}/{path}{mark}{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> PostgresUrl {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn several_hosts_are_read_as_libpq_reads_them() {
        for (text, place, must_write) in [
            ("postgres://u@a/x", "postgres://a:5432/x", false),
            ("postgres://u@a/x?target_session_attrs=any", "postgres://a:5432/x", false),
            ("postgres://u@a/x?target_session_attrs=primary", "postgres://a:5432/x", true),
            ("postgres://u:p@a:1,b:2,[::1]:3/x?target_session_attrs=read-write", "postgres://a:1,b:2,[::1]:3/x", true),
            ("postgresql://u@a,b/x", "postgres://a:5432,b:5432/x", true),
            ("postgres://u@a,b/x?port=7", "postgres://a:7,b:7/x", true),
            ("postgres://u@a,b/x?port=7,8", "postgres://a:7,b:8/x", true),
            ("postgres://u@/x?host=a,b&port=7,8", "postgres://a:7,b:8/x", true),
            ("postgres:///x?user=u&host=/run/a,/run/b", "postgres:///run/a:5432,/run/b:5432/x", true),
            ("postgres://u@%2Frun%2Fa/x", "postgres:///run/a:5432/x", false),
            ("postgres://u@a,b/x?hostaddr=10.0.0.1,10.0.0.2", "postgres://10.0.0.1:5432,10.0.0.2:5432/x", true),
        ] {
            let url = read(text);
            assert_eq!((url.place().as_str(), url.must_write()), (place, must_write), "{text}");
            assert_eq!(format!("{url:?}"), format!("PostgresUrl({place})"));
        }
        let url = read("postgres://u%40x:p%2Fw@a,b/x?application_name=a%26b&sslmode=require&connect_timeout=3");
        for host in 0..2 {
            let options = url.options(host).expect("options");
            assert_eq!((options.get_username(), options.get_database()), ("u@x", Some("x")));
            assert_eq!(options.get_application_name(), Some("a&b"));
            assert!(matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::Require));
        }
    }

    #[test]
    fn a_form_that_cannot_be_supported_is_rejected_with_the_remedy() {
        for (text, said) in [
            ("postgres://u@a,b/x?port=1,2,3", "one port for each host"),
            ("postgres://u@a,b/x?host=c", "one port for each host"),
            ("postgres://u@a,,b/x", "has no name"),
            ("postgres://u@/x?host=a,", "has no name"),
            ("postgres://u@a:x,b/x", "percent-encoded"),
            ("postgres://u@a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a/x", "more than 16 hosts"),
            ("postgres://u@a,b/x?target_session_attrs=standby", "this program writes, so use read-write"),
            ("postgres://u@a/x?target_session_attrs=prefer-standby", "this program writes, so use read-write"),
            ("postgres://u@a/x?channel_binding=require", "use sslmode=verify-full"),
            ("postgres://u@a/x?require_auth=scram-sha-256", "use sslmode=verify-full"),
            ("postgres://u@a/x?sslrootcert=system", "remove it"),
            ("postgres://u@a/x?sslnegotiation=direct", "use sslnegotiation=postgres"),
            ("postgres://u@a/x?gssencmode=require", "use sslmode=require"),
            ("postgres://u@a/x?sslcrl=hidden", "remove it"),
            ("postgres://u@a/x?passfile=hidden", "PGPASSFILE"),
            ("postgres://u@a/x?ssl_min_protocol_version=TLSv1.3", "remove it"),
            ("postgres://u@a/x?sslmod=require", "parameter number 1 is unknown; did you mean sslmode?"),
            ("postgres://u@a/x?sslmode=require&pgbouncer=true", "parameter number 2 is unknown"),
            ("postgres://u@a/x?password=a&hidden", "parameter number 2 is unknown"),
        ] {
            let error = text.parse::<PostgresUrl>().expect_err(text);
            assert!(error.contains(said) && !error.contains("hidden"), "{text}: {error}");
        }
    }

    #[test]
    fn parameters_that_change_nothing_are_accepted() {
        for name in [
            "connect_timeout=10",
            "keepalives=1",
            "keepalives_idle=5",
            "tcp_user_timeout=9",
            "channel_binding=prefer",
            "gssencmode=prefer",
            "sslnegotiation=postgres",
            "load_balance_hosts=random",
            "client_encoding=UTF8",
            "ssl_min_protocol_version=TLSv1.2",
            "options=-c%20search_path%3Dx",
            "options[work_mem]=4MB",
            "statement-cache-capacity=0",
            "fallback_application_name=x",
        ] {
            read(&format!("postgres://u@a/x?{name}"));
        }
    }
}
