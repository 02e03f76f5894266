//! What a creation means to the domain. Nothing that was sent is dropped: what a customer has no field for is kept beside.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::{Map, Value};

use super::extra;
use crate::customers::{Address, CustomerFields};
use crate::plan::ByDesignPlan;
use crate::vendors::bydesign::violations::MemberViolation;
use crate::vendors::bydesign::wire::request::CustomerCreation;
use crate::vendors::bydesign::{countries, locales};

/// The customers whom a creation names, once they were looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::vendors::bydesign) struct Resolved {
    /// The rep who referred the customer; it sponsors and enrols.
    pub(in crate::vendors::bydesign) sponsor: Option<i32>,
    /// The customer who referred the customer.
    pub(in crate::vendors::bydesign) refer_customer: Option<i32>,
    /// The rep for whose own purchases the account is.
    pub(in crate::vendors::bydesign) reciprocal_rep: Option<i32>,
}

/// A creation in the domain's words.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::vendors::bydesign) struct Mapped {
    /// What becomes of the customer's own fields.
    pub(in crate::vendors::bydesign) values: CustomerFields,
    /// What is kept beside. It holds a tax id.
    pub(in crate::vendors::bydesign) extras: Map<String, Value>,
    pub(in crate::vendors::bydesign) violations: Vec<MemberViolation>,
}

/// The type of a customer for whom none is named: a retail customer.
const DEFAULT_TYPE: i32 = 2;

/// Brings a creation into the domain's words.
pub(in crate::vendors::bydesign) fn creation(
    sent: CustomerCreation,
    resolved: Resolved,
    plan: &ByDesignPlan,
) -> Mapped {
    let mut violations = Vec::new();
    let extras = extras(&sent, resolved);
    let mut country = |member: &'static str, spelling: Option<&str>| {
        let spelling = spelling?;
        let code = countries::code(spelling, plan);
        if code.is_none() {
            violations.push(MemberViolation::unknown(member, spelling));
        }
        code.map(str::to_owned)
    };
    let shipping_country = country("ShippingCountry", sent.shipping_country.as_deref());
    let billing_country = country("BillingCountry", sent.billing_country.as_deref());
    // 0 is what serialisers write for a number that is not set.
    let culture = sent.preferred_culture.filter(|id| *id != 0);
    let language = culture.and_then(locales::language);
    if let (Some(id), None) = (culture, language) {
        violations.push(MemberViolation::unknown("PreferredCulture", &id.to_string()));
    }
    let values = CustomerFields {
        birth_date: sent.date_of_birth.map(|wall| kept_date(wall.and_utc())),
        company_name: sent.company,
        customer_type: Some(sent.customer_type.filter(|id| *id != 0).unwrap_or(DEFAULT_TYPE)),
        shipping_address: Address {
            street1: sent.shipping_street1,
            street2: sent.shipping_street2,
            street3: None,
            city: sent.shipping_city,
            region: sent.shipping_state,
            postal_code: sent.shipping_postal_code,
            country_code: shipping_country,
        },
        email_address: sent.email,
        first_name: sent.first_name,
        language_code: language.map(str::to_owned),
        last_name: sent.last_name,
        password: sent.password,
        primary_address: Address {
            street1: sent.billing_street1,
            street2: sent.billing_street2,
            street3: None,
            city: sent.billing_city,
            region: sent.billing_state,
            postal_code: sent.billing_postal_code,
            country_code: billing_country,
        },
        primary_phone: sent.phone1,
        secondary_phone: sent.phone2,
        // "Optional. Default is true." (ByDesign, POST api/users/customer page).
        send_emails: Some(sent.send_autoresponders.unwrap_or(true)),
        sponsor_id: resolved.sponsor,
        tax_id: sent.tax_id,
        terms_accepted: sent.agreed_to_terms,
        text_phone: sent.phone3,
        ..CustomerFields::default()
    };
    Mapped { values, extras, violations }
}

fn extras(sent: &CustomerCreation, resolved: Resolved) -> Map<String, Value> {
    let texts = [
        (extra::REP_DID, &sent.rep_did),
        (extra::PHONE4, &sent.phone4),
        (extra::SHIPPING_COUNTRY, &sent.shipping_country),
        (extra::SHIPPING_COUNTY, &sent.shipping_county),
        (extra::BILLING_COUNTRY, &sent.billing_country),
        (extra::BILLING_COUNTY, &sent.billing_county),
        (extra::REFERRAL_MARKET_TYPE_INPUT, &sent.referral_market_type_input),
        (extra::REFER_CUSTOMER_DID, &sent.refer_customer_id),
        (extra::TAX_ID2, &sent.tax_id2),
        (extra::REPLICATED_SITE_URL, &sent.replicated_site_url),
        (extra::RECIPROCAL_REP_DID, &sent.reciprocal_rep_did),
    ];
    let numbers = [
        (extra::REFERRAL_MARKET_TYPE, sent.referral_market_type),
        (extra::REFER_CUSTOMER_ID, resolved.refer_customer),
        (extra::RECIPROCAL_REP_ID, resolved.reciprocal_rep),
    ];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, Value::from(text.as_deref()?))));
    let numbers = numbers.into_iter().filter_map(|(name, number)| Some((name, Value::from(number?))));
    texts.chain(numbers).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What the clock on the wall showed is kept as if it were UTC, as the other door sends it: so a day of birth is the same
/// day through either. The database keeps microseconds.
fn kept_date(wall: DateTime<Utc>) -> DateTime<Utc> {
    wall.trunc_subsecs(6)
}
