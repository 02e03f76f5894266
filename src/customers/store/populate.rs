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

/// Writes customers: a line for each, its values with tabs between them and `\N` where there is none. Not by COPY, after which
/// the embedded database answers in many small packets for as long as the connection lives.
pub(in crate::customers) async fn write_customers(
    connection: &mut PgConnection,
    lines: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r"
        insert into customers (
            tenant_id, customer_id, customer_type, customer_status, sponsor_id, enroller_id, birth_date, sign_up_date,
            modified_at, send_emails, tax_exempt, terms_accepted, language_code, back_office_id, back_office_id_key,
            email_address, email_address_key, tax_id, tax_id_key, username, username_key, web_alias, web_alias_key,
            password_hash, first_name, last_name, primary_street1, primary_city, primary_region, primary_postal_code,
            primary_country_code, shipping_street1, shipping_city, shipping_region, shipping_postal_code,
            shipping_country_code)
        select v[1]::integer, v[2]::integer, v[3]::integer, 1, v[4]::integer, v[4]::integer, v[5]::timestamptz,
               v[6]::timestamptz, v[7]::timestamptz, false, false, v[8]::boolean, 'en', v[9], v[10],
               v[11], v[12], v[13], v[14], v[15], v[16], v[15], v[17],
               v[18], v[19], v[20], v[21], v[22], v[23], v[24],
               'US', v[21], v[22], v[23], v[24], 'US'
          from (select string_to_array(line, chr(9), '\N') as v from unnest($1::text[]) as line) lines
        ",
        lines,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes nodes of the sponsor tree, in the same form.
pub(in crate::customers) async fn write_nodes(
    connection: &mut PgConnection,
    lines: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r"
        insert into sponsor_tree (tenant_id, customer_id, upline_id, placed_at)
        select v[1]::integer, v[2]::integer, v[3]::integer, v[4]::timestamptz
          from (select string_to_array(line, chr(9), '\N') as v from unnest($1::text[]) as line) lines
        ",
        lines,
    )
    .execute(connection)
    .await?;
    Ok(())
}
