//! Seeds: tenants with their keys, plan and customers, in YAML or JSON. docs/SEEDS.md is their manual.

mod entry;
mod population;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use thiserror::Error;

use super::credential::{KeyKind, digest};
use super::keys::{KeySlot, insert};
use super::listing::NewKey;
use super::world::{SEED, Worlds};
use super::{copy, store};
use crate::clock::Clock;
use crate::customers::{Customers, Error as CustomerError, Scope};
use crate::database::{DatabaseError, TenantId, violated_unique_constraint};
use crate::events::EventSettings;
use crate::hooks::{Extension, HookId};
use crate::journal::Recorder;
use crate::outgoing::TargetUrl;
use crate::plan::Plan;
use crate::random::Random;
use crate::tasks::Progress;
use entry::SeedEntry;

use population::Population;

/// The demo world, compiled in.
pub const DEMO_SEED: &str = include_str!("../../../config/demo.yaml");

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
    population: Option<Population>,
}

/// What a tenant's world is filled with: customers by name, a generated population, or both. The rules stay the tenant's where
/// no plan is named.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldSeed {
    pub(super) plan: Option<Plan>,
    pub(super) extension: Option<SeedExtension>,
    pub(super) events: Option<EventSettings>,
    #[serde(default)]
    customers: Vec<SeedEntry>,
    population: Option<Population>,
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
    #[serde(default)]
    kind: KeyKind,
    #[serde(default)]
    account: Option<String>,
    key: String,
    #[serde(default)]
    secondary_key: Option<String>,
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
    /// The seed says something that cannot be.
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
fn read_file<T: DeserializeOwned>(path: &str) -> Result<T, SeedError> {
    let failed = |reason: String| SeedError::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let is_json = Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    read_text(&text, is_json).map_err(failed)
}

/// YAML, or JSON.
///
/// # Errors
/// Where and why the text cannot be read.
pub fn read_text<T: DeserializeOwned>(text: &str, is_json: bool) -> Result<T, String> {
    if is_json {
        serde_json::from_str(text).map_err(|error| error.to_string())
    } else {
        let failed = |error: serde_saphyr::Error| {
            let text = error.to_string();
            text.strip_prefix("error: ").unwrap_or(&text).to_owned()
        };
        serde_saphyr::from_str(text).map_err(failed)
    }
}

/// Loads a seed file in one transaction; what it makes of each tenant is the seed that a reset goes back to. A tenant that is
/// there already is left as it is.
///
/// # Errors
/// When the seed contradicts itself or a rule, or when the database fails; nothing of it is kept then.
pub async fn load_seed(worlds: &Worlds, seed: SeedFile) -> Result<Seeded, SeedError> {
    worlds
        .database
        .in_transaction(async |connection| {
            let mut seeded = Seeded::default();
            for tenant in seed.tenants {
                let name = tenant.name.clone();
                let made = load_tenant(connection, worlds, tenant).await?;
                if made { seeded.made.push(name) } else { seeded.left.push(name) }
            }
            Ok(seeded)
        })
        .await
}

async fn load_tenant(connection: &mut PgConnection, worlds: &Worlds, tenant: SeedTenant) -> Result<bool, SeedError> {
    let SeedTenant { name, keys, plan, extension, events, customers, population } = tenant;
    let failed = |reason: String| SeedError::Content { tenant: name.clone(), reason };
    let now = Clock::Real.now();
    let Some(id) = store::insert_tenant(connection, &name, &plan, now, None, "seed").await? else { return Ok(false) };
    for SeedKey { name, kind, account, key, secondary_key } in keys {
        let slots = [(KeySlot::Primary, Some(key)), (KeySlot::Secondary, secondary_key)];
        for (slot, key) in slots.into_iter().filter_map(|(slot, key)| Some((slot, key?))) {
            let new = NewKey { name: name.clone(), kind, account: account.clone(), secret: Some(key) };
            let key = new.credential(&worlds.random).map_err(|error| failed(format!("key '{name}': {error}")))?;
            if !insert(connection, id, &name, slot, &key, now, None).await? {
                return Err(failed(format!("the key '{name}' or its name is in use already")));
            }
        }
    }
    let seed = WorldSeed { plan: None, extension, events, customers, population };
    fill(
        connection,
        &worlds.customers,
        &worlds.random,
        Filled { id, name: &name, plan: &plan },
        seed,
        &Progress::default(),
    )
    .await?;
    copy::save(connection, id, id, SEED, now).await?;
    Ok(true)
}

/// The tenant that is filled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filled<'a> {
    pub id: TenantId,
    pub name: &'a str,
    pub plan: &'a Plan,
}

/// Fills an empty world.
pub(super) async fn fill(
    connection: &mut PgConnection,
    customers: &Customers,
    random: &Random,
    tenant: Filled<'_>,
    seed: WorldSeed,
    progress: &Progress,
) -> Result<(), SeedError> {
    let WorldSeed { plan: _, extension, events, customers: entries, population } = seed;
    let Filled { id, name, plan } = tenant;
    let failed = |reason: String| SeedError::Content { tenant: name.to_owned(), reason };
    if let Some(url) = events.as_ref().and_then(EventSettings::doubled) {
        return Err(failed(format!("two subscriptions have the address {url}")));
    }
    let (extension, directscale_token) = extension.map(SeedExtension::split).unzip();
    store::connect(connection, id, extension.as_ref(), events.as_ref()).await?;
    if let Some(token) = directscale_token {
        store::insert_extension_token(connection, id, &digest(&token)).await?;
    }
    let scope = Scope {
        tenant: id,
        plan,
        is_lenient: false,
        now: Clock::Real.now(),
        caller: "seed",
        request: random.uuid(),
        extension: None,
        events: None,
        has_event_faults: false,
        recorder: Recorder::OFF,
    };
    progress.expect("customers", entries.len() as u64 + population.as_ref().map_or(0, Population::size));
    let mut references = HashMap::new();
    let mut first_distributor = None;
    for (number, entry) in entries.into_iter().enumerate() {
        let label = entry.reference.clone().unwrap_or_else(|| format!("number {}", number + 1));
        let failed = |reason: String| failed(format!("customer {label}: {reason}"));
        let reference = entry.reference.clone();
        let customer = entry.into_customer(&references).map_err(failed)?;
        let is_distributor = customer.values.customer_type == Some(crate::plan::DISTRIBUTOR);
        let created = match customers.create_from_seed(connection, &scope, customer).await {
            Ok(created) => created,
            Err(CustomerError::Database(DatabaseError::Statement(error))) => return Err(twice(error, &failed)),
            Err(CustomerError::Database(error)) => return Err(error.into()),
            Err(CustomerError::Refused(refusal)) => {
                let faults: Vec<String> =
                    refusal.faults.iter().map(|fault| format!("{}: {:?}", fault.field, fault.rule)).collect();
                return Err(failed(faults.join("; ")));
            }
            Err(other) => return Err(failed(other.to_string())),
        };
        if is_distributor && first_distributor.is_none() {
            first_distributor = Some(created);
        }
        if let Some(reference) = reference
            && references.insert(reference, created.0).is_some()
        {
            return Err(failed("its ref is used twice".to_owned()));
        }
        progress.advance(1);
    }
    if let Some(population) = population {
        population.check().map_err(failed)?;
        let told = |rows| progress.advance(rows);
        let populated = customers.populate(connection, &scope, population.into(), first_distributor, &told).await;
        populated.map_err(|error| twice(error, &|why| failed(format!("population: {why}"))))?;
    }
    Ok(())
}

/// What the database says of a seed that contradicts itself.
fn twice(error: sqlx::Error, failed: &dyn Fn(String) -> SeedError) -> SeedError {
    if let Some(rule) = violated_unique_constraint(&error) {
        return failed(format!("an id or a value that must be unique is used twice ({rule})"));
    }
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if code.is_some_and(|code| code == "22003") {
        return failed("an id is larger than 2147483647".to_owned());
    }
    error.into()
}

impl SeedExtension {
    /// What is kept with the tenant, and the token by which the extension calls back.
    pub(super) fn split(self) -> (Extension, String) {
        let Self { extension_token, directscale_token, hooks, timeout_seconds } = self;
        (Extension::new(extension_token, hooks, timeout_seconds), directscale_token)
    }
}
