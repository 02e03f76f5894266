//! ByDesign's door: its only serde, its formats, its words. What is pure of it; its routes come on top.
//!
//! A request's body becomes [`wire::members::Members`], those a [`wire::request::CustomerCreation`], that the domain's
//! values ([`mapping`]); a customer becomes a [`wire::customer::CustomerAnswer`], that a [`wire::tree::Answer`], that bytes.

mod countries;
mod faults;
mod locales;
mod mapping;
mod negotiate;
mod wire;
