//! One server for the whole run, in this process: real listener, real router, real database.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use directscale_emulator::config::ListenAddress;
use directscale_emulator::control::Access;
use directscale_emulator::customers::PasswordCost;
use directscale_emulator::gateway::ResponseOptions;
use directscale_emulator::journal::JournalOptions;
use directscale_emulator::random::Random;
use directscale_emulator::server::{
    Listener, Origin, Server, ServerOptions, ShutdownHandle, Started, TenantOptions, open_tenant,
};
use directscale_emulator::tenants::{Credential, load_seed, read_seed};
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

/// The limit of bodies in the tests' server: small, so that reaching it is quick.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

pub fn server() -> &'static TestServer {
    static SERVER: OnceLock<TestServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        // Without a server no test means anything: not one hundred failures, but one.
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

/// Whether the run is on a real Postgres: anything about concurrency needs one.
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
        let options = world(origin.clone());
        let (address, server, started, shutdown) = runtime.block_on(async {
            let doors = ResponseOptions { max_body_bytes: MAX_BODY_BYTES, extra_headers: true };
            let options_of_server = ServerOptions {
                doors,
                cors_origin: None,
                journal: JournalOptions { entries: 500, bytes: 4 * 1024 * 1024 },
                access: Access::default(),
                has_admin_listener: false,
            };
            let server = Server::new(options_of_server, Arc::clone(&random)).await.expect("a server");
            let listen: ListenAddress = "127.0.0.1:0".parse().expect("an address");
            let listener = Listener::bind(&listen).await.expect("a port");
            let address = listener.address();
            let (shutdown, serving) = listener.serve(server.clone());
            tokio::spawn(serving);
            let started = open_tenant(&options, Arc::clone(&random), Some(&server)).await.expect("a world");
            server.serve_from(&started);
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

    /// Which kind of database the run is on.
    pub fn origin_name(&self) -> &'static str {
        match self.origin {
            Origin::Embedded(_) => "embedded",
            Origin::Server(_) => "Postgres",
        }
    }

    /// Runs a statement.
    pub fn execute(&self, statement: &str) {
        let text = statement.to_owned();
        self.runtime.block_on(async {
            let mut session = self.started.database().session().await.expect("a connection");
            let done = sqlx::query(sqlx::AssertSqlSafe(text)).execute(session.connection()).await;
            session.end(done).unwrap_or_else(|error| panic!("{error:?} in {statement}"));
        });
    }

    /// Loads a seed.
    pub fn seed(&self, seed: &Value) -> Result<(), String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("seed.json");
        std::fs::write(&path, seed.to_string()).expect("a file");
        let file = read_seed(path.to_str().expect("a path")).map_err(|error| error.to_string())?;
        self.runtime.block_on(load_seed(&self.started.tenants, file)).map(drop).map_err(|error| error.to_string())
    }
}

fn choose_database() -> (Origin, Option<Cluster>, Option<tempfile::TempDir>) {
    let wanted = std::env::var("TEST_DATABASE").unwrap_or_default();
    if wanted != "embedded" {
        if let Ok(url) = std::env::var("DATABASE_URL") {
            return (Origin::Server(url), None, None);
        }
        if wanted == "postgres" || Cluster::programs().is_some() {
            let cluster = Cluster::start();
            return (Origin::Server(cluster.url("postgres")), Some(cluster), None);
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    (Origin::Embedded(folder.path().to_owned()), None, Some(folder))
}

/// A world of the demo tenant for tests.
pub fn world(origin: Origin) -> TenantOptions {
    TenantOptions {
        origin,
        seed: Some("demo".to_owned()),
        connections: 8,
        acquire_timeout: Duration::from_secs(20),
        wait: Duration::from_secs(10),
        password_cost: PasswordCost::Test,
        private_targets: true,
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

/// A tenant with the plan's defaults: the customers 1 to 4 of the demo world.
pub fn tenant() -> Tenant {
    tenant_with(json!({}))
}

/// A tenant with this plan.
#[expect(clippy::needless_pass_by_value, reason = "called with json!")]
pub fn tenant_with(plan: Value) -> Tenant {
    tenant_of(json!({ "plan": plan }))
}

/// A tenant whose entry in a seed file has these members besides its name, keys and customers.
pub fn tenant_of(members: Value) -> Tenant {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = server();
    let key = Credential::subscription_key(&server.random).reveal().to_owned();
    let name = format!("test-{}-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed), &key[..8]);
    let mut customers: Value = demo_customers();
    for customer in customers.as_array_mut().expect("customers") {
        customer.as_object_mut().expect("a customer").remove("ref");
    }
    let own = json!({ "name": name, "keys": [{ "name": "test-key", "key": key }], "customers": customers });
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

    /// Everything that this tenant's database holds, to compare before with after.
    pub fn everything(&self) -> Value {
        let of = |query: &str| self.rows(query);
        json!({
            "customers": of("select * from customers where tenant_id = {tenant} order by customer_id"),
            "tree": of("select * from sponsor_tree where tenant_id = {tenant} order by customer_id"),
            "log": of("select * from CRM_AssociateTypeChanges where tenant_id = {tenant} order by AssociateID, id"),
            "counter": of("select * from tenant_counters where tenant_id = {tenant}"),
            "points": of("select * from reward_points where tenant_id = {tenant} order by customer_id, id"),
            "profiles": of("select * from customer_profiles where tenant_id = {tenant} order by customer_id, owner"),
            "keys": of("select * from customer_keys where tenant_id = {tenant} order by customer_id"),
            "companies": of("select * from companies where tenant_id = {tenant} order by company_id"),
            "hooks": of("select hook_id, state from hook_calls where tenant_id = {tenant}"),
            "tokens": of("select * from sign_on_tokens where tenant_id = {tenant} order by digest"),
        })
    }
}

fn demo_customers() -> Value {
    let address = json!({
        "Street1": "250 South 400 West", "City": "Lindon", "Region": "UT", "PostalCode": "84042", "CountryCode": "US"
    });
    json!([
        {
            "id": 1, "CustomerType": 1, "FirstName": "Demo", "LastName": "Company", "EmailAddress": "company@demo.example",
            "Username": "company", "Password": "PasswordHere1", "BirthDate": "1970-01-01", "TaxId": "DEMO-TAX-0001",
            "TermsAccepted": true, "PrimaryAddress": address, "DefaultShippingAddress": address
        },
        {
            "id": 2, "CustomerType": 1, "SponsorId": 1, "FirstName": "Dana", "LastName": "Distributor",
            "EmailAddress": "dana@demo.example", "Username": "dana", "Password": "PasswordHere1", "BirthDate": "1980-02-02",
            "TaxId": "DEMO-TAX-0002", "TermsAccepted": true, "PrimaryAddress": address, "DefaultShippingAddress": address
        },
        {
            "id": 3, "CustomerType": 2, "SponsorId": 2, "FirstName": "Riley", "LastName": "Retail",
            "EmailAddress": "riley@demo.example", "Username": "riley", "Password": "PasswordHere1", "PrimaryAddress": address
        },
        {
            "id": 4, "CustomerType": 3, "SponsorId": 2, "FirstName": "Pat", "LastName": "Preferred",
            "EmailAddress": "pat@demo.example", "Username": "pat", "PrimaryAddress": address
        }
    ])
}
