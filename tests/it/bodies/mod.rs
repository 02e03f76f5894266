//! Request bodies as the vendors' .NET readers read them, over HTTP: values of other types, lenient JSON, encodings and codings,
//! and unknown members.

mod coercions;
mod dates;
mod encodings;
mod ignored;
mod syntax;

use crate::support::http::request;
use crate::support::vendors::VendorClient;
use crate::support::{Client, Reply, Tenant};

/// A body in any bytes, with these headers (each with its line end).
fn send(client: &Client, method: &str, path: &str, headers: &str, body: &[u8]) -> Reply {
    let head = format!("{headers}Content-Length: {}\r\n", body.len());
    let mut bytes = request(method, path, &head, None);
    bytes.extend_from_slice(body);
    client.raw(&bytes)
}

/// The endpoint that a body is sent to.
#[derive(Debug, Clone)]
struct Target {
    client: Client,
    method: &'static str,
    path: String,
    /// The credentials, each with its line end.
    headers: String,
}

impl Target {
    fn send(&self, headers: &str, body: &[u8]) -> Reply {
        send(&self.client, self.method, &self.path, &format!("{}{headers}", self.headers), body)
    }
}

fn keyless(tenant: &Tenant) -> Client {
    Client { address: tenant.client.address, key: String::new() }
}

fn of_vendor(tenant: &Tenant, vendor: &VendorClient, path: &str) -> Target {
    Target { client: keyless(tenant), method: "POST", path: path.to_owned(), headers: vendor.headers.clone() }
}

fn directscale(tenant: &Tenant) -> Target {
    let headers = format!("Ocp-Apim-Subscription-Key: {}\r\n", tenant.client.key);
    Target { client: keyless(tenant), method: "PATCH", path: "/v1/customers/3".to_owned(), headers }
}

fn bydesign(tenant: &Tenant) -> Target {
    of_vendor(tenant, &tenant.bydesign(), "/api/users/customer")
}

fn storm(tenant: &Tenant) -> Target {
    of_vendor(tenant, &tenant.storm(), "/CustomerService.svc/rest/UpdateCustomer?updatedBy=1")
}
