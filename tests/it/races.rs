//! Concurrent requests that conflict. On the embedded database they run one after the other.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::server::{on_real_postgres, server};
use crate::support::{Reply, Tenant, seeds, tenant, tenant_with, with};

/// Sends `count` requests at once.
pub fn at_once(count: usize, send: impl Fn(usize) -> Reply + Sync) -> Vec<Reply> {
    let barrier = Barrier::new(count);
    thread::scope(|scope| {
        let requests: Vec<_> = (0..count)
            .map(|number| {
                let (barrier, send) = (&barrier, &send);
                scope.spawn(move || {
                    barrier.wait();
                    send(number)
                })
            })
            .collect();
        requests.into_iter().map(|request| request.join().expect("a response")).collect()
    })
}

/// One request succeeds, and every other one is rejected.
#[track_caller]
fn one_succeeds(replies: Vec<Reply>, status: u16, message: &str) {
    let (succeeded, failed): (Vec<Reply>, Vec<Reply>) = replies.into_iter().partition(|reply| reply.status == status);
    assert_eq!(succeeded.len(), 1, "{succeeded:?}");
    for reply in failed {
        reply.rejects(500, message);
    }
}

#[test]
fn one_of_32_creations_with_the_same_address_succeeds() {
    for _ in 0..5 {
        let tenant = tenant();
        let replies = at_once(32, |number| {
            let body = json!({ "Username": format!("user{number}"), "EmailAddress": "one@x.example" });
            tenant.post("/v1/customers", &with(&seeds::retail(), body))
        });
        one_succeeds(replies, 201, "EmailAddress 'one@x.example' is already in use.");
        assert_eq!(tenant.rows("select 1 from customers where tenant_id = {tenant}").len(), 5);
        assert_eq!(
            tenant.rows("select last_customer_id from tenant_counters where tenant_id = {tenant}"),
            [json!({ "last_customer_id": 5 })]
        );
    }
}

#[test]
fn one_of_32_different_writes_of_the_same_address_succeeds() {
    let tenant = tenant();
    let ids: Vec<i64> = (0..32)
        .map(|number| {
            let body = json!({ "Username": format!("user{number}"), "EmailAddress": format!("{number}@x.example") });
            tenant.create(&with(&seeds::retail(), body))
        })
        .collect();
    let message = "EmailAddress 'one@x.example' is already in use.";
    let replies = at_once(32, |number| {
        let (path, unique) = (format!("/v1/customers/{}", ids[number]), format!("user{number}"));
        let change = json!({ "EmailAddress": "one@x.example" });
        match number % 3 {
            0 => tenant.patch(&path, &change),
            1 => tenant.put(&path, &with(&with(&seeds::retail(), json!({ "Username": unique })), change)),
            _ => {
                let body = json!({ "Username": unique, "TaxId": unique });
                let path = format!("/v1/customers/upgrade/{}", ids[number]);
                tenant.put(&path, &with(&with(&seeds::distributor(), body), change))
            }
        }
    });
    let succeeded = replies.iter().filter(|reply| matches!(reply.status, 200 | 201)).count();
    assert_eq!(succeeded, 1);
    for reply in replies {
        if reply.status == 500 {
            reply.rejects(500, message);
        }
    }
    let customers =
        tenant.rows("select 1 from customers where tenant_id = {tenant} and email_address = 'one@x.example'");
    assert_eq!(customers.len(), 1);
}

#[test]
fn one_of_32_upgrades_of_the_same_customer_succeeds() {
    let tenant = tenant();
    let replies = at_once(32, |_| tenant.put("/v1/customers/upgrade/3", &seeds::distributor()));
    one_succeeds(replies, 201, "An upgrade from CustomerType 1 to CustomerType 1 was asked for; allowed: 2 to 1.");
    assert_eq!(tenant.rows("select 1 from CRM_AssociateTypeChanges where tenant_id = {tenant}").len(), 1);
}

/// The upgrade waits for the lock of a change whose unique fields it has not read, neither from its plan nor in its snapshot.
#[test]
fn an_upgrade_during_a_change_of_the_plan_follows_the_new_plan() {
    let tenant = tenant();
    thread::scope(|scope| {
        let change = scope.spawn(|| {
            server().execute(&format!(
                r#"do $$ begin
                       perform pg_advisory_xact_lock(tenant_lock_key(), {id});
                       perform pg_sleep(0.5);
                       update tenants set plan = plan || '{{"unique": ["EmailAddress"]}}' where tenant_id = {id};
                       update customers set username_key = null, web_alias_key = null, version = version + 1
                        where tenant_id = {id};
                   end $$"#,
                id = tenant.id
            ));
        });
        thread::sleep(Duration::from_millis(200));
        tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
        change.join().expect("a change");
    });
    let keys = tenant.rows(
        "select email_address_key, username_key, username from customers where tenant_id = {tenant} and customer_id = 3",
    );
    assert_eq!(
        keys,
        [
            json!({ "email_address_key": "yodaminch@testing.directscale.com", "username_key": null, "username": "YodaIAm" })
        ]
    );
    assert_eq!(tenant.rows("select 1 from CRM_AssociateTypeChanges where tenant_id = {tenant}").len(), 1);
}

/// An upgrade whose snapshot is older than the plan relies on it: it writes only the version of a row that it has seen.
#[test]
fn a_change_of_the_plan_writes_every_row() {
    let tenant = tenant();
    let versions = || tenant.rows("select version from customers where tenant_id = {tenant} order by customer_id");
    let before = versions();
    for unique in [json!(["EmailAddress"]), json!([])] {
        tenant.control("PUT", "/plan", Some(&json!({ "unique": unique }))).done(200);
        let after = versions();
        assert!(before.len() >= 4 && before.len() == after.len());
        assert!(before.iter().zip(&after).all(|(before, after)| before != after), "{before:?} {after:?}");
    }
}

/// Each request writes the value that the other one replaces. Postgres detects a deadlock; the clients get a success or a rejection.
#[test]
fn two_customers_that_exchange_addresses_cause_no_server_error() {
    let tenant = tenant();
    for round in 0..10 {
        let address = |owner: usize, turn: usize| format!("{}-{turn}@x.example", owner % 2);
        for id in [3, 4] {
            tenant.patch(&format!("/v1/customers/{id}"), &json!({ "EmailAddress": address(id, round) })).succeeds(200);
        }
        let replies = at_once(2, |number| {
            let id = 3 + number;
            tenant.patch(&format!("/v1/customers/{id}"), &json!({ "EmailAddress": address(id + 1, round) }))
        });
        for reply in replies {
            if reply.status != 200 {
                assert_eq!(reply.status, 500);
                assert!(reply.message().ends_with(" is already in use."), "{reply:?}");
            }
        }
    }
}

#[test]
fn concurrent_patches_of_different_fields_are_all_stored() {
    let tenant = tenant();
    for round in 0..10 {
        let replies = at_once(8, |number| {
            let value = format!("{round}-{number}");
            tenant.patch("/v1/customers/3", &json!({ "AssociateCustom": { format!("Field{}", number + 1): value } }))
        });
        assert!(replies.iter().all(|reply| reply.status == 200));
        let custom = tenant.customer(3)["AssociateCustom"].clone();
        for number in 0..8 {
            assert_eq!(custom[format!("Field{}", number + 1)], format!("{round}-{number}"));
        }
    }
}

#[test]
fn concurrent_creations_get_different_ids() {
    let tenant = tenant();
    let replies = at_once(32, |number| {
        let body = json!({ "Username": format!("u{number}"), "EmailAddress": format!("{number}@x.example") });
        tenant.post("/v1/customers", &with(&seeds::retail(), body))
    });
    let mut ids: Vec<i64> = replies.iter().map(|reply| reply.body.parse().expect("an id")).collect();
    ids.sort_unstable();
    assert_eq!(ids, (5..37).collect::<Vec<i64>>());
}

#[test]
fn concurrent_moves_never_create_a_circle() {
    // Both customers stand below the root. Each is moved below the other at the same time.
    let tenant = tenant_with(json!({ "required": { "Password": [] } }));
    for _ in 0..20 {
        for id in [2, 3] {
            server().execute(&format!(
                "update customers set customer_type = 1, sponsor_id = 1 where tenant_id = {} and customer_id = {id}",
                tenant.id
            ));
            server().execute(&format!(
                "insert into sponsor_tree values ({}, {id}, 1, now())
                 on conflict (tenant_id, customer_id) do update set upline_id = 1",
                tenant.id
            ));
        }
        let replies = at_once(2, |number| {
            let (id, other) = if number == 0 { (2, 3) } else { (3, 2) };
            tenant.put(&format!("/v1/customers/{id}"), &moved(id, other))
        });
        let succeeded = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(succeeded, 1, "{replies:?}");
        assert_eq!(circle(&tenant), 0);
    }
}

fn moved(id: i32, sponsor: i32) -> serde_json::Value {
    let changes = json!({
        "Username": format!("m{id}"), "EmailAddress": format!("m{id}@x.example"), "TaxId": format!("m{id}"), "SponsorId": sponsor
    });
    with(&seeds::distributor(), changes)
}

/// The number of customers that stand below themselves.
fn circle(tenant: &Tenant) -> usize {
    let query = "with recursive above (start, customer_id) as (
                     select customer_id, upline_id from sponsor_tree where tenant_id = {tenant} and upline_id is not null
                     union
                     select a.start, t.upline_id from above a
                       join sponsor_tree t on t.tenant_id = {tenant} and t.customer_id = a.customer_id
                      where t.upline_id is not null)
                 select start from above where start = customer_id";
    tenant.rows(query).len()
}

/// Clients hang up at random moments (with sqlx 0.9.0 a connection can be returned to the pool inside a transaction).
#[test]
fn clients_that_hang_up_leave_no_incomplete_write() {
    fn is_dry_run(id: usize) -> bool {
        (id / 2).is_multiple_of(4)
    }

    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::time::Duration;

    let count: usize = std::env::var("HANG_UPS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let tenant = tenant();
    let tenant_id = tenant.id;
    server().execute(&format!(
        "insert into customers (tenant_id, customer_id, customer_type, customer_status, sponsor_id, enroller_id,
                sign_up_date, modified_at, send_emails, tax_exempt, terms_accepted, language_code, back_office_id)
         select {tenant_id}, 1000 + n, 2, 1, 2, 2, now(), now(), false, false, false, 'en', 'B' || n
           from generate_series(0, {count} - 1) n"
    ));
    let threads = 16;
    let acknowledged: Vec<(usize, bool)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let tenant = &tenant;
                scope.spawn(move || {
                    let mut acknowledged = Vec::new();
                    // Deterministic and different in each worker.
                    let mut random = 0x9e37_79b9_u64.wrapping_mul(worker as u64 + 1);
                    for number in (worker..count).step_by(threads) {
                        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                        let id = 1000 + number;
                        let is_upgrade = number % 2 == 0;
                        let (method, path, body) = if is_upgrade {
                            let unique = json!({
                                "Username": format!("h{id}"), "EmailAddress": format!("h{id}@x.example"), "TaxId": format!("h{id}")
                            });
                            ("PUT", format!("/v1/customers/upgrade/{id}"), with(&seeds::distributor(), unique))
                        } else {
                            let body = json!({ "FirstName": "Hung", "LastName": "Up", "CompanyName": format!("h{id}") });
                            ("PATCH", format!("/v1/customers/{id}"), body)
                        };
                        // One in four is a dry run and must not change anything.
                        let prefer = if is_dry_run(id) { "Prefer: tx=rollback\r\n" } else { "" };
                        let request = crate::support::http::request(
                            method,
                            &path,
                            &format!("Ocp-Apim-Subscription-Key: {}\r\n{prefer}", tenant.client.key),
                            Some(&body.to_string()),
                        );
                        let mut stream = TcpStream::connect(tenant.client.address).expect("a connection");
                        stream.write_all(&request).expect("the server reads the request");
                        // Up to 50 milliseconds: before, during and after the statement, also on a busy machine.
                        let timeout = Duration::from_micros(((random >> 33) % 3000 + 1) << ((random >> 60) % 5));
                        stream.set_read_timeout(Some(timeout)).expect("a timeout");
                        let mut head = [0; 12];
                        if stream.read_exact(&mut head).is_ok() {
                            assert!(head.ends_with(if is_upgrade { b"201" } else { b"200" }), "{head:?}");
                            if !is_dry_run(id) {
                                acknowledged.push((id, is_upgrade));
                            }
                        }
                    }
                    acknowledged
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });

    // Waits until the running requests end.
    thread::sleep(Duration::from_millis(500));
    let incomplete_upgrades = tenant.rows(
        "select c.customer_id from customers c
           left join sponsor_tree t on t.tenant_id = c.tenant_id and t.customer_id = c.customer_id
           left join CRM_AssociateTypeChanges l on l.tenant_id = c.tenant_id and l.AssociateID = c.customer_id
          where c.tenant_id = {tenant} and c.customer_id >= 1000
            and not (c.customer_type = 2 and t.customer_id is null and l.id is null and c.username is null
                     or c.customer_type = 1 and t.upline_id = 2 and l.NewAssociateType = 1 and c.username is not null)",
    );
    assert!(incomplete_upgrades.is_empty(), "{incomplete_upgrades:?}");
    let incomplete_patches = tenant.rows(
        "select customer_id from customers where tenant_id = {tenant} and customer_id >= 1000 and customer_type = 2
            and not (first_name is null and last_name is null and company_name is null
                     or first_name = 'Hung' and last_name = 'Up' and company_name = 'h' || customer_id)",
    );
    assert!(incomplete_patches.is_empty(), "{incomplete_patches:?}");
    let done: std::collections::HashSet<usize> = tenant
        .rows("select customer_id from customers where tenant_id = {tenant} and customer_id >= 1000 and first_name is not null")
        .iter()
        .map(|row| row["customer_id"].as_u64().and_then(|id| usize::try_from(id).ok()).expect("an id"))
        .collect();
    let stored_dry_runs: Vec<_> = done.iter().filter(|id| is_dry_run(**id)).collect();
    assert!(stored_dry_runs.is_empty(), "stored although they were dry runs: {stored_dry_runs:?}");
    let missing: Vec<_> = acknowledged.iter().filter(|(id, _)| !done.contains(id)).collect();
    assert!(missing.is_empty(), "acknowledged but not stored: {missing:?}");
    println!("{count} requests, {} acknowledged, {} written", acknowledged.len(), done.len());
    if on_real_postgres() {
        // A transaction of another test may be idle for a moment. One that was left open stays idle.
        thread::sleep(Duration::from_secs(3));
        let stuck = server().rows(
            "select pid from pg_stat_activity
              where state like 'idle in transaction%' and clock_timestamp() - state_change > interval '2 seconds'",
        );
        assert!(stuck.is_empty(), "{stuck:?}");
    }
}
