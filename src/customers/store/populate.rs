//! SQL that writes many customers at once.

use sqlx::PgConnection;

use crate::database::TenantId;

/// Takes so many ids from the tenant's counter; the first of them.
pub(in crate::customers) async fn reserve_ids(
    connection: &mut PgConnection,
    tenant: TenantId,
    number: i32,
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        r#"update tenant_counters set last_customer_id = last_customer_id + $2 where tenant_id = $1
           returning last_customer_id - $2 + 1 as "first!""#,
        tenant.0,
        number,
    )
    .fetch_one(connection)
    .await
}

/// Writes customers, in COPY's text form.
pub(in crate::customers) async fn copy_customers(
    connection: &mut PgConnection,
    rows: &[u8],
) -> Result<(), sqlx::Error> {
    let mut copy = connection
        .copy_in_raw(
            "copy customers (tenant_id, customer_id, customer_type, customer_status, sponsor_id, enroller_id, birth_date,
                             sign_up_date, modified_at, send_emails, tax_exempt, terms_accepted, language_code,
                             back_office_id, back_office_id_key, email_address, email_address_key, tax_id, tax_id_key,
                             username, username_key, web_alias, web_alias_key, password_hash, first_name, last_name,
                             primary_street1, primary_city, primary_region, primary_postal_code, primary_country_code,
                             shipping_street1, shipping_city, shipping_region, shipping_postal_code,
                             shipping_country_code)
             from stdin",
        )
        .await?;
    copy.send(rows).await?;
    copy.finish().await?;
    Ok(())
}

/// Writes nodes of the sponsor tree, in COPY's text form.
pub(in crate::customers) async fn copy_nodes(connection: &mut PgConnection, rows: &[u8]) -> Result<(), sqlx::Error> {
    let mut copy =
        connection.copy_in_raw("copy sponsor_tree (tenant_id, customer_id, upline_id, placed_at) from stdin").await?;
    copy.send(rows).await?;
    copy.finish().await?;
    Ok(())
}
