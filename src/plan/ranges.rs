//! The ranges of a plan's numbers, texts and lists.

use crate::model::Field;

/// The maximum length of a password, in characters.
pub const MAX_PASSWORD_LENGTH: usize = 1_000;

/// The maximum length of a text with an index, in characters of up to four bytes: an entry of an index has at most 2,704 bytes.
pub const MAX_INDEXED_LENGTH: usize = 600;

/// The maximum length of any other text of a customer, in characters.
pub(super) const MAX_TEXT_LENGTH: usize = 4_000;

/// The maximum number of requests of a rate limit or quota.
pub(super) const MAX_CALLS: u32 = 1_000_000_000;

/// The longest window of a rate limit or quota: 366 days in seconds.
pub(super) const MAX_RENEWAL_SECONDS: u32 = 366 * 24 * 60 * 60;

/// In years.
pub(super) const MAX_MINIMUM_AGE: u8 = 150;

/// The maximum number of types, of statuses, of transitions between types, and of statistics.
pub(super) const MAX_ENTRIES: usize = 1_000;

/// The maximum length of the name of a type or status and of a currency, in characters.
pub(super) const MAX_NAME_LENGTH: usize = 100;

/// In characters.
pub(super) const MAX_URL_LENGTH: usize = 2_000;

/// The maximum length of a plan as JSON, in bytes.
pub(super) const MAX_PLAN_BYTES: usize = 256 * 1024;

/// The fields with an index.
pub const INDEXED: [Field; 6] = [
    Field::BackOfficeId,
    Field::EmailAddress,
    Field::ExternalReferenceId,
    Field::TaxId,
    Field::Username,
    Field::WebAlias,
];

/// The highest `max_length` of a field, in characters.
pub(super) fn max_length_of(field: Field) -> usize {
    if INDEXED.contains(&field) { MAX_INDEXED_LENGTH } else { MAX_TEXT_LENGTH }
}
