//! The entries of a plan for the other vendors' APIs.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::CountryCode;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ByDesignPlan {
    pub error: ByDesignError,
    /// The format of a response to a client that accepts any format or has no `Accept` header.
    pub default_format: DefaultFormat,
    /// More names of countries, in any case. Null removes a name from the built-in list.
    pub countries: BTreeMap<String, Option<CountryCode>>,
    /// The time zone in which dates are written, and in which dates without a zone are read.
    pub time_zone: Tz,
}

/// The format of ByDesign's rejections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByDesignError {
    /// The `ApiResult` of its sibling operations.
    ApiResult,
    /// The framework's `ModelState`.
    ModelState,
}

/// The format of a response to a client that accepts any format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultFormat {
    /// The format of the request's body; JSON if there is no body.
    Request,
    /// XML, which the framework's order of formatters suggests.
    Xml,
    Json,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StormPlan {
    /// Whether empty texts and null clear stored values; otherwise they do not change them.
    pub empty_clears: bool,
    /// Whether ISO 8601 dates are rejected, so that only the service's own format is accepted.
    pub strict_dates: bool,
    /// The time zone in which dates are written.
    pub time_zone: Tz,
    /// The country of an address that is sent without one.
    pub default_country: Option<CountryCode>,
    /// More names of countries, in any case. Null removes a name from the built-in list.
    pub countries: BTreeMap<String, Option<CountryCode>>,
    /// Whether stored values complete an address that is sent without Zip, City or country, and replace the other address if
    /// `UseInvoiceAddressAsDeliveryAddress` is false.
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
