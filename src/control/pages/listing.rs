//! Which of a tenant's requests a list shows: by words, method, status, operation and customer, page by page.

use std::collections::BTreeMap;

use super::forms::Fields;
use crate::control::error::ControlError;
use crate::control::journal::journal;
use crate::database::TenantId;
use crate::journal::{Detail, Entry, Filter, StatusFilter};
use crate::tenants::Tenants;

/// The maximum number of requests of a page.
pub(super) const PAGE: usize = 50;

/// The maximum number of requests that are looked at, which is more than the journal keeps by default. A listing of the journal also
/// ends after 8 MiB.
const MAX_READ: usize = 5_000;

/// What somebody looks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Search {
    /// Parts of the path, the message, a body, the key's name, the operation or the customer's id, in any case.
    pub words: String,
    pub method: Option<String>,
    pub status: Option<StatusFilter>,
    pub operation: Option<String>,
    pub customer: Option<i32>,
    /// Only requests with a lower number.
    pub before: Option<u64>,
    /// Only requests with a higher number.
    pub since: Option<u64>,
}

/// The requests of a page, and what there is beside them.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The newest first.
    pub shown: Vec<Entry>,
    /// The requests of each method, and of each class of status, without regard to method and status; 0 is no response.
    pub methods: BTreeMap<String, usize>,
    pub classes: BTreeMap<u16, usize>,
    /// The number of requests that match, on all pages.
    pub matching: usize,
    /// The place of the first shown request among those that match, from 0.
    pub first: usize,
    /// The number of requests that were looked at: all that the journal keeps of the tenant.
    pub kept: usize,
    /// The number of the newest one.
    pub latest: u64,
}

impl Search {
    /// # Errors
    /// When a field has an impossible value.
    pub(super) fn read(query: &Fields) -> Result<Self, ControlError> {
        let status = query.filled("status").map(|text| text.to_ascii_lowercase().try_into()).transpose();
        Ok(Self {
            words: query.text("q").to_owned(),
            method: query.filled("method").map(str::to_ascii_uppercase),
            status: status.map_err(ControlError::Bad)?,
            operation: query.filled("operation").map(str::to_owned),
            customer: query.value("customer", "the customer")?,
            before: query.value("before", "before")?,
            since: query.value("since", "since")?,
        })
    }

    /// The query of an address with the same search, without its position.
    pub(super) fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let pairs = [
            ("q", Some(self.words.clone()).filter(|words| !words.is_empty())),
            ("method", self.method.clone()),
            ("status", self.status.map(|status| status.to_string())),
            ("operation", self.operation.clone()),
            ("customer", self.customer.map(|customer| customer.to_string())),
        ];
        for (name, value) in pairs {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        query.finish()
    }

    /// The query with one more pair.
    pub(super) fn query_with(&self, name: &str, value: &str) -> String {
        let query = self.query();
        let separator = if query.is_empty() { "" } else { "&" };
        format!("{query}{separator}{name}={value}")
    }

    /// The same search with the page that begins at a request.
    pub(super) fn starting_at(&self, number: u64) -> Self {
        Self { before: Some(number.saturating_add(1)), ..self.clone() }
    }

    /// Reads the requests of a tenant, or the unauthenticated ones.
    ///
    /// # Errors
    /// When the journal is off or cannot be read.
    pub(super) async fn list(&self, tenants: &Tenants, tenant: Option<TenantId>) -> Result<Listing, ControlError> {
        // Bodies take longest, and are only searched for words.
        let detail = if self.words.is_empty() { Detail::WithoutMessages } else { Detail::Whole };
        let found = journal(tenants)?.find(tenant, &Filter::default(), MAX_READ, detail).await?;
        Ok(self.listed(found))
    }

    fn listed(&self, found: Vec<Entry>) -> Listing {
        let words: Vec<String> = self.words.split_whitespace().map(str::to_lowercase).collect();
        let mut listing =
            Listing { kept: found.len(), latest: found.first().map_or(0, |entry| entry.number), ..Listing::default() };
        for entry in found {
            let is_meant = self.operation.as_ref().is_none_or(|operation| *operation == entry.operation)
                && self.customer.is_none_or(|customer| entry.customer == Some(customer))
                && has_words(&entry, &words);
            if !is_meant {
                continue;
            }
            *listing.methods.entry(entry.method.to_string()).or_default() += 1;
            *listing.classes.entry(class(&entry)).or_default() += 1;
            let is_chosen = self.method.as_ref().is_none_or(|method| *method == entry.method)
                && self.status.is_none_or(|status| has_status(&entry, status));
            if !is_chosen {
                continue;
            }
            listing.matching += 1;
            if self.before.is_some_and(|before| entry.number >= before) {
                listing.first += 1;
            } else if listing.shown.len() < PAGE && self.since.is_none_or(|since| entry.number > since) {
                listing.shown.push(entry);
            }
        }
        listing
    }
}

impl Listing {
    /// The number before which the next page begins; `None` on the last page.
    pub(super) fn older(&self) -> Option<u64> {
        let last = self.shown.last()?;
        (self.first + self.shown.len() < self.matching).then_some(last.number)
    }
}

/// The first digit of the status; 0 without a response.
fn class(entry: &Entry) -> u16 {
    entry.status.map_or(0, |status| status / 100)
}

fn has_status(entry: &Entry, wanted: StatusFilter) -> bool {
    match wanted {
        StatusFilter::Exactly(status) => entry.status == Some(status),
        StatusFilter::Class(wanted) => class(entry) == wanted,
    }
}

/// Whether each word is in one of the texts of a request. The texts have no secrets, so that a search finds none.
fn has_words(entry: &Entry, words: &[String]) -> bool {
    let customer = entry.customer.map(|id| id.to_string()).unwrap_or_default();
    let texts = [
        entry.path.as_str(),
        &entry.operation,
        &entry.method,
        entry.key.as_deref().unwrap_or_default(),
        &entry.request_body.text,
        &entry.response_body.text,
    ];
    words.iter().all(|word| {
        customer == *word
            || texts.iter().any(|text| text.to_lowercase().contains(word))
            || entry.reasons.iter().any(|reason| reason.message.to_lowercase().contains(word))
    })
}
