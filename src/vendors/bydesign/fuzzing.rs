//! ByDesign's readers for `crate::fuzzing`.

use axum::http::{HeaderMap, header};
use chrono_tz::Tz;
use encoding_rs::Encoding;

use super::body;
use super::creation::{MEMBERS, MODEL};
use super::dates::{self, Moment};
use super::members::{Members, Scalar};
use super::negotiate::{BodyType, response_type};
use super::reader::read;
use super::xml::escape;
use crate::vendor_facts::DefaultFormat;
use crate::wire::dates::DateForms;
use crate::wire::json::{Rewritten, Source};
use crate::wire::relaxed::Leniency;

const ZONE: Tz = Tz::America__New_York;

/// A creation in JSON. `again` is its value as it is written, if numbers keep their digits in it.
pub(crate) fn json(bytes: &[u8], leniency: Leniency, again: Option<&[u8]>) {
    let read_as = |bytes: &[u8]| {
        let buffer = Rewritten::default();
        let source = Source { bytes, leniency, buffer: &buffer };
        Some(read(&body::read(&BodyType::of(Some("text/json")), source, None, MODEL).ok()?, ZONE))
    };
    let Some(first) = read_as(bytes) else { return };
    if let Some(again) = again.filter(|_| first.violations.is_empty()) {
        assert_eq!(read_as(again).map(|second| second.creation), Some(first.creation));
    }
}

/// A creation as a form.
pub(crate) fn form(bytes: &[u8], charset: Option<&'static Encoding>) {
    let buffer = Rewritten::default();
    let source = Source { bytes, leniency: Leniency::JsonNet, buffer: &buffer };
    let body_type = BodyType::of(Some("application/x-www-form-urlencoded"));
    let Ok(members) = body::read(&body_type, source, charset, MODEL) else { return };
    let first = read(&members, ZONE);
    let pairs = texts(&members);
    let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let source = Source { bytes: written.as_bytes(), leniency: Leniency::JsonNet, buffer: &buffer };
    match body::read(&body_type, source, None, MODEL) {
        Ok(again) => assert_eq!(read(&again, ZONE).creation, first.creation),
        Err(_) => assert!(written.is_empty()),
    }
}

/// A creation in XML.
pub(crate) fn xml(bytes: &[u8]) {
    let buffer = Rewritten::default();
    let body_type = BodyType::of(Some("text/xml"));
    let source = Source { bytes, leniency: Leniency::JsonNet, buffer: &buffer };
    for charset in [None, Some(encoding_rs::WINDOWS_1252)] {
        let Ok(members) = body::read(&body_type, source, charset, MODEL) else { continue };
        let first = read(&members, ZONE);
        let mut written = format!("<{MODEL}>");
        for (name, text) in texts(&members) {
            written.extend(["<", name, ">"]);
            escape(&mut written, text);
            written.extend(["</", name, ">"]);
        }
        written.extend(["</", MODEL, ">"]);
        let source = Source { bytes: written.as_bytes(), leniency: Leniency::JsonNet, buffer: &buffer };
        let again = body::read(&body_type, source, None, MODEL).expect("what is written is read");
        assert_eq!(read(&again, ZONE).creation, first.creation);
    }
}

/// The texts of the members that a creation has.
fn texts<'m>(members: &'m Members<'_>) -> Vec<(&'static str, &'m str)> {
    let text = |name| match members.get(name) {
        Some(Scalar::Text(text)) => Some((name, &**text)),
        _ => None,
    };
    MEMBERS.iter().filter_map(|member| text(member.name)).collect()
}

/// The headers that choose formats.
pub(crate) fn negotiation(headers: &HeaderMap) {
    let text = |value: &axum::http::HeaderValue| value.to_str().map(str::to_owned).ok();
    let body_type = BodyType::of(headers.get(header::CONTENT_TYPE).and_then(text).as_deref());
    let _ = body_type.unsupported();
    let accept: Vec<String> = headers.get_all(header::ACCEPT).iter().filter_map(text).collect();
    for default in [DefaultFormat::Xml, DefaultFormat::Json] {
        let chosen = response_type(accept.iter().map(String::as_str), &body_type, default);
        let again = response_type([chosen.content_type()], &body_type, default);
        assert_eq!(again, chosen, "a chosen type is accepted");
    }
}

/// A date in the zone of a tenant.
pub(crate) fn date(text: &str) {
    for zone in [ZONE, Tz::Pacific__Apia, Tz::Africa__Monrovia] {
        let Some(wall) = dates::wall_clock(text, zone, DateForms::JSON_NET) else { continue };
        let _ = Moment::of_wall(wall, zone).xml();
        let written = Moment::of_wall(wall, zone).json();
        let again = dates::wall_clock(&written, zone, DateForms::JSON_NET).map(|wall| Moment::of_wall(wall, zone));
        assert_eq!(again.map(Moment::json), Some(written));
    }
}
