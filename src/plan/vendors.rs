//! The entries of a plan for ByDesign's and Storm's APIs.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::CountryCode;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ByDesignPlan {
    pub error: ByDesignError,
    /// The format of a response if `Accept` allows any, or is absent.
    pub default_format: DefaultFormat,
    /// Additional spellings of countries, in any case. Null removes a spelling from the list.
    pub countries: BTreeMap<String, Option<CountryCode>>,
    /// The zone of dates in responses, and of dates in requests that name none.
    pub time_zone: Tz,
}

/// The format of a rejection of ByDesign's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByDesignError {
    /// The `ApiResult` of its sibling operations.
    ApiResult,
    /// The framework's `ModelState`.
    ModelState,
}

/// The format of a response if `Accept` allows any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultFormat {
    /// The format of the request's body; JSON without a body.
    Request,
    /// XML, which the framework's order of formatters suggests.
    Xml,
    Json,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StormPlan {
    /// Whether an empty text or a null clears the stored value; otherwise the value is kept.
    pub empty_clears: bool,
    /// Whether dates are read in the service's own form only, and not as ISO 8601 too.
    pub strict_dates: bool,
    /// The zone of dates in responses.
    pub time_zone: Tz,
    /// The country of an address that names none.
    pub default_country: Option<CountryCode>,
    /// Additional spellings of countries, in any case. Null removes a spelling from the list.
    pub countries: BTreeMap<String, Option<CountryCode>>,
    /// Whether stored values complete an address that is sent without Zip, City or country, and count as the other address if
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
