//! Requests to the control API.

use serde_json::Value;

use super::http::request;
use super::server::{Tenant, server};
use super::{Client, Reply};

/// A request to the control API, with the server's own name as Host.
pub fn control(method: &str, path: &str, body: Option<&Value>) -> Reply {
    let client = Client { address: server().address, key: String::new() };
    client.raw(&as_request(method, path, "", body))
}

/// The bytes of such a request, with more headers (each with its line end).
pub fn as_request(method: &str, path: &str, headers: &str, body: Option<&Value>) -> Vec<u8> {
    let text = body.map(Value::to_string);
    let bytes = request(method, &format!("/_emulator{path}"), headers, text.as_deref());
    let text = String::from_utf8(bytes).expect("text");
    text.replacen("Host: test.example", "Host: localhost", 1).into_bytes()
}

impl Reply {
    /// A success of the control API.
    #[track_caller]
    pub fn done(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// A rejection of the control API: its detail.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("Content-Type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{self:?}");
        problem["detail"].as_str().expect("a detail").to_owned()
    }
}

impl Tenant {
    pub fn name(&self) -> String {
        let rows = self.rows("select name from tenants where tenant_id = {tenant}");
        rows[0]["name"].as_str().expect("a name").to_owned()
    }

    /// A request to the control API about this tenant.
    pub fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        control(method, &format!("/tenants/{}{path}", self.name()), body)
    }

    /// Its requests in the journal, the newest first.
    #[track_caller]
    pub fn requests(&self, query: &str) -> Vec<Value> {
        let found = self.control("GET", &format!("/requests{query}"), None).done(200);
        found.as_array().expect("requests").clone()
    }

    /// Adds a fault rule and returns its number.
    #[track_caller]
    pub fn add_fault(&self, rule: &Value) -> i64 {
        self.control("POST", "/faults", Some(rule)).done(201)["id"].as_i64().expect("a number")
    }
}
