//! Clients of ByDesign's and Storm's API.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use directscale_emulator::tenants::{Credential, CredentialKind, NewCredential};
use serde_json::Value;

use super::http::request;
use super::server::{Tenant, server};
use super::{Client, Reply};

/// A client with the credential of a vendor API.
#[derive(Debug, Clone)]
pub struct VendorClient {
    client: Client,
    /// Each with its line end.
    pub headers: String,
}

impl VendorClient {
    /// A client that sends these headers with every request.
    pub fn new(headers: String) -> Self {
        Self { client: Client { address: server().address, key: String::new() }, headers }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "", None)
    }

    /// A request with a body in JSON.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, "Content-Type: application/json\r\n", Some(&body.to_string()))
    }

    /// A request with more headers (each with its line end) and an exact body.
    pub fn call(&self, method: &str, path: &str, headers: &str, body: Option<&str>) -> Reply {
        let headers = format!("{}{headers}", self.headers);
        self.client.raw(&request(method, path, &headers, body))
    }
}

impl Reply {
    /// The body of a response with this status and type.
    #[track_caller]
    pub fn says(self, status: u16, content_type: &str) -> String {
        assert_eq!((self.status, self.header("Content-Type")), (status, Some(content_type)), "{self:?}");
        self.body
    }
}

impl Tenant {
    /// A new key of this kind.
    pub fn add_key(&self, kind: CredentialKind) -> Credential {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = server();
        let name = format!("vendor-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let tenant = self.name();
        let added = server.started.tenants.add_credential(
            &tenant,
            NewCredential { name, kind, ..NewCredential::default() },
            None,
        );
        server.runtime.block_on(added).expect("a key")
    }

    /// A client of ByDesign's API.
    pub fn bydesign(&self) -> VendorClient {
        let key = self.add_key(CredentialKind::Basic);
        let credentials = format!("{}:{}", key.account().expect("a user"), key.reveal());
        let credentials = base64::engine::general_purpose::STANDARD.encode(credentials);
        VendorClient::new(format!("Authorization: Basic {credentials}\r\n"))
    }

    /// A client of Storm's API.
    pub fn storm(&self) -> VendorClient {
        let key = self.add_key(CredentialKind::OauthClient);
        let form = format!(
            "client_id={}&client_secret={}&grant_type=client_credentials&scope=lab",
            key.account().expect("a client"),
            key.reveal()
        );
        let reply = VendorClient::new(String::new()).call("POST", "/1.0/connect/token", "", Some(&form));
        assert_eq!(reply.status, 200, "{reply:?}");
        let token = reply.json()["access_token"].as_str().expect("a token").to_owned();
        VendorClient::new(format!("Authorization: Bearer {token}\r\nApplicationId: 1\r\n"))
    }
}
