//! DirectScale's readers for `crate::fuzzing`.

use super::query::{Parameters, look_up};
use super::wire::Body;
use crate::wire::json::{Rewritten, Source};
use crate::wire::relaxed::Leniency;

/// A body of each operation. `again` is its value as it is written, if numbers keep their digits in it.
pub(crate) fn json(bytes: &[u8], leniency: Leniency, again: Option<&[u8]>) {
    let buffer = Rewritten::default();
    let Ok(body) = Body::read(Source { bytes, leniency, buffer: &buffer }) else { return };
    let (fields, patch, password) = (body.fields(), body.patch(true), body.password());
    let _ = (body.patch(false), body.text("Username"), body.number("pointsToAdd"), body.ignored(&["Username"]));
    let Some(again) = again else { return };
    let buffer = Rewritten::default();
    let body = Body::read(Source { bytes: again, leniency, buffer: &buffer }).expect("what is written is read");
    if fields.violations.is_empty() {
        assert_eq!(body.fields().content, fields.content);
    }
    if patch.violations.is_empty() {
        assert_eq!(body.patch(true).content, patch.content);
    }
    assert_eq!(body.password().content, password.content);
}

/// The parameters of a query, as operations read them.
pub(crate) fn query(query: &str) {
    let parameters = Parameters::parse(query);
    let _ = look_up(&parameters);
    for name in ["email", "customerIds", "levels", "date", "tree", "username", "subscription-key", "countries"] {
        let _ = parameters.required(name);
        let _ = (parameters.integer(name), parameters.integers(name), parameters.required_integer(name));
        let _ = (parameters.countries(name), parameters.flag(name), parameters.date(name));
        if let Some(value) = parameters.value(name) {
            let pair = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
            assert_eq!(Parameters::parse(&pair).value(name), Some(value));
        }
    }
}
