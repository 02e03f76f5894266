//! Hides secrets in bodies (JSON, XML and forms), headers and paths before the journal keeps them.

use std::borrow::Cow;

use memchr::{memchr3_iter, memmem};

use super::HIDDEN;
use super::secret_names::{ends_with_known_secret_name, ends_with_secret_name, is_known_secret, is_secret_name};
use crate::wire::relaxed::{Leniency, rewritten};

/// Hides the secrets in a text. A value that is not plain hides the rest of the text, because its end is unknown. A name with
/// escapes does the same.
pub(super) fn redacted(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        // For example UTF-16, where names and values are not contiguous bytes.
        return Cow::Owned(format!("{HIDDEN} (not UTF-8: not shown)"));
    }
    if text.trim_ascii_start().starts_with("--") {
        // There a name and its value are on separate lines without a separator.
        return Cow::Owned(format!("{HIDDEN} (multipart: not shown)"));
    }
    let begins_with = text.trim_start_matches('\u{feff}').trim_start().as_bytes().first();
    match begins_with {
        // Its entities may have any names.
        Some(b'<') if memmem::find(text.as_bytes(), b"<!DOCTYPE").is_some() => {
            return Cow::Owned(format!("{HIDDEN} (with a document type: not shown)"));
        }
        Some(b'<') => return Cow::Owned(masked_xml(text)),
        Some(b'{' | b'[' | b'"' | b'/') | None => {}
        Some(_) if text.contains('=') => return Cow::Owned(masked_form(text)),
        Some(_) => {}
    }
    // A comment between a name and its value may contain anything.
    let has_comments = ["//", "/*"].iter().any(|mark| memmem::find(text.as_bytes(), mark.as_bytes()).is_some());
    if has_comments && matches!(begins_with, Some(b'{' | b'[' | b'/')) {
        return Cow::Owned(masked_json(&rewritten(text, Leniency::JsonNet)).into_owned());
    }
    masked_json(text)
}

/// The same for a response. Its names are never misspelled and it has no comments, because this program wrote it.
pub(super) fn redacted_response(text: &str) -> Cow<'_, str> {
    let is_json = matches!(text.as_bytes().first(), Some(b'{' | b'['));
    if is_json && memmem::find(text.as_bytes(), b"\\u").is_none() {
        return masked_by(text, ends_with_known_secret_name);
    }
    redacted(text)
}

fn masked_json(text: &str) -> Cow<'_, str> {
    if memmem::find(text.as_bytes(), b"\\u").is_none() {
        return masked(text);
    }
    // A name may have escapes. A JSON parser decodes them; any other text is hidden.
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => Cow::Owned(masked(&value.to_string()).into_owned()),
        Err(_) => Cow::Owned(format!("{HIDDEN} (not JSON, with escapes: not shown)")),
    }
}

/// Hides the values of secrets, whole also where they are nested, and the secrets within texts.
pub(super) fn redact_json(value: &mut serde_json::Value) {
    use serde_json::Value;

    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let is_empty = member.is_null() || member.as_str().is_some_and(str::is_empty);
                if !is_empty && is_secret_name(name) {
                    *member = HIDDEN.into();
                } else {
                    redact_json(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact_json),
        Value::String(text) => {
            if let Cow::Owned(shown) = redacted(text) {
                *text = shown;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Hides the secrets in a form, whose names are decoded. A text that is not a form is masked part by part.
fn masked_form(text: &str) -> String {
    let shown = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = form_urlencoded::parse(name.as_bytes()).next().map(|(name, _)| name);
        if !value.is_empty() && decoded.is_some_and(|name| is_secret_name(name.trim_end())) {
            format!("{name}={HIDDEN}")
        } else if pair.contains("\\u") {
            format!("{HIDDEN} (with escapes: not shown)")
        } else {
            masked(pair).into_owned()
        }
    };
    text.split('&').map(shown).collect::<Vec<_>>().join("&")
}

/// Hides secrets in the parameters of a path and its query.
pub(super) fn redacted_path(path_and_query: &str, route: &str) -> String {
    let is_secret_parameter = |pattern: &str| {
        let name = pattern.strip_prefix('{').and_then(|pattern| pattern.strip_suffix('}'));
        name.is_some_and(|name| is_known_secret(name.as_bytes()))
    };
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    let mut is_secret = false;
    let mut shown = if !route.contains('/') || route.contains("{*") {
        // The path is no operation: hides all that follows the name of a secret.
        let parts = path.split('/').map(|part| match secret_name_in(part) {
            _ if is_secret => {
                if part.is_empty() {
                    Cow::Borrowed(part)
                } else {
                    Cow::Borrowed(HIDDEN)
                }
            }
            Some(name) => {
                is_secret = true;
                if name == part { Cow::Borrowed(part) } else { Cow::Owned(format!("{name}{HIDDEN}")) }
            }
            None => Cow::Borrowed(part),
        });
        parts.collect::<Vec<_>>().join("/")
    } else if route.split('/').any(is_secret_parameter) {
        let parts = path.split('/').zip(route.split('/'));
        let parts: Vec<&str> =
            parts.map(|(part, pattern)| if is_secret_parameter(pattern) { HIDDEN } else { part }).collect();
        parts.join("/")
    } else {
        path.to_owned()
    };
    if let Some(query) = query {
        shown.push('?');
        // An encoded name is decoded first. A value without a name is that of the path.
        if is_secret && !query.is_empty()
            || query.contains('%') && form_urlencoded::parse(query.as_bytes()).any(|(name, _)| is_secret_name(&name))
        {
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

/// The name of a secret with which a part of a path begins, before anything that is no letter of a name: `tax-id` in `tax-id%2F123`. An
/// encoded name is as long as the part.
fn secret_name_in(part: &str) -> Option<&str> {
    let names_a_secret = |name: &str| is_secret_name(&name.replace('-', ""));
    let name = part.split(['%', '=', ':', ';', ',', '&', '+']).next().unwrap_or_default();
    if names_a_secret(name) {
        return Some(name);
    }
    let decoded = percent_encoding::percent_decode_str(part).decode_utf8_lossy();
    (part.contains('%') && names_a_secret(&decoded)).then_some(part)
}

pub(super) fn masked(text: &str) -> Cow<'_, str> {
    masked_by(text, ends_with_secret_name)
}

/// `ends_with_name` says whether a text ends with the name of a secret.
pub(super) fn masked_by(text: &str, ends_with_name: fn(&[u8]) -> bool) -> Cow<'_, str> {
    let mut rest = text;
    let mut hidden = String::new();
    while let Some(begin) = find_value(rest, ends_with_name) {
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

/// The length of the value at the beginning of a text, in bytes.
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
        // Nested, or with other quotes.
        Some(b'{' | b'[' | b'\'' | b'\\') => text.len(),
        _ => text.find([',', '}', ']', '&', '<', '"', '\n']).unwrap_or(text.len()),
    }
}

/// Where the first value of a secret begins: after its name and the separator (`"Password": `, `password=`, `<Password>`).
fn find_value(text: &str, ends_with_name: fn(&[u8]) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let separator = memchr3_iter(b':', b'=', b'>', bytes).find(|separator| ends_with_name(&bytes[..*separator]))?;
    let after = &bytes[separator + 1..];
    Some(text.len() - after.trim_ascii_start().len())
}

/// Hides the content of each element that has the name of a secret.
pub(super) fn masked_xml(text: &str) -> String {
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

/// The first element with content and the name of a secret: its name, and where its content begins.
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
        // A tag without an end hides everything after its name.
        let Some(end) = end else { return Some((name, from)) };
        from = start + end + 1;
        if !tag[..end].ends_with('/') {
            return Some((name, from));
        }
    }
}

/// The length of the element's content in bytes. With comments or CDATA it extends to the last end tag, because an end tag in
/// these does not count.
fn content_length(text: &str, name: &str) -> usize {
    let ends = text.match_indices("</").map(|(end, _)| end);
    let mut ends = ends.filter(|end| text[end + 2..].starts_with(name));
    match ends.next() {
        Some(first) if text[..first].contains("<!") || text[..first].contains("<?") => ends.last().unwrap_or(first),
        first => first.unwrap_or(text.len()),
    }
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

    #[test]
    fn json_stays_json_without_its_secrets() {
        for (text, shown) in [
            (r#"{"TaxId":123,"a":{"Password":{"x":[1]},"b":2}}"#, r#"{"TaxId":"•••","a":{"Password":"•••","b":2}}"#),
            (
                r#"[{"TaxId":null,"Password":"","a":"https://h/?token=t"}]"#,
                r#"[{"TaxId":null,"Password":"","a":"https://h/?token=•••"}]"#,
            ),
            (r#"{"a":"{\"TaxId\":1}","Names":["password"]}"#, r#"{"a":"{\"TaxId\":•••}","Names":["password"]}"#),
        ] {
            let expected: serde_json::Value = serde_json::from_str(shown).expect("JSON");
            let mut value = serde_json::from_str(text).expect("JSON");
            redact_json(&mut value);
            assert_eq!(value, expected, "{text}");
        }
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
            ("/v1/validate/tax-id//12-34", "-", "/v1/validate/tax-id//•••"),
            ("/v1/validate/tax-id/a/12-34", "-", "/v1/validate/tax-id/•••/•••"),
            ("/v1/validate/tax-id%2F12-34", "-", "/v1/validate/tax-id•••"),
            ("/v1/validate/tax-id=12-34", "-", "/v1/validate/tax-id•••"),
            ("/v1/validate/t%61x-id/12-34", "-", "/v1/validate/t%61x-id/•••"),
            ("/v1/validate/tax-id?12-34", "-", "/v1/validate/tax-id?•••"),
            ("/v1/customers?12-34", "-", "/v1/customers?12-34"),
            ("/v1/sso/token/abc", "-", "/v1/sso/token/•••"),
            ("/v1/customers?email=a%40b.c", "/v1/customers", "/v1/customers?email=a%40b.c"),
        ] {
            assert_eq!(redacted_path(path, route), shown);
        }
    }
}
