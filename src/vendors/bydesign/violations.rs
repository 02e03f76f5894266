//! What is wrong with a request, in the framework's words. No sentence repeats a password or a tax id.

use crate::customers::{Violation, ViolationKind};
use crate::model::{AddressPart, Field};

use super::wire::body::BodyError;
use super::wire::request::NAMES;
use crate::wire::json::JsonError;

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberViolation {
    /// The member of the request; empty for the body as a whole.
    pub(in crate::vendors::bydesign) member: &'static str,
    /// The rule that it breaks, as it ends the key: `IN_USE`.
    pub(in crate::vendors::bydesign) rule: &'static str,
    pub(in crate::vendors::bydesign) sentence: String,
}

/// The members whose values are never repeated.
const SECRET: [&str; 3] = ["Password", "TaxID", "TaxID2"];

impl MemberViolation {
    pub(in crate::vendors::bydesign) fn new(
        member: &'static str,
        rule: &'static str,
        sentence: impl Into<String>,
    ) -> Self {
        Self { member, rule, sentence: sentence.into() }
    }

    /// A value that cannot be what the member is.
    pub(in crate::vendors::bydesign) fn invalid(member: &'static str, value: &str) -> Self {
        Self::new(member, "INVALID", not_valid(member, Some(value)))
    }

    /// A value that names nothing known.
    pub(in crate::vendors::bydesign) fn unknown(member: &'static str, value: &str) -> Self {
        Self::new(member, "UNKNOWN", not_valid(member, Some(value)))
    }

    /// A text that is too long (`MaxLengthAttribute`).
    pub(in crate::vendors::bydesign) fn too_long(member: &'static str, longest: usize) -> Self {
        let sentence =
            format!("The field {member} must be a string or array type with a maximum length of '{longest}'.");
        Self::new(member, "TOO_LONG", sentence)
    }

    /// A text with characters that no text may have.
    pub(in crate::vendors::bydesign) fn control_character(member: &'static str) -> Self {
        let sentence = format!("The field {member} must not contain control characters.");
        Self::new(member, "CONTROL_CHARACTER", sentence)
    }

    /// A body that cannot be read.
    pub(in crate::vendors::bydesign) fn of_body(error: &BodyError) -> Self {
        let rule = if matches!(error, BodyError::Json(JsonError::Empty)) { "BODY_EMPTY" } else { "BODY_INVALID" };
        Self::new("", rule, error.to_string())
    }

    pub(in crate::vendors::bydesign) fn of(violation: &Violation) -> Self {
        let member = member(violation.field);
        Self::new(member, rule(&violation.rule), sentence(member, &violation.rule))
    }

    /// The name under which a translation would be kept: `CUSTOMER_EMAIL_IN_USE`. The vendor's own are not public.
    pub(in crate::vendors::bydesign) fn key(&self) -> String {
        let mut key = String::from("CUSTOMER_");
        let mut before = ' ';
        for character in self.member.chars() {
            if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
                key.push('_');
            }
            key.push(character.to_ascii_uppercase());
            before = character;
        }
        if !self.member.is_empty() {
            key.push('_');
        }
        key.push_str(self.rule);
        key
    }
}

/// Everything that is wrong with a request, in the order of the vendor's table: what was found while reading it, and what
/// the domain found. A member that could not be read is not also called missing.
pub(in crate::vendors::bydesign) fn gathered(
    mut read: Vec<MemberViolation>,
    rejection: &[Violation],
) -> Vec<MemberViolation> {
    let found = rejection.iter().map(MemberViolation::of);
    let new = |violation: &MemberViolation| {
        violation.rule != "REQUIRED" || read.iter().all(|known| known.member != violation.member)
    };
    let found: Vec<MemberViolation> = found.filter(new).collect();
    read.extend(found);
    // What is no member of the request comes last.
    read.sort_by_key(|violation| NAMES.iter().position(|name| *name == violation.member).unwrap_or(NAMES.len()));
    read
}

/// The member of the request, or of the answer where the request has none, that a field is.
pub(in crate::vendors::bydesign) fn member(field: Field) -> &'static str {
    use AddressPart::{City, CountryCode, PostalCode, Region, Street1, Street2, Street3};
    match field {
        Field::BackOfficeId => "CustomerDID",
        Field::BirthDate => "DateOfBirth",
        Field::CompanyName => "Company",
        Field::CustomerStatus => "StatusTypeID",
        Field::CustomerType => "CustomerType",
        Field::DefaultShippingAddress(None | Some(Street1)) => "ShippingStreet1",
        Field::DefaultShippingAddress(Some(Street2 | Street3)) => "ShippingStreet2",
        Field::DefaultShippingAddress(Some(PostalCode)) => "ShippingPostalCode",
        Field::DefaultShippingAddress(Some(City)) => "ShippingCity",
        Field::DefaultShippingAddress(Some(Region)) => "ShippingState",
        Field::DefaultShippingAddress(Some(CountryCode)) => "ShippingCountry",
        Field::EmailAddress => "Email",
        Field::LanguageCode => "PreferredCulture",
        Field::PrimaryAddress(None | Some(Street1)) => "BillingStreet1",
        Field::PrimaryAddress(Some(Street2 | Street3)) => "BillingStreet2",
        Field::PrimaryAddress(Some(PostalCode)) => "BillingPostalCode",
        Field::PrimaryAddress(Some(City)) => "BillingCity",
        Field::PrimaryAddress(Some(Region)) => "BillingState",
        Field::PrimaryAddress(Some(CountryCode)) => "BillingCountry",
        Field::PrimaryPhone => "Phone1",
        Field::SecondaryPhone => "Phone2",
        Field::SendEmails => "SendAutoresponders",
        Field::SignUpDate => "ApplicationDate",
        Field::SponsorId => "RepDID",
        Field::TaxExemptId => "TaxExemptCodeID",
        Field::TaxId => "TaxID",
        Field::TermsAccepted => "AgreedToTerms",
        Field::TextPhone => "Phone3",
        Field::WebAlias => "ReplicatedSiteUrl",
        same @ (Field::FirstName
        | Field::LastName
        | Field::Password
        | Field::Username
        | Field::TaxExempt
        | Field::ExternalReferenceId
        | Field::AssociateCustom(_)) => same.name(),
    }
}

fn rule(rule: &ViolationKind) -> &'static str {
    match rule {
        ViolationKind::Required(_) => "REQUIRED",
        ViolationKind::Type(_) | ViolationKind::Format(_) => "INVALID",
        ViolationKind::ControlCharacter => "CONTROL_CHARACTER",
        ViolationKind::MaxLength(_) => "TOO_LONG",
        ViolationKind::OneOf(_) | ViolationKind::SponsorUnknown(_) => "UNKNOWN",
        ViolationKind::MinimumAge(_) => "TOO_YOUNG",
        ViolationKind::Password(_) => "TOO_WEAK",
        ViolationKind::Unique(_) => "IN_USE",
        ViolationKind::Incomplete => "INCOMPLETE",
        ViolationKind::Unsupported => "UNSUPPORTED",
        ViolationKind::SponsorNotDistributor(_) => "NOT_A_REP",
        ViolationKind::SponsorIsSelf => "SELF",
        ViolationKind::SponsorBelow(_) => "BELOW",
    }
}

fn sentence(member: &'static str, rule: &ViolationKind) -> String {
    match rule {
        ViolationKind::Required(_) => format!("The {member} field is required."),
        ViolationKind::Type(_) => not_valid(member, None),
        ViolationKind::Unique(Some(_)) if SECRET.contains(&member) => sentence(member, &ViolationKind::Unique(None)),
        ViolationKind::Format(wanted) => format!("The field {member} {wanted}."),
        ViolationKind::ControlCharacter => MemberViolation::control_character(member).sentence,
        ViolationKind::MaxLength(longest) => MemberViolation::too_long(member, *longest).sentence,
        ViolationKind::OneOf(known) => {
            let known: Vec<String> = known.iter().map(ToString::to_string).collect();
            format!("The field {member} must be one of {}.", known.join(", "))
        }
        ViolationKind::MinimumAge(years) => format!("The field {member} must be at least {years} years ago."),
        ViolationKind::Password(wanted) => format!("The field {member} {wanted}."),
        ViolationKind::Unique(Some(value)) => format!("The {member} '{value}' is already in use."),
        ViolationKind::Unique(None) => format!("The {member} is already in use."),
        ViolationKind::Incomplete => format!("The field {member} must be sent with the rest of the address."),
        ViolationKind::Unsupported => format!("The field {member} cannot be changed by this call."),
        ViolationKind::SponsorUnknown(id) => format!("The {member} '{id}' was not found."),
        ViolationKind::SponsorNotDistributor(id) => format!("The {member} '{id}' is not a rep."),
        ViolationKind::SponsorIsSelf => format!("The {member} must not be the customer itself."),
        ViolationKind::SponsorBelow(id) => format!("The {member} '{id}' stands below the customer."),
    }
}

/// The framework's sentence for a value that is not of the member's type, with as much of the value as fits.
fn not_valid(member: &str, value: Option<&str>) -> String {
    const MOST: usize = 50;
    match value.filter(|_| !SECRET.contains(&member)) {
        Some(value) => {
            let shown: String = value.chars().take(MOST).collect();
            let dots = if shown.len() < value.len() { "…" } else { "" };
            format!("The value '{shown}{dots}' is not valid for {member}.")
        }
        None => format!("The value is not valid for {member}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(field: Field, rule: ViolationKind) -> (String, String) {
        let violation = MemberViolation::of(&Violation { field, rule });
        (violation.key(), violation.sentence)
    }

    #[test]
    fn faults_are_said_of_the_members_of_this_vendor() {
        for (field, rule, key, sentence) in [
            (
                Field::EmailAddress,
                ViolationKind::Unique(Some("a@b.c".to_owned())),
                "CUSTOMER_EMAIL_IN_USE",
                "The Email 'a@b.c' is already in use.",
            ),
            (Field::TaxId, ViolationKind::Unique(None), "CUSTOMER_TAX_ID_IN_USE", "The TaxID is already in use."),
            (
                Field::FirstName,
                ViolationKind::Required(Some(2)),
                "CUSTOMER_FIRST_NAME_REQUIRED",
                "The FirstName field is required.",
            ),
            (
                Field::PrimaryAddress(Some(AddressPart::Region)),
                ViolationKind::MaxLength(50),
                "CUSTOMER_BILLING_STATE_TOO_LONG",
                "The field BillingState must be a string or array type with a maximum length of '50'.",
            ),
            (
                Field::DefaultShippingAddress(Some(AddressPart::PostalCode)),
                ViolationKind::ControlCharacter,
                "CUSTOMER_SHIPPING_POSTAL_CODE_CONTROL_CHARACTER",
                "The field ShippingPostalCode must not contain control characters.",
            ),
            (
                Field::CustomerType,
                ViolationKind::OneOf(vec![1, 2, 3]),
                "CUSTOMER_CUSTOMER_TYPE_UNKNOWN",
                "The field CustomerType must be one of 1, 2, 3.",
            ),
            (
                Field::SponsorId,
                ViolationKind::SponsorUnknown(7),
                "CUSTOMER_REP_DID_UNKNOWN",
                "The RepDID '7' was not found.",
            ),
            (
                Field::PrimaryPhone,
                ViolationKind::Type("a string"),
                "CUSTOMER_PHONE1_INVALID",
                "The value is not valid for Phone1.",
            ),
        ] {
            assert_eq!(of(field, rule), (key.to_owned(), sentence.to_owned()));
        }
    }

    #[test]
    fn no_secret_is_repeated() {
        for field in [Field::TaxId, Field::Password] {
            for rule in [ViolationKind::Unique(Some("123-45".to_owned())), ViolationKind::Type("123-45")] {
                assert!(!of(field, rule).1.contains("123-45"));
            }
        }
        for member in SECRET {
            assert!(!MemberViolation::invalid(member, "123-45").sentence.contains("123-45"));
        }
    }

    #[test]
    fn a_long_value_is_not_repeated_whole() {
        let violation = MemberViolation::invalid("CustomerType", &"ä".repeat(1_000_000));
        assert_eq!(violation.sentence, format!("The value '{}…' is not valid for CustomerType.", "ä".repeat(50)));
    }

    #[test]
    fn faults_are_gathered_in_the_order_of_the_table() {
        let read = vec![MemberViolation::invalid("CustomerType", "x"), MemberViolation::too_long("FirstName", 50)];
        let rejection = [Field::CustomerType, Field::Username, Field::EmailAddress]
            .map(|field| Violation { field, rule: ViolationKind::Required(None) });
        let told: Vec<_> =
            gathered(read, &rejection).into_iter().map(|violation| (violation.member, violation.rule)).collect();
        assert_eq!(
            told,
            [("FirstName", "TOO_LONG"), ("Email", "REQUIRED"), ("CustomerType", "INVALID"), ("Username", "REQUIRED")]
        );
    }

    #[test]
    fn every_field_has_a_member() {
        for field in Field::all() {
            assert!(!member(field).is_empty(), "{field}");
        }
        assert_eq!(MemberViolation::of_body(&JsonError::Empty.into()).key(), "CUSTOMER_BODY_EMPTY");
    }
}
