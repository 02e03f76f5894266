//! Hides secrets, and personal data of real people, in what a comparison prints. What the run itself has made up stays.

use std::collections::BTreeSet;

use serde_json::Value;

use super::exchange::Exchange;
use super::har::Mask;
use crate::journal::is_secret_name;
use crate::secret::HIDDEN;

/// Parts of the names of members that hold personal data, in lower case.
const PERSONAL: [&str; 20] = [
    "name",
    "email",
    "phone",
    "mobile",
    "cell",
    "fax",
    "street",
    "address",
    "city",
    "postal",
    "zip",
    "region",
    "birth",
    "user",
    "alias",
    "company",
    "url",
    "ssn",
    "bank",
    "reference",
];

/// What a run has sent, which is no personal data.
#[derive(Debug, Default)]
pub(super) struct Sent(BTreeSet<String>);

impl Sent {
    /// Remembers the texts of a body.
    pub(super) fn add_body(&mut self, body: &[u8]) {
        if let Ok(body) = serde_json::from_slice::<Value>(body) {
            self.add(&body);
        }
    }

    fn add(&mut self, value: &Value) {
        match value {
            Value::String(text) => drop(self.0.insert(text.to_lowercase())),
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(members) => members.values().for_each(|value| self.add(value)),
            _ => {}
        }
    }

    fn is_personal(&self, name: &str, text: &str) -> bool {
        let name = name.to_ascii_lowercase();
        PERSONAL.iter().any(|part| name.contains(part)) && !self.0.contains(&text.to_lowercase())
    }

    /// A text such as a message, without the e-mail addresses that the run has not sent.
    fn without_addresses(&self, text: &str) -> String {
        if !text.contains('@') {
            return text.to_owned();
        }
        let is_outside = |character: char| character.is_whitespace() || "'\"<>(),;".contains(character);
        let mut masked = String::with_capacity(text.len());
        for piece in text.split_inclusive(is_outside) {
            let word = piece.trim_end_matches(is_outside);
            let is_shown = !word.contains('@') || self.0.contains(&word.trim_end_matches('.').to_lowercase());
            masked.push_str(&if is_shown { word.to_owned() } else { masked_text(word) });
            masked.push_str(&piece[word.len()..]);
        }
        masked
    }
}

/// An exchange as it is shown.
pub(super) struct Masked<'a> {
    sent: &'a Sent,
    mask: Mask,
}

impl<'a> Masked<'a> {
    pub(super) fn new(sent: &'a Sent, exchange: &Exchange) -> Self {
        Self { sent, mask: Mask::of(exchange, &[]) }
    }

    /// A path and query.
    pub(super) fn path(&self, path: &str) -> String {
        self.sent.without_addresses(&self.mask.path(path))
    }

    /// A body as JSON if it is JSON, otherwise as a text.
    pub(super) fn body(&self, body: &[u8]) -> Value {
        let text = self.mask.text(&String::from_utf8_lossy(body));
        match serde_json::from_str::<Value>(&text) {
            Ok(body) => self.value("", &body),
            Err(_) => self.sent.without_addresses(&text).into(),
        }
    }

    /// A value; `name` is its member's.
    pub(super) fn value(&self, name: &str, value: &Value) -> Value {
        match value {
            Value::String(_) | Value::Number(_) if is_secret_name(name) => HIDDEN.into(),
            Value::String(text) if self.sent.is_personal(name, text) => masked_text(text).into(),
            // An address can carry a token.
            Value::String(text) if text.contains("://") => self.path(text).into(),
            Value::String(text) => self.sent.without_addresses(&self.mask.text(text)).into(),
            Value::Array(items) => items.iter().map(|item| self.value(name, item)).collect::<Vec<_>>().into(),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), self.value(name, value))).collect())
            }
            other => other.clone(),
        }
    }
}

/// The letters as `x`, the digits as `0`: case, length and format stay visible.
fn masked_text(text: &str) -> String {
    let masked = |character: char| match character {
        _ if character.is_numeric() => '0',
        _ if character.is_uppercase() => 'X',
        _ if character.is_alphabetic() => 'x',
        other => other,
    };
    text.chars().map(masked).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::verify::exchange::{Request, Response};

    const SENT: &[u8] = br#"{"FirstName": "Emvk3", "TaxId": "123456789"}"#;

    #[test]
    fn only_what_the_run_has_sent_is_shown() {
        let request = Request { method: "POST".into(), path: "/".into(), headers: Vec::new(), body: SENT.to_vec() };
        let response = Response { status: 200, headers: Vec::new(), body: Vec::new() };
        let exchange = Exchange { at: chrono::DateTime::UNIX_EPOCH, request, response };
        let mut sent = Sent::default();
        sent.add_body(SENT);
        let body = json!({
            "FirstName": "emvk3", "LastName": "O'Hara 2", "TaxId": "123456789", "CustomerType": 2,
            "PrimaryAddress": { "City": "Orem" }, "Message": "It is required."
        });
        let masked = json!({
            "FirstName": "emvk3", "LastName": "X'Xxxx 0", "TaxId": "•••", "CustomerType": 2,
            "PrimaryAddress": { "City": "Xxxx" }, "Message": "It is required."
        });
        let shown = Masked::new(&sent, &exchange);
        assert_eq!(shown.value("", &body), masked);
        let message = json!("No tax id 123456789 of ada@people.example: https://x.example/?token=0123456789abcdef");
        let text = shown.value("Message", &message).to_string();
        assert!(!text.contains("123456789") && !text.contains("people") && !text.contains("abcdef"), "{text}");
        assert_eq!(
            shown.path("/v1/validate/login?username=x&password=Secret12"),
            "/v1/validate/login?username=x&password=•••"
        );
    }
}
