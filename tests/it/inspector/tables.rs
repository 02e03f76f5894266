//! The tables of a tenant in the inspector: read-only, paged, filtered, without secrets, and as CSV.

use serde_json::json;

use super::encoded;
use crate::support::{seeds, tenant, tenant_of};

#[test]
fn a_tenant_sees_only_its_own_rows_and_no_secret() {
    let (tenant, other) = (tenant(), tenant());
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    other.patch("/v1/customers/2", &json!({ "FirstName": "Somebody-else" }));
    let list = tenant.page("/tables").body;
    for table in ["customers", "sponsor_tree", "crm_associatetypechanges", "event_deliveries", "reward_points"] {
        assert!(list.contains(&format!("tables/{table}\"")), "{table}");
        let rows = tenant.page(&format!("/tables/{table}"));
        assert_eq!(rows.status, 200, "{table}");
        assert!(!rows.body.contains("Somebody-else") && !rows.body.contains("$test-sha256"), "{table}");
        for secret in ["TaxId", "Password"] {
            assert!(!rows.body.contains(seeds::distributor()[secret].as_str().expect("a secret")), "{table}: {secret}");
        }
    }
    // Credentials, one-time tokens, tables of all tenants, and what is no table.
    for table in
        ["subscription_keys", "access_tokens", "sso_tokens", "hook_calls", "tenants", "servers", "pg_class", "x%22;--"]
    {
        assert!(!list.contains(&format!("tables/{table}\"")), "{table}");
        assert_eq!(tenant.page(&format!("/tables/{table}")).status, 400, "{table}");
    }
}

#[test]
fn rows_are_paged_by_key_and_filtered_by_a_column() {
    let tenant = tenant_of(json!({ "population": { "distributors": 120, "retail": 0 } }));
    let first = tenant.page("/tables/customers").body;
    assert_eq!(first.matches("<tr>").count(), 51);
    let next = first.split("rel=\"next\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    assert!(next.contains("after="), "{next}");
    let second = super::page(next.trim_start_matches("/_emulator").replace("&amp;", "&").as_str()).body;
    assert!(
        second.contains("First rows") && second.contains("<td>51</td>") && !second.contains("<td>50</td>"),
        "{second}"
    );
    let found = tenant.page("/tables/customers?column=customer_id&how=is&value=7").body;
    assert_eq!(found.matches("<tr>").count(), 2, "the head and one row");
    let name =
        tenant.rows("select first_name from customers where tenant_id = {tenant} and customer_id = 7")[0]["first_name"]
            .clone();
    let prefix = encoded(&name.as_str().expect("a name")[..1].to_lowercase());
    assert!(
        tenant
            .page(&format!("/tables/customers?column=first_name&how=begins&value={prefix}"))
            .body
            .contains("<td>7</td>")
    );
    // A secret cannot be guessed, and a key must be one of the table.
    for query in [
        "column=tax_id&how=begins&value=T",
        "column=password_hash&how=begins&value=x",
        "column=nothing&value=x",
        "after=%5B%22x%22%5D",
        "after=%5B%22%27%3B%20drop%20table%20customers%22%5D",
        "after=%5B%5D",
        "after=x",
    ] {
        assert_eq!(tenant.page(&format!("/tables/customers?{query}")).status, 400, "{query}");
    }
    let quoted = tenant
        .page(&format!("/tables/customers?column=first_name&how=is&value={}", encoded("'; delete from customers; --")));
    assert!(quoted.status == 200 && quoted.body.contains("No row matches."));
}

#[test]
fn the_address_of_a_page_has_no_secret_of_a_subscribers_address() {
    let subscriptions = json!([{ "url": "http://127.0.0.1:9/events?code=hidden-value" }]);
    let tenant = tenant_of(json!({ "events": { "subscriptions": subscriptions } }));
    for number in 0..51 {
        tenant.patch("/v1/customers/2", &json!({ "FirstName": format!("Name{number}") })).succeeds(200);
    }
    let first = tenant.page("/tables/event_deliveries").body;
    assert!(first.contains("code=•••") && !first.contains("hidden-value"), "{first}");
    let next = first.split("rel=\"next\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let second = super::page(next.trim_start_matches("/_emulator").replace("&amp;", "&").as_str()).body;
    assert_eq!(second.matches("<tr>").count(), 2, "the head and one row");
}

#[test]
fn a_table_is_exported_as_csv_without_formulas() {
    let tenant = tenant_of(json!({ "population": { "distributors": 2100, "retail": 0 } }));
    tenant.patch("/v1/customers/2", &json!({ "FirstName": "=1+1", "LastName": "a, \"b\"" }));
    let export = tenant.page("/tables/customers/csv");
    assert_eq!((export.status, export.header("Content-Type")), (200, Some("text/csv; charset=utf-8")));
    assert!(export.header("Content-Disposition").is_some_and(|value| value.contains("-customers.csv")));
    let total = tenant.rows("select 1 from customers where tenant_id = {tenant}").len();
    // Without the lines between the parts of a response whose length is not known.
    let lines = |body: &str| body.lines().filter(|line| line.matches(',').count() > 20).count();
    assert_eq!(lines(&export.body), total + 1);
    assert!(export.body.contains("'=1+1") && export.body.contains("\"a, \"\"b\"\"\""));
    let filtered = tenant.page("/tables/customers/csv?column=customer_id&how=is&value=2").body;
    assert_eq!(lines(&filtered), 2);
    assert_eq!(tenant.page("/tables/subscription_keys/csv").status, 400);
}
