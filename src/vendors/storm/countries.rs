//! Countries by their ids and names. The vendor's ids are not public: these are the numbers of ISO 3166-1 (752 is Sweden). A name
//! may be in any language of the vendor's shops.

use std::collections::HashMap;
use std::sync::LazyLock;

use rust_iso3166::CountryCode;

use crate::model;
use crate::vendor_facts::StormPlan;

/// One country per line: its code, then its names.
const TABLE: &str = include_str!("countries.tsv");

/// The code of each country by each of its names, in the form in which names are compared.
static NAMES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let listed = TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'));
    let listed = listed.flat_map(|(code, names)| names.split('\t').map(move |name| (comparable(name), code)));
    let iso = rust_iso3166::ALL.iter().map(|country| (comparable(country.name), country.alpha2));
    listed.chain(iso).collect()
});

pub(super) fn by_id(id: i32) -> Option<CountryCode> {
    u16::try_from(id).ok().filter(|id| *id < 1000).and_then(rust_iso3166::from_numeric)
}

/// The country with this ISO code of two letters in upper case.
pub(super) fn by_code(code: &str) -> Option<CountryCode> {
    rust_iso3166::from_alpha2(code)
}

/// The country with this name or ISO code of two letters, in any case. The tenant's plan comes first.
pub(super) fn by_text(text: &str, plan: &StormPlan) -> Option<CountryCode> {
    let text = comparable(text);
    match plan.countries.iter().find(|(name, _)| comparable(name) == text) {
        Some((_, country)) => country.as_ref().and_then(model::CountryCode::country),
        None => by_code(&text.to_ascii_uppercase()).or_else(|| NAMES.get(&text).and_then(|code| by_code(code))),
    }
}

pub(super) fn id(country: CountryCode) -> i32 {
    i32::from(country.numeric)
}

/// The form in which names are compared: case, kind of apostrophe and width of blanks do not count.
fn comparable(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase().replace('\u{2019}', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<&'static str> {
        by_text(text, &StormPlan::default()).map(|country| country.alpha2)
    }

    #[test]
    fn countries_are_found_by_number_code_and_name() {
        let code = |country: Option<CountryCode>| country.map(|country| country.alpha2);
        assert_eq!(code(by_id(752)), Some("SE"));
        assert_eq!(code(by_id(840)), Some("US"));
        assert_eq!(code(by_id(8)), Some("AL"));
        for text in ["SE", "se", " Se ", "sweden", "Sverige", "SVERIGE", "Ruotsi", "Schweden"] {
            assert_eq!(read(text), Some("SE"), "{text}");
        }
    }

    #[test]
    fn other_texts_are_unknown() {
        for id in [0, -1, 999, 1000, i32::MIN, i32::MAX] {
            assert!(by_id(id).is_none(), "{id}");
        }
        for text in ["", "SWE", "Narnia", "752", "ß", "#", "\t"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn every_country_is_listed_and_no_two_have_the_same_name() {
        let lines: Vec<(&str, &str)> = TABLE.lines().filter_map(|line| line.split_once('\t')).collect();
        assert_eq!(lines.len(), rust_iso3166::ALL.len());
        for (code, names) in lines {
            assert!(by_code(code).is_some(), "{code}");
            for name in names.split('\t') {
                assert_eq!(read(name), Some(code), "{name}");
            }
        }
        for country in rust_iso3166::ALL {
            assert_eq!((read(country.name), read(country.alpha2)), (Some(country.alpha2), Some(country.alpha2)));
        }
    }

    #[test]
    fn the_plan_comes_before_the_list() {
        let plan = serde_json::json!({ "countries": { "skottland": "GB", "SE": "FI", "Schweden": null } });
        let plan: StormPlan = serde_json::from_value(plan).expect("a plan");
        let read = |text| by_text(text, &plan).map(|country| country.alpha2);
        assert_eq!(read(" SKOTTLAND"), Some("GB"));
        assert_eq!((read("se"), read("Sverige"), read("Schweden")), (Some("FI"), Some("SE"), None));
    }
}
