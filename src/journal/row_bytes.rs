//! A row as Postgres' `record_send` writes it, and its columns as the texts that Postgres makes of them.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Postgres, Type};
use uuid::Uuid;

/// The bytes of `record_send(row)`: the number of columns, then the type, length and value of each. Postgres makes them in half the
/// time that the texts would cost, and they become texts only where somebody looks. They contain secrets, which `Debug` does not show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RowBytes {
    bytes: Box<[u8]>,
    /// The names of the columns; `None` for all of the table.
    columns: Option<ColumnNames>,
}

/// The names of the columns of a part of a row.
pub type ColumnNames = Arc<[&'static str]>;

/// A value of a column that Postgres does not return as a part of a row: mostly one that this program wrote.
#[derive(Debug, Clone, Copy)]
pub enum WrittenValue<'a> {
    Int4(Option<i32>),
    Int8(i64),
    Bool(Option<bool>),
    Text(Option<&'a str>),
    Time(Option<DateTime<Utc>>),
    Uuid(Uuid),
    Texts(&'a [Option<String>]),
    /// What Postgres' function for sending values of the type returned.
    Sent(ColumnType, Option<&'a [u8]>),
}

/// The types of the columns of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    Int4,
    Bool,
    Text,
    Time,
    Texts,
}

/// A row that is made of values one by one, in the order of its columns.
#[derive(Debug)]
pub struct WrittenRow(Vec<u8>);

impl fmt::Debug for RowBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RowBytes(…)")
    }
}

/// A value of a column as Postgres sends it. Two values of one column are equal if their texts are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ColumnBytes<'a> {
    kind: u32,
    value: &'a [u8],
}

impl Type<Postgres> for RowBytes {
    fn type_info() -> PgTypeInfo {
        <Vec<u8> as Type<Postgres>>::type_info()
    }
}

impl<'r> Decode<'r, Postgres> for RowBytes {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => Ok(Self { bytes: value.as_bytes()?.into(), columns: None }),
            PgValueFormat::Text => Err("a row needs the binary format".into()),
        }
    }
}

impl From<Vec<u8>> for RowBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), columns: None }
    }
}

impl RowBytes {
    /// A row that Postgres does not return, because this program knows what it wrote.
    #[must_use]
    pub fn written<const N: usize>(columns: &ColumnNames, values: [WrittenValue<'_>; N]) -> Self {
        let mut row = WrittenRow::new(N);
        for value in values {
            row.add(value);
        }
        row.of(columns)
    }

    /// The values in the order of these columns of the table; `None` is NULL. Where the row does not have a column, its value is that of
    /// `others`, or NULL.
    pub(super) fn values<'a>(
        &'a self,
        columns: impl Iterator<Item = &'static str>,
        others: &[Option<ColumnBytes<'a>>],
    ) -> Vec<Option<ColumnBytes<'a>>> {
        let values: Vec<_> = self.iter().collect();
        let Some(names) = &self.columns else { return values };
        let value = |(number, column)| match names.iter().position(|name| *name == column) {
            Some(index) => values.get(index).copied().flatten(),
            None => others.get(number).copied().flatten(),
        };
        columns.enumerate().map(value).collect()
    }

    /// In bytes, without the struct itself.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The text of each column; `None` is NULL, or a value of a type that no table of this program has.
    #[must_use]
    pub fn texts(&self) -> Vec<Option<String>> {
        self.iter().map(|column| Some(column?.text()?.into_owned())).collect()
    }

    /// The columns in their order; `None` is NULL.
    pub(super) fn iter(&self) -> impl Iterator<Item = Option<ColumnBytes<'_>>> {
        let mut rest = Reader(self.bytes.get(4..).unwrap_or_default());
        std::iter::from_fn(move || {
            let kind = rest.number()?.cast_unsigned();
            // -1 stands for NULL.
            let Ok(length) = usize::try_from(rest.number()?) else { return Some(None) };
            Some(Some(ColumnBytes { kind, value: rest.bytes(length)? }))
        })
    }
}

/// Postgres' numbers of the types, as in `pg_type.dat`.
mod kinds {
    pub(super) const BOOL: u32 = 16;
    pub(super) const BYTEA: u32 = 17;
    pub(super) const INT8: u32 = 20;
    pub(super) const INT4: u32 = 23;
    pub(super) const TEXT: u32 = 25;
    pub(super) const TEXTS: u32 = 1009;
    pub(super) const TIMESTAMPTZ: u32 = 1184;
    pub(super) const NUMERIC: u32 = 1700;
    pub(super) const UUID: u32 = 2950;
    pub(super) const JSONB: u32 = 3802;
}

impl WrittenRow {
    /// With space for this number of values of usual length.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        // The number of columns, which comes first, is not read.
        let mut bytes = Vec::with_capacity(4 + columns * 24);
        bytes.extend([0; 4]);
        Self(bytes)
    }

    pub fn add(&mut self, value: WrittenValue<'_>) {
        match value {
            WrittenValue::Int4(number) => self.write(kinds::INT4, number.map(i32::to_be_bytes)),
            WrittenValue::Int8(number) => self.write(kinds::INT8, Some(number.to_be_bytes())),
            WrittenValue::Bool(flag) => self.write(kinds::BOOL, flag.map(|flag| [u8::from(flag)])),
            WrittenValue::Text(text) => self.write(kinds::TEXT, text),
            WrittenValue::Time(time) => self.write(kinds::TIMESTAMPTZ, time.map(|time| since_2000(time).to_be_bytes())),
            WrittenValue::Uuid(uuid) => self.write(kinds::UUID, Some(uuid)),
            WrittenValue::Texts(texts) => self.write_array(texts),
            WrittenValue::Sent(kind, value) => self.write(kind.number(), value),
        }
    }

    /// The row, of these columns.
    #[must_use]
    pub fn of(self, columns: &ColumnNames) -> RowBytes {
        RowBytes { bytes: self.0.into(), columns: Some(Arc::clone(columns)) }
    }

    fn write(&mut self, kind: u32, value: Option<impl AsRef<[u8]>>) {
        self.0.extend_from_slice(&kind.to_be_bytes());
        write_value(&mut self.0, value);
    }

    /// An array of texts as Postgres sends it: the dimensions, whether there is a NULL, the type, the length and the first index; then the
    /// elements.
    fn write_array(&mut self, texts: &[Option<String>]) {
        self.0.extend_from_slice(&kinds::TEXTS.to_be_bytes());
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        let has_null = i32::from(texts.iter().any(Option::is_none));
        let of_text = kinds::TEXT.cast_signed();
        let head: &[i32] =
            if texts.is_empty() { &[0, 0, of_text] } else { &[1, has_null, of_text, length_of(texts), 1] };
        for part in head {
            self.0.extend_from_slice(&part.to_be_bytes());
        }
        for text in texts {
            write_value(&mut self.0, text.as_ref());
        }
        let length = length_of(&self.0[start + 4..]);
        self.0[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

impl ColumnType {
    fn number(self) -> u32 {
        match self {
            Self::Int4 => kinds::INT4,
            Self::Bool => kinds::BOOL,
            Self::Text => kinds::TEXT,
            Self::Time => kinds::TIMESTAMPTZ,
            Self::Texts => kinds::TEXTS,
        }
    }
}

/// The length and the bytes; a length of -1 stands for NULL.
fn write_value(row: &mut Vec<u8>, value: Option<impl AsRef<[u8]>>) {
    let Some(value) = value else { return row.extend_from_slice(&(-1_i32).to_be_bytes()) };
    let bytes = value.as_ref();
    row.extend_from_slice(&length_of(bytes).to_be_bytes());
    row.extend_from_slice(bytes);
}

fn length_of<T>(values: &[T]) -> i32 {
    i32::try_from(values.len()).unwrap_or(i32::MAX)
}

/// In microseconds, as sqlx sends it.
fn since_2000(time: DateTime<Utc>) -> i64 {
    const EPOCH: DateTime<Utc> = DateTime::from_timestamp_micros(FROM_1970_TO_2000).expect("invariant: a valid date");
    time.signed_duration_since(EPOCH).num_microseconds().unwrap_or(i64::MAX)
}

impl<'a> ColumnBytes<'a> {
    /// What `::text` makes of the value in a session in UTC. `None` for a type that no recorded table has.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let bytes = self.value;
        Some(match self.kind {
            kinds::TEXT => std::str::from_utf8(bytes).ok()?.into(),
            kinds::JSONB => std::str::from_utf8(bytes.strip_prefix(&[1])?).ok()?.into(),
            kinds::BOOL => Cow::Borrowed(if bytes == [1] { "true" } else { "false" }),
            kinds::INT4 => i32::from_be_bytes(bytes.try_into().ok()?).to_string().into(),
            kinds::INT8 => i64::from_be_bytes(bytes.try_into().ok()?).to_string().into(),
            kinds::UUID => Uuid::from_slice(bytes).ok()?.to_string().into(),
            kinds::TIMESTAMPTZ => time(i64::from_be_bytes(bytes.try_into().ok()?))?.into(),
            kinds::NUMERIC => numeric(bytes)?.into(),
            kinds::TEXTS => texts(bytes)?.into(),
            kinds::BYTEA => hexadecimal(bytes).into(),
            _ => return None,
        })
    }
}

/// Reads the integers and bytes of a value, in network order.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn number(&mut self) -> Option<i32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i32::from_be_bytes(*number))
    }

    fn short(&mut self) -> Option<i16> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i16::from_be_bytes(*number))
    }

    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

/// Appends to a text, which cannot fail.
macro_rules! append {
    ($text:expr, $($arguments:tt)*) => {
        write!($text, $($arguments)*).expect("invariant: a String takes every text")
    };
}

/// In microseconds.
const FROM_1970_TO_2000: i64 = 946_684_800_000_000;

/// A time from its microseconds since 2000. `None` for one that chrono does not know (after the year 262,000).
fn time(since_2000: i64) -> Option<String> {
    match since_2000 {
        i64::MAX => return Some("infinity".to_owned()),
        i64::MIN => return Some("-infinity".to_owned()),
        _ => {}
    }
    let time = DateTime::from_timestamp_micros(since_2000.checked_add(FROM_1970_TO_2000)?)?;
    let (year, era) = if time.year() > 0 { (time.year(), "") } else { (1 - time.year(), " BC") };
    let mut text = format!("{year:04}-{}", time.format("%m-%d %H:%M:%S"));
    let micros = time.nanosecond() / 1_000;
    if micros > 0 {
        let fraction = format!(".{micros:06}");
        text.push_str(fraction.trim_end_matches('0'));
    }
    append!(text, "+00{era}");
    Some(text)
}

/// A number of groups of four digits, the first of which stands for multiples of 10,000 to the power of `weight`.
fn numeric(bytes: &[u8]) -> Option<String> {
    const NEGATIVE: i16 = 0x4000;
    let mut reader = Reader(bytes);
    let (count, weight, sign, scale) = (reader.short()?, reader.short()?, reader.short()?, reader.short()?);
    let groups = (0..count).map(|_| reader.short()).collect::<Option<Vec<i16>>>()?;
    let group =
        |power: i16| usize::try_from(weight - power).ok().and_then(|index| groups.get(index)).copied().unwrap_or(0);
    let mut text = match sign {
        0 => String::new(),
        NEGATIVE => "-".to_owned(),
        // Not a number, or infinite.
        _ => return None,
    };
    append!(text, "{}", group(weight.max(0)));
    for power in (0..weight.max(0)).rev() {
        append!(text, "{:04}", group(power));
    }
    if scale > 0 {
        let mut fraction = String::new();
        for power in 1..=(scale + 3) / 4 {
            append!(fraction, "{:04}", group(-power));
        }
        append!(text, ".{}", fraction.get(..usize::try_from(scale).ok()?)?);
    }
    Some(text)
}

/// An array of one dimension, of texts.
fn texts(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes);
    let (dimensions, _has_null, _kind) = (reader.number()?, reader.number()?, reader.number()?);
    if dimensions == 0 {
        return Some("{}".to_owned());
    }
    let (count, _first) = (reader.number()?, reader.number()?);
    let mut text = "{".to_owned();
    for index in 0..count {
        if index > 0 {
            text.push(',');
        }
        match usize::try_from(reader.number()?) {
            Ok(length) => push_element(&mut text, std::str::from_utf8(reader.bytes(length)?).ok()?),
            Err(_) => text.push_str("NULL"),
        }
    }
    text.push('}');
    (dimensions == 1 && reader.0.is_empty()).then_some(text)
}

/// Quoted where an array's reader would take it for something else.
fn push_element(text: &mut String, element: &str) {
    let is_special = |char: char| matches!(char, '"' | '\\' | '{' | '}' | ',' | ' ' | '\t'..='\r');
    if !element.is_empty() && !element.eq_ignore_ascii_case("null") && !element.contains(is_special) {
        text.push_str(element);
        return;
    }
    text.push('"');
    for char in element.chars() {
        if matches!(char, '"' | '\\') {
            text.push('\\');
        }
        text.push(char);
    }
    text.push('"');
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = "\\x".to_owned();
    for byte in bytes {
        append!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
impl RowBytes {
    /// As Postgres sends a row of these texts.
    pub(super) fn of(texts: &[Option<&str>]) -> Self {
        let values: Vec<_> = texts.iter().map(|text| (kinds::TEXT, text.map(str::as_bytes))).collect();
        Self::of_columns(&values)
    }

    pub(super) fn of_columns(columns: &[(u32, Option<&[u8]>)]) -> Self {
        let count = |length: usize| i32::try_from(length).expect("a short row").to_be_bytes();
        let mut bytes = count(columns.len()).to_vec();
        for (kind, value) in columns {
            bytes.extend(kind.to_be_bytes());
            bytes.extend(value.map_or((-1_i32).to_be_bytes(), |value| count(value.len())));
            bytes.extend(value.unwrap_or_default());
        }
        Self::from(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_their_order() {
        let texts = [Some("a"), None, Some(""), Some("é")];
        let row = RowBytes::of(&texts);
        let read: Vec<_> = row.iter().map(|column| column.map(|column| column.text().expect("a text"))).collect();
        assert_eq!(read, texts.map(|text| text.map(Cow::Borrowed)));
        assert_eq!(RowBytes::default().iter().count(), 0);
        let mut truncated = RowBytes::of(&texts).bytes.into_vec();
        truncated.pop();
        assert_eq!(RowBytes::from(truncated).iter().count(), 3);
    }

    #[test]
    fn truncated_and_unknown_values_have_no_text() {
        let text = |kind, value: &[u8]| ColumnBytes { kind, value }.text().map(Cow::into_owned);
        let all =
            [kinds::INT4, kinds::INT8, kinds::UUID, kinds::TIMESTAMPTZ, kinds::NUMERIC, kinds::TEXTS, kinds::JSONB, 0];
        for kind in all {
            assert_eq!(text(kind, &[0, 1, 2]), None, "{kind}");
        }
        // An array that has fewer elements than it says.
        let cut = [1_i32, 0, 25, 2, 1, 1].map(i32::to_be_bytes).concat();
        assert_eq!(text(kinds::TEXTS, &[cut.as_slice(), b"a"].concat()), None);
    }
}
