//! JSON written straight into a buffer, for responses that most requests read. The bytes are those that `serde_json` writes.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use serde::{Serialize, Serializer};

use super::dates;

/// A value that writes itself as JSON.
pub trait WriteJson {
    fn write(&self, out: &mut Vec<u8>);
}

/// Implements [`WriteJson`] for a structure with these members, under these names.
macro_rules! write_members {
    ($Type:ident { $first:ident: $first_name:literal $(, $member:ident: $name:literal)* $(,)? }) => {
        impl $crate::wire::write_json::WriteJson for $Type<'_> {
            fn write(&self, out: &mut Vec<u8>) {
                // Without `..`, so that a new member is not forgotten.
                let Self { $first $(, $member)* } = self;
                out.extend_from_slice(concat!("{\"", $first_name, "\":").as_bytes());
                $crate::wire::write_json::WriteJson::write($first, out);
                $(
                    out.extend_from_slice(concat!(",\"", $name, "\":").as_bytes());
                    $crate::wire::write_json::WriteJson::write($member, out);
                )*
                out.push(b'}');
            }
        }
    };
}
pub(crate) use write_members;

/// A date as [`dates::format`] writes it.
#[derive(Debug, Clone, Copy)]
pub struct DateJson(pub Option<DateTime<Utc>>);

impl Serialize for DateJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&dates::format(self.0))
    }
}

impl WriteJson for DateJson {
    fn write(&self, out: &mut Vec<u8>) {
        match self.0 {
            Some(date) if (0..=9999).contains(&date.year()) => {
                let digit = |number: u32| b"0123456789"[(number % 10) as usize];
                let two = |number: u32| [digit(number / 10), digit(number)];
                let year = date.year().unsigned_abs();
                let [[y1, y2], [y3, y4]] = [two(year / 100), two(year)];
                let [[m1, m2], [d1, d2]] = [two(date.month()), two(date.day())];
                let [[h1, h2], [n1, n2], [s1, s2]] = [two(date.hour()), two(date.minute()), two(date.second())];
                out.extend_from_slice(&[
                    b'"', y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z',
                    b'"',
                ]);
            }
            date => dates::format(date).as_str().write(out),
        }
    }
}

impl WriteJson for &str {
    fn write(&self, out: &mut Vec<u8>) {
        let is_plain = self.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
        if !is_plain {
            return serialized(self, out);
        }
        out.push(b'"');
        out.extend_from_slice(self.as_bytes());
        out.push(b'"');
    }
}

impl<T: WriteJson> WriteJson for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl<T: WriteJson> WriteJson for [T] {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (number, item) in self.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            item.write(out);
        }
        out.push(b']');
    }
}

impl WriteJson for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl WriteJson for i32 {
    fn write(&self, out: &mut Vec<u8>) {
        serialized(self, out);
    }
}

impl WriteJson for i64 {
    fn write(&self, out: &mut Vec<u8>) {
        serialized(self, out);
    }
}

fn serialized(value: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("invariant: plain data is JSON");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &(impl WriteJson + ?Sized)) -> String {
        let mut out = Vec::new();
        value.write(&mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn lists_and_absent_values_are_written_as_serde_writes_them() {
        let lists: [&[Option<&str>]; 3] = [&[], &[None], &[Some("a"), None, Some("\"\\\n\u{7f}é")]];
        for list in lists {
            assert_eq!(written(list), serde_json::to_string(list).expect("JSON"));
        }
        assert_eq!(written(&[true, false][..]), "[true,false]");
        assert_eq!((written(&i32::MIN), written(&i64::MAX)), (i32::MIN.to_string(), i64::MAX.to_string()));
        let first = DateTime::<Utc>::MIN_UTC;
        for date in [None, Some(first), Some(DateTime::<Utc>::MAX_UTC)] {
            assert_eq!(written(&DateJson(date)), serde_json::to_string(&DateJson(date)).expect("JSON"));
        }
    }

    proptest::proptest! {
        #[test]
        fn every_text_and_date_is_written_as_serde_writes_it(
            text in proptest::prelude::any::<String>(),
            like in "[ -~\\n\\t\\u{0}-\\u{ff}]{0,40}",
            seconds in -62_200_000_000_i64..253_500_000_000,
        ) {
            for text in [text.as_str(), &like] {
                proptest::prop_assert_eq!(written(&text), serde_json::to_string(text).expect("JSON"));
            }
            let date = DateJson(DateTime::from_timestamp(seconds, 999_999_999));
            proptest::prop_assert_eq!(written(&date), serde_json::to_string(&date).expect("JSON"));
        }
    }
}
