//! Storm's JSON in requests and responses.

pub(super) mod json;
pub(super) mod kinds;
pub(super) mod members;
pub(super) mod read;
pub(super) mod request;
pub(super) mod response;

pub(super) use kinds::Sent;
pub(super) use read::Parsed;
