//! Which hosts a run may send requests to.

use url::{Host, Url};

/// Hosts for tests, of which the vendors' own pages and public clients speak. Every other host may serve real people.
const STAGING: [&str; 6] = [
    "dsapi-stage.directscale.com",
    "dsapi-dev.directscale.com",
    "staging-webapi.bydesign.com",
    "api.lab.storm.io",
    "demo.storm.io",
    "servicesstage.enferno.se",
];

/// What a run needs before it may send requests to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// Nothing: it is this machine, or a vendor's staging system.
    Given,
    /// A person has to name this host.
    Confirmation(String),
    /// Never, for this reason.
    Refused(&'static str),
}

/// What a run needs before it may send requests to `url`.
#[must_use]
pub fn permission(url: &Url) -> Permission {
    let Some(host) = url.host() else { return Permission::Refused("the address has no host") };
    if !matches!(url.scheme(), "http" | "https") {
        return Permission::Refused("the address must begin with https://, or on this machine with http://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Permission::Refused("the address has a user name or password; the key belongs into the key file");
    }
    if is_loopback(&host) {
        return Permission::Given;
    }
    if url.scheme() != "https" {
        return Permission::Refused("the key would be sent unencrypted; the address must begin with https://");
    }
    let name = host.to_string().to_ascii_lowercase();
    if STAGING.contains(&name.as_str()) { Permission::Given } else { Permission::Confirmation(name) }
}

/// Whether it is this machine.
#[must_use]
pub fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_staging_systems_need_no_confirmation() {
        let of = |url: &str| permission(&url.parse().expect("an address"));
        for url in
            ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:9/x", "https://dsapi-stage.directscale.com/v1"]
        {
            assert_eq!(of(url), Permission::Given, "{url}");
        }
        for (url, host) in [
            ("https://dsapi.directscale.com", "dsapi.directscale.com"),
            ("https://dsapi-stage.directscale.com.evil.example", "dsapi-stage.directscale.com.evil.example"),
            ("https://localhost.example", "localhost.example"),
            ("https://10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(of(url), Permission::Confirmation(host.to_owned()), "{url}");
        }
        for url in [
            "http://dsapi-stage.directscale.com",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "https://user:secret@dsapi.directscale.com",
        ] {
            assert!(matches!(of(url), Permission::Refused(_)), "{url}");
        }
    }
}
