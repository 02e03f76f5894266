//! Why a request did not reach its operation. Each vendor has its own bytes for it.

use thiserror::Error;
use uuid::Uuid;

use super::body::MEMORY_FULL;
use crate::journal::Reason;

/// The rule that a too long body breaks.
pub const BODY_TOO_LARGE: &str = "bodyTooLarge";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayRejection {
    MissingKey,
    InvalidKey,
    /// No operation matches the path.
    NoSuchOperation,
    /// No operation of this path has this method. Holds the allowed methods, as `Allow` lists them.
    WrongMethod(String),
    /// The subscription sends too many requests; it may send the next one after this number of seconds.
    RateLimited(u64),
    /// The subscription's volume is used up; it is renewed after this number of seconds.
    QuotaExceeded(u64),
    NotBuilt(NotBuilt),
    /// The body is longer than this number of bytes.
    BodyTooLarge(usize),
    /// The bodies of other requests take all of the memory for bodies.
    MemoryFull,
    /// The database failed, is not ready yet, or a handler panicked. Holds the id of the request.
    BackEndFailed(Uuid),
}

/// An operation, or a group of operations, that this emulator does not build; with the vendor's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotBuilt {
    Operation(&'static str),
    /// A group of operations of which none is built.
    Group(&'static str),
}

/// A body that no operation can read.
#[derive(Debug, Error)]
pub(crate) enum BrokenBody {
    #[error("The request body did not arrive: {0}.")]
    Incomplete(String),
    /// It is not what its headers say. Holds the message.
    #[error("{0}")]
    Undecodable(String),
    /// Its Content-Encoding is not supported, which is 415. Holds the message.
    #[error("{0}")]
    Unsupported(String),
}

impl GatewayRejection {
    /// The reason in the journal. It has more details than the response.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let (rule, message) = match self {
            Self::MissingKey => ("missingKey", "The request presents no key.".to_owned()),
            Self::InvalidKey => {
                ("invalidKey", "The key is not valid: it is unknown, revoked, expired or of another kind.".to_owned())
            }
            Self::NoSuchOperation => ("noSuchOperation", "No operation has this method and path.".to_owned()),
            Self::WrongMethod(allowed) => {
                ("noSuchOperation", format!("No operation has this method and path; the path allows {allowed}."))
            }
            Self::RateLimited(seconds) => ("rateLimit", format!("The plan's rate limit is used up for {seconds} s.")),
            Self::QuotaExceeded(seconds) => ("quota", format!("The plan's quota is used up for {seconds} s.")),
            Self::NotBuilt(missing) => ("notBuilt", format!("{} is not built here.", missing.name())),
            Self::BodyTooLarge(limit) => (BODY_TOO_LARGE, format!("The body is longer than {limit} bytes.")),
            Self::MemoryFull => ("memoryFull", MEMORY_FULL.to_owned()),
            Self::BackEndFailed(_) => ("backEndFailed", "The back end failed; the server's log says why.".to_owned()),
        };
        Reason { field: "$".to_owned(), rule: rule.to_owned(), message }
    }
}

impl NotBuilt {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Operation(name) | Self::Group(name) => name,
        }
    }

    /// The sentence that a client of this vendor reads.
    pub(crate) fn sentence(self, vendor: &str) -> String {
        match self {
            Self::Operation(name) => {
                format!("{name} is an operation of {vendor}'s that this emulator does not build.")
            }
            Self::Group(name) => format!("This emulator does not build the operations of {vendor}'s {name}."),
        }
    }
}
