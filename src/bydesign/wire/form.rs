//! `application/x-www-form-urlencoded`.

use super::members::{Members, Scalar};

/// The members of a form. Bytes that are no UTF-8 become U+FFFD, as the framework's decoder has it.
pub(super) fn read(bytes: &[u8]) -> Members<'_> {
    let mut members = Members::default();
    for (name, text) in form_urlencoded::parse(bytes.trim_ascii_end()) {
        members.push(name, Scalar::Text(text));
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_members() {
        let members = read(b"FirstName=Ada+%26+B&lastname=L%C3%B6we&Company=&Email\r\n");
        assert_eq!(members.text("firstname").as_deref(), Some("Ada & B"));
        assert_eq!(members.text("LASTNAME").as_deref(), Some("Löwe"));
        assert_eq!(members.text("Company"), None);
        assert_eq!(members.get("Email"), Some(&Scalar::Text("".into())));
        assert_eq!(members.get("Phone1"), None);
    }
}
