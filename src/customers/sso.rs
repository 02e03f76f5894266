//! Single sign-on: a token that names a customer for one minute.

use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

use super::model::{Customer, CustomerId, LookUp};
use super::service::{Customers, Error, Scope};
use super::store::{self, sso};

/// "Tokens live one minute" (DirectScale, SSO pages).
const LIFE: TimeDelta = TimeDelta::minutes(1);

/// A token in the clear: shown to the caller, kept as a digest only.
#[derive(Clone, PartialEq, Eq)]
pub struct SignOnToken(String);

impl SignOnToken {
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SignOnToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SignOnToken(…)")
    }
}

impl Customers {
    /// A new token for a customer.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn issue_token(&self, scope: &Scope<'_>, id: CustomerId) -> Result<SignOnToken, Error> {
        let token = format!("{:032x}", u128::from_be_bytes(self.random.bytes()));
        let expires_at = scope.now + LIFE;
        let digest = digest(&token);
        let issued = self.database.in_transaction(async |connection| {
            store::enter_tenant(connection, scope.tenant).await?;
            Ok::<_, Error>(sso::issue(connection, scope, id, &digest, expires_at).await?)
        });
        if Box::pin(issued).await? { Ok(SignOnToken(token)) } else { Err(Error::UnknownCustomer) }
    }

    /// A new token for the customer with this ExternalReferenceId; of several, the one with the lowest id.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn issue_token_for_reference(&self, scope: &Scope<'_>, reference: &str) -> Result<SignOnToken, Error> {
        let found = self.look_up(scope, LookUp::ExternalReferenceId(reference)).await?;
        let customer = found.first().ok_or(Error::UnknownCustomer)?;
        self.issue_token(scope, customer.id).await
    }

    /// The customer whom a token names, as often as it is asked within the token's minute; `None` when there is no such
    /// token of this tenant, or its minute is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn redeem_token(&self, scope: &Scope<'_>, token: &str) -> Result<Option<Customer>, Error> {
        let mut session = self.database.session().await?;
        let id = sso::find(session.connection(), scope.tenant, &digest(token), scope.now).await?;
        let ids: Vec<i32> = id.into_iter().collect();
        let found = store::find(session.connection(), scope.tenant, &ids).await;
        Ok(session.end(found)?.into_iter().next())
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
