//! Finding customers: by a term, by filters, by a web alias.

use chrono::{DateTime, Utc};

use super::model::Customer;
use super::service::{Customers, Error, Scope};
use super::store::{self, search};
use super::text::is_forbidden;

/// What a search asks for. An empty list filters nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// A part of one of the searched fields, in any case.
    pub term: String,
    pub types: Vec<i32>,
    pub statuses: Vec<i32>,
    /// Only these countries of the primary address, as ISO 3166-1 codes in upper case.
    pub countries: Vec<String>,
    /// Only the customer who has this company.
    pub company: Option<i32>,
}

/// Which customers' ids are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IdFilter {
    pub customer_type: Option<i32>,
    pub customer_status: Option<i32>,
    /// Only those that were written then or later.
    pub modified_since: Option<DateTime<Utc>>,
}

impl Customers {
    /// The first fifty customers that a search finds, by ascending id (vendor's engine: "top 50").
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(&self, scope: &Scope<'_>, search: &Search) -> Result<Vec<Customer>, Error> {
        // No value holds one.
        if search.term.contains(is_forbidden) {
            return Ok(Vec::new());
        }
        let mut session = self.database.session().await?;
        let ids = search::search(session.connection(), scope.tenant, search).await?;
        let found = store::find(session.connection(), scope.tenant, &ids).await;
        Ok(session.end(found)?)
    }

    /// The ids of all customers that pass a filter, ascending.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ids(&self, scope: &Scope<'_>, filter: &IdFilter) -> Result<Vec<i32>, Error> {
        let mut session = self.database.session().await?;
        let ids = search::ids(session.connection(), scope.tenant, filter).await;
        Ok(session.end(ids)?)
    }
}
