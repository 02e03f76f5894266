//! DirectScale's Client Extension protocol: hooks, named points at which a tenant's extension may change, follow or replace what
//! the vendor does.
//!
//! One mechanism for every hook id. What the vendor itself does is the domain's. Where an extension answers the hook, it is
//! called instead, with a one-time token by which it may call back, once and while the hook runs, to have the vendor's own work
//! done with the request as it altered it. The models that hooks carry, and how a customer's fields become their members, are
//! here; the rules of customers are not.

mod application;
mod associate;
mod call;
mod ids;
mod json;
mod mapping;
mod remote_exception;
mod settings;
mod store;

pub use application::{Application, ApplicationResponse, HookAddress, HookCustomFields, UnusedMembers};
pub use associate::Associate;
pub use call::{Callback, CallbackToken, HookError, HookFailure, HookOf, Hooks, try_hook};
pub use ids::*;
pub use mapping::{from_application, from_associate, to_application, to_associate};
pub use remote_exception::DiscoRemoteException;
pub use settings::{Extension, HookId};
