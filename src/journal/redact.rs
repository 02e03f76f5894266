//! Hides secrets in bodies, headers and paths before the journal keeps them.

use std::borrow::Cow;

use memchr::memmem;

use super::HIDDEN;
use super::mask::{masked, masked_by};
use super::secret_names::{ends_with_known_secret_name, is_known_secret, is_secret_name};
use super::xml::masked_xml;
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
    let names_a_secret = |part: &str| is_secret_name(&part.replace('-', ""));
    let mut shown = if !route.contains('/') || route.contains("{*") {
        // The path is no operation: hides each part that follows the name of a secret.
        let mut is_secret = false;
        let parts = path.split('/').map(|part| {
            let shown = if is_secret && !part.is_empty() { HIDDEN } else { part };
            is_secret = names_a_secret(part);
            shown
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
        // An encoded name is decoded first.
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
