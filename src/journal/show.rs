//! Makes what is shown of a request: here its secrets are hidden.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use super::entry::{Entry, Headers, Reason, Text};
use super::raw::{Kept, Numbered, RawEntry, RawMessages};
use super::recorder::{Effects, MAX_EFFECTS};
use super::rows::{Change, Tables};
use super::{HIDDEN, redacted_header, redacted_path, redacted_text};
use crate::clock::milliseconds;

/// What is known of secrets and tables.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    /// In lower case. They are hidden in addition to the headers with the names of secrets.
    pub secret_headers: Vec<&'static str>,
    /// Empty until they are read from the database.
    pub tables: OnceLock<Arc<Tables>>,
}

/// How much of a request is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    Whole,
    /// Without headers and bodies, which take longest.
    WithoutMessages,
}

impl Redactor {
    pub(super) fn customer(&self, kept: &Kept) -> Option<i32> {
        match self.tables.get() {
            Some(tables) => kept.customer(tables),
            None => kept.request.customer,
        }
    }

    pub(super) fn entry(&self, numbered: &Numbered, detail: Detail) -> Entry {
        let Numbered { number, kept } = numbered;
        let request = &kept.request;
        let messages = &request.messages;
        let effects = &request.effects;
        let is_whole = detail == Detail::Whole;
        let (request_body, response_body) = if is_whole { bodies(request) } else { (Text::default(), Text::default()) };
        let (changes, left_out) = self.changes(effects);
        Entry {
            number: *number,
            request_id: request.request_id,
            received_at: request.received_at,
            tenant_time: request.tenant_time,
            tenant: request.tenant,
            key: self.key(request),
            operation: Cow::Borrowed(request.operation),
            route: Cow::Borrowed(request.route),
            method: request.method.clone(),
            path: path(messages, request.route),
            customer: self.customer(kept),
            request_headers: if is_whole { self.headers(messages.request_headers()) } else { Headers::default() },
            request_body,
            status: request.status,
            response_headers: if is_whole { self.headers(messages.response_headers()) } else { Headers::default() },
            response_body,
            duration_ms: milliseconds(request.duration),
            database_ms: milliseconds(request.waited),
            fault: request.fault.clone(),
            reasons: request.reasons.iter().map(|reason| shown_reason(reason, kept.are_reasons_redacted)).collect(),
            ignored: request.ignored.clone(),
            did_you_mean: request.did_you_mean.clone(),
            is_dry_run: request.is_dry_run,
            changes,
            events: effects.events.clone(),
            hooks: effects.hooks.clone(),
            left_out: effects.left_out + left_out,
        }
    }

    /// The changes as they are shown, up to the size of all effects, and how many more there are: they are larger than the rows as bytes.
    fn changes(&self, effects: &Effects) -> (Vec<Change>, usize) {
        let Some(tables) = self.tables.get() else { return (Vec::new(), 0) };
        let mut changes = Vec::new();
        let (mut bytes, mut left_out) = (0, 0);
        for change in effects.changes.iter().filter_map(|change| change.shown(tables)) {
            bytes += change.size();
            if bytes > MAX_EFFECTS {
                left_out += 1;
            } else {
                changes.push(change);
            }
        }
        (changes, left_out)
    }

    fn headers<'a>(&self, headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Headers {
        Headers::new(headers, &self.secret_headers)
    }

    /// The name of the key; of a credential that is not valid the last four characters, if it is long enough to stay secret without
    /// them.
    fn key(&self, request: &RawEntry) -> Option<String> {
        if let Some(key) = &request.key {
            return Some(key.to_string());
        }
        let name = request.credential_header?;
        let redacted = redacted_header(name, request.messages.request_header(name)?, &self.secret_headers);
        Some(if redacted == HIDDEN { redacted.into_owned() } else { redacted.replace(HIDDEN, "…") })
    }
}

fn path(messages: &RawMessages, route: &str) -> String {
    let path = String::from_utf8_lossy(messages.path());
    if messages.is_path_redacted { path.into_owned() } else { redacted_path(&path, route) }
}

/// The bodies of the request and the response.
fn bodies(request: &RawEntry) -> (Text, Text) {
    let messages = &request.messages;
    let header = |name: &str| std::str::from_utf8(messages.request_header(name)?).ok();
    let declared = header("content-length").and_then(|length| length.parse().ok()).filter(|length| *length > 0);
    let sent = messages.request_body();
    let request_body = match declared {
        Some(length) if sent.is_empty() => Text::unread(length),
        // The length is not known.
        None if messages.request_length.is_none() && header("transfer-encoding").is_some() => Text::unread(0),
        _ => Text::request_of(sent, messages.request_length.unwrap_or_default()),
    };
    (request_body, Text::response_of(messages.response_body(), messages.response_length))
}

fn shown_reason(reason: &Reason, is_redacted: bool) -> Reason {
    let Reason { field, rule, message } = reason;
    let message = if is_redacted { message.clone() } else { redacted_text(message) };
    Reason { field: field.clone(), rule: rule.clone(), message }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::super::entry::FaultNote;
    use super::super::raw::tests::request as empty;
    use super::super::recorder::Recorder;
    use super::super::row_bytes::RowBytes;
    use super::*;
    use crate::database::TenantId;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::try_from(*value).expect("a value"))
        };
        lines.iter().map(header).collect()
    }

    fn redactor() -> Redactor {
        let redactor = Redactor { secret_headers: vec!["x-acme"], ..Redactor::default() };
        let _ = redactor.tables.set(Arc::new(Tables::of_customers()));
        redactor
    }

    /// A request with a secret in each of its parts.
    fn request(messages: RawMessages) -> RawEntry {
        let recorder = Recorder::on(Arc::new(Tables::of_customers()));
        let row = |texts: [&'static str; 3]| RowBytes::of(&texts.map(Some));
        let (before, after) = (row(["7", "3", "row-secret-1"]), row(["7", "3", "row-secret-2"]));
        recorder.row("customers", Some(before), Some(after.clone()));
        recorder.row("customers", Some(after.clone()), Some(after));
        RawEntry {
            credential_header: Some("x-acme-key"),
            operation: "GetCustomer",
            route: "/v1/validate/tax-id/{taxId}",
            messages,
            duration: Duration::from_micros(1_500),
            waited: Duration::from_micros(250),
            fault: Some(FaultNote { id: 1, description: "status 500 before".to_owned() }),
            reasons: vec![Reason {
                field: "Password".to_owned(),
                rule: "passwordRule".to_owned(),
                message: "password=reason-secret".to_owned(),
            }],
            ignored: vec!["Shoesize".to_owned()],
            is_dry_run: true,
            effects: recorder.take(),
            ..empty(TenantId(7), 0)
        }
    }

    fn messages() -> RawMessages {
        let sent = headers(&[("host", "h"), ("x-acme", "header-secret"), ("x-acme-key", KEY), ("content-length", "9")]);
        let path = "/v1/validate/tax-id/path-secret?password=query-secret&a=1";
        let mut messages = RawMessages::of_request(path, "/v1/validate/tax-id/{taxId}", &sent);
        messages.read(br#"{"Password":"body-secret","A":1}"#);
        messages.respond(&headers(&[("set-cookie", "cookie-secret")]), br#"{"Token":"response-secret"}"#);
        messages
    }

    fn shown(messages: RawMessages, detail: Detail) -> Value {
        let numbered = Numbered { number: 5, kept: Arc::new(Kept::new(request(messages))) };
        serde_json::to_value(redactor().entry(&numbered, detail)).expect("JSON")
    }

    #[test]
    fn what_is_shown_has_no_secret() {
        assert_eq!(
            shown(messages(), Detail::Whole),
            json!({
                "number": 5, "request_id": Uuid::nil(), "received_at": "1970-01-01T00:00:00Z", "tenant_time": null,
                "key": "…cdef", "operation": "GetCustomer", "route": "/v1/validate/tax-id/{taxId}", "method": "GET",
                "path": "/v1/validate/tax-id/•••?password=•••&a=1", "customer": 3,
                "request_headers": [
                    ["host", "h"], ["x-acme", "•••"], ["x-acme-key", "•••cdef"], ["content-length", "9"]
                ],
                "request_body": { "text": r#"{"Password":"•••","A":1}"#, "bytes": 32, "is_truncated": false },
                "status": 200, "response_headers": [["set-cookie", "•••"]],
                "response_body": { "text": r#"{"Token":"•••"}"#, "bytes": 27, "is_truncated": false },
                "duration_ms": 1.5, "database_ms": 0.25, "fault": { "id": 1, "description": "status 500 before" },
                "reasons": [{ "field": "Password", "rule": "passwordRule", "message": "password=•••" }],
                "ignored": ["Shoesize"], "did_you_mean": [], "dry_run": true,
                "changes": [{ "table": "customers", "id": "3", "fields": [
                    { "field": "tax_id", "before": "•••", "after": "••• (changed)" }
                ] }],
                "events": [], "hooks": [], "left_out": 0
            })
        );
        let row = shown(messages(), Detail::WithoutMessages);
        assert_eq!(
            (&row["path"], &row["request_headers"]),
            (&json!("/v1/validate/tax-id/•••?password=•••&a=1"), &json!([]))
        );
        assert_eq!((&row["request_body"]["text"], &row["changes"][0]["id"]), (&json!(""), &json!("3")));
    }

    #[test]
    fn what_is_kept_is_not_printed() {
        let request = request(messages());
        assert!(!request.messages.request_body().is_empty());
        let printed = format!("{request:?} {:?} {:?}", request.messages, request.effects);
        assert!(!printed.contains("secret") && !printed.contains("115, 101, 99, 114, 101, 116"), "{printed}");
    }

    #[test]
    fn a_body_that_was_not_read_has_its_length() {
        let text = |lines: &[(&'static str, &str)], body: Option<&[u8]>| {
            let mut messages = RawMessages::of_request("/", "/", &headers(lines));
            if let Some(body) = body {
                messages.read(body);
            }
            shown(messages, Detail::Whole)["request_body"].clone()
        };
        let body = |text: &str, bytes: usize, is_truncated: bool| json!({ "text": text, "bytes": bytes, "is_truncated": is_truncated });
        assert_eq!(text(&[("content-length", "12")], None), body("", 12, true));
        assert_eq!(text(&[("transfer-encoding", "chunked")], None), body("", 0, true));
        assert_eq!(text(&[("transfer-encoding", "chunked")], Some(b"")), body("", 0, false));
        assert_eq!(text(&[], None), body("", 0, false));
        assert_eq!(text(&[("content-length", "2")], Some(b"{}")), body("{}", 2, false));
        let mut long = vec![b' '; 16 * 1024 - 20];
        long.extend(b"\"Password\": \"cut-secret\"");
        let cut = text(&[], Some(&long));
        assert_eq!((&cut["bytes"], &cut["is_truncated"]), (&json!(long.len()), &json!(true)));
        assert!(cut["text"].as_str().is_some_and(|text| text.ends_with("\"•••\"")), "{cut}");
    }

    #[test]
    fn long_paths_and_reasons_are_cut_without_their_secrets() {
        let path = format!("/?{}password=long-secret", "x".repeat(16 * 1024 - 12));
        let messages = RawMessages::of_request(&path, "/", &HeaderMap::new());
        let mut request = request(messages);
        request.reasons[0].message = format!("{}password=long-secret", "x".repeat(4 * 1024 - 12));
        let entry = redactor().entry(&Numbered { number: 1, kept: Arc::new(Kept::new(request)) }, Detail::Whole);
        for text in [&entry.path, &entry.reasons[0].message] {
            assert!(text.ends_with(" bytes)") && !text.contains("-secret") && !text.contains("lon"), "{text}");
        }
    }
}
