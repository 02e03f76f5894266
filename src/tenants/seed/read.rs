//! Reads seeds from text: the built-in one, files, and bodies of the control API.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::file::SeedFile;
use crate::tenants::error::SeedError;
use crate::wire::misread::{read_json, without_value};
use crate::wire::relaxed::{Leniency, rewritten};

/// The seed file of the demo tenant.
pub const DEMO_SEED: &str = include_str!("../../../config/demo.yaml");

/// The key of the demo tenant. It is public.
pub const DEMO_KEY: &str = "0123456789abcdef0123456789abcdef";

/// The maximum size of a seed in bytes, as a file and as a body: a tenant of about 200,000 customers.
pub const MAX_SEED_BYTES: usize = 256 * 1024 * 1024;

/// Where a seed comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeedSource {
    /// The built-in seed file.
    Demo,
    File(PathBuf),
}

impl SeedSource {
    /// `demo`, or the path of a file.
    #[must_use]
    pub fn named(name: &str) -> Self {
        if name == "demo" { Self::Demo } else { Self::File(name.into()) }
    }

    /// # Errors
    /// When the file cannot be read, is neither YAML nor JSON, or has an unknown name or value.
    pub fn read(&self) -> Result<SeedFile, SeedError> {
        match self {
            Self::Demo => {
                read_text(DEMO_SEED, false).map_err(|reason| SeedError::File { path: self.to_string(), reason })
            }
            Self::File(path) => read_seed_file(path),
        }
    }
}

impl fmt::Display for SeedSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Demo => formatter.write_str("demo"),
            Self::File(path) => path.display().fmt(formatter),
        }
    }
}

fn read_seed_file(path: &Path) -> Result<SeedFile, SeedError> {
    let failed = |reason: String| SeedError::File { path: path.display().to_string(), reason };
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_SEED_BYTES as u64 + 1).read_to_end(&mut text));
    read.map_err(|error| failed(error.to_string()))?;
    if text.len() > MAX_SEED_BYTES {
        return Err(failed(format!("it is longer than {MAX_SEED_BYTES} bytes")));
    }
    let text = String::from_utf8(text).map_err(|_| failed("it is not UTF-8".to_owned()))?;
    read_text(&text, is_json(path)).map_err(failed)
}

/// Whether a file is JSON by its name.
#[must_use]
pub fn is_named_json(path: &str) -> bool {
    is_json(Path::new(path))
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// Reads YAML, or JSON with comments and trailing commas. Either may begin with a byte order mark.
///
/// # Errors
/// A message that says where and why the text cannot be read. It contains no value of the text.
pub fn read_text<T: DeserializeOwned>(text: &str, is_json: bool) -> Result<T, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if is_json {
        let read = match read_json(text) {
            Err(error) if error.is_syntax => read_json(&rewritten(text, Leniency::Comments)),
            read => read,
        };
        return read.map_err(|error| error.message);
    }
    // The library's defaults are for settings files. A seed of 100,000 customers has millions of nodes, and all customers may share
    // one anchor for their address. The expansion of aliases stays limited.
    let options = serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_events: MAX_SEED_BYTES,
            max_nodes: MAX_SEED_BYTES,
            max_total_scalar_bytes: MAX_SEED_BYTES,
            enforce_alias_anchor_ratio: false,
        },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| with_line(&error, text))
}

/// The message of an error with the name in its line, but without the value: a value may be a key or a tax id, and the message may be
/// logged.
fn with_line(error: &serde_saphyr::Error, text: &str) -> String {
    let message = without_value(&error.to_string());
    let position = error.location().and_then(|at| Some((at.line(), usize::try_from(at.column()).ok()?)));
    let line = position.and_then(|(line, _)| text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?));
    let name = line.and_then(|line| Some(line.split_once(": ")?.0).or_else(|| line.trim_end().strip_suffix(':')));
    match (position, name) {
        (Some((number, column)), Some(name)) if (1..=name.chars().count()).contains(&column) => {
            let margin = " ".repeat(number.to_string().len());
            let caret = " ".repeat(column - 1);
            format!("{message}\n{margin} |\n{number} | {name}: …\n{margin} | {caret}^")
        }
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenants::SeedFile;

    #[test]
    fn an_error_shows_its_line_and_no_value() {
        let text = "version: 1\ntenants:\n  - name: x\n    keys:\n      - key: SECRET-KEY\n        colour: SECRET-RED\n    \
                    customers:\n      - TaxId: SECRET-TAX\n";
        let error = read_text::<SeedFile>(text, false).expect_err("an unknown name");
        assert!(error.contains("unknown field `colour`") && error.contains("line 6"), "{error}");
        assert!(error.ends_with("  |\n6 |         colour: …\n  |         ^"), "{error}");
        let flow = "version: 1\ntenants: [{name: x, colour: SECRET}]\n";
        let error = read_text::<SeedFile>(flow, false).expect_err("an unknown name");
        assert!(error.contains("unknown field `colour`") && error.contains("line 2"), "{error}");
        let wrong = |text: &str, is_json: bool, why: &[&str]| {
            let error = read_text::<SeedFile>(text, is_json).expect_err(text);
            assert!(why.iter().all(|why| error.contains(why)), "{why:?} in {error}");
            assert!(!error.contains("98765") && !error.contains("SECRET"), "{error}");
        };
        let mut in_yaml = 0;
        let of_tenant = |members: &str| format!("{{\"version\": 1, \"tenants\": [{{\"name\": \"x\",\n{members}\n}}]}}");
        for (members, why) in [
            (
                r#""keys": [{"name": "k", "key": 98765432109876}]"#,
                &["tenants[0].keys[0].key: ", "a string at line 2"][..],
            ),
            (r#""keys": [{"name": "k", "kind": "SECRET"}]"#, &["keys[0].kind: unknown variant, expected one of"]),
            (r#""keys": ["SECRET"]"#, &["keys[0]: invalid type: string, expected an object at line 2"]),
            (r#""keys": "SECRET""#, &["keys: invalid type: string, expected a list at line 2"]),
            (r#""keys": [{"name": "k", "expires_at": "SECRET"}]"#, &["keys[0].expires_at: ", "line 2"]),
            (r#""customers": [{"TaxId": 98765}]"#, &["customers[0].TaxId: invalid type: integer", "line 2"]),
            (r#""customers": [{"TaxExempt": "SECRET"}]"#, &["customers[0].TaxExempt: ", "true or false"]),
            (r#""customers": [{"id": "SECRET"}]"#, &["customers[0].id: ", "expected an integer"]),
            (r#""customers": [{"id": 98765432109876}]"#, &["customers[0].id: ", "expected an integer"]),
            (r#""customers": [{"password_hash": "SECRET"}]"#, &["customers[0].password_hash: ", "Argon2id"]),
            (r#""extension": {"extension_token": 98765, "hooks": {}}"#, &["extension.extension_token: "]),
            (r#""events": {"subscriptions": [{"url": "http://h", "secret": 98765}]}"#, &["subscriptions[0].secret: "]),
            (r#""events": {"subscriptions": [{"url": "SECRET"}]}"#, &["subscriptions[0].url: "]),
            (r#""events": {"subscriptions": [{"url": "ftp://SECRET"}]}"#, &["subscriptions[0].url: "]),
            (r#""clock": "SECRET""#, &["clock: unknown variant"]),
            (r#""plan": {"rejection_status": 98765}"#, &["plan.rejection_status: "]),
            (r#""plan": {"rejection_status": 987}"#, &["plan.rejection_status: "]),
            (r#""plan": {"strict_json": "SECRET"}"#, &["plan.strict_json: ", "true or false"]),
            (r#""faults": [{"rule": {"operation": "*", "response": "SECRET"}}]"#, &["faults[0].rule: unknown variant"]),
            (r#""faults": [{"rule": "SECRET"}]"#, &["faults[0].rule: "]),
            (r#""population": {"shape": "SECRET"}"#, &["population.shape: unknown variant"]),
        ] {
            wrong(&of_tenant(members), true, why);
            // JSON is also YAML. Then an error contains the line, and a number is accepted as a text.
            if let Err(error) = read_text::<SeedFile>(&of_tenant(members), false) {
                assert!(error.contains("line 2"), "{error}");
                assert!(!error.contains("98765") && !error.contains("SECRET"), "{error}");
                in_yaml += 1;
            }
        }
        assert!(in_yaml > 12, "{in_yaml}");
        wrong(r#"{"version": 98765}"#, true, &["version: the version must be 1"]);
        wrong("version: SECRET\n", false, &["line 1"]);
        let error = read_text::<SeedFile>("version: 1\ntenants: [SECRET\n", false).expect_err("no YAML");
        for error in [&error, &read_text::<SeedFile>(text, false).expect_err("the same")] {
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
