//! The customer that a call creates: `CustomerCreationViewModel`, in the order of the vendor's table.
//!
//! Nothing is marked as required there, and three texts have a limit, which counts UTF-16 code units as .NET does.

use std::borrow::Cow;

use chrono::NaiveDateTime;
use chrono_tz::Tz;

use super::dates;
use super::members::{BOOLEAN, Members, NUMBER, Scalar, TEXT};
use crate::secret::Password;
use crate::vendors::bydesign::violations::MemberViolation;
use crate::wire::dates::DateForms;
use crate::wire::json::Coercion;
use crate::wire::members::Notes;

/// The name of the model, which is that of the root element in XML.
pub(in crate::vendors::bydesign) const MODEL: &str = "CustomerCreationViewModel";

/// What was sent of a customer. Absent, null and blank are the same. The date of birth is what the clock on the wall of the
/// tenant's zone shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::vendors::bydesign) struct CustomerCreation {
    pub(in crate::vendors::bydesign) first_name: Option<String>,
    pub(in crate::vendors::bydesign) last_name: Option<String>,
    pub(in crate::vendors::bydesign) email: Option<String>,
    pub(in crate::vendors::bydesign) password: Option<Password>,
    pub(in crate::vendors::bydesign) rep_did: Option<String>,
    pub(in crate::vendors::bydesign) company: Option<String>,
    pub(in crate::vendors::bydesign) phone1: Option<String>,
    pub(in crate::vendors::bydesign) phone2: Option<String>,
    pub(in crate::vendors::bydesign) phone3: Option<String>,
    pub(in crate::vendors::bydesign) phone4: Option<String>,
    pub(in crate::vendors::bydesign) shipping_street1: Option<String>,
    pub(in crate::vendors::bydesign) shipping_street2: Option<String>,
    pub(in crate::vendors::bydesign) shipping_country: Option<String>,
    pub(in crate::vendors::bydesign) shipping_postal_code: Option<String>,
    pub(in crate::vendors::bydesign) shipping_city: Option<String>,
    pub(in crate::vendors::bydesign) shipping_state: Option<String>,
    pub(in crate::vendors::bydesign) shipping_county: Option<String>,
    pub(in crate::vendors::bydesign) billing_street1: Option<String>,
    pub(in crate::vendors::bydesign) billing_street2: Option<String>,
    pub(in crate::vendors::bydesign) billing_country: Option<String>,
    pub(in crate::vendors::bydesign) billing_postal_code: Option<String>,
    pub(in crate::vendors::bydesign) billing_city: Option<String>,
    pub(in crate::vendors::bydesign) billing_state: Option<String>,
    pub(in crate::vendors::bydesign) billing_county: Option<String>,
    pub(in crate::vendors::bydesign) agreed_to_terms: Option<bool>,
    pub(in crate::vendors::bydesign) referral_market_type: Option<i32>,
    pub(in crate::vendors::bydesign) referral_market_type_input: Option<String>,
    pub(in crate::vendors::bydesign) refer_customer_id: Option<String>,
    pub(in crate::vendors::bydesign) tax_id: Option<String>,
    pub(in crate::vendors::bydesign) tax_id2: Option<String>,
    pub(in crate::vendors::bydesign) replicated_site_url: Option<String>,
    pub(in crate::vendors::bydesign) customer_type: Option<i32>,
    pub(in crate::vendors::bydesign) send_autoresponders: Option<bool>,
    pub(in crate::vendors::bydesign) date_of_birth: Option<NaiveDateTime>,
    pub(in crate::vendors::bydesign) reciprocal_rep_did: Option<String>,
    pub(in crate::vendors::bydesign) preferred_culture: Option<i32>,
}

/// Every member, in the order of the vendor's table.
pub(in crate::vendors::bydesign) const NAMES: [&str; 36] = [
    "FirstName",
    "LastName",
    "Email",
    "Password",
    "RepDID",
    "Company",
    "Phone1",
    "Phone2",
    "Phone3",
    "Phone4",
    "ShippingStreet1",
    "ShippingStreet2",
    "ShippingCountry",
    "ShippingPostalCode",
    "ShippingCity",
    "ShippingState",
    "ShippingCounty",
    "BillingStreet1",
    "BillingStreet2",
    "BillingCountry",
    "BillingPostalCode",
    "BillingCity",
    "BillingState",
    "BillingCounty",
    "AgreedToTerms",
    "ReferralMarketType",
    "ReferralMarketTypeInput",
    "ReferCustomerID",
    "TaxID",
    "TaxID2",
    "ReplicatedSiteUrl",
    "CustomerType",
    "SendAutoresponders",
    "DateOfBirth",
    "ReciprocalRepDID",
    "PreferredCulture",
];

/// What a body asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::vendors::bydesign) struct Request {
    pub(in crate::vendors::bydesign) wanted: CustomerCreation,
    /// What could not be read.
    pub(in crate::vendors::bydesign) violations: Vec<MemberViolation>,
    /// Members that were sent and do not count.
    pub(in crate::vendors::bydesign) ignored: Notes,
}

/// Reads the members of a body; dates for this zone.
pub(in crate::vendors::bydesign) fn read(members: &Members<'_>, zone: Tz) -> Request {
    let mut read = Reader { members, zone, violations: Vec::new() };
    let wanted = CustomerCreation {
        first_name: read.limited("FirstName", 50),
        last_name: read.limited("LastName", 50),
        email: read.limited("Email", 100),
        password: read.text("Password").map(Password::new),
        rep_did: read.text("RepDID"),
        company: read.text("Company"),
        phone1: read.text("Phone1"),
        phone2: read.text("Phone2"),
        phone3: read.text("Phone3"),
        phone4: read.text("Phone4"),
        shipping_street1: read.text("ShippingStreet1"),
        shipping_street2: read.text("ShippingStreet2"),
        shipping_country: read.text("ShippingCountry"),
        shipping_postal_code: read.text("ShippingPostalCode"),
        shipping_city: read.text("ShippingCity"),
        shipping_state: read.text("ShippingState"),
        shipping_county: read.text("ShippingCounty"),
        billing_street1: read.text("BillingStreet1"),
        billing_street2: read.text("BillingStreet2"),
        billing_country: read.text("BillingCountry"),
        billing_postal_code: read.text("BillingPostalCode"),
        billing_city: read.text("BillingCity"),
        billing_state: read.text("BillingState"),
        billing_county: read.text("BillingCounty"),
        agreed_to_terms: read.boolean("AgreedToTerms"),
        referral_market_type: read.integer("ReferralMarketType"),
        referral_market_type_input: read.text("ReferralMarketTypeInput"),
        refer_customer_id: read.text("ReferCustomerID"),
        tax_id: read.text("TaxID"),
        tax_id2: read.text("TaxID2"),
        replicated_site_url: read.text("ReplicatedSiteUrl"),
        customer_type: read.integer("CustomerType"),
        send_autoresponders: read.boolean("SendAutoresponders"),
        date_of_birth: read.date("DateOfBirth"),
        reciprocal_rep_did: read.text("ReciprocalRepDID"),
        preferred_culture: read.integer("PreferredCulture"),
    };
    Request { wanted, violations: read.violations, ignored: members.beside(&NAMES, &[]) }
}

/// Reads members and gathers what is wrong with them.
struct Reader<'m, 'a> {
    members: &'m Members<'a>,
    zone: Tz,
    violations: Vec<MemberViolation>,
}

impl<'m> Reader<'m, '_> {
    fn text(&mut self, member: &'static str) -> Option<String> {
        let text = self.written(member, TEXT)?;
        if text.chars().any(is_forbidden) {
            self.violations.push(MemberViolation::control_character(member));
            return None;
        }
        Some(text.into_owned())
    }

    fn limited(&mut self, member: &'static str, longest: usize) -> Option<String> {
        let text = self.text(member)?;
        if text.encode_utf16().count() > longest {
            self.violations.push(MemberViolation::too_long(member, longest));
            return None;
        }
        Some(text)
    }

    fn boolean(&mut self, member: &'static str) -> Option<bool> {
        if let Some(Scalar::Number(number)) = self.members.get(member).filter(|_| !self.members.is_strict) {
            return Coercion::JsonNet.boolean(number);
        }
        self.parsed(member, BOOLEAN, |text| match text {
            "1" => Some(true),
            "0" => Some(false),
            _ if text.eq_ignore_ascii_case("true") => Some(true),
            _ if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
    }

    fn integer(&mut self, member: &'static str) -> Option<i32> {
        let number = match self.members.get(member) {
            Some(Scalar::Number(number)) => Coercion::JsonNet.integer(number),
            _ => None,
        };
        self.parsed(member, NUMBER, |text| number.or_else(|| text.parse().ok()))
    }

    fn date(&mut self, member: &'static str) -> Option<NaiveDateTime> {
        let zone = self.zone;
        let forms = if self.members.is_strict { DateForms::ISO } else { DateForms::JSON_NET };
        let read = |text: &str| dates::wall_clock(text, zone, forms);
        self.parsed(member, TEXT, read).filter(|date| !dates::is_unset(*date))
    }

    fn parsed<T>(&mut self, member: &'static str, of: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.written(member, of)?;
        let value = parse(text.trim());
        if value.is_none() {
            self.violations.push(MemberViolation::invalid(member, &text));
        }
        value
    }

    /// What is written for the member, be it in quotes or not; `None` where that is nothing.
    fn written(&mut self, member: &'static str, of: &str) -> Option<Cow<'m, str>> {
        let value = self.members.get(member)?;
        let text = self.members.text(member);
        let wrong = match value {
            Scalar::Other(kind) => Some(*kind),
            Scalar::Number(_) if text.is_none() => Some("a number of too many digits"),
            _ if self.members.is_strict && text.is_some() && value.kind() != of => Some(value.kind()),
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.violations.push(MemberViolation::invalid(member, wrong));
            return None;
        }
        text
    }
}

/// Whether no text may hold the character: all control characters but tab and line breaks.
fn is_forbidden(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n' | '\r')
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
