//! The domain: the operations on customers and their rules. Statuses, bytes and vendors' member names are not known here.

mod branches;
mod browse;
mod create;
mod defaults;
mod email;
mod error;
mod events;
mod generate_password;
mod hooks;
mod listing;
mod login;
mod look_up;
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
mod suggest;
mod text;
mod tree;
mod update;
mod validation;
mod write;
mod write_profile;

pub use branches::{BranchNode, MAX_DIRECT, MAX_TOTAL, PathNode};
pub use browse::{CustomerFilter, CustomerOrder, CustomerPage};
pub use create::SeedCustomer;
pub use email::is_email_address;
pub use error::{Error, Rejection, Violation, ViolationKind};
pub use hooks::{HookedRequest, hooked_request};
pub use listing::{CustomerSummary, MAX_COUNTED, TreeAround, TreeNode, TypeChange};
pub use look_up::LookUp;
pub use passwords::{PasswordCost, PasswordHashText, Passwords};
pub use points::{ExpiringPoints, Points, PointsEntry, PointsLedger};
pub use populate::{Population, TreeShape};
pub use profile::{Company, Profile, Version};
pub use read_profile::Profiled;
pub use scope::Scope;
pub use search::{IdFilter, Search};
pub use service::Customers;
pub use sso::SsoToken;
pub use stats::Stats;
pub use store::generated_statements;
pub use stored::{
    CustomerRecord, MAX_SEED_NUMBER, Placement, RestoredCustomer, StoredCompany, StoredCustomer, StoredPoints,
    StoredTypeChange,
};
pub use suggest::{Purpose, SuggestedValue, Suggestions};
pub use text::is_forbidden;
pub use tree::Tree;
pub use write::{NewCustomer, Patch};
