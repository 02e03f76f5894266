//! Plausible values that complete a customer: what its type requires and it lacks, and other values for those that break a rule.

use std::collections::BTreeMap;

use chrono::{DateTime, Months, Utc};

use super::error::{Error, Violation, ViolationKind};
use super::scope::Scope;
use super::service::Customers;
use super::store::{self, Columns};
use super::text::is_forbidden;
use crate::model::{AddressPart, CustomerFields, CustomerId, Field, FieldMask, Member, MemberMut};
use crate::plan::{PasswordRule, Plan};
use crate::secret::Password;

/// How often the values are checked against the rules. One that is taken is replaced by another random one.
const MAX_ROUNDS: usize = 6;

/// The number of customers among which a sponsor is looked for.
const MAX_SPONSORS: i64 = 200;

/// The write that the customer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Create,
    Replace(CustomerId),
    Upgrade(CustomerId),
}

/// A value for a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SuggestedValue {
    Text(String),
    /// A time in RFC 3339.
    Date(String),
    Integer(i32),
    Boolean(bool),
}

/// Values for fields, and the fields for which there is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Suggestions {
    pub values: BTreeMap<Field, SuggestedValue>,
    /// Why the customer still breaks rules.
    pub left: Vec<String>,
}

impl Purpose {
    fn id(self) -> Option<CustomerId> {
        match self {
            Self::Create => None,
            Self::Replace(id) | Self::Upgrade(id) => Some(id),
        }
    }
}

impl Customers {
    /// Values with which a whole customer satisfies the plan. `replaced` are fields that get another value in any case. Values of unique
    /// fields are free when this returns; nothing reserves them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn suggest(
        &self,
        scope: &Scope<'_>,
        purpose: Purpose,
        mut fields: CustomerFields,
        replaced: &[Field],
    ) -> Result<Suggestions, Error> {
        let mut found = Suggestions::default();
        let mut broken: Vec<Field> = replaced.to_vec();
        self.follow_transitions(scope, purpose, &mut fields, &mut found).await?;
        for _ in 0..MAX_ROUNDS {
            let violations = self.violations(scope, purpose, &fields).await?;
            broken.extend(violations.iter().flat_map(|violation| parts_of(violation.field)));
            broken.retain(|field| {
                !(found.values.contains_key(field) && violations.iter().all(|one| one.field != *field))
            });
            if broken.is_empty() {
                return Ok(found);
            }
            for field in std::mem::take(&mut broken) {
                let kind =
                    violations.iter().find(|violation| violation.field == field).map(|violation| &violation.kind);
                let Some(value) = self.value(scope, purpose, &fields, field, kind).await? else { continue };
                set(&mut fields, field, &value);
                found.values.insert(field, value);
            }
        }
        let left = self.violations(scope, purpose, &fields).await?;
        found.left.extend(left.iter().map(|violation| violation.kind.sentence(violation.field.name())));
        Ok(found)
    }

    /// On an upgrade, sets the type to one that the plan allows from the customer's own.
    async fn follow_transitions(
        &self,
        scope: &Scope<'_>,
        purpose: Purpose,
        fields: &mut CustomerFields,
        found: &mut Suggestions,
    ) -> Result<(), Error> {
        let Purpose::Upgrade(id) = purpose else { return Ok(()) };
        let from = match self.get(scope, id).await {
            Ok(customer) => customer.customer_type(),
            Err(Error::UnknownCustomer) => {
                found.left.push(format!("There is no customer {}.", id.0));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let allowed: Vec<i32> =
            scope.plan.upgrade_transitions.iter().filter(|(start, _)| *start == from).map(|(_, to)| *to).collect();
        match (allowed.first(), fields.customer_type) {
            (None, _) => found.left.push(format!("The plan allows no upgrade from CustomerType {from}.")),
            (Some(_), Some(wanted)) if allowed.contains(&wanted) => {}
            (Some(to), _) => {
                fields.customer_type = Some(*to);
                found.values.insert(Field::CustomerType, SuggestedValue::Integer(*to));
            }
        }
        Ok(())
    }

    async fn violations(
        &self,
        scope: &Scope<'_>,
        purpose: Purpose,
        fields: &CustomerFields,
    ) -> Result<Vec<Violation>, Error> {
        let id = purpose.id();
        let mut violations = scope.validator().whole(id, fields);
        let columns = Columns { plan: scope.plan, fields, mask: FieldMask::ALL, password_hash: None };
        let taken = self
            .database
            .run(async |connection| store::conflicts(connection, scope.tenant, id, &columns).await)
            .await?;
        violations.extend(taken);
        if let Some(sponsor) = fields.sponsor_id
            && !self.may_sponsor(scope, id, sponsor).await?
        {
            violations.push(Violation { field: Field::SponsorId, kind: ViolationKind::SponsorUnknown(sponsor) });
        }
        Ok(violations)
    }

    /// Whether a customer exists, has a type that the plan accepts, and does not stand below the one that is written.
    async fn may_sponsor(&self, scope: &Scope<'_>, id: Option<CustomerId>, sponsor: i32) -> Result<bool, Error> {
        let Some(after) = sponsor.checked_sub(1) else { return Ok(false) };
        let found = self.following(scope.tenant, after, 1).await?;
        let is_accepted = |found: i32| scope.plan.sponsor_types().is_none_or(|types| types.contains(&found));
        if !found.first().is_some_and(|found| found.id == sponsor && is_accepted(found.customer_type)) {
            return Ok(false);
        }
        let Some(id) = id else { return Ok(true) };
        let around = self.tree_around(scope.tenant, CustomerId(sponsor), 0).await?;
        Ok(around.upline.iter().all(|node| node.id != id.0))
    }

    /// Another value for a field; `None` where there is none.
    async fn value(
        &self,
        scope: &Scope<'_>,
        purpose: Purpose,
        fields: &CustomerFields,
        field: Field,
        kind: Option<&ViolationKind>,
    ) -> Result<Option<SuggestedValue>, Error> {
        if field == Field::SponsorId {
            let sponsors = self.following(scope.tenant, 0, MAX_SPONSORS).await?;
            for sponsor in sponsors {
                if purpose.id() != Some(CustomerId(sponsor.id))
                    && self.may_sponsor(scope, purpose.id(), sponsor.id).await?
                {
                    return Ok(Some(SuggestedValue::Integer(sponsor.id)));
                }
            }
            return Ok(None);
        }
        let number = u32::from_le_bytes(self.random.bytes()) % 900_000 + 100_000;
        let text = match fields.member(field) {
            Member::Text(text) => text.as_deref(),
            _ => None,
        };
        Ok(Some(match (kind, text) {
            (Some(ViolationKind::MaxLength(length)), Some(text)) if field != Field::EmailAddress => {
                SuggestedValue::Text(text.chars().take(*length).collect())
            }
            (Some(ViolationKind::ControlCharacter), Some(text)) => {
                SuggestedValue::Text(text.chars().filter(|letter| !is_forbidden(*letter)).collect())
            }
            _ => plausible(scope.plan, scope.now, field, number),
        }))
    }
}

/// The fields that are set in place of one that is missing: of an address all that shipping needs.
fn parts_of(field: Field) -> Vec<Field> {
    let parts = [
        AddressPart::Street1,
        AddressPart::City,
        AddressPart::Region,
        AddressPart::PostalCode,
        AddressPart::CountryCode,
    ];
    match field {
        Field::PrimaryAddress(None) => parts.map(|part| Field::PrimaryAddress(Some(part))).to_vec(),
        Field::DefaultShippingAddress(None) => parts.map(|part| Field::DefaultShippingAddress(Some(part))).to_vec(),
        Field::AssociateCustom(0) => vec![Field::AssociateCustom(1)],
        field => vec![field],
    }
}

/// A value that satisfies the plan; a unique one contains the number.
fn plausible(plan: &Plan, now: DateTime<Utc>, field: Field, number: u32) -> SuggestedValue {
    let text = match field {
        Field::BirthDate => return SuggestedValue::Date(birth_date(plan, now)),
        Field::SignUpDate => return SuggestedValue::Date(now.format("%Y-%m-%dT00:00:00Z").to_string()),
        Field::CustomerStatus => return SuggestedValue::Integer(plan.statuses.keys().next().copied().unwrap_or(1)),
        Field::CustomerType => {
            let retail = plan.types.keys().find(|known| **known == 2).or_else(|| plan.types.keys().next());
            return SuggestedValue::Integer(retail.copied().unwrap_or(2));
        }
        Field::TermsAccepted | Field::SendEmails => return SuggestedValue::Boolean(true),
        Field::TaxExempt => return SuggestedValue::Boolean(false),
        Field::Password => return SuggestedValue::Text(password(plan.password_rule)),
        Field::EmailAddress => format!("t{number}@example.com"),
        Field::FirstName => "Terry".to_owned(),
        Field::LastName => "Tester".to_owned(),
        Field::CompanyName => "Test Company".to_owned(),
        Field::Username | Field::WebAlias => format!("terry{number}"),
        Field::TaxId | Field::TaxExemptId => format!("TEST-{number}"),
        Field::BackOfficeId | Field::ExternalReferenceId => format!("T{number}"),
        Field::LanguageCode => "en".to_owned(),
        Field::PrimaryPhone | Field::SecondaryPhone | Field::TextPhone => "801-555-0100".to_owned(),
        Field::PrimaryAddress(part) | Field::DefaultShippingAddress(part) => address(plan, part),
        Field::AssociateCustom(_) => "test".to_owned(),
        Field::SponsorId => return SuggestedValue::Integer(1),
    };
    let length = text.chars().count();
    // The end of a unique value distinguishes it.
    SuggestedValue::Text(text.chars().skip(length.saturating_sub(plan.max_length(field))).collect())
}

fn address(plan: &Plan, part: Option<AddressPart>) -> String {
    let country = || plan.countries.keys().next().map_or("US", |code| code.as_str()).to_owned();
    match part {
        Some(AddressPart::City) => "Lindon".to_owned(),
        Some(AddressPart::Region) => "UT".to_owned(),
        Some(AddressPart::PostalCode) => "84042".to_owned(),
        Some(AddressPart::CountryCode) => country(),
        Some(AddressPart::Street1 | AddressPart::Street2 | AddressPart::Street3) | None => {
            "250 South 400 West".to_owned()
        }
    }
}

/// That of somebody some years older than the plan demands.
fn birth_date(plan: &Plan, now: DateTime<Utc>) -> String {
    let months = (u32::from(plan.minimum_age) + 20) * 12;
    let date = now.checked_sub_months(Months::new(months)).unwrap_or(DateTime::<Utc>::MIN_UTC);
    date.format("%Y-%m-%dT00:00:00Z").to_string()
}

/// The first three characters satisfy every rule but the length.
fn password(rule: PasswordRule) -> String {
    let text: String = "T1-test-password".chars().chain(std::iter::repeat('x')).take(rule.min_length.max(16)).collect();
    text.chars().take(rule.max_length).collect()
}

fn set(fields: &mut CustomerFields, field: Field, value: &SuggestedValue) {
    let text = || match value {
        SuggestedValue::Text(text) | SuggestedValue::Date(text) => Some(text.clone()),
        SuggestedValue::Integer(_) | SuggestedValue::Boolean(_) => None,
    };
    match (fields.member_mut(field), value) {
        (MemberMut::Text(member) | MemberMut::Code(member), _) => *member = text(),
        (MemberMut::Secret(member), _) => *member = text().map(Password::new),
        (MemberMut::Date(member), SuggestedValue::Date(date)) => *member = date.parse().ok(),
        (MemberMut::Integer(member), SuggestedValue::Integer(number)) => *member = Some(*number),
        (MemberMut::Boolean(member), SuggestedValue::Boolean(flag)) => *member = Some(*flag),
        (MemberMut::Address(member), _) => {
            if let Field::PrimaryAddress(Some(part)) | Field::DefaultShippingAddress(Some(part)) = field {
                *member.part_mut(part) = text();
            }
        }
        (MemberMut::Custom(member), _) => {
            if let Field::AssociateCustom(number @ 1..) = field
                && let Some(member) = member.get_mut(usize::from(number) - 1)
            {
                *member = text();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::validation::Validator;
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().expect("a time")
    }

    #[test]
    fn plausible_values_satisfy_the_plan() {
        let rule = PasswordRule { min_length: 20, max_length: 24, digit: true, capital: true, symbol: true };
        let strict = Plan {
            minimum_age: 40,
            password_rule: rule,
            max_length: [(Field::Username, 4), (Field::TaxId, 5), (Field::FirstName, 3)].into(),
            ..Plan::default()
        };
        let short = PasswordRule { min_length: 3, max_length: 4, digit: true, capital: true, symbol: true };
        let short = Plan { password_rule: short, ..Plan::default() };
        for plan in [Plan::default(), strict, short] {
            for customer_type in [1, 2, 3] {
                let mut fields = CustomerFields { customer_type: Some(customer_type), ..CustomerFields::default() };
                for field in Field::all().filter(|field| !matches!(field, Field::CustomerType | Field::SponsorId)) {
                    for part in parts_of(field) {
                        set(&mut fields, part, &plausible(&plan, now(), part, 123_456));
                    }
                }
                fields.sponsor_id = Some(2);
                let violations = Validator { plan: &plan, now: now() }.whole(None, &fields);
                assert!(violations.is_empty(), "{violations:?}");
            }
        }
        let username = |plan: &Plan| plausible(plan, now(), Field::Username, 123_456);
        assert_eq!(username(&Plan::default()), SuggestedValue::Text("terry123456".to_owned()));
    }
}
