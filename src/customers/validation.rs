//! What Rust can decide about a request without asking the database: required fields by type, formats, lengths, codes.

use chrono::{DateTime, Months, Utc};
use validator::{ValidateEmail as _, ValidateLength as _};

use super::model::{Address, CustomerFields, CustomerId, FieldsSent, Patch};
use super::text::is_forbidden;
use super::violation::{Violation, ViolationKind};
use crate::field::{AddressPart, Field};
use crate::plan::{DISTRIBUTOR, Plan};

/// The rules of one tenant at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub plan: &'a Plan,
    pub now: DateTime<Utc>,
}

impl Rules<'_> {
    /// The violations of a whole customer: create, update, upgrade. `id` is the customer's own, where it has one already.
    pub(super) fn whole(&self, id: Option<CustomerId>, values: &CustomerFields) -> Vec<Violation> {
        let mut violations = Vec::new();
        let known_type = values.customer_type.filter(|customer_type| self.plan.types.contains_key(customer_type));
        for &field in self.plan.required.keys() {
            if self.plan.requires(field, known_type) && is_missing(values, field) {
                violations.push(Violation { field, rule: ViolationKind::Required(known_type) });
            }
        }
        // A customer is of some type, whatever the plan makes optional.
        if values.customer_type.is_none() && !self.plan.requires(Field::CustomerType, None) {
            violations.push(Violation { field: Field::CustomerType, rule: ViolationKind::Required(None) });
        }
        self.formats(values, &mut violations);
        if known_type == Some(DISTRIBUTOR) && values.birth_date.is_some_and(|date| date > self.adult_since()) {
            violations.push(self.too_young());
        }
        if id.is_some_and(|id| values.sponsor_id == Some(id.0)) {
            violations.push(Violation { field: Field::SponsorId, rule: ViolationKind::SponsorIsSelf });
        }
        violations
    }

    /// The violations of a partial update: the formats of what was sent, and no blank where every type requires the field.
    /// The merged customer is not held to the required fields of its type.
    pub(super) fn partial(&self, patch: &Patch) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (field, sent) in sent_fields(&patch.sent) {
            // A customer has some type and some status, whatever the plan makes optional.
            let never_blank =
                matches!(field, Field::CustomerType | Field::CustomerStatus) || self.plan.requires(field, None);
            if sent && never_blank && is_missing(&patch.values, field) {
                violations.push(Violation { field, rule: ViolationKind::Required(None) });
            }
        }
        for (field, sent, address) in [
            (Field::DefaultShippingAddress(None), patch.sent.shipping_address, &patch.values.shipping_address),
            (Field::PrimaryAddress(None), patch.sent.primary_address, &patch.values.primary_address),
        ] {
            let is_required = |part: &Field| part.whole() == field && self.plan.requires(*part, None);
            if sent && address.is_empty() && self.plan.required.keys().any(is_required) {
                violations.push(Violation { field, rule: ViolationKind::Required(None) });
            }
        }
        self.formats(&patch.values, &mut violations);
        violations
    }

    /// The violations of the values that are set, whatever else is missing.
    pub(super) fn sent(&self, values: &CustomerFields) -> Vec<Violation> {
        let mut violations = Vec::new();
        self.formats(values, &mut violations);
        violations
    }

    /// The latest birth date of a distributor.
    pub(super) fn adult_since(&self) -> DateTime<Utc> {
        self.now
            .checked_sub_months(Months::new(u32::from(self.plan.minimum_age) * 12))
            .unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    /// What a younger one is told.
    pub(super) fn too_young(&self) -> Violation {
        Violation { field: Field::BirthDate, rule: ViolationKind::MinimumAge(self.plan.minimum_age) }
    }

    fn formats(&self, values: &CustomerFields, violations: &mut Vec<Violation>) {
        for (field, text) in texts(values) {
            if let Some(rule) = self.text_fault(field, text) {
                violations.push(Violation { field, rule });
            }
        }
        if let Some(email) = &values.email_address
            && !email.trim().validate_email()
        {
            violations.push(Violation {
                field: Field::EmailAddress,
                rule: ViolationKind::Format("must be an e-mail address"),
            });
        }
        if let Some(code) = &values.language_code
            && isolang::Language::from_639_1(code).is_none()
        {
            let rule = ViolationKind::Format("must be a two-letter ISO 639-1 language code");
            violations.push(Violation { field: Field::LanguageCode, rule });
        }
        for (address, field) in [
            (&values.shipping_address, Field::DefaultShippingAddress(Some(AddressPart::CountryCode))),
            (&values.primary_address, Field::PrimaryAddress(Some(AddressPart::CountryCode))),
        ] {
            if let Some(code) = &address.country_code
                && rust_iso3166::from_alpha2(code).is_none()
            {
                let rule = ViolationKind::Format("must be a two-letter ISO 3166-1 country code");
                violations.push(Violation { field, rule });
            }
        }
        for (field, value, known) in [
            (Field::CustomerStatus, values.customer_status, &self.plan.statuses),
            (Field::CustomerType, values.customer_type, &self.plan.types),
        ] {
            if value.is_some_and(|value| !known.contains_key(&value)) {
                violations.push(Violation { field, rule: ViolationKind::OneOf(known.keys().copied().collect()) });
            }
        }
        if let Some(password) = &values.password
            && let Some(wanted) = self.password_fault(password.reveal())
        {
            violations.push(Violation { field: Field::Password, rule: ViolationKind::Password(wanted) });
        }
    }

    fn text_fault(&self, field: Field, text: &str) -> Option<ViolationKind> {
        let longest = self.plan.max_length(field);
        if !text.validate_length(None, Some(longest as u64), None) {
            return Some(ViolationKind::MaxLength(longest));
        }
        text.contains(is_forbidden).then_some(ViolationKind::ControlCharacter)
    }

    fn password_fault(&self, password: &str) -> Option<String> {
        let rule = self.plan.password_rule;
        let fits = password.validate_length(Some(rule.min_length as u64), Some(rule.max_length as u64), None)
            && (!rule.digit || password.contains(char::is_numeric))
            && (!rule.capital || password.contains(char::is_uppercase))
            && (!rule.symbol || password.contains(|character: char| !character.is_alphanumeric()));
        if fits {
            return None;
        }
        let mut wanted = format!("must be {} to {} characters long", rule.min_length, rule.max_length);
        let parts: Vec<&str> = [(rule.digit, "a digit"), (rule.capital, "a capital letter"), (rule.symbol, "a symbol")]
            .into_iter()
            .filter_map(|(needed, part)| needed.then_some(part))
            .collect();
        if !parts.is_empty() {
            wanted.push_str(" with at least ");
            wanted.push_str(&parts.join(" and "));
        }
        Some(wanted)
    }
}

/// Every text that is set, with its field.
fn texts(values: &CustomerFields) -> impl Iterator<Item = (Field, &str)> {
    let plain = [
        (Field::BackOfficeId, &values.back_office_id),
        (Field::CompanyName, &values.company_name),
        (Field::EmailAddress, &values.email_address),
        (Field::ExternalReferenceId, &values.external_reference_id),
        (Field::FirstName, &values.first_name),
        (Field::LastName, &values.last_name),
        (Field::PrimaryPhone, &values.primary_phone),
        (Field::SecondaryPhone, &values.secondary_phone),
        (Field::TaxExemptId, &values.tax_exempt_id),
        (Field::TaxId, &values.tax_id),
        (Field::TextPhone, &values.text_phone),
        (Field::Username, &values.username),
        (Field::WebAlias, &values.web_alias),
    ];
    let custom = values.custom_fields.iter().zip(1..).map(|(text, number)| (Field::AssociateCustom(number), text));
    let shipping =
        parts(&values.shipping_address).map(|(part, text)| (Field::DefaultShippingAddress(Some(part)), text));
    let primary = parts(&values.primary_address).map(|(part, text)| (Field::PrimaryAddress(Some(part)), text));
    let all = plain.into_iter().chain(shipping).chain(primary).chain(custom);
    all.filter_map(|(field, text)| Some((field, text.as_deref()?)))
}

/// The parts of an address but its country code, which has a rule of its own.
fn parts(address: &Address) -> impl Iterator<Item = (AddressPart, &Option<String>)> {
    [
        (AddressPart::Street1, &address.street1),
        (AddressPart::Street2, &address.street2),
        (AddressPart::Street3, &address.street3),
        (AddressPart::City, &address.city),
        (AddressPart::Region, &address.region),
        (AddressPart::PostalCode, &address.postal_code),
    ]
    .into_iter()
}

fn is_missing(values: &CustomerFields, field: Field) -> bool {
    match field {
        Field::BackOfficeId => values.back_office_id.is_none(),
        Field::BirthDate => values.birth_date.is_none(),
        Field::CompanyName => values.company_name.is_none(),
        Field::CustomerStatus => values.customer_status.is_none(),
        Field::CustomerType => values.customer_type.is_none(),
        Field::DefaultShippingAddress(part) => is_part_missing(&values.shipping_address, part),
        Field::EmailAddress => values.email_address.is_none(),
        Field::ExternalReferenceId => values.external_reference_id.is_none(),
        Field::FirstName => values.first_name.is_none(),
        Field::LanguageCode => values.language_code.is_none(),
        Field::LastName => values.last_name.is_none(),
        Field::Password => values.password.is_none(),
        Field::PrimaryAddress(part) => is_part_missing(&values.primary_address, part),
        Field::PrimaryPhone => values.primary_phone.is_none(),
        Field::SecondaryPhone => values.secondary_phone.is_none(),
        Field::SendEmails => values.send_emails.is_none(),
        Field::SignUpDate => values.sign_up_date.is_none(),
        Field::SponsorId => values.sponsor_id.is_none(),
        Field::TaxExempt => values.tax_exempt.is_none(),
        Field::TaxExemptId => values.tax_exempt_id.is_none(),
        Field::TaxId => values.tax_id.is_none(),
        // Terms that are not accepted are as good as not answered.
        Field::TermsAccepted => values.terms_accepted != Some(true),
        Field::TextPhone => values.text_phone.is_none(),
        Field::Username => values.username.is_none(),
        Field::WebAlias => values.web_alias.is_none(),
        Field::AssociateCustom(0) => values.custom_fields.iter().all(Option::is_none),
        Field::AssociateCustom(number) => values.custom_fields.get(usize::from(number) - 1).is_none_or(Option::is_none),
    }
}

fn is_part_missing(address: &Address, part: Option<AddressPart>) -> bool {
    match part {
        None => address.is_empty(),
        Some(AddressPart::Street1) => address.street1.is_none(),
        Some(AddressPart::Street2) => address.street2.is_none(),
        Some(AddressPart::Street3) => address.street3.is_none(),
        Some(AddressPart::City) => address.city.is_none(),
        Some(AddressPart::Region) => address.region.is_none(),
        Some(AddressPart::PostalCode) => address.postal_code.is_none(),
        Some(AddressPart::CountryCode) => address.country_code.is_none(),
    }
}

/// The fields that a partial update can carry and that could be blank, and whether it sent them. An address that is sent
/// may have empty parts (DirectScale, PATCH Customer page), so addresses are not among them.
fn sent_fields(sent: &FieldsSent) -> [(Field, bool); 14] {
    [
        (Field::BirthDate, sent.birth_date),
        (Field::CompanyName, sent.company_name),
        (Field::CustomerStatus, sent.customer_status),
        (Field::CustomerType, sent.customer_type),
        (Field::EmailAddress, sent.email_address),
        (Field::FirstName, sent.first_name),
        (Field::LanguageCode, sent.language_code),
        (Field::LastName, sent.last_name),
        (Field::PrimaryPhone, sent.primary_phone),
        (Field::SecondaryPhone, sent.secondary_phone),
        (Field::TaxId, sent.tax_id),
        (Field::TextPhone, sent.text_phone),
        (Field::Username, sent.username),
        (Field::WebAlias, sent.web_alias),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(plan: &Plan) -> Rules<'_> {
        Rules { plan, now: "2026-03-01T12:00:00Z".parse().expect("a time") }
    }

    #[test]
    fn an_empty_customer_misses_what_every_type_requires() {
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
    fn a_distributor_is_eighteen_on_the_day() {
        let plan = Plan::default();
        let young = |birth_date: &str| {
            let values = CustomerFields {
                customer_type: Some(1),
                birth_date: Some(birth_date.parse().expect("a time")),
                ..CustomerFields::default()
            };
            rules(&plan)
                .whole(None, &values)
                .iter()
                .any(|violation| matches!(violation.rule, ViolationKind::MinimumAge(18)))
        };
        assert!(!young("2008-03-01T00:00:00Z"));
        assert!(young("2008-03-02T00:00:00Z"));
    }

    #[test]
    fn passwords_are_told_what_they_lack() {
        let plan = Plan::default();
        let violation = |password: &str| rules(&plan).password_fault(password);
        assert_eq!(violation("PasswordHere1"), None);
        for weak in ["Short1", "nocapital1", "NoDigitHere", "Far2LongFar2LongFar2LongFar2Long"] {
            let wanted = "must be 8 to 30 characters long with at least a digit and a capital letter";
            assert_eq!(violation(weak).as_deref(), Some(wanted), "{weak}");
        }
    }

    #[test]
    fn lengths_count_characters_not_bytes() {
        let plan = Plan::default();
        let violation = |text: String| rules(&plan).text_fault(Field::FirstName, &text);
        assert_eq!(violation("é".repeat(100)), None);
        assert_eq!(violation("é".repeat(101)), Some(ViolationKind::MaxLength(100)));
        assert_eq!(violation("a\u{0}b".to_owned()), Some(ViolationKind::ControlCharacter));
        assert_eq!(violation("a\tb\r\n".to_owned()), None);
    }
}
