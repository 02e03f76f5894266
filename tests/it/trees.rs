//! Downlines, placement and unplaced customers.

use std::collections::HashSet;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::server::{on_real_postgres, server};
use crate::support::{Reply, Tenant, seeds, tenant, tenant_with, with};

const UNKNOWN: &str = "A Customer with the given Customer ID was not found.";

fn body(name: &str, sponsor: i64) -> Value {
    let changes = json!({
        "Username": name, "EmailAddress": format!("{name}@x.example"), "TaxId": name, "SponsorId": sponsor
    });
    with(&seeds::distributor(), changes)
}

fn distributor(tenant: &Tenant, name: &str, sponsor: i64) -> i64 {
    tenant.create(&body(name, sponsor))
}

fn retail(tenant: &Tenant, name: &str, sponsor: i64) -> i64 {
    let changes = json!({ "Username": name, "EmailAddress": format!("{name}@x.example"), "SponsorId": sponsor });
    tenant.create(&with(&seeds::retail(), changes))
}

fn downline(tenant: &Tenant, id: i64, query: &str) -> Value {
    tenant.get(&format!("/v1/customers/{id}/downline{query}")).succeeds(200).json()
}

fn place(tenant: &Tenant, id: i64, query: &str) -> Reply {
    tenant.call("POST", &format!("/v1/customers/{id}/downline/placenode{query}"), "", None)
}

/// Fills a tenant's tree: each customer `n` from 5 on stands below `upline`, an SQL expression of `n`.
fn grow(tenant: &Tenant, count: i64, upline: &str) {
    let server = server();
    let id = tenant.id;
    server.execute(&format!(
        "insert into customers (tenant_id, customer_id, customer_type, customer_status, sponsor_id, enroller_id,
                                sign_up_date, modified_at, send_emails, tax_exempt, terms_accepted, language_code,
                                back_office_id)
         select {id}, n, 1, 1, {upline}, {upline}, t.now, t.now, false, false, true, 'en', n::text
           from generate_series(5, {count} + 4) n, (select max(modified_at) as now from customers where tenant_id = {id}) t"
    ));
    server.execute(&format!(
        "insert into sponsor_tree (tenant_id, customer_id, upline_id, placed_at)
         select tenant_id, customer_id, sponsor_id, modified_at from customers where tenant_id = {id} and customer_id > 4"
    ));
    server.execute("analyze customers");
    server.execute("analyze sponsor_tree");
}

#[test]
fn a_downline_is_listed_level_by_level() {
    let tenant = tenant();
    let a = distributor(&tenant, "a", 2);
    let b = distributor(&tenant, "b", 1);
    let c = distributor(&tenant, "c", a);
    let r = retail(&tenant, "r", a);

    assert_eq!(downline(&tenant, 1, ""), json!([2, b, a, c]));
    assert_eq!(downline(&tenant, 1, "?tree=unilevel&levels=1"), json!([2, b]));
    assert_eq!(downline(&tenant, 1, "?levels=2"), json!([2, b, a]));
    assert_eq!(downline(&tenant, c, ""), json!([]));
    assert_eq!(downline(&tenant, r, ""), json!([]), "a customer without a node has no downline");
    assert_eq!(downline(&tenant, 1, "?tree=Enrollment&levels=2"), json!([2, b, 3, 4, a]));
    assert_eq!(downline(&tenant, 2, "?tree=ENROLLMENT"), json!([3, 4, a, c, r]));
    let older = tenant.get("/v1/customers/GetDownlineIds?associateid=1").succeeds(200);
    assert_eq!(older.json(), json!([2, b, a, c]));

    tenant.get("/v1/customers/99/downline").rejects(404, UNKNOWN);
    tenant.get("/v1/customers/GetDownlineIds?associateId=99").rejects(404, UNKNOWN);
    tenant.get("/v1/customers/GetDownlineIds").rejects(500, "associateId is required.");
    tenant.get("/v1/customers/GetDownlineIds?associateId=x").rejects(500, "associateId must be an integer.");
    tenant.get("/v1/customers/1/downline?levels=0").rejects(500, "levels must be at least 1.");
    tenant.get("/v1/customers/1/downline?levels=all").rejects(500, "levels must be an integer.");
    tenant
        .get("/v1/customers/1/downline?tree=Binary")
        .rejects(500, "tree must be one of Unilevel, Enrollment; this emulator builds no Binary and no Matrix tree.");
}

#[test]
fn unplaced_customers_are_listed_until_they_are_placed() {
    let tenant = tenant();
    let unplaced = |id: i64, query: &str| {
        tenant.get(&format!("/v1/customers/{id}/downline/UnplacedAssociates{query}")).succeeds(200).json()
    };
    assert_eq!(unplaced(2, ""), json!([3, 4]));
    assert_eq!(unplaced(2, "?tree=Enrollment"), json!([]));
    assert_eq!(unplaced(1, "?tree=Unilevel"), json!([]));

    assert_eq!(place(&tenant, 3, "?tree=Unilevel&toUplineId=1&leg=Left&findAvailable=true").succeeds(200).body, "");

    assert_eq!(unplaced(2, ""), json!([4]));
    assert_eq!(downline(&tenant, 1, "?levels=1"), json!([2, 3]));
    let customer = tenant.customer(3);
    assert_eq!((&customer["SponsorId"], &customer["EnrollerId"]), (&json!(1), &json!(2)));
    let five = retail(&tenant, "five", 2);
    assert_eq!(unplaced(2, ""), json!([4, five]));
    tenant.put(&format!("/v1/customers/upgrade/{five}"), &body("five", 2)).succeeds(201);
    assert_eq!(unplaced(2, ""), json!([4]));
    tenant.get("/v1/customers/99/downline/UnplacedAssociates").rejects(404, UNKNOWN);
}

#[test]
fn placing_moves_a_node_with_its_downline() {
    let tenant = tenant();
    let a = distributor(&tenant, "a", 2);
    let b = distributor(&tenant, "b", a);
    let c = distributor(&tenant, "c", 1);

    let reply = place(&tenant, a, &format!("?toUplineId={c}&leg=Left&reason=tidy")).succeeds(200);
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("leg, reason"));
    assert_eq!(downline(&tenant, c, ""), json!([a, b]));
    assert_eq!(tenant.customer(a)["SponsorId"], c);
    assert_eq!(tenant.customer(a)["EnrollerId"], 2);

    place(&tenant, a, &format!("?tree=Enrollment&toUplineId={c}")).succeeds(200);
    assert_eq!(tenant.customer(a)["EnrollerId"], c);
    assert_eq!(downline(&tenant, c, "?tree=Enrollment"), json!([a, b]));

    // The same position again.
    place(&tenant, a, &format!("?toUplineId={c}")).succeeds(200);
    assert_eq!(downline(&tenant, c, ""), json!([a, b]));
}

#[test]
fn an_impossible_placement_is_rejected_and_nothing_changes() {
    let tenant = tenant();
    let a = distributor(&tenant, "a", 2);
    let b = distributor(&tenant, "b", a);
    let before = tenant.everything();
    for tree in ["Unilevel", "Enrollment"] {
        let query = |upline: i64| format!("?tree={tree}&toUplineId={upline}");
        let below = format!("toUplineId {b} stands below the customer in the tree.");
        place(&tenant, 2, &query(b)).rejects(500, &below);
        place(&tenant, a, &query(a)).rejects(500, "toUplineId must not be the customer itself.");
        place(&tenant, a, &query(99)).rejects(500, "toUplineId 99 is not an existing customer.");
        place(&tenant, a, &query(0)).rejects(500, "toUplineId 0 is not an existing customer.");
        place(&tenant, a, &query(3)).rejects(500, "toUplineId 3 is not a customer of CustomerType 1.");
        place(&tenant, 99, &query(1)).rejects(404, UNKNOWN);
    }
    // An unknown customer is reported before invalid parameters.
    place(&tenant, 99, "?tree=Binary").rejects(404, UNKNOWN);
    tenant.get("/v1/customers/99/downline?levels=0").rejects(404, UNKNOWN);
    place(&tenant, a, "").rejects(500, "toUplineId is required.");
    place(&tenant, a, "?toUplineId=two").rejects(500, "toUplineId must be an integer.");
    let message = "findAvailable must be true or false.";
    place(&tenant, a, "?toUplineId=1&findAvailable=maybe").rejects(500, message);
    let reply = place(&tenant, 2, &format!("?toUplineId={b}"));
    assert_eq!(reply.json()["errors"][0]["field"], "toUplineId");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn any_customer_may_be_an_upline_if_the_plan_allows_it() {
    let tenant = tenant_with(json!({ "sponsor_must_be_distributor": false }));
    place(&tenant, 4, "?toUplineId=3").succeeds(200);
    place(&tenant, 3, "?toUplineId=4").rejects(500, "toUplineId 4 stands below the customer in the tree.");
    assert_eq!(downline(&tenant, 3, ""), json!([4]));
}

/// Walks every node up to its root.
fn has_no_circle(tenant: &Tenant, query: &str) {
    let rows = tenant.rows(query);
    let upline = |id: i64| {
        let row = rows.iter().find(|row| row["customer_id"] == id)?;
        row["upline_id"].as_i64()
    };
    for row in &rows {
        let mut seen = HashSet::new();
        let mut at = row["customer_id"].as_i64();
        while let Some(id) = at {
            assert!(seen.insert(id), "a circle through {id}: {rows:?}");
            at = upline(id);
        }
    }
}

#[test]
fn concurrent_moves_create_no_circle() {
    if !on_real_postgres() {
        return;
    }
    let tenant = tenant();
    for round in 0..15 {
        let ids: Vec<i64> = (0..4).map(|number| distributor(&tenant, &format!("r{round}n{number}"), 2)).collect();
        let customer = retail(&tenant, &format!("r{round}c"), 2);
        let barrier = Barrier::new(6);
        let replies: Vec<Reply> = thread::scope(|scope| {
            let tenant = &tenant;
            let run = |send: Box<dyn Fn() -> Reply + Send>| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    send()
                })
            };
            let mut requests = Vec::new();
            for number in 0..4 {
                let (id, next) = (ids[number], ids[(number + 1) % 4]);
                let name = format!("r{round}n{number}");
                requests.push(match number % 2 {
                    0 => run(Box::new(move || place(tenant, id, &format!("?toUplineId={next}")))),
                    _ => run(Box::new(move || tenant.put(&format!("/v1/customers/{id}"), &body(&name, next)))),
                });
            }
            // A customer is placed and upgraded at the same time, below one of the customers that move.
            let below = ids[0];
            requests.push(run(Box::new(move || place(tenant, customer, &format!("?toUplineId={below}")))));
            let upgrade = body(&format!("r{round}c"), below);
            requests.push(run(Box::new(move || tenant.put(&format!("/v1/customers/upgrade/{customer}"), &upgrade))));
            requests.into_iter().map(|request| request.join().expect("a response")).collect()
        });
        for reply in replies {
            assert!(matches!(reply.status, 200 | 201) || reply.message().contains("stands below"), "{reply:?}");
        }
        has_no_circle(&tenant, "select customer_id, upline_id from sponsor_tree where tenant_id = {tenant}");
        let mismatches = tenant.rows(
            "select c.customer_id from customers c join sponsor_tree t using (tenant_id, customer_id)
              where tenant_id = {tenant} and t.upline_id is distinct from c.sponsor_id",
        );
        assert!(mismatches.is_empty(), "node and SponsorId differ: {mismatches:?}");
    }
}

#[test]
fn concurrent_enrollment_moves_create_no_circle() {
    if !on_real_postgres() {
        return;
    }
    let tenant = tenant();
    for round in 0..10 {
        let ids: Vec<i64> = (0..8).map(|number| distributor(&tenant, &format!("r{round}n{number}"), 2)).collect();
        let barrier = Barrier::new(8);
        let replies: Vec<Reply> = thread::scope(|scope| {
            let requests: Vec<_> = (0..8)
                .map(|number| {
                    let (tenant, barrier, ids) = (&tenant, &barrier, &ids);
                    scope.spawn(move || {
                        barrier.wait();
                        place(tenant, ids[number], &format!("?tree=Enrollment&toUplineId={}", ids[(number + 1) % 8]))
                    })
                })
                .collect();
            requests.into_iter().map(|request| request.join().expect("a response")).collect()
        });
        assert!(replies.iter().all(|reply| reply.status == 200 || reply.message().contains("stands below")));
        // Seven of the eight moves create no circle.
        assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 7, "{replies:?}");
        has_no_circle(
            &tenant,
            "select customer_id, enroller_id as upline_id from customers where tenant_id = {tenant}",
        );
    }
}

#[test]
fn a_hundred_thousand_are_listed_by_level() {
    let tenant = tenant();
    // Each node has ten children.
    grow(&tenant, 100_000, "case when n < 15 then 2 else (n - 15) / 10 + 5 end");
    let levels: Vec<usize> = (1..=6)
        .map(|levels| downline(&tenant, 2, &format!("?levels={levels}")).as_array().expect("ids").len())
        .collect();
    assert_eq!(levels, [10, 110, 1_110, 11_110, 100_000, 100_000]);
    let start = Instant::now();
    let all = downline(&tenant, 2, "");
    println!("100,000 nodes in {} ms", start.elapsed().as_millis());
    assert_eq!((&all[0], &all[99_999]), (&json!(5), &json!(100_004)));
    assert_eq!(downline(&tenant, 2, "?tree=Enrollment").as_array().expect("ids").len(), 100_002);
}

#[test]
fn a_line_of_ten_thousand_is_listed() {
    let tenant = tenant();
    grow(&tenant, 10_000, "case when n = 5 then 2 else n - 1 end");
    let start = Instant::now();
    let all = downline(&tenant, 2, "");
    println!("10,000 deep in {} ms", start.elapsed().as_millis());
    assert_eq!((all.as_array().expect("ids").len(), &all[9_999]), (10_000, &json!(10_004)));
    assert_eq!(downline(&tenant, 2, "?levels=9999").as_array().expect("ids").len(), 9_999);
    // The top cannot move below the bottom.
    place(&tenant, 5, "?toUplineId=10004").rejects(500, "toUplineId 10004 stands below the customer in the tree.");
    place(&tenant, 10_004, "?toUplineId=2").succeeds(200);
    let stats = tenant.get("/v1/customers/2/stats").succeeds(200).json();
    assert_eq!(stats["Stats"]["Downline"]["Value"], 10_000);
}
