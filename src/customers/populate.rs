//! A crowd of customers made up from a number.

use chrono::{Days, SecondsFormat, TimeDelta};

use super::model::CustomerId;
use super::service::{Customers, Scope};
use super::store;
use crate::database::{Batches, DatabaseError};
use crate::fault_injection::Dice;
use crate::plan::{BackOfficeIdFormat, DISTRIBUTOR, UniqueField};
use crate::secret::Password;

/// So many rows go to Postgres at a time: on an embedded database some 30 ms of work.
const CHUNK: u64 = 500;

/// The password of every customer of a crowd.
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

/// Which customers a crowd is made of.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// How many of type 1.
    pub distributors: u32,
    /// How many of type 2, each sponsored by one of the distributors.
    pub retail: u32,
    /// How many of type 3, the same.
    pub preferred: u32,
    /// How the distributors stand in the sponsor tree.
    pub shape: CrowdShape,
    /// The number that it is made up from.
    pub seed: u64,
}

/// How the distributors of a crowd stand in the sponsor tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrowdShape {
    /// Each below any one of those before it.
    Unilevel,
    /// Each below the one before it.
    Line,
    Flat,
}

impl Customers {
    /// Adds a crowd to a world, its first distributor below `root`. What is told after each part: how many customers it has.
    ///
    /// # Errors
    /// When the database fails, also because a customer that is there has a value of one that is made up.
    pub async fn populate(
        &self,
        batches: &mut Batches,
        scope: &Scope<'_>,
        crowd: Crowd,
        root: Option<CustomerId>,
        told: &(dyn Fn(u64) + Sync),
    ) -> Result<(), DatabaseError> {
        let size = u64::from(crowd.distributors) + u64::from(crowd.retail) + u64::from(crowd.preferred);
        // One hash for all: a hash each would take hours at a safe cost.
        let hash = self.passwords.hash(&Password::new(PASSWORD.to_owned()), &self.random).await;
        let ids = i32::try_from(size).unwrap_or(i32::MAX);
        let first = store::populate::reserve_ids(batches.connection().await?, scope.tenant, ids).await?;
        let maker = Maker { crowd, scope, first, root, hash: &hash };
        let mut number = 0;
        while number < size {
            let end = size.min(number + CHUNK);
            let (mut customers, mut nodes) = (Vec::new(), Vec::new());
            for number in number..end {
                maker.write(number, &mut customers, &mut nodes);
            }
            let connection = batches.connection().await?;
            store::populate::write_customers(connection, &customers).await?;
            store::populate::write_nodes(connection, &nodes).await?;
            batches.pause().await?;
            told(end - number);
            number = end;
        }
        Ok(())
    }
}

struct Maker<'a> {
    crowd: Crowd,
    scope: &'a Scope<'a>,
    /// The id of customer number 0.
    first: i32,
    root: Option<CustomerId>,
    hash: &'a str,
}

impl Maker<'_> {
    /// Writes the rows of a customer, the distributors first: as lines, none of whose values holds a tab.
    fn write(&self, number: u64, customers: &mut Vec<String>, nodes: &mut Vec<String>) {
        let Crowd { distributors, retail, shape, seed, .. } = self.crowd;
        let Scope { tenant, plan, now, .. } = *self.scope;
        let mut dice = Dice::new(seed, number);
        let id = self.id(number);
        let distributors = u64::from(distributors);
        let (customer_type, sponsor) = if number < distributors {
            let upline = match shape {
                _ if number == 0 => None,
                CrowdShape::Unilevel => Some(dice.below(number)),
                CrowdShape::Line => Some(number - 1),
                CrowdShape::Flat => Some(0),
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
        let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let back_office_number = i64::from(plan.back_office_id.seed) + i64::from(id);
        let back_office_id = match plan.back_office_id.format {
            BackOfficeIdFormat::Hexadecimal => format!("{back_office_number:X}"),
            BackOfficeIdFormat::Decimal => back_office_number.to_string(),
        };
        let username = format!("u{id}");
        let email = format!("u{id}@population.example");
        let tax_id = format!("POP-{seed}-{id}");
        let key = |field, value: &str| if plan.is_unique(field) { value.to_lowercase() } else { r"\N".to_owned() };
        let is_distributor = customer_type == DISTRIBUTOR;
        let text = |value: &str, is_there: bool| if is_there { value.to_owned() } else { r"\N".to_owned() };
        let sponsor = sponsor.map_or(r"\N".to_owned(), |sponsor| sponsor.to_string());
        customers.push(format!(
            "{tenant}\t{id}\t{customer_type}\t{sponsor}\t{birth_date}\t{sign_up_date}\t{modified_at}\t{terms}\t\
             {back_office_id}\t{back_office_id_key}\t{email}\t{email_key}\t{tax_id}\t{tax_id_key}\t{username}\t{username_key}\t\
             {web_alias_key}\t{hash}\t{first_name}\t{last_name}\t{street}\t{city}\t{region}\t{postal_code}",
            tenant = tenant.0,
            birth_date = text(&born.format("%Y-%m-%dT00:00:00Z").to_string(), is_distributor),
            sign_up_date = time(signed_up),
            modified_at = time(now),
            terms = if is_distributor { 't' } else { 'f' },
            back_office_id_key = key(UniqueField::BackOfficeId, &back_office_id),
            email_key = key(UniqueField::EmailAddress, &email),
            tax_id = text(&tax_id, is_distributor),
            tax_id_key = text(&key(UniqueField::TaxId, &tax_id), is_distributor),
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
