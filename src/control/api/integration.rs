//! A tenant's Client Extension and the subscribers of its events.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Answer, Content, Control, ControlError, Path, json, no_content, read};
use crate::control::hooks::{self, TriedHook};
use crate::extension::Extension;
use crate::tenants::{Integration, SeedInput};
use crate::webhooks::{EventSettings, EventType, Subscription};

/// A tenant's extension and subscribers, without their secrets
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IntegrationStatus {
    extension: Option<ExtensionStatus>,
    events: Option<EventsStatus>,
}

/// A Client Extension
#[derive(Debug, Serialize, ToSchema)]
struct ExtensionStatus {
    /// The address for each hook.
    hooks: BTreeMap<String, String>,
    /// How long a hook may take.
    timeout_seconds: u32,
}

/// The subscribers of events, and when a failed delivery is repeated
#[derive(Debug, Serialize, ToSchema)]
struct EventsStatus {
    subscriptions: Vec<SubscriptionStatus>,
    /// The pauses before the next attempts.
    retry_seconds: Vec<u32>,
    /// How long a delivery may take.
    timeout_seconds: u32,
}

/// A subscriber of events
#[derive(Debug, Serialize, ToSchema)]
struct SubscriptionStatus {
    url: String,
    /// The events that are delivered to it.
    types: Vec<&'static str>,
}

impl From<&Extension> for ExtensionStatus {
    fn from(extension: &Extension) -> Self {
        let hooks = extension.hooks.iter().map(|(id, url)| (id.as_str().to_owned(), url.shown()));
        Self { hooks: hooks.collect(), timeout_seconds: extension.timeout_seconds.get() }
    }
}

impl From<&EventSettings> for EventsStatus {
    fn from(events: &EventSettings) -> Self {
        Self {
            subscriptions: events.subscriptions.iter().map(SubscriptionStatus::from).collect(),
            retry_seconds: events.retry_seconds.iter().map(|seconds| seconds.get()).collect(),
            timeout_seconds: events.timeout_seconds.get(),
        }
    }
}

impl From<&Subscription> for SubscriptionStatus {
    fn from(subscription: &Subscription) -> Self {
        let types = subscription.types.iter().map(|event| EventType::name(*event));
        Self { url: subscription.url.shown(), types: types.collect() }
    }
}

/// Get a tenant's extension and subscribers
///
/// Without their secrets, and without the values in the queries of their URLs.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/integration",
    operation_id = "GetIntegration",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "The extension and the subscribers", body = IntegrationStatus)),
)]
pub(super) async fn get(State(control): State<Arc<Control>>, Path(name): Path<String>) -> Answer {
    let tenant = control.tenants()?.tenant(&name).await?;
    let status = IntegrationStatus {
        extension: tenant.extension.as_ref().map(ExtensionStatus::from),
        events: tenant.events.as_ref().map(EventsStatus::from),
    };
    Ok(json(StatusCode::OK, &status))
}

/// Connect a tenant to an extension and subscribers
///
/// The body has `extension` and `events` as in a seed file, or is a seed file with a tenant of this name or a single tenant. A
/// part that is missing is disconnected.
#[utoipa::path(
    put,
    path = "/_emulator/tenants/{tenant}/integration",
    operation_id = "ReplaceIntegration",
    params(("tenant" = String, Path)),
    request_body = Object,
    responses((status = 204, description = "It is connected")),
)]
pub(super) async fn connect(
    State(control): State<Arc<Control>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let integration: SeedInput<Integration> = read(&headers, &body)?;
    let integration = integration.for_tenant(&name).map_err(ControlError::Bad)?;
    control.tenants()?.connect(&name, integration).await?;
    Ok(no_content())
}

/// An extension's response to a hook
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HookResponse {
    url: String,
    status: u16,
    body: String,
}

/// Try a hook
///
/// Sends a request to the extension outside of any operation. A callback of the extension is rejected.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/hooks/{hook}/try",
    operation_id = "TryHook",
    params(("tenant" = String, Path), ("hook" = String, Path)),
    request_body = Object,
    responses((status = 200, description = "The extension's response", body = HookResponse)),
)]
pub(super) async fn try_hook(
    State(control): State<Arc<Control>>,
    Path((name, hook)): Path<(String, String)>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let request: Value = read(&headers, &body)?;
    let TriedHook { url, status, body } = hooks::try_hook(&control, &name, hook, &request).await?;
    Ok(json(StatusCode::OK, &HookResponse { url, status, body }))
}
