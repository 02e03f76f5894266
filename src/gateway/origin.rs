//! The site from whose page a browser sends a request.

use axum::http::{HeaderMap, header};

/// Whether a browser sends the request for a page of another site than this server.
pub(crate) fn is_from_another_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let site = text("sec-fetch-site");
    match headers.get(header::ORIGIN) {
        // Only the browser can set this header. Behind a proxy that rewrites Host, the Origin differs from it.
        _ if site == Some("same-origin") => false,
        // A link on another page may lead here: it is a GET, which changes nothing.
        None => matches!(site, Some("cross-site" | "same-site")) && text("sec-fetch-mode") != Some("navigate"),
        Some(origin) => {
            let host = text(header::HOST.as_str()).unwrap_or_default();
            let origin = origin.to_str().unwrap_or_default();
            let own = |scheme: &str| origin.strip_prefix(scheme).is_some_and(|rest| rest.eq_ignore_ascii_case(host));
            !(own("http://") || own("https://"))
        }
    }
}
