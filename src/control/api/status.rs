//! The version and counts of a running server, and the demo credentials, which are public.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::ser::Serializer;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Answer, Control, json};
use crate::database::DatabaseError;
use crate::servers::ServerRow;
use crate::tenants::{CredentialKind, DEMO_KEY, LoadedSeed, Tenants, presented};
use crate::vendors::VENDORS;
use crate::version::commit;

/// The account of the demo credentials that have one.
const DEMO_ACCOUNT: &str = "demo";

/// A live server of the database.
#[derive(Debug, Serialize, ToSchema)]
struct LiveServer {
    name: String,
    version: String,
    started_at: DateTime<Utc>,
    /// When it last told the others that it lives; at most three seconds ago.
    seen_at: DateTime<Utc>,
    /// Whether it is the server that answers.
    is_this: bool,
}

impl From<ServerRow> for LiveServer {
    fn from(row: ServerRow) -> Self {
        let ServerRow { id: _, name, version, started_at, seen_at, is_this } = row;
        Self { name, version, started_at, seen_at, is_this }
    }
}

/// A running server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServerStatus {
    /// The name of the server that answers.
    name: String,
    version: &'static str,
    /// The commit that the server was built from; null if it is not known, as in builds for development.
    commit: Option<&'static str>,
    /// When this server was started; where several servers run on one database, the first of them. The journal's numbers belong to it.
    started_at: DateTime<Utc>,
    tenants: usize,
    /// The snapshots of all tenants, including each tenant's `seed`.
    snapshots: i64,
    /// The active faults of all tenants.
    faults: i64,
    /// The requests to the vendor APIs since then; 0 if the journal is off.
    requests: u64,
    /// Where the journal is: `memory`, `database` or `off`. Once in the database it stays there until the server ends.
    journal: &'static str,
    /// The port of the vendor APIs if `/_emulator` has its own listener; null if both are on one.
    api_port: Option<u16>,
    /// The credentials of the demo seed that are valid.
    demo: DemoCredentials,
    /// The live servers of the database, the oldest first.
    servers: Vec<LiveServer>,
    /// The seeds that the server that answers loaded when it started, in order.
    seeds: Vec<LoadedSeed>,
}

/// The demo seed's credentials by their kinds, which are documented and therefore no secrets; null if one is not valid.
#[derive(Debug)]
struct DemoCredentials(Vec<(CredentialKind, Option<DemoCredential>)>);

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum DemoCredential {
    Key(&'static str),
    Account(DemoAccount),
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
    let run = tenants.journal.current_run().await?;
    let status = ServerStatus {
        name: tenants.servers.name().to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        commit: commit(),
        started_at: run.started_at,
        tenants: listed.len(),
        snapshots: listed.iter().map(|tenant| tenant.snapshots).sum(),
        faults: listed.iter().map(|tenant| tenant.faults).sum(),
        requests: run.latest + run.unnumbered,
        journal: tenants.journal.place_name(),
        api_port: control.api_port.get().copied(),
        demo: DemoCredentials::valid(tenants).await?,
        servers: tenants.servers.live().await?.into_iter().map(LiveServer::from).collect(),
        seeds: control.seeded.get().cloned().unwrap_or_default(),
    };
    Ok(json(StatusCode::OK, &status))
}

impl DemoCredentials {
    /// One of each vendor's kind.
    async fn valid(tenants: &Tenants) -> Result<Self, DatabaseError> {
        let mut credentials: Vec<(CredentialKind, Option<DemoCredential>)> = Vec::new();
        for vendor in VENDORS {
            let kind = vendor.credential;
            if credentials.iter().all(|(other, _)| *other != kind) {
                let holder = tenants.credentials.holder(&presented(kind, DEMO_ACCOUNT, DEMO_KEY)).await?;
                let is_valid = holder.is_some_and(|caller| caller.kind == kind);
                credentials.push((kind, is_valid.then(|| DemoCredential::of(kind))));
            }
        }
        Ok(Self(credentials))
    }
}

impl DemoCredential {
    fn of(kind: CredentialKind) -> Self {
        if kind.has_account() {
            Self::Account(DemoAccount { account: DEMO_ACCOUNT, secret: DEMO_KEY })
        } else {
            Self::Key(DEMO_KEY)
        }
    }
}

/// The name of a kind's member.
fn member(kind: CredentialKind) -> String {
    kind.name().replace('-', "_")
}

impl Serialize for DemoCredentials {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(kind, credential)| (member(*kind), credential)))
    }
}

impl ToSchema for DemoCredentials {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((DemoAccount::name().into_owned(), DemoAccount::schema()));
    }
}

impl PartialSchema for DemoCredentials {
    fn schema() -> RefOr<Schema> {
        let null = || ObjectBuilder::new().schema_type(Type::Null);
        let mut credentials = ObjectBuilder::new().description(Some(
            "The demo seed's credentials by their kinds, which are in its documentation and so no secret; null where one is not valid.",
        ));
        for vendor in VENDORS {
            let title = vendor.title;
            let name = member(vendor.credential);
            let schema = if vendor.credential.has_account() {
                let account = Ref::from_schema_name(DemoAccount::name());
                let description = format!("The account and secret of {title}'s API.");
                OneOfBuilder::new().item(null()).item(account).description(Some(description)).into()
            } else {
                let types = SchemaType::from_iter([Type::String, Type::Null]);
                let description = format!("The key of {title}'s API.");
                Schema::from(ObjectBuilder::new().schema_type(types).description(Some(description)))
            };
            credentials = credentials.property(name, schema);
        }
        credentials.into()
    }
}
