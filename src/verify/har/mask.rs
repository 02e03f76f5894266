//! Hides the secrets of an exchange before it is written: those that the journal hides, and their repetitions in the rest of it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::journal::{HIDDEN, is_secret_header, redact_json, redacted_header, redacted_path, redacted_text};
use crate::secret::without;
use crate::vendors::secret_headers;
use crate::verify::Exchange;

/// Shorter values are not looked for in the rest of the exchange: they would be found by chance. In bytes.
const SHORTEST_REPEATED: usize = 6;

/// The number of values that are looked for.
const MAX_REPEATED: usize = 100;

/// No path has the pattern of a route here, so all after the name of a secret is hidden.
const NO_ROUTE: &str = "-";

#[derive(Debug)]
pub(in crate::verify) struct Mask {
    secret_headers: Vec<&'static str>,
    /// The values of the request's secrets. A service may repeat them, for example in the message of a rejection.
    repeated: Vec<String>,
}

impl Mask {
    /// `known` are secrets that the exchange may contain anywhere.
    pub(in crate::verify) fn of(exchange: &Exchange, known: &[String]) -> Self {
        let secret_headers = secret_headers();
        let request = &exchange.request;
        let mut values = known.to_vec();
        for (name, value) in &request.headers {
            if is_secret_header(&name.to_ascii_lowercase(), &secret_headers) {
                values.extend(credentials(value));
            }
        }
        values.extend(hidden_values(&request.path, &redacted_path(&request.path, NO_ROUTE)));
        if let Ok(body) = std::str::from_utf8(&request.body) {
            values.extend(hidden_in_body(body));
        }
        let decoded: Vec<String> = values.iter().map(|value| decoded(value)).collect();
        values.extend(decoded);
        values.retain(|value| value.len() >= SHORTEST_REPEATED && value != HIDDEN);
        // A longer one may contain a shorter one.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        values.truncate(MAX_REPEATED);
        Self { secret_headers, repeated: values }
    }

    pub(in crate::verify) fn path(&self, path: &str) -> String {
        self.without_repeated(redacted_path(path, NO_ROUTE))
    }

    pub(super) fn header(&self, name: &str, value: &str) -> String {
        let name = name.to_ascii_lowercase();
        if is_secret_header(&name, &self.secret_headers) {
            // The journal shows the end of a key; a file is passed on.
            return HIDDEN.to_owned();
        }
        let value = match name.as_str() {
            "location" | "content-location" | "referer" => Cow::Owned(redacted_path(value, NO_ROUTE)),
            _ => Cow::Borrowed(value),
        };
        self.without_repeated(redacted_header(&name, value.as_bytes(), &self.secret_headers).into_owned())
    }

    /// A text without secrets. JSON stays JSON, and what has none stays as it is.
    pub(in crate::verify) fn text(&self, text: &str) -> String {
        let redacted = redacted_text(text);
        // Without a secret in it, the text may still be written anew.
        let shown = if redacted.contains(HIDDEN) { redacted } else { text.to_owned() };
        let shown = self.without_repeated(shown);
        if shown == text || is_json(&shown) {
            return shown;
        }
        match serde_json::from_str(text) {
            Ok(mut value) => {
                redact_json(&mut value);
                self.hide_repeated(&mut value);
                value.to_string()
            }
            Err(_) => shown,
        }
    }

    fn without_repeated(&self, text: String) -> String {
        self.repeated
            .iter()
            .fold(text, |text, secret| if text.contains(secret) { without(&text, secret) } else { text })
    }

    fn hide_repeated(&self, value: &mut Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(|member| self.hide_repeated(member)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide_repeated(item)),
            Value::String(text) => *text = self.without_repeated(std::mem::take(text)),
            Value::Number(number) if self.repeated.contains(&number.to_string()) => *value = HIDDEN.into(),
            Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The secrets in the value of a header: all of it, the part after the scheme, and of Basic credentials the password.
fn credentials(value: &str) -> Vec<String> {
    let mut found = vec![value.to_owned()];
    if let Some((scheme, rest)) = value.split_once(' ') {
        found.push(rest.trim().to_owned());
        let pair = STANDARD.decode(rest.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"));
        let pair = pair.and_then(|pair| String::from_utf8(pair).ok());
        found.extend(pair.and_then(|pair| Some(pair.split_once(':')?.1.to_owned())));
    }
    found
}

fn hidden_in_body(body: &str) -> Vec<String> {
    let Ok(original) = serde_json::from_str::<Value>(body) else {
        return hidden_values(body, &redacted_text(body));
    };
    let mut masked = original.clone();
    redact_json(&mut masked);
    let mut values = Vec::new();
    collect_hidden(&original, &masked, &mut values);
    values
}

/// What the mask replaced in JSON.
fn collect_hidden(original: &Value, masked: &Value, values: &mut Vec<String>) {
    match (original, masked) {
        (Value::Object(members), Value::Object(others)) => {
            members.iter().zip(others).for_each(|((_, member), (_, other))| collect_hidden(member, other, values));
        }
        (Value::Array(items), Value::Array(others)) => {
            items.iter().zip(others).for_each(|(item, other)| collect_hidden(item, other, values));
        }
        (Value::Object(members), _) => members.values().for_each(|member| collect_hidden(member, masked, values)),
        (Value::Array(items), _) => items.iter().for_each(|item| collect_hidden(item, masked, values)),
        (Value::String(text), Value::String(other)) => values.extend(hidden_values(text, other)),
        (Value::Number(number), Value::String(_)) => values.push(number.to_string()),
        _ => {}
    }
}

/// What the mask replaced in a text; nothing where the rest of the text differs.
fn hidden_values(original: &str, masked: &str) -> Vec<String> {
    let mut pieces = masked.split(HIDDEN);
    let Some(mut rest) = pieces.next().and_then(|first| original.strip_prefix(first)) else { return Vec::new() };
    let mut values = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let is_last = pieces.peek().is_none();
        let end = if is_last && rest.ends_with(piece) { Some(rest.len() - piece.len()) } else { rest.find(piece) };
        let Some(end) = end else { break };
        values.push(rest[..end].trim_matches('"').to_owned());
        rest = &rest[end + piece.len()..];
    }
    values
}

/// A value of a form or path without its escapes.
fn decoded(value: &str) -> String {
    percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()
}
