//! The readers of what callers send, as functions of bytes. They panic where a property does not hold: no bytes cause a panic, and
//! a value that is accepted is read again as the same value when it is written again.
//!
//! `fuzz/` runs them with random bytes, and the test below with the files of `fuzz/corpus`.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use serde_json_borrow::Value;

use crate::journal::{Text, redacted_header, redacted_path, redacted_text};
use crate::server;
use crate::tenants::{SeedContents, SeedFile, SeedInput, read_text};
use crate::vendors::{bydesign, canonical_path, directscale, secret_headers, storm};
use crate::wire::coding::{codings, declared, decode, to_utf8};
use crate::wire::dates::{self, DateForms};
use crate::wire::json::{Rewritten, Source};
use crate::wire::relaxed::Leniency;

/// A function that reads bytes, and panics where a property does not hold.
pub type Target = fn(&[u8]);

/// The name of each target, which is that of its folder in `fuzz/corpus`, and its function.
pub const TARGETS: [(&str, Target); 7] = [
    ("dates", dates),
    ("forms", forms),
    ("heads", heads),
    ("json", json),
    ("paths", paths),
    ("seeds", seeds),
    ("xml", xml),
];

const LENIENCIES: [Leniency; 3] = [Leniency::Strict, Leniency::Comments, Leniency::JsonNet];

/// The limit of decoded bodies, in bytes.
const MAX_DECODED: usize = 64 * 1024;

/// JSON bodies of each vendor.
///
/// # Panics
/// When a property does not hold.
pub fn json(bytes: &[u8]) {
    let _ = Text::request(bytes);
    for leniency in LENIENCIES {
        let buffer = Rewritten::default();
        let Ok(value) = (Source { bytes, leniency, buffer: &buffer }).parse() else { continue };
        let written = text(&value);
        let again = Rewritten::default();
        let again = Source { bytes: written.as_bytes(), leniency, buffer: &again }.parse();
        let again = text(&again.expect("what is written is JSON"));
        // A number of more than 17 digits may change once more in its last digit. It is no value of a customer.
        let stable = (again == written).then_some(written.as_bytes());
        directscale::fuzzing::json(bytes, leniency, stable);
        bydesign::fuzzing::json(bytes, leniency, stable);
        storm::fuzzing::json(bytes, leniency, stable);
    }
}

/// The members in their order, because the last one of a name counts.
fn text(value: &Value<'_>) -> String {
    serde_json::to_string(value).expect("a value is JSON")
}

/// Forms of ByDesign's API and of Storm's token endpoint. The first byte chooses the encoding.
///
/// # Panics
/// When a property does not hold.
pub fn forms(bytes: &[u8]) {
    let _ = Text::request(bytes);
    let (first, form) = bytes.split_first().unwrap_or((&0, &[]));
    let charset = match first {
        b'1' => Some(encoding_rs::WINDOWS_1252),
        b'2' => Some(encoding_rs::SHIFT_JIS),
        b'3' => Some(encoding_rs::ISO_2022_JP),
        b'4' => Some(encoding_rs::UTF_16LE),
        _ => None,
    };
    bydesign::fuzzing::form(form, charset);
    let content_type = charset.map_or(Cow::Borrowed("application/x-www-form-urlencoded"), |charset| {
        format!("application/x-www-form-urlencoded; charset={}", charset.name()).into()
    });
    let mut headers = HeaderMap::new();
    headers.extend(HeaderValue::from_str(&content_type).ok().map(|value| (header::CONTENT_TYPE, value)));
    storm::fuzzing::token_form(&headers, form);
}

/// XML bodies of ByDesign's API.
///
/// # Panics
/// When a property does not hold.
pub fn xml(bytes: &[u8]) {
    let _ = Text::request(bytes);
    bydesign::fuzzing::xml(bytes);
}

/// The head of a request, and what its headers say about the body after it.
///
/// # Panics
/// When a property does not hold.
pub fn heads(bytes: &[u8]) {
    server::fuzzing::head(bytes);
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let (head, body) = (&bytes[..end], bytes.get(end + 2..).unwrap_or_default());
    let mut headers = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), value)
            && headers.len() < 100
        {
            headers.append(name, value);
        }
    }
    for (name, value) in &headers {
        let _ = redacted_header(name.as_str(), value.as_bytes(), &secret_headers());
    }
    storm::fuzzing::token_form(&headers, body);
    bydesign::fuzzing::negotiation(&headers);
    let Ok(codings) = codings(&headers) else { return };
    let Ok(decoded) = decode(body, &codings, MAX_DECODED) else { return };
    assert!(codings.is_empty() || decoded.len() <= MAX_DECODED);
    let Ok(text) = to_utf8(Bytes::from(decoded), &headers) else { return };
    // Without a declared encoding, the JSON reader and the XML reader check it.
    assert!(declared(&headers).is_none() || std::str::from_utf8(&text).is_ok());
}

/// The path and query of a request.
///
/// # Panics
/// When a property does not hold.
pub fn paths(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for route in ["-", "/v1/validate/tax-id/{taxId}", "/v1/customers/{customerId}", "/v1/{*rest}"] {
        let _ = redacted_path(&text, route);
    }
    let _ = redacted_text(&text);
    let (path, query) = text.split_once('?').unwrap_or((&text, ""));
    directscale::fuzzing::query(query);
    storm::fuzzing::path(path);
    let Ok(request) = Request::get(&*text).body(axum::body::Body::empty()) else { return };
    let canonical = canonical_path(request);
    let uri = canonical.uri().clone();
    let Ok(request) = Request::get(uri.clone()).body(axum::body::Body::empty()) else {
        panic!("the canonical path is no URI: {uri}")
    };
    assert_eq!(canonical_path(request).uri(), &uri, "a canonical path is canonical");
}

/// Dates, in every form.
///
/// # Panics
/// When a property does not hold.
pub fn dates(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for forms in [DateForms::JSON_NET, DateForms::ISO, DateForms::DATA_CONTRACT, DateForms::DATA_CONTRACT_OR_ISO] {
        let Some(instant) = dates::read(&text, forms).and_then(dates::ParsedDate::instant) else { continue };
        let written = instant.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let again = dates::read(&written, DateForms::ISO).and_then(dates::ParsedDate::instant);
        assert_eq!(again, Some(instant), "{written}");
        if !dates::is_unset(instant) {
            let seconds = dates::parse(&dates::format(Some(instant))).map(|date| date.timestamp());
            assert_eq!(seconds, Some(instant.timestamp()));
        }
    }
    bydesign::fuzzing::date(&text);
    storm::fuzzing::date(&text);
}

/// Seed files in YAML and JSON.
///
/// # Panics
/// When a property does not hold.
pub fn seeds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for is_json in [false, true] {
        let _ = read_text::<SeedInput<SeedContents>>(text, is_json);
        let Ok(file) = read_text::<SeedFile>(text, is_json) else { continue };
        let written = serde_json::to_string(&file).expect("a seed file is JSON");
        let again = read_text::<SeedFile>(&written, true).unwrap_or_else(|why| panic!("{why}: {written}"));
        assert_eq!(serde_json::to_string(&again).expect("a seed file is JSON"), written);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::TARGETS;

    /// For a build without optimization on a busy machine.
    const MAX_DURATION: Duration = Duration::from_secs(5);

    /// In bytes, of all files.
    const MAX_CORPUS: u64 = 200 * 1024;

    #[test]
    fn every_file_of_the_corpus_is_read() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        let (mut size, mut broken) = (0, Vec::new());
        for (name, target) in TARGETS {
            let files: Vec<_> = std::fs::read_dir(corpus.join(name)).expect(name).collect();
            assert!(files.len() >= 12, "{name} has {} files", files.len());
            for file in files {
                let path = file.expect("a file").path();
                let bytes = std::fs::read(&path).expect("a file");
                size += bytes.len() as u64;
                let start = Instant::now();
                if std::panic::catch_unwind(|| target(&bytes)).is_err() || start.elapsed() > MAX_DURATION {
                    broken.push(format!("{} after {:?}", path.display(), start.elapsed()));
                }
            }
        }
        assert!(broken.is_empty(), "properties do not hold for:\n{}", broken.join("\n"));
        assert!(size <= MAX_CORPUS, "the corpus has {size} bytes");
    }

    #[test]
    fn every_target_has_a_program() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
        let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
        let programs: BTreeSet<_> = files.map(|path| path.file_stem().expect("a name").to_owned()).collect();
        assert_eq!(programs, TARGETS.iter().map(|(name, _)| (*name).into()).collect());
    }
}
