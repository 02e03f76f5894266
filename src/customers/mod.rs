//! The domain: what a customer is, what may be written, and how. Knows no HTTP and no vendor's JSON.

mod model;
mod passwords;
mod refusal;
mod rules;
mod service;
mod store;
mod text;
mod upgrade;

pub use model::{Address, Customer, CustomerId, FieldsSent, LookUp, Patch, Values};
pub use passwords::{PasswordCost, Passwords};
pub use refusal::{Fault, Refusal, Rule};
pub use service::{Customers, Error, Scope, SeedCustomer};
pub use text::filled;
