//! One request with its response, as a run sends them, a recording stores them, and a comparison reads them.

use chrono::{DateTime, Utc};

/// A request to a service, without the service's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// The path and the query, as sent: percent-encoded, and with a slash at the beginning.
    pub path: String,
    /// In the order in which they were sent. Credentials are not among them.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The response of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// In the order in which they were received.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A request and its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// When the request was sent.
    pub at: DateTime<Utc>,
    pub request: Request,
    pub response: Response,
}

impl Response {
    /// The first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl Request {
    /// The first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}
