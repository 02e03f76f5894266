//! Sends a request to a hook outside of any operation, for the control API and the pages.

use std::time::Duration;

use serde_json::Value;

use super::Control;
use super::error::ControlError;
use crate::extension::{self, HookId};

/// An extension's response to a hook.
#[derive(Debug)]
pub(super) struct TriedHook {
    /// Without the values of its query.
    pub url: String,
    pub status: u16,
    /// Without the extension's token.
    pub body: String,
}

/// # Errors
/// `Bad` for an unknown hook, one that the tenant's extension does not answer, or an extension that does not respond; or when the
/// database fails.
pub(super) async fn try_hook(
    control: &Control,
    tenant: &str,
    hook: String,
    request: &Value,
) -> Result<TriedHook, ControlError> {
    let tenants = control.tenants()?;
    let hook = HookId::try_from(hook).map_err(ControlError::Bad)?;
    let extension = tenants.tenant(tenant).await?.extension;
    let extension = extension.ok_or_else(|| ControlError::Bad(format!("tenant '{tenant}' has no extension")))?;
    let url = extension.url(hook.as_str()).ok_or_else(|| {
        ControlError::Bad(format!("the extension of tenant '{tenant}' does not answer {}", hook.as_str()))
    })?;
    let outgoing = control.outgoing.get().ok_or(ControlError::NotReady)?;
    let timeout = Duration::from_secs(u64::from(extension.timeout_seconds.get()));
    let tried = extension::try_hook(outgoing, &tenants.random, &extension, url, request, timeout).await;
    let response = tried.map_err(|error| ControlError::Bad(format!("no response: {error}")))?;
    let body = extension.without_token(&String::from_utf8_lossy(&response.body));
    Ok(TriedHook { url: url.shown(), status: response.status, body })
}
