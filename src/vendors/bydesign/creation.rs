//! `CustomerCreationViewModel`, the body of a creation: one table of its members, in the order of the vendor's page.
//!
//! The page marks no member as required and gives three texts a maximum length. Texts that only the profile keeps have one that is decided.

use chrono::NaiveDateTime;
use serde_json::{Map, Value};

use crate::model::{AddressPart, CustomerFields, Field};
use crate::secret::Password;

/// The name of the model, and of the root element in XML.
pub(super) const MODEL: &str = "CustomerCreationViewModel";

/// The maximum length of a text that the profile keeps, in UTF-16 code units: none is published, and what one customer keeps must not
/// grow without end.
pub(super) const MAX_KEPT_LENGTH: usize = 1_000;

/// A member of the body.
#[derive(Debug)]
pub(super) struct CreationMember {
    pub name: &'static str,
    pub kind: Kind,
    /// In UTF-16 code units, as .NET counts.
    pub max_length: Option<usize>,
    /// The customer field whose violations are reported under this member.
    pub field: Option<Field>,
    /// Whether the value becomes that field without a conversion.
    pub is_copied: bool,
    /// Whether messages leave the value out.
    pub is_secret: bool,
}

/// The type of a member's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Password,
    Boolean,
    Integer,
    Date,
}

type Text = String;
type Boolean = bool;
type Integer = i32;
/// The wall clock time in the tenant's time zone.
type Date = NaiveDateTime;

/// Reads the value of a member; `None` when it is absent, null, blank or not valid.
pub(super) trait ReadMember<T> {
    fn read(&mut self, member: &'static CreationMember) -> Option<T>;
}

impl CreationMember {
    const PLAIN: Self =
        Self { name: "", kind: Kind::Text, max_length: None, field: None, is_copied: false, is_secret: false };
}

/// One row for each member. `sets` copies the value to a field of [`CustomerFields`], `about` names the field that the value
/// is converted to, and `profile` keeps the value under this name in the customer's profile, because no field holds it.
macro_rules! creation_members {
    ($(
        $name:literal $member:ident: $kind:ident
        $(, max $max_length:literal)?
        $(, sets $($path:ident).+ as $copied:expr)?
        $(, about $field:expr)?
        $(, profile $key:literal)?
        $(, secret $secret:literal)?;
    )*) => {
        /// A creation as it was read. Absent, null and blank members are `None`.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub(super) struct CustomerCreation {
            $(pub $member: Option<$kind>,)*
        }

        pub(super) static MEMBERS: [CreationMember; [$($name),*].len()] = [$(
            CreationMember {
                name: $name,
                kind: Kind::$kind,
                $(max_length: Some($max_length),)?
                $(max_length: Some(max_kept_length($key)),)?
                $(field: Some($copied), is_copied: true,)?
                $(field: Some($field),)?
                $(is_secret: $secret,)?
                ..CreationMember::PLAIN
            },
        )*];

        impl CustomerCreation {
            pub(super) fn read<R>(reader: &mut R) -> Self
            where
                R: ReadMember<Text>
                    + ReadMember<Password>
                    + ReadMember<Boolean>
                    + ReadMember<Integer>
                    + ReadMember<Date>,
            {
                let mut members = MEMBERS.iter();
                $(let $member = members.next().and_then(|member| reader.read(member));)*
                Self { $($member),* }
            }

            /// The customer fields and the profile that hold what was sent. Values that need a conversion are in neither,
            /// except those that the profile keeps in their original form.
            pub(super) fn into_parts(self) -> (CustomerFields, Map<String, Value>) {
                let mut fields = CustomerFields::default();
                let mut profile = Map::new();
                $(
                    $(fields.$($path).+ = self.$member;)?
                    $(if let Some(value) = self.$member {
                        profile.insert($key.to_owned(), Value::from(value));
                    })?
                )*
                (fields, profile)
            }

            /// The members that are not `None`, in the order of the table.
            #[cfg(test)]
            pub(super) fn to_json(&self) -> Vec<(&'static str, Value)> {
                use super::reader_tests::ToJson as _;
                let members = [$(($name, self.$member.as_ref().map(|value| value.to_json()))),*];
                members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
            }
        }
    };
}

creation_members! {
    "FirstName" first_name: Text, max 50, sets first_name as Field::FirstName;
    "LastName" last_name: Text, max 50, sets last_name as Field::LastName;
    "Email" email: Text, max 100, sets email_address as Field::EmailAddress;
    "Password" password: Password, sets password as Field::Password, secret true;
    "RepDID" rep_did: Text, about Field::SponsorId, profile "RepDID";
    "Company" company: Text, sets company_name as Field::CompanyName;
    "Phone1" phone1: Text, sets primary_phone as Field::PrimaryPhone;
    "Phone2" phone2: Text, sets secondary_phone as Field::SecondaryPhone;
    "Phone3" phone3: Text, sets text_phone as Field::TextPhone;
    "Phone4" phone4: Text, profile "Phone4";
    "ShippingStreet1" shipping_street1: Text, sets shipping_address.street1 as shipping(AddressPart::Street1);
    "ShippingStreet2" shipping_street2: Text, sets shipping_address.street2 as shipping(AddressPart::Street2);
    "ShippingCountry" shipping_country: Text, about shipping(AddressPart::CountryCode), profile "ShippingCountry";
    "ShippingPostalCode" shipping_postal_code: Text, sets shipping_address.postal_code as shipping(AddressPart::PostalCode);
    "ShippingCity" shipping_city: Text, sets shipping_address.city as shipping(AddressPart::City);
    "ShippingState" shipping_state: Text, sets shipping_address.region as shipping(AddressPart::Region);
    "ShippingCounty" shipping_county: Text, profile "ShippingCounty";
    "BillingStreet1" billing_street1: Text, sets primary_address.street1 as billing(AddressPart::Street1);
    "BillingStreet2" billing_street2: Text, sets primary_address.street2 as billing(AddressPart::Street2);
    "BillingCountry" billing_country: Text, about billing(AddressPart::CountryCode), profile "BillingCountry";
    "BillingPostalCode" billing_postal_code: Text, sets primary_address.postal_code as billing(AddressPart::PostalCode);
    "BillingCity" billing_city: Text, sets primary_address.city as billing(AddressPart::City);
    "BillingState" billing_state: Text, sets primary_address.region as billing(AddressPart::Region);
    "BillingCounty" billing_county: Text, profile "BillingCounty";
    "AgreedToTerms" agreed_to_terms: Boolean, sets terms_accepted as Field::TermsAccepted;
    "ReferralMarketType" referral_market_type: Integer, profile "ReferralMarketType";
    "ReferralMarketTypeInput" referral_market_type_input: Text, profile "ReferralMarketTypeInput";
    // The profile holds the customer's number as ReferCustomerID.
    "ReferCustomerID" refer_customer_id: Text, profile "ReferCustomerDID";
    "TaxID" tax_id: Text, sets tax_id as Field::TaxId, secret true;
    "TaxID2" tax_id2: Text, profile "TaxID2", secret true;
    "ReplicatedSiteUrl" replicated_site_url: Text, about Field::WebAlias, profile "ReplicatedSiteUrl";
    "CustomerType" customer_type: Integer, about Field::CustomerType;
    "SendAutoresponders" send_autoresponders: Boolean, about Field::SendEmails;
    "DateOfBirth" date_of_birth: Date, about Field::BirthDate;
    "ReciprocalRepDID" reciprocal_rep_did: Text, profile "ReciprocalRepDID";
    "PreferredCulture" preferred_culture: Integer, about Field::LanguageCode;
}

/// The maximum length of a member that the profile keeps under this name.
const fn max_kept_length(_key: &'static str) -> usize {
    MAX_KEPT_LENGTH
}

const fn shipping(part: AddressPart) -> Field {
    Field::DefaultShippingAddress(Some(part))
}

const fn billing(part: AddressPart) -> Field {
    Field::PrimaryAddress(Some(part))
}

pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
    MEMBERS.iter().map(|member| member.name)
}
