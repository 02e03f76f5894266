//! Between this vendor's words and the domain's.

pub(in crate::vendors::bydesign) mod answer;
pub(in crate::vendors::bydesign) mod creation;

/// What is kept beside a customer because the customer has no field for it: the names of [`crate::customers::Profile`]'s
/// fields.
mod extra {
    pub(super) const REP_DID: &str = "RepDID";
    pub(super) const PHONE4: &str = "Phone4";
    pub(super) const SHIPPING_COUNTRY: &str = "ShippingCountry";
    pub(super) const SHIPPING_COUNTY: &str = "ShippingCounty";
    pub(super) const BILLING_COUNTRY: &str = "BillingCountry";
    pub(super) const BILLING_COUNTY: &str = "BillingCounty";
    pub(super) const REFERRAL_MARKET_TYPE: &str = "ReferralMarketType";
    pub(super) const REFERRAL_MARKET_TYPE_INPUT: &str = "ReferralMarketTypeInput";
    pub(super) const REFER_CUSTOMER_DID: &str = "ReferCustomerDID";
    /// The customer whom that names.
    pub(super) const REFER_CUSTOMER_ID: &str = "ReferCustomerID";
    pub(super) const TAX_ID2: &str = "TaxID2";
    pub(super) const REPLICATED_SITE_URL: &str = "ReplicatedSiteUrl";
    pub(super) const RECIPROCAL_REP_DID: &str = "ReciprocalRepDID";
    /// The customer whom that names.
    pub(super) const RECIPROCAL_REP_ID: &str = "ReciprocalRepID";
}

#[cfg(test)]
mod tests;
