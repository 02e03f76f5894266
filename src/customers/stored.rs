//! Customers as they are stored, with what the system keeps of each: what an export is made of, and what restores it.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{Customer, CustomerFields, CustomerId};
use super::service::Customers;
use super::store;
use crate::database::TenantId;
use crate::plan::Plan;
use crate::vendor_facts::ProfileOwner;

/// The largest number of points that an entry of the ledger can hold.
const MAX_POINTS: f64 = 1e13;

/// A customer with everything that is stored of it.
#[derive(Debug, Clone)]
pub struct StoredCustomer {
    pub customer: Customer,
    /// The hash of its password.
    pub password_hash: Option<String>,
    /// What the system keeps of it.
    pub record: CustomerRecord,
}

/// A customer that is written exactly as it is given: not validated, and without defaults.
#[derive(Debug, Clone)]
pub struct RestoredCustomer {
    pub id: CustomerId,
    pub fields: CustomerFields,
    /// The hash of its password.
    pub password_hash: Option<String>,
    /// What the system keeps of it.
    pub record: CustomerRecord,
}

/// What the system keeps of a customer besides the fields that callers set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enroller_id: Option<i32>,
    /// When it was written last.
    pub modified_at: DateTime<Utc>,
    /// When its type changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade_date: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive_date: Option<DateTime<Utc>>,
    /// Its node in the sponsor tree, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Placement>,
    /// The id of the system's that a caller chose for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Uuid>,
    /// Its rows of `CRM_AssociateTypeChanges`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub type_changes: Vec<StoredTypeChange>,
    /// Its ledger of reward points.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reward_points: Vec<StoredPoints>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companies: Vec<StoredCompany>,
    /// What the callers of the other vendors' APIs said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub profiles: BTreeMap<ProfileOwner, Map<String, Value>>,
}

/// A node of the sponsor tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upline_id: Option<i32>,
    /// Since when it stands in the tree.
    pub placed_at: DateTime<Utc>,
}

/// A row of `CRM_AssociateTypeChanges`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTypeChange {
    pub id: Uuid,
    /// Its `recordnumber`.
    pub record_number: i64,
    pub old_type: i32,
    pub new_type: i32,
    pub changed_at: DateTime<Utc>,
    /// The name of the key that changed it.
    pub changed_by: String,
    /// The request that changed it.
    pub request_id: Uuid,
}

/// An entry of the ledger of reward points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredPoints {
    pub id: Uuid,
    /// How many; below zero for a deduction.
    pub points: f64,
    pub entered_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A company of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredCompany {
    /// Its number within the tenant.
    pub id: i32,
    /// Its id of the system's.
    pub key: Uuid,
    /// Its place among the customer's companies.
    #[serde(default)]
    pub place: i32,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_no: Option<String>,
    /// What else was said of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

impl CustomerRecord {
    /// What of it cannot be stored, if anything.
    ///
    /// # Errors
    /// The member and its rule.
    pub fn check(&self) -> Result<(), String> {
        let dates = [
            ("modified_at", Some(self.modified_at)),
            ("upgrade_date", self.upgrade_date),
            ("inactive_date", self.inactive_date),
            ("tree.placed_at", self.tree.map(|tree| tree.placed_at)),
        ];
        let changes = self.type_changes.iter().map(|change| ("type_changes.changed_at", Some(change.changed_at)));
        let points = self.reward_points.iter().flat_map(|entry| {
            [("reward_points.entered_at", Some(entry.entered_at)), ("reward_points.expires_at", entry.expires_at)]
        });
        for (name, date) in dates.into_iter().chain(changes).chain(points) {
            if date.is_some_and(|date| !(1..=9999).contains(&date.year())) {
                return Err(format!("record.{name} must be between the years 1 and 9999"));
            }
        }
        if self.reward_points.iter().any(|entry| !entry.points.is_finite() || entry.points.abs() >= MAX_POINTS) {
            return Err(format!("record.reward_points.points must be between -{MAX_POINTS:e} and {MAX_POINTS:e}"));
        }
        if self.companies.iter().any(|company| company.id < 1) {
            return Err("record.companies.id must be above zero".to_owned());
        }
        Ok(())
    }
}

impl Customers {
    /// A tenant's customers whose number is above `after`, at most so many, in the order of their numbers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stored(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
        after: i32,
        most: i64,
    ) -> Result<Vec<StoredCustomer>, sqlx::Error> {
        store::stored::read(connection, tenant, after, most).await
    }

    /// Writes customers as they are given. Those whom they name may come later: `unlinked` looks whether all came.
    ///
    /// # Errors
    /// When the database fails, also because two have one number or one unique value.
    pub async fn restore(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
        plan: &Plan,
        customers: Vec<RestoredCustomer>,
    ) -> Result<(), sqlx::Error> {
        store::stored::write(connection, tenant, plan, customers).await
    }

    /// What is wrong with a tenant's trees, if anything: a customer that is named and is not there, or a circle.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unlinked(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
    ) -> Result<Option<String>, sqlx::Error> {
        Ok(wrong_link(&store::stored::links(connection, tenant).await?))
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Links {
    pub customer: i32,
    pub sponsor: Option<i32>,
    pub enroller: Option<i32>,
    pub upline: Option<i32>,
}

fn wrong_link(all: &[Links]) -> Option<String> {
    let by_id: HashMap<i32, Links> = all.iter().map(|links| (links.customer, *links)).collect();
    for links in all {
        let named = [
            ("SponsorId", links.sponsor),
            ("record.enroller_id", links.enroller),
            ("record.tree.upline_id", links.upline),
        ];
        let missing = named.into_iter().find(|(_, named)| named.is_some_and(|named| !by_id.contains_key(&named)));
        if let Some((name, Some(named))) = missing {
            return Some(format!("customer {}: {name} {named} is not a customer of this tenant", links.customer));
        }
    }
    let sponsor = circle(all, &by_id, |links| links.upline);
    let enroller = || circle(all, &by_id, |links| links.enroller);
    match (sponsor, enroller) {
        (Some(id), _) => Some(format!("customer {id} stands below itself in the sponsor tree")),
        (None, enroller) => enroller().map(|id| format!("customer {id} stands below itself in the enrollment tree")),
    }
}

/// A customer that stands below itself, if one does.
fn circle(all: &[Links], by_id: &HashMap<i32, Links>, above: impl Fn(&Links) -> Option<i32>) -> Option<i32> {
    // The walk in which a customer was reached first: one that is reached again in the same walk is in a circle.
    let mut walked: HashMap<i32, i32> = HashMap::with_capacity(all.len());
    for start in all {
        let mut at = Some(start.customer);
        while let Some(id) = at {
            match walked.get(&id) {
                Some(walk) if *walk == start.customer => return Some(id),
                Some(_) => break,
                None => {
                    walked.insert(id, start.customer);
                }
            }
            at = by_id.get(&id).and_then(&above);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(pairs: &[(i32, Option<i32>)]) -> Vec<Links> {
        let link = |(customer, upline): &(i32, Option<i32>)| Links {
            customer: *customer,
            sponsor: None,
            enroller: None,
            upline: *upline,
        };
        pairs.iter().map(link).collect()
    }

    #[test]
    fn circles_and_missing_customers_are_found() {
        let found = |pairs: &[(i32, Option<i32>)]| wrong_link(&links(pairs));
        assert_eq!(found(&[(1, None), (2, Some(1)), (3, Some(2)), (4, Some(2)), (5, None)]), None);
        let circle = "customer 2 stands below itself in the sponsor tree";
        assert_eq!(found(&[(1, Some(2)), (2, Some(3)), (3, Some(2))]).as_deref(), Some(circle));
        assert_eq!(found(&[(2, Some(2))]).as_deref(), Some(circle));
        assert_eq!(
            found(&[(1, None), (2, Some(9))]).as_deref(),
            Some("customer 2: record.tree.upline_id 9 is not a customer of this tenant")
        );
        let enrolled = [Links { customer: 1, sponsor: None, enroller: Some(1), upline: None }];
        assert_eq!(wrong_link(&enrolled).as_deref(), Some("customer 1 stands below itself in the enrollment tree"));
    }

    #[test]
    fn a_line_of_a_hundred_thousand_is_walked_once() {
        let pairs: Vec<(i32, Option<i32>)> = (1..=100_000).map(|id| (id, (id < 100_000).then_some(id + 1))).collect();
        assert_eq!(wrong_link(&links(&pairs)), None);
    }
}
