//! JSON with line breaks and indentation, its members in the order in which they were sent. It may be invalid JSON, because
//! secrets in it are hidden.

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
}
