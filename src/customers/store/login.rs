//! SQL on passwords and on values that must be free.

use sqlx::PgConnection;

use crate::customers::model::CustomerId;
use crate::customers::service::Scope;
use crate::customers::store::{Texts, Versions};
use crate::database::TenantId;
use crate::plan::UniqueField;

/// The password hashes of these customers, of those who have one.
pub(in crate::customers) async fn password_hashes(
    connection: &mut PgConnection,
    tenant: TenantId,
    ids: &[i32],
) -> Result<Vec<(CustomerId, String)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select customer_id, password_hash as "password_hash!"
          from unnest($2::integer[]) as wanted (id)
         cross join lateral (select c.customer_id, c.password_hash from customers c
                              where c.tenant_id = $1 and c.customer_id = wanted.id offset 0) found
         where password_hash is not null
         order by customer_id
        "#,
        tenant.0,
        ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (CustomerId(row.customer_id), row.password_hash)).collect())
}

/// Writes a password hash; false when there is no such customer.
pub(in crate::customers) async fn set_password_hash(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    hash: &str,
) -> Result<bool, sqlx::Error> {
    let written = sqlx::query_as!(
        Versions,
        r#"
        update customers c set password_hash = $3, modified_at = $4
         where c.tenant_id = $1 and c.customer_id = $2
        returning case when $5::boolean then (select row_texts(o) from customers o
                                             where o.tenant_id = c.tenant_id and o.customer_id = c.customer_id) end
                      as "before: Texts",
                  case when $5::boolean then row_texts(c) end as "after: Texts"
        "#,
        scope.tenant.0,
        id.0,
        hash,
        scope.now,
        scope.recorder.is_on(),
    )
    .fetch_optional(connection)
    .await?;
    super::recorded(scope, written.as_ref());
    Ok(written.is_some())
}

/// Whether a customer has this value, in the form in which values are compared.
pub(in crate::customers) async fn is_taken(
    connection: &mut PgConnection,
    tenant: TenantId,
    field: UniqueField,
    value: &str,
) -> Result<bool, sqlx::Error> {
    let asked = |of: UniqueField| (of == field).then_some(value);
    sqlx::query_scalar!(
        r#"
        select exists (select from customers where tenant_id = $1 and back_office_id_key = $2)
            or exists (select from customers where tenant_id = $1 and email_address_key = $3)
            or exists (select from customers where tenant_id = $1 and tax_id_key = $4)
            or exists (select from customers where tenant_id = $1 and username_key = $5)
            or exists (select from customers where tenant_id = $1 and web_alias_key = $6) as "is_taken!"
        "#,
        tenant.0,
        asked(UniqueField::BackOfficeId),
        asked(UniqueField::EmailAddress),
        asked(UniqueField::TaxId),
        asked(UniqueField::Username),
        asked(UniqueField::WebAlias),
    )
    .fetch_one(connection)
    .await
}
