//! The domain: customers, their validation, commands and SQL. No HTTP and no vendor's JSON.

mod application;
mod associate;
mod create;
mod events;
mod generate_password;
mod hooked;
mod listing;
mod login;
mod model;
mod passwords;
mod points;
mod populate;
mod profile;
mod read_profile;
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
mod write_profile;

pub use create::SeedCustomer;
pub use hooked::{CalledFor, called_for};
pub use listing::{CustomerSummary, TreeAround, TreeNode, TypeChange};
pub use model::{Address, Customer, CustomerFields, CustomerId, FieldsSent, LookUp, Patch};
pub use passwords::{PasswordCost, PasswordHashText, Passwords};
pub use points::Points;
pub use populate::{Population, TreeShape};
pub use profile::{Company, Profile, ProfileOwner, Version};
pub use read_profile::Profiled;
pub use search::{IdFilter, Search};
pub use service::{Customers, Error, Scope};
pub use sso::SsoToken;
pub use stats::Stats;
pub use stored::{
    CustomerRecord, Placement, RestoredCustomer, StoredCompany, StoredCustomer, StoredPoints, StoredTypeChange,
};
pub use text::filled;
pub use tree::Tree;
pub use violation::{Rejection, Violation, ViolationKind};
