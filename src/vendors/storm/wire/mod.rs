//! Storm's JSON, in and out.

pub(super) mod answer;
pub(super) mod dates;
pub(super) mod json;
pub(super) mod read;
pub(super) mod request;
mod sent;

pub(super) use read::Request;
pub(super) use sent::Sent;
