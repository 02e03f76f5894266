//! One server for all tests, in this process, with a real listener and a real database.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use directscale_emulator::config::ListenAddress;
use directscale_emulator::control::Access;
use directscale_emulator::customers::PasswordCost;
use directscale_emulator::database::{DatabaseTimeouts, TenantId};
use directscale_emulator::gateway::ResponseOptions;
use directscale_emulator::journal::JournalOptions;
use directscale_emulator::random::Random;
use directscale_emulator::server::{
    Listener, Origin, Server, ServerOptions, ShutdownHandle, StartOptions, Started, start_up,
};
use directscale_emulator::servers::{self, TokenUse};
use directscale_emulator::tenants::{Credential, DEMO_SEED, load_seed, read_seed, read_text};
use serde_json::{Value, json};
use sqlx::Row as _;

use super::Client;
use super::cluster::Cluster;

/// The shared server.
#[derive(Debug)]
pub struct TestServer {
    pub address: SocketAddr,
    pub server: Server,
    pub started: Started,
    pub random: Arc<Random>,
    pub runtime: tokio::runtime::Runtime,
    pub origin: Origin,
    _shutdown: ShutdownHandle,
    _cluster: Option<Cluster>,
    _folder: Option<tempfile::TempDir>,
}

/// The limit of bodies in the tests' server. It is small, so that tests reach it quickly.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

pub fn server() -> &'static TestServer {
    static SERVER: OnceLock<TestServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        // Without a server every test would fail: end the run with one failure.
        std::panic::catch_unwind(TestServer::start).unwrap_or_else(|_| std::process::exit(101))
    })
}

/// The URL of the real Postgres that the run is on.
pub fn database_url() -> Option<String> {
    match &server().origin {
        Origin::Server(url) => Some(url.clone()),
        Origin::Embedded(_) => None,
    }
}

/// Whether the run is on a real Postgres, which tests of concurrency need.
pub fn on_real_postgres() -> bool {
    matches!(server().origin, Origin::Server(_))
}

impl TestServer {
    fn start() -> Self {
        if let Ok(filter) = std::env::var("TEST_LOG") {
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let (origin, cluster, folder) = choose_database();
        let random = Arc::new(Random::default());
        let options = start_options(origin.clone());
        let (address, server, started, shutdown) = runtime.block_on(async {
            let responses = ResponseOptions { max_body_bytes: MAX_BODY_BYTES, extra_headers: true };
            let server_options = ServerOptions {
                name: "test".to_owned(),
                responses,
                cors_origin: None,
                journal: JournalOptions { entries: 500, bytes: 4 * 1024 * 1024, total_bytes: 64 * 1024 * 1024 },
                access: Access::default(),
                body_memory_bytes: 256 * 1024 * 1024,
                // The tests share one address.
                guess_limit: 0,
                has_admin_listener: false,
            };
            let server = Server::new(server_options, Arc::clone(&random)).await.expect("a server");
            let listen: ListenAddress = "127.0.0.1:0".parse().expect("an address");
            let listener = Listener::bind(&listen).await.expect("a port");
            let address = listener.address();
            let (shutdown, serving) = listener.serve(server.clone());
            tokio::spawn(serving);
            let started = start_up(&options, Arc::clone(&random), Some(&server)).await.expect("the demo data");
            server.set_services(&started);
            (address, server, started, shutdown)
        });
        Self {
            address,
            server,
            started,
            random,
            runtime,
            origin,
            _shutdown: shutdown,
            _cluster: cluster,
            _folder: folder,
        }
    }

    /// The rows that a query over the database returns, as JSON.
    pub fn rows(&self, query: &str) -> Vec<Value> {
        let text = format!("select to_jsonb(row) from ({query}) row");
        self.runtime.block_on(async {
            let mut session = self.started.database().session().await.expect("a connection");
            let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(session.connection()).await;
            let rows = session.end(rows).unwrap_or_else(|error| panic!("{error:?} in {query}"));
            rows.iter().map(|row| row.get::<Value, _>(0)).collect()
        })
    }

    pub fn origin_name(&self) -> &'static str {
        match self.origin {
            Origin::Embedded(_) => "embedded",
            Origin::Server(_) => "Postgres",
        }
    }

    pub fn execute(&self, statement: &str) {
        let text = statement.to_owned();
        self.runtime.block_on(async {
            let mut session = self.started.database().session().await.expect("a connection");
            let done = sqlx::query(sqlx::AssertSqlSafe(text)).execute(session.connection()).await;
            session.end(done).unwrap_or_else(|error| panic!("{error:?} in {statement}"));
        });
    }

    pub fn seed(&self, seed: &Value) -> Result<(), String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("seed.json");
        std::fs::write(&path, seed.to_string()).expect("a file");
        let file = read_seed(path.to_str().expect("a path")).map_err(|error| error.to_string())?;
        self.runtime.block_on(load_seed(&self.started.tenants, file)).map(drop).map_err(|error| error.to_string())
    }
}

fn choose_database() -> (Origin, Option<Cluster>, Option<tempfile::TempDir>) {
    let choice = std::env::var("TEST_DATABASE").unwrap_or_default();
    if choice != "embedded" {
        if let Ok(url) = std::env::var("DATABASE_URL") {
            return (Origin::Server(url), None, None);
        }
        if choice == "postgres" || Cluster::programs().is_some() {
            let cluster = Cluster::start();
            return (Origin::Server(cluster.url("postgres")), Some(cluster), None);
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    (Origin::Embedded(folder.path().to_owned()), None, Some(folder))
}

/// Long timeouts: the tests share a busy machine.
pub fn timeouts() -> DatabaseTimeouts {
    DatabaseTimeouts {
        acquire: Duration::from_secs(20),
        statement: Duration::from_mins(1),
        lock: Duration::from_secs(50),
        long_statement: Duration::from_mins(30),
    }
}

/// Options for a database with the demo data.
pub fn start_options(origin: Origin) -> StartOptions {
    StartOptions {
        origin,
        seed: Some("demo".to_owned()),
        connections: 8,
        timeouts: timeouts(),
        wait: Duration::from_secs(10),
        password_cost: PasswordCost::Test,
        private_targets: true,
        server: servers::ServerOptions { name: "test".to_owned(), token: TokenUse::Open },
    }
}

/// A tenant of one test.
#[derive(Debug)]
pub struct Tenant {
    pub id: i64,
    pub client: Client,
}

impl std::ops::Deref for Tenant {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A tenant with the plan's defaults, and the customers 1 to 4 of the demo data.
pub fn tenant() -> Tenant {
    tenant_with(json!({}))
}

/// A tenant with this plan.
#[expect(clippy::needless_pass_by_value, reason = "called with json!")]
pub fn tenant_with(plan: Value) -> Tenant {
    tenant_of(json!({ "plan": plan }))
}

/// A tenant whose entry in a seed file has these members in addition to its name, keys and customers.
pub fn tenant_of(members: Value) -> Tenant {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = server();
    let key = Credential::subscription_key(&server.random).reveal().to_owned();
    let name = format!("test-{}-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed), &key[..8]);
    let own = json!({ "name": name, "keys": [{ "name": "test-key", "key": key }], "customers": demo_customers() });
    let seed = json!({ "version": 1, "tenants": [super::with(&own, members)] });
    server.seed(&seed).expect("a seed");
    let id = server.rows(&format!("select tenant_id from tenants where name = '{name}'"))[0]["tenant_id"].as_i64();
    let client = Client { address: server.address, key };
    Tenant { id: id.expect("an id"), client }
}

impl Tenant {
    /// Rows of this tenant: `{tenant}` in the query stands for its number.
    pub fn rows(&self, query: &str) -> Vec<Value> {
        server().rows(&query.replace("{tenant}", &self.id.to_string()))
    }

    /// Makes the server read this tenant again, as a change over the control API does.
    pub fn was_changed_by_sql(&self) {
        let id = i32::try_from(self.id).expect("an id");
        server().started.tenants.credentials.forget(TenantId(id));
    }

    /// All data of this tenant, to compare before with after, except what requests and deliveries themselves change: limits, fault
    /// rules, and deliveries.
    pub fn everything(&self) -> Value {
        let tables = self.rows(
            "select table_name from tenant_tables()
              where table_name not in ('subscription_usage', 'faults', 'event_deliveries', 'event_attempts')",
        );
        assert!(tables.len() >= 10, "{tables:?}");
        let rows_of = |table: &Value| {
            let table = table["table_name"].as_str().expect("a name").to_owned();
            let rows = self.rows(&format!("select * from {table} t where tenant_id = {{tenant}} order by t::text"));
            (table, rows.into())
        };
        Value::Object(tables.iter().map(rows_of).collect())
    }
}

/// The customers of config/demo.yaml.
fn demo_customers() -> Value {
    let seed: Value = read_text(DEMO_SEED, false).expect("the demo seed");
    seed["tenants"][0]["customers"].clone()
}
