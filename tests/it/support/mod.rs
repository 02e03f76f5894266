//! For all tests: a shared server with a tenant for each test, HTTP in exact bytes, and access to the database.

pub mod balancer;
pub mod cluster;
pub mod compress;
pub mod control;
pub mod database;
pub mod documented;
pub mod fake_postgres;
pub mod http;
pub mod link;
pub mod pooler;
pub mod process;
pub mod receiver;
pub mod replicas;
pub mod seeds;
pub mod server;
pub mod session;
pub mod terminal;
pub mod vendors;

pub use http::{Client, Reply};
pub use server::{Tenant, tenant, tenant_of, tenant_with};

use serde_json::Value;

/// A body with some fields changed; null removes a field.
pub fn with(body: &Value, changes: Value) -> Value {
    let mut body = body.clone();
    let fields = body.as_object_mut().expect("an object");
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    for (name, value) in changes {
        if value.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, value);
        }
    }
    body
}
