//! Tasks and their results as clients see them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::journal::HIDDEN;

/// A task as clients see it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TaskStatus {
    pub id: Uuid,
    /// The tenant whose data it changes.
    pub tenant: String,
    /// `create`, `fork`, `seed`, `load`, `reset`, `restore`, `snapshot` or `delete`.
    #[schema(value_type = String)]
    pub kind: Cow<'static, str>,
    pub state: TaskState,
    /// The current step.
    pub step: String,
    /// The number of finished items of the step.
    pub done: u64,
    /// The number of items of the step; 0 if it is unknown.
    pub total: u64,
    /// The duration so far in milliseconds.
    pub ms: u64,
    /// The result of a task that is done.
    pub result: Option<TaskResult>,
    /// The error of a task that failed.
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    Running,
    Done,
    Failed,
}

/// The result of a task.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum TaskResult {
    CreatedTenant(CreatedTenant),
    DeletedTenant(DeletedTenant),
    LoadedSeed(SeedSummary),
    Snapshot(SnapshotRows),
    Data(DataRows),
}

/// A new tenant with its key, which no other response shows.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreatedTenant {
    pub tenant: String,
    pub key_name: String,
    /// `subscription-key`, `basic` or `oauth-client`.
    #[schema(value_type = String)]
    pub kind: Cow<'static, str>,
    /// The user name or client id; null for a subscription key.
    pub account: Option<String>,
    /// The key, password or client secret.
    pub key: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeletedTenant {
    /// The name of the deleted tenant.
    pub deleted: String,
}

/// The tenants of a seed file that was loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeedSummary {
    /// The tenants that were created.
    pub created: Vec<String>,
    /// The tenants that existed before and did not change.
    pub unchanged: Vec<String>,
}

/// A snapshot that was saved or restored.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SnapshotRows {
    pub snapshot: String,
    /// The number of written rows.
    pub rows: u64,
}

/// New data of a tenant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DataRows {
    /// The number of written rows.
    pub rows: u64,
}

impl TaskResult {
    /// The number of written rows, if the task wrote a tenant's data.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        match self {
            Self::Snapshot(SnapshotRows { rows, .. }) | Self::Data(DataRows { rows }) => Some(*rows),
            Self::CreatedTenant(_) | Self::DeletedTenant(_) | Self::LoadedSeed(_) => None,
        }
    }

    /// Its key, if it has one that was not hidden.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::CreatedTenant(tenant) if tenant.key != HIDDEN => Some(&tenant.key),
            _ => None,
        }
    }

    pub(super) fn without_key(self) -> Self {
        self.with_key(HIDDEN.to_owned())
    }

    pub(super) fn with_key(self, key: String) -> Self {
        match self {
            Self::CreatedTenant(tenant) => Self::CreatedTenant(CreatedTenant { key, ..tenant }),
            other => other,
        }
    }
}

impl TaskStatus {
    pub(super) fn without_key(mut self) -> Self {
        self.result = self.result.map(TaskResult::without_key);
        self
    }
}
