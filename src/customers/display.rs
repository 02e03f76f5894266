//! Customers by the id that people see, and the one whom all stand below.

use super::model::{Customer, CustomerId, LookUp};
use super::service::{Customers, Error, Scope};
use super::store;

impl Customers {
    /// The customer whose BackOfficeId this is, else the one of this number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_displayed(&self, scope: &Scope<'_>, id: &str) -> Result<Option<Customer>, Error> {
        let id = id.trim();
        let found = self.look_up(scope, LookUp::BackOfficeId(id)).await?.into_iter().next();
        let number = id.parse().ok().filter(|number| found.is_none() && *number > 0).map(CustomerId);
        let Some(number) = number else { return Ok(found) };
        match self.get(scope, number).await {
            Ok(customer) => Ok(Some(customer)),
            Err(Error::UnknownCustomer) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first customer in the sponsor tree that stands below nobody; `None` in a world where nobody is placed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn root(&self, scope: &Scope<'_>) -> Result<Option<CustomerId>, Error> {
        let mut session = self.database.session().await?;
        let root = store::tree::root(session.connection(), scope.tenant).await;
        Ok(session.end(root)?.map(CustomerId))
    }
}
