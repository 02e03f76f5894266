//! Everything that reads the journal reads it at any server.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Servers, events, id_of, number_of, request_ids};
use crate::support::{Client, seeds};

#[test]
fn every_server_lists_and_finds_the_requests_of_the_others() {
    let Some(servers) = Servers::start("reading", 2, &[]) else { return };
    let upgraded = servers.servers[0].client().put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let absent = servers.servers[1].client().get("/v1/customers/99");
    let class = format!("?status={}xx", absent.status / 100);
    let (upgraded, absent) = (id_of(&upgraded), id_of(&absent));
    let by_id = format!("?request_id={upgraded}");
    for server in [0, 1] {
        assert_eq!(request_ids(&servers.requests(server, "")), [&absent, &upgraded], "server {server}");
        for (query, ids) in [
            ("?operation=UpgradeCustomer", vec![&upgraded]),
            ("?status=201", vec![&upgraded]),
            (class.as_str(), vec![&absent]),
            ("?customer=3", vec![&upgraded]),
            ("?customer=99", vec![&absent]),
            ("?operation=GetCustomer&status=2xx", vec![]),
            (by_id.as_str(), vec![&upgraded]),
            ("?limit=1", vec![&absent]),
            ("?since=1", vec![&absent]),
            ("?since=2", vec![]),
        ] {
            assert_eq!(request_ids(&servers.requests(server, query)), ids, "{query} at server {server}");
        }
    }
    // Each is whole at both: reasons, changes, messages.
    let path = |id: &str| format!("/tenants/demo/requests/{id}");
    let at_first = servers.control(0, "GET", &path(&upgraded)).done(200);
    assert_eq!(servers.control(1, "GET", &path(&upgraded)).done(200), at_first);
    assert_eq!(servers.control(1, "GET", &path("1")).done(200), at_first);
    assert_eq!((number_of(&at_first), &at_first["customer"]), (1, &json!(3)));
    let changes = at_first["changes"].as_array().expect("changes");
    let customer = changes.iter().find(|change| change["table"] == "customers").expect("the customer");
    let fields = customer["fields"].as_array().expect("fields");
    assert!(fields.contains(&json!({ "field": "customer_type", "before": 2, "after": 1 })), "{customer}");
    assert!(fields.contains(&json!({ "field": "terms_accepted", "before": false, "after": true })), "{customer}");
    assert!(fields.contains(&json!({ "field": "tax_id", "before": null, "after": "•••" })), "{customer}");
    assert!(at_first["request_body"]["text"].as_str().is_some_and(|text| text.contains("\"Password\":\"•••\"")));
    assert!(servers.control(1, "GET", &path("99")).problem(404).contains("does not have this request"));

    // The pages.
    for server in [0, 1] {
        let list = servers.control(server, "GET", "/t/demo");
        assert!(list.body.contains(&upgraded) && list.body.contains("UpgradeCustomer"), "{list:?}");
        for (tab, words) in [
            ("overview", "Edit and send again"),
            ("changes", "What changed"),
            ("changes&technical=1", "upgrade_date"),
            ("code", "curl -i -g"),
        ] {
            let page = servers.control(server, "GET", &format!("/t/demo/requests/{upgraded}?tab={tab}"));
            assert!(page.body.contains(words), "{words} in {page:?}");
        }
        assert!(servers.control(server, "GET", "/t/demo/customers/3").body.contains(&upgraded));
    }
    // The command finds it without its tenant's name.
    let (code, shown, _) = servers.servers[1].run(&["requests", "show", &upgraded]);
    assert!(code == Some(0) && shown.contains("customers 3 customer_type: 2 -> 1"), "{shown}");
}

#[test]
fn unauthenticated_requests_are_those_of_all_servers() {
    let Some(servers) = Servers::start("unauthenticated", 2, &[]) else { return };
    let guest = Client { address: servers.servers[0].address, key: "00000000000000000000000000005a5a".to_owned() };
    assert_eq!(guest.get("/v1/customers/77").status, 401);
    let found = servers.control(1, "GET", "/unauthenticated-requests?operation=GetCustomer").done(200);
    assert_eq!((&found[0]["path"], &found[0]["key"]), (&json!("/v1/customers/77"), &json!("…5a5a")));
    let id = found[0]["request_id"].as_str().expect("an id");
    assert!(servers.control(1, "GET", &format!("/unauthenticated/{id}")).body.contains("invalidKey"));
    assert_eq!(servers.requests(1, ""), Vec::<Value>::new());
    assert_eq!(servers.database.rows("select tenant_id from journal_entries"), [json!({ "tenant_id": 0 })]);
}

#[test]
fn a_wait_and_a_stream_hear_requests_of_another_server() {
    let Some(servers) = Servers::start("hearing", 2, &[]) else { return };
    let first = servers.send(0);
    // What the journal has already is found at once.
    let found = servers.control(1, "GET", "/tenants/demo/requests/wait?operation=GetCustomer").done(200);
    assert_eq!(found["request_id"], first.as_str());
    let began = Instant::now();
    let none = servers.control(1, "GET", "/tenants/demo/requests/wait?operation=UpgradeCustomer&timeout_ms=300");
    assert!(none.status == 408 && began.elapsed() >= Duration::from_millis(300), "{none:?}");

    let stream = servers.stream(1, "?operation=UpgradeCustomer", "");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let query = "/tenants/demo/requests/wait?operation=UpgradeCustomer&status=201&since=1";
            servers.control(1, "GET", query).done(200)
        });
        std::thread::sleep(Duration::from_millis(300));
        servers.send(0);
        let upgraded = servers.servers[0].client().put("/v1/customers/upgrade/3", &seeds::distributor());
        let sent = Instant::now();
        let heard = waiting.join().expect("a request");
        assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
        assert_eq!(heard["request_id"], id_of(&upgraded));
    });
    let heard = events(stream).next().expect("an event");
    assert_eq!((&heard["operation"], &heard["number"]), (&json!("UpgradeCustomer"), &json!(3)));

    // A stream continues after a number at either server.
    for server in [0, 1] {
        let numbers = |query: &str, headers: &str, count: usize| -> Vec<u64> {
            events(servers.stream(server, query, headers)).take(count).map(|event| number_of(&event)).collect()
        };
        assert_eq!(numbers("?since=1", "", 2), [2, 3]);
        assert_eq!(numbers("?since=1", "Last-Event-ID: 2\r\n", 1), [3]);
        assert_eq!(numbers("?since=4000", "", 3), [1, 2, 3], "a number of another run");
    }
}

#[test]
fn a_journal_is_cleared_at_every_server() {
    let Some(servers) = Servers::start("clearing", 2, &[]) else { return };
    servers.send(0);
    servers.send(1);
    assert_eq!(servers.requests(0, "").len(), 2);
    // Also what is not written yet.
    servers.send(0);
    servers.control(1, "DELETE", "/tenants/demo/requests").done(204);
    for server in [0, 1] {
        assert_eq!(servers.requests(server, ""), Vec::<Value>::new());
    }
    assert!(servers.database.rows("select from journal_entries").is_empty());
    let next = servers.send(1);
    assert_eq!(request_ids(&servers.requests(0, "")), [&next]);
    assert_eq!(number_of(&servers.requests(0, "")[0]), 4, "numbers are not used again");

    // A deleted tenant's requests are deleted.
    let body = json!({ "name": "short" });
    let forked = servers.servers[0]
        .client()
        .raw(&crate::support::control::as_request("POST", "/tenants/demo/fork", "", Some(&body)))
        .done(201);
    let key = forked["key"].as_str().expect("a key").to_owned();
    Client { address: servers.servers[1].address, key }.get("/v1/customers/2").succeeds(200);
    let all = || servers.database.rows("select distinct tenant_id from journal_entries").len();
    assert_eq!(
        (servers.control(0, "GET", "/tenants/short/requests").done(200).as_array().map(Vec::len), all()),
        (Some(1), 2)
    );
    servers.control(0, "DELETE", "/tenants/short").done(200);
    assert_eq!(all(), 1);
}

#[test]
fn a_replay_is_found_at_another_server() {
    let Some(servers) = Servers::start("replays", 2, &[]) else { return };
    let form = "method=GET&path=%2Fv1%2Fcustomers%2F2&body=";
    let head = format!(
        "POST /_emulator/t/demo/replay HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let sent = servers.servers[0].client().raw(head.as_bytes());
    let location = sent.header("location").or_else(|| sent.header("Location")).expect("a page").to_owned();
    let path = location.strip_prefix("/_emulator").expect("a path of the inspector").to_owned();
    let page = servers.control(1, "GET", &path);
    assert!(page.status == 200 && page.body.contains("inspector"), "{page:?}");
    assert_eq!(servers.requests(1, "")[0]["key"], "inspector");
}
