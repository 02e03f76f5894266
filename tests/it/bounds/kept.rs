//! The things that a tenant can have: snapshots, keys, fault rules, tokens.

use std::time::Duration;

use directscale_emulator::tenants::CredentialKind;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::restart::own_database;
use crate::support::control::as_request;
use crate::support::process::Process;
use crate::support::server::{database_url, on_real_postgres, server};
use crate::support::vendors::VendorClient;
use crate::support::{Client, seeds, tenant, tenant_with, with};

/// Rows in place of that number of requests.
fn insert(statement: &str, tenant: i64) {
    server().execute(&statement.replace("{tenant}", &tenant.to_string()));
}

#[test]
fn snapshots_have_a_maximum() {
    let tenant = tenant();
    // With the snapshot of its seed, 99.
    insert(
        "insert into tenants (plan, created_at, snapshot_of, snapshot)
         select '{}', now(), {tenant}, 's' || n from generate_series(2, 99) n",
        tenant.id,
    );
    let save = |name: &str| tenant.control("PUT", &format!("/snapshots/{name}"), None);
    save("last").done(200);
    let before = tenant.everything();
    let why = format!("a tenant has at most 100 snapshots: delete one of '{}' first", tenant.name());
    assert_eq!(save("more").problem(400), why);
    assert_eq!(tenant.everything(), before);
    // One of the same name is replaced.
    save("last").done(200);
    tenant.control("DELETE", "/snapshots/last", None).done(204);
    save("more").done(200);
}

#[test]
fn a_database_has_a_maximum_of_tenants() {
    if !on_real_postgres() {
        return;
    }
    let url = own_database(&database_url().expect("Postgres"), "tenants");
    let process = Process::start(&["--database-url", &url, "--seed", "demo"]);
    let admin = Client { address: process.address, key: String::new() };
    let send = |method: &str, path: &str, body: Option<&Value>| admin.raw(&as_request(method, path, "", body));
    let add = |name: &str| send("POST", "/tenants", Some(&json!({ "name": name })));
    add("first").done(201);
    // With the tenant of the demo, 9,999.
    server().runtime.block_on(async {
        let mut connection = PgConnection::connect(&url).await.expect("a connection");
        let statement = "insert into tenants (name, plan, created_at)
                         select 't' || n, '{}', now() from generate_series(3, 9999) n";
        connection.execute(statement).await.expect("tenants");
    });
    add("last").done(201);
    let why = "a database has at most 10000 tenants: delete one first";
    assert_eq!(add("more").problem(400), why);
    assert_eq!(send("POST", "/tenants/demo/fork", Some(&json!({ "name": "more" }))).problem(400), why);
    send("GET", "/tenants/more/plan", None).problem(404);
    send("DELETE", "/tenants/last", None).done(200);
    add("more").done(201);
}

#[test]
fn keys_have_a_maximum() {
    let tenant = tenant();
    insert(
        "insert into subscription_keys (tenant_id, name, slot, kind, digest, ending, created_at)
         select {tenant}, 'k' || n, 'primary', 'subscription-key', sha256(convert_to('{tenant}/' || n, 'UTF8')), 'abcd', now()
           from generate_series(2, 499) n",
        tenant.id,
    );
    let add = |name: &str| tenant.control("POST", "/keys", Some(&json!({ "name": name })));
    add("last").done(201);
    assert_eq!(add("more").problem(400), "a tenant has at most 500 keys: delete one first");
    // A client resolves the path of a key with such a name to that of the tenant.
    for name in ["x".repeat(101), ".".to_owned(), "..".to_owned(), " ..".to_owned()] {
        let reason = "the name of a key has 1 to 100 visible characters, and is not '.' or '..'";
        assert_eq!(add(&name).problem(400), reason, "{name}");
    }
    assert_eq!(tenant.rows("select count(*) as n from subscription_keys where tenant_id = {tenant}")[0]["n"], 500);
    tenant.control("DELETE", "/keys/last", None).done(204);
    add("more").done(201);
    let keys: Vec<_> =
        (0..501).map(|number| json!({ "name": format!("k{number}"), "key": format!("{number:032x}") })).collect();
    let name = format!("{}-new", tenant.name());
    let error = server().seed(&json!({ "version": 1, "tenants": [{ "name": name, "keys": keys }] }));
    assert!(error.is_err_and(|error| error.ends_with("it must have at most 500 keys, not 501")));
    let keys = [json!({ "name": "x".repeat(101), "key": format!("{:032x}", 1) })];
    let error = server().seed(&json!({ "version": 1, "tenants": [{ "name": name, "keys": keys }] }));
    assert!(error.is_err_and(|error| {
        error.ends_with("the name of a key has 1 to 100 visible characters, and is not '.' or '..'")
    }));
}

#[test]
fn fault_rules_have_a_maximum() {
    let tenant = tenant();
    insert(
        r#"insert into faults (tenant_id, fault_id, of_event, operation, rule, created_at)
           select {tenant}, n, false, 'GetCustomer', '{"operation": "GetCustomer", "delay_ms": 0}', now()
             from generate_series(1, 199) n"#,
        tenant.id,
    );
    let rule = json!({ "operation": "GetCustomer", "delay_ms": 1 });
    let last = tenant.add_fault(&rule);
    let add = |rule| tenant.control("POST", "/faults", Some(rule));
    assert_eq!(add(&rule).problem(400), "a tenant has at most 200 fault rules: delete one first");
    tenant.control("DELETE", &format!("/faults/{last}"), None).done(204);
    let response = json!({ "status": { "code": 500, "message": "x".repeat(17_000) } });
    let long = json!({ "operation": "GetCustomer", "response": response });
    let detail = add(&long).problem(400);
    assert!(detail.starts_with("a rule must be at most 16384 bytes long as JSON, not 17"), "{detail}");
    assert_eq!(tenant.rows("select count(*) as n from faults where tenant_id = {tenant}")[0]["n"], 199);
    let rules = vec![json!({ "rule": rule }); 201];
    let detail = tenant.control("PUT", "/seed", Some(&json!({ "faults": rules }))).problem(400);
    assert!(detail.ends_with("faults must have at most 200 entries"), "{detail}");
}

#[test]
fn a_client_has_a_maximum_of_access_tokens() {
    let tenant = tenant();
    let key = tenant.add_key(CredentialKind::OauthClient);
    let account = key.account().expect("a client");
    let form = format!("client_id={account}&client_secret={}&grant_type=client_credentials", key.reveal());
    let token = || {
        let reply = VendorClient::new(String::new()).call("POST", "/1.0/connect/token", "", Some(&form));
        assert_eq!(reply.status, 200, "{reply:?}");
        let token = reply.json()["access_token"].as_str().expect("a token").to_owned();
        VendorClient::new(format!("Authorization: Bearer {token}\r\nApplicationId: 1\r\n"))
    };
    let status =
        |client: &VendorClient| client.get("/api/1.1/CustomerService.svc/rest/GetCustomer?format=json&id=2").status;
    let (other, first) = (tenant.storm(), token());
    // Newer ones of the same client.
    insert(
        "insert into access_tokens (tenant_id, digest, key_digest, expires_at)
         select t.tenant_id, sha256(convert_to('{tenant}/' || n, 'UTF8')), t.key_digest, t.expires_at + n * interval '1 us'
           from (select * from access_tokens where tenant_id = {tenant} order by expires_at desc limit 1) t,
                generate_series(1, 999) n",
        tenant.id,
    );
    assert_eq!(status(&first), 200, "1,000 tokens");
    let last = token();
    let count = || tenant.rows("select count(*) as n from access_tokens where tenant_id = {tenant}")[0]["n"].clone();
    assert_eq!(count(), 1_001, "one is the other client's");
    assert_eq!((status(&last), status(&other)), (200, 200));
    // The server asks again after half a second.
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(status(&first), 401, "the oldest one is gone");
}

#[test]
fn an_export_with_a_text_that_no_index_holds_is_rejected() {
    let tenant = tenant();
    let before = tenant.everything();
    let record = json!({ "modified_at": "2026-01-01T00:00:00Z" });
    let customer = json!({
        "id": 9, "CustomerType": 2, "CustomerStatus": 1, "BackOfficeId": "9", "SignUpDate": "2026-01-01", "record": record
    });
    let company = json!({ "id": 1, "key": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "name": "x".repeat(590), "org_no": "12345678901" });
    for (changes, why) in [
        (json!({ "Username": "x".repeat(601) }), "Username must be at most 600 characters long"),
        (json!({ "ExternalReferenceId": "x".repeat(601) }), "ExternalReferenceId must be at most 600 characters long"),
        (
            json!({ "record": with(&record, json!({ "companies": [company] })) }),
            "record.companies.name and org_no must be at most 600 characters long together",
        ),
    ] {
        let seed = json!({ "customers": [with(&customer, changes)] });
        let detail = tenant.control("PUT", "/seed", Some(&seed)).problem(400);
        assert!(detail.ends_with(why), "{detail}");
        assert_eq!(tenant.everything(), before);
    }
}

#[test]
fn a_login_tries_the_passwords_of_ten_customers() {
    let tenant = tenant_with(json!({ "unique": ["BackOfficeId"] }));
    let customer = |number: usize| {
        let password = format!("PasswordHere{number}");
        with(
            &seeds::retail(),
            json!({ "Username": "shared", "Password": password, "EmailAddress": format!("s{number}@x.example") }),
        )
    };
    let ids: Vec<i64> = (1..=11).map(|number| tenant.create(&customer(number))).collect();
    let login = |number: usize| {
        tenant.post("/v1/validate/login", &json!({ "username": "shared", "password": format!("PasswordHere{number}") }))
    };
    assert_eq!(login(10).status, 200, "the tenth");
    assert_ne!(login(11).status, 200, "{ids:?}");
}
