//! Why a request never reached the back end. Each door has its own bytes for it.

use uuid::Uuid;

use super::unbuilt::NotBuilt;
use crate::journal::Reason;

/// The rule that a body breaks which is longer than the limit.
pub const BODY_TOO_LARGE: &str = "bodyTooLarge";

/// An answer that never reached the back end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayRejection {
    MissingKey,
    /// A key that opens nothing.
    InvalidKey,
    /// No operation matches the path.
    NoSuchOperation,
    /// No operation of this path has this method. Holds those that there are, as `Allow` lists them.
    WrongMethod(String),
    /// The subscription calls too often; it may again in so many seconds.
    RateLimited(u64),
    /// The subscription has used up what it may; there is more in so many seconds.
    QuotaSpent(u64),
    /// The operation exists at the vendor's and is not built here.
    NotBuilt(NotBuilt),
    /// The body is longer than so many bytes.
    BodyTooLarge(usize),
    /// The back end could not be reached, or broke. Holds the activity id.
    BackEndFailed(Uuid),
}

impl GatewayRejection {
    /// Why, for the journal: in our own words where the answer says less.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let (rule, message) = match self {
            Self::MissingKey => ("missingKey", "The request presents no key.".to_owned()),
            Self::InvalidKey => (
                "invalidKey",
                "The key opens no tenant here: it is unknown, revoked, expired or of another kind.".to_owned(),
            ),
            Self::NoSuchOperation => ("noSuchOperation", "No operation has this method and path.".to_owned()),
            Self::WrongMethod(allowed) => {
                ("noSuchOperation", format!("No operation has this method and path; the path allows {allowed}."))
            }
            Self::RateLimited(seconds) => ("rateLimit", format!("The plan's rate limit is spent for {seconds} s.")),
            Self::QuotaSpent(seconds) => ("quota", format!("The plan's quota is spent for {seconds} s.")),
            Self::NotBuilt(missing) => ("notBuilt", format!("{} is not built here.", missing.name())),
            Self::BodyTooLarge(limit) => (BODY_TOO_LARGE, format!("The body is longer than {limit} bytes.")),
            Self::BackEndFailed(_) => ("backEndFailed", "The back end failed; the server's log says why.".to_owned()),
        };
        Reason { field: "$".to_owned(), rule: rule.to_owned(), message }
    }
}
