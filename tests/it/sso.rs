//! Single sign-on.

use serde_json::json;

use crate::support::server::server;
use crate::support::{Reply, Tenant, seeds, tenant, tenant_with};

fn token(reply: Reply) -> (String, String) {
    let address = reply.succeeds(200).json().as_str().expect("an address").to_owned();
    let (_, rest) = address.split_once("token=").expect("a token");
    let token = rest.split('&').next().expect("a token").to_owned();
    (address, token)
}

fn redeem(tenant: &Tenant, token: &str) -> Reply {
    tenant.get(&format!("/v1/sso/?token={token}"))
}

#[test]
fn a_token_names_its_customer_for_a_minute() {
    let tenant = tenant();
    let id = tenant.create(&seeds::full());
    let (address, by_id) = token(tenant.get(&format!("/v1/sso/{id}?dest=/cart&args=a%26b")));
    assert_eq!(address, format!("https://office.example/Login?token={by_id}&dest=%2Fcart&args=a%26b"));
    let (_, by_reference) = token(tenant.get("/v1/sso/?externalId=EXT1234567890"));
    assert_ne!(by_id, by_reference);
    let identity = json!({
        "CustomerId": id.to_string(), "ExternalReferenceId": "EXT1234567890", "DisplayName": "Ryan Testing",
        "Username": "TestUsername01", "EmailAddress": "directScaleTest@testing.directscale.com",
        "BackOfficeId": "TestBackOfficeId01"
    });
    for token in [&by_id, &by_reference, &by_id] {
        assert_eq!(redeem(&tenant, token).succeeds(200).json(), identity);
    }

    let lifetimes = tenant.rows(
        "select extract(epoch from min(expires_at) - c.modified_at) as seconds from sso_tokens t
           join customers c on c.tenant_id = t.tenant_id and c.customer_id = t.customer_id
          where t.tenant_id = {tenant} group by c.modified_at",
    );
    let seconds = lifetimes[0]["seconds"].as_f64().expect("seconds");
    assert!((60.0..62.0).contains(&seconds), "{seconds}");

    // Simulates the end of the minute.
    server().execute(&format!(
        "update sso_tokens set expires_at = moved_back(expires_at, 60000000) where tenant_id = {}",
        tenant.id
    ));
    redeem(&tenant, &by_id).rejects(400, "The token is unknown or has expired.");
    // A new token deletes expired ones.
    token(tenant.get(&format!("/v1/sso/{id}")));
    assert_eq!(tenant.rows("select 1 from sso_tokens where tenant_id = {tenant}").len(), 1);
}

#[test]
fn the_address_comes_from_the_plan() {
    let tenant = tenant_with(json!({ "sso_login_url": "http://localhost:3000/?from=emulator" }));
    let (address, token) = token(tenant.get("/v1/sso/2"));
    assert_eq!(address, format!("http://localhost:3000/?from=emulator&token={token}"));
}

#[test]
fn tokens_belong_to_one_tenant_and_are_stored_as_digests() {
    let (ours, theirs) = (tenant(), tenant());
    let (_, token) = token(theirs.get("/v1/sso/2"));
    redeem(&ours, &token).rejects(400, "The token is unknown or has expired.");
    redeem(&ours, "nonsense").rejects(400, "The token is unknown or has expired.");
    let stored = theirs.rows("select * from sso_tokens where tenant_id = {tenant}");
    assert!(stored.len() == 1 && !stored[0].to_string().contains(&token), "{stored:?}");
}

#[test]
fn an_unknown_customer_gets_no_token() {
    let tenant = tenant();
    let message = "A Customer with the given Customer ID was not found.";
    tenant.get("/v1/sso/99").rejects(404, message);
    tenant.get("/v1/sso/unknown").rejects(404, message);
    tenant.get("/v1/sso?externalId=unknown").rejects(404, message);
    tenant.get("/v1/sso?externalId=a%00").rejects(404, message);
    tenant.get("/v1/sso").rejects(500, "One of the parameters token or externalId is required.");
    let reply = tenant.get("/v1/sso/admin/token/abc");
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (
            501,
            r#"{ "statusCode": 501, "message": "UseAdminSsoToken is an operation of DirectScale's that this emulator does not build." }"#
        )
    );
}
