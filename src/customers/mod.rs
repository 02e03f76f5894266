//! The domain: what may be written of a customer, and how. Knows no HTTP and no vendor API.

mod command;
mod create;
mod error;
mod events;
mod generate_password;
mod hooks;
mod listing;
mod login;
mod lookup;
mod model;
mod passwords;
mod points;
mod populate;
mod profile;
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

pub use crate::model::{Address, Customer, CustomerFields, CustomerId, FieldMask, filled};
pub use command::{NewCustomer, Patch};
pub use create::SeedCustomer;
pub use error::Error;
pub use hooks::{CalledFor, called_for};
pub use listing::{Listed, TreeAround, TreeNode, TypeChange};
pub use model::LookUp;
pub use passwords::{PasswordCost, PasswordHashText, Passwords};
pub use points::Points;
pub use populate::{Crowd, CrowdShape};
pub use profile::{Company, Profile, ProfileOwner, Profiled, Version};
pub use scope::Scope;
pub use search::{IdFilter, Search};
pub use service::Customers;
pub use sso::SignOnToken;
pub use stats::Stats;
pub use stored::{
    CustomerRecord, Placement, RestoredCustomer, StoredCompany, StoredCustomer, StoredPoints, StoredTypeChange,
};
pub use tree::Tree;
pub use violation::{Rejection, Violation, ViolationKind};
