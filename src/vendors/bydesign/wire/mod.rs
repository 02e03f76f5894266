//! Bytes in and out.

pub(super) mod body;
pub(super) mod customer;
pub(super) mod dates;
pub(super) mod escape;
mod form;
mod json;
pub(super) mod lists;
pub(super) mod members;
pub(super) mod request;
pub(super) mod result;
pub(super) mod tree;
mod xml;

#[cfg(test)]
mod round_trip;
