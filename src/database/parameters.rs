//! The parameters of a database URL, as libpq has them: which of them have an effect here, and which of them cannot be honored. One that
//! changes security or behavior is rejected, because a server that ignores it does something else than its user asked for.

/// What becomes of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// The driver honors it.
    Driver,
    /// One value for each host.
    Hosts,
    /// `target_session_attrs`: only a session that can write is used.
    Writable,
    /// It changes nothing here.
    Nothing,
}

/// Names of the driver, with those that it takes for the same.
const DRIVER: [&str; 15] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

const HOSTS: [&str; 3] = ["host", "hostaddr", "port"];

/// Whatever their value is: this program's own limits end a connection earlier than these do, it uses no GSSAPI, it uses the one host that
/// can write, and it names its sessions itself.
const NOTHING: [&str; 14] = [
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "krbsrvname",
    "gsslib",
    "gssdelegation",
    "load_balance_hosts",
    "fallback_application_name",
    "sslcompression",
    "servicefile",
    "max_protocol_version",
];

/// Parameters with the values that change nothing here, and what to do about every other value.
const LIMITED: [(&str, &[&str], &str); 21] = [
    (
        "channel_binding",
        &["disable", "prefer"],
        "channel binding is not available: remove it, and use sslmode=verify-full, which authenticates the server",
    ),
    ("require_auth", &[], "the method cannot be restricted: remove it, and use sslmode=verify-full"),
    ("gssencmode", &["disable", "prefer"], "GSSAPI is not available: use sslmode=require or sslmode=verify-full"),
    ("sslnegotiation", &["postgres"], "TLS without the request for it is not available: use sslnegotiation=postgres"),
    ("sslcrl", &[], "lists of revoked certificates are not read: remove it"),
    ("sslcrldir", &[], "lists of revoked certificates are not read: remove it"),
    ("sslpassword", &[], "encrypted keys are not read: name a key without a password with sslkey"),
    ("sslcertmode", &["allow"], "remove it: a client certificate is sent if sslcert and sslkey name one"),
    ("sslsni", &["1"], "the name of the host is always sent: remove it"),
    ("ssl_min_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2"], "the lowest version is always TLSv1.2: remove it"),
    ("ssl_max_protocol_version", &["TLSv1.3"], "the highest version is always TLSv1.3: remove it"),
    ("min_protocol_version", &["3.0"], "the version is always 3.0: remove it"),
    ("requirepeer", &[], "the user of the server's process is not checked: remove it"),
    ("requiressl", &["0"], "use sslmode=require"),
    ("sslkeylogfile", &[], "keys of TLS are not written: remove it"),
    ("scram_client_key", &[], "only passwords are supported: use a password"),
    ("scram_server_key", &[], "only passwords are supported: use a password"),
    ("service", &[], "service files are not read: write host, port, database and user into the URL"),
    ("passfile", &[], "name the file with the variable PGPASSFILE"),
    ("replication", &["false", "off", "no", "0"], "this program needs an ordinary session: remove it"),
    ("client_encoding", &["UTF8", "UTF-8", "utf8", "utf-8", "auto"], "the encoding is always UTF8: remove it"),
];

const WRITABLE: &str = "target_session_attrs";

/// What becomes of a parameter.
///
/// # Errors
/// A sentence that names the remedy. It repeats nothing of the URL but the names that this file knows: a text of the user could be a part
/// of a password.
pub(super) fn examine(number: usize, name: &str, value: &str) -> Result<Use, String> {
    if name == "sslrootcert" && value == "system" {
        return Err("sslrootcert=system: remove it; without sslrootcert the built-in authorities are used".to_owned());
    }
    if DRIVER.contains(&name) || name.starts_with("options[") {
        return Ok(Use::Driver);
    }
    if HOSTS.contains(&name) {
        return Ok(Use::Hosts);
    }
    if NOTHING.contains(&name) {
        return Ok(Use::Nothing);
    }
    if name == WRITABLE {
        return match value {
            "any" => Ok(Use::Nothing),
            "read-write" | "primary" => Ok(Use::Writable),
            _ => Err("target_session_attrs: this program writes, so use read-write".to_owned()),
        };
    }
    match LIMITED.iter().find(|(limited, ..)| *limited == name) {
        Some((_, harmless, _)) if harmless.contains(&value) => Ok(Use::Nothing),
        Some((limited, _, remedy)) => Err(format!("{limited}: {remedy}")),
        None => Err(unknown(number, name)),
    }
}

/// The names that a user may have meant are ours; the text is not repeated.
fn unknown(number: usize, name: &str) -> String {
    let limited = LIMITED.iter().map(|(name, ..)| *name);
    let known = DRIVER.into_iter().chain(HOSTS).chain(NOTHING).chain(limited).chain([WRITABLE]);
    let similar = |known: &str| strsim::damerau_levenshtein(known, name);
    let nearest = known.min_by_key(|known| similar(known)).filter(|known| similar(known) <= 2);
    let meant = nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
    format!("its parameter number {number} is unknown{meant}")
}
