//! The keys of tenants.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, Content, Control, Path, json, no_content, read};
use crate::control::keys::checked_key;
use crate::tenants::{Credential, CredentialKind, CredentialListing, CredentialSlot, NewCredential, list_credentials};

/// A new key
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyRequest {
    /// Its name in lists, logs and CRM_AssociateTypeChanges.
    name: String,
    /// A subscription key by default.
    #[serde(default)]
    kind: CredentialKind,
    /// The user name or client id; the name by default. A subscription key has none.
    #[serde(default)]
    account: Option<String>,
    /// The key, 32 hexadecimal digits, or the password or client secret, 8 to 100 bytes; a random one by default.
    #[serde(default)]
    key: Option<String>,
    /// It expires after this many seconds.
    #[serde(default)]
    expires_in_seconds: Option<u32>,
}

/// Which key of a subscription is rotated or revoked
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SlotRequest {
    /// Which of the subscription's two keys. By default the primary one is rotated, and both are revoked.
    #[serde(default)]
    slot: Option<CredentialSlot>,
    /// The new key, for a rotation; a random one by default.
    #[serde(default)]
    key: Option<String>,
}

/// A new key, which is not shown again
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedKey {
    name: String,
    kind: CredentialKind,
    /// The user name or client id; null for a subscription key.
    account: Option<String>,
    /// The key, password or client secret.
    key: String,
}

impl CreatedKey {
    fn of(name: String, key: &Credential) -> Self {
        Self { name, kind: key.kind(), account: key.account().map(str::to_owned), key: key.reveal().to_owned() }
    }
}

/// List a tenant's keys
///
/// By name and last four characters.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/keys",
    operation_id = "ListKeys",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "The keys", body = Vec<CredentialListing>)),
)]
pub(super) async fn list(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    let tenants = control.tenants()?;
    tenants.tenant(&tenant).await?;
    Ok(json(StatusCode::OK, &list_credentials(&tenants.database, &tenant).await?))
}

/// Add a key to a tenant
///
/// The response has the key, which is not shown again.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/keys",
    operation_id = "AddKey",
    params(("tenant" = String, Path)),
    request_body = KeyRequest,
    responses((status = 201, description = "The key", body = CreatedKey)),
)]
pub(super) async fn add(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let KeyRequest { name, kind, account, key, expires_in_seconds } = read(&headers, &body)?;
    let new = checked_key(NewCredential { name: name.clone(), kind, account, secret: key })?;
    let key = control.tenants()?.add_credential(&tenant, new, expires_in_seconds).await?;
    Ok(json(StatusCode::CREATED, &CreatedKey::of(name, &key)))
}

/// Rotate a key
///
/// The response has the new key, which is not shown again. The old one is rejected from then on.
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/keys/{name}/rotate",
    operation_id = "RotateKey",
    params(("tenant" = String, Path), ("name" = String, Path)),
    request_body = SlotRequest,
    responses((status = 200, description = "The new key", body = CreatedKey)),
)]
pub(super) async fn rotate(
    State(control): State<Arc<Control>>,
    Path((tenant, name)): Path<(String, String)>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let tenants = control.tenants()?;
    let SlotRequest { slot, key } = read(&headers, &body)?;
    let slot = slot.unwrap_or(CredentialSlot::Primary);
    tenants.tenant(&tenant).await?;
    let rotated = tenants.rotate_credential(&tenant, &name, slot, key).await?;
    Ok(json(StatusCode::OK, &CreatedKey::of(name, &rotated)))
}

/// Revoke a key
#[utoipa::path(
    post,
    path = "/_emulator/tenants/{tenant}/keys/{name}/revoke",
    operation_id = "RevokeKey",
    params(("tenant" = String, Path), ("name" = String, Path)),
    request_body = SlotRequest,
    responses((status = 204, description = "It is revoked")),
)]
pub(super) async fn revoke(
    State(control): State<Arc<Control>>,
    Path((tenant, name)): Path<(String, String)>,
    headers: HeaderMap,
    Content(body): Content,
) -> Answer {
    let tenants = control.tenants()?;
    let SlotRequest { slot, key: _ } = read(&headers, &body)?;
    tenants.tenant(&tenant).await?;
    tenants.revoke_credential(&tenant, &name, slot).await?;
    Ok(no_content())
}

/// Delete a key
///
/// Its name can be used again.
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
    let tenants = control.tenants()?;
    tenants.tenant(&tenant).await?;
    tenants.delete_credential(&tenant, &name).await?;
    Ok(no_content())
}
