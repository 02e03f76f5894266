//! Hooks: named points at which a tenant's Client Extension may change, follow or replace what the vendor does.
//!
//! One mechanism for every hook id. What the vendor itself would do, the default work, is the domain's. Where an extension
//! answers the hook, it is called instead, with a one-time token by which it may call back, once and while the hook runs, to
//! have the default work done with the request as it altered it. This floor knows no customers.

mod application;
mod associate;
mod call;
mod ids;
mod json;
mod remote_exception;
mod settings;
mod store;

pub use application::{Application, ApplicationResponse, HookAddress, HookCustomFields, UnusedMembers};
pub use associate::Associate;
pub use call::{Callback, CallbackToken, HookError, HookFailure, HookOf, Hooks, try_hook};
pub use ids::*;
pub use remote_exception::DiscoRemoteException;
pub use settings::{Extension, HookId};
