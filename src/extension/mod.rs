//! DirectScale's Client Extension protocol: hooks, named points at which a tenant's extension may change, follow or replace what
//! the vendor does.
//!
//! One mechanism serves every hook id. The vendor's default work belongs to the domain. An extension that answers a hook is
//! called instead. It gets a one-time token, with which it may call back once while the hook runs; the callback does the default
//! work with the altered request. This module has the models that hooks carry and maps a customer's fields to them. It does not
//! have the rules of customers.

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
pub use call::{Callback, CallbackToken, HookContext, HookError, HookFailure, Hooks, try_hook};
pub use ids::*;
pub use mapping::{from_application, from_associate, to_application, to_associate};
pub use remote_exception::DiscoRemoteException;
pub use settings::{Extension, HookId, TOKEN_LENGTH};
