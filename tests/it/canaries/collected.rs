//! The program with its secrets, and everything that it writes.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Kind, Place};
use crate::restart::own_database;
use crate::support::http::request;
use crate::support::process::{program, run};
use crate::support::receiver::{Received, Receiver, response};
use crate::support::server::database_url;
use crate::support::{Client, Reply};

pub const TENANT: &str = "canaries";

pub const UPGRADE: &str = "Associates.Enrollment.UpdateAssociateBaseType";

/// A hook whose extension fails.
pub const CREATE: &str = "Associates.Enrollment.WriteApplication";

/// A planted secret.
#[derive(Debug, Clone)]
pub struct Canary {
    pub kind: Kind,
    /// Where it was planted.
    pub input: String,
    pub text: String,
}

/// A planted secret that was found.
#[derive(Debug)]
pub struct Found {
    pub kind: Kind,
    pub place: Place,
    input: String,
    /// What was written.
    output: String,
    around: String,
}

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, place, input, output, around } = self;
        write!(formatter, "{kind:?} ({input}) in {place:?} ({output}): …{around}…")
    }
}

/// The secrets of the server and its tenant.
#[derive(Debug, Clone)]
pub struct Secrets {
    pub admin: String,
    pub key: String,
    pub basic: String,
    pub client: String,
    pub directscale: String,
    pub password: String,
    pub tax_id: String,
}

pub struct Run {
    child: Child,
    folder: tempfile::TempDir,
    pub client: Client,
    pub secrets: Secrets,
    canaries: Vec<Canary>,
    outputs: Vec<(Place, String, String)>,
    extension: Receiver,
    subscriber: Receiver,
    callbacks: Arc<Mutex<Vec<Reply>>>,
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A text that occurs nowhere else, and that is a valid password.
fn unique(number: usize) -> String {
    format!("Canary{number:04}Zq{:08x}", (number + 1) * 0x9e37_79b9)
}

impl Run {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut canaries = Vec::new();
        let mut plant = |kind, input: &str| {
            let text = unique(canaries.len());
            canaries.push(Canary { kind, input: input.to_owned(), text: text.clone() });
            text
        };
        let secrets = Secrets {
            admin: plant(Kind::AdminToken, "setting"),
            key: format!("{:032x}", 0x0bad_cafe_1234_5678_9abc_def0_1357_9bdf_u128),
            basic: plant(Kind::VendorSecret, "Basic password of the seed"),
            client: plant(Kind::VendorSecret, "client secret of the seed"),
            directscale: plant(Kind::DirectscaleToken, "seed"),
            password: plant(Kind::Password, "seed"),
            tax_id: plant(Kind::TaxId, "seed"),
        };
        let (hook_query, webhook_query) = (plant(Kind::HookQuery, "seed"), plant(Kind::WebhookQuery, "seed"));
        let (token, secret) = (plant(Kind::ExtensionToken, "seed"), plant(Kind::WebhookSecret, "seed"));
        let database_password = plant(Kind::DatabasePassword, "setting");
        canaries.push(Canary { kind: Kind::SubscriptionKey, input: "seed".to_owned(), text: secrets.key.clone() });

        let emulator = Arc::<Mutex<Option<Client>>>::default();
        let callbacks = Arc::<Mutex<Vec<Reply>>>::default();
        let extension = extension(&emulator, &callbacks, &secrets.directscale);
        let subscriber = Receiver::start(|received| response(200, "", &echo(received)));
        let seed = json!({ "version": 1, "tenants": [{
            "name": TENANT,
            "keys": [
                { "name": "key", "key": secrets.key },
                { "name": "basic", "kind": "basic", "account": "user", "key": secrets.basic },
                { "name": "client", "kind": "oauth-client", "account": "client", "key": secrets.client },
            ],
            "extension": {
                "extension_token": token, "directscale_token": secrets.directscale,
                "hooks": {
                    UPGRADE: extension.url(&format!("/hook?code={hook_query}")),
                    CREATE: extension.url(&format!("/broken?sig={hook_query}")),
                }
            },
            "events": { "subscriptions": [
                { "url": subscriber.url(&format!("/events?code={webhook_query}")), "secret": secret }
            ] },
            "customers": [
                { "CustomerType": 1, "Username": "root", "Password": secrets.password, "TaxId": secrets.tax_id },
                { "CustomerType": 1, "Username": "sponsor", "SponsorId": 1 },
                { "CustomerType": 2, "Username": "retail", "SponsorId": 2 },
                { "CustomerType": 2, "Username": "other", "SponsorId": 2 },
            ]
        }] });
        let child = start_server(&folder, &seed, &secrets.admin, &database_password);
        let address = address_of(&folder);
        let client = Client { address, key: secrets.key.clone() };
        *emulator.lock().expect("no panic") = Some(client.clone());
        Self { child, folder, client, secrets, canaries, outputs: Vec::new(), extension, subscriber, callbacks }
    }

    /// A new secret.
    pub fn plant(&mut self, kind: Kind, input: &str) -> String {
        let text = unique(self.canaries.len());
        self.know(kind, input, &text);
        text
    }

    /// A secret that the program made.
    pub fn know(&mut self, kind: Kind, input: &str, text: &str) {
        assert!(text.len() >= 8, "{text} is long enough to be searched for");
        self.canaries.push(Canary { kind, input: input.to_owned(), text: text.to_owned() });
    }

    /// Keeps a response of a vendor API.
    pub fn keep(&mut self, name: &str, reply: Reply) -> Reply {
        let place = if reply.status < 400 { Place::Success } else { Place::Rejection };
        self.keep_as(place, name, &reply);
        reply
    }

    pub fn keep_as(&mut self, place: Place, name: &str, reply: &Reply) {
        self.outputs.push((place, format!("{name} -> {}", reply.status), format!("{}\n{}", reply.head, reply.body)));
    }

    /// A request to the control API with the token, whose response is kept.
    pub fn control(&mut self, place: Place, method: &str, path: &str, body: Option<&str>) -> Reply {
        let headers = format!("Authorization: Bearer {}\r\n", self.secrets.admin);
        let reply = self.client.raw(&request(method, path, &headers, body));
        let name = format!("{method} {path} -> {}", reply.status);
        self.outputs.push((place, name, format!("{}\n{}", reply.head, reply.body)));
        reply
    }

    /// Connects other addresses than those of the snapshot, so that a comparison has them.
    pub fn connect(&mut self) {
        let of = format!("/_emulator/tenants/{TENANT}");
        let export = self.control(Place::Export, "GET", &format!("{of}/export?format=json&keys=true"), None).json();
        let Value::Object(tenant) = &export["tenants"][0] else { panic!("a tenant: {export}") };
        let (mut extension, mut events) = (tenant["extension"].clone(), tenant["events"].clone());
        let (hook, webhook) = (self.plant(Kind::HookQuery, "connect"), self.plant(Kind::WebhookQuery, "connect"));
        extension["hooks"][CREATE] = format!("http://127.0.0.1:9/?code={hook}").into();
        let subscription = json!({ "url": format!("http://127.0.0.1:9/?{webhook}") });
        events["subscriptions"].as_array_mut().expect("subscriptions").push(subscription);
        let body = json!({ "extension": extension, "events": events }).to_string();
        let reply = self.control(Place::Control, "PUT", &format!("{of}/integration"), Some(&body));
        assert_eq!(reply.status, 204, "{reply:?}");
    }

    /// Collects everything that the program writes, ends it, and searches.
    pub fn search(mut self) -> Vec<Found> {
        self.collect_deliveries();
        self.collect_control();
        self.collect_pages();
        self.collect_commands();
        for name in ["cmdline", "environ"] {
            let bytes = std::fs::read(format!("/proc/{}/{name}", self.child.id())).unwrap_or_default();
            self.outputs.push((Place::Process, name.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
        }
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").arg(id).status().expect("kill").success());
        assert!(self.child.wait().expect("an end").success());
        for name in ["out", "err"] {
            let text = std::fs::read_to_string(self.folder.path().join(name)).expect("a log");
            for line in text.lines() {
                self.outputs.push((Place::Log, name.to_owned(), line.to_owned()));
            }
        }
        for (canary, reply) in self.callbacks.lock().expect("no panic").iter().enumerate() {
            let place = if reply.status < 400 { Place::Success } else { Place::Rejection };
            self.outputs.push((place, format!("callback {canary}"), format!("{}\n{}", reply.head, reply.body)));
        }
        let mut found = BTreeMap::new();
        for (place, output, text) in &self.outputs {
            for Canary { kind, input, text: canary } in &self.canaries {
                let Some(at) = text.find(canary.as_str()) else { continue };
                let around: String = text[..at].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
                let of = Found { kind: *kind, place: *place, input: input.clone(), output: output.clone(), around };
                found.entry((*kind, *place, input.clone())).or_insert(of);
            }
        }
        found.into_values().collect()
    }

    /// The requests to the extension and to the subscriber, with the tokens that are in them.
    fn collect_deliveries(&mut self) {
        let start = Instant::now();
        while self.subscriber.received().len() < 2 {
            assert!(start.elapsed() < Duration::from_secs(20), "the events are delivered");
            std::thread::sleep(Duration::from_millis(20));
        }
        for received in self.extension.received() {
            let token = received.header("X-DirectScale-CallbackToken").expect("a token").to_owned();
            self.know(Kind::CallbackToken, &received.path, &token);
            self.outputs.push((Place::Hook, received.path.clone(), format!("{received:?}")));
        }
        for received in self.subscriber.received() {
            self.outputs.push((Place::Webhook, received.path.clone(), format!("{received:?}")));
        }
    }

    fn collect_control(&mut self) {
        let of = format!("/_emulator/tenants/{TENANT}");
        for path in [
            "/_emulator/status",
            "/_emulator/tenants",
            "/_emulator/tasks",
            "/_emulator/diff?from=canaries@seed&to=canaries",
            &of,
            &format!("{of}/plan"),
            &format!("{of}/keys"),
            &format!("{of}/integration"),
            &format!("{of}/webhooks"),
            &format!("{of}/faults"),
            &format!("{of}/clock"),
            &format!("{of}/snapshots"),
        ] {
            let reply = self.control(Place::Control, "GET", path, None);
            assert!(matches!(reply.status, 200 | 404), "{path}: {reply:?}");
        }
        for path in [format!("{of}/export?keys=true"), format!("{of}/export?format=json&snapshot=seed&keys=true")] {
            assert_eq!(self.control(Place::Export, "GET", &path, None).status, 200);
        }
        for path in ["/metrics", "/livez", "/readyz"] {
            let reply = self.client.get(path);
            assert_eq!(reply.status, 200, "{path}");
            self.outputs.push((Place::Metrics, path.to_owned(), reply.body));
        }
        for path in ["/_emulator/docs", "/_emulator/openapi.json", "/_emulator/coverage", "/openapi.json"] {
            self.control(Place::Document, "GET", path, None);
        }
        for list in [format!("{of}/requests"), "/_emulator/unauthenticated-requests".to_owned()] {
            let entries = self.control(Place::Journal, "GET", &format!("{list}?limit=1000"), None).json();
            let entries = entries.as_array().expect("requests").clone();
            assert!(entries.len() > 5, "{list}: {}", entries.len());
            if list.starts_with(&of) {
                for entry in &entries {
                    let number = &entry["number"];
                    self.control(Place::Journal, "GET", &format!("{list}/{number}"), None);
                }
            }
        }
        let stream = self.stream(&format!("{of}/requests/stream?since=0"));
        assert!(stream.contains("data:"), "{stream}");
        self.outputs.push((Place::Journal, "stream".to_owned(), stream));
    }

    /// What a stream sends within a second after its last event.
    fn stream(&self, path: &str) -> String {
        let headers = format!("Authorization: Bearer {}\r\n", self.secrets.admin);
        let mut stream = TcpStream::connect(self.client.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
        stream.write_all(&request("GET", path, &headers, None)).expect("it is sent");
        let (mut all, mut part) = (Vec::new(), [0; 8_192]);
        while let Ok(length @ 1..) = stream.read(&mut part) {
            all.extend_from_slice(&part[..length]);
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    fn collect_pages(&mut self) {
        let of = format!("/_emulator/t/{TENANT}");
        let mut pages: Vec<String> = ["", "/unauthenticated"].map(|page| format!("/_emulator{page}")).into();
        pages.extend(
            [
                "/",
                "/rows",
                "/customers",
                "/changes",
                "/diff",
                "/diff?from=seed",
                "/webhooks",
                "/faults",
                "/clock",
                "/data",
                "/plan",
                "/keys",
            ]
            .map(|page| format!("{of}{page}")),
        );
        pages.extend((1..8).map(|id| format!("{of}/customers/{id}")));
        for (list, page) in [
            (format!("/_emulator/tenants/{TENANT}/requests?limit=1000"), format!("{of}/requests")),
            ("/_emulator/unauthenticated-requests?limit=1000".to_owned(), "/_emulator/unauthenticated".to_owned()),
        ] {
            let entries = self.control(Place::Journal, "GET", &list, None).json();
            let numbers = entries.as_array().expect("requests").iter().map(|entry| entry["number"].to_string());
            let parts = [
                "",
                "?tab=request",
                "?tab=response",
                "?tab=changes&technical=1",
                "?tab=webhooks",
                "?tab=hooks",
                "?tab=code",
            ];
            pages.extend(numbers.flat_map(|number| parts.map(|part| format!("{page}/{number}{part}"))));
        }
        let mut shown = 0;
        for page in pages {
            let reply = self.control(Place::Page, "GET", &page, None);
            assert!(matches!(reply.status, 200 | 404), "{page}: {reply:?}");
            shown += usize::from(reply.status == 200);
        }
        assert!(shown > 60, "{shown} pages");
    }

    fn collect_commands(&mut self) {
        let file = self.folder.path().join("admin_token").to_str().expect("a path").to_owned();
        let server = self.client.address.to_string();
        for arguments in [
            &["config"][..],
            &["status"],
            &["status", "-o", "json"],
            &["tenants", "list"],
            &["keys", "list", TENANT],
            &["requests", "list", TENANT],
            &["requests", "show", TENANT, "1"],
            &["webhooks", "list", TENANT],
            &["faults", "list", TENANT],
            &["diff", "canaries@seed", TENANT],
        ] {
            let mut command = program(arguments);
            command.args(["--admin-token-file", &file]);
            if arguments[0] == "config" {
                let url = self.folder.path().join("database_url");
                command.env("DATABASE_URL_FILE", if url.exists() { url.to_str().expect("a path") } else { "" });
            } else {
                command.args(["--server", &server]);
            }
            let (code, out, error) = run(&mut command);
            assert!(matches!(code, Some(0 | 1)), "{arguments:?}: {out}{error}");
            assert!(!out.is_empty() || arguments[0] == "faults", "{arguments:?}: {error}");
            self.outputs.push((Place::Command, arguments.join(" "), format!("{out}\n{error}")));
        }
    }
}

/// The server in its own process, on a database of its own, at the most verbose level.
fn start_server(folder: &tempfile::TempDir, seed: &Value, admin: &str, database_password: &str) -> Child {
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path.to_str().expect("a path").to_owned()
    };
    let create = |name: &str| File::create(folder.path().join(name)).expect("a file");
    let mut command = program(&["--listen", "127.0.0.1:0", "--log", "trace", "--log-format", "json"]);
    command.args(["--seed", &write("seed.json", &seed.to_string())]);
    command.args(["--admin-token-file", &write("admin_token", admin)]);
    match database_url() {
        // The cluster of the tests trusts every password.
        Some(url) if std::env::var_os("DATABASE_URL").is_none() => {
            let url = own_database(&url, "canaries").replacen('@', &format!(":{database_password}@"), 1);
            command.args(["--database-url-file", &write("database_url", &url)]);
        }
        Some(url) => {
            command.args(["--database-url-file", &write("database_url", &own_database(&url, "canaries"))]);
        }
        None => {
            command.args(["--data", folder.path().join("data").to_str().expect("a path")]);
        }
    }
    command.stdout(create("out")).stderr(create("err")).spawn().expect("the program")
}

/// The address in the banner, once the server is ready.
fn address_of(folder: &tempfile::TempDir) -> std::net::SocketAddr {
    let start = Instant::now();
    loop {
        let text = std::fs::read_to_string(folder.path().join("out")).expect("a file");
        if text.contains("Ready.\n") {
            let address = text.lines().find_map(|line| line.trim().strip_prefix("address   http://"));
            return address.expect("an address").parse().expect("an address");
        }
        let error = std::fs::read_to_string(folder.path().join("err")).unwrap_or_default();
        assert!(start.elapsed() < Duration::from_mins(2), "{text}{error}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The headers and body of a request as the JSON with which a careless receiver answers.
fn echo(received: &Received) -> String {
    let headers: serde_json::Map<String, Value> =
        received.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let body: Value = serde_json::from_str(&received.body).unwrap_or_default();
    json!({ "headers": headers, "body": body }).to_string()
}

/// An extension that calls back on an upgrade, and fails with an echo of the request otherwise.
fn extension(emulator: &Arc<Mutex<Option<Client>>>, callbacks: &Arc<Mutex<Vec<Reply>>>, directscale: &str) -> Receiver {
    let (emulator, callbacks, bearer) = (Arc::clone(emulator), Arc::clone(callbacks), directscale.to_owned());
    let broken = AtomicU32::new(0);
    Receiver::start(move |received| {
        let token = received.header("X-DirectScale-CallbackToken").expect("a token");
        if !received.path.starts_with("/hook") {
            let number = broken.fetch_add(1, Ordering::Relaxed);
            let plain =
                || format!("No access for {} with {token}.", received.header("Authorization").unwrap_or_default());
            return response(500, "", &if number.is_multiple_of(2) { echo(received) } else { plain() });
        }
        let client = emulator.lock().expect("no panic").clone().expect("a server");
        let path = format!("/api/extension/hooks/{UPGRADE}");
        let headers = format!("Authorization: Bearer {bearer}\r\nX-DirectScale-CallbackToken: {token}\r\n");
        let reply = client.raw(&request("POST", &path, &headers, Some(&received.body)));
        // A second time, which is rejected.
        let again = client.raw(&request("POST", &path, &headers, Some(&received.body)));
        callbacks.lock().expect("no panic").extend([reply.clone(), again]);
        response(reply.status, "", &reply.body)
    })
}
