//! Snapshots, forks and diffs of the vendors' own data: profiles, companies, customer uuids.

use serde_json::{Value, json};

use super::shared::create_at_bydesign;
use crate::storm::{UNUSED_KEY, created, customer, full, path, read, rejection, update, updated};
use crate::support::control::control;
use crate::support::server::server;
use crate::support::{Client, Tenant, tenant, with};

/// A tenant with customers of every vendor API; the first of Storm has number 5 and its own key.
fn filled() -> Tenant {
    let tenant = tenant();
    let (bydesign, storm) = (tenant.bydesign(), tenant.storm());
    created(&storm, &with(&full("one"), json!({ "Key": UNUSED_KEY })));
    created(&storm, &full("two"));
    let body = json!({ "FirstName": "Bo", "Email": "bo@bydesign.example", "Phone4": "4", "BillingCounty": "Utah" });
    assert_eq!(create_at_bydesign(&bydesign, &body).status, 200);
    tenant
}

fn differing(from: &str, to: &str) -> Value {
    control("GET", &format!("/diff?from={from}&to={to}"), None).done(200)
}

#[test]
fn a_restored_snapshot_has_the_vendors_data() {
    let tenant = filled();
    let storm = tenant.storm();
    let kept = tenant.everything();
    let returned = customer(&storm, 5);
    tenant.control("PUT", "/snapshots/before", None).done(200);
    updated(
        &storm,
        &json!({ "Id": 5, "CrmId": "other", "Companies": [{ "Id": 1, "Name": "Other" }, { "Name": "New", "OrgNo": "1" }] }),
    );
    created(
        &storm,
        &json!({ "Key": "6f9619ff-8b86-d011-b42d-00c04fc964aa", "Companies": [{ "Name": "Ek one", "OrgNo": "556" }] }),
    );
    tenant.call("DELETE", "/v1/customers/6", "", None).succeeds(200);
    assert_ne!(tenant.everything(), kept);
    tenant.control("POST", "/snapshots/before/restore", None).done(200);
    assert_eq!(tenant.everything(), kept);
    assert_eq!(customer(&storm, 5), returned);
    assert_eq!(read(storm.get(&path("GetCustomerByKey", &format!("&key={UNUSED_KEY}")))), returned);
    assert_eq!(storm.get(&path("GetCustomerByKey", "&key=6f9619ff-8b86-d011-b42d-00c04fc964aa")).body, "");
    // Unique values are in use again, and the next numbers are the same as before.
    let messages = rejection(update(&storm, &json!({ "Id": 3, "Companies": [{ "Name": "Ek one", "OrgNo": "556" }] })));
    assert_eq!(messages[0].0, "CompanyAlreadyExists");
    let next = created(&storm, &json!({ "Companies": [{ "Name": "New", "OrgNo": "1" }] }));
    assert_eq!((&next["Id"], &next["Companies"][0]["Id"]), (&json!(8), &json!(5)));
}

#[test]
fn a_reset_removes_the_vendors_data() {
    let tenant = tenant();
    let clean = tenant.everything();
    let storm = tenant.storm();
    created(&storm, &with(&full("one"), json!({ "Key": UNUSED_KEY })));
    updated(&storm, &json!({ "Id": 3, "CrmId": "C1", "Companies": [{ "Name": "A", "OrgNo": "1" }] }));
    tenant.control("POST", "/reset", None).done(200);
    assert_eq!(tenant.everything(), clean);
    assert_eq!(storm.get(&path("GetCustomerByKey", &format!("&key={UNUSED_KEY}"))).body, "");
    let again = created(&storm, &with(&full("one"), json!({ "Key": UNUSED_KEY })));
    assert_eq!((&again["Id"], &again["Key"], &again["Companies"][0]["Id"]), (&json!(5), &json!(UNUSED_KEY), &json!(1)));
}

#[test]
fn a_fork_has_the_same_customers_with_keys_and_companies() {
    let tenant = filled();
    let storm = tenant.storm();
    let name = format!("{}-fork", tenant.name());
    let fork = tenant.control("POST", "/fork", Some(&json!({ "name": name }))).done(201);
    let key = fork["key"].as_str().expect("a key").to_owned();
    let id = server().rows(&format!("select tenant_id from tenants where name = '{name}'"))[0]["tenant_id"].as_i64();
    let fork = Tenant { id: id.expect("an id"), client: Client { address: server().address, key } };
    // A token of one tenant is not valid for the other.
    let forked_storm = fork.storm();
    for id in [3, 5, 6, 7] {
        assert_eq!(customer(&forked_storm, id), customer(&storm, id));
    }
    let lookup = |tenant: &Tenant| {
        tenant.bydesign().post("/api/users/customer/CustomerLookup", &json!({ "Email": "bo@bydesign.example" })).body
    };
    assert_eq!(lookup(&fork), lookup(&tenant));
    assert_eq!(read(forked_storm.get(&path("GetCustomerByKey", &format!("&key={UNUSED_KEY}"))))["Id"], 5);
    // Later changes do not affect the other.
    let before = tenant.everything();
    updated(
        &forked_storm,
        &json!({ "Id": 5, "CrmId": "forked", "Companies": [{ "Id": 1, "Name": "Forked" }, { "Name": "New" }] }),
    );
    assert_eq!(customer(&forked_storm, 5)["Companies"].as_array().map(Vec::len), Some(3));
    assert_eq!(tenant.everything(), before);
    updated(&storm, &json!({ "Id": 6, "Companies": [{ "Name": "New" }] }));
    assert_eq!(customer(&forked_storm, 6)["Companies"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_diff_has_the_vendors_data_and_no_secret() {
    let tenant = filled();
    let storm = tenant.storm();
    let name = tenant.name();
    tenant.control("PUT", "/snapshots/before", None).done(200);
    assert_eq!(differing(&format!("{name}@before"), &name)["differing"], 0);
    updated(
        &storm,
        &json!({ "Id": 5, "CrmId": "other", "SSN": "19121212-1212", "Companies": [{ "Id": 1, "Name": "Other" }] }),
    );
    created(&storm, &json!({ "Key": "6f9619ff-8b86-d011-b42d-00c04fc964aa" }));
    let returned = differing(&format!("{name}@before"), &name);
    let rows = |table: &str| {
        let tables = returned["tables"].as_array().expect("tables");
        let found =
            tables.iter().find(|known| known["table"] == table).unwrap_or_else(|| panic!("{table} in {returned}"));
        found["rows"].as_array().expect("rows").clone()
    };
    let kinds = |table: &str| rows(table).iter().map(|row| row["kind"].clone()).collect::<Vec<Value>>();
    assert_eq!(kinds("companies"), ["changed"]);
    let name_field = json!({ "field": "name", "before": "Ek one", "after": "Other" });
    assert!(rows("companies")[0]["fields"].as_array().expect("fields").contains(&name_field), "{returned}");
    assert_eq!(kinds("customer_profiles"), ["changed", "added"]);
    assert_eq!(kinds("customer_keys"), ["added"]);
    assert_eq!(kinds("customers"), ["changed", "added"]);
    for secret in ["19121212", "SSN-one", "test-sha256"] {
        assert!(!returned.to_string().contains(secret), "{secret} in {returned}");
    }
}
