//! The JSON of DirectScale's customers calls: the only place that reads or writes it.

mod body;
mod customer;
mod patch;

pub(super) use body::{Body, BodyError};
pub(super) use customer::CustomerJson;
