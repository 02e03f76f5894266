//! The fields of forms and queries.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use crate::control::error::ControlError;

/// The fields of a form or a query, by name.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Skips unreadable fields: the form then reports them as missing.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes);
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// A field as it was sent; empty if it is absent.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// A field without surrounding blanks; empty if it is absent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field that is not blank.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// A field that must not be blank.
    pub(super) fn needed(&self, name: &str, what: &str) -> Result<&str, ControlError> {
        self.filled(name).ok_or_else(|| ControlError::Bad(format!("{what} is missing")))
    }

    /// A value in a field that may be blank.
    pub(super) fn value<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, ControlError> {
        let bad = |text: &str| ControlError::Bad(format!("{what} cannot be '{}'", short(text)));
        self.filled(name).map(|text| text.parse().map_err(|_| bad(text))).transpose()
    }

    /// A time in UTC, as browsers send it (`2030-01-31T12:00`) or in RFC 3339.
    pub(super) fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>, ControlError> {
        let Some(text) = self.filled(name) else { return Ok(None) };
        let bad = || ControlError::Bad(format!("'{}' is not a time, such as 2030-01-31T12:00:00Z", short(text)));
        time(text).map(Some).ok_or_else(bad)
    }
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.with_timezone(&Utc));
    }
    let text = text.trim_end_matches("UTC").trim_end();
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN)))
        .map(|time| time.and_utc())
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_errors_name_the_field() {
        let fields = Fields::parse(b"a=+1+&b=&c=x%20y&t=2030-01-31T12%3A00&d=2030-01-31");
        assert_eq!((fields.raw("a"), fields.text("a"), fields.filled("b")), (" 1 ", "1", None));
        assert_eq!(fields.value::<i32>("a", "A").expect("a number"), Some(1));
        assert_eq!(fields.value::<i32>("b", "B").expect("a blank field"), None);
        assert_eq!(fields.value::<i32>("c", "C").expect_err("no number").to_string(), "C cannot be 'x y'");
        assert_eq!(fields.needed("e", "the name").expect_err("missing").to_string(), "the name is missing");
        let at = |text: &str| Some(text.parse().expect("a time"));
        assert_eq!(fields.time("t").expect("a time"), at("2030-01-31T12:00:00Z"));
        assert_eq!(fields.time("d").expect("a time"), at("2030-01-31T00:00:00Z"));
        assert!(fields.time("c").is_err());
    }
}
