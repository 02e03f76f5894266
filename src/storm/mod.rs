//! Storm's door (Storm API 1.1, CustomerService): its JSON, its words, and how its customers fit the domain's.
//!
//! A call reads a [`wire::Request`], finds the customer whom it means, and lays the request over what is kept of that
//! customer ([`written`]); an answer is a view of what is kept then
//! ([`document`]).

mod countries;
mod document;
mod error;
mod fault;
mod html;
mod merge;
mod names;
mod refused;
#[cfg(test)]
mod tests;
mod wire;
mod written;
