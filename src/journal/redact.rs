//! Secrets in what callers send and get, hidden before anything of it is kept.

use std::borrow::Cow;

use memchr::{memchr3_iter, memmem};

use super::rows::HIDDEN;
use crate::wire::members::is_like;
use crate::wire::relaxed::{Leniency, rewritten};

/// How the name of a secret ends, in lower case, by its last letter: most names end like none of these.
fn names_ending(last: u8) -> &'static [&'static str] {
    match last.to_ascii_lowercase() {
        b'd' => &["password", "passwd", "taxid", "tax_id"],
        b's' => &["pass"],
        b'n' => &["ssn", "token", "authorization"],
        b't' => &["secret"],
        b'r' => &["bearer"],
        b'1' => &["password1"],
        b'2' => &["taxid2", "password2"],
        b'y' => &["subscription-key", "apikey", "api_key", "passwordresetkey"],
        _ => &[],
    }
}

/// Where the first value of a secret begins: behind its name and what stands between them (`"Password": `, `password=`,
/// `<Password>`).
fn find_value(text: &str, ends_a_name: fn(&[u8]) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let separator = memchr3_iter(b':', b'=', b'>', bytes).find(|separator| ends_a_name(&bytes[..*separator]))?;
    let after = &bytes[separator + 1..];
    Some(text.len() - after.trim_ascii_start().len())
}

/// Secrets whose misspelled names are known too: the caller is told that one of these was probably meant.
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

/// The letters of each of them.
const LETTERS: [u32; MISSPELLED.len()] = {
    let mut sets = [0; MISSPELLED.len()];
    let mut at = 0;
    while at < sets.len() {
        sets[at] = letters(MISSPELLED[at].as_bytes());
        at += 1;
    }
    sets
};

/// Names that are like one of those and known to mean something else, in lower case.
const OTHERWISE_KNOWN: [&str; 3] = ["token_type", "tokentype", "authorizations"];

/// The longest name that is looked at, in bytes.
const LONGEST_NAME: usize = 128;

/// Which letters a text has, a bit each.
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

/// Whether this is the name of a secret, or is probably meant as one.
fn is_secret_name(name: &str) -> bool {
    ends_a_secrets_name(name.as_bytes()) || is_meant_as_secret(name.as_bytes())
}

/// Whether a name is so like that of a secret that this is what was probably meant.
fn is_meant_as_secret(name: &[u8]) -> bool {
    let name = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
    if name.len() < 3 || name.len() > LONGEST_NAME {
        return false;
    }
    let set = letters(name);
    MISSPELLED.iter().zip(LETTERS).any(|(secret, of_secret)| {
        // Each letter that only one of the two has is a mistake: what has more of them than are allowed is not looked at closely.
        let (missing, added) = ((of_secret & !set).count_ones(), (set & !of_secret).count_ones());
        let longer = secret.len().max(name.len());
        let may_be_alike = missing.max(added) as usize * 10 <= longer * 3;
        let ends = |text: &[u8]| (text.first().map(u8::to_ascii_lowercase), text.last().map(u8::to_ascii_lowercase));
        let ((first, last), (other_first, other_last)) = (ends(name), ends(secret.as_bytes()));
        let may_be_part = (missing == 0 || added == 0) && (first == other_first || last == other_last);
        (may_be_alike || may_be_part)
            && std::str::from_utf8(name).is_ok_and(|name| {
                is_like(name, secret) && !OTHERWISE_KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name))
            })
    })
}

/// Whether the name of a secret ends here, as it is or as a caller may misspell it.
fn ends_a_secrets_name(before: &[u8]) -> bool {
    let (name, is_quoted) = without_quotes(before);
    is_known_secret(name) || is_meant_as_secret(whole_name(name, is_quoted))
}

/// Whether the name of a secret ends here, spelled as this program does.
fn ends_a_known_secrets_name(before: &[u8]) -> bool {
    is_known_secret(without_quotes(before).0)
}

/// A text to the end of a name, and whether the name is in quotes.
fn without_quotes(before: &[u8]) -> (&[u8], bool) {
    // Blanks and then quotes may follow the name; in JSON as most programs write it, one quote does.
    let name = before.strip_suffix(b"\"").unwrap_or_else(|| before.trim_ascii_end());
    let quotes = name.iter().rev().take_while(|byte| matches!(byte, b'"' | b'\'' | b'\\')).count();
    (&name[..name.len() - quotes], quotes > 0 || before.ends_with(b"\""))
}

fn is_known_secret(name: &[u8]) -> bool {
    let Some(last) = name.last() else { return false };
    names_ending(*last).iter().any(|known| {
        let start = name.len().checked_sub(known.len());
        start.is_some_and(|start| name[start..].eq_ignore_ascii_case(known.as_bytes()))
    })
}

/// The name with which a text ends.
fn whole_name(text: &[u8], is_quoted: bool) -> &[u8] {
    let near = &text[text.len().saturating_sub(LONGEST_NAME + 1)..];
    let is_outside = |byte: &u8| {
        if is_quoted {
            matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'=')
        } else {
            !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || !byte.is_ascii())
        }
    };
    &near[near.iter().rposition(is_outside).map_or(0, |outside| outside + 1)..]
}

/// A header whose value is a secret.
pub(super) fn is_secret_header(name: &str) -> bool {
    const PARTS: [&str; 7] = ["key", "auth", "cookie", "token", "secret", "callback", "password"];
    // Most headers of most calls: looked at for each, so not searched.
    if matches!(
        name,
        "host"
            | "accept"
            | "user-agent"
            | "content-type"
            | "content-length"
            | "connection"
            | "accept-encoding"
            | "prefer"
            | "x-directscale-requestid"
            | "x-directscale-message"
            | "applicationid"
    ) {
        return false;
    }
    PARTS.iter().any(|part| name.contains(part))
}

/// A text without its secrets. What follows a secret's name and is not a plain value hides the rest of the text, because it
/// cannot be told where it ends; so does a name written with escapes.
pub(super) fn redacted(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        // UTF-16, say: names and values stand in it letter by letter.
        return Cow::Owned(format!("{HIDDEN} (not UTF-8: not shown)"));
    }
    if text.trim_ascii_start().starts_with("--") {
        // Names and values stand in lines of their own there, without anything between them that tells.
        return Cow::Owned(format!("{HIDDEN} (multipart: not shown)"));
    }
    let begins_with = text.trim_start_matches('\u{feff}').trim_start().as_bytes().first();
    match begins_with {
        Some(b'<') => return Cow::Owned(masked_xml(text)),
        Some(b'{' | b'[' | b'"' | b'/') | None => {}
        Some(_) if text.contains('=') => return Cow::Owned(masked_form(text)),
        Some(_) => {}
    }
    // Between a name and its value a comment may stand, in which anything can.
    let has_comments = ["//", "/*"].iter().any(|mark| memmem::find(text.as_bytes(), mark.as_bytes()).is_some());
    if has_comments && matches!(begins_with, Some(b'{' | b'[' | b'/')) {
        return Cow::Owned(masked_json(&rewritten(text, Leniency::JsonNet)).into_owned());
    }
    masked_json(text)
}

/// The same for an answer: its names are spelled by this program, so none is looked at for what it may have meant, and it has no
/// comments.
pub(super) fn redacted_answer(text: &str) -> Cow<'_, str> {
    let is_json = matches!(text.as_bytes().first(), Some(b'{' | b'['));
    if is_json && memmem::find(text.as_bytes(), b"\\u").is_none() {
        return masked_by(text, ends_a_known_secrets_name);
    }
    redacted(text)
}

fn masked_json(text: &str) -> Cow<'_, str> {
    if memmem::find(text.as_bytes(), b"\\u").is_none() {
        return masked(text);
    }
    // A name can be spelled in escapes. JSON tells what it is; anything else is not shown.
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => Cow::Owned(masked(&value.to_string()).into_owned()),
        Err(_) => Cow::Owned(format!("{HIDDEN} (not JSON, with escapes: not shown)")),
    }
}

/// XML without its secrets: of an element that is called like one nothing is shown until it ends.
fn masked_xml(text: &str) -> String {
    let mut rest = text;
    let mut hidden = String::new();
    while let Some((name, begin)) = find_element(rest) {
        let (before, after) = rest.split_at(begin);
        hidden.push_str(&masked(before));
        let length = content_length(after, name);
        if length > 0 {
            hidden.push_str(HIDDEN);
        }
        rest = &after[length..];
    }
    hidden.push_str(&masked(rest));
    hidden
}

/// The first element with content that is called like a secret: its name, and where its content begins.
fn find_element(text: &str) -> Option<(&str, usize)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find('<')? + 1;
        let tag = &text[start..];
        let name =
            &tag[..tag.find(|end: char| end.is_whitespace() || matches!(end, '>' | '/' | '<')).unwrap_or(tag.len())];
        from = start + name.len();
        if name.is_empty() || !is_secret_name(name) {
            continue;
        }
        let mut quote = None;
        let end = tag.bytes().position(|byte| {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
            byte == b'>' && quote.is_none()
        });
        // A tag that never ends hides what follows its name.
        let Some(end) = end else { return Some((name, from)) };
        from = start + end + 1;
        if !tag[..end].ends_with('/') {
            return Some((name, from));
        }
    }
}

/// How many bytes the content of the element is, as long as it may be: what looks like its end in a comment or in CDATA is
/// none, so then all is hidden until the last.
fn content_length(text: &str, name: &str) -> usize {
    let ends = text.match_indices("</").map(|(end, _)| end);
    let mut ends = ends.filter(|end| text[end + 2..].starts_with(name));
    match ends.next() {
        Some(first) if text[..first].contains("<!") || text[..first].contains("<?") => ends.last().unwrap_or(first),
        first => first.unwrap_or(text.len()),
    }
}

/// A form without its secrets; names are read as they are meant. What is no form is looked through part by part.
fn masked_form(text: &str) -> String {
    let shown = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let meant = form_urlencoded::parse(name.as_bytes()).next().map(|(name, _)| name);
        if !value.is_empty() && meant.is_some_and(|name| is_secret_name(name.trim_end())) {
            format!("{name}={HIDDEN}")
        } else if pair.contains("\\u") {
            format!("{HIDDEN} (with escapes: not shown)")
        } else {
            masked(pair).into_owned()
        }
    };
    text.split('&').map(shown).collect::<Vec<_>>().join("&")
}

fn masked(text: &str) -> Cow<'_, str> {
    masked_by(text, ends_a_secrets_name)
}

fn masked_by(text: &str, ends_a_name: fn(&[u8]) -> bool) -> Cow<'_, str> {
    let mut rest = text;
    let mut hidden = String::new();
    while let Some(begin) = find_value(rest, ends_a_name) {
        let (before, after) = rest.split_at(begin);
        let length = value_length(after);
        let value = &after[..length];
        hidden.push_str(before);
        match value {
            "null" | "\"\"" | "" => hidden.push_str(value),
            text if text.starts_with('"') => hidden.extend(["\"", HIDDEN, "\""]),
            _ => hidden.push_str(HIDDEN),
        }
        rest = &after[length..];
    }
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    hidden.push_str(rest);
    Cow::Owned(hidden)
}

/// How many bytes the value at the beginning of a text has.
fn value_length(text: &str) -> usize {
    match text.as_bytes().first() {
        Some(b'"') => {
            let mut is_escaped = false;
            let end = text.bytes().skip(1).position(|byte| {
                let ends = byte == b'"' && !is_escaped;
                is_escaped = byte == b'\\' && !is_escaped;
                ends
            });
            end.map_or(text.len(), |end| end + 2)
        }
        // Something nested or quoted otherwise.
        Some(b'{' | b'[' | b'\'' | b'\\') => text.len(),
        _ => text.find([',', '}', ']', '&', '<', '"', '\n']).unwrap_or(text.len()),
    }
}

/// A path and query without secrets: of these parameters of the route, and what the query names as a secret.
pub(super) fn redacted_path(path_and_query: &str, route: &str) -> String {
    const PARAMETERS: [&str; 3] = ["{taxId}", "{password}", "{token}"];
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    let names_a_secret = |part: &str| is_secret_name(&part.replace('-', ""));
    let mut shown = if !route.contains('/') || route.contains("{*") {
        // No operation of which the path is known: whatever stands behind a part that is called like a secret.
        let mut is_secret = false;
        let parts = path.split('/').map(|part| {
            let shown = if is_secret && !part.is_empty() { HIDDEN } else { part };
            is_secret = names_a_secret(part);
            shown
        });
        parts.collect::<Vec<_>>().join("/")
    } else if PARAMETERS.iter().any(|parameter| route.contains(parameter)) {
        let parts = path.split('/').zip(route.split('/'));
        let parts: Vec<&str> =
            parts.map(|(part, pattern)| if PARAMETERS.contains(&pattern) { HIDDEN } else { part }).collect();
        parts.join("/")
    } else {
        path.to_owned()
    };
    if let Some(query) = query {
        shown.push('?');
        // An encoded name is decoded before it is looked at.
        if query.contains('%') && form_urlencoded::parse(query.as_bytes()).any(|(name, _)| is_secret_name(&name)) {
            shown.push_str(HIDDEN);
        } else {
            let pairs = query.split('&').map(|pair| match pair.split_once('=') {
                Some((name, value)) if !value.is_empty() && is_secret_name(name) => {
                    Cow::Owned(format!("{name}={HIDDEN}"))
                }
                _ => redacted(pair),
            });
            shown.push_str(&pairs.collect::<Vec<_>>().join("&"));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secret_names_are_hidden_and_others_are_not() {
        for (text, shown) in [
            (r#"{"Password":"Pass\"w0rd","FirstName":"A"}"#, r#"{"Password":"•••","FirstName":"A"}"#),
            (r#"{"taxid": 123456789, "x": 1}"#, r#"{"taxid": •••, "x": 1}"#),
            (r#"{"TaxId": null, "Password": ""}"#, r#"{"TaxId": null, "Password": ""}"#),
            (r#"{"TaxExemptId":"E-1","FirstName":"password"}"#, r#"{"TaxExemptId":"E-1","FirstName":"password"}"#),
            (r#"{"Password":{"a":"secret"},"b":1}"#, r#"{"Password":•••"#),
            (r#"{"Password":"never ends"#, r#"{"Password":"•••""#),
            (r"{'Password': 'x', 'b': 1}", r"{'Password': •••"),
            (r"{Password: 'x', b: 1}", r"{Password: •••"),
            (r#"{"Password"/*=*/:/*,*/"x",/*y*/"b":"//"}"#, r#"{"Password"     :     "•••",     "b":"//"}"#),
            ("/*a=b*/{\"Password\"//\n:\"x\",}", "       {\"Password\"  \n:\"•••\" }"),
            (r#"{"Url":"https://x","Password" :"x"}"#, r#"{"Url":"https://x","Password" :"•••"}"#),
            (r#"{'Url':'//','Password'/* " */:"x"}"#, r#"{"Url":"//","Password"       :"•••"}"#),
            ("It's http://x/y: not reached, pass: 1", "It's http://x/y: not reached, pass: •••"),
            ("<TaxID2>1</TaxID2><TaxExempt>False</TaxExempt>", "<TaxID2>•••</TaxID2><TaxExempt>False</TaxExempt>"),
            (r#"{"SSN":"19700101-1234","Id":1}"#, r#"{"SSN":"•••","Id":1}"#),
            ("username=a&password=b&x=c", "username=a&password=•••&x=c"),
            ("<c><Password>x</Password><d>1</d></c>", "<c><Password>•••</Password><d>1</d></c>"),
            (r#""https://office.example/Login?token=abc""#, r#""https://office.example/Login?token=•••""#),
            (r#"{"Pass\u0077ord":"secret","b":1}"#, r#"{"Password":"•••","b":1}"#),
            ("Password : \u{e9}\u{e9}, b", "Password : •••, b"),
            ("é: 1, pass: 2", "é: 1, pass: •••"),
            (r#"{"Password":"x","FirstName":"a\u0000b"}"#, r#"{"FirstName":"a\u0000b","Password":"•••"}"#),
            (r#"{"Pass\u0077ord":"secret""#, "••• (not JSON, with escapes: not shown)"),
            (
                "--b\r\nContent-Disposition: form-data; name=\"Password\"\r\n\r\nsecret\r\n--b--",
                "••• (multipart: not shown)",
            ),
            ("<c><Password>a,b;c\"d\n</Password><d>1</d></c>", "<c><Password>•••</Password><d>1</d></c>"),
            (
                "<c><b:TaxID x='>'\n>1</b:TaxID ><TaxID/><d>1</d></c>",
                "<c><b:TaxID x='>'\n>•••</b:TaxID ><TaxID/><d>1</d></c>",
            ),
            ("<c><Password><![CDATA[</Password>a]]></Password><d/></c>", "<c><Password>•••</Password><d/></c>"),
            ("<c><Password>a<b>c</b>d</Password></c>", "<c><Password>•••</Password></c>"),
            ("\u{feff} <c><Password>a", "\u{feff} <c><Password>•••"),
            ("<c><Password a", "<c><Password•••"),
            ("<c><d password='a'/></c>", "<c><d password=•••"),
            ("<c><SSN></SSN></c>", "<c><SSN></SSN></c>"),
            ("username=a&password=b,c\"d&x=c", "username=a&password=•••&x=c"),
            ("Pass%77ord=a&%54axID2=b&x=c", "Pass%77ord=•••&%54axID2=•••&x=c"),
            (
                r#"{"Passwrd":"x","TaxIdd":1,"pass_word":"y","Tax Id":"z","a":1}"#,
                r#"{"Passwrd":"•••","TaxIdd":•••,"pass_word":"•••","Tax Id":"•••","a":1}"#,
            ),
            (
                r#"{"NewPasword":"x","Tokn":"y","SubscriptionKeyy":"z","Apikeys":"w"}"#,
                r#"{"NewPasword":"•••","Tokn":"•••","SubscriptionKeyy":"•••","Apikeys":"•••"}"#,
            ),
            (
                r#"{Passwrd: "x", "TaxExempt": true, 'Tax-Id': "y"}"#,
                r#"{Passwrd: "•••", "TaxExempt": true, 'Tax-Id': "•••"}"#,
            ),
            ("Passwrd=x&Pass+word=y&Tax%20Idd=z&TaxExempt=1", "Passwrd=•••&Pass+word=•••&Tax%20Idd=•••&TaxExempt=1"),
            (
                "<c><Passwrd>x</Passwrd><b:TaxIDD>1</b:TaxIDD><d>1</d></c>",
                "<c><Passwrd>•••</Passwrd><b:TaxIDD>•••</b:TaxIDD><d>1</d></c>",
            ),
            (r#"{"token_type":"Bearer","expires_in":1}"#, r#"{"token_type":"Bearer","expires_in":1}"#),
            ("<\0P\0a\0s\0s\0w\0o\0r\0d\0>\0a\0", "••• (not UTF-8: not shown)"),
        ] {
            assert_eq!(redacted(text), shown, "{text}");
        }
    }

    /// What the documents name and is no secret is shown.
    #[test]
    fn no_field_that_is_known_is_taken_for_a_misspelled_secret() {
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
        let hides = |name: &&String| !ends_a_secrets_name_itself(name) && is_meant_as_secret(name.as_bytes());
        let hidden: Vec<&String> = found.iter().filter(hides).collect();
        assert_eq!(hidden, Vec::<&String>::new());
    }

    fn ends_a_secrets_name_itself(name: &str) -> bool {
        let last = name.as_bytes().last().copied().unwrap_or_default();
        names_ending(last).iter().any(|known| name.to_ascii_lowercase().ends_with(known))
    }

    #[test]
    fn secrets_in_paths_and_queries_are_hidden() {
        for (path, route, shown) in [
            ("/v1/validate/tax-id/123", "/v1/validate/tax-id/{taxId}", "/v1/validate/tax-id/•••"),
            (
                "/v1/customers/3?subscription-key=abc&x=1",
                "/v1/customers/{customerId}",
                "/v1/customers/3?subscription-key=•••&x=1",
            ),
            ("/v1/customers/3?subscription%2Dkey=abc", "/v1/customers/{customerId}", "/v1/customers/3?•••"),
            ("/v1/validate/login?password=ab,cd&x=1", "/v1/validate/login", "/v1/validate/login?password=•••&x=1"),
            ("/v1/customers?Passwrd=a&taxx-id=b&x=1", "/v1/customers", "/v1/customers?Passwrd=•••&taxx-id=•••&x=1"),
            ("/v1/customers?Passwr%64=a", "/v1/customers", "/v1/customers?•••"),
            ("/v1/validate/tax-id/12-34", "-", "/v1/validate/tax-id/•••"),
            ("/v1/sso/token/abc", "-", "/v1/sso/token/•••"),
            ("/v1/customers?email=a%40b.c", "/v1/customers", "/v1/customers?email=a%40b.c"),
        ] {
            assert_eq!(redacted_path(path, route), shown);
        }
    }
}
