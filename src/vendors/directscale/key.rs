//! The headers and parameters with credentials.

use std::borrow::Cow;

use axum::http::request::Parts;

use crate::gateway::parameters;

/// The header that carries the key (DirectScale, Getting API Keys page).
pub(super) const HEADER: &str = "ocp-apim-subscription-key";

/// The query parameter that may carry it instead (the gateway's default).
const PARAMETER: &str = "subscription-key";

/// The two names of the header with a callback's token: the vendor's shipped sample sends the first, its reference page names the
/// second.
pub(super) const CALLBACK_TOKENS: [&str; 2] = ["x-directscale-callbacktoken", "x-directscale-callback"];

/// All of them, and the extension's own token.
pub(super) const SECRETS: [&str; 5] = [HEADER, PARAMETER, CALLBACK_TOKENS[0], CALLBACK_TOKENS[1], "authorization"];

/// The key that a request presents: the header's, else the query's. A blank one counts as none.
pub(super) fn presented_key(parts: &Parts) -> Option<Cow<'_, str>> {
    let header = parts.headers.get(HEADER).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let key = header.or_else(|| query_parameter(parts.uri.query()?))?;
    (!key.trim().is_empty()).then_some(key)
}

fn query_parameter(query: &str) -> Option<Cow<'_, str>> {
    parameters(query).find(|(name, _)| name.eq_ignore_ascii_case(PARAMETER)).map(|(_, value)| value)
}
