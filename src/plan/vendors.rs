//! What a plan says of the other vendors' doors.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::CountryCode;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ByDesignPlan {
    /// What a rejection looks like.
    pub error: ByDesignError,
    /// The format of an answer to a caller who accepts any, or does not say.
    pub default_format: DefaultFormat,
    /// Spellings of countries beside the list's own, in any case: each stands for a country, or with null for none.
    pub countries: BTreeMap<String, Option<CountryCode>>,
    /// The zone in which dates are written, and read where they name none.
    pub time_zone: Tz,
}

/// What a rejection of ByDesign's looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByDesignError {
    /// The `ApiResult` of its sibling operations.
    ApiResult,
    /// The framework's `ModelState`.
    ModelState,
}

/// The format of an answer to a caller who accepts any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultFormat {
    /// That of the request's body; JSON where there is none.
    Request,
    /// XML, which the framework's order of formatters suggests.
    Xml,
    Json,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StormPlan {
    /// Whether a text that is sent empty, and a null, clear what they name; otherwise it is kept.
    pub empty_clears: bool,
    /// Whether dates are read in the service's own form only, and not as ISO 8601 too.
    pub strict_dates: bool,
    /// The zone in which dates are written.
    pub time_zone: Tz,
    /// The country of an address that names none.
    pub default_country: Option<CountryCode>,
    /// Spellings of countries beside the list's own, in any case: each stands for a country, or with null for none.
    pub countries: BTreeMap<String, Option<CountryCode>>,
    /// Whether what is kept completes an address that is sent without Zip, City or country, and stands for the other address
    /// where `UseInvoiceAddressAsDeliveryAddress` is false.
    pub partial_addresses: bool,
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
