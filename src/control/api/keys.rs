//! A tenant's subscription keys.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::tenants::new_key;
use super::{Answer, Content, Control, json, no_content, read};
use crate::clock::Clock;
use crate::tenants::{KeyListing, KeySlot, SubscriptionKey, delete_key, list_keys, revoke_key, rotate_key};

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyRequest {
    /// What the subscription is called in lists, logs and CRM_AssociateTypeChanges.
    name: String,
    /// The key, 32 hexadecimal digits; a random one where it is not given.
    #[serde(default)]
    key: Option<String>,
    /// After so many seconds it opens nothing.
    #[serde(default)]
    expires_in_seconds: Option<u32>,
}

/// What is rotated or revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SlotRequest {
    /// Which of the subscription's two keys; to rotate, the primary one where it is not said, to revoke, both.
    #[serde(default)]
    slot: Option<KeySlot>,
    /// To rotate: the new key; a random one where it is not given.
    #[serde(default)]
    key: Option<String>,
}

/// A key, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeKey {
    /// The subscription.
    name: String,
    /// The key.
    key: String,
}

/// List a tenant's keys
///
/// By name and last four characters.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/keys",
    operation_id = "ListKeys",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "The keys", body = Vec<KeyListing>)),
)]
pub(super) async fn list(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    let worlds = control.worlds()?;
    worlds.tenant(&tenant).await?;
    Ok(json(StatusCode::OK, &list_keys(&worlds.database, Some(&tenant)).await?))
}

/// Give a tenant a key
///
/// The key is in the answer, this once.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/keys",
    operation_id = "AddKey",
    params(("tenant" = String, Path)),
    request_body = KeyRequest,
    responses((status = 201, description = "The key", body = MadeKey)),
)]
pub(super) async fn add(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let KeyRequest { name, key, expires_in_seconds } = read(&headers, &body)?;
    let key = control.worlds()?.add_key(&tenant, new_key(name.clone(), key)?, expires_in_seconds).await?;
    Ok(json(StatusCode::CREATED, &MadeKey { name, key: key.reveal().to_owned() }))
}

/// Rotate a key
///
/// The new key is in the answer, this once; the old one opens nothing a second later.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/keys/{name}/rotate",
    operation_id = "RotateKey",
    params(("tenant" = String, Path), ("name" = String, Path)),
    request_body = SlotRequest,
    responses((status = 200, description = "The new key", body = MadeKey)),
)]
pub(super) async fn rotate(
    State(control): State<Arc<Control>>,
    Path((tenant, name)): Path<(String, String)>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let worlds = control.worlds()?;
    let SlotRequest { slot, key } = read(&headers, &body)?;
    let key = match key {
        Some(key) => key.parse()?,
        None => SubscriptionKey::generate(&worlds.random),
    };
    let slot = slot.unwrap_or(KeySlot::Primary);
    worlds.tenant(&tenant).await?;
    rotate_key(&worlds.database, &tenant, &name, slot, &key, Clock::Real.now()).await?;
    worlds.directory.forget();
    Ok(json(StatusCode::OK, &MadeKey { name, key: key.reveal().to_owned() }))
}

/// Revoke a key
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/keys/{name}/revoke",
    operation_id = "RevokeKey",
    params(("tenant" = String, Path), ("name" = String, Path)),
    request_body = SlotRequest,
    responses((status = 204, description = "It opens nothing any more")),
)]
pub(super) async fn revoke(
    State(control): State<Arc<Control>>,
    Path((tenant, name)): Path<(String, String)>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let worlds = control.worlds()?;
    let SlotRequest { slot, key: _ } = read(&headers, &body)?;
    worlds.tenant(&tenant).await?;
    revoke_key(&worlds.database, &tenant, &name, slot, Clock::Real.now()).await?;
    worlds.directory.forget();
    Ok(no_content())
}

/// Delete a key
///
/// Its name is free again.
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}/keys/{name}",
    operation_id = "DeleteKey",
    params(("tenant" = String, Path), ("name" = String, Path)),
    responses((status = 204, description = "It is deleted")),
)]
pub(super) async fn delete(
    State(control): State<Arc<Control>>,
    Path((tenant, name)): Path<(String, String)>,
) -> Answer {
    let worlds = control.worlds()?;
    worlds.tenant(&tenant).await?;
    delete_key(&worlds.database, &tenant, &name).await?;
    worlds.directory.forget();
    Ok(no_content())
}
