//! The sponsor tree: placement and moves.

use serde_json::{Value, json};

use crate::support::{Tenant, seeds, tenant, with};

fn distributor(tenant: &Tenant, name: &str, sponsor: i64) -> i64 {
    tenant.create(&body(name, sponsor))
}

fn body(name: &str, sponsor: i64) -> Value {
    let changes = json!({
        "Username": name, "EmailAddress": format!("{name}@x.example"), "TaxId": name, "SponsorId": sponsor
    });
    with(&seeds::distributor(), changes)
}

fn upline(tenant: &Tenant, id: i64) -> Value {
    tenant.rows(&format!("select upline_id from sponsor_tree where tenant_id = {{tenant}} and customer_id = {id}"))[0]
        ["upline_id"]
        .clone()
}

#[test]
fn a_placed_customer_moves_with_its_downline() {
    let tenant = tenant();
    let a = distributor(&tenant, "a", 2);
    let b = distributor(&tenant, "b", a);
    let c = distributor(&tenant, "c", 1);

    tenant.put(&format!("/v1/customers/{a}"), &body("a", c)).succeeds(200);

    assert_eq!((upline(&tenant, a), upline(&tenant, b)), (json!(c), json!(a)));
    assert_eq!(tenant.customer(a)["EnrollerId"], 2);
}

#[test]
fn a_customer_never_moves_below_itself() {
    let tenant = tenant();
    let a = distributor(&tenant, "a", 2);
    let b = distributor(&tenant, "b", a);
    let c = distributor(&tenant, "c", b);
    let before = tenant.everything();
    let path = format!("/v1/customers/{a}");
    for below in [b, c] {
        let message = format!("SponsorId {below} stands below the customer in the sponsor tree.");
        tenant.put(&path, &body("a", below)).rejects(500, &message);
    }
    tenant.put(&path, &body("a", a)).rejects(500, "SponsorId must not be the customer itself.");
    let both = with(&body("a", c), json!({ "Username": "dana" }));
    tenant.put(&path, &both).rejects(
        500,
        &format!("SponsorId {c} stands below the customer in the sponsor tree.; Username 'dana' is already in use."),
    );
    assert_eq!(tenant.everything(), before);
}

#[test]
fn the_same_sponsor_does_not_change_the_node() {
    let tenant = tenant();
    let a = distributor(&tenant, "a", 2);
    let node =
        || tenant.rows(&format!("select * from sponsor_tree where tenant_id = {{tenant}} and customer_id = {a}"));
    let before = node();
    tenant.put(&format!("/v1/customers/{a}"), &body("a", 2)).succeeds(200);
    assert_eq!(node(), before);
}

#[test]
fn an_upgrade_below_the_customers_own_downline_is_rejected() {
    let tenant = tenant();
    // An unplaced distributor may sponsor, so that a customer can have a downline before it has a node.
    tenant.patch("/v1/customers/3", &json!({ "CustomerType": 1 })).succeeds(200);
    let child = distributor(&tenant, "child", 3);
    tenant.patch("/v1/customers/3", &json!({ "CustomerType": 2 })).succeeds(200);
    let before = tenant.everything();
    tenant
        .put("/v1/customers/upgrade/3", &body("riley", child))
        .rejects(500, &format!("SponsorId {child} stands below the customer in the sponsor tree."));
    assert_eq!(tenant.everything(), before);
    tenant.put("/v1/customers/upgrade/3", &body("riley", 2)).succeeds(201);
    assert_eq!((upline(&tenant, 3), upline(&tenant, child)), (json!(2), json!(3)));
}
