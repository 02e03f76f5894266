//! The JSON of DirectScale's requests and responses about customers and lookups; `error.rs` writes errors.

mod body;
mod customer;
mod lookups;
mod notes;
mod patch;
mod schema;
mod texts;

pub(super) use body::{Body, Request};
pub(super) use customer::{CustomFieldsJson, CustomerJson};
pub(super) use lookups::{CountryJson, IdentityJson, SearchItemJson, StatsJson, WebsiteJson};
pub(super) use schema::{CustomerPatch, CustomerRequest, LoginRequest, PasswordRequest, PointsToAdd, PointsToDeduct};
