//! Rewrites JSON that lenient parsers accept as strict JSON.
//!
//! One pass without recursion, in linear time. It copies what it does not recognize, so that the strict parser reports it.
//! Comments and trailing commas become spaces, so that lines and columns stay the same.

use serde::de::IgnoredAny;

/// The JSON that a parser accepts beyond strict JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leniency {
    Strict,
    Comments,
    /// Also what Json.NET's `JsonTextReader` accepts: strings in single quotes, names without quotes, line breaks in strings,
    /// halves of surrogate pairs (as U+FFFD), `undefined`, `NaN`, and numbers such as `01234`, `.5` or `0x1F`, which become
    /// strings.
    JsonNet,
}

/// The text as strict JSON.
#[must_use]
pub fn rewritten(text: &str, leniency: Leniency) -> String {
    let out = Vec::with_capacity(text.len() + 16);
    let mut pass =
        Pass { text, place: 0, out, open: Vec::new(), last: Last::Start, is_net: leniency == Leniency::JsonNet };
    while let Some(byte) = pass.byte(0) {
        pass.step(byte);
    }
    // Only whole characters were copied.
    String::from_utf8(pass.out).unwrap_or_default()
}

/// The last token that is not white space or a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Start,
    /// `{` or `[`.
    Open,
    /// A comma, with its position in the output if a value is in front of it.
    Comma(Option<usize>),
    Colon,
    /// A string, a number, a word or a closing bracket.
    Value,
}

struct Pass<'t> {
    text: &'t str,
    place: usize,
    out: Vec<u8>,
    /// Open brackets.
    open: Vec<u8>,
    last: Last,
    is_net: bool,
}

impl Pass<'_> {
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.place + ahead).copied()
    }

    fn copy(&mut self, bytes: usize) {
        let end = (self.place + bytes).min(self.text.len());
        self.out.extend_from_slice(&self.text.as_bytes()[self.place..end]);
        self.place = end;
    }

    fn step(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => self.copy(1),
            b'/' => self.comment(),
            b'"' => self.string(b'"'),
            b'\'' if self.is_net => self.string(b'\''),
            b'{' | b'[' => {
                self.open.push(byte);
                self.last = Last::Open;
                self.copy(1);
            }
            b'}' | b']' => {
                if let Last::Comma(Some(comma)) = self.last {
                    self.out[comma] = b' ';
                }
                self.open.pop();
                self.last = Last::Value;
                self.copy(1);
            }
            b',' => {
                self.last = Last::Comma((self.last == Last::Value).then_some(self.out.len()));
                self.copy(1);
            }
            b':' => {
                self.last = Last::Colon;
                self.copy(1);
            }
            _ => self.word(),
        }
    }

    /// A comment becomes spaces; one without an end is copied.
    fn comment(&mut self) {
        let rest = &self.text[self.place..];
        let length = match self.byte(1) {
            Some(b'/') => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            Some(b'*') => match rest[2..].find("*/") {
                Some(end) => end + 4,
                None => return self.copy(rest.len()),
            },
            _ => return self.copy(1),
        };
        let blank = |byte: &u8| if matches!(byte, b'\n' | b'\r') { *byte } else { b' ' };
        self.out.extend(rest.as_bytes()[..length].iter().map(blank));
        self.place += length;
    }

    fn string(&mut self, quote: u8) {
        self.out.push(b'"');
        self.place += 1;
        self.last = Last::Value;
        while let Some(byte) = self.byte(0) {
            match byte {
                b'\\' => self.escape(),
                _ if byte == quote => {
                    self.out.push(b'"');
                    self.place += 1;
                    return;
                }
                b'"' => {
                    self.out.extend_from_slice(b"\\\"");
                    self.place += 1;
                }
                ..0x20 if self.is_net => {
                    self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    self.place += 1;
                }
                _ => self.copy(1),
            }
        }
    }

    fn escape(&mut self) {
        match self.byte(1) {
            Some(b'\'') if self.is_net => {
                self.out.push(b'\'');
                self.place += 2;
            }
            Some(b'u') if self.is_net => match (self.code_unit(0), self.code_unit(6)) {
                (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => self.copy(12),
                (Some(0xd800..=0xdfff), _) => {
                    self.out.extend_from_slice(b"\\ufffd");
                    self.place += 6;
                }
                _ => self.copy(2),
            },
            // An invalid escape too: the strict parser reports it.
            Some(byte) if byte.is_ascii() => self.copy(2),
            _ => self.copy(1),
        }
    }

    /// The escaped UTF-16 code unit, `ahead` bytes from here.
    fn code_unit(&self, ahead: usize) -> Option<u16> {
        let start = self.place + ahead;
        let escape = self.text.as_bytes().get(start..start + 6)?;
        let digits = escape.strip_prefix(b"\\u").filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    /// A name without quotes, a number, `true`, or anything else.
    fn word(&mut self) {
        let rest = &self.text[self.place..];
        let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$' | '.' | '+' | '-');
        let length = rest.find(|letter: char| !is_part(letter)).unwrap_or(rest.len());
        let is_name = self.open.last() == Some(&b'{') && matches!(self.last, Last::Open | Last::Comma(_));
        self.last = Last::Value;
        let word = &rest[..length];
        if word.is_empty() {
            return self.copy(rest.chars().next().map_or(1, char::len_utf8));
        }
        match word {
            _ if !self.is_net => {}
            _ if is_name && !word.contains(['.', '+', '-']) => return self.quote(length),
            _ if is_name => {}
            "undefined" => {
                self.out.extend_from_slice(b"null");
                self.place += length;
                return;
            }
            "NaN" | "Infinity" | "-Infinity" => return self.quote(length),
            _ if is_odd_number(word) => return self.quote(length),
            _ => {}
        }
        self.copy(length);
    }

    fn quote(&mut self, length: usize) {
        self.out.push(b'"');
        self.copy(length);
        self.out.push(b'"');
    }
}

/// Whether .NET accepts this as a number and JSON does not.
fn is_odd_number(word: &str) -> bool {
    let hexadecimal = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    let is_hexadecimal =
        hexadecimal.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let is_decimal = word.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '.'))
        && word.parse::<f64>().is_ok_and(f64::is_finite);
    is_hexadecimal || (is_decimal && serde_json::from_str::<IgnoredAny>(word).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Leniency::{Comments, JsonNet};

    #[test]
    fn lenient_json_is_rewritten() {
        for (leniency, text, expected) in [
            (Comments, r#"{"a":1,}"#, r#"{"a":1 }"#),
            (Comments, "[1,2 ,/*x*/\n]", "[1,2       \n]"),
            (Comments, "//a\r\n{} // b", "   \r\n{}     "),
            (Comments, r#"{"a":"/*b*/,}//"}"#, r#"{"a":"/*b*/,}//"}"#),
            (Comments, r#"{"a":"\"//","b":1,}"#, r#"{"a":"\"//","b":1 }"#),
            (Comments, "[,]", "[,]"),
            (Comments, "[1,,]", "[1,,]"),
            (Comments, "{,}", "{,}"),
            (Comments, "[1,]]", "[1 ]]"),
            (Comments, "{'a':1}", "{'a':1}"),
            (Comments, "{a:01}", "{a:01}"),
            (Comments, "{\"a\":\"\n\\ud800\"}", "{\"a\":\"\n\\ud800\"}"),
            (Comments, "/* never", "/* never"),
            (Comments, "/", "/"),
            (Comments, "{\"a\":/*å*/1}", "{\"a\":      1}"),
            (JsonNet, r#"{'a':'b"c\'d'}"#, r#"{"a":"b\"c'd"}"#),
            (JsonNet, r#"{"a":"it\'s"}"#, r#"{"a":"it's"}"#),
            (JsonNet, "{a_$1:1, Größe /* x */ : 2}", "{\"a_$1\":1, \"Größe\"         : 2}"),
            (JsonNet, "{a.b:1}", "{a.b:1}"),
            (JsonNet, "[a, b]", "[a, b]"),
            (JsonNet, "{\"a\":\"x\r\n\ty\"}", r#"{"a":"x\u000d\u000a\u0009y"}"#),
            (
                JsonNet,
                r#"["\ud800","\ud83d\ude00","\udc00\ud800","\u00e9"]"#,
                r#"["\ufffd","\ud83d\ude00","\ufffd\ufffd","\u00e9"]"#,
            ),
            (JsonNet, r#"["\ud8","\u","\x"]"#, r#"["\ud8","\u","\x"]"#),
            (JsonNet, "[undefined,NaN,-Infinity,true,null]", r#"[null,"NaN","-Infinity",true,null]"#),
            (JsonNet, "[01234,.5,5.,0x1F,-1.5e3,0,+5,1e999]", r#"["01234",".5","5.","0x1F",-1.5e3,0,+5,1e999]"#),
            (JsonNet, "{\"a\":\"\\\n\"}", "{\"a\":\"\\\n\"}"),
            (JsonNet, "{\"a\":\"\\é\"}", "{\"a\":\"\\é\"}"),
            (JsonNet, "'never ends", "\"never ends"),
            (JsonNet, "\"\\", "\"\\"),
            (JsonNet, "#", "#"),
            (JsonNet, "€", "€"),
        ] {
            assert_eq!(rewritten(text, leniency), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn strict_json_is_left_as_it_is(value in "[-a-z{}\\[\\]\":,0-9/*'\\\\ \\n]{0,60}") {
            if serde_json::from_str::<IgnoredAny>(&value).is_ok() {
                for leniency in [Comments, JsonNet] {
                    proptest::prop_assert_eq!(rewritten(&value, leniency), value.clone());
                }
            }
        }

        #[test]
        fn no_text_causes_a_panic(text in proptest::prelude::any::<String>()) {
            let _ = rewritten(&text, JsonNet);
        }
    }
}
