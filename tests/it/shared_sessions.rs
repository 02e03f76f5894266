//! What a client gets at one server and presents at another: the session of the inspector, access tokens and sign-on tokens.

use serde_json::{Value, json};

use crate::support::control::as_request;
use crate::support::database::OwnDatabase;
use crate::support::http::request;
use crate::support::process::{DEMO_KEY, Process};
use crate::support::{Client, Reply};

const TOKEN: &str = "a-token-for-all-servers";

fn start(database: &OwnDatabase, name: &str, token: &str) -> Process {
    let settings = ["--database-url", &database.url, "--seed", "demo", "--server-name", name, "--admin-token", token];
    Process::start(&settings)
}

fn client(server: &Process) -> Client {
    Client { address: server.address, key: String::new() }
}

/// Signs in, and returns the header with the session.
#[track_caller]
fn sign_in(server: &Process, token: &str) -> String {
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let reply = client(server).raw(&request("POST", "/_emulator/login", headers, Some(&format!("token={token}"))));
    assert_eq!(reply.status, 303, "{reply:?}");
    let cookie = reply.header("Set-Cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie");
    format!("Cookie: {cookie}\r\n")
}

fn open(server: &Process, session: &str) -> Reply {
    client(server).raw(&as_request("GET", "/tenants", session, None))
}

#[test]
fn a_session_holds_at_every_server_and_ends_at_every_server() {
    let Some(database) = OwnDatabase::create("sessions") else { return };
    let servers = [start(&database, "one", TOKEN), start(&database, "two", TOKEN)];
    let (session, other) = (sign_in(&servers[0], TOKEN), sign_in(&servers[0], TOKEN));
    for server in &servers {
        open(server, &session).done(200);
        let page = client(server).raw(&as_request("GET", "/t/demo/keys", &session, None));
        assert!(page.status == 200 && page.body.contains("action=\"/_emulator/logout\""), "{page:?}");
    }
    // Only a digest is stored.
    let id = session.trim().rsplit('=').next().expect("an id");
    let stored = database.rows("select encode(digest, 'hex') as digest from emulator_sessions");
    assert_eq!((stored.len(), id.len()), (2, 64));
    assert!(stored.iter().all(|row| row["digest"] != id), "{stored:?}");
    let ended = client(&servers[1]).raw(&request("POST", "/_emulator/logout", &session, None));
    assert_eq!(ended.status, 303, "{ended:?}");
    for server in &servers {
        assert_eq!(open(server, &session).problem(401), "the session has ended");
        open(server, &other).done(200);
    }
    // A session belongs to its token: it ends when the token is replaced.
    let [first, second] = servers;
    for server in [first, second] {
        server.signal("TERM");
        assert!(server.wait().success());
    }
    let renewed = start(&database, "one", "another-token-for-all-servers");
    assert_eq!(open(&renewed, &other).problem(401), "the session has ended");
    renewed.signal("TERM");
    assert!(renewed.wait().success());
    open(&start(&database, "one", TOKEN), &other).done(200);
}

#[test]
fn a_session_ends_after_twelve_hours() {
    let Some(database) = OwnDatabase::create("sessions_old") else { return };
    let server = start(&database, "one", TOKEN);
    let session = sign_in(&server, TOKEN);
    let age = |seconds: u32| {
        let age =
            format!("update emulator_sessions set began_at = clock_timestamp() - {seconds} * interval '1 second'");
        database.execute(&age);
    };
    age(12 * 60 * 60 - 60);
    open(&server, &session).done(200);
    age(12 * 60 * 60);
    assert_eq!(open(&server, &session).problem(401), "the session has ended");
    // The next login deletes it.
    sign_in(&server, TOKEN);
    assert_eq!(database.rows("select * from emulator_sessions").len(), 1);
    for other in ["", "0", "%00", &"0".repeat(64), &"0".repeat(4_000)] {
        let detail = open(&server, &format!("Cookie: emulator_admin={other}\r\n")).problem(401);
        assert_eq!(detail, "the session has ended", "{other}");
    }
}

#[test]
fn the_number_of_sessions_is_bounded() {
    let Some(database) = OwnDatabase::create("sessions_many") else { return };
    let servers = [start(&database, "one", TOKEN), start(&database, "two", TOKEN)];
    let first = sign_in(&servers[0], TOKEN);
    let second = sign_in(&servers[0], TOKEN);
    std::thread::scope(|scope| {
        for server in &servers {
            scope.spawn(move || (0..49).for_each(|_| drop(sign_in(server, TOKEN))));
        }
    });
    open(&servers[1], &first).done(200);
    sign_in(&servers[1], TOKEN);
    assert_eq!(database.rows("select * from emulator_sessions").len(), 100);
    for server in &servers {
        assert_eq!(open(server, &first).problem(401), "the session has ended");
        open(server, &second).done(200);
    }
}

#[test]
fn tokens_of_the_vendor_apis_are_valid_at_every_server() {
    let Some(database) = OwnDatabase::create("vendor_tokens") else { return };
    let servers = [start(&database, "one", TOKEN), start(&database, "two", TOKEN)];
    let admin = format!("Authorization: Bearer {TOKEN}\r\n");
    let key = json!({ "name": "storm", "kind": "oauth-client" });
    let bytes = as_request("POST", "/tenants/demo/keys", &admin, Some(&key));
    let key: Value = client(&servers[0]).raw(&bytes).done(201);
    let form = format!(
        "client_id={}&client_secret={}&grant_type=client_credentials",
        key["account"].as_str().expect("a client"),
        key["key"].as_str().expect("a secret"),
    );
    for (number, server) in servers.iter().enumerate() {
        let reply = client(server).raw(&request("POST", "/1.0/connect/token", "", Some(&form)));
        assert_eq!(reply.status, 200, "{reply:?}");
        let token = reply.json()["access_token"].as_str().expect("a token").to_owned();
        let bearer = format!("Authorization: Bearer {token}\r\nApplicationId: 1\r\n");
        let path = "/api/1.1/CustomerService.svc/rest/GetCustomer?id=2&format=json";
        let found = client(&servers[1 - number]).raw(&request("GET", path, &bearer, None));
        assert_eq!(found.status, 200, "{found:?}");

        let directscale = |server: &Process| Client { address: server.address, key: DEMO_KEY.to_owned() };
        let address = directscale(server).get("/v1/sso/2").succeeds(200).json();
        let (_, token) = address.as_str().and_then(|address| address.split_once("token=")).expect("a token");
        let token = token.split('&').next().expect("a token");
        let named = directscale(&servers[1 - number]).get(&format!("/v1/sso/?token={token}")).succeeds(200).json();
        assert_eq!(named["CustomerId"], "2", "{named}");
    }
}
