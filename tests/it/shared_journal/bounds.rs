//! The bounds of the journal in the database.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Servers, number_of};
use crate::support::Client;
use crate::support::control::as_request;

/// The client of a new tenant.
fn fork(servers: &Servers, name: &str) -> Client {
    let body = json!({ "name": name });
    let request = as_request("POST", "/tenants/demo/fork", "", Some(&body));
    let forked = servers.servers[0].client().raw(&request).done(201);
    Client { address: servers.servers[0].address, key: forked["key"].as_str().expect("a key").to_owned() }
}

fn dropped(servers: &Servers) -> u64 {
    let metrics = servers.servers[0].client().get("/metrics").body;
    let line = metrics.lines().find_map(|line| line.strip_prefix("emulator_journal_dropped_total"));
    let value = line.and_then(|line| line.rsplit(' ').next()).expect("the metric");
    value.parse().expect("a number")
}

#[test]
fn a_tenant_keeps_its_last_requests_up_to_a_number_and_a_size() {
    let arguments = ["--journal", "database", "--journal-entries", "80", "--journal-bytes", "300000"];
    let Some(servers) = Servers::start("trim", 1, &arguments) else { return };
    let client = servers.servers[0].client();
    for _ in 0..300 {
        client.get("/v1/customers/2").succeeds(200);
    }
    let found = servers.requests(0, "?limit=1000");
    // An eighth more, until they are trimmed.
    assert!((80..=90).contains(&found.len()), "{}", found.len());
    let count = u64::try_from(found.len()).expect("small");
    assert_eq!((number_of(&found[0]), number_of(found.last().expect("one"))), (300, 301 - count));
    let counted = "select (select count(*) from journal_entries) as n, (select sum(bytes) from journal_entries) as bytes, entries, \
                   bytes as counted from journal_tenants";
    let row = &servers.database.rows(counted)[0];
    assert_eq!((&row["n"], &row["bytes"]), (&row["entries"], &row["counted"]), "{row}");

    let body = json!({ "FirstName": "x".repeat(15_000) }).to_string();
    for _ in 0..60 {
        client.call("POST", "/v1/customers/3/orders", "", Some(&body));
    }
    let found = servers.requests(0, "?limit=1000");
    let row = &servers.database.rows(counted)[0];
    let bytes = row["counted"].as_u64().expect("bytes");
    assert!((270_000..=337_500).contains(&bytes) && (16..=22).contains(&found.len()), "{row} {}", found.len());
    assert_eq!((&row["n"], &row["bytes"]), (&row["entries"], &row["counted"]), "{row}");
}

#[test]
fn all_tenants_together_have_a_maximum_size_and_number() {
    let arguments = ["--journal", "database", "--journal-bytes", "400000", "--journal-total-bytes", "500000"];
    let Some(servers) = Servers::start("total", 1, &arguments) else { return };
    let (small, large, other) = (fork(&servers, "small"), fork(&servers, "large"), fork(&servers, "other"));
    let body = json!({ "FirstName": "x".repeat(4_000) }).to_string();
    let send = |client: &Client| drop(client.call("POST", "/v1/customers/3/orders", "", Some(&body)));
    (0..10).for_each(|_| send(&small));
    (0..150).for_each(|_| [&large, &other].into_iter().for_each(&send));
    let count = |name: &str| {
        let found = servers.control(0, "GET", &format!("/tenants/{name}/requests?limit=1000")).done(200);
        found.as_array().expect("requests").len()
    };
    assert_eq!(count("small"), 10, "a tenant with few bytes keeps them");
    assert!(count("large").abs_diff(count("other")) <= 5, "{} {}", count("large"), count("other"));
    let total = || {
        let row = &servers
            .database
            .rows("select sum(bytes) as bytes, count(distinct tenant_id) as n from journal_entries")[0];
        (row["bytes"].as_u64().expect("bytes"), row["n"].as_u64().expect("a number"))
    };
    // A batch more, until they are trimmed.
    assert!((400_000..=500_000 + 300_000).contains(&total().0), "{:?}", total());

    // Beyond 256 tenants those that have been idle longest lose theirs.
    servers.database.execute(
        "insert into journal_entries (tenant_id, place, request_id, operation, status, customer_id, bytes, entry)
         select 100000 + n, n, gen_random_uuid(), '-', 200, null, 10, '' from generate_series(1, 300) n;
         insert into journal_tenants (tenant_id, entries, bytes, unnumbered, trimmed, latest, last_place)
         select 100000 + n, 1, 10, 1, 0, 0, n from generate_series(1, 300) n",
    );
    (0..20).for_each(|_| send(&large));
    let deadline = Instant::now() + Duration::from_secs(10);
    while total().1 > 256 {
        assert!(Instant::now() < deadline, "{:?}", total());
        send(&large);
    }
    assert_eq!((total().1, count("small")), (256, 10));
}

#[test]
fn a_database_that_does_not_answer_holds_up_no_request_and_drops_are_counted() {
    let arguments = ["--journal", "database", "--journal-total-bytes", "4000000"];
    let Some(servers) = Servers::start("frozen", 1, &arguments) else { return };
    let client = servers.servers[0].client();
    client.get("/v1/customers/2").succeeds(200);
    assert_eq!((servers.requests(0, "").len(), dropped(&servers)), (1, 0));
    let body = json!({ "FirstName": "x".repeat(15_000) }).to_string();
    // The lock of the tenant's row is held, as by a server that hangs.
    std::thread::scope(|scope| {
        let holding = scope.spawn(|| {
            servers.database.execute("begin; select from journal_tenants for update; select pg_sleep(3); commit");
        });
        std::thread::sleep(Duration::from_millis(500));
        let began = Instant::now();
        for _ in 0..100 {
            client.call("POST", "/v1/customers/3/orders", "", Some(&body));
        }
        assert!(began.elapsed() < Duration::from_millis(2_400), "{:?}", began.elapsed());
        assert!(dropped(&servers) > 20, "{}", dropped(&servers));
        holding.join().expect("it ends");
    });
    let dropped = dropped(&servers);
    let found = servers.requests(0, "?limit=1000");
    assert_eq!(u64::try_from(found.len()).expect("small") + dropped, 101);
    assert_ne!(found, Vec::<Value>::new());
}
