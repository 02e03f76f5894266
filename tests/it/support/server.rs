//! One server for all tests, in this process, with a real listener and a real database; or several behind a balancer (`TEST_SERVERS`).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use directscale_emulator::config::ListenAddress;
use directscale_emulator::control::Access;
use directscale_emulator::customers::PasswordCost;
use directscale_emulator::database::{DatabaseTimeouts, LoginSource, TenantId};
use directscale_emulator::gateway::ResponseOptions;
use directscale_emulator::journal::{JournalOptions, JournalPlace};
use directscale_emulator::random::Random;
use directscale_emulator::server::{
    Listener, Origin, Server, ServerOptions, ShutdownHandle, StartOptions, Started, start_up,
};
use directscale_emulator::servers::{self, TokenUse};
use directscale_emulator::tenants::{Credential, DEMO_SEED, SeedSource, load_seed, read_text};
use serde_json::{Value, json};
use sqlx::Row as _;

use super::Client;
use super::balancer::balance;
use super::cluster::Cluster;

/// The shared server: where its requests go, and the first of its processes.
#[derive(Debug)]
pub struct TestServer {
    /// Of the balancer, unless the test is about one server.
    pub address: SocketAddr,
    run: Arc<Run>,
}

/// The servers and the database of a run.
#[derive(Debug)]
pub struct Run {
    /// The first server.
    pub server: Server,
    pub started: Started,
    pub random: Arc<Random>,
    pub runtime: tokio::runtime::Runtime,
    pub origin: Origin,
    others: Vec<RunningServer>,
    _shutdown: ShutdownHandle,
    _cluster: Option<Cluster>,
    _folder: Option<tempfile::TempDir>,
}

/// One server that listens.
#[derive(Debug)]
struct RunningServer {
    address: SocketAddr,
    server: Server,
    started: Started,
    random: Arc<Random>,
    shutdown: ShutdownHandle,
}

impl std::ops::Deref for TestServer {
    type Target = Run;

    fn deref(&self) -> &Run {
        &self.run
    }
}

/// The modules and tests that address one server, also when there are several.
const ONE_SERVER: &str = include_str!("../../one_server.txt");

/// The limit of bodies in the tests' server. It is small, so that tests reach it quickly.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

pub fn server() -> &'static TestServer {
    static SERVERS: OnceLock<[TestServer; 2]> = OnceLock::new();
    let [balanced, first] = SERVERS.get_or_init(|| {
        // Without a server every test would fail: end the run with one failure.
        std::panic::catch_unwind(TestServer::start).unwrap_or_else(|_| std::process::exit(101))
    });
    if is_about_one_server() { first } else { balanced }
}

/// The number of servers that the run's requests go to.
pub fn servers() -> usize {
    std::env::var("TEST_SERVERS").map_or(1, |number| number.parse().expect("TEST_SERVERS is a number"))
}

/// Whether the current test, whose thread has its name, addresses one server.
fn is_about_one_server() -> bool {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    let named = ONE_SERVER.lines().filter_map(|line| line.split_once(' ')).map(|(name, _)| name);
    let mut prefixes = named.filter_map(|name| test.strip_prefix(name));
    prefixes.any(|rest| rest.is_empty() || rest.starts_with("::"))
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
    /// As most tests see it, and as those see it that address one server.
    fn start() -> [Self; 2] {
        if let Ok(filter) = std::env::var("TEST_LOG") {
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let (origin, cluster, folder) = choose_database();
        assert!(servers() == 1 || matches!(origin, Origin::Server(_)), "several servers need a real Postgres");
        let (first, others, balanced) = runtime.block_on(async {
            let first = RunningServer::start(&origin, 0).await;
            let mut others = Vec::new();
            for number in 1..servers() {
                others.push(RunningServer::start(&origin, number).await);
            }
            let all: Vec<SocketAddr> = [&first].into_iter().chain(&others).map(|server| server.address).collect();
            let balanced = if others.is_empty() { first.address } else { balance(all).await };
            (first, others, balanced)
        });
        let RunningServer { address, server, started, random, shutdown } = first;
        let run = Arc::new(Run {
            server,
            started,
            random,
            runtime,
            origin,
            others,
            _shutdown: shutdown,
            _cluster: cluster,
            _folder: folder,
        });
        [balanced, address].map(|address| Self { address, run: Arc::clone(&run) })
    }
}

impl RunningServer {
    async fn start(origin: &Origin, number: usize) -> Self {
        let random = Arc::new(Random::default());
        let name = format!("test-{number}");
        let server_options = ServerOptions {
            name: name.clone(),
            responses: ResponseOptions { max_body_bytes: MAX_BODY_BYTES, extra_headers: true },
            cors_origin: None,
            journal: JournalOptions {
                // Tests start more servers on this database, which must not move the journal meanwhile.
                place: if servers() == 1 { JournalPlace::Memory } else { JournalPlace::Auto },
                entries: 500,
                bytes: 4 * 1024 * 1024,
                total_bytes: 64 * 1024 * 1024,
            },
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
        let mut options = start_options(origin.clone());
        options.server.name = name;
        let started = start_up(&options, Arc::clone(&random), Some(&server)).await.expect("the demo data");
        server.set_services(&started);
        Self { address, server, started, random, shutdown }
    }
}

impl Run {
    fn all_started(&self) -> impl Iterator<Item = &Started> {
        [&self.started].into_iter().chain(self.others.iter().map(|server| &server.started))
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
        let file = SeedSource::File(path).read().map_err(|error| error.to_string())?;
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
        login: LoginSource::Url,
        seed: Some("demo".to_owned()),
        seed_dir: None,
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

    /// Makes every server read this tenant again, as a change over the control API does.
    pub fn was_changed_by_sql(&self) {
        let id = i32::try_from(self.id).expect("an id");
        for started in server().all_started() {
            started.tenants.credentials.forget(TenantId(id));
        }
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
            let order = "order by (to_jsonb(t) - 'version')::text";
            let mut rows = self.rows(&format!("select * from {table} t where tenant_id = {{tenant}} {order}"));
            // A row that was replaced by an equal one has another version.
            for row in &mut rows {
                row.as_object_mut().expect("a row").remove("version");
            }
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
