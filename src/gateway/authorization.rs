//! The header Authorization.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// Some clients leave the padding out.
const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Clients use either alphabet. No letter has two meanings, so a text that is valid in both decodes to the same bytes.
const ALPHABETS: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&STANDARD, ANY_PADDING), GeneralPurpose::new(&URL_SAFE, ANY_PADDING)];

/// User name and password of Basic credentials (RFC 7617).
pub(crate) fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let credentials = of_scheme(headers, "Basic")?;
    let decoded = ALPHABETS.iter().find_map(|alphabet| alphabet.decode(credentials).ok())?;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// A bearer token (RFC 6750).
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    of_scheme(headers, "Bearer")
}

fn of_scheme<'a>(headers: &'a HeaderMap, expected: &str) -> Option<&'a str> {
    let (scheme, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let credentials = credentials.trim();
    (scheme.eq_ignore_ascii_case(expected) && !credentials.is_empty()).then_some(credentials)
}
