//! Values of a row that are not sent as a row.

use std::fmt;

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Postgres, Type};

use super::row_bytes::Reader;

/// An array of the bytes that Postgres' functions for sending values returned (`bytea[]`). An iterator over the values; `None` is NULL.
/// They contain secrets, which `Debug` does not show.
pub struct SentValues<'r>(Reader<'r>);

impl fmt::Debug for SentValues<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SentValues(…)")
    }
}

impl Type<Postgres> for SentValues<'_> {
    fn type_info() -> PgTypeInfo {
        <Vec<Vec<u8>> as Type<Postgres>>::type_info()
    }
}

impl<'r> Decode<'r, Postgres> for SentValues<'r> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => {
                Self::read(value.as_bytes()?).ok_or_else(|| "not an array of one dimension".into())
            }
            PgValueFormat::Text => Err("an array of bytes needs the binary format".into()),
        }
    }
}

impl<'r> SentValues<'r> {
    /// `None` if it is not empty and has not one dimension.
    fn read(bytes: &'r [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let (dimensions, _has_null, _type) = (reader.number()?, reader.number()?, reader.number()?);
        match dimensions {
            0 => Some(Self(Reader(&[]))),
            1 => {
                let (_count, _first_index) = (reader.number()?, reader.number()?);
                Some(Self(reader))
            }
            _ => None,
        }
    }
}

impl<'r> Iterator for SentValues<'r> {
    type Item = Option<&'r [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        // -1 stands for NULL.
        match usize::try_from(self.0.number()?) {
            Ok(length) => self.0.bytes(length).map(Some),
            Err(_) => Some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(head: &[i32], values: &[Option<&[u8]>]) -> Vec<u8> {
        let mut bytes = head.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>();
        for value in values {
            let length = value.map_or(-1, |value| i32::try_from(value.len()).expect("a short value"));
            bytes.extend(length.to_be_bytes());
            bytes.extend(value.unwrap_or_default());
        }
        bytes
    }

    #[test]
    fn values_keep_their_order() {
        let values = [Some(&b"ab"[..]), None, Some(b""), Some(&[0, 255])];
        let bytes = array(&[1, 1, 17, 4, 1], &values);
        assert_eq!(SentValues::read(&bytes).expect("an array").collect::<Vec<_>>(), values);
        let empty = array(&[0, 0, 17], &[]);
        assert_eq!(SentValues::read(&empty).expect("an array").count(), 0);
    }

    #[test]
    fn other_bytes_are_no_array_and_a_cut_value_is_left_out() {
        assert!(SentValues::read(&array(&[2, 0, 17, 1, 1, 1, 1], &[Some(b"a")])).is_none());
        assert!(SentValues::read(&[0, 0, 0, 1]).is_none());
        let mut cut = array(&[1, 0, 17, 2, 1], &[Some(b"ab"), Some(b"cd")]);
        cut.pop();
        assert_eq!(SentValues::read(&cut).expect("an array").collect::<Vec<_>>(), [Some(&b"ab"[..])]);
    }
}
