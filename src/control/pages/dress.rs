//! What every page gets from its request: the colors that the browser's cookie chose, and compression.

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::middleware::Next;
use flate2::Compression;

use super::assets::{accepts_gzip, gzip};
use super::format::{HOME, is_own_page};
use super::see_other;
use crate::gateway::is_from_another_site;

/// The cookie with the chosen colors.
const COOKIE: &str = "emulator_theme";

/// How long a browser keeps the choice: a year, in seconds.
const KEPT_SECONDS: u32 = 31_536_000;

/// Shorter pages are not compressed, in bytes.
const MIN_COMPRESSED: usize = 1024;

/// Colors of the pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the browser prefers.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The one that the switch chooses next.
    pub(super) fn following(self) -> Self {
        match self {
            Self::System => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::System,
        }
    }

    /// For the element and the meta tag that choose the colors.
    pub(super) fn scheme(self) -> &'static str {
        if self == Self::System { "light dark" } else { self.name() }
    }

    fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }

    fn of_cookies(headers: &HeaderMap) -> Self {
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| Self::of(value)).unwrap_or_default()
    }
}

tokio::task_local! {
    static THEME: Theme;
}

/// The colors that the browser of the current request chose.
pub(super) fn theme() -> Theme {
    THEME.try_with(|theme| *theme).unwrap_or_default()
}

/// Runs a request with the browser's colors, and compresses a page for a browser that reads gzip. A page of another site cannot ask
/// for one, so that the length of a compressed page tells it nothing.
pub(in crate::control) async fn dressed(request: Request, next: Next) -> Response<Body> {
    let theme = Theme::of_cookies(request.headers());
    let may_compress = accepts_gzip(request.headers()) && !is_from_another_site(request.headers());
    let response = THEME.scope(theme, next.run(request)).await;
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if may_compress && is_page { compressed(response).await } else { response }
}

async fn compressed(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return response;
    };
    if bytes.len() < MIN_COMPRESSED {
        return Response::from_parts(parts, Body::from(bytes));
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    Response::from_parts(parts, Body::from(gzip(&bytes, Compression::fast())))
}

/// Keeps the chosen colors in a cookie, and redirects to the page with the switch. It needs no token, and reads no body.
pub(super) async fn choose(Path(theme): Path<String>, headers: HeaderMap) -> Response<Body> {
    if is_from_another_site(&headers) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::FORBIDDEN;
        return response;
    }
    let back = came_from(&headers).unwrap_or_else(|| HOME.to_owned());
    let mut response = see_other(&back);
    let theme = Theme::of(&theme).name();
    let cookie = format!("{COOKIE}={theme}; Path=/_emulator; Max-Age={KEPT_SECONDS}; SameSite=Strict");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// The page of the inspector with the form that was sent.
fn came_from(headers: &HeaderMap) -> Option<String> {
    let address = headers.get(header::REFERER)?.to_str().ok()?;
    let rest = address.split_once("://")?.1;
    let path = &rest[rest.find('/')?..];
    is_own_page(path).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_goes_through_all_themes() {
        let mut theme = Theme::default();
        let mut seen = Vec::new();
        for _ in Theme::ALL {
            seen.push(theme.name());
            theme = theme.following();
        }
        assert_eq!((seen, theme), (vec!["system", "dark", "light"], Theme::System));
    }

    #[test]
    fn the_theme_is_that_of_the_cookie() {
        for (cookies, expected) in [
            ("emulator_theme=dark", Theme::Dark),
            ("a=b; emulator_theme=light; c=d", Theme::Light),
            ("emulator_theme=\"><script>", Theme::System),
            ("not_emulator_theme=dark", Theme::System),
        ] {
            let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookies))]);
            assert_eq!(Theme::of_cookies(&headers), expected, "{cookies}");
        }
    }

    #[test]
    fn the_switch_redirects_only_to_own_pages() {
        for (referer, expected) in [
            ("http://localhost:8080/_emulator/t/demo?q=a", Some("/_emulator/t/demo?q=a")),
            ("https://evil.example/_emulator/../x", None),
            ("http://localhost/v1/customers", None),
            ("nonsense", None),
        ] {
            let headers = HeaderMap::from_iter([(header::REFERER, HeaderValue::from_static(referer))]);
            assert_eq!(came_from(&headers).as_deref(), expected, "{referer}");
        }
    }
}
