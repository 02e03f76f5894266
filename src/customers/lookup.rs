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
        match self.of_back_office_id(scope, id).await? {
            None => self.of_number(scope, id).await,
            found => Ok(found),
        }
    }

    /// The customer of this number, else the one whose BackOfficeId this is: a BackOfficeId can consist of digits.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_numbered(&self, scope: &Scope<'_>, id: &str) -> Result<Option<Customer>, Error> {
        match self.of_number(scope, id).await? {
            None => self.of_back_office_id(scope, id).await,
            found => Ok(found),
        }
    }

    async fn of_back_office_id(&self, scope: &Scope<'_>, id: &str) -> Result<Option<Customer>, Error> {
        Ok(self.look_up(scope, LookUp::BackOfficeId(id.trim())).await?.into_iter().next())
    }

    async fn of_number(&self, scope: &Scope<'_>, id: &str) -> Result<Option<Customer>, Error> {
        let Some(number) = id.trim().parse().ok().filter(|number| *number > 0).map(CustomerId) else { return Ok(None) };
        match self.get(scope, number).await {
            Ok(customer) => Ok(Some(customer)),
            Err(Error::UnknownCustomer) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first customer in the sponsor tree that stands below nobody and may sponsor; `None` where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn root(&self, scope: &Scope<'_>) -> Result<Option<CustomerId>, Error> {
        let mut session = self.database.session().await?;
        let root = store::tree::root(session.connection(), scope.tenant, scope.plan.sponsor_types()).await;
        Ok(session.end(root)?.map(CustomerId))
    }
}
