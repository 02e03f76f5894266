//! What a running server is and holds, and the credentials that everybody may know.

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
    /// Its version.
    version: &'static str,
    /// When it was started.
    started_at: DateTime<Utc>,
    /// How many tenants it has.
    tenants: usize,
    /// How many snapshots they have, those of their seeds included.
    snapshots: i64,
    /// How many faults are active.
    faults: i64,
    /// How many requests of the vendors' APIs it has answered since its start; 0 where the journal is off.
    requests: u64,
    /// The port of the vendors' APIs, where `/_emulator` has a listener of its own; null where both are on one.
    api_port: Option<u16>,
    /// The credentials of the demo seed that are valid.
    demo: DemoCredentials,
}

/// The demo seed's credentials, which are in its documentation and so no secret; null where one is not valid.
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
/// What it is and holds, and the demo credentials that are valid.
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
