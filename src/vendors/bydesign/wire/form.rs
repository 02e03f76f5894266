//! `application/x-www-form-urlencoded`.

use std::borrow::Cow;

use encoding_rs::Encoding;

use super::members::{Members, Scalar};
use crate::wire::charset::escapes_in_utf8;

/// The members of a form, whose escapes are bytes of `charset`. Bytes that are no UTF-8 become U+FFFD, as the framework's
/// decoder has it.
pub(super) fn read<'a>(bytes: &'a [u8], charset: Option<&'static Encoding>) -> Members<'a> {
    let mut members = Members::default();
    let mut push = |name: Cow<'a, str>, text: Cow<'a, str>| members.push(name, Scalar::Text(text));
    match charset {
        None => form_urlencoded::parse(bytes.trim_ascii_end()).for_each(|(name, text)| push(name, text)),
        Some(charset) => {
            let form = String::from_utf8_lossy(bytes.trim_ascii_end());
            let form = escapes_in_utf8(&form, Some(charset));
            let owned = form_urlencoded::parse(form.as_bytes()).into_owned();
            owned.for_each(|(name, text)| push(name.into(), text.into()));
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_members() {
        let members = read(b"FirstName=Ada+%26+B&lastname=L%C3%B6we&Company=&Email\r\n", None);
        let latin = read(b"FirstName=Ada+%26+B&lastname=L%F6we&Company=&Email\r\n", Some(encoding_rs::WINDOWS_1252));
        assert_eq!(latin, members);
        assert_eq!(members.text("firstname").as_deref(), Some("Ada & B"));
        assert_eq!(members.text("LASTNAME").as_deref(), Some("Löwe"));
        assert_eq!(members.text("Company"), None);
        assert_eq!(members.get("Email"), Some(&Scalar::Text("".into())));
        assert_eq!(members.get("Phone1"), None);
    }
}
