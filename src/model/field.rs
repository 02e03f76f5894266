//! The field table: the one place for the properties of each field of a customer.
//!
//! A new field is one row of `customer_fields!` and one column of the table `customers`. From the row follow its name, its
//! position in rejections, its default length, its member of [`CustomerFields`], its column, and how it is read, checked, merged
//! and written. The order is that of the vendor's field table (DirectScale, Upgrade Customer page), in which rejections list
//! violations.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::address::{Address, AddressPart};
use crate::secret::Password;

/// The custom fields Field1 to Field10.
pub type CustomFields = [Option<String>; 10];

/// The maximum length of a text whose row has no length, in characters.
const MAX_LENGTH: usize = 500;

/// The Rust type of a member, by its kind.
macro_rules! member_type {
    (Text) => { Option<String> };
    (Code) => { Option<String> };
    (Date) => { Option<DateTime<Utc>> };
    (Integer) => { Option<i32> };
    (Boolean) => { Option<bool> };
    (Address) => { Address };
    (Custom) => { CustomFields };
    (Secret) => { Option<Password> };
}

/// The field and its parts.
macro_rules! with_parts {
    (Address, $field:ident) => {
        &[
            Field::$field(None),
            Field::$field(Some(AddressPart::Street1)),
            Field::$field(Some(AddressPart::Street2)),
            Field::$field(Some(AddressPart::Street3)),
            Field::$field(Some(AddressPart::PostalCode)),
            Field::$field(Some(AddressPart::City)),
            Field::$field(Some(AddressPart::Region)),
            Field::$field(Some(AddressPart::CountryCode)),
        ]
    };
    (Custom, $field:ident) => {
        &[
            Field::$field(0),
            Field::$field(1),
            Field::$field(2),
            Field::$field(3),
            Field::$field(4),
            Field::$field(5),
            Field::$field(6),
            Field::$field(7),
            Field::$field(8),
            Field::$field(9),
            Field::$field(10),
        ]
    };
    ($kind:ident, $field:ident) => {
        &[Field::$field]
    };
}

/// The names of the field and its parts.
macro_rules! names {
    (Address, $field:ident) => {
        &[
            stringify!($field),
            concat!(stringify!($field), ".Street1"),
            concat!(stringify!($field), ".Street2"),
            concat!(stringify!($field), ".Street3"),
            concat!(stringify!($field), ".PostalCode"),
            concat!(stringify!($field), ".City"),
            concat!(stringify!($field), ".Region"),
            concat!(stringify!($field), ".CountryCode"),
        ]
    };
    (Custom, $field:ident) => {
        &[
            stringify!($field),
            concat!(stringify!($field), ".Field1"),
            concat!(stringify!($field), ".Field2"),
            concat!(stringify!($field), ".Field3"),
            concat!(stringify!($field), ".Field4"),
            concat!(stringify!($field), ".Field5"),
            concat!(stringify!($field), ".Field6"),
            concat!(stringify!($field), ".Field7"),
            concat!(stringify!($field), ".Field8"),
            concat!(stringify!($field), ".Field9"),
            concat!(stringify!($field), ".Field10"),
        ]
    };
    ($kind:ident, $field:ident) => {
        &[stringify!($field)]
    };
}

/// The columns of the field; those of an address in the order of its parts.
macro_rules! columns {
    (Address, $member:ident, $prefix:literal) => {
        &[
            concat!($prefix, "_street1"),
            concat!($prefix, "_street2"),
            concat!($prefix, "_street3"),
            concat!($prefix, "_postal_code"),
            concat!($prefix, "_city"),
            concat!($prefix, "_region"),
            concat!($prefix, "_country_code"),
        ]
    };
    (Secret, $member:ident, $column:literal) => {
        &[$column]
    };
    ($kind:ident, $member:ident) => {
        &[stringify!($member)]
    };
}

macro_rules! is_patchable {
    (patchable) => {
        true
    };
    () => {
        false
    };
}

macro_rules! customer_fields {
    ($(
        $(#[$attribute:meta])*
        $field:ident $(($whole:expr => $part:ty))?: $member:ident $kind:ident $(($column:literal))? $([$max:literal])? $($is_patchable:ident)?;
    )*) => {
        /// A field of a customer. `DefaultShippingAddress` and `PrimaryAddress` are the address as a whole (`None`) or one of its
        /// parts, `AssociateCustom` all custom fields (0) or one of them (1 to 10).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field {
            $($field $(($part))?,)*
        }

        /// The fields without their parts, numbered in the order of the table.
        enum Ordinal {
            $($field,)*
        }

        /// The fields of a customer that clients set. `None` is absent or blank, which are the same. The password is not
        /// serialized.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct CustomerFields {
            $($(#[$attribute])* pub $member: member_type!($kind),)*
        }

        impl Field {
            /// The fields, without their parts.
            pub const WHOLE: &[Self] = &[$(Self::$field $(($whole))?,)*];

            /// The address or the custom fields that this is a part of, or the field itself.
            #[must_use]
            pub fn whole(self) -> Self {
                match self {
                    $(Self::$field { .. } => Self::$field $(($whole))?,)*
                }
            }

            /// The position of the whole field in the table.
            pub(crate) fn ordinal(self) -> u32 {
                match self {
                    $(Self::$field { .. } => Ordinal::$field as u32,)*
                }
            }

            /// The field and its parts, in the order of the table.
            pub(super) fn with_parts(self) -> &'static [Self] {
                match self {
                    $(Self::$field { .. } => with_parts!($kind, $field),)*
                }
            }

            fn names(self) -> &'static [&'static str] {
                match self {
                    $(Self::$field { .. } => names!($kind, $field),)*
                }
            }

            /// The columns that hold the whole field; those of an address in the order of [`AddressPart::ALL`].
            #[must_use]
            pub fn columns(self) -> &'static [&'static str] {
                match self {
                    $(Self::$field { .. } => columns!($kind, $member $(, $column)?),)*
                }
            }

            /// Whether the field is one of "the supported fields" of DirectScale's PATCH (PATCH Customer page; AssociateCustom is on
            /// the page on custom fields).
            #[must_use]
            pub fn is_patchable(self) -> bool {
                match self {
                    $(Self::$field { .. } => is_patchable!($($is_patchable)?),)*
                }
            }

            fn own_max_length(self) -> Option<usize> {
                match self {
                    $($(Self::$field { .. } => Some($max),)?)*
                    _ => None,
                }
            }
        }

        impl CustomerFields {
            /// The member of a field. A part of an address and a custom field are inside the member of the whole field.
            pub fn member(&self, field: Field) -> Member<'_> {
                match field {
                    $(Field::$field { .. } => Member::$kind(&self.$member),)*
                }
            }

            pub fn member_mut(&mut self, field: Field) -> MemberMut<'_> {
                match field {
                    $(Field::$field { .. } => MemberMut::$kind(&mut self.$member),)*
                }
            }
        }
    };
}

customer_fields! {
    BackOfficeId: back_office_id Text[50];
    BirthDate: birth_date Date patchable;
    CompanyName: company_name Text[100] patchable;
    CustomerStatus: customer_status Integer patchable;
    CustomerType: customer_type Integer patchable;
    DefaultShippingAddress(None => Option<AddressPart>): shipping_address Address("shipping") patchable;
    EmailAddress: email_address Text[255] patchable;
    ExternalReferenceId: external_reference_id Text[50];
    FirstName: first_name Text[100] patchable;
    LanguageCode: language_code Code patchable;
    LastName: last_name Text[100] patchable;
    #[serde(skip)]
    Password: password Secret("password_hash");
    PrimaryAddress(None => Option<AddressPart>): primary_address Address("primary") patchable;
    PrimaryPhone: primary_phone Text[50] patchable;
    SecondaryPhone: secondary_phone Text[50] patchable;
    SendEmails: send_emails Boolean;
    SignUpDate: sign_up_date Date;
    SponsorId: sponsor_id Integer;
    TaxExempt: tax_exempt Boolean;
    TaxExemptId: tax_exempt_id Text[50];
    TaxId: tax_id Text[50] patchable;
    TermsAccepted: terms_accepted Boolean;
    TextPhone: text_phone Text[50] patchable;
    Username: username Text[100] patchable;
    WebAlias: web_alias Text[50] patchable;
    AssociateCustom(0 => u8): custom_fields Custom patchable;
}

/// A member of [`CustomerFields`], by its kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Member<'a> {
    Text(&'a Option<String>),
    /// A code of two letters in lower case. Its values are checked against a list, and it has no length.
    Code(&'a Option<String>),
    Date(&'a Option<DateTime<Utc>>),
    Integer(&'a Option<i32>),
    Boolean(&'a Option<bool>),
    Address(&'a Address),
    Custom(&'a CustomFields),
    /// Stored only as a hash.
    Secret(&'a Option<Password>),
}

/// A [`Member`] that can be changed.
#[derive(Debug)]
pub enum MemberMut<'a> {
    Text(&'a mut Option<String>),
    Code(&'a mut Option<String>),
    Date(&'a mut Option<DateTime<Utc>>),
    Integer(&'a mut Option<i32>),
    Boolean(&'a mut Option<bool>),
    Address(&'a mut Address),
    Custom(&'a mut CustomFields),
    Secret(&'a mut Option<Password>),
}

static ALL: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let parts: Vec<&[Field]> = Field::WHOLE.iter().map(|field| field.with_parts()).collect();
    parts.concat()
});

impl Field {
    /// Every field, parts included, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().copied()
    }

    /// The parts of an address or of the custom fields. Other fields have none.
    pub fn parts(self) -> impl Iterator<Item = Self> {
        self.with_parts()[1..].iter().copied()
    }

    /// The published name: `EmailAddress`, `PrimaryAddress.Region`, `AssociateCustom.Field1`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.names()[self.part_number()]
    }

    /// The name within the address or the custom fields that this is a part of: `Region`, `Field1`; otherwise the name.
    #[must_use]
    pub fn part_name(self) -> &'static str {
        let whole = self.whole().name();
        self.name().get(whole.len() + 1..).unwrap_or(whole)
    }

    /// The maximum length of a text under the default plan, in characters.
    #[must_use]
    pub fn default_max_length(self) -> usize {
        match self {
            Self::DefaultShippingAddress(Some(part)) | Self::PrimaryAddress(Some(part)) => part.default_max_length(),
            field => field.own_max_length(),
        }
        .unwrap_or(MAX_LENGTH)
    }

    /// 0 for a whole field, 1 for its first part.
    fn part_number(self) -> usize {
        match self {
            Self::DefaultShippingAddress(part) | Self::PrimaryAddress(part) => part.map_or(0, |part| part as usize + 1),
            Self::AssociateCustom(number) => usize::from(number),
            _ => 0,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Field {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::all()
            .find(|field| field.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| format!("'{name}' is not a field of a customer"))
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_sort_as_the_table_lists_them() {
        assert!(Field::all().is_sorted());
    }

    #[test]
    fn every_field_has_its_own_name() {
        for field in Field::all() {
            assert_eq!(field.name().parse(), Ok(field));
            assert_eq!(field.names().len(), field.with_parts().len(), "{field}");
        }
    }

    #[test]
    fn an_address_has_the_columns_of_its_parts() {
        for field in [Field::PrimaryAddress(None), Field::DefaultShippingAddress(None)] {
            for (part, column) in AddressPart::ALL.into_iter().zip(field.columns()) {
                assert!(column.ends_with(part.column()), "{column}");
            }
        }
    }

    #[test]
    fn a_part_is_named_without_its_whole() {
        assert_eq!(Field::PrimaryAddress(Some(AddressPart::Region)).part_name(), "Region");
        assert_eq!(Field::AssociateCustom(10).part_name(), "Field10");
        assert_eq!(Field::TaxId.part_name(), "TaxId");
    }
}
