//! Customers as people look through them: page by page, with their place in the sponsor tree and their changes of type.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::CustomerId;
use super::service::Customers;
use super::store::listing;
use super::text::is_forbidden;
use crate::database::{DatabaseError, TenantId};

/// A customer in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: i32,
    pub customer_type: i32,
    pub customer_status: i32,
    pub sponsor_id: Option<i32>,
    pub back_office_id: String,
    pub username: Option<String>,
    pub email_address: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company_name: Option<String>,
}

/// A customer in the sponsor tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeNode {
    pub id: i32,
    pub upline_id: Option<i32>,
    /// How many levels from the customer in question.
    pub level: i32,
    /// Its type; `None` where there is no such customer.
    pub customer_type: Option<i32>,
    /// First and last name, else the company's.
    pub name: Option<String>,
    /// How many stand directly below it.
    pub children: i64,
}

/// Where a customer stands in the sponsor tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeAround {
    /// From the root to the customer itself; empty for one who has no place.
    pub upline: Vec<TreeNode>,
    /// Some of those below it, level by level.
    pub below: Vec<TreeNode>,
}

/// A row of `CRM_AssociateTypeChanges`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeChange {
    pub id: Uuid,
    pub record_number: i64,
    pub associate_id: i32,
    pub old_associate_type: i32,
    pub new_associate_type: i32,
    pub change_date: DateTime<Utc>,
    pub changed_by: String,
    pub request_id: Uuid,
}

impl Listed {
    /// First and last name, else the company's.
    #[must_use]
    pub fn display_name(&self) -> String {
        let names: Vec<&str> = [&self.first_name, &self.last_name].into_iter().filter_map(Option::as_deref).collect();
        if names.is_empty() { self.company_name.clone().unwrap_or_default() } else { names.join(" ") }
    }
}

impl Customers {
    /// The customers behind an id, at most so many, by ascending id; with a term, those who hold it in id, name, e-mail
    /// address, username or back office id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn listed(
        &self,
        tenant: TenantId,
        term: &str,
        after: i32,
        most: i64,
    ) -> Result<Vec<Listed>, DatabaseError> {
        // No value holds one.
        if term.contains(is_forbidden) {
            return Ok(Vec::new());
        }
        let mut session = self.database.session().await?;
        let found = listing::customers(session.connection(), tenant, term, after, most).await;
        session.end(found)
    }

    /// The changes of type, the newest first, at most so many; those of one customer, if it is named.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn type_changes(
        &self,
        tenant: TenantId,
        id: Option<CustomerId>,
        most: i64,
    ) -> Result<Vec<TypeChange>, DatabaseError> {
        let mut session = self.database.session().await?;
        let found = listing::type_changes(session.connection(), tenant, id, most).await;
        session.end(found)
    }

    /// Where a customer stands in the sponsor tree, with at most so many of those down to three levels below it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tree_around(&self, tenant: TenantId, id: CustomerId, most: i64) -> Result<TreeAround, DatabaseError> {
        let mut session = self.database.session().await?;
        let upline = listing::upline(session.connection(), tenant, id).await?;
        let below = listing::below(session.connection(), tenant, id, most).await;
        let below = session.end(below)?;
        Ok(TreeAround { upline, below })
    }
}
