//! SQL by which the customers follow a plan that makes other fields unique.

use sqlx::PgConnection;

use crate::customers::text::comparable;
use crate::database::TenantId;
use crate::plan::{Plan, UniqueField};

/// Writes the keys by which unique values are compared anew: in every row, also where they stay the same, so that a write whose snapshot
/// is older than the plan finds another version of its row (`replace.rs`).
pub(in crate::customers) async fn write_keys(
    connection: &mut PgConnection,
    tenant: TenantId,
    plan: &Plan,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        "select customer_id, back_office_id, email_address, tax_id, username, web_alias from customers
          where tenant_id = $1 order by customer_id",
        tenant.0,
    )
    .fetch_all(&mut *connection)
    .await?;
    let key = |field: UniqueField, value: Option<&str>| value.filter(|_| plan.is_unique(field)).map(comparable);
    for rows in rows.chunks(5_000) {
        let ids: Vec<i32> = rows.iter().map(|row| row.customer_id).collect();
        let keys = |field: UniqueField| -> Vec<Option<String>> {
            let value = rows.iter().map(|row| match field {
                UniqueField::BackOfficeId => Some(row.back_office_id.as_str()),
                UniqueField::EmailAddress => row.email_address.as_deref(),
                UniqueField::TaxId => row.tax_id.as_deref(),
                UniqueField::Username => row.username.as_deref(),
                UniqueField::WebAlias => row.web_alias.as_deref(),
            });
            value.map(|value| key(field, value)).collect()
        };
        sqlx::query!(
            "update customers c
                set back_office_id_key = k.back_office_id, email_address_key = k.email_address, tax_id_key = k.tax_id,
                    username_key = k.username, web_alias_key = k.web_alias, version = c.version + 1
               from unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
                        as k (customer_id, back_office_id, email_address, tax_id, username, web_alias)
              where c.tenant_id = $1 and c.customer_id = k.customer_id",
            tenant.0,
            &ids,
            &keys(UniqueField::BackOfficeId) as _,
            &keys(UniqueField::EmailAddress) as _,
            &keys(UniqueField::TaxId) as _,
            &keys(UniqueField::Username) as _,
            &keys(UniqueField::WebAlias) as _,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
