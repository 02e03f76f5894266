//! A customer as this vendor tells it, whichever door it came in by.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::extra;
use crate::customers::Profiled;
use crate::plan::ByDesignPlan;
use crate::vendors::bydesign::wire::customer::CustomerAnswer;
use crate::vendors::bydesign::wire::dates::Moment;
use crate::vendors::bydesign::{countries, locales};

/// The answer that tells the customer. Never its password.
pub(in crate::vendors::bydesign) fn answer<'a>(profiled: &'a Profiled, plan: &ByDesignPlan) -> CustomerAnswer<'a> {
    let Profiled { customer, key, modified_at, fields, .. } = profiled;
    let extras = Extras(fields);
    let (billing, shipping) = (&customer.primary_address, &customer.shipping_address);
    let country = |sent: &str, code: Option<&'a str>| extras.country(sent, code?, plan);
    let signed_up = Moment::of_instant(customer.sign_up_date(), plan.time_zone);
    CustomerAnswer {
        customer_id: customer.id.0,
        customer_did: Some(Cow::Owned(customer.id.0.to_string())),
        bc_key: 1,
        customer_type_id: customer.customer_type(),
        first_name: text(customer.first_name.as_ref()),
        last_name: text(customer.last_name.as_ref()),
        mi: None,
        company: text(customer.company_name.as_ref()),
        email: text(customer.email_address.as_ref()),
        preferred_culture: locales::id(customer.language_code()),
        bill_street1: text(billing.street1.as_ref()),
        bill_street2: text(billing.street2.as_ref()),
        bill_city: text(billing.city.as_ref()),
        bill_state: text(billing.region.as_ref()),
        bill_postal_code: text(billing.postal_code.as_ref()),
        bill_country: country(extra::BILLING_COUNTRY, billing.country_code.as_deref()),
        bill_county: extras.text(extra::BILLING_COUNTY),
        ship_street1: text(shipping.street1.as_ref()),
        ship_street2: text(shipping.street2.as_ref()),
        ship_city: text(shipping.city.as_ref()),
        ship_state: text(shipping.region.as_ref()),
        ship_postal_code: text(shipping.postal_code.as_ref()),
        ship_country: country(extra::SHIPPING_COUNTRY, shipping.country_code.as_deref()),
        ship_county: extras.text(extra::SHIPPING_COUNTY),
        phone1: text(customer.primary_phone.as_ref()),
        phone2: text(customer.secondary_phone.as_ref()),
        phone3: text(customer.text_phone.as_ref()),
        phone4: extras.text(extra::PHONE4),
        tax_exempt_code_id: text(customer.tax_exempt_id.as_ref()),
        tax_exempt: customer.tax_exempt(),
        tax_id: text(customer.tax_id.as_ref()),
        tax_id2: extras.text(extra::TAX_ID2),
        referral_market_type_id: extras.integer(extra::REFERRAL_MARKET_TYPE),
        referral_market_type_input: extras.text(extra::REFERRAL_MARKET_TYPE_INPUT),
        refer_customer_id: extras.integer(extra::REFER_CUSTOMER_ID),
        date_of_birth: customer.birth_date.map(|date| Moment::of_wall(date.naive_utc(), plan.time_zone)),
        application_date: signed_up,
        status_type_id: customer.customer_status(),
        contact_status_id: 1,
        reciprocal_rep_id: extras.integer(extra::RECIPROCAL_REP_ID),
        date_last_modified: Some(Moment::of_instant(*modified_at, plan.time_zone)),
        created_date: signed_up,
        guid: Some(Cow::Owned(key.to_string())),
        email_opt_out_company: !customer.send_emails(),
        email_opt_out_upline: false,
    }
}

fn text(text: Option<&String>) -> Option<Cow<'_, str>> {
    text.map(|text| Cow::Borrowed(text.as_str()))
}

/// What callers of this door said besides.
struct Extras<'a>(&'a Map<String, Value>);

impl<'a> Extras<'a> {
    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.0.get(name)?.as_str().map(Cow::Borrowed)
    }

    fn integer(&self, name: &str) -> Option<i32> {
        self.0.get(name)?.as_i64().and_then(|number| i32::try_from(number).ok())
    }

    /// A country as it was sent, while that still means the one that is kept; otherwise as the list has it.
    fn country(&self, name: &str, code: &'a str, plan: &ByDesignPlan) -> Option<Cow<'a, str>> {
        let sent = self.text(name).filter(|spelling| countries::code(spelling, plan) == Some(code));
        sent.or_else(|| Some(Cow::Borrowed(countries::name(code).unwrap_or(code))))
    }
}
