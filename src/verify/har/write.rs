//! The entry of a HAR file that an exchange becomes.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use chrono::SecondsFormat;
use percent_encoding::{CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::mask::Mask;
use crate::clock::milliseconds;
use crate::verify::Exchange;
use crate::wire::coding::response_to_utf8;

/// An exchange to be written. Its headers may have the credentials.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    pub exchange: &'a Exchange,
    /// From the request to the end of the response.
    pub took: Duration,
    /// Why a body is not written.
    pub request_body: Option<LeftOutBody>,
    pub response_body: Option<LeftOutBody>,
    /// Secrets that are hidden wherever they stand.
    pub secrets: &'a [String],
}

/// Why a body is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOutBody {
    /// Longer than the limit of the program that stores it.
    TooLong,
    /// In no known encoding, so that no secrets can be found in it.
    NotText,
    /// Compressed in an unknown way.
    UnknownCoding,
}

impl LeftOutBody {
    fn comment(self) -> &'static str {
        match self {
            Self::TooLong => "not stored: too long",
            Self::NotText => "not stored: not a text",
            Self::UnknownCoding => "not stored: its Content-Encoding is not known",
        }
    }
}

/// The entry as JSON without line breaks. `origin` is the scheme and host of the service, without a slash at the end.
pub(super) fn entry(origin: &str, stored: &Stored<'_>) -> String {
    let Exchange { at, request, response } = stored.exchange;
    let mask = Mask::of(stored.exchange, stored.secrets);
    let path = mask.path(&request.path);
    let headers = |headers: &[(String, String)]| -> Value {
        let one = |(name, value): &(String, String)| json!({ "name": name, "value": mask.header(name, value) });
        headers.iter().map(one).collect()
    };
    let took = milliseconds(stored.took);
    let mut written_request = json!({
        "method": request.method,
        // Control characters and all that is not ASCII.
        "url": format!("{origin}{}", utf8_percent_encode(&path, CONTROLS)),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(&request.headers),
        "queryString": query_string(&path),
        "headersSize": -1,
        "bodySize": request.body.len(),
    });
    let mime_type = request.header("content-type").unwrap_or_default();
    match text(&request.body, mime_type, stored.request_body, &mask) {
        Ok(text) if text.is_empty() => {}
        Ok(text) => written_request["postData"] = json!({ "mimeType": mime_type, "params": [], "text": text }),
        Err(why) => {
            written_request["postData"] = json!({ "mimeType": mime_type, "params": [], "comment": why.comment() });
            // One or more bytes, so that a reader knows that there is a body.
            written_request["bodySize"] = request.body.len().max(1).into();
        }
    }
    let mime_type = response.header("content-type").unwrap_or_default();
    let content = match text(&response.body, mime_type, stored.response_body, &mask) {
        Ok(text) => json!({ "size": response.body.len(), "mimeType": mime_type, "text": text }),
        Err(why) => json!({ "size": -1, "mimeType": mime_type, "comment": why.comment() }),
    };
    let location = response.header("location").map(|location| mask.header("location", location));
    let status = StatusCode::from_u16(response.status).ok();
    let written = json!({
        "startedDateTime": at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "time": took,
        "request": written_request,
        "response": {
            "status": response.status,
            "statusText": status.and_then(|status| status.canonical_reason()).unwrap_or_default(),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": headers(&response.headers),
            "content": content,
            "redirectURL": location.unwrap_or_default(),
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": { "send": 0, "wait": took, "receive": 0 },
    });
    written.to_string()
}

/// The masked text of a body, or why there is none.
fn text(body: &[u8], mime_type: &str, left_out: Option<LeftOutBody>, mask: &Mask) -> Result<String, LeftOutBody> {
    if let Some(why) = left_out {
        return Err(why);
    }
    let content_type = HeaderValue::from_str(mime_type).ok();
    let headers: HeaderMap =
        content_type.into_iter().map(|value| (HeaderName::from_static("content-type"), value)).collect();
    let body = response_to_utf8(body.to_vec().into(), &headers);
    std::str::from_utf8(&body).map(|text| mask.text(text)).map_err(|_| LeftOutBody::NotText)
}

fn query_string(path: &str) -> Value {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.map(|(name, value)| json!({ "name": name, "value": value })).collect()
}
