//! The journal in the database: what one server writes, every server reads.

mod bounds;
mod moving;
mod order;
mod reading;
mod secrets;

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::Reply;
use crate::support::control::as_request;
use crate::support::database::OwnDatabase;
use crate::support::process::Process;

/// Servers on a database of their own, with the demo data.
struct Servers {
    database: OwnDatabase,
    servers: Vec<Process>,
}

impl Servers {
    /// `None` on the embedded database, which has one server.
    fn start(purpose: &str, count: usize, arguments: &[&str]) -> Option<Self> {
        let Some(database) = OwnDatabase::create(&format!("journal_{purpose}")) else {
            println!("not run: it needs a Postgres server");
            return None;
        };
        let mut servers = Self { database, servers: Vec::new() };
        for _ in 0..count {
            servers.add(arguments);
        }
        if count > 1 {
            servers.wait_until_moved();
        }
        Some(servers)
    }

    fn add(&mut self, arguments: &[&str]) {
        let own = ["--database-url", &self.database.url, "--seed", "demo"];
        self.servers.push(Process::start(&[&own[..], arguments].concat()));
    }

    /// Waits until the first server has moved its requests into the database.
    fn wait_until_moved(&self) {
        let start = Instant::now();
        while self.database.rows("select from journal_run where memory_of is null").is_empty() {
            assert!(start.elapsed() < Duration::from_secs(20), "the journal is not in the database");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn control(&self, server: usize, method: &str, path: &str) -> Reply {
        self.servers[server].client().raw(&as_request(method, path, "", None))
    }

    /// The demo tenant's requests at a server, the newest first.
    #[track_caller]
    fn requests(&self, server: usize, query: &str) -> Vec<Value> {
        let found = self.control(server, "GET", &format!("/tenants/demo/requests{query}")).done(200);
        found.as_array().expect("requests").clone()
    }

    /// A request of the demo tenant's customer. Its id.
    fn send(&self, server: usize) -> String {
        id_of(&self.servers[server].client().get("/v1/customers/2").succeeds(200))
    }

    /// The events of the demo tenant at a server; each line is one of its parts.
    fn stream(&self, server: usize, query: &str, headers: &str) -> Lines<BufReader<TcpStream>> {
        let mut stream = TcpStream::connect(self.servers[server].address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        let path = format!("/tenants/demo/requests/stream{query}");
        stream.write_all(&as_request("GET", &path, headers, None)).expect("sent");
        let mut lines = BufReader::new(stream).lines();
        let is_end = |line: std::io::Result<String>| line.expect("a line").is_empty();
        assert!(lines.by_ref().any(is_end), "a response");
        lines
    }
}

fn id_of(reply: &Reply) -> String {
    reply.header("X-DirectScale-RequestId").expect("an id").to_owned()
}

fn number_of(request: &Value) -> u64 {
    request["number"].as_u64().unwrap_or_else(|| panic!("a number in {request}"))
}

fn request_ids(requests: &[Value]) -> Vec<&str> {
    requests.iter().map(|request| request["request_id"].as_str().expect("an id")).collect()
}

/// The requests of a stream.
fn events(lines: Lines<BufReader<TcpStream>>) -> impl Iterator<Item = Value> {
    lines.map_while(Result::ok).filter_map(|line| {
        let data = line.strip_prefix("data:")?;
        Some(serde_json::from_str(data.trim()).expect("JSON"))
    })
}
