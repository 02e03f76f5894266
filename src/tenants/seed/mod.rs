//! Seeds: tenants with their keys, plan and customers, in YAML or JSON. docs/SEEDS.md is their manual.

mod entry;
mod extension;
mod key;
mod population;
mod secrets;
mod settings;
mod shape;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use sqlx::PgConnection;
use thiserror::Error;

use super::error::TenantError;
use super::hidden::Hidden;
use super::service::{SEED, Tenants, checked};
use super::{snapshots, store};
use crate::clock::Clock;
use crate::customers::{CustomerId, Customers, Error as CustomerError, RestoredCustomer, Scope, SeedCustomer};
use crate::database::{Batches, DatabaseError, TenantId, violated_unique_constraint};
use crate::fault_injection;
use crate::journal::Recorder;
use crate::plan::Plan;
use crate::random::Random;
use crate::tasks::{Begun, Progress, SeedSummary, TaskResult};
use crate::webhooks::EventSettings;
use crate::wire::misread::{read_json, without_value};
use crate::wire::relaxed::{Leniency, rewritten};
use entry::EntryKind;
use population::Population;

pub(super) use entry::SeedEntry;
pub(super) use extension::SeedExtension;
pub(super) use key::{SeedKey, StoredKey};
pub(super) use secrets::SecretDigest;
pub(super) use settings::{Counters, SeedFault};
pub use shape::SeedInput;

/// The demo world, compiled in.
pub const DEMO_SEED: &str = include_str!("../../../config/demo.yaml");

/// The key of the demo world, which everybody knows.
pub const DEMO_KEY: &str = "0123456789abcdef0123456789abcdef";

/// The longest seed, in bytes, as a file and as a body: a tenant of about 200,000 customers.
pub const MAX_SEED_BYTES: usize = 256 * 1024 * 1024;

/// So many customers with a record are written at a time.
const BATCH: usize = 1_000;

/// A seed file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedFile {
    /// The version of this format.
    #[serde(deserialize_with = "version")]
    pub(super) version: u32,
    pub(super) tenants: Vec<SeedTenant>,
}

/// The version of the format of seed files.
pub(super) const VERSION: u32 = 1;

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let version = u32::deserialize(deserializer)?;
    if version == VERSION { Ok(version) } else { Err(D::Error::custom(format!("the version must be {VERSION}"))) }
}

/// A tenant of a seed file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedTenant {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) keys: Vec<SeedKey>,
    #[serde(default, serialize_with = "settings::differing", skip_serializing_if = "settings::is_default")]
    pub(super) plan: Plan,
    #[serde(default, skip_serializing_if = "settings::is_real")]
    pub(super) clock: Clock,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extension: Option<SeedExtension>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) events: Option<EventSettings>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) faults: Vec<SeedFault>,
    #[serde(default, skip_serializing_if = "Counters::are_none")]
    pub(super) counters: Counters,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) customers: Vec<SeedEntry>,
    #[serde(skip_serializing)]
    pub(super) population: Option<Population>,
}

/// What a tenant's world is filled with: customers by name, a generated population, or both. The rules stay the tenant's where
/// no plan is named.
///
/// It is also what a whole seed file says of a tenant but for its name and keys, which are the tenant's own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedContents {
    pub(super) plan: Option<Plan>,
    #[serde(default)]
    clock: Clock,
    pub(super) extension: Option<SeedExtension>,
    pub(super) events: Option<EventSettings>,
    #[serde(default)]
    faults: Vec<SeedFault>,
    #[serde(default)]
    counters: Counters,
    #[serde(default)]
    customers: Vec<SeedEntry>,
    population: Option<Population>,
}

impl SeedContents {
    /// How many customers.
    pub(super) fn size(&self) -> u64 {
        self.customers.len() as u64 + self.population.as_ref().map_or(0, Population::size)
    }
}

impl From<SeedTenant> for SeedContents {
    /// A tenant of a file that names no plan has the default one.
    fn from(tenant: SeedTenant) -> Self {
        let SeedTenant { name: _, keys: _, plan, clock, extension, events, faults, counters, customers, population } =
            tenant;
        Self { plan: Some(plan), clock, extension, events, faults, counters, customers, population }
    }
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

/// Reads a seed: `demo` or the path of a file.
///
/// # Errors
/// When the file cannot be read, is not YAML or JSON, or holds a name or value that is not known.
pub fn read_seed(name: &str) -> Result<SeedFile, SeedError> {
    let failed = |reason: String| SeedError::File { path: name.to_owned(), reason };
    if name == "demo" { read_text(DEMO_SEED, false).map_err(failed) } else { read_file(name) }
}

/// A YAML file, or a JSON one that is named so.
fn read_file<T: DeserializeOwned>(path: &str) -> Result<T, SeedError> {
    let failed = |reason: String| SeedError::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    if text.len() > MAX_SEED_BYTES {
        return Err(failed(format!("it is longer than {MAX_SEED_BYTES} bytes")));
    }
    read_text(&text, is_named_json(path)).map_err(failed)
}

/// Whether a file is one of JSON by its name.
#[must_use]
pub fn is_named_json(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// YAML, or JSON, which may have comments and trailing commas. Either may begin with a byte order mark.
///
/// # Errors
/// Where and why the text cannot be read.
pub fn read_text<T: DeserializeOwned>(text: &str, is_json: bool) -> Result<T, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if is_json {
        let read = match read_json(text) {
            Err(error) if error.is_syntax => read_json(&rewritten(text, Leniency::Comments)),
            read => read,
        };
        return read.map_err(|error| error.message);
    }
    // The library's own limits are those of settings files: a seed of 100,000 customers has millions of nodes, and one
    // address may stand in for all of them. What aliases may multiply is limited still.
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

/// What is wrong, and the line in which it is, but for its value: that, and the lines around it, may be a key or a tax id, and an
/// error may come into a log.
fn with_line(error: &serde_saphyr::Error, text: &str) -> String {
    let message = without_value(&error.to_string());
    let place = error.location().and_then(|at| Some((at.line(), usize::try_from(at.column()).ok()?)));
    let line = place.and_then(|(line, _)| text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?));
    let name = line.and_then(|line| Some(line.split_once(": ")?.0).or_else(|| line.trim_end().strip_suffix(':')));
    match (place, name) {
        (Some((number, column)), Some(name)) if (1..=name.chars().count()).contains(&column) => {
            let margin = " ".repeat(number.to_string().len());
            let caret = " ".repeat(column - 1);
            format!("{message}\n{margin} |\n{number} | {name}: …\n{margin} | {caret}^")
        }
        _ => message,
    }
}

/// Loads a seed file, all or nothing; what it makes of each tenant is the seed that a reset goes back to. A tenant that is
/// there already is left as it is.
///
/// # Errors
/// When the seed contradicts itself or a rule, or when the database fails; nothing of it is kept then.
pub async fn load_seed(tenants: &Tenants, seed: SeedFile) -> Result<SeedSummary, SeedError> {
    load(tenants, seed, &Progress::default()).await
}

async fn load(tenants: &Tenants, seed: SeedFile, progress: &Progress) -> Result<SeedSummary, SeedError> {
    let mut names = BTreeSet::new();
    if let Some(twice) = seed.tenants.iter().find(|tenant| !names.insert(&tenant.name)) {
        let reason = "the file has two tenants of this name".to_owned();
        return Err(SeedError::Content { tenant: twice.name.clone(), reason });
    }
    // One after the other, so that of two with the same tenant the second one finds it.
    let _turn = tenants.loading.lock().await;
    let (mut batches, mut hidden) = (Batches::new(&tenants.database), Hidden::default());
    let loaded = load_tenants(&mut batches, &mut hidden, tenants, seed, progress).await;
    let seeded = tenants.settle(batches, hidden, loaded).await?;
    // A key may have been asked for before it was made.
    tenants.credentials.forget();
    Ok(seeded)
}

impl Tenants {
    /// Loads a seed file as `load_seed` does, as a task.
    #[must_use]
    pub fn load(&self, seed: SeedFile) -> Begun<TenantError> {
        let tenants = self.patient();
        let names: Vec<&str> = seed.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        self.tasks.begin(self.random.uuid(), &names.join(", "), "load", |progress| async move {
            let seeded = load(&tenants, seed, &progress).await?;
            Ok(TaskResult::LoadedSeed(seeded))
        })
    }
}

async fn load_tenants(
    batches: &mut Batches,
    hidden: &mut Hidden,
    tenants: &Tenants,
    seed: SeedFile,
    progress: &Progress,
) -> Result<SeedSummary, SeedError> {
    let (mut seeded, mut unseen) = (SeedSummary::default(), Vec::new());
    for SeedTenant { name, .. } in &seed.tenants {
        // The name first: no text in Postgres holds every character.
        checked(name).map_err(|error| SeedError::Content { tenant: name.clone(), reason: error.to_string() })?;
    }
    let names: BTreeSet<&str> = seed.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
    for name in names {
        store::data::lock_name(batches.connection().await?, name).await?;
    }
    for mut tenant in seed.tenants {
        let name = tenant.name.clone();
        let is_known = store::find_tenant(batches.connection().await?, &name).await?.is_some();
        if is_known {
            seeded.unchanged.push(name);
            continue;
        }
        let (keys, plan) = (std::mem::take(&mut tenant.keys), tenant.plan.clone());
        let made = Made { name: &name, plan: &plan, origin: "seed" };
        let id = Box::pin(make(batches, hidden, tenants, made, tenant.into(), progress)).await?;
        unseen.push((id, name.clone(), keys));
        seeded.created.push(name);
    }
    // Nobody sees one of them before all are there.
    for (id, name, keys) in unseen {
        let failed = |reason: String| SeedError::Content { tenant: name.clone(), reason };
        let connection = batches.connection().await?;
        if !store::data::show(connection, id, &name, None).await? {
            return Err(failed("somebody else made it at this moment".to_owned()));
        }
        for key in &keys {
            let inserted = key.insert(connection, id, &tenants.random, Clock::Real.now()).await;
            inserted.map_err(|error| error.within(&failed))?;
        }
    }
    Ok(seeded)
}

/// A tenant that is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made<'a> {
    pub name: &'a str,
    pub plan: &'a Plan,
    pub origin: &'a str,
}

/// Makes a tenant that nobody sees yet, fills it, and keeps what it is then as its seed.
pub(super) async fn make(
    batches: &mut Batches,
    hidden: &mut Hidden,
    tenants: &Tenants,
    made: Made<'_>,
    seed: SeedContents,
    progress: &Progress,
) -> Result<TenantId, SeedError> {
    let Made { name, plan, origin } = made;
    let failed = |reason: String| SeedError::Content { tenant: name.to_owned(), reason };
    let now = Clock::Real.now();
    let inserted = store::insert_tenant(batches.connection().await?, plan, now, origin).await;
    let id = inserted.map_err(|error| unwritable(error, &failed))?;
    hidden.tenants.push(id);
    let customers = seed.size();
    fill(batches, &tenants.customers, &tenants.random, Filled { id, name, plan }, seed, progress).await?;
    batches.filled(customers).await?;
    hidden.rows += 2 * snapshots::save_hidden(batches, id, SEED, now, progress).await?;
    Ok(id)
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
    batches: &mut Batches,
    customers: &Customers,
    random: &Random,
    tenant: Filled<'_>,
    seed: SeedContents,
    progress: &Progress,
) -> Result<(), SeedError> {
    let customers_in_all = seed.size();
    let SeedContents { plan: _, clock, extension, events, faults, counters, customers: entries, population } = seed;
    let Filled { id, name, plan } = tenant;
    let failed = |reason: String| SeedError::Content { tenant: name.to_owned(), reason };
    let broken = |error: sqlx::Error| unwritable(error, &failed);
    if let Some(url) = events.as_ref().and_then(EventSettings::doubled) {
        return Err(failed(format!("two subscriptions have the address {url}")));
    }
    if !clock.is_possible() {
        return Err(failed("a clock can stand between the years 1900 and 9000".to_owned()));
    }
    counters.check().and_then(|()| faults.iter().try_for_each(SeedFault::check)).map_err(failed)?;
    let (extension, token) = extension.map(SeedExtension::split).transpose().map_err(failed)?.unzip();
    let connection = batches.connection().await?;
    store::connect(connection, id, extension.as_ref(), events.as_ref()).await.map_err(broken)?;
    if let Some(token) = token {
        store::insert_extension_token(connection, id, token.bytes()).await?;
    }
    store::data::set_clock(connection, id, clock).await?;
    let armed = settings::armed(faults);
    fault_injection::restore(connection, id, &armed)
        .await
        .map_err(|error| unwritable(error, &|why| failed(format!("faults: {why}"))))?;
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
    progress.expect("customers", customers_in_all);
    let mut filling = Filling { customers, scope, progress, restored: Vec::new(), has_restored: false };
    let first_distributor = filling.add_all(batches, entries, &failed).await?;
    if filling.has_restored
        && let Some(wrong) = customers.unlinked(batches.connection().await?, id).await?
    {
        return Err(failed(wrong));
    }
    store::raise_counters(batches.connection().await?, id, counters.customers, counters.companies).await?;
    if let Some(population) = population {
        population.check().map_err(failed)?;
        let told = |rows| progress.advance(rows);
        match customers.populate(batches, &filling.scope, population.into(), first_distributor, &told).await {
            Ok(()) => {}
            Err(DatabaseError::Statement(error)) => {
                return Err(unwritable(error, &|why| failed(format!("population: {why}"))));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The customers of a seed on their way into the database.
struct Filling<'a> {
    customers: &'a Customers,
    scope: Scope<'a>,
    progress: &'a Progress,
    /// Those with a record that are not written yet: many are written at once.
    restored: Vec<RestoredCustomer>,
    /// Whether there were any.
    has_restored: bool,
}

impl Filling<'_> {
    /// Writes customers; the first distributor among them.
    async fn add_all(
        &mut self,
        batches: &mut Batches,
        mut entries: Vec<SeedEntry>,
        failed: &(dyn Fn(String) -> SeedError + Sync),
    ) -> Result<Option<CustomerId>, SeedError> {
        self.number(batches.connection().await?, &mut entries, failed).await?;
        let mut references = HashMap::new();
        let mut first_distributor = None;
        for (number, entry) in entries.into_iter().enumerate() {
            let label = entry.label(number + 1);
            let of_one = |reason: String| failed(format!("customer {label}: {reason}"));
            let (reference, is_distributor) = (entry.reference.clone(), entry.is_distributor());
            let id = match entry.into_customer(&references).map_err(of_one)? {
                EntryKind::Restored(customer) => {
                    let id = customer.id;
                    self.restored.push(*customer);
                    if self.restored.len() >= BATCH {
                        self.write_restored(batches.connection().await?, failed).await?;
                    }
                    id
                }
                EntryKind::New(customer) => {
                    // Its sponsor may be one of those, and it may not get the number of one.
                    self.write_restored(batches.connection().await?, failed).await?;
                    self.create(batches.connection().await?, *customer, &of_one).await?
                }
            };
            if is_distributor && first_distributor.is_none() {
                first_distributor = Some(id);
            }
            if let Some(reference) = reference
                && references.insert(reference, id.0).is_some()
            {
                return Err(of_one("its ref is used twice".to_owned()));
            }
            batches.pause().await?;
        }
        self.write_restored(batches.connection().await?, failed).await?;
        Ok(first_distributor)
    }

    /// Gives every customer its number, and raises the tenant's counter once for all of them.
    async fn number(
        &self,
        connection: &mut PgConnection,
        entries: &mut [SeedEntry],
        failed: &(dyn Fn(String) -> SeedError + Sync),
    ) -> Result<(), SeedError> {
        let tenant = self.scope.tenant;
        let first = store::last_customer(connection, tenant).await?;
        let last = entries.iter_mut().try_fold(first, |last, entry| entry.number(last));
        let last = last.ok_or_else(|| failed("there is no number left for its customers".to_owned()))?;
        if last > first {
            store::raise_counters(connection, tenant, last, 0).await?;
        }
        Ok(())
    }

    async fn create(
        &self,
        connection: &mut PgConnection,
        customer: SeedCustomer,
        failed: &(dyn Fn(String) -> SeedError + Sync),
    ) -> Result<CustomerId, SeedError> {
        let created = match self.customers.create_from_seed(connection, &self.scope, customer).await {
            Ok(created) => created,
            Err(CustomerError::Database(DatabaseError::Statement(error))) => return Err(unwritable(error, failed)),
            Err(CustomerError::Database(error)) => return Err(error.into()),
            Err(CustomerError::Rejected(rejection)) => {
                let sentences: Vec<String> = rejection
                    .violations
                    .iter()
                    .map(|violation| violation.rule.sentence(violation.field.name()))
                    .collect();
                return Err(failed(sentences.join(" ")));
            }
            Err(other) => return Err(failed(other.to_string())),
        };
        self.progress.advance(1);
        Ok(created)
    }

    async fn write_restored(
        &mut self,
        connection: &mut PgConnection,
        failed: &(dyn Fn(String) -> SeedError + Sync),
    ) -> Result<(), SeedError> {
        let batch = std::mem::take(&mut self.restored);
        let (Some(first), Some(last)) = (batch.first().map(|first| first.id.0), batch.last().map(|last| last.id.0))
        else {
            return Ok(());
        };
        let written = batch.len() as u64;
        let Scope { tenant, plan, .. } = self.scope;
        let failed = |why: String| failed(format!("customers {first} to {last}: {why}"));
        self.customers.restore(connection, tenant, plan, batch).await.map_err(|error| unwritable(error, &failed))?;
        // Numbers that are given from now on are above theirs.
        store::raise_counters(connection, tenant, 0, 0).await?;
        self.has_restored = true;
        self.progress.advance(written);
        Ok(())
    }
}

/// What the database says of a seed that contradicts itself or cannot be stored.
fn unwritable(error: sqlx::Error, failed: &dyn Fn(String) -> SeedError) -> SeedError {
    if let Some(rule) = violated_unique_constraint(&error) {
        return failed(format!("an id or a value that must be unique is used twice ({rule})"));
    }
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        Some("22003") => failed("an id or a number is too large".to_owned()),
        Some("22021" | "22P05") => failed("a text holds the character NUL".to_owned()),
        Some("54000") => failed("a value that is looked up is too long".to_owned()),
        _ => error.into(),
    }
}

/// Why a part of a seed was not written.
#[derive(Debug)]
enum Unwritten {
    Because(String),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Unwritten {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl Unwritten {
    fn within(self, failed: &dyn Fn(String) -> SeedError) -> SeedError {
        match self {
            Self::Because(why) => failed(why),
            Self::Database(error) => unwritable(error, failed),
        }
    }
}

/// The moment of a member that is not named.
fn real_now() -> DateTime<Utc> {
    Clock::Real.now()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (r#""faults": [{"rule": {"operation": "*", "answer": "SECRET"}}]"#, &["faults[0].rule: unknown variant"]),
            (r#""faults": [{"rule": "SECRET"}]"#, &["faults[0].rule: "]),
            (r#""population": {"shape": "SECRET"}"#, &["population.shape: unknown variant"]),
        ] {
            wrong(&of_tenant(members), true, why);
            // JSON is YAML too, where the place is the line; a number may stand for a text there.
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
