//! The names of countries. The vendor checks them against the tenant's list: clients send names in capitals, `CA` was rejected
//! where `CANADA` was accepted, and `US` is accepted (a public integrator's history). The list here is ISO 3166-1's.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::vendor_facts::ByDesignPlan;

/// Names that the vendor's clients use instead of ISO's. Responses use a country's first one where [`NAMED_BY_ALIAS`] has it.
const ALIASES: [(&str, &str); 52] = [
    ("US", "USA"),
    ("US", "UNITED STATES"),
    ("US", "U.S.A."),
    ("GB", "UNITED KINGDOM"),
    ("GB", "GREAT BRITAIN"),
    ("GB", "UK"),
    ("KR", "KOREA (THE REPUBLIC OF)"),
    ("KR", "KOREA, REPUBLIC OF"),
    ("KR", "SOUTH KOREA"),
    ("KP", "KOREA (THE DEMOCRATIC PEOPLE'S REPUBLIC OF)"),
    ("KP", "NORTH KOREA"),
    ("NL", "NETHERLANDS"),
    ("NL", "NETHERLANDS (THE)"),
    ("AX", "ALAND ISLANDS"),
    ("AE", "UNITED ARAB EMIRATES (THE)"),
    ("BO", "BOLIVIA"),
    ("BS", "BAHAMAS (THE)"),
    ("BL", "SAINT BARTHELEMY"),
    ("BN", "BRUNEI"),
    ("CD", "CONGO (THE DEMOCRATIC REPUBLIC OF THE)"),
    ("CG", "CONGO (THE)"),
    ("CI", "COTE D'IVOIRE"),
    ("CI", "IVORY COAST"),
    ("CV", "CAPE VERDE"),
    ("CW", "CURACAO"),
    ("CZ", "CZECH REPUBLIC"),
    ("DO", "DOMINICAN REPUBLIC (THE)"),
    ("FM", "MICRONESIA"),
    ("IR", "IRAN"),
    ("LA", "LAOS"),
    ("MD", "MOLDOVA"),
    ("MK", "MACEDONIA"),
    ("MO", "MACAU"),
    ("PH", "PHILIPPINES (THE)"),
    ("PS", "PALESTINE"),
    ("RE", "REUNION"),
    ("RU", "RUSSIA"),
    ("RU", "RUSSIAN FEDERATION (THE)"),
    ("SY", "SYRIA"),
    ("SZ", "SWAZILAND"),
    ("TR", "TURKEY"),
    ("TR", "TURKIYE"),
    ("TW", "TAIWAN"),
    ("TZ", "TANZANIA"),
    ("US", "UNITED STATES OF AMERICA (THE)"),
    ("GB", "UNITED KINGDOM OF GREAT BRITAIN AND NORTHERN IRELAND (THE)"),
    ("VA", "VATICAN CITY"),
    ("VE", "VENEZUELA"),
    ("VG", "BRITISH VIRGIN ISLANDS"),
    ("VI", "US VIRGIN ISLANDS"),
    ("VN", "VIETNAM"),
    ("MM", "BURMA"),
];

/// The countries that responses name by their first alias.
const NAMED_BY_ALIAS: [&str; 4] = ["US", "GB", "KR", "NL"];

/// Codes that are not accepted as the name of their country.
const REJECTED_CODES: [&str; 1] = ["CA"];

/// Every accepted spelling in capitals, and its country's code.
static SPELLINGS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut spellings = HashMap::new();
    for country in rust_iso3166::ALL {
        spellings.insert(country.name.to_uppercase(), country.alpha2);
        if !REJECTED_CODES.contains(&country.alpha2) {
            spellings.insert(country.alpha2.to_owned(), country.alpha2);
        }
    }
    spellings.extend(ALIASES.map(|(code, alias)| (alias.to_owned(), code)));
    spellings
});

/// Every country's name in capitals, by its code.
static NAMES: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
    let name = |country: &rust_iso3166::CountryCode| {
        let alias = ALIASES.iter().find(|(code, _)| *code == country.alpha2 && NAMED_BY_ALIAS.contains(code));
        alias.map_or_else(|| country.name.to_uppercase(), |(_, alias)| (*alias).to_owned())
    };
    rust_iso3166::ALL.iter().map(|country| (country.alpha2, name(country))).collect()
});

/// The two-letter ISO 3166-1 code of a country: by the spellings of the tenant's plan, else by the list.
pub(super) fn code(spelling: &str, plan: &ByDesignPlan) -> Option<&'static str> {
    let spelling = spelling.trim().to_uppercase();
    match plan.countries.iter().find(|(known, _)| known.trim().to_uppercase() == spelling) {
        Some((_, country)) => {
            country.as_ref().and_then(crate::model::CountryCode::country).map(|country| country.alpha2)
        }
        None => SPELLINGS.get(&spelling).copied(),
    }
}

/// The name of a country in capitals; `None` for an unknown code.
pub(super) fn name(code: &str) -> Option<&'static str> {
    NAMES.get(code).map(String::as_str)
}

/// Every country's ISO 3166-1 number, code and name, sorted by name.
pub(super) fn all() -> Vec<(i32, &'static str, &'static str)> {
    let mut all: Vec<_> = rust_iso3166::ALL
        .iter()
        .filter_map(|country| Some((i32::from(country.numeric), country.alpha2, name(country.alpha2)?)))
        .collect();
    all.sort_by_key(|(_, _, name)| *name);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_found_by_the_names_that_clients_send() {
        let plan = ByDesignPlan::default();
        for (spelling, expected) in [
            ("USA", "US"),
            ("US", "US"),
            ("usa ", "US"),
            ("UNITED STATES", "US"),
            ("CANADA", "CA"),
            ("Canada", "CA"),
            ("UNITED KINGDOM", "GB"),
            ("gb", "GB"),
            ("KOREA (THE REPUBLIC OF)", "KR"),
            ("HONG KONG", "HK"),
            ("Jersey", "JE"),
            ("CÔTE D'IVOIRE", "CI"),
            ("türkiye", "TR"),
        ] {
            assert_eq!(code(spelling, &plan), Some(expected), "{spelling}");
        }
        for spelling in ["CA", "ca", "CAN", "ATLANTIS", "sample string 13", ""] {
            assert_eq!(code(spelling, &plan), None, "{spelling}");
        }
    }

    #[test]
    fn the_plan_takes_precedence_over_the_list() {
        let plan = serde_json::json!({ "countries": { "ca": "CA", "Scotland": "GB", "US": null } });
        let plan: ByDesignPlan = serde_json::from_value(plan).expect("a plan");
        assert_eq!(code("CA", &plan), Some("CA"));
        assert_eq!(code("SCOTLAND", &plan), Some("GB"));
        assert_eq!(code("us", &plan), None);
        assert_eq!(code("USA", &plan), Some("US"));
    }

    #[test]
    fn every_name_finds_its_country() {
        let plan = ByDesignPlan::default();
        assert_eq!(all().len(), rust_iso3166::ALL.len());
        for (_, own, name) in all() {
            assert_eq!(code(name, &plan), Some(own), "{name}");
        }
        for (country, alias) in ALIASES {
            assert_eq!(code(alias, &plan), Some(country), "{alias}");
        }
        for (code, expected) in [("US", "USA"), ("CA", "CANADA"), ("GB", "UNITED KINGDOM"), ("JE", "JERSEY")] {
            assert_eq!(name(code), Some(expected));
        }
        assert_eq!(name("us"), None);
    }
}
