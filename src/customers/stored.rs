//! Customers with everything that is stored about them, for exports and for seeds that restore an export.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike as _, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

use super::service::Customers;
use super::store;
use crate::database::TenantId;
use crate::json_schema::{DateTimeText, UuidText, closed_object};
use crate::model::{Customer, CustomerFields, CustomerId};
use crate::plan::{MAX_INDEXED_LENGTH, Plan};
use crate::vendor_facts::ProfileOwner;

/// The largest number of points that an entry of the ledger can hold.
const MAX_POINTS: f64 = 1e13;

/// The highest record number of a seed file. The numbers after it are for later upgrades.
const MAX_RECORD_NUMBER: i64 = i64::MAX / 2;

/// The highest number in a seed. The numbers from there to 2147483647 are left for what is created afterwards.
pub const MAX_SEED_NUMBER: i32 = 2_000_000_000;

/// A customer with everything that is stored about it.
#[derive(Debug, Clone)]
pub struct StoredCustomer {
    pub customer: Customer,
    pub password_hash: Option<String>,
    pub record: CustomerRecord,
}

/// A customer that is stored exactly as it is: without validation and defaults.
#[derive(Debug, Clone)]
pub struct RestoredCustomer {
    pub id: CustomerId,
    pub fields: CustomerFields,
    pub password_hash: Option<String>,
    pub record: CustomerRecord,
}

/// What the system stores about a customer in addition to the fields that clients set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enroller_id: Option<i32>,
    /// The time of the last write.
    #[schemars(with = "DateTimeText")]
    pub modified_at: DateTime<Utc>,
    /// The time of the last change of the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<DateTimeText>")]
    pub upgrade_date: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<DateTimeText>")]
    pub inactive_date: Option<DateTime<Utc>>,
    /// Absent for a customer that was not placed in the sponsor tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Placement>,
    /// The customer uuid, if a client chose it.
    #[serde(rename = "key", default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<UuidText>")]
    pub uuid: Option<Uuid>,
    /// The rows of `CRM_AssociateTypeChanges`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub type_changes: Vec<StoredTypeChange>,
    /// The ledger of reward points.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reward_points: Vec<StoredPoints>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companies: Vec<StoredCompany>,
    /// The stored members of the other vendor APIs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "profiles")]
    pub profiles: BTreeMap<ProfileOwner, Map<String, Value>>,
}

/// A node of the sponsor tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upline_id: Option<i32>,
    #[schemars(with = "DateTimeText")]
    pub placed_at: DateTime<Utc>,
}

/// A row of `CRM_AssociateTypeChanges`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoredTypeChange {
    #[schemars(with = "UuidText")]
    pub id: Uuid,
    /// The column `recordnumber`.
    pub record_number: i64,
    pub old_type: i32,
    pub new_type: i32,
    #[schemars(with = "DateTimeText")]
    pub changed_at: DateTime<Utc>,
    /// The name of the credential that changed the type.
    pub changed_by: String,
    #[schemars(with = "UuidText")]
    pub request_id: Uuid,
}

/// An entry of the ledger of reward points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoredPoints {
    #[schemars(with = "UuidText")]
    pub id: Uuid,
    /// Below zero for a deduction.
    #[schemars(range(min = -MAX_POINTS, max = MAX_POINTS))]
    pub points: f64,
    #[schemars(with = "DateTimeText")]
    pub entered_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<DateTimeText>")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A company of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoredCompany {
    /// The number within the tenant.
    #[schemars(range(min = 1, max = MAX_SEED_NUMBER))]
    pub id: i32,
    /// The company's uuid.
    #[schemars(with = "UuidText")]
    pub key: Uuid,
    /// The position among the customer's companies.
    #[serde(default)]
    pub place: i32,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_no: Option<String>,
    /// All other members, by the vendor's name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

/// The members of each vendor's profile are the vendor's.
fn profiles(_: &mut SchemaGenerator) -> Schema {
    closed_object(ProfileOwner::ALL.map(|owner| (owner.name(), json_schema!({ "type": "object" }))))
}

impl CustomerRecord {
    /// Checks that the record can be stored.
    ///
    /// # Errors
    /// The member that cannot be stored, and its rule.
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
        if self.type_changes.iter().any(|change| change.record_number > MAX_RECORD_NUMBER) {
            return Err(format!("record.type_changes.record_number must be at most {MAX_RECORD_NUMBER}"));
        }
        if self.companies.iter().any(|company| company.id < 1) {
            return Err("record.companies.id must be above zero".to_owned());
        }
        // An index holds both.
        let length = |company: &StoredCompany| {
            company.name.chars().count() + company.org_no.as_ref().map_or(0, |number| number.chars().count())
        };
        if self.companies.iter().any(|company| length(company) > MAX_INDEXED_LENGTH) {
            return Err(format!(
                "record.companies.name and org_no must be at most {MAX_INDEXED_LENGTH} characters long together"
            ));
        }
        Ok(())
    }
}

impl Customers {
    /// At most `limit` customers of a tenant with an id above `after`, by ascending id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stored(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
        after: i32,
        limit: i64,
    ) -> Result<Vec<StoredCustomer>, sqlx::Error> {
        store::stored::read(connection, tenant, after, limit).await
    }

    /// Writes customers exactly as they are. They may refer to customers that are written later; `link_error` checks that at the
    /// end.
    ///
    /// # Errors
    /// When the database fails, or when two customers have the same id or the same unique value.
    pub async fn restore(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
        plan: &Plan,
        customers: Vec<RestoredCustomer>,
    ) -> Result<(), sqlx::Error> {
        store::stored::write(connection, tenant, plan, customers).await
    }

    /// The first error in a tenant's trees, if there is one: a reference to a customer that does not exist, or a circle.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn link_error(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
    ) -> Result<Option<String>, sqlx::Error> {
        Ok(first_link_error(&store::stored::links(connection, tenant).await?))
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Links {
    pub customer: i32,
    pub sponsor: Option<i32>,
    pub enroller: Option<i32>,
    pub upline: Option<i32>,
}

fn first_link_error(all: &[Links]) -> Option<String> {
    let by_id: HashMap<i32, Links> = all.iter().map(|links| (links.customer, *links)).collect();
    for links in all {
        let references = [
            ("SponsorId", links.sponsor),
            ("record.enroller_id", links.enroller),
            ("record.tree.upline_id", links.upline),
        ];
        let missing = references.into_iter().find(|(_, id)| id.is_some_and(|id| !by_id.contains_key(&id)));
        if let Some((name, Some(id))) = missing {
            return Some(format!("customer {}: {name} {id} is not a customer of this tenant", links.customer));
        }
    }
    let sponsor = circle(all, &by_id, |links| links.upline);
    let enroller = || circle(all, &by_id, |links| links.enroller);
    match (sponsor, enroller) {
        (Some(id), _) => Some(format!("customer {id} stands below itself in the sponsor tree")),
        (None, enroller) => enroller().map(|id| format!("customer {id} stands below itself in the enrollment tree")),
    }
}

/// The first customer that stands below itself, if there is one.
fn circle(all: &[Links], by_id: &HashMap<i32, Links>, above: impl Fn(&Links) -> Option<i32>) -> Option<i32> {
    // The walk that visited each customer first. A customer that the same walk visits again is in a circle.
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
        let found = |pairs: &[(i32, Option<i32>)]| first_link_error(&links(pairs));
        assert_eq!(found(&[(1, None), (2, Some(1)), (3, Some(2)), (4, Some(2)), (5, None)]), None);
        let circle = "customer 2 stands below itself in the sponsor tree";
        assert_eq!(found(&[(1, Some(2)), (2, Some(3)), (3, Some(2))]).as_deref(), Some(circle));
        assert_eq!(found(&[(2, Some(2))]).as_deref(), Some(circle));
        assert_eq!(
            found(&[(1, None), (2, Some(9))]).as_deref(),
            Some("customer 2: record.tree.upline_id 9 is not a customer of this tenant")
        );
        let enrolled = [Links { customer: 1, sponsor: None, enroller: Some(1), upline: None }];
        assert_eq!(
            first_link_error(&enrolled).as_deref(),
            Some("customer 1 stands below itself in the enrollment tree")
        );
    }

    #[test]
    fn each_customer_of_a_line_of_a_hundred_thousand_is_visited_once() {
        let pairs: Vec<(i32, Option<i32>)> = (1..=100_000).map(|id| (id, (id < 100_000).then_some(id + 1))).collect();
        assert_eq!(first_link_error(&links(&pairs)), None);
    }
}
