//! Which characters XML 1.0 can hold, and how they are written.

/// Whether a document may hold the character at all (XML 1.0, production 2).
pub(super) fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Writes a text as the content of an element. What XML cannot hold becomes U+FFFD, so that the document stays one.
pub(super) fn text(into: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            // Bare, a reader would make a line feed of it.
            '\r' => into.push_str("&#xD;"),
            allowed if is_allowed(allowed) => into.push(allowed),
            _ => into.push('\u{fffd}'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let mut written = String::new();
        text(&mut written, "<a & \"b\">\u{0}\u{1f}\u{fffe}\r\n\t😀");
        assert_eq!(written, "&lt;a &amp; \"b\"&gt;\u{fffd}\u{fffd}\u{fffd}&#xD;\n\t😀");
    }
}
