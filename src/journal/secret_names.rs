//! The names of secrets, in one place for bodies, headers, paths and the columns of rows.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::wire::members::is_like;

/// The endings of secret names in lower case, by their last letter, because most names have another one.
fn names_ending(last: u8) -> &'static [&'static str] {
    match last.to_ascii_lowercase() {
        b'd' => &["password", "passwd", "pwd", "taxid", "tax_id"],
        b's' => &["pass"],
        b'n' => &["ssn", "token", "authorization"],
        b'h' => &["password_hash"],
        b't' => &["secret", "digest"],
        b'r' => &["bearer"],
        b'1' => &["password1"],
        b'2' => &["taxid2", "password2"],
        b'y' => &["subscription-key", "apikey", "api_key", "passwordresetkey", "tax_id_key"],
        _ => &[],
    }
}

/// A column whose value is never shown.
#[must_use]
pub fn is_secret_column(name: &str) -> bool {
    is_known_secret(name.as_bytes())
}

/// Secrets whose misspelled names are hidden too, because a response asks whether the caller meant one of these.
const MISSPELLED: [&str; 13] = [
    "password",
    "newpassword",
    "oldpassword",
    "passwordresetkey",
    "taxid",
    "taxid2",
    "ssn",
    "token",
    "secret",
    "authorization",
    "bearer",
    "subscriptionkey",
    "apikey",
];

/// The letters of each.
const LETTERS: [u32; MISSPELLED.len()] = {
    let mut sets = [0; MISSPELLED.len()];
    let mut at = 0;
    while at < sets.len() {
        sets[at] = letters(MISSPELLED[at].as_bytes());
        at += 1;
    }
    sets
};

/// Names in lower case that are similar to one of those and mean something else.
const NO_SECRETS: [&str; 4] = ["token_type", "tokentype", "authorizations", "passwordresetexpirationdate"];

/// Longer names are not compared. In bytes.
const MAX_NAME_LENGTH: usize = 128;

/// The letters of a text, a bit each.
const fn letters(text: &[u8]) -> u32 {
    let (mut set, mut at) = (0, 0);
    while at < text.len() {
        if text[at].is_ascii_alphabetic() {
            set |= 1 << (text[at].to_ascii_lowercase() - b'a');
        }
        at += 1;
    }
    set
}

/// Whether this is the name of a secret, or probably a misspelled one.
pub(crate) fn is_secret_name(name: &str) -> bool {
    ends_with_secret_name(name.as_bytes()) || is_misspelled_secret(name.as_bytes())
}

/// Whether a name is probably the misspelled name of a secret.
fn is_misspelled_secret(name: &[u8]) -> bool {
    let name = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
    if name.len() < 3 || name.len() > MAX_NAME_LENGTH {
        return false;
    }
    COMPARED.with_borrow_mut(|compared| {
        if let Some(is_similar) = compared.get(name) {
            return *is_similar;
        }
        let is_similar = is_similar_to_secret(name);
        // Callers choose the names.
        if compared.len() == MAX_COMPARED {
            compared.clear();
        }
        compared.insert(name.into(), is_similar);
        is_similar
    })
}

/// Maximum number of names whose comparison each thread keeps.
const MAX_COMPARED: usize = 1024;

thread_local! {
    /// Names that were compared, and whether each is similar to the name of a secret. Requests repeat the same names, and comparing
    /// all those of an upgrade takes more instructions than hashing its password.
    static COMPARED: RefCell<HashMap<Box<[u8]>, bool>> = RefCell::default();
}

fn is_similar_to_secret(name: &[u8]) -> bool {
    let set = letters(name);
    MISSPELLED.iter().zip(LETTERS).any(|(secret, of_secret)| {
        // Each letter that only one of the two has is a mistake. A name with too many of them needs no closer comparison.
        let (missing, added) = ((of_secret & !set).count_ones(), (set & !of_secret).count_ones());
        let longer = secret.len().max(name.len());
        let may_be_similar = missing.max(added) as usize * 10 <= longer * 3;
        let ends = |text: &[u8]| (text.first().map(u8::to_ascii_lowercase), text.last().map(u8::to_ascii_lowercase));
        let ((first, last), (other_first, other_last)) = (ends(name), ends(secret.as_bytes()));
        let may_be_part = (missing == 0 || added == 0) && (first == other_first || last == other_last);
        (may_be_similar || may_be_part)
            && std::str::from_utf8(name).is_ok_and(|name| {
                is_like(name, secret) && !NO_SECRETS.iter().any(|other| other.eq_ignore_ascii_case(name))
            })
    })
}

/// Whether a text ends with the name of a secret, spelled correctly or not.
pub(super) fn ends_with_secret_name(before: &[u8]) -> bool {
    let (name, is_quoted) = without_quotes(before);
    is_known_secret(name) || is_misspelled_secret(whole_name(name, is_quoted))
}

/// Whether a text ends with the name of a secret as this program spells it.
pub(super) fn ends_with_known_secret_name(before: &[u8]) -> bool {
    is_known_secret(without_quotes(before).0)
}

/// The text without the quotes after the name, and whether the name is in quotes.
fn without_quotes(before: &[u8]) -> (&[u8], bool) {
    // Spaces and quotes may follow the name. In the JSON of most programs, one quote does.
    let name = before.strip_suffix(b"\"").unwrap_or_else(|| before.trim_ascii_end());
    let quotes = name.iter().rev().take_while(|byte| matches!(byte, b'"' | b'\'' | b'\\')).count();
    (&name[..name.len() - quotes], quotes > 0 || before.ends_with(b"\""))
}

pub(super) fn is_known_secret(name: &[u8]) -> bool {
    let Some(last) = name.last() else { return false };
    names_ending(*last).iter().any(|known| {
        let start = name.len().checked_sub(known.len());
        start.is_some_and(|start| name[start..].eq_ignore_ascii_case(known.as_bytes()))
    })
}

/// The name at the end of a text.
fn whole_name(text: &[u8], is_quoted: bool) -> &[u8] {
    let near = &text[text.len().saturating_sub(MAX_NAME_LENGTH + 1)..];
    let is_outside = |byte: &u8| {
        if is_quoted {
            matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'=')
        } else {
            !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || !byte.is_ascii())
        }
    };
    &near[near.iter().rposition(is_outside).map_or(0, |outside| outside + 1)..]
}

pub(super) fn is_secret_header(name: &str) -> bool {
    const PARTS: [&str; 7] = ["key", "auth", "cookie", "token", "secret", "callback", "password"];
    // The headers of most requests are not searched, because this runs for each of them.
    let is_usual = matches!(
        name,
        "host"
            | "accept"
            | "user-agent"
            | "content-type"
            | "content-length"
            | "connection"
            | "accept-encoding"
            | "prefer"
    );
    !is_usual
        && !name.ends_with("-requestid")
        && !name.ends_with("-message")
        && PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_documented_name_counts_as_a_misspelled_secret() {
        fn names(value: &serde_json::Value, found: &mut std::collections::BTreeSet<String>) {
            match value {
                serde_json::Value::Object(members) => {
                    let properties = members.get("properties").and_then(serde_json::Value::as_object);
                    found.extend(properties.into_iter().flat_map(|properties| properties.keys().cloned()));
                    let parameter = members.get("name").filter(|_| members.contains_key("in"));
                    found.extend(parameter.and_then(serde_json::Value::as_str).map(str::to_owned));
                    members.values().for_each(|member| names(member, found));
                }
                serde_json::Value::Array(items) => items.iter().for_each(|item| names(item, found)),
                _ => {}
            }
        }
        let mut found = std::collections::BTreeSet::new();
        names(&serde_json::to_value(crate::vendors::document()).expect("JSON"), &mut found);
        assert!(found.len() > 150 && found.contains("TaxExemptId"), "{found:?}");
        let hides = |name: &&String| !ends_with_known_name(name) && is_misspelled_secret(name.as_bytes());
        let hidden: Vec<&String> = found.iter().filter(hides).collect();
        assert_eq!(hidden, Vec::<&String>::new());
    }

    #[test]
    fn a_name_is_compared_once_and_the_number_of_kept_names_is_bounded() {
        for number in 0..3 * MAX_COMPARED {
            let other = format!("Field{number}");
            for name in ["Pasword", "FirstName", other.as_str()] {
                assert_eq!(is_misspelled_secret(name.as_bytes()), is_similar_to_secret(name.as_bytes()), "{name}");
            }
            assert!(COMPARED.with_borrow(HashMap::len) <= MAX_COMPARED);
        }
        assert!(is_misspelled_secret(b"Pasword") && !is_misspelled_secret(b"FirstName"));
    }

    fn ends_with_known_name(name: &str) -> bool {
        let last = name.as_bytes().last().copied().unwrap_or_default();
        names_ending(last).iter().any(|known| name.to_ascii_lowercase().ends_with(known))
    }
}
