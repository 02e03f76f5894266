//! The style sheets, the script and the icon, which are compiled into the binary. Their addresses contain a digest of their content,
//! so that browsers keep them until they change.

use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Response, Uri, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::control::typed;

/// For an address with the digest of what it serves.
const KEPT: &str = "public, max-age=31536000, immutable";

/// For any other address.
const CHECKED: &str = "no-cache";

/// A file that every page links.
#[derive(Debug)]
pub(super) struct Asset {
    content_type: &'static str,
    text: Bytes,
    compressed: Bytes,
    /// The path, with the digest as its query.
    pub(super) address: String,
    digest: String,
}

pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let sheets =
        [include_str!("assets/inspector.css"), include_str!("assets/requests.css"), include_str!("assets/data.css")];
    Asset::new("inspector.css", "text/css; charset=utf-8", &sheets)
});

pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let scripts = [
        include_str!("assets/inspector.js"),
        include_str!("assets/requests.js"),
        include_str!("assets/palette.js"),
        include_str!("assets/data.js"),
    ];
    Asset::new("inspector.js", "text/javascript; charset=utf-8", &scripts)
});

pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon.svg", "image/svg+xml", &[include_str!("assets/icon.svg")]));

impl Asset {
    fn new(name: &str, content_type: &'static str, parts: &[&str]) -> Self {
        let text = parts.concat();
        let digest = Sha256::digest(&text).iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let digest = format!("{digest:016x}");
        let compressed = Bytes::from(gzip(text.as_bytes(), Compression::best()));
        let address = format!("/_emulator/assets/{name}?v={digest}");
        Self { content_type, text: Bytes::from(text), compressed, address, digest }
    }

    fn response(&self, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
        let is_compressed = accepts_gzip(headers);
        let body = if is_compressed { &self.compressed } else { &self.text };
        let mut response = typed(self.content_type, Bytes::clone(body));
        let is_current = uri.query().and_then(|query| query.strip_prefix("v=")) == Some(&self.digest);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(if is_current { KEPT } else { CHECKED }));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if is_compressed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

pub(super) async fn style(uri: Uri, headers: HeaderMap) -> Response<Body> {
    STYLE.response(&uri, &headers)
}

pub(super) async fn script(uri: Uri, headers: HeaderMap) -> Response<Body> {
    SCRIPT.response(&uri, &headers)
}

pub(super) async fn icon(uri: Uri, headers: HeaderMap) -> Response<Body> {
    ICON.response(&uri, &headers)
}

/// Whether a client reads gzip. An encoding that it excludes with `q=0` is not used.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|encoding| {
        let mut parts = encoding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
        is_gzip && weight.parse().is_ok_and(|weight: f32| weight > 0.0)
    })
}

pub(super) fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), level);
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("invariant: a vector takes all bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_only_for_clients_that_read_it() {
        for (accepted, expected) in [
            ("gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.8", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0, br", false),
            ("xgzip", false),
            ("identity", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(accepts_gzip(&headers), expected, "{accepted}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
