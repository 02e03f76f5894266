//! A row as the text of each of its columns (`migrations/functions/row_texts.sql`).

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Postgres, Type};

/// The length of an array's header in bytes: dimensions, flags, type, length and lower bound.
const HEADER_LENGTH: usize = 20;

/// The bytes of a `text[]`. They are parsed only when two rows are compared, because a separate string for each column would cost
/// more than the comparison.
#[derive(Debug, Clone, Default)]
pub struct RowTexts(Box<[u8]>);

impl Type<Postgres> for RowTexts {
    fn type_info() -> PgTypeInfo {
        <Vec<String> as Type<Postgres>>::type_info()
    }
}

impl<'r> Decode<'r, Postgres> for RowTexts {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => Ok(Self(value.as_bytes()?.into())),
            PgValueFormat::Text => Err("a row needs the binary format".into()),
        }
    }
}

impl RowTexts {
    /// `None` is NULL.
    pub(super) fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        let mut rest = self.0.get(HEADER_LENGTH..).unwrap_or_default();
        std::iter::from_fn(move || {
            let (length, behind) = rest.split_first_chunk::<4>()?;
            // -1 stands for NULL.
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                rest = behind;
                return Some(None);
            };
            let (text, behind) = behind.split_at_checked(length)?;
            rest = behind;
            Some(std::str::from_utf8(text).ok())
        })
    }
}

#[cfg(test)]
impl RowTexts {
    /// As Postgres sends them.
    pub(super) fn of(texts: &[Option<&str>]) -> Self {
        let mut bytes = vec![0; HEADER_LENGTH];
        for text in texts {
            let length = text.map_or(-1, |text| i32::try_from(text.len()).expect("a short text"));
            bytes.extend(length.to_be_bytes());
            bytes.extend(text.unwrap_or_default().as_bytes());
        }
        Self(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_their_order() {
        let texts = [Some("a"), None, Some(""), Some("é")];
        assert_eq!(RowTexts::of(&texts).iter().collect::<Vec<_>>(), texts);
        assert_eq!(RowTexts::default().iter().count(), 0);
        let mut truncated = RowTexts::of(&texts).0.into_vec();
        truncated.pop();
        assert_eq!(RowTexts(truncated.into()).iter().count(), 3);
    }
}
