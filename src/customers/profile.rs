//! Members of a vendor API that have no field of a customer. They are stored per vendor and returned as they were sent.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::text::comparable;
use crate::vendor_facts::ProfileOwner;

/// The members of one vendor API that have no field of a customer. A write replaces the stored ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    pub owner: ProfileOwner,
    /// By the vendor's name.
    pub fields: Map<String, Value>,
    /// In order. `None` does not change the stored ones.
    pub companies: Option<Vec<Company>>,
}

/// A company that a customer belongs to. Name and organization number together are unique in a tenant, ignoring case and
/// surrounding space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// The number within the tenant; `None` for a new company.
    pub id: Option<i32>,
    /// `None` for a new company whose request has no uuid.
    pub key: Option<Uuid>,
    pub name: String,
    pub org_no: Option<String>,
    /// All other members, by the vendor's name.
    pub details: Map<String, Value>,
}

/// The version of a customer's row. A write with a version fails if the row has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

/// The companies of a profile.
pub(super) fn companies(profile: Option<&Profile>) -> &[Company] {
    profile.and_then(|profile| profile.companies.as_deref()).unwrap_or_default()
}

/// The form in which companies are compared: organization number and name; `None` without a number.
pub(super) fn name_key(company: &Company) -> Option<String> {
    let number = comparable(company.org_no.as_deref()?);
    (!number.is_empty()).then(|| format!("{number}\n{}", comparable(&company.name)))
}
