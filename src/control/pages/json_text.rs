//! JSON with line breaks and indentation, its members in the order in which they were sent. It may be invalid JSON, because
//! secrets in it are hidden.

use maud::{Markup, PreEscaped, html};

use crate::journal::HIDDEN;

/// Indents a text that begins like JSON. Another text is returned unchanged.
pub(crate) fn pretty_json(text: &str) -> String {
    let begins = text.trim_start();
    if !(begins.starts_with('{') || begins.starts_with('[')) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut is_escaped = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if in_text {
            shown.push(letter);
            in_text = letter != '"' || is_escaped;
            is_escaped = letter == '\\' && !is_escaped;
            continue;
        }
        match letter {
            '"' => {
                in_text = true;
                shown.push(letter);
            }
            '{' | '[' => {
                shown.push(letter);
                while letters.next_if(|next| next.is_whitespace()).is_some() {}
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    shown.push(end);
                } else {
                    depth += 1;
                    line(&mut shown, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut shown, depth);
                shown.push(letter);
            }
            ',' => {
                shown.push(letter);
                line(&mut shown, depth);
            }
            ':' => shown.push_str(": "),
            blank if blank.is_whitespace() => {}
            other => shown.push(other),
        }
    }
    shown
}

/// Indented JSON with a class for each kind of token: `jk` a name, `js` a text, `jn` a number, `jl` a literal, `jh` a hidden value.
/// Another text is shown as it is.
pub(crate) fn colored_json(text: &str) -> Markup {
    let shown = pretty_json(text);
    if !shown.trim_start().starts_with(['{', '[']) {
        return html! { (shown) };
    }
    let mut rest = shown.as_str();
    let mut html = String::with_capacity(shown.len() * 2);
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => end_of_text(rest),
            '-' | '0'..='9' | 'a'..='z' | 'A'..='Z' | '•' => end_of_word(rest),
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at(end);
        rest = after;
        let class = match first {
            _ if token.contains(HIDDEN) => "jh",
            '"' if after.starts_with(':') => "jk",
            '"' => "js",
            '-' | '0'..='9' => "jn",
            'a'..='z' | 'A'..='Z' => "jl",
            _ => "",
        };
        let part = if class.is_empty() {
            html! { (token) }
        } else {
            html! { span class=(class) { (token) } }
        };
        html.push_str(&part.0);
    }
    PreEscaped(html)
}

/// The length of the text in quotes with which this one begins, in bytes; all of it if it does not end.
fn end_of_text(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !is_escaped => return at + 1,
            _ => is_escaped = letter == '\\' && !is_escaped,
        }
    }
    text.len()
}

/// The length of the word or number with which this text begins, in bytes.
fn end_of_word(text: &str) -> usize {
    text.find(|letter: char| !(letter.is_alphanumeric() || "-+.•_".contains(letter))).unwrap_or(text.len())
}

fn line(shown: &mut String, depth: usize) {
    shown.push('\n');
    // Limits the indentation of a text that only opens brackets.
    shown.extend(std::iter::repeat_n("  ", depth.min(40)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_keeps_its_order() {
        let text = r#"{"b":1, "a":{"x":"y, {z}\"","e":{}, "l":[ ]},"TaxId": •••}"#;
        let shown = "{\n  \"b\": 1,\n  \"a\": {\n    \"x\": \"y, {z}\\\"\",\n    \"e\": {},\n    \"l\": []\n  },\n  \"TaxId\": •••\n}";
        assert_eq!(pretty_json(text), shown);
        assert_eq!(pretty_json("not, JSON"), "not, JSON");
    }

    #[test]
    fn json_is_colored_and_escaped() {
        let text = "{\"a<b\":\"c\\\"d</pre>\",\"n\":-1.5e3,\"t\":true,\"TaxId\":\"•••\",\"x\":•••}";
        let html = colored_json(text).into_string();
        for part in [
            r#"<span class="jk">&quot;a&lt;b&quot;</span>"#,
            r#"<span class="js">&quot;c\&quot;d&lt;/pre&gt;&quot;</span>"#,
            r#"<span class="jn">-1.5e3</span>"#,
            r#"<span class="jl">true</span>"#,
            r#"<span class="jh">&quot;•••&quot;</span>"#,
            r#"<span class="jh">•••</span>"#,
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert_eq!(colored_json("not <b>").into_string(), "not &lt;b&gt;");
        assert_eq!(colored_json("{\"a").into_string().matches("<span").count(), 1);
    }
}
