//! A blocking HTTP client with the exact bytes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// The message about a body that is not UTF-8 and does not name its encoding.
pub const NOT_UTF_8: &str = "The request body is not valid UTF-8. A body in another encoding names it in Content-Type, such \
    as 'application/json; charset=utf-16' or 'charset=windows-1252'.";

/// A response, its head as on the wire.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    /// The value of a header whose name has exactly these bytes.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Metrics without the label that each has: the name of the server.
    pub fn metrics(&self) -> String {
        let lines = self.body.lines().map(|line| match line.split_once("server=\"") {
            Some((before, after)) => {
                let after = after.split_once('"').map_or("", |(_, after)| after);
                format!("{}{after}", before.trim_end_matches(',')).replace("{,", "{").replace("{}", "")
            }
            None => line.to_owned(),
        });
        lines.map(|line| line + "\n").collect()
    }

    /// The text that the vendor puts in its header; panics when there is none.
    pub fn message(&self) -> &str {
        self.header("X-DirectScale-Message").unwrap_or_else(|| panic!("a message in {self:?}"))
    }

    /// A success of the back end: never with a message.
    #[track_caller]
    pub fn succeeds(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        assert!(!self.head.to_ascii_lowercase().contains("x-directscale-message"), "{self:?}");
        assert!(self.header("X-DirectScale-RequestId").is_some(), "{self:?}");
        self
    }

    /// A rejection of the back end in the vendor's shape, with exactly this text in header and body.
    #[track_caller]
    pub fn rejects(self, status: u16, message: &str) -> Self {
        assert_eq!((self.status, decoded(self.message()).as_str()), (status, message), "{self:?}");
        assert!(self.message().is_ascii(), "{self:?}");
        let body = self.json();
        assert_eq!(body["statusCode"], status, "{self:?}");
        assert_eq!(body["message"], message, "{self:?}");
        assert_eq!(body["activityId"].as_str(), self.header("X-DirectScale-RequestId"), "{self:?}");
        assert_eq!(self.header("Content-Type"), Some("application/json"));
        self
    }
}

/// The text of a header that is percent-encoded where it is not plain ASCII.
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A client with a subscription key.
#[derive(Debug, Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub key: String,
}

impl Client {
    pub fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "", None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, "", Some(&body.to_string()))
    }

    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.call("PUT", path, "", Some(&body.to_string()))
    }

    pub fn patch(&self, path: &str, body: &Value) -> Reply {
        self.call("PATCH", path, "", Some(&body.to_string()))
    }

    /// A request with more headers (each with its line end) and an exact body.
    pub fn call(&self, method: &str, path: &str, headers: &str, body: Option<&str>) -> Reply {
        let key = &self.key;
        let headers = format!("Ocp-Apim-Subscription-Key: {key}\r\n{headers}");
        send(self.address, &request(method, path, &headers, body)).expect("an answer")
    }

    /// A request that may get no response.
    pub fn try_call(&self, method: &str, path: &str, body: Option<&str>) -> Option<Reply> {
        let headers = format!("Ocp-Apim-Subscription-Key: {}\r\n", self.key);
        send(self.address, &request(method, path, &headers, body))
    }

    /// Sends exactly these bytes.
    pub fn raw(&self, bytes: &[u8]) -> Reply {
        send(self.address, bytes).expect("an answer")
    }

    /// Creates a customer and returns its id.
    #[track_caller]
    pub fn create(&self, body: &Value) -> i64 {
        let reply = self.post("/v1/customers", body).succeeds(201);
        reply.body.parse().unwrap_or_else(|error| panic!("{error} in {reply:?}"))
    }

    #[track_caller]
    pub fn customer(&self, id: i64) -> Value {
        self.get(&format!("/v1/customers/{id}")).succeeds(200).json()
    }
}

/// The bytes of a request; the connection closes after the response.
pub fn request(method: &str, path: &str, headers: &str, body: Option<&str>) -> Vec<u8> {
    let length = body.map_or_else(String::new, |body| format!("Content-Length: {}\r\n", body.len()));
    let body = body.unwrap_or_default();
    format!("{method} {path} HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n{headers}{length}\r\n{body}")
        .into_bytes()
}

fn send(address: SocketAddr, bytes: &[u8]) -> Option<Reply> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    // A server that rejects early may close before all is sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    parse(&answer)
}

pub fn parse(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = String::from_utf8_lossy(&answer[end + 4..]).into_owned();
    Some(Reply { status, head, body })
}
