//! The unique values that collide, as violations.

use sqlx::PgConnection;

use super::columns::Columns;
use crate::customers::error::{Violation, ViolationKind};
use crate::database::TenantId;
use crate::model::{CustomerId, Field};
use crate::plan::UniqueField;

/// The values that must be unique and belong to a customer other than `id` already. A tax id is secret: it is not repeated.
pub(in crate::customers) async fn conflicts(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Option<CustomerId>,
    columns: &Columns<'_>,
) -> Result<Vec<Violation>, sqlx::Error> {
    let found = sqlx::query!(
        r#"
        select
            exists (select from customers where tenant_id = $1 and back_office_id_key = $2 and customer_id <> $7)
                as "back_office_id!",
            exists (select from customers where tenant_id = $1 and email_address_key = $3 and customer_id <> $7)
                as "email_address!",
            exists (select from customers where tenant_id = $1 and tax_id_key = $4 and customer_id <> $7)
                as "tax_id!",
            exists (select from customers where tenant_id = $1 and username_key = $5 and customer_id <> $7)
                as "username!",
            exists (select from customers where tenant_id = $1 and web_alias_key = $6 and customer_id <> $7)
                as "web_alias!"
        "#,
        tenant.0,
        columns.key(UniqueField::BackOfficeId),
        columns.key(UniqueField::EmailAddress),
        columns.key(UniqueField::TaxId),
        columns.key(UniqueField::Username),
        columns.key(UniqueField::WebAlias),
        id.map_or(0, |id| id.0),
    )
    .fetch_one(connection)
    .await?;
    let in_use = [
        (Field::BackOfficeId, found.back_office_id),
        (Field::EmailAddress, found.email_address),
        (Field::TaxId, found.tax_id),
        (Field::Username, found.username),
        (Field::WebAlias, found.web_alias),
    ];
    let violation = |(field, _)| {
        let value = columns.fields.text(field).filter(|_| field != Field::TaxId);
        Violation { field, kind: ViolationKind::Unique(value.map(|value| value.trim().to_owned())) }
    };
    Ok(in_use.into_iter().filter(|(_, is_in_use)| *is_in_use).map(violation).collect())
}
