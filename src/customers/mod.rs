//! The domain: what a customer is, what may be written, and how. Knows no HTTP and no vendor's JSON.

mod application;
mod associate;
mod create;
mod display;
mod events;
mod hooked;
mod listing;
mod made_password;
mod model;
mod passwords;
mod points;
mod populate;
mod profile;
mod refusal;
mod rules;
mod search;
mod service;
mod sign_in;
mod sign_on;
mod stats;
mod store;
mod stored;
mod text;
mod tree;
mod update;
mod upgrade;

pub use create::SeedCustomer;
pub use hooked::{CalledFor, called_for};
pub use listing::{Listed, TreeAround, TreeNode, TypeChange};
pub use model::{Address, Customer, CustomerId, FieldsSent, LookUp, Patch, Values};
pub use passwords::{PasswordCost, PasswordHashText, Passwords};
pub use points::Points;
pub use populate::{Crowd, CrowdShape};
pub use profile::{Company, Profile, ProfileOwner, Profiled, Version};
pub use refusal::{Fault, Refusal, Rule};
pub use search::{IdFilter, Search};
pub use service::{Customers, Error, Scope};
pub use sign_on::SignOnToken;
pub use stats::Stats;
pub use stored::{
    CustomerRecord, Placement, RestoredCustomer, StoredCompany, StoredCustomer, StoredPoints, StoredTypeChange,
};
pub use text::filled;
pub use tree::Tree;
