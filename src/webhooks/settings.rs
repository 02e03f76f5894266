//! The subscribers of a tenant's events.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outgoing::{TargetUrl, TimeoutSeconds};
use crate::wire::known;

/// The maximum number of subscriptions of a tenant.
const MAX_SUBSCRIPTIONS: usize = 50;

/// The maximum number of retries of a delivery.
const MAX_RETRIES: usize = 50;

/// The longest delay before a retry: 7 days in seconds.
const MAX_RETRY_SECONDS: u32 = 7 * 24 * 60 * 60;

/// The maximum length of a secret, in bytes.
const MAX_SECRET_LENGTH: usize = 1_000;

/// The subscribers of a tenant's events, and when a failed attempt is repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventSettings {
    #[schemars(length(max = MAX_SUBSCRIPTIONS))]
    pub subscriptions: Vec<Subscription>,
    /// The delay before each retry, in seconds. After the last retry the delivery has failed.
    #[serde(default = "retry_seconds")]
    #[schemars(length(max = MAX_RETRIES))]
    pub retry_seconds: Vec<RetrySeconds>,
    /// How long an attempt may take, in seconds.
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: TimeoutSeconds,
}

/// The delay before a retry in seconds: from 1 to 604,800. A longer one that an older version stored is read as the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(description = "In seconds.")]
pub struct RetrySeconds(#[schemars(range(min = 1, max = MAX_RETRY_SECONDS))] NonZeroU32);

impl RetrySeconds {
    /// At most 7 days.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get().min(MAX_RETRY_SECONDS)
    }
}

/// A subscriber.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    pub url: TargetUrl,
    /// Sent as a Bearer token.
    #[serde(default)]
    #[schemars(length(max = MAX_SECRET_LENGTH))]
    pub secret: Option<String>,
    /// All by default.
    #[serde(default = "all_types")]
    pub types: BTreeSet<EventType>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Subscription")
            .field("url", &self.url)
            .field("types", &self.types)
            .finish_non_exhaustive()
    }
}

/// A kind of event (DirectScale, webhook receiver sample).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum EventType {
    CreateAssociateEvent,
    UpdateAssociateEvent,
    Enrollment,
}

impl EventType {
    pub const ALL: [Self; 3] = [Self::CreateAssociateEvent, Self::UpdateAssociateEvent, Self::Enrollment];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateAssociateEvent => "CreateAssociateEvent",
            Self::UpdateAssociateEvent => "UpdateAssociateEvent",
            Self::Enrollment => "Enrollment",
        }
    }
}

impl EventSettings {
    /// The default retries and timeout.
    #[must_use]
    pub fn of(subscriptions: Vec<Subscription>) -> Self {
        Self { subscriptions, retry_seconds: retry_seconds(), timeout_seconds: timeout_seconds() }
    }

    /// The URLs that receive events of this type.
    pub(super) fn subscribers(&self, event: EventType) -> Vec<String> {
        let subscribed = self.subscriptions.iter().filter(|subscription| subscription.types.contains(&event));
        subscribed
            .map(|subscription| subscription.url.as_str().to_owned())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// Reads stored settings, which a newer version may have written: types of events that are unknown here are left out.
    ///
    /// # Errors
    /// When they have another form.
    pub fn from_stored(mut settings: Value) -> Result<Self, serde_json::Error> {
        let subscriptions = settings.get_mut("subscriptions").and_then(Value::as_array_mut);
        for subscription in subscriptions.into_iter().flatten() {
            if let Some(types) = subscription.get_mut("types").and_then(Value::as_array_mut) {
                types.retain(|stored| EventType::ALL.iter().any(|known| stored == known.name()));
            }
        }
        known::read(settings)
    }

    /// Checks settings that a person sent.
    ///
    /// # Errors
    /// The first part that is not in its range, or the URL that has two subscriptions, whose secrets could differ.
    pub fn check(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for Subscription { url, secret, .. } in &self.subscriptions {
            url.check().map_err(|why| format!("events.subscriptions: {why}"))?;
            if !seen.insert(url.as_str()) {
                return Err(format!("two subscriptions have the address {}", url.shown()));
            }
            if secret.as_ref().is_some_and(|secret| secret.len() > MAX_SECRET_LENGTH) {
                return Err(format!("events.subscriptions: a secret must be at most {MAX_SECRET_LENGTH} bytes long"));
            }
        }
        if seen.len() > MAX_SUBSCRIPTIONS {
            let count = seen.len();
            return Err(format!("events.subscriptions must have at most {MAX_SUBSCRIPTIONS} entries, not {count}"));
        }
        if self.retry_seconds.len() > MAX_RETRIES {
            let count = self.retry_seconds.len();
            return Err(format!("events.retry_seconds must have at most {MAX_RETRIES} entries, not {count}"));
        }
        if let Some(RetrySeconds(seconds)) =
            self.retry_seconds.iter().find(|seconds| seconds.0.get() > MAX_RETRY_SECONDS)
        {
            return Err(format!("events.retry_seconds must be from 1 to {MAX_RETRY_SECONDS}, not {seconds}"));
        }
        self.timeout_seconds.check().map_err(|why| format!("events.{why}"))
    }
}

/// 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h.
fn retry_seconds() -> Vec<RetrySeconds> {
    let seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400];
    seconds.into_iter().filter_map(NonZeroU32::new).map(RetrySeconds).collect()
}

fn timeout_seconds() -> TimeoutSeconds {
    const { TimeoutSeconds::new(NonZeroU32::new(15).expect("invariant: 15 is not 0")) }
}

fn all_types() -> BTreeSet<EventType> {
    [EventType::CreateAssociateEvent, EventType::UpdateAssociateEvent, EventType::Enrollment].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_receives_all_types_by_default() {
        let text = r#"{"subscriptions": [
            {"url": "http://a.example/", "secret": "hush"},
            {"url": "http://b.example/", "types": ["Enrollment"]}
        ]}"#;
        let settings: EventSettings = serde_json::from_str(text).expect("settings");
        assert_eq!(settings.subscribers(EventType::Enrollment), ["http://a.example/", "http://b.example/"]);
        assert_eq!(settings.subscribers(EventType::UpdateAssociateEvent), ["http://a.example/"]);
        assert_eq!(settings.retry_seconds.len(), 7);
        assert!(!format!("{settings:?}").contains("hush"));
        for wrong in [
            r#"{"subscriptions": [{"url": "ftp://a"}]}"#,
            r#"{"subscriptions": [{"url": "http://a", "types": ["X"]}]}"#,
        ] {
            assert!(serde_json::from_str::<EventSettings>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn settings_that_a_person_sends_have_ranges() {
        let checked = |text: &str| serde_json::from_str::<EventSettings>(text).expect("settings").check();
        let url = |number: usize| format!(r#"{{"url": "http://{number}.example/"}}"#);
        let urls = |count: usize| (0..count).map(url).collect::<Vec<_>>().join(",");
        checked(&format!(r#"{{"subscriptions": [{}]}}"#, urls(50))).expect("50 subscriptions");
        for (text, why) in [
            (
                format!(r#"{{"subscriptions": [{}]}}"#, urls(51)),
                "events.subscriptions must have at most 50 entries, not 51",
            ),
            (
                format!(r#"{{"subscriptions": [{0}, {0}]}}"#, url(1)),
                "two subscriptions have the address http://1.example/",
            ),
            (
                format!(r#"{{"subscriptions": [{{"url": "http://h/{}"}}]}}"#, "x".repeat(2_000)),
                "events.subscriptions: an address must be at most 2000 bytes long, not 2009",
            ),
            (
                format!(r#"{{"subscriptions": [{{"url": "http://h", "secret": "{}"}}]}}"#, "x".repeat(1_001)),
                "events.subscriptions: a secret must be at most 1000 bytes long",
            ),
            (
                r#"{"subscriptions": [], "timeout_seconds": 61}"#.to_owned(),
                "events.timeout_seconds must be from 1 to 60, not 61",
            ),
            (
                r#"{"subscriptions": [], "retry_seconds": [604801]}"#.to_owned(),
                "events.retry_seconds must be from 1 to 604800, not 604801",
            ),
            (
                format!(r#"{{"subscriptions": [], "retry_seconds": [{}1]}}"#, "1,".repeat(50)),
                "events.retry_seconds must have at most 50 entries, not 51",
            ),
        ] {
            assert_eq!(checked(&text), Err(why.to_owned()), "{text}");
        }
    }
}
