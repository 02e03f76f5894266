//! The members of a HAR file that are read. All others are ignored, `_initiator` and its like as well as documented ones.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::MAX_HAR_ENTRIES;

#[derive(Deserialize)]
pub(super) struct Document {
    pub log: Log,
}

#[derive(Deserialize)]
pub(super) struct Log {
    pub entries: Entries,
}

/// At most [`MAX_HAR_ENTRIES`].
pub(super) struct Entries(pub Vec<Entry>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(deserialize_with = "time")]
    pub started_date_time: DateTime<Utc>,
    pub request: Request,
    /// Missing where there was no response.
    #[serde(default)]
    pub response: Option<Response>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub method: String,
    pub url: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub headers: Vec<Pair>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub query_string: Vec<Pair>,
    #[serde(default)]
    pub post_data: Option<PostData>,
    /// In bytes, -1 where it is not known.
    #[serde(default)]
    pub body_size: Option<f64>,
}

/// A header, or a parameter of a query or form.
#[derive(Deserialize)]
pub(super) struct Pair {
    pub name: String,
    #[serde(default)]
    pub value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PostData {
    #[serde(default)]
    pub mime_type: Option<String>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub encoding: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub params: Vec<Pair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    /// 0 where there was no response.
    #[serde(default)]
    pub status: Option<i64>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub headers: Vec<Pair>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub content: Content,
    /// In bytes, -1 where it is not known.
    #[serde(default)]
    pub body_size: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Content {
    /// Decoded, in bytes.
    #[serde(default)]
    pub size: Option<f64>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub encoding: Option<String>,
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;

        impl<'de> Visitor<'de> for Bounded {
            type Value = Entries;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = items.next_element()? {
                    if entries.len() == MAX_HAR_ENTRIES {
                        return Err(de::Error::custom(format_args!("it has more than {MAX_HAR_ENTRIES} entries")));
                    }
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_seq(Bounded)
    }
}

fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// ISO 8601. A colon in the offset, or the offset itself, may be missing: then it is UTC.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let with_offset = DateTime::parse_from_rfc3339(&text);
    let with_offset = with_offset.or_else(|_| DateTime::<FixedOffset>::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    let read = with_offset.map(|time| time.to_utc());
    let read =
        read.or_else(|_| NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").map(|time| time.and_utc()));
    read.map_err(|_| de::Error::custom("it is not a time as 2026-11-26T08:15:30.000Z"))
}
