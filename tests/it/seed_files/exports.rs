//! Exports of tenants, loaded again.

use serde_json::{Value, json};

use super::{assert_equal, created_from, export, yaml};
use crate::storm::{UNUSED_KEY, created, full};
use crate::support::control::control;
use crate::support::receiver::Receiver;
use crate::support::server::server;
use crate::support::{Tenant, seeds, tenant, tenant_of, with};

#[test]
fn an_export_creates_an_equal_tenant_however_it_is_loaded() {
    let extension = Receiver::with_json(|_| (200, json!({})));
    let tenant = rich(&extension);
    assert_every_column_is_filled(&tenant);
    let name = tenant.name();
    let text = export(&name, "");
    for secret in [tenant.client.key.as_str(), "PasswordHere1", "Password123!", "from-extension"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }

    // As the seed of a new tenant: a text in YAML, and JSON.
    let client = created_from(&format!("{name}-text"), &text.clone().into());
    assert_equal(&name, &format!("{name}-text"));
    let as_json: Value = serde_json::from_str(&export(&name, "?format=json")).expect("JSON");
    created_from(&format!("{name}-json"), &as_json);
    assert_equal(&name, &format!("{name}-json"));
    // A reset restores it.
    assert_equal(&name, &format!("{name}-json@seed"));
    // An export of the copy is the same.
    assert_eq!(export(&format!("{name}-text"), ""), text.replacen(&name, &format!("{name}-text"), 1));

    // It replaces the data of another tenant.
    let other = crate::support::tenant_with(json!({ "quota": { "calls": 5, "renewal_seconds": 5 } }));
    yaml("PUT", &format!("/tenants/{}/seed", other.name()), &text).done(200);
    assert_equal(&name, &other.name());

    // It is loaded as a whole file, with the same keys, after the first tenant is deleted.
    let login = json!({ "username": "everything@x.example", "password": "PasswordHere1" });
    let with_keys = export(&name, "?keys=true");
    let key = tenant.client.key.clone();
    assert!(with_keys.contains("sha256") && !with_keys.contains(&key), "{with_keys}");
    let detail = yaml("PUT", "/seed", &with_keys.replacen(&name, &format!("{name}-same"), 1)).problem(400);
    assert!(detail.contains("or its name is in use already"), "{detail}");
    let fork = format!("{name}-fork");
    tenant.control("POST", "/fork", Some(&json!({ "name": fork }))).done(201);
    tenant.control("DELETE", "", None).done(200);
    assert_eq!(tenant.client.get("/v1/customers/3").status, 401);
    let loaded = yaml("PUT", "/seed", &with_keys).done(200);
    assert_eq!(loaded, json!({ "created": [name], "unchanged": [] }));
    assert_equal(&fork, &name);
    assert_eq!(tenant.client.get("/v1/customers/3").status, 200, "the same key is valid");
    control("DELETE", &format!("/tenants/{name}/faults"), None).done(204);
    // Passwords are valid, and the next customer gets the next id.
    let username = client.customer(5)["Username"].clone();
    control("DELETE", &format!("/tenants/{name}-text/faults"), None).done(204);
    let login = with(&login, json!({ "username": username }));
    client.post("/v1/validate/login", &login).succeeds(200);
    let counters = server().rows(&format!(
        "select last_customer_id from tenant_counters where tenant_id = (select tenant_id from tenants where name = '{name}-text')"
    ));
    let next = counters[0]["last_customer_id"].as_i64().expect("a number") + 1;
    assert_eq!(client.create(&with(&seeds::retail(), json!({ "SponsorId": 1 }))), next);
    // The tenant exists, so it does not change.
    let loaded = yaml("PUT", "/seed", &with_keys).done(200);
    assert_eq!(loaded, json!({ "created": [], "unchanged": [name] }));
}

/// Texts that a wrong YAML writer or reader would change.
const SPECIAL_TEXTS: [&str; 12] = [
    "no",
    "0123",
    "1e3",
    "~",
    "null",
    "2026-01-01",
    "- a: b # c",
    "{x: [y]}",
    "it's \"quoted\" \\ \t",
    " spaces around ",
    "Žofie 🦀 \u{2028}\u{85}\u{7f}",
    "two\nlines\r\n",
];

/// A tenant with a value in every column of every table that a reset restores.
fn rich(extension: &Receiver) -> Tenant {
    let tenant = tenant_of(json!({
        "plan": { "minimum_age": 17, "types": { "7": "Partner" }, "max_length": { "FirstName": 90 }, "rejection_status": 400,
                  "bydesign": { "countries": { "HOLLAND": "NL" } } },
        "extension": { "extension_token": "to-extension", "directscale_token": "from-extension", "timeout_seconds": 7,
                       "hooks": { "Associates.UpdateAssociate": extension.url("/hook") } },
        "events": { "subscriptions": [{ "url": "http://127.0.0.1:9/", "secret": "hush", "types": ["Enrollment"] }],
                    "retry_seconds": [3600] },
    }));
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let everything =
        with(&seeds::full(), json!({ "EmailAddress": "everything@x.example", "TaxId": "T-1", "TaxExempt": true }));
    let id = tenant.create(&everything);
    tenant.post("/v1/customers/3/reward-points", &json!({ "pointsToAdd": 12.5 })).succeeds(201);
    let deduct = r#"{"pointsToDeduct": 2.0625}"#;
    tenant.call("DELETE", "/v1/customers/3/reward-points", "", Some(deduct)).succeeds(200);
    tenant.call("DELETE", "/v1/customers/4", "", None).succeeds(200);
    created(&tenant.storm(), &with(&full("one"), json!({ "Key": UNUSED_KEY })));
    let bydesign = json!({ "FirstName": "Bo", "Email": "bo@bydesign.example", "Phone4": "4", "BillingCounty": "Utah" });
    assert_eq!(tenant.bydesign().post("/api/users/customer", &bydesign).status, 200);
    // A sponsor with a higher id than the customer's.
    server().execute(&format!(
        "update customers set sponsor_id = {id}, enroller_id = {id} where tenant_id = {} and customer_id = 2",
        tenant.id
    ));
    server().execute(&format!(
        "update customers set sponsor_id = 1, enroller_id = 1, primary_street3 = 'P 3', shipping_street3 = 'S 3'
          where tenant_id = {} and customer_id = {id}",
        tenant.id
    ));
    server().execute(&format!(
        "update sponsor_tree set upline_id = {id} where tenant_id = {} and customer_id = 2",
        tenant.id
    ));
    server().execute(&format!(
        "update sponsor_tree set upline_id = 1 where tenant_id = {} and customer_id = {id}",
        tenant.id
    ));
    for (number, text) in SPECIAL_TEXTS.into_iter().enumerate() {
        let text = text.replace('\'', "''");
        let columns =
            ["last_name", "company_name", "primary_city", "shipping_region", "text_phone", "external_reference_id"];
        let column = columns[number % columns.len()];
        let customer = [2, 3][number / columns.len()];
        server().execute(&format!(
            "update customers set {column} = '{text}' where tenant_id = {} and customer_id = {customer}",
            tenant.id
        ));
    }
    let values = json!({ "no": SPECIAL_TEXTS, "1": 1, "1.5": 1.5, "true": true, "nothing": null, "big": 12_345_678_901_i64, "neg": -1e-7, "": {} });
    server().execute(&format!(
        "update customer_profiles set fields = fields || '{}' where tenant_id = {}",
        values.to_string().replace('\'', "''"),
        tenant.id
    ));
    tenant.add_fault(&json!({ "operation": "Login", "when": { "first": 3 }, "point": "after", "response": "reset" }));
    tenant.add_fault(&json!({ "event": "*", "when": { "request": 2 }, "action": { "delay": 5 } }));
    let _ = tenant.client.try_call("POST", "/v1/validate/login", Some(r#"{"username":"dana","password":"x"}"#));
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": "2030-01-31T12:00:00.123456Z" }))).done(200);
    // The counters are above the numbers of all rows.
    server().execute(&format!(
        "update tenant_counters set last_customer_id = last_customer_id + 5, last_company_id = last_company_id + 3
          where tenant_id = {}",
        tenant.id
    ));
    tenant
}

/// Every column has a value, so that the tests fail for a new column until an export contains it.
fn assert_every_column_is_filled(tenant: &Tenant) {
    for row in server().rows("select table_name from tenant_tables() where is_copied") {
        let table = row["table_name"].as_str().expect("a name");
        let rows = tenant.rows(&format!("select * from {table} where tenant_id = {{tenant}}"));
        let columns = rows.first().unwrap_or_else(|| panic!("a row in {table}")).as_object().expect("a row").clone();
        for column in columns.keys() {
            assert!(rows.iter().any(|row| !row[column].is_null()), "{table}.{column} is filled in some row");
        }
    }
    let settings = tenant.rows("select plan, extension, events, clock from tenants where tenant_id = {tenant}");
    assert!(settings[0].as_object().expect("a row").values().all(|setting| !setting.is_null()), "{settings:?}");
}

#[test]
fn the_demo_tenant_a_population_and_a_snapshot_are_exported() {
    // The demo tenant as the built-in seed creates it.
    let demo = format!("demo-{}", std::process::id());
    assert_eq!(control("GET", "/tenants/demo", None).status, 200);
    created_from(&demo, &export("demo", "?snapshot=seed").into());
    assert_equal("demo@seed", &demo);
    let reply = control("GET", "/tenants/demo/export", None);
    assert_eq!(reply.header("Content-Type"), Some("application/yaml"), "{reply:?}");
    assert_eq!(reply.header("Content-Disposition"), Some("attachment; filename=\"demo.yaml\""));
    assert_eq!(reply.header("Cache-Control"), Some("no-store"));
    assert!(
        reply.body.starts_with("# yaml-language-server: $schema=")
            && reply.body.contains("\n# Exported by directscale-emulator"),
        "{}",
        reply.body
    );

    // The population has several batches and a different plan.
    let population = format!("population-{}", std::process::id());
    let members = json!({ "distributors": 2_100, "retail": 300, "preferred": 50, "random_seed": 3 });
    created_from(&population, &json!({ "plan": { "unique": ["Username"] }, "population": members }));
    let copy = format!("{population}-copy");
    let client = created_from(&copy, &export(&population, "").into());
    assert_equal(&population, &copy);
    client.post("/v1/validate/login", &json!({ "username": "u2450", "password": "PasswordHere1" })).succeeds(200);
    let as_json = export(&population, "?format=json");
    assert_eq!(
        serde_json::from_str::<Value>(&as_json).expect("JSON")["tenants"][0]["customers"].as_array().map(Vec::len),
        Some(2_450)
    );

    // A snapshot, and a tenant without customers.
    let tenant = tenant();
    let name = tenant.name();
    // A field that was set and cleared equals one that was never set.
    for value in [json!("x"), Value::Null] {
        tenant.patch("/v1/customers/2", &json!({ "AssociateCustom": { "Field4": value } })).succeeds(200);
    }
    let custom = tenant.rows("select custom_fields from customers where tenant_id = {tenant} and customer_id = 2");
    assert_eq!(custom, [json!({ "custom_fields": [] })]);
    tenant.control("PUT", "/snapshots/before", None).done(200);
    tenant.patch("/v1/customers/2", &json!({ "FirstName": "Later" })).succeeds(200);
    created_from(&format!("{name}-before"), &export(&name, "?snapshot=before").into());
    assert_equal(&format!("{name}@before"), &format!("{name}-before"));
    created_from(&format!("{name}-empty"), &json!({}));
    for format in ["yaml", "json"] {
        let text = export(&format!("{name}-empty"), &format!("?format={format}"));
        created_from(&format!("{name}-empty-{format}"), &text.into());
        assert_equal(&format!("{name}-empty"), &format!("{name}-empty-{format}"));
    }

    for (path, status, why) in [
        (format!("/tenants/{name}/export?snapshot=none"), 404, "has no snapshot 'none'"),
        ("/tenants/unknown-tenant/export".to_owned(), 404, "there is no tenant 'unknown-tenant'"),
        (format!("/tenants/{name}/export?format=xml"), 400, "format: unknown variant, expected `yaml` or `json`"),
        (format!("/tenants/{name}/export?colour=red"), 400, "unknown field `colour`"),
    ] {
        let detail = control("GET", &path, None).problem(status);
        assert!(detail.contains(why), "{detail}");
    }
}
