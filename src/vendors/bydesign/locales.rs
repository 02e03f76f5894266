//! `PreferredCulture`: the ids of locales, and the languages that they are. Only 1 is known of the vendor's list; the
//! others are ours.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vendors::bydesign) struct Locale {
    pub(in crate::vendors::bydesign) id: i32,
    /// The ISO 639-1 code of its language.
    pub(in crate::vendors::bydesign) language: &'static str,
    pub(in crate::vendors::bydesign) description: &'static str,
    /// Its name in .NET: `en-US`.
    pub(in crate::vendors::bydesign) iso_description: &'static str,
    pub(in crate::vendors::bydesign) windows_number: i32,
    /// How many decimals its amounts of money are written with.
    pub(in crate::vendors::bydesign) decimals: i32,
}

/// The id of the locale of customers who have none.
pub(in crate::vendors::bydesign) const DEFAULT_ID: i32 = 1;

pub(in crate::vendors::bydesign) const ALL: [Locale; 16] = [
    locale(1, "en", "English", "en-US", 1033),
    locale(2, "es", "Spanish", "es-MX", 2058),
    locale(3, "fr", "French", "fr-FR", 1036),
    locale(4, "de", "German", "de-DE", 1031),
    locale(5, "it", "Italian", "it-IT", 1040),
    locale(6, "pt", "Portuguese", "pt-BR", 1046),
    locale(7, "nl", "Dutch", "nl-NL", 1043),
    locale(8, "sv", "Swedish", "sv-SE", 1053),
    locale(9, "da", "Danish", "da-DK", 1030),
    locale(10, "no", "Norwegian", "nb-NO", 1044),
    locale(11, "fi", "Finnish", "fi-FI", 1035),
    locale(12, "pl", "Polish", "pl-PL", 1045),
    locale(13, "ru", "Russian", "ru-RU", 1049),
    locale(14, "ja", "Japanese", "ja-JP", 1041),
    locale(15, "ko", "Korean", "ko-KR", 1042),
    locale(16, "zh", "Chinese", "zh-CN", 2052),
];

const fn locale(
    id: i32,
    language: &'static str,
    description: &'static str,
    iso_description: &'static str,
    windows_number: i32,
) -> Locale {
    // Yen and won have none.
    let decimals = if matches!(windows_number, 1041 | 1042) { 0 } else { 2 };
    Locale { id, language, description, iso_description, windows_number, decimals }
}

/// The language of the locale with this id.
pub(in crate::vendors::bydesign) fn language(id: i32) -> Option<&'static str> {
    ALL.iter().find(|locale| locale.id == id).map(|locale| locale.language)
}

/// The id of the locale of this language; that of English for one that is not on the list.
pub(in crate::vendors::bydesign) fn id(language: &str) -> i32 {
    let found = ALL.iter().find(|locale| locale.language.eq_ignore_ascii_case(language));
    found.map_or(DEFAULT_ID, |locale| locale.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_languages_are_one_to_one() {
        for locale in ALL {
            assert_eq!(language(locale.id), Some(locale.language));
            assert_eq!(id(&locale.language.to_uppercase()), locale.id);
            assert!(isolang::Language::from_639_1(locale.language).is_some());
        }
        assert_eq!(language(1), Some("en"));
        assert_eq!(language(34), None);
        assert_eq!(id("uk"), DEFAULT_ID);
    }
}
