//! HTTP Archives (HAR 1.2, <http://www.softwareishard.com/blog/har-12-spec/>): files in which developer tools, proxies and this
//! program store requests with their responses. What is read is lenient, what is written has no secrets.

mod file;
mod hosts;
mod mask;
mod read;
mod shape;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::fmt;

use super::Exchange;

pub use file::{Appended, HarFile};
pub(super) use mask::Mask;
pub use read::{HarError, read_har};
pub use write::{LeftOutBody, Stored};

/// The maximum size of a file, in bytes. Nothing longer is read or written.
pub const MAX_HAR_BYTES: u64 = 128 * 1024 * 1024;

/// The maximum number of entries of a file.
pub const MAX_HAR_ENTRIES: usize = 10_000;

/// The exchanges of a file in the order of their time, and what was left out.
#[derive(Debug, Default)]
pub struct Recording {
    pub exchanges: Vec<RecordedExchange>,
    pub left_out: LeftOut,
    /// Whether the file has something after its end: a part of an exchange that was being written when the program was ended.
    pub is_cut_off: bool,
}

/// An exchange of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedExchange {
    /// The number of its entry in the file, from 1.
    pub entry: usize,
    /// The host with its port, if it is not the scheme's, in lower case.
    pub host: String,
    /// The request is without its credentials, the bodies are decoded. The headers of coding and length are missing.
    pub exchange: Exchange,
    /// Whether a body exists that the file does not have; it is empty here.
    pub lacks_request_body: bool,
    pub lacks_response_body: bool,
    /// Whether a secret of the request was masked when it was recorded, so that the same request cannot be sent again.
    pub is_masked: bool,
}

/// How many entries are not among the exchanges, by the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut(BTreeMap<Reason, usize>);

/// Why an entry is not among the exchanges.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It has no response.
    Aborted,
    /// A browser's question whether a page may send a request.
    Preflight,
    /// A tunnel of a proxy, a WebSocket, or a URL that is not fetched over HTTP.
    NotHttp,
    /// It went to this host, which is not the one that is compared.
    OtherHost(String),
}

/// The number of hosts that a text about a file names.
const NAMED_HOSTS: usize = 5;

impl LeftOut {
    fn add(&mut self, reason: Reason) {
        *self.0.entry(reason).or_default() += 1;
    }

    /// The number of entries with this reason.
    #[must_use]
    pub fn count(&self, reason: &Reason) -> usize {
        self.0.get(reason).copied().unwrap_or_default()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// For people: `2 without a response, 1 preflight, 3 to other hosts (cdn.example 3)`.
impl fmt::Display for LeftOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (reason, text) in [
            (Reason::Aborted, "without a response"),
            (Reason::Preflight, "CORS preflights"),
            (Reason::NotHttp, "not HTTP"),
        ] {
            if let Some(count) = self.0.get(&reason) {
                parts.push(format!("{count} {text}"));
            }
        }
        let mut hosts: Vec<(&str, usize)> = self.0.iter().filter_map(of_host).collect();
        if !hosts.is_empty() {
            let total: usize = hosts.iter().map(|(_, count)| count).sum();
            hosts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            let mut named: Vec<String> =
                hosts.iter().take(NAMED_HOSTS).map(|(host, count)| format!("{host} {count}")).collect();
            if hosts.len() > NAMED_HOSTS {
                named.push(format!("{} more hosts", hosts.len() - NAMED_HOSTS));
            }
            parts.push(format!("{total} to other hosts ({})", named.join(", ")));
        }
        formatter.write_str(&parts.join(", "))
    }
}

fn of_host<'a>((reason, count): (&'a Reason, &usize)) -> Option<(&'a str, usize)> {
    match reason {
        Reason::OtherHost(host) => Some((host, *count)),
        _ => None,
    }
}
