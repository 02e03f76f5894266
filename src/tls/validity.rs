//! When a certificate is valid. The TLS library does not say.

use chrono::{DateTime, NaiveDateTime, Utc};

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version of a certificate, which the first version does not have.
const VERSION: u8 = 0xa0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub not_before: DateTime<Utc>,
    pub not_after: DateTime<Utc>,
}

impl Validity {
    /// That of a certificate in DER (RFC 5280, 4.1). `None` for anything else.
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let (certificate, _) = element(certificate, SEQUENCE)?;
        let (mut rest, _) = element(certificate, SEQUENCE)?;
        if rest.first() == Some(&VERSION) {
            rest = any_element(rest)?.2;
        }
        // Serial number, algorithm, issuer.
        for _ in 0..3 {
            rest = any_element(rest)?.2;
        }
        let (validity, _) = element(rest, SEQUENCE)?;
        let (tag, not_before, rest) = any_element(validity)?;
        let not_before = time(tag, not_before)?;
        let (tag, not_after, _) = any_element(rest)?;
        Some(Self { not_before, not_after: time(tag, not_after)? })
    }

    /// Why it is not valid now; `None` when it is.
    pub(super) fn problem(&self, now: DateTime<Utc>) -> Option<String> {
        if now > self.not_after {
            Some(format!("it expired at {}", shown(self.not_after)))
        } else if now < self.not_before {
            Some(format!("it is not valid before {}", shown(self.not_before)))
        } else {
            None
        }
    }
}

/// In whole seconds.
pub(super) fn shown(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The content of an element with this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = any_element(bytes)?;
    (found == tag).then_some((content, rest))
}

/// The tag of an element, its content, and what follows it.
fn any_element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let is_short = (1..=4).contains(&digits.len());
        let length = digits.iter().fold(0, |length, digit| (length << 8) | usize::from(*digit));
        (is_short.then_some(length)?, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn time(tag: u8, text: &[u8]) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(text).ok()?;
    let text = match tag {
        GENERALIZED_TIME => text.to_owned(),
        // Two digits are a year from 1950 to 2049.
        UTC_TIME if text < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok().map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_says_when_it_is_valid() {
        let key = KeyPair::generate().expect("a key");
        for (year, text) in
            [(1999, "1999-02-03T00:00:00Z"), (2049, "2049-02-03T00:00:00Z"), (2050, "2050-02-03T00:00:00Z")]
        {
            let mut parameters = CertificateParams::new(["localhost".to_owned()]).expect("a name");
            (parameters.not_before, parameters.not_after) = (date_time_ymd(1998, 1, 1), date_time_ymd(year, 2, 3));
            let certificate = parameters.self_signed(&key).expect("a certificate");
            let validity = Validity::of(certificate.der()).expect("a validity");
            assert_eq!(
                (shown(validity.not_before).as_str(), shown(validity.not_after).as_str()),
                ("1998-01-01T00:00:00Z", text)
            );
            assert_eq!(validity.problem(validity.not_after), None);
            let after = validity.not_after + chrono::TimeDelta::seconds(1);
            assert_eq!(validity.problem(after), Some(format!("it expired at {text}")));
            let before = validity.not_before - chrono::TimeDelta::seconds(1);
            assert_eq!(validity.problem(before).as_deref(), Some("it is not valid before 1998-01-01T00:00:00Z"));
        }
    }

    #[test]
    fn what_is_cut_off_or_no_certificate_has_no_validity() {
        let key = KeyPair::generate().expect("a key");
        let parameters = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        for length in 0..certificate.der().len() {
            assert_eq!(Validity::of(&certificate.der()[..length]), None, "{length} bytes");
        }
        for bytes in [&[0x30, 0x80][..], &[0x30, 0x85, 0, 0, 0, 0, 0], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], b"text"] {
            assert_eq!(Validity::of(bytes), None);
        }
    }
}
