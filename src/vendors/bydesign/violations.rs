//! The violations of a request, in the framework's words. No message repeats a secret value.

use super::body::BodyError;
use super::{creation, customer};
use crate::customers::{Violation, ViolationKind};
use crate::model::{AddressPart, Field};
use crate::wire::json::JsonError;

/// A rule that a member of a request violates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberViolation {
    /// Empty for the body as a whole.
    pub(super) member: &'static str,
    /// The end of the translation key: `IN_USE`.
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl MemberViolation {
    pub(super) fn new(member: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { member, code, message: message.into() }
    }

    /// The value cannot be converted to the member's type.
    pub(super) fn invalid(member: &'static str, value: &str) -> Self {
        Self::new(member, "INVALID", not_valid(member, Some(value)))
    }

    /// Nothing has this name or number.
    pub(super) fn unknown(member: &'static str, value: &str) -> Self {
        Self::new(member, "UNKNOWN", not_valid(member, Some(value)))
    }

    /// The message of `MaxLengthAttribute`.
    pub(super) fn too_long(member: &'static str, max_length: usize) -> Self {
        let message =
            format!("The field {member} must be a string or array type with a maximum length of '{max_length}'.");
        Self::new(member, "TOO_LONG", message)
    }

    pub(super) fn control_character(member: &'static str) -> Self {
        Self::of(member, &ViolationKind::ControlCharacter)
    }

    pub(super) fn of_body(error: &BodyError) -> Self {
        let code = if matches!(error, BodyError::Json(JsonError::Empty)) { "BODY_EMPTY" } else { "BODY_INVALID" };
        Self::new("", code, error.to_string())
    }

    fn of(member: &'static str, kind: &ViolationKind) -> Self {
        Self::new(member, code(kind), message(member, kind))
    }

    /// The key of the message's translation: `CUSTOMER_EMAIL_IN_USE`. The vendor's own keys are not public.
    pub(super) fn key(&self) -> String {
        let mut key = String::from("CUSTOMER_");
        let mut previous = ' ';
        for character in self.member.chars() {
            if character.is_ascii_uppercase() && previous.is_ascii_lowercase() {
                key.push('_');
            }
            key.push(character.to_ascii_uppercase());
            previous = character;
        }
        if !self.member.is_empty() {
            key.push('_');
        }
        key.push_str(self.code);
        key
    }
}

/// All violations of a request, in the order of the vendor's table: those of the reader and those of the domain. A member
/// that is not valid is not also reported as missing.
pub(super) fn merged(mut read: Vec<MemberViolation>, domain: &[Violation]) -> Vec<MemberViolation> {
    let domain = domain.iter().map(|violation| MemberViolation::of(member(violation.field), &violation.kind));
    let is_new = |violation: &MemberViolation| {
        violation.code != "REQUIRED" || read.iter().all(|known| known.member != violation.member)
    };
    let domain: Vec<MemberViolation> = domain.filter(is_new).collect();
    read.extend(domain);
    // Names that are not members of the request come last.
    read.sort_by_key(|violation| {
        creation::names().position(|name| name == violation.member).unwrap_or(creation::MEMBERS.len())
    });
    read
}

/// The member of the request that holds the field, else the member of the response, else the field's own name.
fn member(field: Field) -> &'static str {
    let field = match field {
        Field::DefaultShippingAddress(part) => Field::DefaultShippingAddress(Some(line(part))),
        Field::PrimaryAddress(part) => Field::PrimaryAddress(Some(line(part))),
        other => other,
    };
    let sent = creation::MEMBERS.iter().find(|member| member.field == Some(field)).map(|member| member.name);
    let returned = || customer::MEMBERS.iter().find(|member| member.field == Some(field)).map(|member| member.name);
    sent.or_else(returned).unwrap_or(field.name())
}

/// The part of an address that ByDesign has. A violation of the whole address is reported under its first part; there is no
/// third line.
fn line(part: Option<AddressPart>) -> AddressPart {
    match part {
        None => AddressPart::Street1,
        Some(AddressPart::Street3) => AddressPart::Street2,
        Some(part) => part,
    }
}

fn code(kind: &ViolationKind) -> &'static str {
    match kind {
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

fn message(member: &'static str, kind: &ViolationKind) -> String {
    match kind {
        ViolationKind::Required(_) => format!("The {member} field is required."),
        ViolationKind::Type(_) => not_valid(member, None),
        ViolationKind::MaxLength(max_length) => MemberViolation::too_long(member, *max_length).message,
        ViolationKind::MinimumAge(years) => format!("The field {member} must be at least {years} years ago."),
        ViolationKind::SponsorUnknown(id) => format!("The {member} '{id}' was not found."),
        ViolationKind::SponsorNotDistributor(id) => format!("The {member} '{id}' is not a rep."),
        ViolationKind::SponsorBelow(id) => format!("The {member} '{id}' stands below the customer."),
        ViolationKind::Unique(Some(_)) if is_secret(member) => message(member, &ViolationKind::Unique(None)),
        ViolationKind::Unique(_) | ViolationKind::SponsorIsSelf => kind.sentence(&format!("The {member}")),
        ViolationKind::Format(_)
        | ViolationKind::ControlCharacter
        | ViolationKind::OneOf(_)
        | ViolationKind::Password(_)
        | ViolationKind::Incomplete
        | ViolationKind::Unsupported => kind.sentence(&format!("The field {member}")),
    }
}

/// The framework's message for a value that cannot be converted, with the beginning of the value.
fn not_valid(member: &str, value: Option<&str>) -> String {
    const MAX_CHARACTERS: usize = 50;
    match value.filter(|_| !is_secret(member)) {
        Some(value) => {
            let beginning: String = value.chars().take(MAX_CHARACTERS).collect();
            let dots = if beginning.len() < value.len() { "…" } else { "" };
            format!("The value '{beginning}{dots}' is not valid for {member}.")
        }
        None => format!("The value is not valid for {member}."),
    }
}

fn is_secret(member: &str) -> bool {
    creation::MEMBERS.iter().any(|known| known.is_secret && known.name == member)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(field: Field, kind: &ViolationKind) -> (String, String) {
        let violation = MemberViolation::of(member(field), kind);
        (violation.key(), violation.message)
    }

    #[test]
    fn violations_name_the_members_of_this_vendor() {
        for (field, kind, key, message) in [
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
            assert_eq!(of(field, &kind), (key.to_owned(), message.to_owned()));
        }
    }

    #[test]
    fn no_secret_is_repeated() {
        for field in [Field::TaxId, Field::Password] {
            for kind in [ViolationKind::Unique(Some("123-45".to_owned())), ViolationKind::Type("123-45")] {
                assert!(!of(field, &kind).1.contains("123-45"));
            }
        }
        for member in ["Password", "TaxID", "TaxID2"] {
            assert!(!MemberViolation::invalid(member, "123-45").message.contains("123-45"));
        }
    }

    #[test]
    fn a_long_value_is_not_repeated_whole() {
        let violation = MemberViolation::invalid("CustomerType", &"ä".repeat(1_000_000));
        assert_eq!(violation.message, format!("The value '{}…' is not valid for CustomerType.", "ä".repeat(50)));
    }

    #[test]
    fn violations_are_merged_in_the_order_of_the_table() {
        let read = vec![MemberViolation::invalid("CustomerType", "x"), MemberViolation::too_long("FirstName", 50)];
        let domain = [Field::CustomerType, Field::Username, Field::EmailAddress]
            .map(|field| Violation { field, kind: ViolationKind::Required(None) });
        let merged: Vec<_> =
            merged(read, &domain).into_iter().map(|violation| (violation.member, violation.code)).collect();
        assert_eq!(
            merged,
            [("FirstName", "TOO_LONG"), ("Email", "REQUIRED"), ("CustomerType", "INVALID"), ("Username", "REQUIRED")]
        );
    }

    #[test]
    fn fields_are_reported_under_the_member_that_holds_them() {
        for (field, expected) in [
            ("BackOfficeId", "CustomerDID"),
            ("BirthDate", "DateOfBirth"),
            ("CompanyName", "Company"),
            ("CustomerStatus", "StatusTypeID"),
            ("CustomerType", "CustomerType"),
            ("DefaultShippingAddress", "ShippingStreet1"),
            ("DefaultShippingAddress.Street1", "ShippingStreet1"),
            ("DefaultShippingAddress.Street2", "ShippingStreet2"),
            ("DefaultShippingAddress.Street3", "ShippingStreet2"),
            ("DefaultShippingAddress.PostalCode", "ShippingPostalCode"),
            ("DefaultShippingAddress.City", "ShippingCity"),
            ("DefaultShippingAddress.Region", "ShippingState"),
            ("DefaultShippingAddress.CountryCode", "ShippingCountry"),
            ("EmailAddress", "Email"),
            ("LanguageCode", "PreferredCulture"),
            ("PrimaryAddress", "BillingStreet1"),
            ("PrimaryAddress.Street3", "BillingStreet2"),
            ("PrimaryAddress.CountryCode", "BillingCountry"),
            ("PrimaryPhone", "Phone1"),
            ("SecondaryPhone", "Phone2"),
            ("SendEmails", "SendAutoresponders"),
            ("SignUpDate", "ApplicationDate"),
            ("SponsorId", "RepDID"),
            ("TaxExempt", "TaxExempt"),
            ("TaxExemptId", "TaxExemptCodeID"),
            ("TaxId", "TaxID"),
            ("TermsAccepted", "AgreedToTerms"),
            ("TextPhone", "Phone3"),
            ("WebAlias", "ReplicatedSiteUrl"),
            ("Username", "Username"),
            ("AssociateCustom.Field1", "AssociateCustom.Field1"),
        ] {
            assert_eq!(member(field.parse().expect("a field")), expected, "{field}");
        }
        assert_eq!(MemberViolation::of_body(&JsonError::Empty.into()).key(), "CUSTOMER_BODY_EMPTY");
    }
}
