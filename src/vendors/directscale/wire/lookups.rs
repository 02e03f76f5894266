//! The JSON of look-ups.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Number;
use utoipa::ToSchema;

use super::texts::Texts;
use crate::customers::Stats;
use crate::model::Customer;
use crate::plan::{Plan, StatValue};

/// A found customer (DirectScale, Search Associates page).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = SearchItem)]
pub(in crate::vendors::directscale) struct SearchItemJson<'a> {
    /// The name of the type.
    associate_type: Option<&'a str>,
    associate_type_id: i32,
    back_office_id: &'a str,
    customer_id: i32,
    /// In the vendor's spelling.
    #[serde(rename = "EMail")]
    email: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    #[schema(extensions(("x-evidence" = json!({ "class": "inferred", "source": "the C# reference: the same as FirstName when not set" }))))]
    legal_first_name: Option<&'a str>,
    #[schema(extensions(("x-evidence" = json!({ "class": "inferred", "source": "the C# reference: the same as LastName when not set" }))))]
    legal_last_name: Option<&'a str>,
    #[schema(extensions(("x-evidence" = json!({ "class": "inferred", "source": "the primary phone" }))))]
    phone: Option<&'a str>,
    /// Never set: there are no images here.
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen" }))))]
    profile_image_url: Option<&'a str>,
    /// With includeWebAliases.
    #[serde(skip_serializing_if = "Option::is_none")]
    web_aliases: Option<Vec<&'a str>>,
}

impl<'a> SearchItemJson<'a> {
    pub(in crate::vendors::directscale) fn new(customer: &'a Customer, plan: &'a Plan, with_aliases: bool) -> Self {
        let texts = Texts::of(plan);
        let (first_name, last_name) =
            (texts.or_empty(customer.first_name.as_deref()), texts.or_empty(customer.last_name.as_deref()));
        Self {
            associate_type: texts.or_empty(plan.types.get(&customer.customer_type()).map(String::as_str)),
            associate_type_id: customer.customer_type(),
            back_office_id: customer.back_office_id(),
            customer_id: customer.id.0,
            email: texts.or_empty(customer.email_address.as_deref()),
            first_name,
            last_name,
            legal_first_name: first_name,
            legal_last_name: last_name,
            phone: texts.or_empty(customer.primary_phone.as_deref()),
            profile_image_url: texts.or_empty(None),
            web_aliases: with_aliases.then(|| customer.web_alias.iter().map(String::as_str).collect()),
        }
    }
}

/// The customer with a web alias. Without one every member is missing.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Website)]
pub(in crate::vendors::directscale) struct WebsiteJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen" }))))]
    web_alias: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen" }))))]
    back_office_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen" }))))]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen" }))))]
    email_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen" }))))]
    primary_phone: Option<&'a str>,
}

impl<'a> WebsiteJson<'a> {
    pub(in crate::vendors::directscale) fn new(customer: &'a Customer, plan: &Plan) -> Self {
        let texts = Texts::of(plan);
        Self {
            customer_id: Some(customer.id.0),
            web_alias: texts.or_empty(customer.web_alias.as_deref()),
            back_office_id: Some(customer.back_office_id()),
            display_name: Some(customer.display_name()),
            email_address: texts.or_empty(customer.email_address.as_deref()),
            primary_phone: texts.or_empty(customer.primary_phone.as_deref()),
        }
    }
}

/// A country (DirectScale, Making a Request page).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Country)]
#[expect(clippy::struct_excessive_bools, reason = "the vendor's")]
pub(in crate::vendors::directscale) struct CountryJson<'a> {
    /// The number of ISO 3166-1.
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen", "source": "the vendor's numbers are not public" }))))]
    country_id: i32,
    /// Two letters, in lower case.
    country_code: String,
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen", "source": "always true" }))))]
    shop: bool,
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen", "source": "always true" }))))]
    enroll: bool,
    currency_code: &'a str,
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen", "source": "always false" }))))]
    add_tax: bool,
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen", "source": "always 0" }))))]
    tax_rate: f64,
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen", "source": "always false" }))))]
    require_fin: bool,
    country_name: &'a str,
    #[serde(rename = "ISO3")]
    iso3: &'a str,
    /// Always null, as in the vendor's sample.
    #[schema(value_type = Option<Vec<String>>)]
    country_languages: Option<()>,
}

impl<'a> CountryJson<'a> {
    pub(in crate::vendors::directscale) fn new(country: rust_iso3166::CountryCode, currency: &'a str) -> Self {
        Self {
            country_id: i32::from(country.numeric),
            country_code: country.alpha2.to_ascii_lowercase(),
            shop: true,
            enroll: true,
            currency_code: currency,
            add_tax: false,
            tax_rate: 0.0,
            require_fin: false,
            country_name: country.name,
            iso3: country.alpha3,
            country_languages: None,
        }
    }
}

/// The statistics of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Stats)]
pub(in crate::vendors::directscale) struct StatsJson<'a> {
    name: &'a str,
    /// From the plan, because each client of the vendor defines its own kits. A number if the plan sets one.
    #[schema(value_type = Option<String>, extensions(("x-evidence" = json!({ "class": "chosen" }))))]
    kit_level: Option<&'a StatValue>,
    /// By name: `Downline` in the sponsor tree, `PersonallyEnrolled`, `RewardPoints`, and those of the plan.
    stats: BTreeMap<&'a str, StatJson<'a>>,
    /// Always empty: ranks belong to a commission plan.
    #[schema(value_type = Vec<Object>)]
    rank_options: [(); 0],
}

/// One statistic.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Stat)]
struct StatJson<'a> {
    /// A text if the plan sets one.
    #[schema(value_type = f64)]
    value: Cow<'a, StatValue>,
}

impl<'a> StatsJson<'a> {
    pub(in crate::vendors::directscale) fn new(stats: &'a Stats, plan: &'a Plan) -> Self {
        let number = |number: Number| StatJson { value: Cow::Owned(StatValue::Number(number)) };
        let points = Number::from_f64(stats.reward_points).unwrap_or_else(|| 0.into());
        let counted = [
            ("Downline", number(stats.downline.into())),
            ("PersonallyEnrolled", number(stats.enrolled.into())),
            ("RewardPoints", number(points)),
        ];
        let further = plan.stats.further.iter();
        let further = further.map(|(name, stat)| (name.as_str(), StatJson { value: Cow::Borrowed(&stat.value) }));
        Self {
            name: &stats.name,
            kit_level: plan.stats.kit_level.as_ref(),
            stats: counted.into_iter().chain(further).collect(),
            rank_options: [],
        }
    }
}

/// The customer of a single sign-on token (DirectScale, SSO pages).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Identity)]
pub(in crate::vendors::directscale) struct IdentityJson<'a> {
    /// A string here, unlike everywhere else.
    customer_id: String,
    external_reference_id: Option<&'a str>,
    display_name: String,
    username: Option<&'a str>,
    email_address: Option<&'a str>,
    back_office_id: &'a str,
}

impl<'a> IdentityJson<'a> {
    pub(in crate::vendors::directscale) fn new(customer: &'a Customer, plan: &Plan) -> Self {
        let texts = Texts::of(plan);
        Self {
            customer_id: customer.id.0.to_string(),
            external_reference_id: texts.or_empty(customer.external_reference_id.as_deref()),
            display_name: customer.display_name(),
            username: texts.or_empty(customer.username.as_deref()),
            email_address: texts.or_empty(customer.email_address.as_deref()),
            back_office_id: customer.back_office_id(),
        }
    }
}
