//! The `Prefer` header (RFC 7240). Both preferences are extensions of ours.

use axum::http::{HeaderMap, HeaderValue};

/// The header that says which preferences were followed.
pub(super) const APPLIED: &str = "preference-applied";

/// Answer a write with the customer.
pub(super) const REPRESENTATION: &str = "return=representation";

/// Do everything, answer as if it stayed, and take it back.
pub(super) const ROLLBACK: &str = "tx=rollback";

/// Both, as `Preference-Applied` says it.
pub(super) const BOTH: &str = "return=representation, tx=rollback";

/// Whether the caller prefers the customer as the answer of a write.
#[must_use]
pub(crate) fn wants_representation(headers: &HeaderMap) -> bool {
    wants(headers, REPRESENTATION)
}

/// Whether the caller prefers that nothing stays.
pub(super) fn wants_rollback(headers: &HeaderMap) -> bool {
    wants(headers, ROLLBACK)
}

fn wants(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .any(|preference| preference.trim().eq_ignore_ascii_case(wanted))
}

/// That everything was taken back, as `Preference-Applied` says it.
pub(super) fn rolled_back() -> HeaderValue {
    HeaderValue::from_static(ROLLBACK)
}
