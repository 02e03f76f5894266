//! Requests with unknown credentials and unknown paths, which cost no more than others.

use serde_json::{Value, json};

use super::*;
use crate::support::control::control;
use crate::support::server::server;
use crate::support::{Client, tenant};

fn client_with(key: &str) -> Client {
    Client { address: server().address, key: key.to_owned() }
}

/// The milliseconds that the latest unauthenticated requests for a path waited for the database.
fn database_ms(path: &str) -> Vec<f64> {
    let entries = control("GET", "/unauthenticated-requests?limit=500", None).done(200);
    let entries = entries.as_array().expect("requests").clone();
    let of_path = entries.iter().filter(|entry| entry["path"].as_str().is_some_and(|known| known.contains(path)));
    of_path.map(|entry| entry["database_ms"].as_f64().expect("a number")).collect()
}

#[test]
fn an_unknown_credential_is_looked_for_once_in_a_while() {
    let client = client_with("5eed0000000000000000000000000001");
    for path in ["/v1/customers/3?often", "/v1/nothing?often"] {
        for _ in 0..4 {
            let status = client.get(path).status;
            assert!(status == 401 || status == 404, "{status}");
        }
    }
    let waited = database_ms("?often");
    assert_eq!(waited.len(), 8);
    assert!(waited.iter().filter(|waited| **waited > 0.0).count() <= 3, "{waited:?}");
}

#[test]
fn a_new_key_is_valid_at_once_although_it_was_unknown_before() {
    let tenant = tenant();
    for number in 0..20 {
        let key = format!("{}{number:04}", &tenant.client.key[..28]);
        assert_eq!(client_with(&key).get("/v1/customers/3").status, 401);
        let name = format!("{}-{number}", tenant.name());
        let seed = json!({ "version": 1, "tenants": [{ "name": name, "keys": [{ "name": "k", "key": key }] }] });
        server().seed(&seed).expect("a seed");
        assert_eq!(
            client_with(&key).get("/v1/customers/3").status,
            404,
            "the key is valid, the customer does not exist"
        );
    }
}

#[test]
fn an_unknown_path_costs_as_little_as_a_known_one() {
    let client = client_with("5eed0000000000000000000000000002");
    let time = |path: &str| {
        let stream = connect(client.address);
        let request = format!("POST {path} HTTP/1.1\r\nHost: h\r\n\r\n");
        let mut chunk = [0; 4096];
        let mut times: Vec<Duration> = (0..300)
            .map(|_| {
                let start = Instant::now();
                send(&stream, &request);
                assert!((&stream).read(&mut chunk).expect("a response") > 0);
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    // Without a key, so that neither of them reads the database.
    let known = time("/v1/customers");
    let unknown = time(&format!("/v1/customer/{}", "upgrade/".repeat(20)));
    assert!(unknown < known * 2 + Duration::from_micros(300), "{unknown:?} instead of {known:?}");
    // Who looks at it still reads which operation was meant.
    let entry = |path: &str| -> Value {
        client.call("PUT", path, "", None);
        control("GET", "/unauthenticated-requests?limit=1", None).done(200)[0].clone()
    };
    eventually(|| {
        let entry = entry("/v1/customer/upgrade/7");
        entry["did_you_mean"][0] == "PUT /v1/customers/upgrade/{customerId} (UpgradeCustomer)"
    });
}
