//! The customer that responses hold: one table of its members, in the order of the vendor's samples.

use std::borrow::Cow;

use super::creation::Kind;
use super::dates::Moment;
use super::response::{ResponseBody, Value};
use super::{countries, locales};
use crate::customers::Profiled;
use crate::model::{Customer, Field};
use crate::vendor_facts::ByDesignPlan;

/// A member of the customer.
pub(super) struct CustomerMember {
    pub name: &'static str,
    pub kind: Kind,
    /// Whether the vendor's model has no null here, so that every response has the member.
    pub is_required: bool,
    /// The customer field that the member holds, where no request holds it.
    pub field: Option<Field>,
    /// Whether the value is this emulator's choice.
    pub is_chosen: bool,
    value: ValueOf,
}

type ValueOf = for<'a> fn(&Source<'a>) -> Value<'a>;

/// Where the members get their values.
struct Source<'a> {
    profiled: &'a Profiled,
    customer: &'a Customer,
    plan: &'a ByDesignPlan,
}

/// The members. Null ones have no value in this emulator; one of them is the password.
pub(super) static MEMBERS: [CustomerMember; 58] = [
    required("CustomerID", Kind::Integer, |source| Value::Integer(source.customer.id.0)),
    optional("CustomerDID", Kind::Text, |source| Value::Text(source.customer.id.0.to_string().into()))
        .chosen()
        .of(Field::BackOfficeId),
    required("BCKey", Kind::Integer, |_| Value::Integer(1)).chosen(),
    required("CustomerTypeID", Kind::Integer, |source| Value::Integer(source.customer.customer_type())),
    optional("FirstName", Kind::Text, |source| text(source.customer.first_name.as_ref())),
    optional("LastName", Kind::Text, |source| text(source.customer.last_name.as_ref())),
    null("MI", Kind::Text),
    optional("Company", Kind::Text, |source| text(source.customer.company_name.as_ref())),
    optional("Email", Kind::Text, |source| text(source.customer.email_address.as_ref())),
    required("PreferredCulture", Kind::Integer, |source| Value::Integer(locales::id(source.customer.language_code())))
        .chosen(),
    null("Password", Kind::Text),
    optional("BillStreet1", Kind::Text, |source| text(source.customer.primary_address.street1.as_ref())),
    optional("BillStreet2", Kind::Text, |source| text(source.customer.primary_address.street2.as_ref())),
    optional("BillCity", Kind::Text, |source| text(source.customer.primary_address.city.as_ref())),
    optional("BillState", Kind::Text, |source| text(source.customer.primary_address.region.as_ref())),
    optional("BillPostalCode", Kind::Text, |source| text(source.customer.primary_address.postal_code.as_ref())),
    optional("BillCountry", Kind::Text, |source| {
        source.country("BillingCountry", source.customer.primary_address.country_code.as_ref())
    }),
    optional("BillCounty", Kind::Text, |source| source.kept_text("BillingCounty")),
    optional("ShipStreet1", Kind::Text, |source| text(source.customer.shipping_address.street1.as_ref())),
    optional("ShipStreet2", Kind::Text, |source| text(source.customer.shipping_address.street2.as_ref())),
    optional("ShipCity", Kind::Text, |source| text(source.customer.shipping_address.city.as_ref())),
    optional("ShipState", Kind::Text, |source| text(source.customer.shipping_address.region.as_ref())),
    optional("ShipPostalCode", Kind::Text, |source| text(source.customer.shipping_address.postal_code.as_ref())),
    optional("ShipCountry", Kind::Text, |source| {
        source.country("ShippingCountry", source.customer.shipping_address.country_code.as_ref())
    }),
    optional("ShipCounty", Kind::Text, |source| source.kept_text("ShippingCounty")),
    optional("Phone1", Kind::Text, |source| text(source.customer.primary_phone.as_ref())),
    optional("Phone2", Kind::Text, |source| text(source.customer.secondary_phone.as_ref())),
    optional("Phone3", Kind::Text, |source| text(source.customer.text_phone.as_ref())),
    optional("Phone4", Kind::Text, |source| source.kept_text("Phone4")),
    null("Phone5", Kind::Text),
    null("Phone6", Kind::Text),
    optional("TaxExemptCodeID", Kind::Text, |source| text(source.customer.tax_exempt_id.as_ref()))
        .of(Field::TaxExemptId),
    required("TaxExempt", Kind::Boolean, |source| Value::Bool(source.customer.tax_exempt())).of(Field::TaxExempt),
    optional("TaxID", Kind::Text, |source| text(source.customer.tax_id.as_ref())),
    optional("TaxID2", Kind::Text, |source| source.kept_text("TaxID2")),
    optional("ReferralMarketTypeID", Kind::Integer, |source| source.kept_integer("ReferralMarketType")),
    optional("ReferralMarketTypeInput", Kind::Text, |source| source.kept_text("ReferralMarketTypeInput")),
    optional("ReferCustomerID", Kind::Integer, |source| source.kept_integer("ReferCustomerID")),
    null("CreatedBy", Kind::Text),
    null("PasswordResetKey", Kind::Text),
    null("PasswordResetExpirationDate", Kind::Date),
    optional("DateOfBirth", Kind::Date, |source| {
        let zone = source.plan.time_zone;
        Value::date(source.customer.birth_date.map(|date| Moment::of_wall(date.naive_utc(), zone)))
    }),
    required("ApplicationDate", Kind::Date, signed_up).of(Field::SignUpDate),
    required("StatusTypeID", Kind::Integer, |source| Value::Integer(source.customer.customer_status()))
        .chosen()
        .of(Field::CustomerStatus),
    required("ContactStatusID", Kind::Integer, |_| Value::Integer(1)).chosen(),
    optional("ReciprocalRepID", Kind::Integer, |source| source.kept_integer("ReciprocalRepID")),
    null("LastModifiedBy", Kind::Text),
    optional("DateLastModified", Kind::Date, |source| {
        Value::Date(Moment::of_instant(source.profiled.modified_at, source.plan.time_zone))
    }),
    null("RomanizedName", Kind::Text),
    null("TaxExemptReasonTypeID", Kind::Integer),
    null("UpgradeRepID", Kind::Integer),
    null("PhonesComputed", Kind::Text),
    required("CreatedDate", Kind::Date, signed_up),
    optional("guid", Kind::Text, |source| Value::Text(source.profiled.uuid.to_string().into())).chosen(),
    null("AccountNumber", Kind::Text),
    null("Gender", Kind::Text),
    required("EmailOptOut_Company", Kind::Boolean, |source| Value::Bool(!source.customer.send_emails())),
    required("EmailOptOut_Upline", Kind::Boolean, |_| Value::Bool(false)),
];

const fn required(name: &'static str, kind: Kind, value: ValueOf) -> CustomerMember {
    CustomerMember { name, kind, is_required: true, field: None, is_chosen: false, value }
}

const fn optional(name: &'static str, kind: Kind, value: ValueOf) -> CustomerMember {
    CustomerMember { name, kind, is_required: false, field: None, is_chosen: false, value }
}

const fn null(name: &'static str, kind: Kind) -> CustomerMember {
    optional(name, kind, |_| Value::Null)
}

impl CustomerMember {
    const fn chosen(self) -> Self {
        Self { is_chosen: true, ..self }
    }

    const fn of(self, field: Field) -> Self {
        Self { field: Some(field), ..self }
    }
}

/// The members of the vendor's public information, and the customer's member with the same value; the display name has none.
pub(super) const PUBLIC_INFO: [(&str, Option<&str>); 10] = [
    ("CustomerDID", Some("CustomerDID")),
    ("DisplayName", None),
    ("Company", Some("Company")),
    ("FirstName", Some("FirstName")),
    ("LastName", Some("LastName")),
    ("City", Some("BillCity")),
    ("State", Some("BillState")),
    ("Country", Some("BillCountry")),
    ("Phone", Some("Phone1")),
    ("Email", Some("Email")),
];

/// The response of a creation.
pub(super) fn customer<'a>(profiled: &'a Profiled, plan: &'a ByDesignPlan) -> ResponseBody<'a> {
    ResponseBody { root: "Customer", value: Source::new(profiled, plan).object() }
}

/// The response of `CustomerLookup`: whole customers.
pub(super) fn customers<'a>(profiled: &'a [Profiled], plan: &'a ByDesignPlan) -> ResponseBody<'a> {
    let customers = profiled.iter().map(|profiled| Source::new(profiled, plan).object()).collect();
    ResponseBody { root: "ArrayOfCustomer", value: Value::List("Customer", customers) }
}

/// The response of `PublicInfo`: names, and the place of the primary address.
pub(super) fn public_info<'a>(profiled: &'a Profiled, plan: &'a ByDesignPlan) -> ResponseBody<'a> {
    let source = Source::new(profiled, plan);
    let members = PUBLIC_INFO.map(|(name, member)| match member {
        Some(member) => (name, source.value(member)),
        None => (name, Value::Text(source.customer.display_name().into())),
    });
    ResponseBody { root: "PublicInfo", value: Value::object(members) }
}

impl<'a> Source<'a> {
    fn new(profiled: &'a Profiled, plan: &'a ByDesignPlan) -> Self {
        Self { profiled, customer: &profiled.customer, plan }
    }

    fn object(&self) -> Value<'a> {
        Value::object(MEMBERS.iter().map(|member| (member.name, (member.value)(self))))
    }

    fn value(&self, name: &str) -> Value<'a> {
        let member = MEMBERS.iter().find(|member| member.name == name);
        member.map_or(Value::Null, |member| (member.value)(self))
    }

    /// A text of the customer's profile.
    fn kept_text(&self, key: &str) -> Value<'a> {
        self.kept(key).map_or(Value::Null, |text| Value::Text(Cow::Borrowed(text)))
    }

    fn kept(&self, key: &str) -> Option<&'a str> {
        self.profiled.fields.get(key)?.as_str()
    }

    /// A number of the customer's profile.
    fn kept_integer(&self, key: &str) -> Value<'a> {
        let number = self.profiled.fields.get(key).and_then(serde_json::Value::as_i64);
        Value::integer(number.and_then(|number| i32::try_from(number).ok()))
    }

    /// A country as it was sent, while that is still the country of the address; otherwise its name in the list.
    fn country(&self, key: &str, code: Option<&'a String>) -> Value<'a> {
        let Some(code) = code else { return Value::Null };
        let sent = self.kept(key).filter(|spelling| countries::code(spelling, self.plan) == Some(code));
        Value::Text(Cow::Borrowed(sent.unwrap_or_else(|| countries::name(code).unwrap_or(code))))
    }
}

fn signed_up<'a>(source: &Source<'a>) -> Value<'a> {
    Value::Date(Moment::of_instant(source.customer.sign_up_date(), source.plan.time_zone))
}

fn text(text: Option<&String>) -> Value<'_> {
    Value::text(text.map(String::as_str))
}

#[cfg(test)]
#[path = "customer_tests.rs"]
mod tests;
