//! Countries by their ids. The vendor's ids are not public: these are the numbers of ISO 3166-1 (752 is Sweden).

use rust_iso3166::CountryCode;

/// The country that has the id.
pub(super) fn by_id(id: i32) -> Option<CountryCode> {
    u16::try_from(id).ok().filter(|id| *id < 1000).and_then(rust_iso3166::from_numeric)
}

/// The country of this ISO code of two letters or this English name, in any case.
pub(super) fn by_text(text: &str) -> Option<CountryCode> {
    let text = text.trim();
    rust_iso3166::from_alpha2(&text.to_ascii_uppercase())
        .or_else(|| rust_iso3166::ALL.iter().find(|country| country.name.eq_ignore_ascii_case(text)).copied())
}

/// The id of a country.
pub(super) fn id(country: CountryCode) -> i32 {
    i32::from(country.numeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_known_by_number_code_and_name() {
        let code = |country: Option<CountryCode>| country.map(|country| country.alpha2);
        assert_eq!(code(by_id(752)), Some("SE"));
        assert_eq!(code(by_id(840)), Some("US"));
        assert_eq!(code(by_id(8)), Some("AL"));
        for text in ["SE", "se", " Se ", "sweden", "Sweden"] {
            assert_eq!(code(by_text(text)), Some("SE"), "{text}");
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        for id in [0, -1, 999, 1000, i32::MIN, i32::MAX] {
            assert!(by_id(id).is_none(), "{id}");
        }
        for text in ["", "SWE", "Narnia", "752", "ß"] {
            assert!(by_text(text).is_none(), "{text}");
        }
    }
}
