//! The headers that a proxy passes on (RFC 9110, 7.6.1).

use axum::http::{HeaderMap, HeaderName, header};

/// The headers of a connection, and not of a message.
const OF_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The headers that go to the other end: all but those of the connection and those that Connection names.
pub(super) fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let is_passed_on = |name: &HeaderName| !OF_CONNECTION.contains(name) && !named.contains(name);
    let passed_on = headers.iter().filter(|(name, _)| is_passed_on(name));
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in passed_on {
        kept.append(name, value.clone());
    }
    kept
}

/// Names and values as texts, for a file.
pub(super) fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let pair = |(name, value): (&HeaderName, &axum::http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    headers.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_connection_are_not_passed_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic eDp5"),
            ("transfer-encoding", "chunked"),
            ("content-length", "2"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ] {
            headers.append(name, value.parse().expect("a value"));
        }
        let kept = pairs(&end_to_end(&headers));
        let expected = [("content-length", "2"), ("set-cookie", "a=1"), ("set-cookie", "b=2")];
        assert_eq!(kept, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
