//! The journal: requests with the reasons of a rejection, changes and events; without secrets, and bounded.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::control::{as_request, control};
use crate::support::process::Process;
use crate::support::receiver::Receiver;
use crate::support::server::server;
use crate::support::{Client, seeds, tenant, tenant_of, with};

fn one<'a>(changes: &'a Value, table: &str) -> &'a Value {
    let found = changes.as_array().expect("changes").iter().find(|change| change["table"] == table);
    found.unwrap_or_else(|| panic!("{table} in {changes}"))
}

fn field(change: &Value, name: &str) -> Value {
    let found = change["fields"].as_array().expect("fields").iter().find(|field| field["field"] == name).cloned();
    found.unwrap_or_else(|| panic!("{name} in {change}"))
}

#[test]
fn a_rejected_request_has_its_reasons() {
    let tenant = tenant();
    let body =
        with(&seeds::distributor(), json!({ "BirthDate": null, "LastName": " ", "Password": "weak", "Shoesize": 44 }));
    let reply = tenant.put("/v1/customers/upgrade/3", &body);
    let entry = &tenant.requests("")[0];
    assert_eq!(entry["request_id"].as_str(), reply.header("X-DirectScale-RequestId"));
    assert_eq!(
        (&entry["operation"], &entry["method"], &entry["status"]),
        (&json!("UpgradeCustomer"), &json!("PUT"), &json!(500))
    );
    assert_eq!(
        (&entry["path"], &entry["customer"], &entry["key"]),
        (&json!("/v1/customers/upgrade/3"), &json!(3), &json!("test-key"))
    );
    let reasons: Vec<(&str, &str)> = entry["reasons"]
        .as_array()
        .expect("reasons")
        .iter()
        .map(|reason| (reason["field"].as_str().expect("a field"), reason["rule"].as_str().expect("a rule")))
        .collect();
    assert_eq!(reasons, [("BirthDate", "required"), ("LastName", "required"), ("Password", "passwordRule")]);
    assert_eq!(entry["changes"], json!([]));
    assert_eq!(entry["response_body"]["text"].as_str(), Some(reply.body.as_str()));
    assert!(entry["duration_ms"].as_f64() >= entry["database_ms"].as_f64(), "{entry}");
}

#[test]
fn an_accepted_request_has_its_changes() {
    let tenant = tenant();
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let entry = &tenant.requests("?operation=UpgradeCustomer")[0];
    let changes = &entry["changes"];
    let customer = one(changes, "customers");
    assert_eq!(customer["id"], "3");
    assert_eq!(field(customer, "customer_type"), json!({ "field": "customer_type", "before": 2, "after": 1 }));
    assert_eq!(field(customer, "terms_accepted"), json!({ "field": "terms_accepted", "before": false, "after": true }));
    assert_eq!(field(customer, "tax_id"), json!({ "field": "tax_id", "before": null, "after": "•••" }));
    assert_eq!(field(customer, "password_hash")["after"], "••• (changed)");
    assert!(field(customer, "birth_date")["after"].as_str().expect("a date").ends_with('Z'));
    let node = one(changes, "sponsor_tree");
    assert_eq!(
        (&node["id"], &field(node, "upline_id")),
        (&json!("3"), &json!({ "field": "upline_id", "before": null, "after": 2 }))
    );
    assert_eq!(field(one(changes, "CRM_AssociateTypeChanges"), "newassociatetype")["after"], 1);

    // Every other write too.
    let id = tenant.create(&seeds::retail());
    let entry = &tenant.requests("")[0];
    assert_eq!((&entry["customer"], &one(&entry["changes"], "customers")["id"]), (&json!(id), &json!(id.to_string())));
    let of_customer = tenant.requests(&format!("?customer={id}"));
    assert_eq!(of_customer.iter().map(|entry| &entry["number"]).collect::<Vec<_>>(), [&entry["number"]]);
    let tables_after = |act: &dyn Fn()| {
        act();
        let entry = tenant.requests("")[0].clone();
        let tables = entry["changes"]
            .as_array()
            .expect("changes")
            .iter()
            .map(|change| change["table"].as_str().expect("a name").to_owned());
        tables.collect::<Vec<String>>()
    };
    assert_eq!(
        tables_after(&|| drop(tenant.patch("/v1/customers/2", &json!({ "FirstName": "New" })).succeeds(200))),
        ["customers"]
    );
    assert_eq!(
        field(one(&tenant.requests("")[0]["changes"], "customers"), "first_name"),
        json!({ "field": "first_name", "before": "Dana", "after": "New" })
    );
    assert_eq!(tables_after(&|| drop(tenant.call("DELETE", "/v1/customers/4", "", None).succeeds(200))), ["customers"]);
    assert_eq!(
        tables_after(&|| drop(
            tenant.put("/v1/customers/2/reset-password", &json!({ "Password": "AnotherOne2" })).succeeds(200)
        )),
        ["customers"]
    );
    assert_eq!(
        tables_after(&|| drop(
            tenant.post("/v1/customers/2/reward-points", &json!({ "pointsToAdd": 5 })).succeeds(201)
        )),
        ["reward_points"]
    );
    assert_eq!(tables_after(&|| drop(tenant.get("/v1/sso/2").succeeds(200))), ["sso_tokens"]);
    assert_eq!(tenant.requests("")[0]["changes"][0]["id"], "•••");
    assert_eq!(
        tables_after(&|| drop(
            tenant
                .call("POST", "/v1/customers/3/downline/placenode?tree=Unilevel&toUplineId=1", "", None)
                .succeeds(200)
        )),
        ["customers", "sponsor_tree"]
    );
    assert_eq!(tables_after(&|| drop(tenant.get("/v1/customers/2").succeeds(200))), Vec::<String>::new());

    // A dry run has the changes that it rolled back.
    tenant.call("PATCH", "/v1/customers/2", "Prefer: tx=rollback\r\n", Some(r#"{"FirstName":"Never"}"#)).succeeds(200);
    let entry = &tenant.requests("")[0];
    assert_eq!(entry["dry_run"], true);
    assert_eq!(field(one(&entry["changes"], "customers"), "first_name")["after"], "Never");
    // A request that is rejected after its writes has no changes.
    let conflicting = with(&seeds::distributor(), json!({ "EmailAddress": "dana@demo.example" }));
    assert_eq!(tenant.put("/v1/customers/3", &conflicting).status, 500);
    assert_eq!(tenant.requests("")[0]["changes"], json!([]));
}

#[test]
fn a_request_has_its_hooks_and_events() {
    let hook = "Associates.Enrollment.UpdateAssociateBaseType";
    let receiver = Receiver::with_json(|received| {
        let body = json!({ "ErrorMessage": "Not today.", "Password": "hook-secret" });
        if received.path == "/hook" { (500, body) } else { (200, json!({})) }
    });
    let tenant = tenant_of(json!({
        "extension": { "extension_token": "sent-secret", "directscale_token": "back-secret", "hooks": { hook: receiver.url("/hook") } },
        "events": { "subscriptions": [{ "url": receiver.url("/events") }] }
    }));
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor());
    let entry = &tenant.requests("")[0];
    let noted = &entry["hooks"][0];
    assert_eq!(
        (&noted["hook"], &noted["status"], &noted["has_called_back"]),
        (&json!(hook), &json!(500), &json!(false))
    );
    assert!(noted["request"]["text"].as_str().expect("a text").contains("\"AssociateId\":3"), "{noted}");
    assert!(noted["response"]["text"].as_str().expect("a text").contains("Not today."), "{noted}");
    assert!(entry["reasons"][0]["message"].as_str().expect("a text").contains("Not today."), "{entry}");
    tenant.patch("/v1/customers/2", &json!({ "FirstName": "New" })).succeeds(200);
    let entry = &tenant.requests("")[0];
    let event = &entry["events"][0];
    assert_eq!((&event["event_type"], &event["customer"]), (&json!("UpdateAssociateEvent"), &json!(2)));
    let delivered = tenant.control("GET", "/webhooks", None).done(200);
    assert_eq!(delivered[0]["id"], event["id"]);
    let journal = tenant.control("GET", "/requests", None).body;
    for secret in ["sent-secret", "back-secret", "hook-secret", "Password123!", "TAX-TEST"] {
        assert!(!journal.contains(secret), "{secret}");
    }
}

#[test]
fn no_secret_is_kept() {
    let tenant = tenant();
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    tenant.get("/v1/customers/3").succeeds(200);
    tenant.call(
        "PUT",
        "/v1/customers/upgrade/4",
        "Authorization: Bearer header-secret\r\nCookie: a=cookie-secret\r\n",
        Some(r#"{"Pass\u0077ord": "escaped-secret"}"#),
    );
    tenant.call("POST", "/v1/customers", "", Some(r#"{"Password": "broken-secret"#));
    tenant.call("POST", "/v1/customers", "", Some("{'Password': 'quoted-secret'}"));
    tenant.get("/v1/validate/tax-id/path-secret");
    tenant.get("/v1/validate/login?username=x&password=query-secret");
    tenant.get(&format!("/v1/customers/2?subscription-key={}", tenant.client.key));
    tenant.put("/v1/customers/2/reset-password", &json!({ "Password": "Reset-secret1" })).succeeds(200);
    let token = tenant.get("/v1/sso/2").succeeds(200).body;
    let token = token.trim_matches('"').rsplit('=').next().expect("a token").to_owned();
    tenant.get(&format!("/v1/sso/?token={token}")).succeeds(200);
    let journal = tenant.control("GET", "/requests?limit=1000", None).body;
    assert!(journal.contains("\"LastName\\\":"), "bodies are there");
    for secret in [
        "Password123!",
        "TAX-TEST-3333",
        "header-secret",
        "cookie-secret",
        "escaped-secret",
        "broken-secret",
        "quoted-secret",
        "path-secret",
        "query-secret",
        "Reset-secret1",
        "$test-sha256",
        &token,
        &tenant.client.key,
    ] {
        assert!(!journal.contains(secret), "{secret} in the journal");
    }
    // The key's last characters identify it.
    assert!(journal.contains(&format!("•••{}", &tenant.client.key[28..])), "{journal}");
}

#[test]
fn requests_can_be_filtered() {
    let tenant = tenant();
    tenant.get("/v1/customers/2").succeeds(200);
    tenant.get("/v1/customers/99");
    tenant.patch("/v1/customers/2", &json!({ "FirstName": "A" })).succeeds(200);
    tenant.call("GET", "/v1/customer/2", "", None);
    let operations = |query: &str| -> Vec<String> {
        tenant.requests(query).iter().map(|entry| entry["operation"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(operations(""), ["-", "UpdateCustomerByParameter", "GetCustomer", "GetCustomer"]);
    assert_eq!(operations("?customer=2"), ["UpdateCustomerByParameter", "GetCustomer"]);
    assert_eq!(operations("?status=4xx"), ["-", "GetCustomer"]);
    assert_eq!(operations("?status=200&operation=GetCustomer"), ["GetCustomer"]);
    assert_eq!(operations("?limit=1"), ["-"]);
    let requests = tenant.requests("");
    let since = requests[1]["number"].as_u64().expect("a number");
    assert_eq!(operations(&format!("?since={since}")), ["-"]);
    let id = requests[2]["request_id"].as_str().expect("an id");
    assert_eq!(tenant.control("GET", &format!("/requests/{id}"), None).done(200)["number"], requests[2]["number"]);
    // An unknown path has the operations with a similar path.
    let did_you_mean = requests[0]["did_you_mean"].as_array().expect("operations");
    assert_eq!(did_you_mean[0], "GET /v1/customers/{customerId} (GetCustomer)");
    for query in ["?status=teapot", "?customer=x", "?colour=red", "?since=-1"] {
        tenant.control("GET", &format!("/requests{query}"), None).problem(400);
    }
    assert!(tenant.control("GET", "/requests/nothing", None).problem(404).contains("does not have this request"));
    tenant.control("DELETE", "/requests", None).done(204);
    assert_eq!(tenant.requests(""), Vec::<Value>::new());
}

#[test]
fn unauthenticated_requests_have_their_own_journal() {
    let tenant = tenant();
    let unauthenticated = Client { address: server().address, key: "00000000000000000000000000005a5a".to_owned() };
    unauthenticated.get("/v1/customers/77");
    let requests = control("GET", "/unauthenticated-requests?operation=GetCustomer&customer=77", None);
    // It is rejected before the customer is read from the path.
    assert_eq!(requests.done(200), json!([]));
    let requests = control("GET", "/unauthenticated-requests?operation=GetCustomer&limit=1000", None).done(200);
    let entry = requests
        .as_array()
        .expect("requests")
        .iter()
        .find(|entry| entry["path"] == "/v1/customers/77")
        .expect("the request")
        .clone();
    assert_eq!((&entry["key"], &entry["status"]), (&json!("…5a5a"), &json!(401)));
    assert_eq!(entry["reasons"][0]["rule"], "invalidKey");
    assert_eq!(tenant.requests(""), Vec::<Value>::new());
}

#[test]
fn a_request_whose_caller_hangs_up_is_in_the_journal() {
    let tenant = tenant();
    let id = tenant.add_fault(&json!({ "operation": "UpgradeCustomer", "point": "after", "delay_ms": 5_000 }));
    let mut stream = TcpStream::connect(tenant.client.address).expect("a connection");
    let key = format!("Ocp-Apim-Subscription-Key: {}\r\n", tenant.client.key);
    let body = seeds::distributor().to_string();
    let request = crate::support::http::request("PUT", "/v1/customers/upgrade/3", &key, Some(&body));
    stream.write_all(&request).expect("sent");
    std::thread::sleep(Duration::from_millis(700));
    drop(stream);
    let entry = tenant.control("GET", "/requests/wait?operation=UpgradeCustomer&timeout_ms=3000", None).done(200);
    assert_eq!(
        (&entry["status"], &entry["fault"]["id"], &entry["reasons"][0]["rule"]),
        (&Value::Null, &json!(id), &json!("hungUp"))
    );
    let changed: Vec<&Value> = entry["changes"].as_array().expect("changes").iter().map(|row| &row["table"]).collect();
    assert!(changed.contains(&&json!("CRM_AssociateTypeChanges")), "its changes until then: {entry}");
    assert_eq!(tenant.customer(3)["CustomerType"], 1, "the write stands");
}

#[test]
fn a_test_can_wait_for_a_request() {
    let tenant = tenant();
    let name = tenant.name();
    let started = Instant::now();
    let none = tenant.control("GET", "/requests/wait?operation=UpgradeCustomer&timeout_ms=200", None);
    assert_eq!(none.status, 408, "{none:?}");
    assert!(started.elapsed() >= Duration::from_millis(200));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            control("GET", &format!("/tenants/{name}/requests/wait?operation=UpgradeCustomer&status=201"), None)
                .done(200)
        });
        std::thread::sleep(Duration::from_millis(100));
        tenant.get("/v1/customers/2").succeeds(200);
        assert!(!waiting.is_finished());
        tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
        let entry = waiting.join().expect("a request");
        assert_eq!((&entry["operation"], &entry["customer"]), (&json!("UpgradeCustomer"), &json!(3)));
    });
    // A request that the journal has already is returned at once.
    let entry = tenant.control("GET", "/requests/wait?customer=3", None).done(200);
    assert_eq!(entry["customer"], 3);
}

#[test]
fn requests_can_be_followed() {
    let (tenant, other) = (tenant(), tenant());
    let mut stream = TcpStream::connect(server().address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let path = format!("/tenants/{}/requests/stream?status=2xx", tenant.name());
    stream.write_all(&as_request("GET", &path, "", None)).expect("sent");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(lines.by_ref().any(|line| line.to_ascii_lowercase().starts_with("content-type: text/event-stream")));
    other.get("/v1/customers/2").succeeds(200);
    tenant.get("/v1/customers/99");
    tenant.get("/v1/customers/2").succeeds(200);
    let data = lines
        .by_ref()
        .find_map(|line| line.strip_prefix("data:").map(|data| data.trim().to_owned()))
        .expect("an event");
    let entry: Value = serde_json::from_str(&data).expect("JSON");
    assert_eq!(
        (&entry["operation"], &entry["customer"], &entry["status"]),
        (&json!("GetCustomer"), &json!(2), &json!(200))
    );
    assert_eq!(entry["number"], tenant.requests("?status=2xx")[0]["number"]);
}

/// Secrets under names that are not fields. The response itself suggests the correct name.
#[test]
fn a_secret_under_a_misspelled_name_is_not_shown() {
    let tenant = tenant();
    let (bydesign, storm) = (tenant.bydesign(), tenant.storm());
    let update = "/CustomerService.svc/rest/UpdateCustomer?updatedBy=1";
    let json =
        r#"{"Passwrd":"SECRETMISS","TaxIdd":"SECRETMISS","pass_word":"SECRETMISS","tax-id":98765,"FirstNam":"Shown"}"#;
    let reply = tenant.client.call("PATCH", "/v1/customers/3", "", Some(json));
    let named = reply.header("X-Emulator-Ignored").unwrap_or_default().to_owned();
    assert!(named.contains("FirstNam (did you mean FirstName?)") && !named.contains("SECRET"), "{named}");
    tenant.client.call("POST", "/v1/customers", "", Some(json));
    tenant.get("/v1/customers/3?Passwrd=SECRETMISS&tax_idd=SECRETMISS&a=1");
    tenant.get("/v1/customers/3?Passwr%64=SECRETMISS");
    let of_bydesign = "/api/users/customer";
    let xml = "<CustomerCreationViewModel><Passwrd>SECRETMISS</Passwrd><TaxIDD>SECRETMISS</TaxIDD><FirstNam>Shown</FirstNam>\
               </CustomerCreationViewModel>";
    for (content_type, body) in [
        ("application/json", json),
        (
            "application/x-www-form-urlencoded",
            "Passwrd=SECRETMISS&Tax%49dd=SECRETMISS&pass+word=SECRETMISS&FirstNam=Shown",
        ),
        ("application/xml", xml),
    ] {
        bydesign.call("POST", of_bydesign, &format!("Content-Type: {content_type}\r\n"), Some(body));
    }
    let of_storm =
        r#"{"Id":3,"Account":{"Passwrd":"SECRETMISS"},"SSNN":"SECRETMISS","ssn":"SECRETMISS","FirstNam":"Shown"}"#;
    storm.call("POST", update, "Content-Type: application/json\r\n", Some(of_storm));
    let requests = tenant.requests("");
    assert_eq!(requests.iter().filter(|request| request.to_string().contains("Shown")).count(), 6);
    for request in &requests {
        let returned = request.to_string();
        assert!(!returned.contains("SECRETMISS") && !returned.contains("98765"), "{returned}");
    }
    assert!(requests.iter().any(|request| request["path"] == "/v1/customers/3?Passwrd=•••&tax_idd=•••&a=1"));
}

/// Numbers arrive in ascending order.
#[test]
fn many_concurrent_callers_are_followed_without_a_gap() {
    const CLIENTS: usize = 8;
    const EACH: usize = 50;
    let tenant = tenant();
    let mut stream = TcpStream::connect(server().address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let path = format!("/tenants/{}/requests/stream?since=0", tenant.name());
    stream.write_all(&as_request("GET", &path, "", None)).expect("sent");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(lines.by_ref().any(|line| line.is_empty()));
    let body = json!({ "FirstName": "x".repeat(4_000), "Password": "SECRET" }).to_string();
    let name = tenant.name();
    let next = |path: &str, since: u64| control("GET", &format!("/tenants/{name}{path}since={since}"), None).json();
    let next = &next;
    let (waited, followed, catching_up) = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        tenant.client.call("POST", "/v1/customers/3/orders", "", Some(&body));
                    }
                })
            })
            .collect();
        let waiting = scope.spawn(move || {
            let mut numbers = Vec::new();
            while numbers.len() < CLIENTS * EACH {
                let since = numbers.last().copied().unwrap_or(0);
                let request = next("/requests/wait?timeout_ms=10000&", since);
                let Some(number) = request["number"].as_u64() else { break };
                numbers.push(number);
            }
            numbers
        });
        let catching_up = scope.spawn(move || {
            let mut numbers: Vec<u64> = Vec::new();
            let end = Instant::now() + Duration::from_secs(30);
            while numbers.len() < CLIENTS * EACH && Instant::now() < end {
                let since = numbers.last().copied().unwrap_or(0);
                let found = next("/requests?limit=1000&", since);
                let found = found.as_array().expect("requests").iter().rev();
                numbers.extend(found.map(|request| request["number"].as_u64().expect("a number")));
            }
            numbers
        });
        for caller in callers {
            caller.join().expect("no failure");
        }
        let followed: Vec<u64> = lines
            .filter_map(|line| line.strip_prefix("id: ").map(|id| id.parse().expect("a number")))
            .take(CLIENTS * EACH)
            .collect();
        (waiting.join().expect("no failure"), followed, catching_up.join().expect("no failure"))
    });
    let rows = tenant.requests("?limit=1000");
    let all: Vec<u64> = rows.iter().rev().map(|request| request["number"].as_u64().expect("a number")).collect();
    assert_eq!(all.len(), CLIENTS * EACH);
    assert!(all.is_sorted_by(|one, next| one < next));
    assert_eq!((followed.len(), waited.len(), catching_up.len()), (all.len(), all.len(), all.len()));
    assert!(followed == all && waited == all && catching_up == all);
}

#[test]
fn a_follower_that_lost_the_connection_misses_nothing() {
    let tenant = tenant();
    let follow = |query: &str, headers: &str| {
        let mut stream = TcpStream::connect(server().address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        let path = format!("/tenants/{}/requests/stream{query}", tenant.name());
        stream.write_all(&as_request("GET", &path, headers, None)).expect("sent");
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        assert!(head.iter().any(|line| line.eq_ignore_ascii_case("X-Accel-Buffering: no")), "{head:?}");
        lines.filter_map(|line| line.strip_prefix("id: ").map(|id| id.parse::<u64>().expect("a number")))
    };
    let next_number = || {
        tenant.get("/v1/customers/3").succeeds(200);
        tenant.requests("?limit=1")[0]["number"].as_u64().expect("a number")
    };
    let mut numbers: Vec<u64> = (0..4).map(|_| next_number()).collect();
    let (second, third) = (numbers[1], numbers[2]);
    let header = |id: u64| format!("Last-Event-ID: {id}\r\n");
    for (query, headers, since) in [
        (format!("?since={second}"), String::new(), Some(second)),
        ("?since=0".to_owned(), String::new(), Some(0)),
        ("?since=0&status=200".to_owned(), String::new(), Some(0)),
        ("?since=0&operation=GetCustomer".to_owned(), String::new(), Some(0)),
        (String::new(), header(third), Some(third)),
        // A browser reconnects to the same URL: the header has the number that it received last.
        ("?since=0".to_owned(), header(third), Some(third)),
        // A number that this server has not reached is another server's.
        (String::new(), header(u64::MAX), Some(0)),
        (String::new(), "Last-Event-ID: \r\n".to_owned(), None),
        (String::new(), String::new(), None),
    ] {
        let mut received = follow(&query, &headers);
        let kept: Vec<u64> =
            numbers.iter().copied().filter(|known| since.is_some_and(|since| *known > since)).collect();
        assert_eq!(received.by_ref().take(kept.len()).collect::<Vec<u64>>(), kept, "{query} {headers}");
        // Then new requests, each once.
        numbers.extend([next_number(), next_number()]);
        assert_eq!(received.take(2).collect::<Vec<u64>>(), numbers[numbers.len() - 2..], "{query} {headers}");
    }
    let mut received = follow("?since=0&status=404", "");
    tenant.get("/v1/customers/99");
    assert_eq!(received.next(), tenant.requests("?limit=1")[0]["number"].as_u64());
    let path = format!("/tenants/{}/requests/stream", tenant.name());
    let rejected = as_request("GET", &path, "Last-Event-ID: yesterday\r\n", None);
    assert_eq!(tenant.raw(&rejected).problem(400), "Last-Event-ID must be a request's number");
}

#[test]
fn the_journal_is_bounded_and_can_be_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("a path");
    let server = Process::start(&["--data", data, "--journal-entries", "5", "--journal-bytes", "24000"]);
    let (client, send) = (server.client(), |path: &str| {
        let client = Client { address: server.address, key: String::new() };
        client.raw(&as_request("GET", path, "", None))
    });
    for _ in 0..8 {
        client.get("/v1/customers/2");
    }
    let count = || send("/tenants/demo/requests").done(200).as_array().map_or(0, Vec::len);
    assert_eq!(count(), 5);
    // A long body replaces several requests, and only its beginning is kept.
    let long = format!(r#"{{"FirstName":"{}"}}"#, "x".repeat(100_000));
    client.call("PATCH", "/v1/customers/2", "", Some(&long));
    assert!((1..5).contains(&count()), "{}", count());
    let entry = send("/tenants/demo/requests?limit=1").done(200)[0].clone();
    assert_eq!(
        (&entry["request_body"]["is_truncated"], &entry["request_body"]["bytes"]),
        (&json!(true), &json!(long.len()))
    );
    assert!(entry["request_body"]["text"].as_str().map_or(0, str::len) <= 16 * 1024);
    server.signal("TERM");
    assert!(server.wait().success());

    // A follower does not prevent the server from stopping.
    let server = Process::start(&["--data", data]);
    let mut follower = TcpStream::connect(server.address).expect("a connection");
    follower.write_all(&as_request("GET", "/tenants/demo/requests/stream", "", None)).expect("sent");
    let mut line = String::new();
    BufReader::new(follower.try_clone().expect("a stream")).read_line(&mut line).expect("an answer");
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    let start = Instant::now();
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());

    let server = Process::start(&["--data", data, "--journal-entries", "0"]);
    server.client().get("/v1/customers/2").succeeds(200);
    let client = Client { address: server.address, key: String::new() };
    assert_eq!(client.raw(&as_request("GET", "/tenants/demo/requests", "", None)).problem(404), "the journal is off");
    server.signal("TERM");
    assert!(server.wait().success());
}
