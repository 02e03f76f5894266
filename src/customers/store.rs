//! All SQL on customers. Free functions, static text, the tenant first.

mod conflicts;
pub(super) mod listing;
pub(super) mod login;
pub(super) mod points;
pub(super) mod populate;
pub(super) mod profile;
mod record;
pub(super) mod search;
pub(super) mod sso;
pub(super) mod stats;
pub(super) mod stored;
pub(super) mod tree;
pub(super) mod uniqueness;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{Customer, CustomerId, LookUp};
use super::profile::Version;
use super::service::Scope;
use super::text::comparable;
use super::violation::Violation;
use crate::database::TenantId;
use crate::journal::RowTexts;
use crate::plan::{BackOfficeIdFormat, DELETED, DISTRIBUTOR, Plan, UniqueField};

pub(super) use record::{FieldsSentRecord, ValuesRecord, default_language};

/// How a write of a whole customer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome<T> {
    Done(T),
    /// There is no such customer.
    UnknownCustomer,
    /// There is no such sponsor.
    SponsorUnknown,
    /// The sponsor is of a type that may not sponsor.
    SponsorType,
    /// The sponsor stands below the customer.
    SponsorBelow,
    /// The customer is of this type, from which no upgrade starts.
    Transition(i32),
}

/// What the functions in `migrations/functions/` answer.
fn outcome<T>(text: &str, old_type: Option<i32>, done: Option<T>) -> Result<Outcome<T>, sqlx::Error> {
    match (text, old_type, done) {
        ("created" | "replaced", _, Some(done)) => Ok(Outcome::Done(done)),
        ("unknown_customer", ..) => Ok(Outcome::UnknownCustomer),
        ("sponsor_unknown", ..) => Ok(Outcome::SponsorUnknown),
        ("sponsor_type", ..) => Ok(Outcome::SponsorType),
        ("sponsor_below", ..) => Ok(Outcome::SponsorBelow),
        ("transition", Some(old_type), _) => Ok(Outcome::Transition(old_type)),
        (other, ..) => Err(unknown_outcome(other)),
    }
}

fn unknown_outcome(outcome: &str) -> sqlx::Error {
    sqlx::Error::Protocol(format!("the outcome '{outcome}' of a function is not known"))
}

/// The columns that a customer is read from, of the rows that the rest of the statement names.
macro_rules! select_customers {
    ($($rest:tt)+) => {
        sqlx::query_as!(
            record::CustomerRow,
            r#"
            select customer_id, customer_type, customer_status, sponsor_id, enroller_id, birth_date, sign_up_date,
                   inactive_date, send_emails, tax_exempt, terms_accepted, language_code, back_office_id, email_address,
                   tax_id, username, web_alias, first_name, last_name, company_name, external_reference_id, primary_phone,
                   secondary_phone, text_phone, tax_exempt_id,
                   primary_street1, primary_street2, primary_street3, primary_city, primary_region, primary_postal_code,
                   primary_country_code, shipping_street1, shipping_street2, shipping_street3, shipping_city,
                   shipping_region, shipping_postal_code, shipping_country_code,
                   custom_fields as "custom_fields: Vec<Option<String>>"
            "# + $($rest)+
        )
    };
}

/// The customers of these ids that exist, ascending.
pub(super) async fn find(
    connection: &mut PgConnection,
    tenant: TenantId,
    ids: &[i32],
) -> Result<Vec<Customer>, sqlx::Error> {
    let rows = match ids {
        [] => return Ok(Vec::new()),
        [id] => {
            select_customers!(" from customers where tenant_id = $1 and customer_id = $2", tenant.0, *id)
                .fetch_all(connection)
                .await?
        }
        // Fenced in by OFFSET, so that each id is looked up by itself: an array leaves the choice to read the whole tenant.
        ids => {
            select_customers!(
                " from unnest($2::integer[]) as wanted (id)
                 cross join lateral (select * from customers where tenant_id = $1 and customer_id = wanted.id offset 0) c
                 order by customer_id",
                tenant.0,
                ids,
            )
            .fetch_all(connection)
            .await?
        }
    };
    Ok(rows.into_iter().map(Customer::from).collect())
}

/// Whether there is such a customer.
pub(super) async fn exists(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from customers where tenant_id = $1 and customer_id = $2) as "exists!""#,
        tenant.0,
        id.0,
    )
    .fetch_one(connection)
    .await
}

/// Nobody replaces the tenant's world before the transaction ends. The functions that write take the same lock.
pub(super) async fn enter_tenant(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    crate::database::lock_tenant_shared(connection, tenant).await
}

/// Nobody else takes a number from the tenant's counters before the transaction ends.
pub(super) async fn hold_counter(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select 1 as held from tenant_counters where tenant_id = $1 for update", tenant.0)
        .fetch_optional(connection)
        .await?;
    Ok(())
}

/// The ids of the customers that a look-up names. Where the plan makes the field unique its key is asked. Elsewhere every
/// customer of the tenant is looked at: no index pays for a switch that few tenants throw.
pub(super) async fn look_up(
    connection: &mut PgConnection,
    tenant: TenantId,
    plan: &Plan,
    by: LookUp<'_>,
) -> Result<Vec<i32>, sqlx::Error> {
    let (field, value) = match by {
        LookUp::ExternalReferenceId(reference) => {
            return sqlx::query_scalar!(
                "select customer_id from customers where tenant_id = $1 and external_reference_id = $2",
                tenant.0,
                reference,
            )
            .fetch_all(connection)
            .await;
        }
        LookUp::BackOfficeId(value) => (UniqueField::BackOfficeId, value),
        LookUp::EmailAddress(value) => (UniqueField::EmailAddress, value),
        LookUp::Username(value) => (UniqueField::Username, value),
        LookUp::WebAlias(value) => (UniqueField::WebAlias, value),
    };
    let value = comparable(value);
    let asked = |of: UniqueField| (of == field).then_some(value.as_str());
    if plan.is_unique(field) {
        return sqlx::query_scalar!(
            r#"
            select customer_id as "customer_id!" from customers where tenant_id = $1 and back_office_id_key = $2
            union all
            select customer_id from customers where tenant_id = $1 and email_address_key = $3
            union all
            select customer_id from customers where tenant_id = $1 and username_key = $4
            union all
            select customer_id from customers where tenant_id = $1 and web_alias_key = $5
            "#,
            tenant.0,
            asked(UniqueField::BackOfficeId),
            asked(UniqueField::EmailAddress),
            asked(UniqueField::Username),
            asked(UniqueField::WebAlias),
        )
        .fetch_all(connection)
        .await;
    }
    sqlx::query_scalar!(
        "select customer_id from customers
          where tenant_id = $1
            and (lower(btrim(back_office_id)) = $2 or lower(btrim(email_address)) = $3
                 or lower(btrim(username)) = $4 or lower(btrim(web_alias)) = $5)",
        tenant.0,
        asked(UniqueField::BackOfficeId),
        asked(UniqueField::EmailAddress),
        asked(UniqueField::Username),
        asked(UniqueField::WebAlias),
    )
    .fetch_all(connection)
    .await
}

/// Creates a customer. `pinned` gives it an id of the caller's choice (seed files).
pub(super) async fn create(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    pinned: Option<CustomerId>,
    values: &ValuesRecord,
    default_alias: Option<&str>,
) -> Result<Outcome<CustomerId>, sqlx::Error> {
    let plan = scope.plan;
    let default_alias_key = default_alias.filter(|_| plan.is_unique(UniqueField::WebAlias)).map(comparable);
    let radix = match plan.back_office_id.format {
        BackOfficeIdFormat::Hexadecimal => 16,
        BackOfficeIdFormat::Decimal => 10,
    };
    let row = sqlx::query!(
        r#"
        select outcome as "outcome!", customer_id, customer_after as "customer_after: Texts", node_after as "node_after: Texts"
          from create_customer($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        "#,
        scope.tenant.0,
        pinned.map(|id| id.0),
        values as _,
        scope.now,
        plan.sponsor_types(),
        &[DISTRIBUTOR],
        i64::from(plan.back_office_id.seed),
        radix,
        plan.is_unique(UniqueField::BackOfficeId),
        default_alias,
        default_alias_key,
        scope.recorder.is_on(),
    )
    .fetch_one(connection)
    .await?;
    scope.recorder.row("customers", None, row.customer_after.as_ref());
    scope.recorder.row("sponsor_tree", None, row.node_after.as_ref());
    outcome(&row.outcome, None, row.customer_id.map(CustomerId))
}

/// Takes the next id from the tenant's counter.
pub(super) async fn reserve_id(connection: &mut PgConnection, tenant: TenantId) -> Result<CustomerId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "update tenant_counters set last_customer_id = last_customer_id + 1 where tenant_id = $1
         returning last_customer_id",
        tenant.0,
    )
    .fetch_one(connection)
    .await?;
    Ok(CustomerId(id))
}

/// What an upgrade adds to a replacement.
#[derive(Debug)]
pub(super) struct UpgradeLog<'a> {
    pub from: &'a [i32],
    pub change: Uuid,
    pub record_number: i64,
    pub changed_by: &'a str,
    pub request: Uuid,
}

/// Replaces a customer and, for an upgrade, places it and logs the change; answers its BackOfficeId.
pub(super) async fn replace(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    values: &ValuesRecord,
    upgrade: Option<&UpgradeLog<'_>>,
) -> Result<Outcome<String>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select outcome as "outcome!", old_type, back_office_id, customer_before as "customer_before: Texts",
               customer_after as "customer_after: Texts", node_before as "node_before: Texts",
               node_after as "node_after: Texts", log_after as "log_after: Texts"
          from replace_customer($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        "#,
        scope.tenant.0,
        id.0,
        values as _,
        scope.now,
        scope.plan.sponsor_types(),
        upgrade.map(|log| log.from),
        upgrade.map(|log| log.change),
        upgrade.map(|log| log.record_number),
        upgrade.map(|log| log.changed_by),
        upgrade.map(|log| log.request),
        scope.recorder.is_on(),
    )
    .fetch_one(connection)
    .await?;
    scope.recorder.update("customers", row.customer_before.as_ref(), row.customer_after.as_ref());
    scope.recorder.update("sponsor_tree", row.node_before.as_ref(), row.node_after.as_ref());
    scope.recorder.row("CRM_AssociateTypeChanges", None, row.log_after.as_ref());
    outcome(&row.outcome, row.old_type, row.back_office_id)
}

/// Writes the fields that a partial update sent. False when nothing was written: there is no such customer, or it would
/// be a distributor born after `adult_since`, or is another version by now.
pub(super) async fn patch(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    values: &ValuesRecord,
    sent: &FieldsSentRecord,
    adult_since: DateTime<Utc>,
    version: Option<Version>,
) -> Result<bool, sqlx::Error> {
    let written = sqlx::query_as!(
        Versions,
        r#"
        update customers c set
            customer_type        = case when (p.sent).customer_type then (p.v).customer_type else c.customer_type end,
            upgrade_date         = case when (p.sent).customer_type and (p.v).customer_type <> c.customer_type
                                        then $5 else c.upgrade_date end,
            customer_status      = case when (p.sent).customer_status then (p.v).customer_status else c.customer_status end,
            inactive_date        = case when (p.sent).customer_status
                                        then inactive_since(c.customer_status, (p.v).customer_status, c.inactive_date, $5)
                                        else c.inactive_date end,
            birth_date           = case when (p.sent).birth_date then (p.v).birth_date else c.birth_date end,
            language_code        = case when (p.sent).language_code then (p.v).language_code else c.language_code end,
            email_address        = case when (p.sent).email_address then (p.v).email_address else c.email_address end,
            email_address_key    = case when (p.sent).email_address then (p.v).email_address_key else c.email_address_key end,
            tax_id               = case when (p.sent).tax_id then (p.v).tax_id else c.tax_id end,
            tax_id_key           = case when (p.sent).tax_id then (p.v).tax_id_key else c.tax_id_key end,
            username             = case when (p.sent).username then (p.v).username else c.username end,
            username_key         = case when (p.sent).username then (p.v).username_key else c.username_key end,
            web_alias            = case when (p.sent).web_alias then (p.v).web_alias else c.web_alias end,
            web_alias_key        = case when (p.sent).web_alias then (p.v).web_alias_key else c.web_alias_key end,
            first_name           = case when (p.sent).first_name then (p.v).first_name else c.first_name end,
            last_name            = case when (p.sent).last_name then (p.v).last_name else c.last_name end,
            company_name         = case when (p.sent).company_name then (p.v).company_name else c.company_name end,
            primary_phone        = case when (p.sent).primary_phone then (p.v).primary_phone else c.primary_phone end,
            secondary_phone      = case when (p.sent).secondary_phone then (p.v).secondary_phone else c.secondary_phone end,
            text_phone           = case when (p.sent).text_phone then (p.v).text_phone else c.text_phone end,
            primary_street1      = case when (p.sent).primary_address then (p.v).primary_street1 else c.primary_street1 end,
            primary_street2      = case when (p.sent).primary_address then (p.v).primary_street2 else c.primary_street2 end,
            primary_street3      = case when (p.sent).primary_address then (p.v).primary_street3 else c.primary_street3 end,
            primary_city         = case when (p.sent).primary_address then (p.v).primary_city else c.primary_city end,
            primary_region       = case when (p.sent).primary_address then (p.v).primary_region else c.primary_region end,
            primary_postal_code  = case when (p.sent).primary_address then (p.v).primary_postal_code else c.primary_postal_code end,
            primary_country_code = case when (p.sent).primary_address then (p.v).primary_country_code else c.primary_country_code end,
            shipping_street1     = case when (p.sent).shipping_address then (p.v).shipping_street1 else c.shipping_street1 end,
            shipping_street2     = case when (p.sent).shipping_address then (p.v).shipping_street2 else c.shipping_street2 end,
            shipping_street3     = case when (p.sent).shipping_address then (p.v).shipping_street3 else c.shipping_street3 end,
            shipping_city        = case when (p.sent).shipping_address then (p.v).shipping_city else c.shipping_city end,
            shipping_region      = case when (p.sent).shipping_address then (p.v).shipping_region else c.shipping_region end,
            shipping_postal_code = case when (p.sent).shipping_address then (p.v).shipping_postal_code else c.shipping_postal_code end,
            shipping_country_code = case when (p.sent).shipping_address then (p.v).shipping_country_code else c.shipping_country_code end,
            custom_fields        = case when cardinality((p.sent).custom_fields) = 0 then c.custom_fields
                                        else merge_custom_fields(c.custom_fields, (p.v).custom_fields, (p.sent).custom_fields) end,
            external_reference_id = case when (p.sent).external_reference_id then (p.v).external_reference_id
                                         else c.external_reference_id end,
            password_hash        = case when (p.sent).password then (p.v).password_hash else c.password_hash end,
            modified_at          = $5
          from (select $3::customer_values as v, $4::customer_fields_sent as sent) p
         where c.tenant_id = $1 and c.customer_id = $2 and ($8::bigint is null or c.xmin::text::bigint = $8)
           -- Decided here, because only the row knows the type when the call does not say it.
           and ((p.sent).birth_date is not true or (p.v).birth_date is null or (p.v).birth_date <= $6
                or case when (p.sent).customer_type then (p.v).customer_type else c.customer_type end <> 1)
        returning case when $7::boolean then (select row_texts(o) from customers o
                                             where o.tenant_id = c.tenant_id and o.customer_id = c.customer_id) end
                      as "before: Texts",
                  case when $7::boolean then row_texts(c) end as "after: Texts"
        "#,
        scope.tenant.0,
        id.0,
        values as _,
        sent as _,
        scope.now,
        adult_since,
        scope.recorder.is_on(),
        version.map(|version| version.0),
    )
    .fetch_optional(connection)
    .await?;
    recorded(scope, written.as_ref());
    Ok(written.is_some())
}

/// Marks a customer as deleted; its values and its node stay. False when there is no such customer.
pub(super) async fn void(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
) -> Result<bool, sqlx::Error> {
    // SoftDelete again changes nothing.
    let written = sqlx::query_as!(
        Versions,
        r#"
        update customers c
           set customer_status = $3,
               inactive_date   = inactive_since(c.customer_status, $3, c.inactive_date, $4),
               modified_at     = case when c.customer_status = $3 then c.modified_at else $4 end
         where c.tenant_id = $1 and c.customer_id = $2
        returning case when $5::boolean then (select row_texts(o) from customers o
                                             where o.tenant_id = c.tenant_id and o.customer_id = c.customer_id) end
                      as "before: Texts",
                  case when $5::boolean then row_texts(c) end as "after: Texts"
        "#,
        scope.tenant.0,
        id.0,
        DELETED,
        scope.now,
        scope.recorder.is_on(),
    )
    .fetch_optional(connection)
    .await?;
    recorded(scope, written.as_ref());
    Ok(written.is_some())
}

/// The columns of a row, as texts.
type Texts = RowTexts;

/// A customer's row as it was and as it is, where it was asked for.
#[derive(Debug)]
struct Versions {
    before: Option<Texts>,
    after: Option<Texts>,
}

/// Notes what an update made of a customer's row.
fn recorded(scope: &Scope<'_>, written: Option<&Versions>) {
    if let Some(Versions { before, after }) = written {
        scope.recorder.update("customers", before.as_ref(), after.as_ref());
    }
}

/// Which of the values that must be unique belong to a customer other than `id` already; all of them in one question.
pub(super) async fn taken(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Option<CustomerId>,
    values: &ValuesRecord,
) -> Result<Vec<Violation>, sqlx::Error> {
    let taken = sqlx::query_as!(
        conflicts::Taken,
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
        values.back_office_id_key,
        values.email_address_key,
        values.tax_id_key,
        values.username_key,
        values.web_alias_key,
        id.map_or(0, |id| id.0),
    )
    .fetch_one(connection)
    .await?;
    Ok(conflicts::collisions(taken, values))
}
