//! `Prefer: return=representation` (RFC 7240): answer a write with the customer. An extension of ours.

use axum::http::HeaderMap;

/// What is answered in `Preference-Applied`.
pub(super) const REPRESENTATION: &str = "return=representation";

/// Whether the caller prefers the customer as the answer of a write.
pub(super) fn wants_representation(headers: &HeaderMap) -> bool {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .any(|preference| preference.trim().eq_ignore_ascii_case(REPRESENTATION))
}
