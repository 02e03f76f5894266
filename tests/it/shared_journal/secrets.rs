//! No secret reaches a row of the journal.

use std::io::Read as _;

use serde_json::json;

use super::Servers;
use crate::support::process::DEMO_KEY;
use crate::support::{Client, seeds, with};

#[test]
fn the_tables_of_the_journal_contain_no_secret() {
    let Some(mut servers) = Servers::start("secrets", 1, &[]) else { return };
    // In memory first, then moved, then written.
    send(&servers, 0);
    servers.add(&[]);
    servers.wait_until_moved();
    send(&servers, 0);
    send(&servers, 1);
    // Also requests that end just now are written before it is asked for them.
    assert!(servers.requests(1, "?limit=1000").len() > 12);
    let rows = servers.database.rows(
        "select encode(entry, 'hex') as entry, (to_jsonb(e) - 'entry')::text as others from journal_entries e
         union all select '', to_jsonb(t)::text from journal_tenants t union all select '', to_jsonb(r)::text from journal_run r",
    );
    let mut text = String::new();
    for row in &rows {
        let hex = row["entry"].as_str().expect("an entry");
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
        let deflated: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        if !deflated.is_empty() {
            flate2::read::DeflateDecoder::new(&deflated[..]).read_to_string(&mut text).expect("JSON");
        }
        text.push_str(row["others"].as_str().expect("the other columns"));
    }
    assert!(text.contains("CanaryName") && text.contains("customer_type"), "the rest is there");
    for secret in ["Canary-Pass", "CanaryTax", "CanaryToken", "CanaryWrong", "CanaryKey", DEMO_KEY, "test-sha256"] {
        assert!(!text.contains(secret), "{secret} in a row of the journal");
    }
}

fn send(servers: &Servers, server: usize) {
    let client = servers.servers[server].client();
    let secrets = json!({ "FirstName": "CanaryName", "Password": "Canary-Pass1", "TaxId": "CanaryTax1" });
    client.put("/v1/customers/upgrade/3", &with(&seeds::distributor(), secrets.clone()));
    client.patch(
        "/v1/customers/2",
        &with(&secrets, json!({ "TaxId": format!("CanaryTax{server}"), "Passwrd": "Canary-Pass2" })),
    );
    client.put("/v1/customers/2/reset-password", &json!({ "Password": "Canary-Pass3" }));
    client.get("/v1/customers/2?subscription-key=CanaryKey&token=CanaryToken");
    client.get("/v1/validate/tax-id/CanaryTax9");
    client.call(
        "GET",
        "/v1/nothing/password/CanaryWrong",
        "Authorization: Bearer CanaryToken\r\nCookie: a=CanaryToken\r\n",
        None,
    );
    let guest = Client { address: client.address, key: "CanaryKey0000000000000000000000a".to_owned() };
    guest.get("/v1/customers/2");
}
