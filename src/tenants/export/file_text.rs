//! The text of an exported seed file, in YAML or JSON.

use std::fmt::Write as _;

use super::ExportFormat;
use crate::tenants::error::TenantError;
use crate::tenants::seed::{SeedEntry, SeedFile};

/// The indentation of a customer in the YAML file.
const INDENT: &str = "      ";

/// The comment by which an editor finds the schema: that of a server at the default address.
const EDITOR_LINE: &str = "# yaml-language-server: $schema=http://127.0.0.1:8080/_emulator/schemas/seed.json";

/// Writes the text of an export, piece by piece.
pub(super) struct FileText {
    format: ExportFormat,
    is_first: bool,
}

impl FileText {
    pub(super) fn new(format: ExportFormat) -> Self {
        Self { format, is_first: true }
    }

    /// The file up to the customers. `head` contains no customers.
    pub(super) fn begin(&mut self, head: &SeedFile, has_customers: bool) -> Result<String, TenantError> {
        match self.format {
            ExportFormat::Yaml => {
                let mut text = comment(head);
                text += &yaml(head)?;
                if has_customers {
                    text += "    customers:\n";
                }
                Ok(text)
            }
            ExportFormat::Json => {
                let mut text = serde_json::to_string(head).map_err(|error| unwritable(&error))?;
                if has_customers {
                    // Removes the ends of the tenant, the list and the file, which follow the customers.
                    text.truncate(text.len() - "}]}".len());
                    text += ",\"customers\":[\n";
                }
                Ok(text)
            }
        }
    }

    pub(super) fn customers(&mut self, entries: &[SeedEntry]) -> Result<String, TenantError> {
        let mut text = String::new();
        match self.format {
            ExportFormat::Yaml => {
                for line in yaml(&entries)?.lines() {
                    let _ = writeln!(text, "{INDENT}{line}");
                }
            }
            ExportFormat::Json => {
                for entry in entries {
                    if !std::mem::take(&mut self.is_first) {
                        text += ",\n";
                    }
                    text += &serde_json::to_string(entry).map_err(|error| unwritable(&error))?;
                }
            }
        }
        Ok(text)
    }

    pub(super) fn end(&self, has_customers: bool) -> String {
        match self.format {
            ExportFormat::Yaml => String::new(),
            ExportFormat::Json => if has_customers { "\n]}]}\n" } else { "\n" }.to_owned(),
        }
    }
}

/// The comment at the beginning of the file.
fn comment(head: &SeedFile) -> String {
    let has_keys = head.tenants.iter().any(|tenant| !tenant.keys.is_empty());
    let keys = if has_keys {
        "# Keys are digests: the same keys are valid for a tenant that is created from this file."
    } else {
        "# It contains no keys: add one to a tenant that is created from this file (directscale-emulator keys add)."
    };
    format!(
        "{EDITOR_LINE}\n# Exported by directscale-emulator {}. Keep it like a secret: it contains password hashes, tax ids and tokens.\n{keys}\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// YAML without text blocks, so that it can be indented line by line.
fn yaml(value: &impl serde::Serialize) -> Result<String, TenantError> {
    let options = serde_saphyr::ser_options! { compact_list_indent: false, prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(value, options).map_err(|error| unwritable(&error))
}

fn unwritable(error: &dyn std::fmt::Display) -> TenantError {
    TenantError::Rejected(format!("the tenant cannot be written as a seed file: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::tenants::read_text;

    /// Values that a wrong YAML writer would change.
    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<String>(),
            "[\\x01-\\x1f\\x7f-\\xa0\\u{2028}\\u{feff}]{0,4}",
            "[-?:,\\[\\]{}#&*!|>'\"%@` a0\\n\\t\\\\]{0,12}",
            "[0-9.eExXoO_+-]{0,8}",
            proptest::sample::select(vec![
                "",
                "~",
                "null",
                "true",
                "No",
                "NaN",
                ".inf",
                "2026-01-01",
                "<<",
                "---",
                "1_000"
            ])
            .prop_map(str::to_owned),
        ];
        let leaf = prop_oneof![
            text.clone().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            // serde_json reads fractions exactly up to fifteen digits.
            any::<i32>().prop_map(|number| Value::from(f64::from(number) / 16.0)),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 12, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(text.clone(), inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_customer_is_read_as_it_was_written(text in any::<String>(), name in any::<String>(), value in value()) {
            let entry = json!({
                "id": 1, "LastName": text, "TaxId": name, "AssociateCustom": { "Field1": text },
                "record": { "modified_at": "2026-01-01T00:00:00Z", "profiles": { "storm": { name: value } } }
            });
            let read = |entry: &Value| serde_json::from_value::<SeedEntry>(entry.clone()).expect("an entry");
            for format in [ExportFormat::Yaml, ExportFormat::Json] {
                let tenant = json!({ "name": "x", "counters": { "customers": 1 } });
                let head: SeedFile = serde_json::from_value(json!({ "version": 1, "tenants": [tenant] })).expect("a file");
                let mut text = FileText::new(format);
                let begin = text.begin(&head, true).expect("a head");
                let customers = text.customers(&[read(&entry), read(&entry)]).expect("customers");
                let whole = begin + &customers + &text.end(true);
                let back: SeedFile = read_text(&whole, format == ExportFormat::Json).expect("a file");
                let back = serde_json::to_value(&back.tenants[0].customers).expect("JSON");
                prop_assert_eq!(back, json!([entry, entry]), "{}", whole);
            }
        }
    }
}
