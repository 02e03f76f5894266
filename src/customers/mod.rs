//! The domain: what a customer is, what may be written, and how. Knows no HTTP and no vendor's JSON.

mod application;
mod associate;
mod create;
mod events;
mod generate_password;
mod hooked;
mod listing;
mod login;
mod lookup;
mod model;
mod passwords;
mod points;
mod populate;
mod profile;
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

pub use create::SeedCustomer;
pub use hooked::{CalledFor, called_for};
pub use listing::{Listed, TreeAround, TreeNode, TypeChange};
pub use model::{Address, Customer, CustomerFields, CustomerId, FieldsSent, LookUp, Patch};
pub use passwords::{PasswordCost, PasswordHashText, Passwords};
pub use points::Points;
pub use populate::{Crowd, CrowdShape};
pub use profile::{Company, Profile, ProfileOwner, Profiled, Version};
pub use search::{IdFilter, Search};
pub use service::{Customers, Error, Scope};
pub use sso::SignOnToken;
pub use stats::Stats;
pub use stored::{
    CustomerRecord, Placement, RestoredCustomer, StoredCompany, StoredCustomer, StoredPoints, StoredTypeChange,
};
pub use text::{filled, is_forbidden};
pub use tree::Tree;
pub use violation::{Rejection, Violation, ViolationKind};
