//! The customer of answers, flat, in the order of the vendor's samples.

use std::borrow::Cow;

use super::dates::Moment;
use super::tree::{Answer, Tree};

/// What an answer tells of a customer. Members that this emulator never fills are not here: they are always null. One of
/// them is the password.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::vendors::bydesign) struct CustomerAnswer<'a> {
    pub(in crate::vendors::bydesign) customer_id: i32,
    pub(in crate::vendors::bydesign) customer_did: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) bc_key: i32,
    pub(in crate::vendors::bydesign) customer_type_id: i32,
    pub(in crate::vendors::bydesign) first_name: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) last_name: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) mi: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) company: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) email: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) preferred_culture: i32,
    pub(in crate::vendors::bydesign) bill_street1: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) bill_street2: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) bill_city: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) bill_state: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) bill_postal_code: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) bill_country: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) bill_county: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) ship_street1: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) ship_street2: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) ship_city: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) ship_state: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) ship_postal_code: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) ship_country: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) ship_county: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) phone1: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) phone2: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) phone3: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) phone4: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) tax_exempt_code_id: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) tax_exempt: bool,
    pub(in crate::vendors::bydesign) tax_id: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) tax_id2: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) referral_market_type_id: Option<i32>,
    pub(in crate::vendors::bydesign) referral_market_type_input: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) refer_customer_id: Option<i32>,
    pub(in crate::vendors::bydesign) date_of_birth: Option<Moment>,
    pub(in crate::vendors::bydesign) application_date: Moment,
    pub(in crate::vendors::bydesign) status_type_id: i32,
    pub(in crate::vendors::bydesign) contact_status_id: i32,
    pub(in crate::vendors::bydesign) reciprocal_rep_id: Option<i32>,
    pub(in crate::vendors::bydesign) date_last_modified: Option<Moment>,
    pub(in crate::vendors::bydesign) created_date: Moment,
    pub(in crate::vendors::bydesign) guid: Option<Cow<'a, str>>,
    pub(in crate::vendors::bydesign) email_opt_out_company: bool,
    pub(in crate::vendors::bydesign) email_opt_out_upline: bool,
}

impl Default for CustomerAnswer<'_> {
    /// What the vendor's samples print.
    fn default() -> Self {
        Self {
            customer_id: 0,
            customer_did: None,
            bc_key: 0,
            customer_type_id: 0,
            first_name: None,
            last_name: None,
            mi: None,
            company: None,
            email: None,
            preferred_culture: 0,
            bill_street1: None,
            bill_street2: None,
            bill_city: None,
            bill_state: None,
            bill_postal_code: None,
            bill_country: None,
            bill_county: None,
            ship_street1: None,
            ship_street2: None,
            ship_city: None,
            ship_state: None,
            ship_postal_code: None,
            ship_country: None,
            ship_county: None,
            phone1: None,
            phone2: None,
            phone3: None,
            phone4: None,
            tax_exempt_code_id: None,
            tax_exempt: false,
            tax_id: None,
            tax_id2: None,
            referral_market_type_id: None,
            referral_market_type_input: None,
            refer_customer_id: None,
            date_of_birth: None,
            application_date: Moment::UNSET,
            status_type_id: 0,
            contact_status_id: 0,
            reciprocal_rep_id: None,
            date_last_modified: None,
            created_date: Moment::UNSET,
            guid: None,
            email_opt_out_company: false,
            email_opt_out_upline: false,
        }
    }
}

impl CustomerAnswer<'_> {
    /// The answer with all 58 members.
    pub(in crate::vendors::bydesign) fn answer(&self) -> Answer<'_> {
        Answer { root: "Customer", tree: self.tree() }
    }

    pub(super) fn tree(&self) -> Tree<'_> {
        Tree::object([
            ("CustomerID", Tree::Integer(self.customer_id)),
            ("CustomerDID", Tree::text(self.customer_did.as_deref())),
            ("BCKey", Tree::Integer(self.bc_key)),
            ("CustomerTypeID", Tree::Integer(self.customer_type_id)),
            ("FirstName", Tree::text(self.first_name.as_deref())),
            ("LastName", Tree::text(self.last_name.as_deref())),
            ("MI", Tree::text(self.mi.as_deref())),
            ("Company", Tree::text(self.company.as_deref())),
            ("Email", Tree::text(self.email.as_deref())),
            ("PreferredCulture", Tree::Integer(self.preferred_culture)),
            ("Password", Tree::Null),
            ("BillStreet1", Tree::text(self.bill_street1.as_deref())),
            ("BillStreet2", Tree::text(self.bill_street2.as_deref())),
            ("BillCity", Tree::text(self.bill_city.as_deref())),
            ("BillState", Tree::text(self.bill_state.as_deref())),
            ("BillPostalCode", Tree::text(self.bill_postal_code.as_deref())),
            ("BillCountry", Tree::text(self.bill_country.as_deref())),
            ("BillCounty", Tree::text(self.bill_county.as_deref())),
            ("ShipStreet1", Tree::text(self.ship_street1.as_deref())),
            ("ShipStreet2", Tree::text(self.ship_street2.as_deref())),
            ("ShipCity", Tree::text(self.ship_city.as_deref())),
            ("ShipState", Tree::text(self.ship_state.as_deref())),
            ("ShipPostalCode", Tree::text(self.ship_postal_code.as_deref())),
            ("ShipCountry", Tree::text(self.ship_country.as_deref())),
            ("ShipCounty", Tree::text(self.ship_county.as_deref())),
            ("Phone1", Tree::text(self.phone1.as_deref())),
            ("Phone2", Tree::text(self.phone2.as_deref())),
            ("Phone3", Tree::text(self.phone3.as_deref())),
            ("Phone4", Tree::text(self.phone4.as_deref())),
            ("Phone5", Tree::Null),
            ("Phone6", Tree::Null),
            ("TaxExemptCodeID", Tree::text(self.tax_exempt_code_id.as_deref())),
            ("TaxExempt", Tree::Bool(self.tax_exempt)),
            ("TaxID", Tree::text(self.tax_id.as_deref())),
            ("TaxID2", Tree::text(self.tax_id2.as_deref())),
            ("ReferralMarketTypeID", Tree::integer(self.referral_market_type_id)),
            ("ReferralMarketTypeInput", Tree::text(self.referral_market_type_input.as_deref())),
            ("ReferCustomerID", Tree::integer(self.refer_customer_id)),
            ("CreatedBy", Tree::Null),
            ("PasswordResetKey", Tree::Null),
            ("PasswordResetExpirationDate", Tree::Null),
            ("DateOfBirth", Tree::date(self.date_of_birth)),
            ("ApplicationDate", Tree::Date(self.application_date)),
            ("StatusTypeID", Tree::Integer(self.status_type_id)),
            ("ContactStatusID", Tree::Integer(self.contact_status_id)),
            ("ReciprocalRepID", Tree::integer(self.reciprocal_rep_id)),
            ("LastModifiedBy", Tree::Null),
            ("DateLastModified", Tree::date(self.date_last_modified)),
            ("RomanizedName", Tree::Null),
            ("TaxExemptReasonTypeID", Tree::Null),
            ("UpgradeRepID", Tree::Null),
            ("PhonesComputed", Tree::Null),
            ("CreatedDate", Tree::Date(self.created_date)),
            ("guid", Tree::text(self.guid.as_deref())),
            ("AccountNumber", Tree::Null),
            ("Gender", Tree::Null),
            ("EmailOptOut_Company", Tree::Bool(self.email_opt_out_company)),
            ("EmailOptOut_Upline", Tree::Bool(self.email_opt_out_upline)),
        ])
    }
}

#[cfg(test)]
#[path = "customer_tests.rs"]
mod tests;
