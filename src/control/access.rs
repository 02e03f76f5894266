//! Who may use the control API: every client on loopback, unless a token is set; elsewhere clients with the token. A request from
//! a page of another site is rejected by its Origin, even with the token. Without a token its Host must be known too: otherwise
//! another site could point its own name at this address.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Method, Response, header};
use axum::middleware::Next;
use axum::response::IntoResponse as _;

use super::Control;
use super::admin_token::AdminToken;
use super::error::ControlError;
use crate::gateway::bearer_token;

/// The cookie of a browser that has sent the token.
pub(super) const COOKIE: &str = "emulator_admin";

/// Headers that proxies add.
const PROXIES: [&str; 6] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

/// Which clients may use the control API.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Without a token only clients on loopback are accepted.
    pub token: Option<AdminToken>,
    /// Names of this server that need no token, in addition to `localhost` and IP addresses.
    pub hosts: Vec<String>,
}

/// The address of the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

impl Access {
    fn check(&self, peer: Option<Peer>, headers: &HeaderMap) -> Result<(), ControlError> {
        self.check_site(headers)?;
        match &self.token {
            // A proxy on this machine forwards clients from elsewhere.
            None if PROXIES.iter().any(|name| headers.contains_key(*name)) => {
                Err(ControlError::Forbidden("a proxy needs an admin token: set EMULATOR_ADMIN_TOKEN".to_owned()))
            }
            None if peer.is_some_and(|peer| peer.0.to_canonical().is_loopback()) => Ok(()),
            None => Err(ControlError::Forbidden(
                "without an admin token only loopback is accepted: set EMULATOR_ADMIN_TOKEN".to_owned(),
            )),
            Some(token) => match (bearer_token(headers), cookie(headers)) {
                (Some(presented), _) if token.is(presented) => Ok(()),
                (None, Some(presented)) if token.is_cookie(presented) => Ok(()),
                (None, None) => Err(ControlError::Unauthorized(
                    "the control API needs 'Authorization: Bearer <EMULATOR_ADMIN_TOKEN>'".to_owned(),
                )),
                _ => Err(ControlError::Unauthorized("the token is wrong".to_owned())),
            },
        }
    }

    /// Rejects requests from pages of other sites.
    fn check_site(&self, headers: &HeaderMap) -> Result<(), ControlError> {
        let host = text(headers, header::HOST.as_str()).unwrap_or_default();
        // A site that points its own name here does not have the token.
        if self.token.is_none() && !self.is_known_host(host) {
            let reason = "is not a name of this server; --admin-hosts adds names, and with an admin token every name is accepted";
            let host: String = host.chars().take(100).collect();
            return Err(ControlError::Forbidden(format!("the Host '{host}' {reason}")));
        }
        check_origin(headers, host)
    }

    /// Whether other sites cannot point this name at this address. A site that can could send requests here with its scripts.
    fn is_known_host(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok()
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), ControlError> {
    let site = text(headers, "sec-fetch-site");
    let is_foreign = match text(headers, header::ORIGIN.as_str()) {
        // Only the browser can set this header. Behind a proxy that rewrites Host, the Origin differs from it.
        _ if site == Some("same-origin") => false,
        // A link on another page may lead here: it is a GET, which changes nothing.
        None if text(headers, "sec-fetch-mode") == Some("navigate") => false,
        None => matches!(site, Some("cross-site" | "same-site")),
        Some(origin) => {
            let own = |scheme: &str| origin.strip_prefix(scheme).is_some_and(|rest| rest.eq_ignore_ascii_case(host));
            !(own("http://") || own("https://"))
        }
    };
    if is_foreign {
        Err(ControlError::Forbidden("the request comes from a page of another site".to_owned()))
    } else {
        Ok(())
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Whether the client is a browser. Java's own client accepts `text/html` too, with a list that no browser sends.
pub(crate) fn is_browser(headers: &HeaderMap) -> bool {
    let accept = text(headers, header::ACCEPT.as_str()).unwrap_or_default();
    accept.contains("text/html") && !accept.contains("*; q=.2")
}

/// Accepts or rejects a request. A browser without the token is redirected to the login, and from there back to its page.
pub(super) async fn guard(State(control): State<Arc<Control>>, request: Request, next: Next) -> Response<Body> {
    let peer = request.extensions().get::<Peer>().copied();
    let Err(rejected) = control.access.check(peer, request.headers()) else { return next.run(request).await };
    if matches!(rejected, ControlError::Unauthorized(_)) && is_browser(request.headers()) {
        // The data of a form is lost, so the login does not lead back to its address.
        let requested = request.uri().path_and_query().filter(|_| request.method() == Method::GET);
        return super::pages::to_login(requested.map(PathAndQuery::as_str));
    }
    rejected.into_response()
}

/// Whether a client may use the login form.
pub(super) fn check_form(control: &Control, headers: &HeaderMap) -> Result<(), ControlError> {
    control.access.check_site(headers)
}

pub(super) fn token(control: &Control) -> Option<&AdminToken> {
    control.access.token.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().expect("a name"), HeaderValue::from_static(value))).collect()
    }

    fn status(access: &Access, peer: &str, pairs: &[(&'static str, &'static str)]) -> u16 {
        let peer = Peer(peer.parse().expect("an address"));
        access.check(Some(peer), &headers(pairs)).map_or_else(|error| error.status().as_u16(), |()| 200)
    }

    #[test]
    fn without_a_token_only_loopback_is_accepted() {
        let open = Access::default();
        assert_eq!(status(&open, "127.0.0.1", &[("host", "localhost:8080")]), 200);
        assert_eq!(status(&open, "::1", &[("host", "[::1]:8080")]), 200);
        assert_eq!(status(&open, "127.0.0.1", &[("host", "localhost"), ("x-forwarded-for", "192.0.2.7")]), 403);
        assert_eq!(status(&open, "192.0.2.7", &[("host", "192.0.2.1:8080")]), 403);
    }

    #[test]
    fn a_foreign_host_or_origin_is_rejected() {
        let open = Access { hosts: vec!["emulator".to_owned()], token: None };
        for (expected, pairs) in [
            (200, vec![("host", "Emulator:8080")]),
            (403, vec![("host", "evil.example:8080")]),
            (403, vec![]),
            (200, vec![("host", "localhost:8080"), ("origin", "http://localhost:8080")]),
            (403, vec![("host", "localhost:8080"), ("origin", "http://localhost:9999")]),
            (403, vec![("host", "localhost:8080"), ("origin", "null")]),
            (403, vec![("host", "localhost:8080"), ("sec-fetch-site", "cross-site")]),
            (200, vec![("host", "localhost:8080"), ("sec-fetch-site", "same-origin")]),
            (200, vec![("host", "localhost:8080"), ("origin", "https://p.example"), ("sec-fetch-site", "same-origin")]),
            (403, vec![("host", "localhost:8080"), ("origin", "https://p.example"), ("sec-fetch-site", "same-site")]),
            // A name that another site has pointed here: to the browser it is the same origin.
            (403, vec![("host", "evil.example"), ("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")]),
            (200, vec![("host", "localhost:8080"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]),
        ] {
            assert_eq!(status(&open, "127.0.0.1", &pairs), expected, "{pairs:?}");
        }
    }

    #[test]
    fn browsers_are_distinguished_from_programs() {
        let accepts = |accept| is_browser(&headers(&[("accept", accept)]));
        assert!(accepts("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(!accepts("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"));
        assert!(!accepts("*/*") && !is_browser(&HeaderMap::new()));
    }

    #[test]
    fn a_token_that_is_set_is_required() {
        let token: AdminToken = "0123456789abcdef".parse().expect("a token");
        let closed = Access { token: Some(token), hosts: Vec::new() };
        for (expected, value) in
            [(200, "Bearer 0123456789abcdef"), (401, "Bearer 0123456789abcdeg"), (401, "Basic 0123456789abcdef")]
        {
            assert_eq!(status(&closed, "192.0.2.7", &[("host", "192.0.2.1"), ("authorization", value)]), expected);
        }
        assert_eq!(status(&closed, "127.0.0.1", &[("host", "localhost")]), 401);
        let right = ("authorization", "Bearer 0123456789abcdef");
        for (expected, pairs) in [
            (200, vec![("host", "emulator:8080"), right]),
            (
                200,
                vec![("host", "inner"), ("origin", "https://outer.example"), ("sec-fetch-site", "same-origin"), right],
            ),
            (403, vec![("host", "inner"), ("origin", "https://outer.example"), right]),
            (401, vec![("host", "evil.example")]),
        ] {
            assert_eq!(status(&closed, "192.0.2.7", &pairs), expected, "{pairs:?}");
        }
        assert_eq!(
            status(&closed, "127.0.0.1", &[("host", "localhost"), ("cookie", "emulator_admin=0123456789abcdef")]),
            401
        );
    }
}
