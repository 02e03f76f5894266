//! SQL that finds customers by what they hold.

use sqlx::PgConnection;

use crate::customers::search::{IdFilter, Search};
use crate::database::TenantId;

/// The ids of the first fifty customers that hold the term in one of the searched fields ("searchTerm is matched
/// against …", DirectScale, Search Associates page). Every customer of the tenant is looked at.
pub(in crate::customers) async fn search(
    connection: &mut PgConnection,
    tenant: TenantId,
    search: &Search,
) -> Result<Vec<i32>, sqlx::Error> {
    let Search { term, types, statuses, countries, company } = search;
    sqlx::query_scalar!(
        r#"
        select customer_id from customers
         where tenant_id = $1
           -- Joined by a character that no value holds, so that nothing matches across two fields.
           and strpos(lower(concat_ws(chr(31), back_office_id, external_reference_id, email_address, first_name,
                                      last_name, text_phone, primary_phone, primary_street1, primary_city,
                                      primary_region, primary_postal_code)), lower($2)) > 0
           and (cardinality($3::integer[]) = 0 or customer_type = any ($3))
           and (cardinality($4::integer[]) = 0 or customer_status = any ($4))
           and (cardinality($5::text[]) = 0 or primary_country_code = any ($5))
           and ($6::integer is null
                or customer_id = (select k.customer_id from companies k where k.tenant_id = $1 and k.company_id = $6))
         order by customer_id
         limit 50
        "#,
        tenant.0,
        term,
        types,
        statuses,
        countries,
        *company,
    )
    .fetch_all(connection)
    .await
}

/// The ids that pass a filter, ascending.
pub(in crate::customers) async fn ids(
    connection: &mut PgConnection,
    tenant: TenantId,
    filter: &IdFilter,
) -> Result<Vec<i32>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "select array_agg(customer_id order by customer_id) from customers
          where tenant_id = $1
            and ($2::integer is null or customer_type = $2)
            and ($3::integer is null or customer_status = $3)
            and ($4::timestamptz is null or modified_at >= $4)",
        tenant.0,
        filter.customer_type,
        filter.customer_status,
        filter.modified_since,
    )
    .fetch_one(connection)
    .await?;
    Ok(ids.unwrap_or_default())
}
