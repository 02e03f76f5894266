//! A request of the journal as code.

use maud::{Markup, html};

use super::code::{Credential, Expected, Language, PanelId, Sample, Secret, panel};
use crate::journal::{Entry, HIDDEN};
use crate::vendors::{Presentation, VendorApi, vendor_of_operation};

/// Headers that clients send themselves, or whose value the journal does not have.
const OMITTED_HEADERS: [&str; 8] = [
    "host",
    "content-length",
    "connection",
    "user-agent",
    "accept-encoding",
    "ocp-apim-subscription-key",
    "transfer-encoding",
    // The journal has the decompressed body.
    "content-encoding",
];

/// The code of a request, with buttons that copy it. `origin` has scheme, host and port of the vendor APIs. The request's own Host is
/// not used: the client chose it, and the code sends the key there.
pub(super) fn section(entry: &Entry, origin: &str) -> Markup {
    let Some(sample) = sample(entry, origin) else { return html! {} };
    let is_incomplete = sample.url.contains(HIDDEN)
        || sample.body.as_ref().is_some_and(|body| body.contains(HIDDEN))
        || entry.request_body.is_truncated;
    html! {
        section aria-labelledby="code" {
            h2 #code { "Send it again from a program" }
            @if is_incomplete {
                p.hint { "Replace " (HIDDEN) " and complete the body: the journal has no secrets, and only the beginning of long bodies." }
            }
            (panel(PanelId::default(), "The same request as code", Language::ALL, &sample))
        }
    }
}

/// `None` for a request whose target is not a path.
fn sample(entry: &Entry, origin: &str) -> Option<Sample> {
    let path = without_key(&entry.path);
    if !path.starts_with('/') {
        return None;
    }
    let mut headers = Vec::new();
    for (name, value) in entry.request_headers.iter() {
        let is_omitted = OMITTED_HEADERS.contains(&name) || (name == "accept" && value == "*/*");
        let value = if name == "content-type" { in_utf8(value) } else { value.to_owned() };
        if !is_omitted && !value.contains(HIDDEN) {
            headers.push((name.to_owned(), value));
        }
    }
    let message = entry.reasons.first().map(|reason| reason.message.clone()).filter(|message| is_in_body(message));
    let name = if entry.operation == "-" { format!("{} request", entry.method) } else { entry.operation.to_string() };
    Some(Sample {
        method: entry.method.to_string(),
        url: format!("{origin}{path}"),
        headers,
        credential: credential(vendor_of_operation(&entry.operation)),
        body: (!entry.request_body.text.is_empty()).then(|| readable(&entry.request_body.text)),
        expected: entry.status.map(|status| Expected { name, status, message }),
    })
}

/// The credential of a vendor, in a variable of the environment.
fn credential(vendor: &VendorApi) -> Credential {
    let secret = Secret::Variable(vendor.presented.variable);
    match vendor.presented.way {
        Presentation::Header(name) => Credential::Header { name, value: secret },
        Presentation::Basic => Credential::Basic(secret),
        Presentation::Bearer => Credential::Bearer(secret),
    }
}

/// Whether JSON has a message as it is, without escapes.
fn is_in_body(message: &str) -> bool {
    !message.contains(['"', '\\', '…']) && !message.contains(HIDDEN) && !message.contains(char::is_control)
}

/// JSON with indentation; anything else as it was sent.
fn readable(body: &str) -> String {
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok();
    if is_json { super::pretty_json(body) } else { body.to_owned() }
}

pub(super) fn header<'a>(entry: &'a Entry, name: &str) -> Option<&'a str> {
    entry.request_headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// A content type without a charset other than UTF-8, because the journal has bodies in UTF-8.
pub(super) fn in_utf8(content_type: &str) -> String {
    let mut parts = content_type.split(';');
    let kept = parts.next().into_iter().chain(parts.filter(|part| {
        let name = part.split('=').next().unwrap_or_default();
        !name.trim().eq_ignore_ascii_case("charset") || part.to_ascii_lowercase().contains("utf-8")
    }));
    kept.collect::<Vec<_>>().join(";")
}

/// A path without the query parameter of the key.
pub(super) fn without_key(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let is_kept = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !name.eq_ignore_ascii_case("subscription-key") && *pair != HIDDEN
    };
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_has_no_charset_other_than_utf_8() {
        for (content_type, expected) in [
            ("application/json", "application/json"),
            ("application/json; charset=utf-8", "application/json; charset=utf-8"),
            ("text/xml;a=b; Charset=\"utf-16\"", "text/xml;a=b"),
        ] {
            assert_eq!(in_utf8(content_type), expected);
        }
    }

    #[test]
    fn the_key_is_not_in_the_path() {
        assert_eq!(without_key("/v1/customers/3?subscription-key=•••&x=1"), "/v1/customers/3?x=1");
        assert_eq!(without_key("/v1/customers/3?•••"), "/v1/customers/3");
        assert_eq!(without_key("/v1/customers/3"), "/v1/customers/3");
    }

    #[test]
    fn only_json_is_indented() {
        assert_eq!(readable(r#"{"a":1}"#), "{\n  \"a\": 1\n}");
        for odd in ["{ a: 1 // note\n}", "{\"a\":•••}", "a=b", "[1"] {
            assert_eq!(readable(odd), odd);
        }
    }
}
