//! recordnumber of CRM_AssociateTypeChanges: it ascends and is unique in its tenant.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::control::control;
use crate::support::database::OwnDatabase;
use crate::support::process::{Process, program};
use crate::support::server::{on_real_postgres, server};
use crate::support::{Client, Tenant, seeds, tenant, with};

const SERVERS: usize = 3;
const EACH: usize = 12;

fn upgrade(client: &Client, id: i64, values: Value) {
    let own =
        json!({ "Username": format!("u{id}"), "EmailAddress": format!("u{id}@x.example"), "TaxId": format!("u{id}") });
    let body = with(&with(&seeds::distributor(), own), values);
    client.put(&format!("/v1/customers/upgrade/{id}"), &body).succeeds(201);
}

fn customers(client: &Client, count: usize) -> Vec<i64> {
    let new = |number: usize| {
        let own = json!({ "Username": format!("new{number}"), "EmailAddress": format!("new{number}@x.example") });
        client.create(&with(&seeds::retail(), own))
    };
    (0..count).map(new).collect()
}

#[test]
fn a_frozen_clock_several_servers_and_a_restart_repeat_no_number() {
    let Some(database) = OwnDatabase::create("record_numbers") else {
        println!("not run: it needs a Postgres server");
        return;
    };
    let start = || {
        let mut command = program(&["--seed", "demo"]);
        command.env("DATABASE_URL", &database.url);
        Process::start_as(command, "127.0.0.1:0")
    };
    let mut servers: Vec<Process> = (0..SERVERS).map(|_| start()).collect();
    let client = servers[0].client();
    let ids = customers(&client, 2 * SERVERS * EACH + 2 * SERVERS);
    let (code, _, error) = servers[0].run(&["clock", "freeze", "demo", "--at", "2031-05-06T07:08:09Z"]);
    assert_eq!(code, Some(0), "{error}");
    // Other servers read the clock again after half a second.
    thread::sleep(std::time::Duration::from_millis(700));

    let mut rest = ids.iter().copied();
    let in_parallel = |servers: &[Process], ids: Vec<i64>| {
        thread::scope(|scope| {
            for (server, ids) in servers.iter().zip(ids.chunks(EACH)) {
                for part in ids.chunks(EACH / 4) {
                    let client = server.client();
                    scope.spawn(move || part.iter().for_each(|id| upgrade(&client, *id, json!({}))));
                }
            }
        });
    };
    in_parallel(&servers, rest.by_ref().take(SERVERS * EACH).collect());
    servers.remove(0).kill();
    servers.insert(0, start());
    in_parallel(&servers, rest.by_ref().take(SERVERS * EACH).collect());
    let one_by_one: Vec<i64> = rest.collect();
    for (number, id) in one_by_one.iter().enumerate() {
        upgrade(&servers[number % SERVERS].client(), *id, json!({}));
    }

    let log = database
        .rows("select associateid, recordnumber, changedate from CRM_AssociateTypeChanges order by recordnumber");
    assert_eq!(log.len(), ids.len());
    let dates: BTreeSet<String> = log.iter().map(|row| row["changedate"].to_string()).collect();
    assert_eq!(dates.len(), 1, "the clock stands still on each server: {dates:?}");
    let numbers: BTreeSet<i64> = log.iter().filter_map(|row| row["recordnumber"].as_i64()).collect();
    assert_eq!(numbers.len(), ids.len(), "none is repeated");
    let last: Vec<i64> =
        log.iter().rev().take(one_by_one.len()).filter_map(|row| row["associateid"].as_i64()).collect();
    assert!(last.iter().rev().eq(&one_by_one), "those that were made one after the other ascend: {log:?}");
}

/// The numbers of a tenant in the order of the customers, which were upgraded in this order.
fn numbers(tenant: &Tenant) -> Vec<i64> {
    let query = "select recordnumber from CRM_AssociateTypeChanges where tenant_id = {tenant} order by AssociateID";
    tenant.rows(query).iter().filter_map(|row| row["recordnumber"].as_i64()).collect()
}

/// The tenant of this name that `create` creates.
fn named(name: &str, create: impl FnOnce(&str) -> Value) -> Tenant {
    let key = create(name)["key"].as_str().expect("a key").to_owned();
    let id = server().rows(&format!("select tenant_id from tenants where name = '{name}'"))[0]["tenant_id"].as_i64();
    Tenant { id: id.expect("an id"), client: Client { address: server().address, key } }
}

#[track_caller]
fn ascend(numbers: &[i64], count: usize) {
    assert_eq!(numbers.len(), count);
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
}

#[test]
fn numbers_ascend_after_a_clock_went_back_and_after_the_data_was_replaced() {
    let tenant = tenant();
    let ids = customers(&tenant, 8);
    let freeze = |at: &str| tenant.control("POST", "/clock/freeze", Some(&json!({ "at": at }))).done(200);
    freeze("2035-01-01T00:00:00Z");
    let adult = json!({ "BirthDate": "1980-01-02T00:00:00Z" });
    for id in &ids[..2] {
        upgrade(&tenant, *id, adult.clone());
    }
    freeze("2031-01-01T00:00:00Z");
    upgrade(&tenant, ids[2], adult.clone());
    ascend(&numbers(&tenant), 3);

    // A restored snapshot has the number after its last one, and not again one of its log.
    tenant.control("PUT", "/snapshots/three", None).done(200);
    upgrade(&tenant, ids[3], adult.clone());
    upgrade(&tenant, ids[4], adult.clone());
    tenant.control("POST", "/snapshots/three/restore", None).done(200);
    assert_eq!(numbers(&tenant).len(), 3);
    freeze("2030-01-01T00:00:00Z");
    upgrade(&tenant, ids[3], adult.clone());
    ascend(&numbers(&tenant), 4);

    // An exported seed file has the numbers, and the tenant that it fills goes on from there.
    let file = control("GET", &format!("/tenants/{}/export?format=json", tenant.name()), None).done(200);
    let copy = named(&format!("{}-copy", tenant.name()), |name| {
        control("POST", "/tenants", Some(&json!({ "name": name, "seed": file.to_string() }))).done(201)
    });
    upgrade(&copy, ids[4], adult);
    ascend(&numbers(&copy), 5);
}

#[test]
fn a_fork_goes_on_from_the_numbers_of_its_origin() {
    let tenant = tenant();
    let ids = customers(&tenant, 3);
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": "2035-01-01T00:00:00Z" }))).done(200);
    for id in &ids[..2] {
        upgrade(&tenant, *id, json!({}));
    }
    let fork = named(&format!("{}-fork", tenant.name()), |name| {
        tenant.control("POST", "/fork", Some(&json!({ "name": name }))).done(201)
    });
    upgrade(&fork, ids[2], json!({}));
    ascend(&numbers(&fork), 3);
    assert_eq!(numbers(&tenant), numbers(&fork)[..2]);
}

/// A change of type as a record of a seed file has it.
fn logged(number: i64) -> Value {
    json!({ "id": format!("6f9619ff-8b86-d011-b42d-{:012x}", number & 0xffff_ffff), "record_number": number, "old_type": 2,
        "new_type": 1, "changed_at": "2020-01-01T00:00:00Z", "changed_by": "a", "request_id": "6f9619ff-8b86-d011-b42d-00c04fc964aa" })
}

/// A tenant with a customer whose log has this number, and customers to upgrade.
fn tenant_with_number(number: i64, count: usize) -> (Tenant, Vec<i64>) {
    let tenant = tenant();
    let ids = customers(&tenant, count);
    let mut file = control("GET", &format!("/tenants/{}/export?format=json", tenant.name()), None).done(200);
    file["tenants"][0]["customers"][0]["record"]["type_changes"] = json!([logged(number)]);
    let copy = named(&format!("{}-copy", tenant.name()), |name| {
        control("POST", "/tenants", Some(&json!({ "name": name, "seed": file.to_string() }))).done(201)
    });
    (copy, ids)
}

#[test]
fn upgrades_at_once_go_on_from_a_number_of_the_future() {
    let future = 1 << 60;
    let (tenant, ids) = tenant_with_number(future, 24);
    thread::scope(|scope| {
        for ids in ids.chunks(3) {
            let tenant = &tenant;
            scope.spawn(move || ids.iter().for_each(|id| upgrade(tenant, *id, json!({}))));
        }
    });
    let mut all = numbers(&tenant);
    all.sort_unstable();
    let expected: Vec<i64> = (future..=future + 24).collect();
    assert_eq!(all, expected);
}

#[test]
fn upgrades_at_once_have_different_numbers_of_this_moment() {
    let tenant = tenant();
    let ids = customers(&tenant, 48);
    let sixteenths =
        || (directscale_emulator::clock::Clock::Real.now().timestamp_micros() - 1_577_836_800_000_000) * 16;
    let before = sixteenths();
    thread::scope(|scope| {
        for ids in ids.chunks(6) {
            let tenant = &tenant;
            scope.spawn(move || ids.iter().for_each(|id| upgrade(tenant, *id, json!({}))));
        }
    });
    let all: BTreeSet<i64> = numbers(&tenant).into_iter().collect();
    assert_eq!(all.len(), ids.len());
    // The two clocks may differ by a little, where Postgres runs elsewhere.
    let second = 16_000_000;
    assert!(all.iter().all(|number| (before - second..sixteenths() + second).contains(number)), "{before} {all:?}");
}

/// An upgrade of another customer that has not committed yet holds no lock for which an upgrade waits.
#[test]
fn an_upgrade_does_not_wait_for_the_commit_of_another() {
    if !on_real_postgres() {
        println!("not run: the embedded database has one connection");
        return;
    }
    let tenant = tenant();
    let id = customers(&tenant, 1)[0];
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            server().execute(&format!(
                "do $$ begin
                     insert into CRM_AssociateTypeChanges
                     values ({}, gen_random_uuid(), record_number(0), 2, 2, 1, now(), 'a', gen_random_uuid());
                     perform pg_sleep(2);
                 end $$",
                tenant.id
            ));
        });
        thread::sleep(Duration::from_millis(300));
        let start = Instant::now();
        upgrade(&tenant, id, json!({}));
        assert!(!other.is_finished(), "the upgrade took {:?}", start.elapsed());
        other.join().expect("it commits");
    });
    assert_eq!(numbers(&tenant).len(), 2);
}
