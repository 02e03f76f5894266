//! Login, password reset, and whether a unique value is free.

use sqlx::PgConnection;

use super::error::{Error, Violation, ViolationKind};
use super::look_up::LookUp;
use super::scope::Scope;
use super::service::Customers;
use super::store;
use super::text::comparable;
use crate::database::TenantId;
use crate::journal::RowBytes;
use crate::model::{Customer, CustomerFields, CustomerId, Field, filled};
use crate::plan::UniqueField;
use crate::secret::Password;

/// The maximum number of customers with one username whose passwords a login tries: those with the lowest ids.
const MAX_TRIED: i64 = 10;

impl Customers {
    /// The customer with this username and password, whatever its status. An unknown username takes as long as a wrong
    /// password.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_in(
        &self,
        scope: &Scope<'_>,
        username: &str,
        password: &Password,
    ) -> Result<Option<Customer>, Error> {
        let by = LookUp::Username(username);
        let hashes = if by.is_possible() {
            // A login writes nothing. So a dry run holds no connection while the password is verified.
            let database = self.database.outside_transaction();
            let read = database.run(async |connection| {
                let ids = store::look_up(connection, scope.tenant, scope.plan, by).await?;
                password_hashes(connection, scope.tenant, &ids).await
            });
            read.await?
        } else {
            Vec::new()
        };
        if hashes.is_empty() {
            self.passwords.hash(password, &self.random).await;
        }
        // A plan may allow several customers to share a username; their passwords distinguish them, up to a number of customers.
        for (id, hash) in hashes {
            if self.passwords.verify(password, &hash, &self.random).await {
                return self.get(scope, id).await.map(Some);
            }
        }
        Ok(None)
    }

    /// Sets a customer's password.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Rejected` when the password is missing or breaks a rule of the plan, or when the database fails.
    pub async fn reset_password(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        password: Option<Password>,
        mut violations: Vec<Violation>,
    ) -> Result<(), Error> {
        let Some(password) = password else {
            let missing = Violation { field: Field::Password, kind: ViolationKind::Required(None) };
            violations.push(missing);
            self.reject_known(scope, id, violations).await?;
            return Err(Error::UnknownCustomer);
        };
        let fields = CustomerFields { password: Some(password.clone()), ..CustomerFields::default() };
        violations.extend(scope.validator().formats(&fields));
        self.reject_known(scope, id, violations).await?;
        let hash = self.passwords.hash(&password, &self.random).await;
        if let Some(settings) = scope.events {
            let write = async |within: Self| within.set_password_hash(scope, id, &hash).await;
            return Box::pin(self.with_update_event(scope, settings, id, true, write)).await;
        }
        self.set_password_hash(scope, id, &hash).await
    }

    async fn set_password_hash(&self, scope: &Scope<'_>, id: CustomerId, hash: &str) -> Result<(), Error> {
        // A concurrent reset may delete and write the customer's row. A later attempt finds it.
        for _ in 0..5 {
            let written = self.database.run(async |connection| set_password_hash(connection, scope, id, hash).await);
            if written.await? {
                return Ok(());
            }
        }
        Err(Error::UnknownCustomer)
    }

    /// Whether no customer has this value. Blank values are always free, as are those of a field that is not unique under the
    /// plan. The values of a deleted customer stay in use.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_free(&self, scope: &Scope<'_>, field: UniqueField, value: &str) -> Result<bool, Error> {
        let value = filled(value).filter(|value| scope.plan.is_unique(field) && !value.contains('\0'));
        let Some(value) = value.map(comparable) else { return Ok(true) };
        let in_use = self.database.run(async |connection| is_in_use(connection, scope.tenant, field, &value).await);
        Ok(!in_use.await?)
    }
}

/// The password hashes of the first of these customers. Customers without a password are left out.
async fn password_hashes(
    connection: &mut PgConnection,
    tenant: TenantId,
    ids: &[i32],
) -> Result<Vec<(CustomerId, String)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select customer_id, password_hash as "password_hash!"
          from unnest($2::integer[]) as requested (id)
         cross join lateral (select c.customer_id, c.password_hash from customers c
                              where c.tenant_id = $1 and c.customer_id = requested.id offset 0) found
         where password_hash is not null
         order by customer_id
         limit $3
        "#,
        tenant.0,
        ids,
        MAX_TRIED,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (CustomerId(row.customer_id), row.password_hash)).collect())
}

/// False when there is no such customer.
async fn set_password_hash(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    hash: &str,
) -> Result<bool, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        update customers c set password_hash = $3, modified_at = $4, version = c.version + 1
         where c.tenant_id = $1 and c.customer_id = $2
        returning case when $5::boolean then (select row_bytes(o) from customers o
                                             where o.tenant_id = $1 and o.customer_id = $2) end
                      as "before: RowBytes",
                  case when $5::boolean then row_bytes(c) end as "after: RowBytes"
        "#,
        scope.tenant.0,
        id.0,
        hash,
        scope.now,
        scope.recorder.is_on(),
    )
    .fetch_optional(connection)
    .await?;
    let is_written = row.is_some();
    if let Some(row) = row {
        scope.recorder.update("customers", row.before, row.after);
    }
    Ok(is_written)
}

/// `value` in its comparable form.
async fn is_in_use(
    connection: &mut PgConnection,
    tenant: TenantId,
    field: UniqueField,
    value: &str,
) -> Result<bool, sqlx::Error> {
    let value_of = |other: UniqueField| (other == field).then_some(value);
    sqlx::query_scalar!(
        r#"
        select exists (select from customers where tenant_id = $1 and back_office_id_key = $2)
            or exists (select from customers where tenant_id = $1 and email_address_key = $3)
            or exists (select from customers where tenant_id = $1 and tax_id_key = $4)
            or exists (select from customers where tenant_id = $1 and username_key = $5)
            or exists (select from customers where tenant_id = $1 and web_alias_key = $6) as "is_in_use!"
        "#,
        tenant.0,
        value_of(UniqueField::BackOfficeId),
        value_of(UniqueField::EmailAddress),
        value_of(UniqueField::TaxId),
        value_of(UniqueField::Username),
        value_of(UniqueField::WebAlias),
    )
    .fetch_one(connection)
    .await
}
