//! Texts: which characters are forbidden, and the form in which values are compared.

/// Whether the character is forbidden in every text: all control characters except tab and line breaks.
#[must_use]
pub fn is_forbidden(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n' | '\r')
}

/// Whether a text has a forbidden character.
pub(super) fn has_forbidden(text: &str) -> bool {
    // Most texts are plain ASCII, whose bytes need no decoding.
    // Without an early end, so that the compiler compares many bytes at once.
    let is_plain = text.bytes().fold(true, |is_plain, byte| is_plain & (b' '..=b'~').contains(&byte));
    !is_plain && text.contains(is_forbidden)
}

/// The form in which values are compared for uniqueness: without surrounding space, in lower case.
pub(super) fn comparable(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The web alias that is derived from a username: its letters, digits, `-` and `_`; `None` if it has none of them.
pub(super) fn alias_of(username: &str) -> Option<String> {
    let legal = |character: &char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let alias: String = username.chars().filter(legal).take(50).collect();
    (!alias.is_empty()).then_some(alias)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparison_ignores_case_and_surrounding_space() {
        assert_eq!(comparable("  Straße@X.Y "), "straße@x.y");
    }

    #[test]
    fn every_control_character_but_tab_and_line_breaks_is_forbidden() {
        for character in (0..=0x2ff).filter_map(char::from_u32) {
            let text = format!("{character}plain text");
            assert_eq!(has_forbidden(&text), text.contains(is_forbidden), "{text:?}");
            assert_eq!(has_forbidden(&text), character.is_control() && !"\t\n\r".contains(character), "{text:?}");
        }
    }

    #[test]
    fn an_alias_keeps_only_what_is_legal() {
        assert_eq!(alias_of("Emperor Palpatine").as_deref(), Some("EmperorPalpatine"));
        assert_eq!(alias_of("«»"), None);
    }
}
