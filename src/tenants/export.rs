//! Exports a tenant as a seed file with everything that a reset restores, so that loading the file creates an equal tenant.

mod file_text;

use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::credential::kept_ending;
use super::error::TenantError;
use super::seed::{
    Counters, MAX_SEED_BYTES, SecretDigest, SeedCredential, SeedEntry, SeedExtension, SeedFile, SeedTenant,
    StoredCredential, VERSION,
};
use super::service::Tenants;
use super::store::copy;
use super::store::export::{self as store, SettingsRow, StoredCredentialRow};
use crate::clock::Clock;
use crate::customers::StoredCustomer;
use crate::database::{Batches, TenantId};
use crate::fault_injection;
use crate::json_schema::SchemaMember;
use file_text::FileText;

/// The number of customers that are read and written at a time.
const BATCH: i64 = 1_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// With a comment about the contents.
    #[default]
    Yaml,
    Json,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct ExportOptions {
    pub format: ExportFormat,
    /// Whether the file contains the digests of the tenant's keys, so that they are valid for a tenant that is created from it.
    pub has_keys: bool,
}

/// The text of a seed file, in parts of bounded size.
#[derive(Debug)]
pub struct Export {
    parts: Vec<String>,
    bytes: usize,
}

impl Export {
    /// The total length.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

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
    /// Exports a tenant (`demo`) or snapshot (`demo@before`) as it is at one moment. The export is complete before any part of it is
    /// sent: otherwise a slow client would keep a transaction open or requests waiting, and a truncated file would not contain the
    /// error.
    ///
    /// # Errors
    /// `UnknownTenant`, `UnknownSnapshot`, `Incomplete`, `Rejected` when it is too large, or when the database fails.
    pub async fn export(&self, text: &str, options: ExportOptions) -> Result<Export, TenantError> {
        let task = self.for_task();
        let owner = task.resolve_owner(text).await?;
        let access = self.locks().exclusive(owner).await?;
        let id = task.resolve(text).await?;
        let source = Source {
            id,
            name: text.rsplit_once('@').map_or(text, |(name, _)| name),
            // Credentials belong to the tenant; snapshots have none.
            keys_of: options.has_keys.then_some(owner),
        };
        if task.is_copied_in_parts(&[id]).await? {
            if id == owner {
                self.block_requests(&access).await;
            }
            return self.export_in_parts(&source, options.format).await;
        }
        let exported = task.database.in_snapshot(async |connection| {
            let mut writer = Writer::begin(options.format, head(connection, &source).await?)?;
            loop {
                let batch = self.customers.stored(connection, id, writer.after, BATCH).await?;
                if !writer.add(batch)? {
                    return writer.end();
                }
            }
        });
        exported.await
    }

    /// The same while no request writes into the tenant. Other requests use the only connection while a part is written.
    async fn export_in_parts(&self, source: &Source<'_>, format: ExportFormat) -> Result<Export, TenantError> {
        let mut batches = Batches::new(&self.database);
        let head = head(batches.connection().await?, source).await?;
        batches.rest().await?;
        let mut writer = Writer::begin(format, head)?;
        loop {
            let batch = self.customers.stored(batches.connection().await?, source.id, writer.after, copy::PART).await?;
            batches.rest().await?;
            if !writer.add(batch)? {
                return writer.end();
            }
        }
    }
}

/// The tenant or snapshot that is exported.
#[derive(Debug)]
struct Source<'a> {
    id: TenantId,
    name: &'a str,
    /// The tenant whose credentials are exported, if any are.
    keys_of: Option<TenantId>,
}

struct Writer {
    export: Export,
    text: FileText,
    has_customers: bool,
    /// The id of the last customer that was added.
    after: i32,
}

impl Writer {
    fn begin(format: ExportFormat, (head, customers): (SeedFile, i64)) -> Result<Self, TenantError> {
        let mut export = Export { parts: Vec::new(), bytes: 0 };
        let mut text = FileText::new(format);
        let has_customers = customers > 0;
        export.push(text.begin(&head, has_customers)?)?;
        Ok(Self { export, text, has_customers, after: 0 })
    }

    /// Adds customers; false when the batch is empty.
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

/// The file without customers, and the number of customers.
async fn head(connection: &mut PgConnection, source: &Source<'_>) -> Result<(SeedFile, i64), sqlx::Error> {
    let Source { id, name, keys_of } = *source;
    let settings = store::settings(&mut *connection, id).await?;
    let keys = match keys_of {
        Some(owner) => store::credentials(&mut *connection, owner, Clock::Real.now()).await?,
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
    Ok((SeedFile { _schema: SchemaMember, version: VERSION, tenants: vec![tenant] }, customers))
}

/// The subscriptions of these keys. Each has up to two keys.
fn subscriptions(rows: Vec<StoredCredentialRow>) -> Vec<SeedCredential> {
    let mut keys: Vec<SeedCredential> = Vec::new();
    for StoredCredentialRow { name, is_primary, kind, account, digest, ending, expires_at } in rows {
        if keys.last().is_none_or(|last| last.name != name) {
            keys.push(SeedCredential::stored(name, kind, account, expires_at));
        }
        let stored = Some(StoredCredential { sha256: SecretDigest::stored(digest), ending: kept_ending(kind, ending) });
        if let Some(key) = keys.last_mut() {
            *(if is_primary { &mut key.key_digest } else { &mut key.secondary_key_digest }) = stored;
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_not_longer_than_a_seed_may_be() {
        let mut export = Export { parts: Vec::new(), bytes: MAX_SEED_BYTES - 2 };
        assert!(export.push("12".to_owned()).is_ok());
        let error = export.push("3".to_owned()).expect_err("too long").to_string();
        assert!(error.contains("the tenant is larger than the 268435456 bytes"), "{error}");
    }
}
