//! The rules that need no database: required fields by type, formats, lengths, codes; and the hooks with which an extension
//! replaces or adds to them.

use chrono::{DateTime, Months, Utc};
use validator::ValidateLength as _;

use super::email::is_email_address;
use super::error::{Error, Violation, ViolationKind, reject};
use super::hooks::DeferredAction;
use super::scope::Scope;
use super::service::Customers;
use super::text::{comparable, has_forbidden};
use super::write::Patch;
use crate::extension::{
    IsEmailAvailable, IsEmailAvailableRequest, IsTaxIdAvailable, IsTaxIdAvailableRequest, NoResponse,
    ValidateApplication, ValidateApplicationRequest, to_application,
};
use crate::model::{AddressPart, CustomerFields, CustomerId, Field};
use crate::plan::{DISTRIBUTOR, Plan};

/// The rules of one tenant at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Validator<'a> {
    pub plan: &'a Plan,
    pub now: DateTime<Utc>,
}

impl<'a> Scope<'a> {
    pub(super) fn validator(&self) -> Validator<'a> {
        Validator { plan: self.plan, now: self.now }
    }
}

impl Customers {
    /// Checks the rules that need no other customer, through the hook `ValidateApplication`. Violations of reading the request
    /// are rejected before the hook is called.
    pub(super) async fn validate(
        &self,
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        fields: &CustomerFields,
        mut violations: Vec<Violation>,
    ) -> Result<(), Error> {
        let validator = scope.validator();
        let has_hook = scope.calls::<ValidateApplication>();
        if has_hook {
            // The hook decides what is required, but a stored customer always has a type and valid formats.
            violations.extend(validator.formats(fields));
            if fields.customer_type.is_none() {
                violations.push(Violation { field: Field::CustomerType, kind: ViolationKind::Required(None) });
            }
        } else {
            violations.extend(validator.whole(id, fields));
        }
        match id {
            Some(id) => self.reject_known(scope, id, violations).await?,
            None => reject(violations)?,
        }
        if !has_hook {
            return Ok(());
        }
        if let Some(id) = id {
            self.check_exists(scope, id).await?;
        }
        let request = ValidateApplicationRequest { application: to_application(id, fields) };
        let has_password = fields.password.is_some();
        let action = DeferredAction::Validate { id, fields: Box::new(fields.clone()), has_password };
        let NoResponse {} = self.call_hook::<ValidateApplication>(scope, request, action).await?;
        Ok(())
    }

    /// Calls the hooks that check e-mail address and tax id, if an extension answers them; on an upgrade only for a value that
    /// changes. Otherwise the database alone decides, on the write.
    pub(super) async fn check_availability(
        &self,
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        fields: &CustomerFields,
    ) -> Result<(), Error> {
        if !scope.calls::<IsEmailAvailable>() && !scope.calls::<IsTaxIdAvailable>() {
            return Ok(());
        }
        let current = match id {
            Some(id) => self.get(scope, id).await?.fields,
            None => CustomerFields::default(),
        };
        let mut violations = Vec::new();
        if let Some(email) = &fields.email_address
            && scope.calls::<IsEmailAvailable>()
            && !is_same(current.email_address.as_deref(), email)
        {
            let request = IsEmailAvailableRequest { email_address: Some(email.clone()) };
            let response = self.call_hook::<IsEmailAvailable>(scope, request, DeferredAction::Answer).await?;
            if !response.is_available {
                let kind = ViolationKind::Unique(Some(email.trim().to_owned()));
                violations.push(Violation { field: Field::EmailAddress, kind });
            }
        }
        if let Some(tax_id) = &fields.tax_id
            && scope.calls::<IsTaxIdAvailable>()
            && !is_same(current.tax_id.as_deref(), tax_id)
        {
            let request = IsTaxIdAvailableRequest { tax_id: Some(tax_id.clone()) };
            let response = self.call_hook::<IsTaxIdAvailable>(scope, request, DeferredAction::Answer).await?;
            if !response.available {
                violations.push(Violation { field: Field::TaxId, kind: ViolationKind::Unique(None) });
            }
        }
        reject(violations)
    }
}

impl Validator<'_> {
    /// The violations of a whole customer: create, replace, upgrade. `id` is `None` for a new customer.
    pub(super) fn whole(&self, id: Option<CustomerId>, fields: &CustomerFields) -> Vec<Violation> {
        let mut violations = Vec::new();
        let known_type = fields.customer_type.filter(|customer_type| self.plan.types.contains_key(customer_type));
        for &field in self.plan.required.keys() {
            if fields.is_missing(field) && self.plan.requires(field, known_type) {
                violations.push(Violation { field, kind: ViolationKind::Required(known_type) });
            }
        }
        // Every customer has a type, even if the plan makes it optional.
        if fields.customer_type.is_none() && !self.plan.requires(Field::CustomerType, None) {
            violations.push(Violation { field: Field::CustomerType, kind: ViolationKind::Required(None) });
        }
        violations.extend(self.formats(fields));
        if known_type == Some(DISTRIBUTOR)
            && fields.birth_date.is_some_and(|date| date > self.latest_adult_birth_date())
        {
            violations.push(self.too_young());
        }
        if id.is_some_and(|id| fields.sponsor_id == Some(id.0)) {
            violations.push(Violation { field: Field::SponsorId, kind: ViolationKind::SponsorIsSelf });
        }
        violations
    }

    /// The violations of a partial update: the formats of the fields that were sent, and blank values of fields that every type
    /// requires. The merged customer need not have the required fields of its type.
    pub(super) fn partial(&self, patch: &Patch) -> Vec<Violation> {
        let mut violations = Vec::new();
        for field in patch.mask.each().filter(|field| patch.fields.is_missing(*field)) {
            let is_required = match field {
                // Every customer has a type and a status, even if the plan makes them optional.
                Field::CustomerType | Field::CustomerStatus => true,
                // An address that is sent may have empty parts (DirectScale, PATCH Customer page). It may be empty as a whole if no
                // part is required.
                Field::DefaultShippingAddress(_) | Field::PrimaryAddress(_) => {
                    let is_required = |part: &Field| part.whole() == field && self.plan.requires(*part, None);
                    self.plan.required.keys().any(is_required)
                }
                Field::AssociateCustom(_) => false,
                field => self.plan.requires(field, None),
            };
            if is_required {
                violations.push(Violation { field, kind: ViolationKind::Required(None) });
            }
        }
        violations.extend(self.formats(&patch.fields));
        violations
    }

    /// The latest birth date of a distributor.
    pub(super) fn latest_adult_birth_date(&self) -> DateTime<Utc> {
        self.now
            .checked_sub_months(Months::new(u32::from(self.plan.minimum_age) * 12))
            .unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    /// The violation of a distributor who was born after `latest_adult_birth_date`.
    pub(super) fn too_young(&self) -> Violation {
        Violation { field: Field::BirthDate, kind: ViolationKind::MinimumAge(self.plan.minimum_age) }
    }

    /// The violations of the values that are set.
    pub(super) fn formats(&self, fields: &CustomerFields) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (field, text) in fields.texts() {
            if let Some(kind) = self.text_violation(field, text) {
                violations.push(Violation { field, kind });
            }
        }
        if let Some(email) = &fields.email_address
            && !is_email_address(email.trim())
        {
            violations.push(Violation {
                field: Field::EmailAddress,
                kind: ViolationKind::Format("must be an e-mail address"),
            });
        }
        if let Some(code) = &fields.language_code
            && isolang::Language::from_639_1(code).is_none()
        {
            let kind = ViolationKind::Format("must be a two-letter ISO 639-1 language code");
            violations.push(Violation { field: Field::LanguageCode, kind });
        }
        for (address, field) in [
            (&fields.shipping_address, Field::DefaultShippingAddress(Some(AddressPart::CountryCode))),
            (&fields.primary_address, Field::PrimaryAddress(Some(AddressPart::CountryCode))),
        ] {
            if let Some(code) = &address.country_code
                && rust_iso3166::from_alpha2(code).is_none()
            {
                let kind = ViolationKind::Format("must be a two-letter ISO 3166-1 country code");
                violations.push(Violation { field, kind });
            }
        }
        for (field, value, names) in [
            (Field::CustomerStatus, fields.customer_status, &self.plan.statuses),
            (Field::CustomerType, fields.customer_type, &self.plan.types),
        ] {
            if value.is_some_and(|value| !names.contains_key(&value)) {
                violations.push(Violation { field, kind: ViolationKind::OneOf(names.keys().copied().collect()) });
            }
        }
        if let Some(password) = &fields.password
            && let Some(requirement) = self.password_rule_violation(password.reveal())
        {
            violations.push(Violation { field: Field::Password, kind: ViolationKind::Password(requirement) });
        }
        violations
    }

    fn text_violation(&self, field: Field, text: &str) -> Option<ViolationKind> {
        let max_length = self.plan.max_length(field);
        // A text has no more characters than bytes.
        if text.len() > max_length && !text.validate_length(None, Some(max_length as u64), None) {
            return Some(ViolationKind::MaxLength(max_length));
        }
        has_forbidden(text).then_some(ViolationKind::ControlCharacter)
    }

    fn password_rule_violation(&self, password: &str) -> Option<String> {
        let rule = self.plan.password_rule;
        let fits = password.validate_length(Some(rule.min_length as u64), Some(rule.max_length as u64), None)
            && (!rule.digit || password.contains(char::is_numeric))
            && (!rule.capital || password.contains(char::is_uppercase))
            && (!rule.symbol || password.contains(|character: char| !character.is_alphanumeric()));
        if fits {
            return None;
        }
        let mut requirement = format!("must be {} to {} characters long", rule.min_length, rule.max_length);
        let parts: Vec<&str> = [(rule.digit, "a digit"), (rule.capital, "a capital letter"), (rule.symbol, "a symbol")]
            .into_iter()
            .filter_map(|(needed, part)| needed.then_some(part))
            .collect();
        if !parts.is_empty() {
            requirement.push_str(" with at least ");
            requirement.push_str(&parts.join(" and "));
        }
        Some(requirement)
    }
}

/// Whether a unique field treats two values as the same.
fn is_same(current: Option<&str>, value: &str) -> bool {
    current.is_some_and(|current| comparable(current) == comparable(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(plan: &Plan) -> Validator<'_> {
        Validator { plan, now: "2026-03-01T12:00:00Z".parse().expect("a time") }
    }

    #[test]
    fn an_empty_customer_violates_what_every_type_requires() {
        let plan = Plan::default();
        let fields: Vec<&str> = rules(&plan)
            .whole(None, &CustomerFields::default())
            .iter()
            .map(|violation| violation.field.name())
            .collect();
        assert_eq!(
            fields,
            [
                "CustomerType",
                "EmailAddress",
                "FirstName",
                "LastName",
                "PrimaryAddress.Street1",
                "PrimaryAddress.Region",
                "PrimaryAddress.CountryCode",
                "SponsorId",
                "Username"
            ]
        );
    }

    #[test]
    fn a_distributor_must_be_eighteen_to_the_day() {
        let plan = Plan::default();
        let young = |birth_date: &str| {
            let fields = CustomerFields {
                customer_type: Some(1),
                birth_date: Some(birth_date.parse().expect("a time")),
                ..CustomerFields::default()
            };
            rules(&plan)
                .whole(None, &fields)
                .iter()
                .any(|violation| matches!(violation.kind, ViolationKind::MinimumAge(18)))
        };
        assert!(!young("2008-03-01T00:00:00Z"));
        assert!(young("2008-03-02T00:00:00Z"));
    }

    #[test]
    fn the_violation_of_a_weak_password_describes_the_rule() {
        let plan = Plan::default();
        let violation = |password: &str| rules(&plan).password_rule_violation(password);
        assert_eq!(violation("PasswordHere1"), None);
        for weak in ["Short1", "nocapital1", "NoDigitHere", "Far2LongFar2LongFar2LongFar2Long"] {
            let requirement = "must be 8 to 30 characters long with at least a digit and a capital letter";
            assert_eq!(violation(weak).as_deref(), Some(requirement), "{weak}");
        }
    }

    #[test]
    fn lengths_count_characters_not_bytes() {
        let plan = Plan::default();
        let violation = |text: String| rules(&plan).text_violation(Field::FirstName, &text);
        assert_eq!(violation("é".repeat(100)), None);
        assert_eq!(violation("é".repeat(101)), Some(ViolationKind::MaxLength(100)));
        assert_eq!(violation("a\u{0}b".to_owned()), Some(ViolationKind::ControlCharacter));
        assert_eq!(violation("a\tb\r\n".to_owned()), None);
    }
}
