//! What callers say of a customer that a customer has no field for: kept beside it, by door, so that it comes back.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::model::{Customer, CustomerId};
use super::service::{Customers, Error, Scope};
use super::store;
use super::violation::Rejection;
use crate::database::{DatabaseError, is_deadlock, violated_unique_constraint};

/// A door whose callers say more of a customer than the customer's own fields hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileOwner {
    ByDesign,
    Storm,
}

impl ProfileOwner {
    pub(super) const ALL: [Self; 2] = [Self::ByDesign, Self::Storm];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ByDesign => "bydesign",
            Self::Storm => "storm",
        }
    }
}

/// What one door's callers say of a customer besides its fields. Written, it takes the place of what they said before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
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
    pub name: String,
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
    pub customer: Customer,
    /// Its id of the system's.
    pub key: Uuid,
    /// When it was written last.
    pub modified_at: DateTime<Utc>,
    pub version: Version,
    /// What that door's callers said.
    pub fields: Map<String, Value>,
    /// Its companies in their order.
    pub companies: Vec<Company>,
}

/// The companies that a profile brings.
pub(super) fn companies(profile: Option<&Profile>) -> &[Company] {
    profile.and_then(|profile| profile.companies.as_deref()).unwrap_or_default()
}

/// The part of a system's id that stands before a customer's number, where no caller chose another: a version 8 id, whose
/// meaning is its maker's own (RFC 9562). The same customer of the same seed has the same one in each tenant.
const MADE: u128 = 0x0000_0000_0000_8000_8000_0000_0000_0000;

/// The id of the system's that is made of a customer's number.
fn made_key(id: CustomerId) -> Uuid {
    Uuid::from_u128(MADE | u128::from(id.0.unsigned_abs()))
}

/// The customer whose made id this is.
fn number_of(key: Uuid) -> Option<i32> {
    i32::try_from(key.as_u128() ^ MADE).ok().filter(|number| *number > 0)
}

impl Customers {
    /// A customer with all that one door's callers said of it.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn profiled(&self, scope: &Scope<'_>, id: CustomerId, owner: ProfileOwner) -> Result<Profiled, Error> {
        let mut session = self.database.session().await?;
        // The version first: what is written in between makes it an old one.
        let row = store::profile::find(session.connection(), scope.tenant, id, owner).await?;
        let Some(row) = row else {
            session.end(Ok(()))?;
            return Err(Error::UnknownCustomer);
        };
        let customer = store::find(session.connection(), scope.tenant, &[id.0]).await?.pop();
        let companies = match owner {
            ProfileOwner::ByDesign => Vec::new(),
            ProfileOwner::Storm => store::profile::companies(session.connection(), scope.tenant, id).await?,
        };
        session.end(Ok(()))?;
        Ok(Profiled {
            customer: customer.ok_or(Error::UnknownCustomer)?,
            key: row.key.unwrap_or_else(|| made_key(id)),
            modified_at: row.modified_at,
            version: row.version(),
            fields: row.fields.map(|fields| fields.0).unwrap_or_default(),
            companies,
        })
    }

    /// The customer that has this id of the system's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_by_key(&self, scope: &Scope<'_>, key: Uuid) -> Result<Option<CustomerId>, Error> {
        let mut session = self.database.session().await?;
        let found = match number_of(key).map(CustomerId) {
            // A customer for whom a caller chose another id has lost the one that was made.
            Some(id) => {
                let exists = store::exists(session.connection(), scope.tenant, id).await?
                    && !store::profile::has_key(session.connection(), scope.tenant, id).await?;
                Ok(exists.then_some(id))
            }
            None => Ok(store::profile::find_key(session.connection(), scope.tenant, key).await?.map(CustomerId)),
        };
        Ok(session.end(found)?)
    }

    /// Within the transaction that writes the customer: writes its id of the system's and what a door says of it.
    pub(super) async fn write_beside(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        key: Option<Uuid>,
        profile: Option<&Profile>,
    ) -> Result<(), Error> {
        if let Some(key) = key {
            if number_of(key).is_some() {
                return Err(Error::KeyReserved);
            }
            let mut session = self.database.session().await?;
            let written = store::profile::write_key(session.connection(), scope, id, key).await;
            match session.end(written) {
                Err(DatabaseError::Statement(error)) if violated_unique_constraint(&error).is_some() => {
                    return Err(Error::KeyTaken);
                }
                other => other?,
            }
        }
        let Some(Profile { owner, fields, companies }) = profile else { return Ok(()) };
        let mut session = self.database.session().await?;
        let written = store::profile::write(session.connection(), scope, id, *owner, fields).await;
        session.end(written)?;
        match companies {
            Some(companies) => self.write_companies(scope, id, companies).await,
            None => Ok(()),
        }
    }

    async fn write_companies(&self, scope: &Scope<'_>, id: CustomerId, companies: &[Company]) -> Result<(), Error> {
        let placed = || (0..).zip(companies);
        // Those that there are first, so that a new one can have a name that one of them gives up.
        for (place, company) in
            placed().filter(|(_, is)| is.id.is_some()).chain(placed().filter(|(_, is)| is.id.is_none()))
        {
            let mut session = self.database.session().await?;
            let key = self.random.uuid();
            let written = store::profile::write_company(session.connection(), scope, id, place, company, key).await;
            match session.end(written) {
                Err(DatabaseError::Statement(error)) if violated_unique_constraint(&error).is_some() => {
                    let mut taken = self.taken_companies(scope, Some(id), companies).await?;
                    if taken.is_empty() {
                        // The other writer has let go of it again, or it is one of this customer's own.
                        taken.push(company.name.clone());
                    }
                    return Err(Error::Rejected(Rejection { violations: Vec::new(), companies: taken }));
                }
                // Two writers wait for each other's values. This one lets go of all that it holds and begins anew.
                Err(DatabaseError::Statement(error)) if is_deadlock(&error) => return Err(Error::Changed),
                other => other?,
            }
        }
        Ok(())
    }

    /// The names of those companies that another customer than `id` has.
    pub(super) async fn taken_companies(
        &self,
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        companies: &[Company],
    ) -> Result<Vec<String>, DatabaseError> {
        if companies.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = self.database.session().await?;
        let taken = store::profile::taken(session.connection(), scope.tenant, id, companies).await;
        let taken = session.end(taken)?;
        Ok(taken.into_iter().filter_map(|place| companies.get(place)).map(|company| company.name.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_is_of_its_customer() {
        assert_eq!(made_key(CustomerId(7)).to_string(), "00000000-0000-8000-8000-000000000007");
        for number in [1, 7, i32::MAX] {
            assert_eq!(number_of(made_key(CustomerId(number))), Some(number));
        }
        for other in [Uuid::nil(), Uuid::max(), Uuid::from_u128(MADE), Uuid::from_u128(MADE | 1 << 40)] {
            assert_eq!(number_of(other), None, "{other}");
        }
    }
}
