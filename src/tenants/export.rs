//! A tenant as a seed file: what a reset puts back, so that loading the file makes an equal tenant.

use std::fmt::Write as _;

use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::error::TenantError;
use super::seed::{
    Counters, MAX_SEED_BYTES, SecretDigest, SeedEntry, SeedExtension, SeedFile, SeedKey, SeedTenant, StoredKey, VERSION,
};
use super::service::Tenants;
use super::snapshots;
use super::store::export::{self as store, KeyRow, SettingsRow};
use crate::clock::Clock;
use crate::customers::StoredCustomer;
use crate::database::{Batches, TenantId};
use crate::fault_injection;

/// So many customers are read and written at a time.
const BATCH: i64 = 1_000;

/// How deep a customer stands in the file, in spaces.
const INDENT: &str = "      ";

/// How an export is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// YAML, with a comment that says what is in it.
    #[default]
    Yaml,
    /// JSON.
    Json,
}

/// What is exported.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExportOptions {
    /// How it is written.
    pub format: ExportFormat,
    /// Whether the digests of the tenant's keys are in it, so that the same keys open the tenant that is made of it.
    pub has_keys: bool,
}

/// A seed file, in parts of bounded size.
#[derive(Debug)]
pub struct Export {
    parts: Vec<String>,
    bytes: usize,
}

impl Export {
    /// How long it is in all.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The parts, one after the other.
    #[must_use]
    pub fn into_parts(self) -> Vec<String> {
        self.parts
    }

    fn push(&mut self, part: String) -> Result<(), TenantError> {
        self.bytes += part.len();
        if self.bytes > MAX_SEED_BYTES {
            return Err(TenantError::Rejected(format!(
                "the tenant is larger than the {MAX_SEED_BYTES} bytes that a seed file may have; fork it, or copy the database"
            )));
        }
        self.parts.push(part);
        Ok(())
    }
}

impl Tenants {
    /// Writes a tenant, or a snapshot of one (`demo@before`), as a seed file: as it is at one moment. It is whole before any of it
    /// is sent: a caller who reads slowly would keep the tenant's writers out, or a transaction open, and half of a file tells
    /// nobody what went wrong.
    ///
    /// # Errors
    /// `UnknownTenant`, `UnknownSnapshot`, `Half`, `Rejected` when it is too large, or when the database fails.
    pub async fn export(&self, side: &str, options: ExportOptions) -> Result<Export, TenantError> {
        let patient = self.patient();
        let owner = patient.owner(side).await?;
        let work = self.credentials.work(owner).await?;
        let id = patient.side(side).await?;
        let of = Exported {
            id,
            name: side.rsplit_once('@').map_or(side, |(name, _)| name),
            // Keys belong to the tenant, and are not kept in snapshots.
            keys_of: options.has_keys.then_some(owner),
        };
        if patient.is_too_large(&[id]).await? {
            if id == owner {
                self.close(&work).await;
            }
            return self.export_in_parts(&of, options.format).await;
        }
        let database = &patient.database;
        database
            .in_snapshot(async |connection| {
                let mut writing = Writing::begin(options.format, head(connection, &of).await?)?;
                loop {
                    let batch = self.customers.stored(connection, id, writing.after, BATCH).await?;
                    if !writing.add(batch)? {
                        return writing.end();
                    }
                }
            })
            .await
    }

    /// The same of a world that nobody writes into. Others have the only connection while a part is written.
    async fn export_in_parts(&self, of: &Exported<'_>, format: ExportFormat) -> Result<Export, TenantError> {
        let mut batches = Batches::new(&self.database);
        let head = head(batches.connection().await?, of).await?;
        batches.rest().await?;
        let mut writing = Writing::begin(format, head)?;
        loop {
            let batch =
                self.customers.stored(batches.connection().await?, of.id, writing.after, snapshots::PART).await?;
            batches.rest().await?;
            if !writing.add(batch)? {
                return writing.end();
            }
        }
    }
}

/// What is exported.
#[derive(Debug)]
struct Exported<'a> {
    id: TenantId,
    name: &'a str,
    /// The tenant whose keys are in it, if any are.
    keys_of: Option<TenantId>,
}

/// An export under way.
struct Writing {
    export: Export,
    text: Text,
    has_customers: bool,
    /// The last customer that is in it.
    after: i32,
}

impl Writing {
    fn begin(format: ExportFormat, (head, customers): (SeedFile, i64)) -> Result<Self, TenantError> {
        let mut export = Export { parts: Vec::new(), bytes: 0 };
        let mut text = Text { format, is_first: true };
        let has_customers = customers > 0;
        export.push(text.begin(&head, has_customers)?)?;
        Ok(Self { export, text, has_customers, after: 0 })
    }

    /// Adds customers; false when there are none left.
    fn add(&mut self, batch: Vec<StoredCustomer>) -> Result<bool, TenantError> {
        let Some(last) = batch.last() else { return Ok(false) };
        self.after = last.customer.id.0;
        let entries: Vec<SeedEntry> = batch.into_iter().map(SeedEntry::from).collect();
        self.export.push(self.text.customers(&entries)?)?;
        Ok(true)
    }

    fn end(mut self) -> Result<Export, TenantError> {
        self.export.push(self.text.end(self.has_customers))?;
        Ok(self.export)
    }
}

/// The file without the customers, and how many there are.
async fn head(connection: &mut PgConnection, of: &Exported<'_>) -> Result<(SeedFile, i64), sqlx::Error> {
    let Exported { id, name, keys_of } = *of;
    let settings = store::settings(&mut *connection, id).await?;
    let keys = match keys_of {
        Some(owner) => store::keys(&mut *connection, owner, Clock::Real.now()).await?,
        None => Vec::new(),
    };
    let faults = fault_injection::of_tenant(connection, id).await?;
    let SettingsRow { plan, clock, extension, extension_token, events, last_customer_id, last_company_id, customers } =
        settings;
    let token = extension_token.map(SecretDigest::stored);
    let tenant = SeedTenant {
        name: name.to_owned(),
        keys: subscriptions(keys),
        plan: plan.0,
        clock: clock.map(|clock| clock.0).unwrap_or_default(),
        extension: extension.map(|extension| SeedExtension::stored(extension.0, token)),
        events: events.map(|events| events.0),
        faults: faults.into_iter().map(Into::into).collect(),
        counters: Counters { customers: last_customer_id, companies: last_company_id },
        customers: Vec::new(),
        population: None,
    };
    Ok((SeedFile { version: VERSION, tenants: vec![tenant] }, customers))
}

/// The keys, those of one name together.
fn subscriptions(rows: Vec<KeyRow>) -> Vec<SeedKey> {
    let mut keys: Vec<SeedKey> = Vec::new();
    for KeyRow { name, is_primary, kind, account, digest, ending, expires_at } in rows {
        if keys.last().is_none_or(|last| last.name != name) {
            keys.push(SeedKey::stored(name, kind, account, expires_at));
        }
        let stored = Some(StoredKey { sha256: SecretDigest::stored(digest), ending });
        if let Some(key) = keys.last_mut() {
            *(if is_primary { &mut key.key_digest } else { &mut key.secondary_key_digest }) = stored;
        }
    }
    keys
}

/// The text of an export, as it comes.
struct Text {
    format: ExportFormat,
    is_first: bool,
}

impl Text {
    fn begin(&mut self, head: &SeedFile, has_customers: bool) -> Result<String, TenantError> {
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
                    // Within the tenant: before its end, that of the list and that of the file.
                    text.truncate(text.len() - "}]}".len());
                    text += ",\"customers\":[\n";
                }
                Ok(text)
            }
        }
    }

    fn customers(&mut self, entries: &[SeedEntry]) -> Result<String, TenantError> {
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

    fn end(&self, has_customers: bool) -> String {
        match self.format {
            ExportFormat::Yaml => String::new(),
            ExportFormat::Json => if has_customers { "\n]}]}\n" } else { "\n" }.to_owned(),
        }
    }
}

/// What a reader should know of the file.
fn comment(head: &SeedFile) -> String {
    let has_keys = head.tenants.iter().any(|tenant| !tenant.keys.is_empty());
    let keys = if has_keys {
        "# Keys are digests: those who have the keys can use them on the tenant that is made of this."
    } else {
        "# Keys are not in it: give the tenant that is made of this one of its own (directscale-emulator keys add)."
    };
    format!(
        "# Exported by directscale-emulator {}. Keep it like a secret: it holds password hashes, tax ids and tokens.\n{keys}\n",
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

    /// Values that a writer of YAML could mistake for something else.
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
        fn whatever_is_stored_is_read_back_as_it_is_written(text in any::<String>(), name in any::<String>(), value in value()) {
            let entry = json!({
                "id": 1, "LastName": text, "TaxId": name, "AssociateCustom": { "Field1": text },
                "record": { "modified_at": "2026-01-01T00:00:00Z", "profiles": { "storm": { name: value } } }
            });
            let read = |entry: &Value| serde_json::from_value::<SeedEntry>(entry.clone()).expect("an entry");
            for format in [ExportFormat::Yaml, ExportFormat::Json] {
                let tenant = json!({ "name": "x", "counters": { "customers": 1 } });
                let head: SeedFile = serde_json::from_value(json!({ "version": 1, "tenants": [tenant] })).expect("a file");
                let mut text = Text { format, is_first: true };
                let begin = text.begin(&head, true).expect("a head");
                let customers = text.customers(&[read(&entry), read(&entry)]).expect("customers");
                let whole = begin + &customers + &text.end(true);
                let back: SeedFile = read_text(&whole, format == ExportFormat::Json).expect("a file");
                let back = serde_json::to_value(&back.tenants[0].customers).expect("JSON");
                prop_assert_eq!(back, json!([entry, entry]), "{}", whole);
            }
        }
    }

    #[test]
    fn an_export_is_not_longer_than_a_seed_may_be() {
        let mut export = Export { parts: Vec::new(), bytes: MAX_SEED_BYTES - 2 };
        assert!(export.push("12".to_owned()).is_ok());
        let error = export.push("3".to_owned()).expect_err("too long").to_string();
        assert!(error.contains("the tenant is larger than the 268435456 bytes"), "{error}");
    }
}
