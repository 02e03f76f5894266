//! Generated populations: the same random seed generates the same customers.

use chrono::{DateTime, Days, SecondsFormat, TimeDelta, Utc};
use sqlx::PgConnection;

use super::scope::Scope;
use super::service::Customers;
use crate::database::{Batches, DatabaseError, TenantId};
use crate::fault_injection::Dice;
use crate::model::CustomerId;
use crate::plan::{BackOfficeIdFormat, DISTRIBUTOR, UniqueField};
use crate::secret::Password;

/// Rows per statement: an embedded database writes them in about 30 ms.
const CHUNK: u64 = 500;

/// The password of every generated customer.
const PASSWORD: &str = "PasswordHere1";

const FIRST_NAMES: [&str; 16] = [
    "Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hugo", "Ines", "Jon", "Kim", "Leo", "Mia", "Nils", "Ona", "Pia",
];
const LAST_NAMES: [&str; 16] = [
    "Adler", "Berg", "Cole", "Dorn", "Engel", "Frost", "Grant", "Hale", "Ito", "Jones", "Kern", "Lund", "Mayer",
    "North", "Olsen", "Price",
];
const CITIES: [(&str, &str, &str); 8] = [
    ("Lindon", "UT", "84042"),
    ("Austin", "TX", "73301"),
    ("Boise", "ID", "83702"),
    ("Denver", "CO", "80202"),
    ("Fresno", "CA", "93721"),
    ("Tampa", "FL", "33602"),
    ("Salem", "OR", "97301"),
    ("Albany", "NY", "12207"),
];

#[derive(Debug, Clone, Copy)]
pub struct Population {
    /// The number of customers of type 1.
    pub distributors: u32,
    /// The number of customers of type 2, each sponsored by one of the distributors.
    pub retail: u32,
    /// The number of customers of type 3, each sponsored by one of the distributors.
    pub preferred: u32,
    pub shape: TreeShape,
    pub random_seed: u64,
}

/// The upline of each distributor of a population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeShape {
    /// A random earlier distributor.
    Unilevel,
    /// The previous distributor.
    Line,
    /// The first distributor.
    Flat,
}

impl Customers {
    /// Adds a population to a tenant, its first distributor below `root`. Calls `on_written` with the number of customers of each
    /// chunk.
    ///
    /// # Errors
    /// When the database fails, or when an existing customer has a unique value of a generated one.
    pub async fn populate(
        &self,
        batches: &mut Batches,
        scope: &Scope<'_>,
        population: Population,
        root: Option<CustomerId>,
        on_written: &(dyn Fn(u64) + Sync),
    ) -> Result<(), DatabaseError> {
        let Population { distributors, retail, preferred, .. } = population;
        let size = u64::from(distributors) + u64::from(retail) + u64::from(preferred);
        // One hash for all customers: a hash for each would take hours at a safe cost.
        let hash = self.passwords.hash(&Password::new(PASSWORD.to_owned()), &self.random).await;
        let ids = i32::try_from(size).unwrap_or(i32::MAX);
        let first = reserve_ids(batches.connection().await?, scope.tenant, ids).await?;
        let generator = Generator { population, scope, first, root, hash: &hash };
        let mut number = 0;
        while number < size {
            let end = size.min(number + CHUNK);
            let (mut customers, mut nodes) = (Vec::new(), Vec::new());
            for number in number..end {
                generator.write(number, &mut customers, &mut nodes);
            }
            let connection = batches.connection().await?;
            write_customers(connection, &customers).await?;
            write_nodes(connection, &nodes).await?;
            batches.pause().await?;
            on_written(end - number);
            number = end;
        }
        Ok(())
    }
}

struct Generator<'a> {
    population: Population,
    scope: &'a Scope<'a>,
    /// The id of customer number 0.
    first: i32,
    root: Option<CustomerId>,
    hash: &'a str,
}

/// The text of a null value in a line.
const NULL: &str = r"\N";

impl Generator<'_> {
    /// Appends the lines of a customer. The distributors have the lowest numbers. No value contains a tab.
    fn write(&self, number: u64, customers: &mut Vec<String>, nodes: &mut Vec<String>) {
        let Population { distributors, retail, shape, random_seed, .. } = self.population;
        let Scope { tenant, plan, now, .. } = *self.scope;
        let mut dice = Dice::new(random_seed, number);
        let id = self.id(number);
        let distributors = u64::from(distributors);
        let (customer_type, sponsor) = if number < distributors {
            let upline = match shape {
                _ if number == 0 => None,
                TreeShape::Unilevel => Some(dice.below(number)),
                TreeShape::Line => Some(number - 1),
                TreeShape::Flat => Some(0),
            };
            (DISTRIBUTOR, upline.map(|upline| self.id(upline)).or(self.root.map(|root| root.0)))
        } else {
            let customer_type = if number < distributors + u64::from(retail) { 2 } else { 3 };
            (customer_type, Some(self.id(dice.below(distributors))))
        };
        let pick =
            |dice: &mut Dice, names: &[&'static str; 16]| names[usize::try_from(dice.below(16)).unwrap_or_default()];
        let (first_name, last_name) = (pick(&mut dice, &FIRST_NAMES), pick(&mut dice, &LAST_NAMES));
        let (city, region, postal_code) = CITIES[usize::try_from(dice.below(8)).unwrap_or_default()];
        let street = format!("{} Main Street", 1 + dice.below(999));
        let born = now.date_naive() - Days::new(365 * (21 + dice.below(50)) + dice.below(365));
        let signed_up = now - TimeDelta::days(i64::try_from(dice.below(1_000)).unwrap_or_default());
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let back_office_number = i64::from(plan.back_office_id.seed) + i64::from(id);
        let back_office_id = match plan.back_office_id.format {
            BackOfficeIdFormat::Hexadecimal => format!("{back_office_number:X}"),
            BackOfficeIdFormat::Decimal => back_office_number.to_string(),
        };
        let username = format!("u{id}");
        let email = format!("u{id}@population.example");
        let tax_id = format!("POP-{random_seed}-{id}");
        let key = |field, value: &str| if plan.is_unique(field) { value.to_lowercase() } else { NULL.to_owned() };
        let is_distributor = customer_type == DISTRIBUTOR;
        let distributors_only = |value: &str| if is_distributor { value.to_owned() } else { NULL.to_owned() };
        let sponsor = sponsor.map_or(NULL.to_owned(), |sponsor| sponsor.to_string());
        customers.push(format!(
            "{tenant}\t{id}\t{customer_type}\t{sponsor}\t{birth_date}\t{sign_up_date}\t{modified_at}\t{terms}\t\
             {back_office_id}\t{back_office_id_key}\t{email}\t{email_key}\t{tax_id}\t{tax_id_key}\t{username}\t{username_key}\t\
             {web_alias_key}\t{hash}\t{first_name}\t{last_name}\t{street}\t{city}\t{region}\t{postal_code}",
            tenant = tenant.0,
            birth_date = distributors_only(&born.format("%Y-%m-%dT00:00:00Z").to_string()),
            sign_up_date = time(signed_up),
            modified_at = time(now),
            terms = if is_distributor { 't' } else { 'f' },
            back_office_id_key = key(UniqueField::BackOfficeId, &back_office_id),
            email_key = key(UniqueField::EmailAddress, &email),
            tax_id = distributors_only(&tax_id),
            tax_id_key = distributors_only(&key(UniqueField::TaxId, &tax_id)),
            username_key = key(UniqueField::Username, &username),
            web_alias_key = key(UniqueField::WebAlias, &username),
            hash = self.hash,
        ));
        if is_distributor {
            nodes.push(format!("{}\t{id}\t{sponsor}\t{}", tenant.0, time(signed_up)));
        }
    }

    fn id(&self, number: u64) -> i32 {
        self.first + i32::try_from(number).unwrap_or(i32::MAX)
    }
}

/// Raises the tenant's counter by `number` and returns the first of these ids.
async fn reserve_ids(connection: &mut PgConnection, tenant: TenantId, number: i32) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        r#"update tenant_counters set last_customer_id = last_customer_id + $2 where tenant_id = $1
           returning last_customer_id - $2 + 1 as "first!""#,
        tenant.0,
        number,
    )
    .fetch_one(connection)
    .await
}

/// Writes a customer for each line: its values separated by tabs, [`NULL`] for null. It does not use COPY: after a COPY, the
/// embedded database sends many small packets for the rest of the connection.
async fn write_customers(connection: &mut PgConnection, lines: &[String]) -> Result<(), sqlx::Error> {
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

/// Writes a node of the sponsor tree for each line.
async fn write_nodes(connection: &mut PgConnection, lines: &[String]) -> Result<(), sqlx::Error> {
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
