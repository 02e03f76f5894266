//! Storm's readers for `crate::fuzzing`.

use axum::http::HeaderMap;
use chrono_tz::Tz;

use super::changes::Changes;
use super::wire::json::{format_date, parse_date};
use super::wire::read::read;
use super::wire::request::Customer;
use super::{route, token};
use crate::vendor_facts::StormPlan;
use crate::wire::json::{Rewritten, Source};
use crate::wire::relaxed::Leniency;

/// A customer. `again` is its value as it is written, if numbers keep their digits in it.
pub(crate) fn json(bytes: &[u8], leniency: Leniency, again: Option<&[u8]>) {
    for strict_dates in [false, true] {
        let plan = StormPlan { strict_dates, ..StormPlan::default() };
        let buffer = Rewritten::default();
        let Ok(Some(first)) = read::<Customer>(Source { bytes, leniency, buffer: &buffer }, &plan) else { return };
        let _ = Changes::creation(&first, &plan);
        let Some(again) = again else { continue };
        let buffer = Rewritten::default();
        let again = read::<Customer>(Source { bytes: again, leniency, buffer: &buffer }, &plan);
        let again = again.expect("what is written is read").expect("an object");
        if first.rejections.is_empty() {
            assert_eq!(again.value, first.value);
        }
    }
}

/// The form of the token endpoint, and the client in its header.
pub(crate) fn token_form(headers: &HeaderMap, body: &[u8]) {
    let _ = token::of_header(headers);
    let pairs = token::form(headers, body);
    let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    assert_eq!(token::form(&HeaderMap::new(), written.as_bytes()), pairs);
}

pub(crate) fn path(path: &str) {
    let _ = (route::is_storm(path), route::without_base(path));
    if let Some(canonical) = route::canonical_path(path) {
        assert_eq!(route::canonical_path(&canonical).as_deref(), Some(&*canonical));
    }
}

pub(crate) fn date(text: &str) {
    for strict in [false, true] {
        let Some(date) = parse_date(text, strict) else { continue };
        for zone in [Tz::Europe__Stockholm, Tz::Pacific__Apia, Tz::Africa__Monrovia] {
            let written = format_date(date, zone);
            let again = parse_date(&written, true).map(|date| date.timestamp_millis());
            assert_eq!(again, Some(date.timestamp_millis()), "{written}");
        }
    }
}
