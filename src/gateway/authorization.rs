//! What the header Authorization says.

use axum::http::header;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// Some clients leave the padding out.
const FORGIVING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Either alphabet: none of the letters in which they differ stands for something else in the other.
const ALPHABETS: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&STANDARD, FORGIVING), GeneralPurpose::new(&URL_SAFE, FORGIVING)];

/// User name and password of Basic credentials (RFC 7617).
pub(crate) fn basic_credentials(parts: &Parts) -> Option<(String, String)> {
    let credentials = of_scheme(parts, "Basic")?;
    let decoded = ALPHABETS.iter().find_map(|alphabet| alphabet.decode(credentials).ok())?;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// A bearer token (RFC 6750).
pub(crate) fn bearer_token(parts: &Parts) -> Option<&str> {
    of_scheme(parts, "Bearer")
}

fn of_scheme<'a>(parts: &'a Parts, wanted: &str) -> Option<&'a str> {
    let (scheme, credentials) = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let credentials = credentials.trim();
    (scheme.eq_ignore_ascii_case(wanted) && !credentials.is_empty()).then_some(credentials)
}
