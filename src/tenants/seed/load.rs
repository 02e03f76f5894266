//! Loads seed files: creates their tenants.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::credential::SeedCredential;
use super::file::{SeedContents, SeedFile, SeedTenant};
use super::fill::{SeedTarget, fill};
use super::read::SeedSource;
use super::write_error::write_error;
use crate::clock::Clock;
use crate::database::{Batches, TenantId};
use crate::plan::Plan;
use crate::tasks::{Progress, SeedSummary, StartedTask, TaskResult};
use crate::tenants::credentials::MAX_SUBSCRIPTIONS;
use crate::tenants::error::{SeedError, TenantError};
use crate::tenants::service::{NOT_A_KEY_NAME, SEED, Tenants, check_name, is_key_name};
use crate::tenants::store::{self, lifecycle, snapshots};
use crate::tenants::unfinished::Unfinished;

/// What a seed that was loaded at the start did.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LoadedSeed {
    /// `demo`, or the path of the file.
    pub file: String,
    /// The tenants that it created.
    pub created: Vec<String>,
    /// The tenants that existed before and did not change.
    pub unchanged: Vec<String>,
}

/// Loads a seed as a whole or not at all.
///
/// # Errors
/// As [`SeedSource::read`] and [`load_seed`], with the name of the file.
pub async fn load_source(tenants: &Tenants, source: SeedSource) -> Result<LoadedSeed, SeedError> {
    let file = source.to_string();
    let loaded = load_seed(tenants, read(source).await?).await;
    let SeedSummary { created, unchanged } = loaded.map_err(|error| error.of_file(&file))?;
    Ok(LoadedSeed { file, created, unchanged })
}

/// Reads a seed, which can be long, on a thread that blocks nothing else.
async fn read(source: SeedSource) -> Result<SeedFile, SeedError> {
    let path = source.to_string();
    let read = tokio::task::spawn_blocking(move || source.read()).await;
    read.map_err(|_| SeedError::File { path, reason: "reading it ended unexpectedly".to_owned() })?
}

/// Creates the tenants of a seed file, all or none. A reset of each restores the file's data. An existing tenant does not change.
///
/// # Errors
/// When the seed contradicts itself or a rule, or when the database fails.
pub async fn load_seed(tenants: &Tenants, seed: SeedFile) -> Result<SeedSummary, SeedError> {
    load(tenants, seed, &Progress::default()).await
}

impl Tenants {
    /// The same as a task.
    #[must_use]
    pub fn load(&self, seed: SeedFile) -> StartedTask<TenantError> {
        let tenants = self.for_task();
        let names: Vec<&str> = seed.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        self.begin(&names.join(", "), "load", |progress| async move {
            let summary = load(&tenants, seed, &progress).await?;
            Ok(TaskResult::LoadedSeed(summary))
        })
    }
}

async fn load(tenants: &Tenants, seed: SeedFile, progress: &Progress) -> Result<SeedSummary, SeedError> {
    check_names(&seed)?;
    // One file at a time, so that the second of two files with the same tenant finds that tenant.
    let _turn = tenants.loading.lock().await;
    let (mut batches, mut unfinished) = (Batches::new(&tenants.database), Unfinished::default());
    let loading = load_tenants(&mut batches, &mut unfinished, tenants, seed, progress);
    let loaded = tenants.database.in_time(loading).await;
    let (summary, first) = tenants.finish(batches, unfinished, loaded).await?;
    if let Some(first) = first {
        tenants.credentials.forget(first);
    }
    Ok(summary)
}

/// Checks the names before they are used in a query, because Postgres cannot store every character, and the numbers of keys.
fn check_names(seed: &SeedFile) -> Result<(), SeedError> {
    let failed = |name: &str, reason: String| SeedError::Content { tenant: name.to_owned(), reason };
    let mut names = BTreeSet::new();
    for SeedTenant { name, keys, .. } in &seed.tenants {
        if !names.insert(name) {
            return Err(failed(name, "the file has two tenants of this name".to_owned()));
        }
        check_name(name).map_err(|error| failed(name, error.to_string()))?;
        if i64::try_from(keys.len()).is_ok_and(|keys| keys > MAX_SUBSCRIPTIONS) {
            return Err(failed(name, format!("it must have at most {MAX_SUBSCRIPTIONS} keys, not {}", keys.len())));
        }
        if keys.iter().any(|key| !is_key_name(&key.name)) {
            return Err(failed(name, NOT_A_KEY_NAME.to_owned()));
        }
    }
    Ok(())
}

/// A tenant of the file that is filled but not published yet.
struct FilledTenant {
    id: TenantId,
    name: String,
    keys: Vec<SeedCredential>,
}

/// Returns also the first tenant that it created.
async fn load_tenants(
    batches: &mut Batches,
    unfinished: &mut Unfinished,
    tenants: &Tenants,
    seed: SeedFile,
    progress: &Progress,
) -> Result<(SeedSummary, Option<TenantId>), SeedError> {
    let (mut summary, mut filled) = (SeedSummary::default(), Vec::new());
    // Sorted, so that two servers with the same names do not wait for each other.
    let names: BTreeSet<&str> = seed.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
    for name in names {
        lifecycle::lock_name(batches.connection().await?, name).await?;
    }
    for mut tenant in seed.tenants {
        let name = tenant.name.clone();
        if store::find_tenant(batches.connection().await?, &name).await?.is_some() {
            summary.unchanged.push(name);
            continue;
        }
        let (keys, plan) = (std::mem::take(&mut tenant.keys), tenant.plan.clone());
        let new = NewSeededTenant { name: &name, plan: &plan, origin: "seed" };
        let id = Box::pin(create_unfinished(batches, unfinished, tenants, new, tenant.into(), progress)).await?;
        summary.created.push(name.clone());
        filled.push(FilledTenant { id, name, keys });
    }
    let first = filled.first().map(|tenant| tenant.id);
    // Published only when all are filled.
    for tenant in filled {
        publish(batches, tenants, tenant).await?;
    }
    // Once for all, because all that a server may remember of a new tenant is that its keys are unknown.
    if let Some(first) = first {
        tenants.servers.raise(batches.connection().await?, first).await?;
    }
    Ok((summary, first))
}

async fn publish(batches: &mut Batches, tenants: &Tenants, tenant: FilledTenant) -> Result<(), SeedError> {
    let FilledTenant { id, name, keys } = tenant;
    let failed = |reason: String| SeedError::Content { tenant: name.clone(), reason };
    let connection = batches.connection().await?;
    if !lifecycle::publish(connection, id, &name, None).await? {
        return Err(failed("another request created it at the same time".to_owned()));
    }
    for key in &keys {
        let inserted = key.insert(connection, id, &tenants.random, Clock::Real.now()).await;
        inserted.map_err(|error| error.into_seed_error(&failed))?;
    }
    Ok(())
}

/// A tenant that is to be created.
#[derive(Debug, Clone, Copy)]
pub(in crate::tenants) struct NewSeededTenant<'a> {
    pub name: &'a str,
    pub plan: &'a Plan,
    pub origin: &'a str,
}

/// Creates an unfinished tenant, fills it, and saves the data as its snapshot `seed`.
pub(in crate::tenants) async fn create_unfinished(
    batches: &mut Batches,
    unfinished: &mut Unfinished,
    tenants: &Tenants,
    new: NewSeededTenant<'_>,
    seed: SeedContents,
    progress: &Progress,
) -> Result<TenantId, SeedError> {
    let NewSeededTenant { name, plan, origin } = new;
    let failed = |reason: String| SeedError::Content { tenant: name.to_owned(), reason };
    let now = Clock::Real.now();
    let inserted = lifecycle::insert_empty(batches.connection().await?, plan, now, origin).await;
    let id = inserted.map_err(|error| write_error(error, &failed))?;
    unfinished.tenants.push(id);
    let customers = seed.size();
    let target = SeedTarget { id, name, plan };
    fill(batches, &tenants.customers, &tenants.random, target, seed, progress).await?;
    batches.filled(customers).await?;
    unfinished.rows += 2 * snapshots::save_unfinished(batches, id, SEED, now, progress).await?;
    Ok(id)
}
