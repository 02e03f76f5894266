//! The service to which a proxy sends what it receives.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::verify::safety::is_loopback;

/// The scheme, host and port of a service. Over plain HTTP it is on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// `https://host`, with a port if it is not the scheme's.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The address of a path and query, which begins with a slash: without it, it could change the host.
    pub(super) fn address(&self, path: &str) -> Option<Url> {
        path.starts_with('/').then(|| format!("{}{path}", self.origin()).parse().ok()).flatten()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.origin())
    }
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.ok_or("must be https://host or https://host:port")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user name or password: the requests have their own credentials");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err("must not have a path: each request has its own");
        }
        if url.scheme() == "http" && !url.host().is_some_and(|host| is_loopback(&host)) {
            return Err("must be https:// for another machine: over http:// the key would travel unencrypted");
        }
        Ok(Self(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_host_that_a_key_can_be_sent_to() {
        for (text, origin) in [
            ("https://api.example", Ok("https://api.example")),
            ("https://API.example:443/", Ok("https://api.example")),
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080")),
            ("http://localhost:1", Ok("http://localhost:1")),
            ("http://[::1]:1/", Ok("http://[::1]:1")),
            ("http://api.example", Err("unencrypted")),
            ("http://127.0.0.1.example", Err("unencrypted")),
            ("http://192.168.0.1:8080", Err("unencrypted")),
            ("https://user:secret@api.example", Err("user name")),
            ("https://api.example/v1", Err("a path")),
            ("https://api.example/?key=x", Err("a path")),
            ("api.example", Err("https://host")),
            ("ftp://api.example", Err("https://host")),
            ("", Err("https://host")),
        ] {
            let target = text.parse::<Target>();
            match (&target, origin) {
                (Ok(target), Ok(origin)) => assert_eq!(target.origin(), origin, "{text}"),
                (Err(error), Err(reason)) => assert!(error.contains(reason), "{text}: {error}"),
                _ => panic!("{text}: {target:?}"),
            }
        }
    }

    #[test]
    fn no_path_changes_the_host() {
        let target: Target = "https://api.example".parse().expect("a target");
        for (path, host) in [
            ("/a?b", Some("https://api.example/a?b")),
            ("//evil.example/a", Some("https://api.example//evil.example/a")),
            ("/@evil.example/", Some("https://api.example/@evil.example/")),
            ("@evil.example/", None),
            (".evil.example", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(target.address(path).map(String::from).as_deref(), host, "{path}");
        }
    }
}
