//! What callers say of a customer that a customer has no field for: kept beside it, by door, so that it comes back.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::model::Customer;

/// A door whose callers say more of a customer than the customer's own fields hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum ProfileOwner {
    ByDesign,
    Storm,
}

/// What one door's callers say of a customer besides its fields. Written, it takes the place of what they said before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Whose it is.
    pub owner: ProfileOwner,
    /// What they say, in the spelling of that door.
    pub fields: Map<String, Value>,
    /// The customer's companies in their order; `None` leaves them as they are.
    pub companies: Option<Vec<Company>>,
}

/// A company that a customer belongs to. Name and organisation number together are unique in a tenant, ignoring case and
/// surrounding space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// Its number within the tenant; `None` for a new one.
    pub id: Option<i32>,
    /// Its id of the system's; `None` for a new one that brings none.
    pub key: Option<Uuid>,
    /// What it is called.
    pub name: String,
    /// Its organisation number.
    pub org_no: Option<String>,
    /// What else is said of it, in the spelling of the door.
    pub details: Map<String, Value>,
}

/// The version of a customer's row. A write that names one is done only while the row is still that version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

/// A customer with all that one door's callers say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Profiled {
    /// The customer.
    pub customer: Customer,
    /// Its id of the system's.
    pub key: Uuid,
    /// When it was written last.
    pub modified_at: DateTime<Utc>,
    /// What was read.
    pub version: Version,
    /// What that door's callers said.
    pub fields: Map<String, Value>,
    /// Its companies in their order.
    pub companies: Vec<Company>,
}
