//! Which texts are e-mail addresses. The rule is that of the crate `validator`; its regular expressions cost more than all other
//! rules of a customer together.

use validator::ValidateEmail as _;

/// Whether a text is an e-mail address.
#[must_use]
pub fn is_email_address(text: &str) -> bool {
    is_ordinary(text) || text.validate_email()
}

/// Whether a text is an ASCII address with a domain of ordinary labels. All of these are addresses, and there are others: with
/// an international domain or an IP address.
fn is_ordinary(text: &str) -> bool {
    let Some((user, domain)) = text.rsplit_once('@') else { return false };
    let is_of_user = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    matches!(user.len(), 1..=64)
        && user.bytes().all(is_of_user)
        && domain.len() <= 255
        && domain.as_bytes().split(|byte| *byte == b'.').all(is_label)
}

fn is_label(label: &[u8]) -> bool {
    let (Some(first), Some(last)) = (label.first(), label.last()) else { return false };
    label.len() <= 63
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
        && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_crate() {
        let long = |count: usize| "a".repeat(count);
        for (text, is_address) in [
            ("ryan@testing.directscale.com".to_owned(), true),
            ("!#$%&'*+/=?^_`{|}~-.a@x-1.y".to_owned(), true),
            (".a..b.@localhost".to_owned(), true),
            (format!("{}@{}.b", long(64), long(63)), true),
            (format!("{}@b", long(65)), false),
            (format!("a@{}.b", long(64)), false),
            (format!("a@{}a", "a.".repeat(127)), true),
            (format!("a@{}aa", "a.".repeat(127)), false),
            ("ryan@straße.example".to_owned(), true),
            ("ryan@[127.0.0.1]".to_owned(), true),
            ("zoë@x.example".to_owned(), false),
            (String::new(), false),
            ("@x.y".to_owned(), false),
            ("a@".to_owned(), false),
            ("a@b@c".to_owned(), false),
            ("a@-b.c".to_owned(), false),
            ("a@b-.c".to_owned(), false),
            ("a@b..c".to_owned(), false),
            ("a@b.c.".to_owned(), false),
            ("a@b.c\n".to_owned(), false),
            ("a @b.c".to_owned(), false),
            ("a@b_c".to_owned(), false),
        ] {
            assert_eq!((is_email_address(&text), text.validate_email()), (is_address, is_address), "{text}");
        }
    }

    #[test]
    fn ordinary_addresses_need_no_regular_expression() {
        for text in ["ryan@testing.directscale.com", "a.b+c@d", "u1@population.example"] {
            assert!(is_ordinary(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_text_is_decided_as_the_crate_decides(
            any in proptest::prelude::any::<String>(),
            like in "[-a-zA-Z0-9.!#_+@ \\n\\[\\]:é]{0,20}@[-a-zA-Z0-9._@ \\n\\[\\]:é]{0,20}",
            long in "[a-z.]{60,70}@[a-z-]{60,66}(\\.[a-z0-9-]{1,64}){0,4}",
        ) {
            for text in [any, like, long] {
                proptest::prop_assert_eq!(is_email_address(&text), text.validate_email(), "{}", text);
            }
        }
    }
}
