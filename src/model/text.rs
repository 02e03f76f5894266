//! Blank texts.

/// The text, or `None` where it is empty or white space: blank counts as absent ("if a field is omitted or remains
/// blank", DirectScale, Upgrade Customer page).
#[must_use]
pub fn filled(text: &str) -> Option<&str> {
    (!text.trim().is_empty()).then_some(text)
}

pub(super) fn remove_blank(text: &mut Option<String>) {
    if text.as_deref().is_some_and(|text| filled(text).is_none()) {
        *text = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_blank() {
        assert_eq!(filled(" \t\n"), None);
        assert_eq!(filled(" a "), Some(" a "));
    }
}
