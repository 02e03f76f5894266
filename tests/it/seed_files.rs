//! Seed files: one format wherever a seed is accepted, and a tenant exported as one.

use serde_json::{Value, json};

use crate::storm::{UNUSED_KEY, created, full};
use crate::support::control::control;
use crate::support::http::request;
use crate::support::process::Process;
use crate::support::receiver::Receiver;
use crate::support::server::{database_url, server};
use crate::support::{Client, Reply, Tenant, seeds, tenant, tenant_of, with};

/// A request to the control API with a body of this type.
fn send(method: &str, path: &str, content_type: &str, body: &str) -> Reply {
    let client = Client { address: server().address, key: String::new() };
    let headers = format!("Content-Type: {content_type}\r\n");
    let bytes = String::from_utf8(request(method, &format!("/_emulator{path}"), &headers, Some(body))).expect("text");
    client.raw(bytes.replacen("Host: test.example", "Host: localhost", 1).as_bytes())
}

fn yaml(method: &str, path: &str, body: &str) -> Reply {
    send(method, path, "application/yaml", body)
}

fn differing(from: &str, to: &str) -> Value {
    control("GET", &format!("/diff?from={from}&to={to}"), None).done(200)
}

fn assert_equal(from: &str, to: &str) {
    let shown = differing(from, to);
    assert_eq!(shown["differing"], 0, "{shown:#}");
}

fn export(name: &str, query: &str) -> String {
    let reply = control("GET", &format!("/tenants/{name}/export{query}"), None);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body
}

/// Creates a tenant from a seed.
fn created_from(name: &str, seed: &Value) -> Client {
    let created = control("POST", "/tenants", Some(&json!({ "name": name, "seed": seed }))).done(201);
    Client { address: server().address, key: created["key"].as_str().expect("a key").to_owned() }
}

/// Texts that a careless writer or reader of YAML changes.
const ODD: [&str; 12] = [
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
        "extension": { "extension_token": "sent-along", "directscale_token": "calls-back", "timeout_seconds": 7,
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
    // A sponsor with a higher id than the customer's, which no order of creation gives.
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
    for (number, odd) in ODD.into_iter().enumerate() {
        let text = odd.replace('\'', "''");
        let columns =
            ["last_name", "company_name", "primary_city", "shipping_region", "text_phone", "external_reference_id"];
        let column = columns[number % columns.len()];
        let customer = [2, 3][number / columns.len()];
        server().execute(&format!(
            "update customers set {column} = '{text}' where tenant_id = {} and customer_id = {customer}",
            tenant.id
        ));
    }
    let odd = json!({ "no": ODD, "1": 1, "1.5": 1.5, "true": true, "nothing": null, "big": 12_345_678_901_i64, "neg": -1e-7, "": {} });
    server().execute(&format!(
        "update customer_profiles set fields = fields || '{}' where tenant_id = {}",
        odd.to_string().replace('\'', "''"),
        tenant.id
    ));
    tenant.add_fault(&json!({ "operation": "Login", "when": { "first": 3 }, "point": "after", "response": "reset" }));
    tenant.add_fault(&json!({ "event": "*", "when": { "request": 2 }, "action": { "delay": 5 } }));
    let _ = tenant.client.try_call("POST", "/v1/validate/login", Some(r#"{"username":"dana","password":"x"}"#));
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": "2030-01-31T12:00:00.123456Z" }))).done(200);
    // Numbers that no row has any more.
    server().execute(&format!(
        "update tenant_counters set last_customer_id = last_customer_id + 5, last_company_id = last_company_id + 3
          where tenant_id = {}",
        tenant.id
    ));
    tenant
}

/// A later change that adds a column fails here until an export contains it.
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
fn an_export_creates_an_equal_tenant_however_it_is_loaded() {
    let extension = Receiver::with_json(|_| (200, json!({})));
    let tenant = rich(&extension);
    assert_every_column_is_filled(&tenant);
    let name = tenant.name();
    let text = export(&name, "");
    for secret in [tenant.client.key.as_str(), "PasswordHere1", "Password123!", "calls-back"] {
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

    // In place of another tenant's data.
    let other = crate::support::tenant_with(json!({ "quota": { "calls": 5, "renewal_seconds": 5 } }));
    yaml("PUT", &format!("/tenants/{}/seed", other.name()), &text).done(200);
    assert_equal(&name, &other.name());

    // As a whole file, with the same keys, once the first tenant is deleted.
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
        "select last_customer_id from tenant_counters n join tenants t using (tenant_id) where t.name = '{name}-text'"
    ));
    let next = counters[0]["last_customer_id"].as_i64().expect("a number") + 1;
    assert_eq!(client.create(&with(&seeds::retail(), json!({ "SponsorId": 1 }))), next);
    // It exists, so it does not change.
    let loaded = yaml("PUT", "/seed", &with_keys).done(200);
    assert_eq!(loaded, json!({ "created": [], "unchanged": [name] }));
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
    assert!(reply.body.starts_with("# Exported by directscale-emulator"), "{}", reply.body);

    // Several batches, and another plan.
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

/// The same seed in each accepted form, as `(content type, text)`.
fn forms(name: &str) -> Vec<(&'static str, String)> {
    let part = json!({
        "plan": { "minimum_age": 44 },
        "events": { "subscriptions": [{ "url": "http://127.0.0.1:9/shape" }] },
        "customers": [{ "id": 6, "CustomerType": 1, "Username": "shaped", "PrimaryAddress": { "PostalCode": "00042" } }]
    });
    let named = |name: &str| with(&part, json!({ "name": name, "keys": [{ "name": "x", "key": "0".repeat(32) }] }));
    let only = json!({ "version": 1, "tenants": [named("another-name")] });
    let several = json!({ "version": 1, "tenants": [{ "name": "other" }, named(name), { "name": "third" }] });
    let plain = "# A comment first.\nversion: 1\ntenants:\n  - name: any\n    plan: {minimum_age: 44}\n    events: {subscriptions: [{url: 'http://127.0.0.1:9/shape'}]}\n    customers:\n      - {id: 6, CustomerType: 1, Username: shaped, PrimaryAddress: {PostalCode: 00042}}\n";
    let mut all = vec![("application/yaml", plain.to_owned())];
    for value in [part.clone(), only, several] {
        let text = value.to_string();
        all.push(("application/yaml", format!("\u{feff}{text}")));
        all.push(("application/json", format!("\u{feff}{text}")));
        all.push(("application/json", text));
    }
    all
}

#[test]
fn every_endpoint_accepts_every_form_of_a_seed() {
    let tenant = tenant();
    let name = tenant.name();
    let plan = || tenant.control("GET", "/plan", None).done(200)["minimum_age"].clone();
    let postal_code = |client: &Client| client.customer(6)["PrimaryAddress"]["PostalCode"].clone();
    for (number, (content_type, text)) in forms(&name).into_iter().enumerate() {
        tenant.control("POST", "/reset", None).done(200);
        tenant.control("PUT", "/seed", Some(&json!({}))).done(200);
        tenant.control("PUT", "/plan", Some(&json!({}))).done(200);
        send("PUT", &format!("/tenants/{name}/seed"), content_type, &text).done(200);
        assert_eq!((plan(), postal_code(&tenant)), (json!(44), json!("00042")), "{text}");

        let other = format!("{name}-{number}");
        let client = created_from(&other, &text.trim_start_matches('\u{feff}').replace(&name, &other).into());
        assert_eq!(postal_code(&client), "00042", "{text}");
        if content_type == "application/json" {
            let value: Value =
                serde_json::from_str(&text.trim_start_matches('\u{feff}').replace(&name, &format!("{other}-value")))
                    .expect("JSON");
            assert_eq!(postal_code(&created_from(&format!("{other}-value"), &value)), "00042", "{text}");
        }

        // The members of an integration alone may have no other members.
        tenant.control("PUT", "/integration", Some(&json!({}))).done(204);
        let connected = send("PUT", &format!("/tenants/{name}/integration"), content_type, &text);
        if text.contains("version") {
            connected.done(204);
            let shown = tenant.control("GET", "/integration", None).done(200);
            assert_eq!(shown["events"]["subscriptions"][0]["url"], "http://127.0.0.1:9/shape", "{text}");
        } else {
            assert!(connected.problem(400).contains("unknown field"), "{text}");
        }
    }
    let part = json!({ "events": { "subscriptions": [{ "url": "http://127.0.0.1:9/part" }] } });
    tenant.control("PUT", "/integration", Some(&part)).done(204);
}

/// A body of the control API may contain a key, a token or a tax id in the invalid place: no message repeats it.
#[test]
fn no_rejection_of_a_control_body_repeats_a_value() {
    let tenant = tenant();
    let seed = |customer: Value| json!({ "customers": [customer] });
    let event = |subscription: Value| json!({ "events": { "subscriptions": [subscription] } });
    for (method, path, body, why) in [
        ("POST", "/keys", json!({ "name": "ci", "key": 98765 }), "key: invalid type: integer, expected a string"),
        ("POST", "/keys", json!({ "name": "ci", "kind": "SECRET" }), "kind: unknown variant, expected one of"),
        ("POST", "/keys", json!([["SECRET"]]), "the body must be an object, not a list"),
        ("POST", "/keys/ci/rotate", json!({ "slot": "SECRET" }), "slot: unknown variant, expected "),
        ("POST", "/fork", json!({ "name": ["SECRET"] }), "name: invalid type: sequence, expected a string"),
        ("PUT", "/plan", json!({ "minimum_age": "SECRET" }), "minimum_age: invalid type: string, expected an integer"),
        ("PUT", "/plan", json!({ "countries": { "US": 98765 } }), "countries.US: invalid type: integer"),
        ("PUT", "/integration", event(json!({ "url": "SECRET" })), "url: "),
        ("PUT", "/integration", event(json!({ "url": "http://h", "secret": 98765 })), "secret: invalid type: integer"),
        ("POST", "/faults", json!({ "operation": "*", "delay_ms": "SECRET" }), "did not match any variant"),
        ("POST", "/faults", json!({ "operation": "*", "when": "SECRET" }), "unknown variant"),
        ("POST", "/clock/set", json!({ "at": "SECRET" }), "at: "),
        ("POST", "/clock/set", json!({ "at": 98765 }), "at: invalid type: integer"),
        ("PUT", "/seed", seed(json!({ "TaxId": 98765 })), "customers[0].TaxId: invalid type: integer"),
        ("PUT", "/seed", seed(json!({ "CustomerType": "SECRET" })), "customers[0].CustomerType: invalid type: string"),
        ("PUT", "/seed", seed(json!({ "CustomerType": 2, "BirthDate": "SECRET" })), "BirthDate is not a date"),
        ("PUT", "/seed", json!("customers: [{TaxExempt: SECRET}]"), "invalid"),
    ] {
        let path = format!("/tenants/{}{path}", tenant.name());
        let text = body.to_string();
        for (content_type, text) in [
            ("application/json", text.clone()),
            ("application/json", format!("// a comment\n{text}")),
            ("application/yaml", text),
        ] {
            let reply = send(method, &path, content_type, &text);
            // In YAML a number is also a text.
            if content_type == "application/yaml" && reply.status < 300 {
                continue;
            }
            let detail = reply.problem(400);
            assert!(!detail.contains("SECRET") && !detail.contains("98765"), "{path} {text}: {detail}");
            assert!(content_type == "application/yaml" || detail.contains(why), "{path} {why} in {detail}");
        }
    }
}

#[test]
fn numbers_above_the_maximum_are_rejected() {
    let tenant = tenant();
    let before = tenant.everything();
    let of = |customer: Value| json!({ "customers": [with(&stored(7), customer)] });
    let company = json!({ "modified_at": "2020-01-01T00:00:00Z", "companies":
        [{ "id": 2_147_483_647, "key": "00000000-0000-0000-0000-000000000001", "name": "x" }] });
    for (seed, why) in [
        (json!({ "counters": { "customers": i32::MAX } }), "counters.customers must be from 0 to 2000000000"),
        (json!({ "counters": { "companies": 2_000_000_001 } }), "counters.companies must be from 0 to 2000000000"),
        (json!({ "counters": { "customers": -1 } }), "counters.customers must be from 0 to 2000000000"),
        (json!({ "customers": [{ "id": i32::MAX, "CustomerType": 2 }] }), "an id is at most 2000000000"),
        (of(json!({ "id": i32::MAX })), "an id is at most 2000000000"),
        (of(json!({ "record": company })), "customer with id 7: record.companies.id must be at most 2000000000"),
        (
            json!({ "faults": [{ "id": i32::MAX, "rule": { "event": "*", "action": "drop" } }] }),
            "faults: an id is at most 2000000000",
        ),
    ] {
        let detail = tenant.control("PUT", "/seed", Some(&seed)).problem(400);
        assert!(detail.contains(why), "{why} in {detail}");
    }
    assert_eq!(tenant.everything(), before);
    // The highest allowed numbers leave some for what is created afterwards.
    let seed = json!({ "counters": { "customers": 2_000_000_000, "companies": 2_000_000_000 },
        "customers": [stored(2)], "faults": [{ "id": 2_000_000_000, "rule": { "event": "*", "action": "drop" } }] });
    tenant.control("PUT", "/seed", Some(&seed)).done(200);
    assert_eq!(tenant.create(&seeds::retail()), 2_000_000_001);
    tenant.add_fault(&json!({ "event": "*", "action": "drop" }));
}

/// Many customers with a record are written at once: an error names them, and not the customer after them.
#[test]
fn an_error_of_a_batch_names_its_customers() {
    let tenant = tenant();
    let customer = |id: i32| with(&stored(id), json!({ "BackOfficeId": format!("b{}", id.max(2)) }));
    let detail = |customers: Vec<Value>| {
        let seed = json!({ "customers": customers });
        tenant.control("PUT", "/seed", Some(&seed)).problem(400)
    };
    let why = "an id or a value that must be unique is used twice (customers_back_office_id_key)";
    let expected = format!("tenant '{}': customers 1 to 1000: {why}", tenant.name());
    assert_eq!(detail((1..=1001).map(customer).collect()), expected);
    let then_new = json!({ "CustomerType": 2, "SponsorId": 1 });
    let expected = format!("tenant '{}': customers 1 to 2: {why}", tenant.name());
    assert_eq!(detail(vec![customer(1), customer(2), then_new]), expected);
}

#[test]
fn a_file_without_the_tenant_is_rejected_with_its_names() {
    let tenant = tenant();
    let name = tenant.name();
    let before = tenant.everything();
    let two = json!({ "version": 1, "tenants": [{ "name": "acme" }, { "name": "beta" }] });
    let none = json!({ "version": 1, "tenants": [] });
    for (seed, why) in [
        (&two, format!("the seed file has no tenant '{name}'; its tenants are 'acme', 'beta'")),
        (&none, "the seed file has no tenant".to_owned()),
    ] {
        assert_eq!(tenant.control("PUT", "/seed", Some(seed)).problem(400), why);
        assert_eq!(tenant.control("PUT", "/integration", Some(seed)).problem(400), why);
        let new = json!({ "name": format!("{name}-x"), "seed": seed });
        let detail = control("POST", "/tenants", Some(&new)).problem(400);
        assert_eq!(detail, why.replace(&name, &format!("{name}-x")));
    }
    assert_eq!(tenant.everything(), before);
}

/// A customer with a record, as an export writes it.
fn stored(id: i32) -> Value {
    json!({
        "id": id, "BackOfficeId": format!("B{id}"), "CustomerType": 1, "CustomerStatus": 1, "LanguageCode": "en",
        "SignUpDate": "2020-01-01", "record": { "modified_at": "2020-01-01T00:00:00Z" }
    })
}

#[test]
fn an_invalid_record_rejects_the_whole_seed() {
    let tenant = tenant();
    let before = tenant.everything();
    let recorded = |id: i32, record: Value| with(&stored(id), json!({ "record": with(&stored(id)["record"], record) }));
    let uuid = "6f9619ff-8b86-d011-b42d-00c04fc964aa";
    let company = |id: i32| json!({ "id": id, "key": uuid, "name": "A", "org_no": "1" });
    let points = |points: f64| json!([{ "id": uuid, "points": points, "entered_at": "2020-01-01T00:00:00Z" }]);
    // Too long for an index, even compressed.
    let endless =
        (0_u32..5_000).fold(String::new(), |text, number| text + &number.wrapping_mul(2_654_435_761).to_string());
    for (customers, why) in [
        (json!([with(&stored(7), json!({ "id": null }))]), "customer number 1: one with a record needs an id"),
        (json!([with(&stored(0), json!({}))]), "customer with id 0: an id is above zero"),
        (
            json!([with(&stored(7), json!({ "SignUpDate": null }))]),
            "customer with id 7: one with a record needs SignUpDate",
        ),
        (json!([with(&stored(7), json!({ "BackOfficeId": null }))]), "one with a record needs BackOfficeId"),
        (json!([with(&stored(7), json!({ "Password": "PasswordHere1" }))]), "has a password_hash and no Password"),
        (
            json!([with(&stored(7), json!({ "password_hash": "PasswordHere1" }))]),
            "must be an Argon2id hash in PHC form",
        ),
        (json!([stored(7), stored(7)]), "an id or a value that must be unique is used twice (customers_pkey)"),
        (
            json!([stored(7), with(&stored(8), json!({ "BackOfficeId": " b7 " }))]),
            "customers 7 to 8: an id or a value that must be unique is used twice (customers_back_office_id_key)",
        ),
        (
            json!([with(&stored(7), json!({ "SponsorId": 9 }))]),
            "customer 7: SponsorId 9 is not a customer of this tenant",
        ),
        (json!([recorded(7, json!({ "enroller_id": 9 }))]), "customer 7: record.enroller_id 9 is not a customer"),
        (
            json!([
                recorded(7, json!({ "tree": { "upline_id": 8, "placed_at": "2020-01-01T00:00:00Z" } })),
                recorded(8, json!({ "tree": { "upline_id": 7, "placed_at": "2020-01-01T00:00:00Z" } }))
            ]),
            "customer 7 stands below itself in the sponsor tree",
        ),
        (json!([recorded(7, json!({ "enroller_id": 7 }))]), "customer 7 stands below itself in the enrollment tree"),
        (json!([recorded(7, json!({ "modified_at": "+12020-01-01T00:00:00Z" }))]), "between the years 1 and 9999"),
        (json!([recorded(7, json!({ "modified_at": "soon" }))]), "invalid"),
        (json!([recorded(7, json!({ "colour": 1 }))]), "unknown field `colour`"),
        (json!([recorded(7, json!({ "reward_points": points(1e13) }))]), "record.reward_points.points must be between"),
        (json!([recorded(7, json!({ "companies": [company(0)] }))]), "record.companies.id must be above zero"),
        (
            json!([recorded(7, json!({ "companies": [company(1), company(2)] }))]),
            "an id or a value that must be unique is used twice (companies_name_key)",
        ),
        (json!([with(&stored(7), json!({ "Username": endless }))]), "a value that is looked up is too long"),
        (json!([{ "CustomerType": 2, "Password": "PasswordHere1", "password_hash": "x" }]), "Argon2id"),
    ] {
        let detail = tenant.control("PUT", "/seed", Some(&json!({ "customers": customers }))).problem(400);
        assert!(detail.contains(why), "{why} in {detail}");
    }
    // YAML can express a NUL.
    let text = format!("customers: [{}]", stored(7)).replace("\"en\"", "\"e\\0n\"");
    let detail = yaml("PUT", &format!("/tenants/{}/seed", tenant.name()), &text).problem(400);
    assert!(detail.contains("a text contains the character NUL"), "{detail}");
    for (members, why) in [
        (json!({ "clock": { "frozen": "9500-01-01T00:00:00Z" } }), "between the years 1900 and 9000"),
        (json!({ "clock": { "ahead_by": i64::MAX } }), "between the years 1900 and 9000"),
        (json!({ "clock": "soon" }), "clock: unknown variant"),
        (json!({ "faults": [{ "rule": { "operation": "*" } }] }), "a rule needs delay_ms, response, or both"),
        (
            json!({ "faults": [{ "id": 1, "rule": { "event": "*", "action": "drop" } }, { "id": 1, "rule": { "event": "*", "action": "drop" } }] }),
            "faults: an id or a value that must be unique is used twice",
        ),
        (
            json!({ "extension": { "extension_token": "x", "hooks": {} } }),
            "either directscale_token or directscale_token_digest",
        ),
        (
            json!({ "extension": { "extension_token": "x", "directscale_token_digest": "ab", "hooks": {} } }),
            "64 hexadecimal digits",
        ),
    ] {
        let detail = tenant.control("PUT", "/seed", Some(&members)).problem(400);
        assert!(detail.contains(why), "{why} in {detail}");
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn one_file_can_have_customers_with_and_without_a_record() {
    let tenant = tenant();
    let hash = tenant.rows("select password_hash from customers where tenant_id = {tenant} and customer_id = 2");
    let seed = json!({ "customers": [
        { "ref": "root", "CustomerType": 1, "Username": "root" },
        with(&stored(7), json!({ "ref": "recorded", "Sponsor": "root" })),
        { "CustomerType": 2, "Sponsor": "recorded", "Username": "new", "password_hash": hash[0]["password_hash"] },
    ], "faults": [{ "rule": { "event": "*", "action": "drop" } }], "clock": { "frozen": "2030-01-01T00:00:00Z" } });
    tenant.control("PUT", "/seed", Some(&seed)).done(200);
    let (root, recorded, new) = (tenant.customer(1), tenant.customer(7), tenant.customer(8));
    assert_eq!((&root["Username"], &recorded["SponsorId"], &new["SponsorId"]), (&json!("root"), &json!(1), &json!(7)));
    // Nothing is derived for a customer with a record: no alias, no place in the tree.
    assert_eq!((&new["WebAlias"], &recorded["WebAlias"]), (&json!("new"), &Value::Null));
    assert_eq!(
        tenant.rows("select customer_id from sponsor_tree where tenant_id = {tenant}"),
        [json!({ "customer_id": 1 })]
    );
    tenant.post("/v1/validate/login", &json!({ "username": "new", "password": "PasswordHere1" })).succeeds(200);
    assert_eq!(tenant.control("GET", "/faults", None).done(200)[0]["id"], 1);
    assert_eq!(tenant.control("GET", "/clock", None).done(200)["mode"], "frozen");
}

#[test]
fn a_seed_file_is_loaded_as_a_whole_over_http() {
    let one = format!("load-{}", std::process::id());
    let file = |tenants: Value| json!({ "version": 1, "tenants": tenants });
    let valid = json!({ "name": one, "keys": [{ "name": "k", "kind": "basic", "key": "long enough" }],
                       "customers": [{ "CustomerType": 2, "Username": "a" }] });
    let invalid = json!({ "name": format!("{one}-b"), "customers": [{ "CustomerType": 9 }] });
    let detail = control("PUT", "/seed", Some(&file(json!([valid, invalid])))).problem(400);
    assert!(detail.contains(&format!("tenant '{one}-b': customer number 1: CustomerType")), "{detail}");
    assert_eq!(control("GET", &format!("/tenants/{one}"), None).status, 404, "the file was rejected as a whole");
    let loaded = control("PUT", "/seed", Some(&file(json!([valid])))).done(200);
    assert_eq!(loaded, json!({ "created": [one], "unchanged": [] }));
    let loaded = control("PUT", "/seed", Some(&file(json!([with(&valid, json!({ "customers": [] }))])))).done(200);
    assert_eq!(loaded, json!({ "created": [], "unchanged": [one] }), "an existing tenant does not change");
    let listed = control("GET", &format!("/tenants/{one}"), None).done(200);
    assert_eq!((&listed["last_customer_id"], &listed["origin"]), (&json!(1), &json!("seed")));

    for (body, why) in [
        (json!({}), "missing field `version`"),
        (json!({ "customers": [] }), "unknown field `customers`"),
        (file(json!([{ "name": "a/b" }])), "'a/b' is not a name"),
        (file(json!([{ "name": "" }])), "'' is not a name"),
        (file(json!([{ "name": "x1", "keys": [{ "name": "k" }] }])), "key 'k': it has neither key nor key_digest"),
        (
            file(json!([{ "name": "x1", "keys": [{ "name": "k", "key_digest": { "sha256": "00", "ending": "" } }] }])),
            "64 hexadecimal digits",
        ),
        (
            file(
                json!([{ "name": "x1", "keys": [{ "name": "k", "key": "0".repeat(32), "key_digest": { "sha256": "00".repeat(32), "ending": "" } }] }]),
            ),
            "key 'k': it has both a key and its digest",
        ),
    ] {
        let detail = control("PUT", "/seed", Some(&body)).problem(400);
        assert!(detail.contains(why), "{why} in {detail}");
    }

    // As a task.
    let later = format!("{one}-later");
    let body = file(json!([{ "name": later, "population": { "distributors": 50 } }]));
    let client = Client { address: server().address, key: String::new() };
    let bytes = crate::support::control::as_request("PUT", "/seed", "Prefer: respond-async\r\n", Some(&body));
    let begun = client.raw(&bytes).done(202);
    let path = format!("/tasks/{}", begun["id"].as_str().expect("an id"));
    let mut task = begun;
    while task["state"] == "running" {
        std::thread::sleep(std::time::Duration::from_millis(20));
        task = control("GET", &path, None).done(200);
    }
    assert_eq!((&task["state"], &task["result"]["created"]), (&json!("done"), &json!([later])), "{task}");
}

#[test]
fn the_snapshot_seed_is_only_replaced_with_force() {
    let tenant = tenant();
    let name = tenant.name();
    tenant.patch("/v1/customers/2", &json!({ "FirstName": "Dirty" })).succeeds(200);
    let detail = tenant.control("PUT", "/snapshots/seed", None).problem(400);
    assert_eq!(detail, "a reset restores the snapshot 'seed'; force=true replaces it");
    assert_ne!(differing(&format!("{name}@seed"), &name)["differing"], 0);
    assert_eq!(tenant.control("PUT", "/snapshots/seed?force=false", None).status, 400);
    tenant.control("PUT", "/snapshots/seed?force=maybe", None).problem(400);
    tenant.control("PUT", "/snapshots/seed?force=true", None).done(200);
    assert_equal(&format!("{name}@seed"), &name);
    tenant.control("POST", "/reset", None).done(200);
    assert_eq!(tenant.customer(2)["FirstName"], "Dirty");
    tenant.control("PUT", "/snapshots/other", None).done(200);
    tenant.control("PUT", "/snapshots/other", None).done(200);
}

#[test]
fn a_body_that_is_too_long_is_rejected_before_it_is_sent() {
    let head =
        "PUT /_emulator/seed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 268435457\r\nConnection: close\r\n\r\n";
    let client = Client { address: server().address, key: String::new() };
    let expected = "the request's body is longer than the limit of 268435456 bytes";
    assert_eq!(client.raw(head.as_bytes()).problem(413), expected);
}

#[test]
fn one_yaml_anchor_can_be_many_addresses() {
    let mut text = "customers:\n  - {CustomerType: 1, PrimaryAddress: &a {City: Lindon, CountryCode: US}}\n".to_owned();
    for _ in 0..300 {
        text += "  - {CustomerType: 2, SponsorId: 1, PrimaryAddress: *a}\n";
    }
    let tenant = tenant();
    yaml("PUT", &format!("/tenants/{}/seed", tenant.name()), &text).done(200);
    assert_eq!(tenant.customer(301)["PrimaryAddress"]["City"], "Lindon");
}

#[test]
fn a_file_with_a_name_twice_is_rejected_as_a_whole() {
    let name = format!("twice-{}", std::process::id());
    let tenant =
        |first_name: &str| json!({ "name": name, "customers": [{ "CustomerType": 1, "FirstName": first_name }] });
    let file = json!({ "version": 1, "tenants": [tenant("One"), tenant("Two")] });
    let detail = control("PUT", "/seed", Some(&file)).problem(400);
    assert_eq!(detail, format!("tenant '{name}': the file has two tenants of this name"));
    control("GET", &format!("/tenants/{name}"), None).problem(404);
}

#[test]
fn customers_without_an_id_get_the_next_free_one() {
    let tenant = tenant();
    let customers = json!([
        { "CustomerType": 1 },
        { "CustomerType": 1, "id": 10 },
        { "CustomerType": 1, "SponsorId": 10 },
        { "CustomerType": 1, "SponsorId": 1, "id": 3 },
        { "CustomerType": 1, "SponsorId": 3 }
    ]);
    tenant.control("PUT", "/seed", Some(&json!({ "customers": customers }))).done(200);
    let ids = tenant.rows("select customer_id from customers where tenant_id = {tenant} order by customer_id");
    let ids: Vec<i64> = ids.iter().filter_map(|row| row["customer_id"].as_i64()).collect();
    assert_eq!(ids, [1, 3, 10, 11, 12]);
    assert_eq!(tenant.create(&with(&seeds::retail(), json!({ "SponsorId": 1 }))), 13);
}

#[test]
fn a_violation_is_explained_in_a_sentence() {
    let tenant = tenant();
    let before = tenant.everything();
    for (customer, why) in [
        (json!({ "CustomerType": 1, "SponsorId": 7 }), "SponsorId 7 is not an existing customer."),
        (json!({ "CustomerType": 9 }), "CustomerType must be one of 1, 2, 3."),
        (json!({ "FirstName": "x" }), "CustomerType is required."),
        (
            json!({ "CustomerType": 1, "Password": "weak" }),
            "Password must be 8 to 30 characters long with at least a digit and a capital letter.",
        ),
    ] {
        let detail = tenant.control("PUT", "/seed", Some(&json!({ "customers": [customer] }))).problem(400);
        assert!(detail.ends_with(&format!("customer number 1: {why}")), "{detail}");
    }
    assert_eq!(tenant.everything(), before);
}

/// A seed can be in the start script of several servers. When they start together, one creates the tenants and the others find them.
#[test]
fn servers_that_load_one_seed_together_all_start() {
    let Some(url) = database_url() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..3 {
        let name = format!("together-{}-{round}", std::process::id());
        let path = folder.path().join(format!("{name}.json"));
        let customers: Vec<Value> = (0..50).map(|_| json!({ "CustomerType": 1 })).collect();
        let file = json!({ "version": 1, "tenants": [{ "name": name, "customers": customers }] });
        std::fs::write(&path, file.to_string()).expect("a file");
        let path = path.to_str().expect("a path");
        std::thread::scope(|scope| {
            let start = || drop(Process::start(&["--database-url", &url, "--seed", path]));
            for server in [scope.spawn(start), scope.spawn(start)] {
                server.join().expect("it started");
            }
        });
        let listed = control("GET", &format!("/tenants/{name}"), None).done(200);
        assert_eq!(listed["last_customer_id"], 50, "{listed}");
    }
}
