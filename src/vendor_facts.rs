//! The parts of a vendor that layers below `vendors/` depend on: its kind of credential, its section of the plan, and its profile of
//! customers. A new vendor adds its own here, and an entry to the registry (`vendors/mod.rs`); its folder has the rest.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::{Deserialize, Serialize};

use crate::json_schema::TimeZoneName;
use crate::model::CountryCode;

#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    clap::ValueEnum,
    sqlx::Type,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum CredentialKind {
    /// DirectScale's API.
    #[default]
    SubscriptionKey,
    /// A user name and password: ByDesign's API.
    Basic,
    /// A client's id and secret, which get access tokens: Storm's API.
    OauthClient,
    /// Only the token endpoint creates it, for an OAuth client.
    #[value(skip)]
    #[serde(skip)]
    AccessToken,
}

impl CredentialKind {
    /// The name in JSON, in the database and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SubscriptionKey => "subscription-key",
            Self::Basic => "basic",
            Self::OauthClient => "oauth-client",
            Self::AccessToken => "access-token",
        }
    }

    /// Whether a user name or client id belongs to the secret. A secret without one is 32 hexadecimal digits.
    #[must_use]
    pub fn has_account(self) -> bool {
        match self {
            Self::SubscriptionKey | Self::AccessToken => false,
            Self::Basic | Self::OauthClient => true,
        }
    }

    /// The beginning of the text whose digest is stored. Each kind has another one, so that none is mistaken for another.
    #[must_use]
    pub fn digest_prefix(self) -> &'static str {
        match self {
            Self::SubscriptionKey => "",
            Self::Basic => "basic\0",
            Self::OauthClient => "client\0",
            Self::AccessToken => "bearer\0",
        }
    }
}

/// A vendor whose callers send more of a customer than the customer's own fields hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileOwner {
    ByDesign,
    Storm,
}

impl ProfileOwner {
    pub const ALL: [Self; 2] = [Self::ByDesign, Self::Storm];

    /// The name in seed files and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ByDesign => "bydesign",
            Self::Storm => "storm",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name: StrDeserializer<'_, ValueError> = name.into_deserializer();
        Self::deserialize(name).ok()
    }

    /// Whether the vendor's customers belong to companies.
    #[must_use]
    pub fn has_companies(self) -> bool {
        match self {
            Self::ByDesign => false,
            Self::Storm => true,
        }
    }
}

/// The text of a documentation attribute; nothing of another one.
macro_rules! documentation {
    (doc = $text:literal) => {
        $text
    };
    ($($other:tt)*) => {
        ""
    };
}

/// A struct that knows the documentation of its fields, so that a page shows it and no second text has to be kept.
macro_rules! with_meanings {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident { $($(#[$($of_field:tt)*])* pub $field:ident: $kind:ty,)* }
    ) => {
        $(#[$attribute])*
        pub struct $name {
            $($(#[$($of_field)*])* pub $field: $kind,)*
        }

        impl $name {
            /// Each field with its documentation.
            pub(crate) const MEANINGS: &[(&'static str, &'static str)] = &[
                $((stringify!($field), concat!($(crate::vendor_facts::documentation!($($of_field)*)),*)),)*
            ];
        }
    };
}

pub(crate) use {documentation, with_meanings};

/// Adds the vendors' sections to the plan, and to its default. They are members of the plan itself, so that a message about an
/// unknown member lists them too.
macro_rules! with_vendor_sections {
    ($(#[$attribute:meta])* pub struct Plan { $($fields:tt)* }) => {
        crate::vendor_facts::with_meanings! {
            $(#[$attribute])*
            pub struct Plan {
                $($fields)*
                /// The section of ByDesign's API.
                pub bydesign: crate::vendor_facts::ByDesignPlan,
                /// The section of Storm's API.
                pub storm: crate::vendor_facts::StormPlan,
            }
        }
    };
    (Plan { $($fields:tt)* }) => {
        Plan {
            $($fields)*
            bydesign: crate::vendor_facts::ByDesignPlan::default(),
            storm: crate::vendor_facts::StormPlan::default(),
        }
    };
}

pub(crate) use with_vendor_sections;

with_meanings! {
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    pub struct ByDesignPlan {
        /// The format of rejections.
        pub error: ByDesignError,
        /// The format of a response to a client that accepts any format or has no `Accept` header.
        pub default_format: DefaultFormat,
        /// More names of countries, in any case. Null removes a name from the built-in list.
        pub countries: BTreeMap<String, Option<CountryCode>>,
        /// The time zone in which dates are written, and in which dates without a zone are read.
        #[schemars(with = "TimeZoneName")]
        pub time_zone: Tz,
    }
}

/// The format of ByDesign's rejections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ByDesignError {
    /// The `ApiResult` of its sibling operations.
    ApiResult,
    /// The framework's `ModelState`.
    ModelState,
}

/// The format of a response to a client that accepts any format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DefaultFormat {
    /// The format of the request's body; JSON if there is no body.
    Request,
    /// XML, which the framework's order of formatters suggests.
    Xml,
    Json,
}

with_meanings! {
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    pub struct StormPlan {
        /// Whether empty texts and null clear stored values; otherwise they do not change them.
        pub empty_clears: bool,
        /// Whether ISO 8601 dates are rejected, so that only the service's own format is accepted.
        pub strict_dates: bool,
        /// The time zone in which dates are written.
        #[schemars(with = "TimeZoneName")]
        pub time_zone: Tz,
        /// The country of an address that is sent without one.
        pub default_country: Option<CountryCode>,
        /// More names of countries, in any case. Null removes a name from the built-in list.
        pub countries: BTreeMap<String, Option<CountryCode>>,
        /// Whether stored values complete an address that is sent without Zip, City or country, and replace the other address if
        /// `UseInvoiceAddressAsDeliveryAddress` is false.
        pub partial_addresses: bool,
    }
}

impl Default for ByDesignPlan {
    fn default() -> Self {
        Self {
            error: ByDesignError::ApiResult,
            default_format: DefaultFormat::Request,
            countries: BTreeMap::new(),
            time_zone: Tz::America__New_York,
        }
    }
}

impl Default for StormPlan {
    fn default() -> Self {
        Self {
            empty_clears: false,
            strict_dates: false,
            time_zone: Tz::Europe__Stockholm,
            default_country: None,
            countries: BTreeMap::new(),
            partial_addresses: false,
        }
    }
}
