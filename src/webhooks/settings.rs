//! The subscribers of a tenant's events.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outgoing::TargetUrl;
use crate::wire::known;

/// The subscribers of a tenant's events, and when a failed attempt is repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSettings {
    pub subscriptions: Vec<Subscription>,
    /// The delay before each retry, in seconds. After the last retry the delivery has failed.
    #[serde(default = "retry_seconds")]
    pub retry_seconds: Vec<NonZeroU32>,
    /// How long an attempt may take, in seconds.
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: NonZeroU32,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    pub url: TargetUrl,
    /// Sent as a Bearer token.
    #[serde(default)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

    /// A URL that has two subscriptions, whose secrets could differ, as messages show it.
    #[must_use]
    pub fn doubled(&self) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mut urls = self.subscriptions.iter().map(|subscription| &subscription.url);
        urls.find(|url| !seen.insert(url.as_str())).map(TargetUrl::shown)
    }
}

/// 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h.
fn retry_seconds() -> Vec<NonZeroU32> {
    [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400].into_iter().filter_map(NonZeroU32::new).collect()
}

fn timeout_seconds() -> NonZeroU32 {
    const { NonZeroU32::new(15).expect("invariant: 15 is not 0") }
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
}
