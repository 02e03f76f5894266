//! Who may use the control API: every client on loopback, unless a token is set; elsewhere clients with the token. A request from
//! a page of another site is rejected by its Origin, even with the token. Without a token its Host must be known too: otherwise
//! another site could point its own name at this address.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{Extensions, HeaderMap, Method, Response, header};
use axum::middleware::Next;
use axum::response::IntoResponse as _;

use super::Control;
use super::admin_token::AdminToken;
use super::audit::{Client, Write};
use super::error::ControlError;
use crate::database::{ShareOf, count_to};
use crate::gateway::{bearer_token, is_from_another_site, scheme};
use crate::guesses::{Attempt, Guesses, Peer};

/// The messages of two errors that the document shows too.
pub(super) const WRONG_TOKEN: &str = "the token is wrong";
pub(super) const ANOTHER_SITE: &str = "the request comes from a page of another site";

/// The cookie with the id of a browser's session.
const COOKIE: &str = "emulator_admin";

/// Headers that proxies add.
const PROXIES: [&str; 16] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-original-forwarded-for",
    "x-original-host",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-envoy-external-address",
    "via",
];

tokio::task_local! {
    /// Whether the browser of the current request has a session.
    static HAS_SESSION: bool;
}

/// Whether the browser of the current request can sign out.
pub(super) fn has_session() -> bool {
    HAS_SESSION.try_with(|has_session| *has_session).unwrap_or_default()
}

/// Which clients may use the control API.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Without a token only clients on loopback are accepted.
    pub token: Option<AdminToken>,
    /// Names of this server that need no token, in addition to `localhost` and IP addresses.
    pub hosts: Vec<String>,
}

/// Who sent a request, as far as its headers tell.
#[derive(Debug)]
enum Checked<'a> {
    Known(Client),
    /// A browser with the id of a session, which may have ended.
    Session {
        id: &'a str,
        token: &'a AdminToken,
    },
}

impl Access {
    fn check<'a>(
        &'a self,
        peer: Option<Peer>,
        headers: &'a HeaderMap,
        guesses: &Guesses,
    ) -> Result<Checked<'a>, ControlError> {
        self.check_site(headers)?;
        match &self.token {
            // A proxy on this machine forwards clients from elsewhere.
            None if PROXIES.iter().any(|name| headers.contains_key(*name)) => {
                Err(ControlError::Forbidden("a proxy needs an admin token: set EMULATOR_ADMIN_TOKEN".to_owned()))
            }
            None if peer.is_some_and(|peer| peer.0.to_canonical().is_loopback()) => {
                Ok(Checked::Known(Client::Loopback))
            }
            None => Err(ControlError::Forbidden(
                "without an admin token only loopback is accepted: set EMULATOR_ADMIN_TOKEN".to_owned(),
            )),
            Some(token) => match (bearer_token(headers), session_id(headers)) {
                (Some(presented), _) => match check_token(token, presented, guesses) {
                    Ok(()) => Ok(Checked::Known(Client::Token)),
                    Err(Some(error)) => Err(error),
                    Err(None) => Err(ControlError::Unauthorized(WRONG_TOKEN.to_owned())),
                },
                (None, Some(id)) => Ok(Checked::Session { id, token }),
                (None, None) => Err(ControlError::Unauthorized(
                    "the control API needs 'Authorization: Bearer <EMULATOR_ADMIN_TOKEN>'".to_owned(),
                )),
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
        if is_from_another_site(headers) {
            return Err(ControlError::Forbidden(ANOTHER_SITE.to_owned()));
        }
        Ok(())
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

/// Whether this is the token.
///
/// # Errors
/// `None` for a wrong one; an error where it is not compared, because the network sent too many wrong ones.
pub(super) fn check_token(token: &AdminToken, presented: &str, guesses: &Guesses) -> Result<(), Option<ControlError>> {
    let attempt = Attempt { kind: "admin-token", account: Some(""), credential: presented, operation: "control API" };
    let admitted = guesses.admit(attempt).map_err(|too_many| Some(too_many.into()))?;
    if token.is(presented) {
        admitted.accepted();
        Ok(())
    } else {
        admitted.rejected();
        Err(None)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The id of the browser's session.
pub(super) fn session_id(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// The cookie with the id of a session that lasts this number of seconds; 0 deletes it. A browser that sees this server over
/// https:// sends it over https:// only. A forged header would only keep the forger's own browser from logging in.
pub(super) fn session_cookie(headers: &HeaderMap, extensions: &Extensions, id: &str, seconds: u64) -> String {
    let is_https = text(headers, header::ORIGIN.as_str()).is_some_and(|origin| origin.starts_with("https://"))
        || scheme(headers, extensions) == "https";
    let secure = if is_https { "; Secure" } else { "" };
    format!("{COOKIE}={id}; Path=/_emulator; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// Whether the client is a browser. Java's own client accepts `text/html` too, with a list that no browser sends.
pub(crate) fn is_browser(headers: &HeaderMap) -> bool {
    let accept = text(headers, header::ACCEPT.as_str()).unwrap_or_default();
    accept.contains("text/html") && !accept.contains("*; q=.2")
}

/// Accepts or rejects a request. A browser without the token is redirected to the login, and from there back to its page.
pub(super) async fn guard(State(control): State<Arc<Control>>, request: Request, next: Next) -> Response<Body> {
    let write = Write::of(&request);
    let (client, rejected) = match client(&control, request.headers()).await {
        Ok(client) => (client, None),
        Err(rejected) => (Client::Rejected, Some(rejected)),
    };
    let has_session = matches!(client, Client::Session(_));
    // A task waits for the other servers before it ends.
    let may_be_pending = write.is_some() || request.uri().path().starts_with("/_emulator/tasks/");
    let begun = write.map(|write| write.begin(client));
    let response = match rejected {
        None => {
            count_to(ShareOf::Control);
            let mut response = HAS_SESSION.scope(has_session, next.run(request)).await;
            if may_be_pending {
                super::pending::settle(&control, &mut response).await;
            }
            response
        }
        Some(rejected) => reject(rejected, &request),
    };
    if let Some(begun) = begun {
        begun.end(&response);
    }
    response
}

/// Who sent a request.
async fn client(control: &Control, headers: &HeaderMap) -> Result<Client, ControlError> {
    match control.access.check(Peer::current(), headers, &control.guesses)? {
        Checked::Known(client) => Ok(client),
        Checked::Session { id, token } if control.sessions(token)?.is_open(id).await? => {
            Ok(Client::Session(control.guesses.fingerprint(id)))
        }
        Checked::Session { .. } => Err(ControlError::Unauthorized("the session has ended".to_owned())),
    }
}

fn reject(rejected: ControlError, request: &Request) -> Response<Body> {
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
    use crate::gateway::OverTls;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().expect("a name"), HeaderValue::from_static(value))).collect()
    }

    fn status(access: &Access, peer: &str, pairs: &[(&'static str, &'static str)]) -> u16 {
        let (peer, guesses) = (Peer(peer.parse().expect("an address")), Guesses::new(0).expect("a counter"));
        let headers = headers(pairs);
        let checked = access.check(Some(peer), &headers, &guesses);
        checked.map_or_else(|error| error.status().as_u16(), |_| 200)
    }

    #[test]
    fn without_a_token_only_loopback_is_accepted() {
        let open = Access::default();
        assert_eq!(status(&open, "127.0.0.1", &[("host", "localhost:8080")]), 200);
        assert_eq!(status(&open, "::1", &[("host", "[::1]:8080")]), 200);
        assert_eq!(status(&open, "127.0.0.1", &[("host", "localhost"), ("x-forwarded-for", "192.0.2.7")]), 403);
        assert_eq!(status(&open, "192.0.2.7", &[("host", "192.0.2.1:8080")]), 403);
        for header in PROXIES {
            assert_eq!(status(&open, "127.0.0.1", &[("host", "localhost"), (header, "x")]), 403, "{header}");
        }
    }

    #[test]
    fn the_cookie_of_a_page_that_was_reached_by_https_is_secure() {
        let cookie =
            |pairs: &[(&'static str, &'static str)]| session_cookie(&headers(pairs), &Extensions::new(), "a", 5);
        let plain = "emulator_admin=a; Path=/_emulator; Max-Age=5; HttpOnly; SameSite=Strict";
        assert_eq!(cookie(&[("origin", "http://localhost:8080")]), plain);
        assert_eq!(cookie(&[]), plain);
        assert_eq!(cookie(&[("origin", "https://outer.example")]), format!("{plain}; Secure"));
        assert_eq!(cookie(&[("x-forwarded-proto", "https")]), format!("{plain}; Secure"));
        let mut over_tls = Extensions::new();
        over_tls.insert(OverTls);
        let cookie = |pairs: &[(&'static str, &'static str)]| session_cookie(&headers(pairs), &over_tls, "a", 5);
        assert_eq!(cookie(&[]), format!("{plain}; Secure"));
        // A proxy that browsers reach over plain HTTP.
        assert_eq!(cookie(&[("x-forwarded-proto", "http")]), plain);
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
        let headers = headers(&[("host", "localhost"), ("cookie", "emulator_admin=0123456789abcdef")]);
        let (peer, guesses) = (Peer(std::net::Ipv4Addr::LOCALHOST.into()), Guesses::new(0).expect("a counter"));
        let checked = closed.check(Some(peer), &headers, &guesses).expect("a session to look up");
        assert!(matches!(checked, Checked::Session { id: "0123456789abcdef", .. }), "{checked:?}");
    }
}
