//! Reads a HAR file of any program.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use encoding_rs::Encoding;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize as _;
use thiserror::Error;
use url::Url;

use super::shape::{self, Content, Document, Entry, Pair, PostData};
use super::{LeftOut, MAX_HAR_BYTES, Reason, RecordedExchange, Recording};
use crate::journal::{HIDDEN, is_secret_header};
use crate::vendors::secret_headers;
use crate::verify::{Exchange, Request, Response};
use crate::wire::misread::without_value;

/// Why a file cannot be read. No message contains a value of the file.
#[derive(Debug, Error)]
pub enum HarError {
    #[error("{file} cannot be read: {reason}")]
    Unreadable { file: String, reason: String },
    #[error("{file} is no HAR file: {reason}")]
    NotHar { file: String, reason: String },
    /// One entry, counted from 1.
    #[error("{file}: entry {entry}: {reason}")]
    Entry { file: String, entry: usize, reason: String },
}

/// Reads a file of at most [`MAX_HAR_BYTES`].
///
/// # Errors
/// When it is no HAR file, is too long, has too many entries, or an entry cannot be read.
pub fn read_har(path: &Path) -> Result<Recording, HarError> {
    let file = path.display().to_string();
    let bytes = read_bytes(path).map_err(|reason| HarError::Unreadable { file: file.clone(), reason })?;
    parse(&file, &bytes)
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    // Opening a pipe might never end.
    let found = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_HAR_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_HAR_BYTES {
        return Err(format!("it is longer than {MAX_HAR_BYTES} bytes"));
    }
    Ok(bytes)
}

/// The exchanges in the content of a file.
pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Recording, HarError> {
    // Some programs for Windows write a byte order mark, or UTF-16.
    let text: Cow<'_, [u8]> = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => Cow::Owned(encoding.decode(bytes).0.into_owned().into_bytes()),
        None => Cow::Borrowed(bytes),
    };
    let mut json = serde_json::Deserializer::from_slice(&text);
    let mut track = serde_path_to_error::Track::new();
    let read = Document::deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
    let document = read.map_err(|error| misread(file, &track.path(), &error))?;
    let mut recording = Recording { is_cut_off: json.end().is_err(), ..Recording::default() };
    for (index, entry) in document.log.entries.0.into_iter().enumerate() {
        let number = index + 1;
        let read = recorded(number, entry, &mut recording.left_out);
        match read {
            Ok(found) => recording.exchanges.extend(found),
            Err(reason) => return Err(HarError::Entry { file: file.to_owned(), entry: number, reason }),
        }
    }
    recording.exchanges.sort_by_key(|recorded| recorded.exchange.at);
    Ok(recording)
}

fn misread(file: &str, path: &serde_path_to_error::Path, error: &serde_json::Error) -> HarError {
    use serde_path_to_error::Segment;

    let (file, message) = (file.to_owned(), without_value(&error.to_string()));
    let mut segments = path.iter();
    let entry = segments.find_map(|segment| match segment {
        Segment::Seq { index } => Some(index + 1),
        _ => None,
    });
    let Some(entry) = entry else { return HarError::NotHar { file, reason: message } };
    let member: Vec<String> = segments.map(ToString::to_string).collect();
    let member = member.join(".").replace(".[", "[");
    let reason = if member.is_empty() { message } else { format!("{member}: {message}") };
    HarError::Entry { file, entry, reason }
}

/// The exchange of an entry; `None` for one that is left out.
fn recorded(number: usize, entry: Entry, left_out: &mut LeftOut) -> Result<Option<RecordedExchange>, String> {
    let Entry { started_date_time: at, request, response } = entry;
    let Some(response) = response.filter(|response| response.status.unwrap_or(0) > 0) else {
        left_out.add(Reason::Aborted);
        return Ok(None);
    };
    let url = Url::parse(&request.url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let (Some(url), false) = (url, request.method.eq_ignore_ascii_case("CONNECT")) else {
        left_out.add(Reason::NotHttp);
        return Ok(None);
    };
    if request.method.eq_ignore_ascii_case("OPTIONS") {
        left_out.add(Reason::Preflight);
        return Ok(None);
    }
    let (request, lacks_request_body) = read_request(request)?;
    let (response, lacks_response_body) = read_response(response, &request.method)?;
    let is_masked = is_masked(&request);
    let host = host(&url);
    let exchange = Exchange { at, request, response };
    Ok(Some(RecordedExchange { entry: number, host, exchange, lacks_request_body, lacks_response_body, is_masked }))
}

fn read_request(request: shape::Request) -> Result<(Request, bool), String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if request.method.is_empty() || !request.method.bytes().all(is_token) {
        return Err("request.method: it is not a method of HTTP".to_owned());
    }
    let path = path(&request.url, &request.query_string);
    let length: usize = value_of(&request.headers, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let is_sent = length > 0 || request.body_size.is_some_and(|size| size > 0.0);
    let (body, is_text) = match request.post_data {
        Some(data) => read_post_data(data)?,
        None => (None, false),
    };
    let lacks_body = is_sent && body.as_ref().is_none_or(Vec::is_empty);
    let secret_headers = secret_headers();
    let is_kept = |name: &str| !is_secret_header(name, &secret_headers) && !OF_CONNECTION.contains(&name);
    let headers = headers(request.headers, is_text, is_kept);
    Ok((Request { method: request.method, path, headers, body: body.unwrap_or_default() }, lacks_body))
}

fn read_response(response: shape::Response, method: &str) -> Result<(Response, bool), String> {
    let status = response.status.and_then(|status| u16::try_from(status).ok()).filter(|status| *status < 1000);
    let status = status.ok_or("response.status: it is not a status of HTTP")?;
    let Content { size, text, encoding } = response.content;
    let has_none = method.eq_ignore_ascii_case("HEAD") || matches!(status, 204 | 304);
    let is_empty = size.unwrap_or(-1.0) == 0.0 && response.body_size.unwrap_or(0.0) <= 0.0;
    let is_text = encoding.is_none();
    let body = text.map(|text| decoded("response.content", text, encoding.as_deref())).transpose()?;
    let lacks_body = body.is_none() && !has_none && !is_empty;
    let headers = headers(response.headers, is_text, |name| name != "set-cookie" && !OF_CODING.contains(&name));
    Ok((Response { status, headers, body: body.unwrap_or_default() }, lacks_body))
}

/// The headers of a request that are its connection's. A repeated request has its own.
const OF_CONNECTION: [&str; 12] = [
    "host",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "accept-encoding",
    "connection",
    "proxy-connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
];

/// The headers of a response that do not describe its decoded body.
const OF_CODING: [&str; 3] = ["content-encoding", "transfer-encoding", "content-length"];

/// The headers with these names, which are compared in lower case. Names of HTTP/2 begin with a colon.
fn headers(pairs: Vec<Pair>, is_text: bool, is_kept: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let is_named = |pair: &Pair| !pair.name.is_empty() && !pair.name.starts_with(':');
    let pairs = pairs.into_iter().filter(|pair| is_named(pair) && is_kept(&pair.name.to_ascii_lowercase()));
    let one = |Pair { name, value }: Pair| {
        let mut value = value.unwrap_or_default();
        if is_text && name.eq_ignore_ascii_case("content-type") {
            value = of_text(value);
        }
        (name, value)
    };
    pairs.map(one).collect()
}

/// A Content-Type for a body that is in UTF-8 here, whatever it was in when it was sent.
fn of_text(content_type: String) -> String {
    let lower = content_type.to_ascii_lowercase();
    let names_another = lower.contains("charset") && !lower.contains("utf-8") && !lower.contains("utf8");
    if !names_another {
        return content_type;
    }
    format!("{}; charset=utf-8", content_type.split(';').next().unwrap_or_default())
}

fn value_of<'a>(pairs: &'a [Pair], name: &str) -> Option<&'a str> {
    pairs.iter().find(|pair| pair.name.eq_ignore_ascii_case(name))?.value.as_deref()
}

/// The body, and whether it was stored as a text; no body where the file has none, or only the parts of a multipart form.
fn read_post_data(data: PostData) -> Result<(Option<Vec<u8>>, bool), String> {
    let PostData { mime_type, text, encoding, params } = data;
    if let Some(text) = text.filter(|text| !text.is_empty() || params.is_empty()) {
        let is_text = encoding.is_none();
        return Ok((Some(decoded("request.postData", text, encoding.as_deref())?), is_text));
    }
    let mime_type = mime_type.unwrap_or_default().to_ascii_lowercase();
    if params.is_empty() || !(mime_type.is_empty() || mime_type.starts_with("application/x-www-form-urlencoded")) {
        return Ok((None, false));
    }
    Ok((Some(form(&params).into_bytes()), true))
}

fn form(pairs: &[Pair]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs.iter().map(|pair| (&pair.name, pair.value.as_deref().unwrap_or_default())));
    form.finish()
}

/// Padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn decoded(member: &str, text: String, encoding: Option<&str>) -> Result<Vec<u8>, String> {
    match encoding {
        None | Some("") => Ok(text.into_bytes()),
        Some(name) if name.eq_ignore_ascii_case("base64") => {
            let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            BASE64.decode(text).map_err(|_| format!("{member}.text: it is not Base64, which {member}.encoding says"))
        }
        Some(_) => Err(format!("{member}.encoding: only base64 is known")),
    }
}

/// The characters of a path that are percent-encoded; a file may have them as they are.
const NOT_IN_PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

/// The path and query of an absolute URL as they stand there, without a key among the parameters. Some programs have the query only
/// as a list.
fn path(url: &str, query: &[Pair]) -> String {
    let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
    let start = after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len());
    let path = after_scheme[start..].split('#').next().unwrap_or_default();
    let (path, own_query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query.to_owned())));
    let query = own_query.or_else(|| (!query.is_empty()).then(|| form(query)));
    let query = query.map(|query| query.split('&').filter(|pair| !is_key(pair)).collect::<Vec<_>>().join("&"));
    let slash = if path.starts_with('/') { "" } else { "/" };
    let query = query.filter(|query| !query.is_empty()).map_or_else(String::new, |query| format!("?{query}"));
    utf8_percent_encode(&format!("{slash}{path}{query}"), NOT_IN_PATH).to_string()
}

/// Whether a parameter of a query is a credential.
fn is_key(pair: &str) -> bool {
    let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name);
    name.is_some_and(|name| secret_headers().iter().any(|secret| secret.eq_ignore_ascii_case(&name)))
}

/// `host`, or `host:port` where the port is not the scheme's.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

fn is_masked(request: &Request) -> bool {
    let encoded = utf8_percent_encode(HIDDEN, NOT_IN_PATH).to_string();
    request.path.contains(&encoded) || memchr::memmem::find(&request.body, HIDDEN.as_bytes()).is_some()
}
