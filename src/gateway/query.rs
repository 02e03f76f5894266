//! The parameters of a query, for all vendors.

use std::borrow::Cow;

use uuid::Uuid;

/// The longest name of a placeholder.
const LONGEST_NAME: usize = 64;

/// The parameters of a query, decoded. One whose value is a placeholder that nobody filled in is absent: the vendor's portal
/// shows addresses such as `?tree={}&levels={1}&{body}`, and clients send them as they are.
pub(crate) fn parameters(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !is_placeholder(value))
}

/// Whether a value is a placeholder, or a list of nothing else: `{}`, `{date}`, `{{customerId}}`. A Guid in braces is a value.
fn is_placeholder(value: &str) -> bool {
    let is_one = |text: &str| {
        let text = text.trim();
        let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else { return false };
        let name = inner.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(inner);
        let is_of_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ' ' | '$');
        name.len() <= LONGEST_NAME && name.chars().all(is_of_name) && name.parse::<Uuid>().is_err()
    };
    value.split(',').all(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_filled_in_is_a_placeholder() {
        for value in ["{}", "{1}", "{date}", "{customer-id}", "{{customerId}}", " {tree} ", "{a},{b}", "{$guid}"] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in [
            "",
            "1",
            "{",
            "}",
            "{date",
            "date}",
            r#"{"a":1}"#,
            "{a}{b}",
            "1,{b}",
            "{3f2504e0-4f89-11d3-9a0c-0305e82c3301}",
            "{3F2504E04F8911D39A0C0305E82C3301}",
        ] {
            assert!(!is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn the_others_are_decoded_and_stay_in_order() {
        let read: Vec<_> = parameters("tree=%7B%7D&levels=2&{body}&A=x%20y&levels={1}").collect();
        let pairs: Vec<(&str, &str)> = read.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(pairs, [("levels", "2"), ("{body}", ""), ("A", "x y")]);
    }
}
