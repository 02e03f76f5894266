//! The version and counts of a running server, and the demo credentials, which are public.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answer, Control, json};
use crate::tenants::{CredentialKind, DEMO_KEY, presented};

/// The account of the demo credentials that have one.
const DEMO_ACCOUNT: &str = "demo";

/// A running server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServerStatus {
    version: &'static str,
    started_at: DateTime<Utc>,
    tenants: usize,
    /// The snapshots of all tenants, including each tenant's `seed`.
    snapshots: i64,
    /// The active faults of all tenants.
    faults: i64,
    /// The requests to the vendor APIs since the start; 0 if the journal is off.
    requests: u64,
    /// The port of the vendor APIs if `/_emulator` has its own listener; null if both are on one.
    api_port: Option<u16>,
    /// The credentials of the demo seed that are valid.
    demo: DemoCredentials,
}

/// The demo seed's credentials, which are documented and therefore no secrets; null if one is not valid.
#[derive(Debug, Serialize, ToSchema)]
struct DemoCredentials {
    /// The key of DirectScale's API.
    subscription_key: Option<&'static str>,
    /// User name and password of ByDesign's API.
    basic: Option<DemoAccount>,
    /// Client id and secret of Storm's API.
    oauth_client: Option<DemoAccount>,
}

/// An account of the demo seed.
#[derive(Debug, Serialize, ToSchema)]
struct DemoAccount {
    /// The user name, or the client id.
    account: &'static str,
    /// The password, or the client's secret.
    secret: &'static str,
}

/// Get the server's status
///
/// Its version, its counts, and the demo credentials that are valid.
#[utoipa::path(
    get,
    path = "/_emulator/status",
    operation_id = "GetStatus",
    responses((status = 200, description = "The status", body = ServerStatus)),
)]
pub(super) async fn get(State(control): State<Arc<Control>>) -> Answer {
    let tenants = control.tenants()?;
    let listed = tenants.list().await?;
    let is_valid = async |kind: CredentialKind| {
        let caller = tenants.credentials.holder(&presented(kind, DEMO_ACCOUNT, DEMO_KEY)).await?;
        Ok::<_, crate::database::DatabaseError>(caller.is_some_and(|caller| caller.kind == kind))
    };
    let account = |is_valid: bool| is_valid.then_some(DemoAccount { account: DEMO_ACCOUNT, secret: DEMO_KEY });
    let status = ServerStatus {
        version: env!("CARGO_PKG_VERSION"),
        started_at: control.started_at,
        tenants: listed.len(),
        snapshots: listed.iter().map(|tenant| tenant.snapshots).sum(),
        faults: listed.iter().map(|tenant| tenant.faults).sum(),
        requests: tenants.journal.latest(),
        api_port: control.api_port.get().copied(),
        demo: DemoCredentials {
            subscription_key: is_valid(CredentialKind::SubscriptionKey).await?.then_some(DEMO_KEY),
            basic: account(is_valid(CredentialKind::Basic).await?),
            oauth_client: account(is_valid(CredentialKind::OauthClient).await?),
        },
    };
    Ok(json(StatusCode::OK, &status))
}
