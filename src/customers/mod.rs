//! The domain: what may be written of a customer, and how. Knows no HTTP and no vendor API.

mod command;
mod create;
mod error;
mod events;
mod generate_password;
mod hooks;
mod listing;
mod login;
mod model;
mod passwords;
mod points;
mod populate;
mod profile;
mod read_profile;
mod scope;
mod search;
mod service;
mod sso;
mod stats;
mod store;
mod stored;
mod text;
mod tree;
mod update;
mod upgrade;
mod validation;
mod violation;
mod write;
mod write_profile;

pub use crate::model::{Address, Customer, CustomerFields, CustomerId, FieldMask, filled};
pub use command::{NewCustomer, Patch};
pub use create::SeedCustomer;
pub use error::Error;
pub use hooks::{CalledFor, called_for};
pub use listing::{CustomerSummary, TreeAround, TreeNode, TypeChange};
pub use model::LookUp;
pub use passwords::{PasswordCost, PasswordHashText, Passwords};
pub use points::Points;
pub use populate::{Population, TreeShape};
pub use profile::{Company, Profile, Version};
pub use read_profile::Profiled;
pub use scope::Scope;
pub use search::{IdFilter, Search};
pub use service::Customers;
pub use sso::SsoToken;
pub use stats::Stats;
pub use stored::{
    CustomerRecord, Placement, RestoredCustomer, StoredCompany, StoredCustomer, StoredPoints, StoredTypeChange,
};
pub use text::is_forbidden;
pub use tree::Tree;
pub use violation::{Rejection, Violation, ViolationKind};
