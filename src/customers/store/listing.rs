//! SQL that lists customers for people.

use sqlx::PgConnection;

use crate::customers::listing::{Listed, TreeNode, TypeChange};
use crate::customers::model::CustomerId;
use crate::database::TenantId;

/// The customers behind an id that hold a term, an empty one included. Every customer of the tenant may be looked at.
pub(in crate::customers) async fn customers(
    connection: &mut PgConnection,
    tenant: TenantId,
    term: &str,
    after: i32,
    most: i64,
) -> Result<Vec<Listed>, sqlx::Error> {
    sqlx::query_as!(
        Listed,
        r#"
        select customer_id as id, customer_type, customer_status, sponsor_id, back_office_id, username, email_address,
               first_name, last_name, company_name
          from customers
         where tenant_id = $1 and customer_id > $3
           and ($2 = '' or customer_id::text = $2
                -- Joined by a character that no value holds, so that nothing matches across two fields but the two names.
                or strpos(lower(concat_ws(chr(31), concat_ws(' ', first_name, last_name), company_name, email_address,
                                          username, back_office_id)), lower($2)) > 0)
         order by customer_id
         limit $4
        "#,
        tenant.0,
        term,
        after,
        most,
    )
    .fetch_all(connection)
    .await
}

pub(in crate::customers) async fn type_changes(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Option<CustomerId>,
    most: i64,
) -> Result<Vec<TypeChange>, sqlx::Error> {
    sqlx::query_as!(
        TypeChange,
        r#"
        select id, recordnumber as record_number, AssociateID as associate_id, OldAssociateType as old_associate_type,
               NewAssociateType as new_associate_type, ChangeDate as change_date, ChangedBy as changed_by,
               RequestId as request_id
          from CRM_AssociateTypeChanges
         where tenant_id = $1 and ($2::integer is null or AssociateID = $2)
         order by recordnumber desc
         limit $3
        "#,
        tenant.0,
        id.map(|id| id.0),
        most,
    )
    .fetch_all(connection)
    .await
}

/// From the root to the customer itself. A line longer than two thousand is shown from there on.
pub(in crate::customers) async fn upline(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<Vec<TreeNode>, sqlx::Error> {
    sqlx::query_as!(
        TreeNode,
        r#"
        with recursive above (customer_id, upline_id, level) as (
            select t.customer_id, t.upline_id, 0 from sponsor_tree t where t.tenant_id = $1 and t.customer_id = $2
            union all
            select t.customer_id, t.upline_id, a.level + 1
              from above a
              join sponsor_tree t on t.tenant_id = $1 and t.customer_id = a.upline_id
             where a.level < 2000
        )
        select a.customer_id as "id!", a.upline_id, a.level as "level!", c.customer_type as "customer_type?",
               coalesce(nullif(concat_ws(' ', c.first_name, c.last_name), ''), c.company_name) as name,
               (select count(*) from sponsor_tree t where t.tenant_id = $1 and t.upline_id = a.customer_id) as "children!"
          from above a
          left join customers c on c.tenant_id = $1 and c.customer_id = a.customer_id
         order by a.level desc
        "#,
        tenant.0,
        id.0,
    )
    .fetch_all(connection)
    .await
}

/// Three levels below a customer. Of each only the first forty are looked at, so that a wide tree costs no more than a
/// narrow one.
pub(in crate::customers) async fn below(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
    most: i64,
) -> Result<Vec<TreeNode>, sqlx::Error> {
    sqlx::query_as!(
        TreeNode,
        r#"
        with recursive below (customer_id, upline_id, level) as (
            select $2::integer, null::integer, 0
            union all
            select t.customer_id, b.customer_id, b.level + 1
              from below b
             cross join lateral (select s.customer_id from sponsor_tree s
                                  where s.tenant_id = $1 and s.upline_id = b.customer_id
                                  order by s.customer_id limit 40) t
             where b.level < 3
        ),
        shown as (
            select * from below where level > 0 order by level, customer_id limit $3
        )
        select s.customer_id as "id!", s.upline_id, s.level as "level!", c.customer_type as "customer_type?",
               coalesce(nullif(concat_ws(' ', c.first_name, c.last_name), ''), c.company_name) as name,
               (select count(*) from sponsor_tree t where t.tenant_id = $1 and t.upline_id = s.customer_id) as "children!"
          from shown s
          left join customers c on c.tenant_id = $1 and c.customer_id = s.customer_id
         order by s.level, s.customer_id
        "#,
        tenant.0,
        id.0,
        most,
    )
    .fetch_all(connection)
    .await
}
