//! Seed files: tenants with their keys, plan and customers, in YAML or JSON. docs/SEEDS.md is their manual.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use thiserror::Error;

use super::keys::{KeySlot, SubscriptionKey, digest, insert};
use super::store;
use crate::clock::Clock;
use crate::customers::{Address, CustomerId, Customers, Error as CustomerError, Scope, SeedCustomer, Values};
use crate::database::{Database, DatabaseError};
use crate::events::EventSettings;
use crate::hooks::{Extension, HookId};
use crate::outgoing::TargetUrl;
use crate::plan::Plan;
use crate::random::Random;
use crate::secret::Password;
use crate::wire::dates;

/// The demo world, compiled in.
pub const DEMO_SEED: &str = include_str!("../../config/demo.yaml");

/// The key of the demo world, which everybody knows.
pub const DEMO_KEY: &str = "0123456789abcdef0123456789abcdef";

/// A seed file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedFile {
    /// The version of this format: 1.
    version: u32,
    tenants: Vec<SeedTenant>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedTenant {
    name: String,
    #[serde(default)]
    keys: Vec<SeedKey>,
    #[serde(default)]
    plan: Plan,
    extension: Option<SeedExtension>,
    events: Option<EventSettings>,
    #[serde(default)]
    customers: Vec<SeedEntry>,
}

/// A Client Extension, its tokens by the vendor's names.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeedExtension {
    /// Sent to the extension.
    extension_token: String,
    /// Sent by the extension; kept as a digest only.
    directscale_token: String,
    hooks: BTreeMap<HookId, TargetUrl>,
    timeout_seconds: Option<NonZeroU32>,
}

impl std::fmt::Debug for SeedExtension {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SeedExtension").field("hooks", &self.hooks).finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedKey {
    name: String,
    key: String,
    #[serde(default)]
    secondary_key: Option<String>,
}

/// A customer, its fields by their DirectScale names.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
struct SeedEntry {
    #[serde(rename = "ref")]
    reference: Option<String>,
    #[serde(rename = "id")]
    id: Option<i32>,
    /// A `ref` that stands above.
    sponsor: Option<String>,
    sponsor_id: Option<i32>,
    back_office_id: Option<String>,
    birth_date: Option<String>,
    company_name: Option<String>,
    customer_status: Option<i32>,
    customer_type: Option<i32>,
    default_shipping_address: SeedAddress,
    email_address: Option<String>,
    external_reference_id: Option<String>,
    first_name: Option<String>,
    language_code: Option<String>,
    last_name: Option<String>,
    password: Option<String>,
    primary_address: SeedAddress,
    primary_phone: Option<String>,
    secondary_phone: Option<String>,
    send_emails: Option<bool>,
    sign_up_date: Option<String>,
    tax_exempt: Option<bool>,
    tax_exempt_id: Option<String>,
    tax_id: Option<String>,
    terms_accepted: Option<bool>,
    text_phone: Option<String>,
    username: Option<String>,
    web_alias: Option<String>,
    /// Field1 to Field10.
    associate_custom: HashMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
struct SeedAddress {
    street1: Option<String>,
    street2: Option<String>,
    street3: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    country_code: Option<String>,
}

/// Why a seed was not loaded. Nothing of it is in the database then.
#[derive(Debug, Error)]
pub enum SeedError {
    /// The file cannot be read.
    #[error("the seed file {path} cannot be read: {reason}")]
    File {
        /// The file.
        path: String,
        /// What the system or the parser says.
        reason: String,
    },
    /// The file says something that cannot be.
    #[error("tenant '{tenant}': {reason}")]
    Content {
        /// The tenant.
        tenant: String,
        /// What is wrong.
        reason: String,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for SeedError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// What a seed came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seeded {
    /// The tenants that were made.
    pub made: Vec<String>,
    /// The tenants that were there already and were left as they are.
    pub left: Vec<String>,
}

/// Reads a seed: `demo` or the path of a file.
///
/// # Errors
/// When the file cannot be read, is not YAML or JSON, or holds a name or value that is not known.
pub fn read_seed(name: &str) -> Result<SeedFile, SeedError> {
    let failed = |reason: String| SeedError::File { path: name.to_owned(), reason };
    let file: SeedFile = if name == "demo" {
        serde_saphyr::from_str(DEMO_SEED).map_err(|error| failed(error.to_string()))?
    } else {
        read_file(name)?
    };
    if file.version == 1 { Ok(file) } else { Err(failed(format!("version {} is not 1", file.version))) }
}

/// A YAML file, or a JSON one that is named so.
pub(super) fn read_file<T: DeserializeOwned>(path: &str) -> Result<T, SeedError> {
    let failed = |reason: String| SeedError::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let is_json = Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if is_json {
        serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
    } else {
        serde_saphyr::from_str(&text).map_err(|error| failed(error.to_string()))
    }
}

/// Loads a seed in one transaction. A tenant that is there already is left as it is.
///
/// # Errors
/// When the seed contradicts itself or a rule, or when the database fails; nothing of it is kept then.
pub async fn load_seed(
    database: &Database,
    customers: &Customers,
    random: &Random,
    seed: SeedFile,
) -> Result<Seeded, SeedError> {
    database
        .in_transaction(async |connection| {
            let mut seeded = Seeded::default();
            for tenant in seed.tenants {
                let name = tenant.name.clone();
                let made = load_tenant(connection, customers, random, tenant).await?;
                if made { seeded.made.push(name) } else { seeded.left.push(name) }
            }
            Ok(seeded)
        })
        .await
}

async fn load_tenant(
    connection: &mut PgConnection,
    customers: &Customers,
    random: &Random,
    tenant: SeedTenant,
) -> Result<bool, SeedError> {
    let SeedTenant { name, keys, plan, extension, events, customers: entries } = tenant;
    let failed = |reason: String| SeedError::Content { tenant: name.clone(), reason };
    let now = Clock.now();
    if let Some(url) = events.as_ref().and_then(EventSettings::doubled) {
        return Err(failed(format!("two subscriptions have the address {url}")));
    }
    let (extension, directscale_token) = extension.map(SeedExtension::split).unzip();
    let inserted = store::insert_tenant(connection, &name, &plan, extension.as_ref(), events.as_ref(), now).await?;
    let Some(id) = inserted else { return Ok(false) };
    if let Some(token) = directscale_token
        && !store::insert_extension_token(connection, id, &digest(&token)).await?
    {
        return Err(failed("the directscale_token is another tenant's".to_owned()));
    }
    for SeedKey { name, key, secondary_key } in keys {
        let slots = [(KeySlot::Primary, Some(key)), (KeySlot::Secondary, secondary_key)];
        for (slot, key) in slots.into_iter().filter_map(|(slot, key)| Some((slot, key?))) {
            let key: SubscriptionKey = key.parse().map_err(|error| failed(format!("key '{name}': {error}")))?;
            if !insert(connection, id, &name, slot, &key, now).await? {
                return Err(failed(format!("the key '{name}' or its name is in use already")));
            }
        }
    }
    let scope =
        Scope { tenant: id, plan: &plan, now, caller: "seed", request: random.uuid(), extension: None, events: None };
    let mut references = HashMap::new();
    for (number, entry) in entries.into_iter().enumerate() {
        let label = entry.reference.clone().unwrap_or_else(|| format!("number {}", number + 1));
        let failed = |reason: String| failed(format!("customer {label}: {reason}"));
        let reference = entry.reference.clone();
        let customer = entry.into_customer(&references).map_err(failed)?;
        let created = match customers.create_from_seed(connection, &scope, customer).await {
            Ok(created) => created,
            Err(CustomerError::Database(error)) => return Err(error.into()),
            Err(CustomerError::Refused(refusal)) => {
                let faults: Vec<String> =
                    refusal.faults.iter().map(|fault| format!("{}: {:?}", fault.field, fault.rule)).collect();
                return Err(failed(faults.join("; ")));
            }
            Err(other) => return Err(failed(other.to_string())),
        };
        if let Some(reference) = reference
            && references.insert(reference, created.0).is_some()
        {
            return Err(failed("its ref is used twice".to_owned()));
        }
    }
    Ok(true)
}

impl SeedExtension {
    /// What is kept with the tenant, and the token by which the extension calls back.
    pub(super) fn split(self) -> (Extension, String) {
        let Self { extension_token, directscale_token, hooks, timeout_seconds } = self;
        (Extension::new(extension_token, hooks, timeout_seconds), directscale_token)
    }
}

impl SeedEntry {
    fn into_customer(self, references: &HashMap<String, i32>) -> Result<SeedCustomer, String> {
        let sponsor_id = match self.sponsor {
            Some(sponsor) => {
                let known = references.get(&sponsor);
                Some(*known.ok_or_else(|| format!("no customer above it has the ref '{sponsor}'"))?)
            }
            None => self.sponsor_id,
        };
        let mut custom_fields: [Option<String>; 10] = Default::default();
        for (name, value) in self.associate_custom {
            let slot = name.strip_prefix("Field").and_then(|number| number.parse::<usize>().ok());
            let slot = slot.and_then(|number| custom_fields.get_mut(number.checked_sub(1)?));
            *slot.ok_or_else(|| format!("'{name}' is not one of Field1 to Field10"))? = Some(value);
        }
        if self.id.is_some_and(|id| id < 1) {
            return Err("an id is above zero".to_owned());
        }
        let date = |field: &str, text: Option<String>| match text {
            None => Ok(None),
            Some(text) => dates::parse(&text).map(Some).ok_or_else(|| format!("{field} '{text}' is not a date")),
        };
        let values = Values {
            back_office_id: self.back_office_id,
            birth_date: date("BirthDate", self.birth_date)?,
            company_name: self.company_name,
            customer_status: self.customer_status,
            customer_type: self.customer_type,
            shipping_address: self.default_shipping_address.into(),
            email_address: self.email_address,
            external_reference_id: self.external_reference_id,
            first_name: self.first_name,
            language_code: self.language_code,
            last_name: self.last_name,
            password: self.password.map(Password::new),
            primary_address: self.primary_address.into(),
            primary_phone: self.primary_phone,
            secondary_phone: self.secondary_phone,
            send_emails: self.send_emails,
            sign_up_date: date("SignUpDate", self.sign_up_date)?,
            sponsor_id,
            tax_exempt: self.tax_exempt,
            tax_exempt_id: self.tax_exempt_id,
            tax_id: self.tax_id,
            terms_accepted: self.terms_accepted,
            text_phone: self.text_phone,
            username: self.username,
            web_alias: self.web_alias,
            custom_fields,
        };
        Ok(SeedCustomer { id: self.id.map(CustomerId), values })
    }
}

impl From<SeedAddress> for Address {
    fn from(address: SeedAddress) -> Self {
        let SeedAddress { street1, street2, street3, city, region, postal_code, country_code } = address;
        Self { street1, street2, street3, city, region, postal_code, country_code }
    }
}
