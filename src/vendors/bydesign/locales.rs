//! `PreferredCulture`: the ids of locales, and their languages. Only the vendor's id 1 is known; this emulator chose the
//! others.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Locale {
    pub id: i32,
    /// The ISO 639-1 code.
    pub language: &'static str,
    pub description: &'static str,
    /// The name in .NET: `en-US`.
    pub iso_description: &'static str,
    pub windows_number: i32,
    /// Of amounts of money.
    pub decimals: i32,
}

/// The locale of customers without one.
pub(super) const DEFAULT_ID: i32 = 1;

pub(super) const ALL: [Locale; 16] = [
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
    // Yen and won have no decimals.
    let decimals = if matches!(windows_number, 1041 | 1042) { 0 } else { 2 };
    Locale { id, language, description, iso_description, windows_number, decimals }
}

pub(super) fn language(id: i32) -> Option<&'static str> {
    ALL.iter().find(|locale| locale.id == id).map(|locale| locale.language)
}

/// The id of the language's locale; English where the list does not have the language.
pub(super) fn id(language: &str) -> i32 {
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
