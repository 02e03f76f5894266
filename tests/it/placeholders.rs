//! Placeholders of the vendor's portal that a client sends as they are: in every query parameter they are absent.

use serde_json::json;

use crate::support::server::server;
use crate::support::{Client, tenant};

/// Queries of DirectScale's API with placeholders, each with the query without them that has the same response.
const AS_WITHOUT: [(&str, &str, &str); 9] = [
    // As a public dashboard sends them.
    ("/v1/customers/1/downline", "?tree={}&levels={1}&{body}", ""),
    ("/v1/customers/2/stats", "?date={date}", ""),
    ("/v1/customers/1/downline", "?tree=%7Btree%7D&levels=%7Blevels%7D", ""),
    ("/v1/customers/1/downline", "?levels={levels}&levels=1&tree={{tree}}", "?levels=1"),
    ("/v1/customers/customer-ids", "?customerType={type}&customerStatus={}&modifiedSince={date}", ""),
    ("/v1/customers/search/demo", "?types={types}&statuses={a},{b}&countries={}&includeWebAliases={bool}", ""),
    ("/v1/customers", "?backOfficeId={backOfficeId}&email=dana@demo.example&username={username}", "?username=dana"),
    ("/v1/customers/websiteInfo2", "?webAlias={alias}&webAlias=dana", "?webAlias=dana"),
    ("/v1/customers/GetDownlineIds", "?associateId={id}&associateId=1", "?associateId=1"),
];

#[test]
fn placeholders_are_absent_at_directscales_api() {
    let tenant = tenant();
    for (path, with, without) in AS_WITHOUT {
        let send = |query: &str| tenant.get(&format!("{path}{query}")).succeeds(200);
        let (with_placeholders, expected) = (send(with), send(without));
        assert_eq!(with_placeholders.body, expected.body, "{path}{with}");
        assert!(with_placeholders.header("X-Emulator-Ignored").is_none(), "{with_placeholders:?}");
    }
    // A required parameter is missing.
    for (path, message) in [
        ("/v1/customers/websiteInfo2?webAlias={webAlias}", "webAlias is required."),
        ("/v1/customers/GetDownlineIds?associateId={1}", "associateId is required."),
        (
            "/v1/customers?email={email}&webAlias={}",
            "One of the parameters backOfficeId, externalReferenceId, email, username or webAlias is required.",
        ),
        ("/v1/sso?token={token}", "One of the parameters token or externalId is required."),
    ] {
        tenant.get(path).rejects(500, message);
    }
    let login = "/v1/validate/login?username={username}&password={password}";
    tenant.get(login).rejects(400, "Username or password is incorrect.");
    // A text that only resembles a placeholder is a value.
    for (query, message) in [
        ("?levels={1", "levels must be an integer."),
        ("?levels=1}", "levels must be an integer."),
        ("?levels={1}{2}", "levels must be an integer."),
        ("?levels={%22a%22:1}", "levels must be an integer."),
    ] {
        tenant.get(&format!("/v1/customers/1/downline{query}")).rejects(500, message);
    }
}

#[test]
fn a_placeholder_for_a_key_counts_as_missing() {
    let without_key = Client { address: server().address, key: String::new() };
    let request =
        "GET /v1/customers/3?subscription-key={key} HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\r\n";
    let reply = without_key.raw(request.as_bytes());
    assert_eq!(reply.status, 401);
    assert!(reply.body.contains("Access denied due to missing subscription key."), "{reply:?}");
}

#[test]
fn placeholders_are_absent_at_the_other_apis() {
    let tenant = tenant();
    let (bydesign, storm) = (tenant.bydesign(), tenant.storm());
    let before = tenant.everything();
    for (with, without) in [
        ("?CustomerDID={CustomerDID}", ""),
        ("?CustomerDID={}&RepDID=2", "?RepDID=2"),
        ("?CustomerDID=%7BCustomerDID%7D&RepDID={0}", ""),
    ] {
        let send = |query: &str| bydesign.get(&format!("/api/Admin/Locale{query}"));
        let (with_placeholders, expected) = (send(with), send(without));
        assert_eq!((with_placeholders.status, with_placeholders.body), (200, expected.body), "{with}");
    }
    let missing = bydesign.get("/api/customer/PublicInfo/GetInfo?CustomerDID={CustomerDID}");
    assert_eq!(missing.json()["Message"], "The CustomerDID field is required.", "{missing:?}");

    let service = "/CustomerService.svc/rest";
    for (with, without) in [
        ("GetCustomer?id={id}&id=3&cultureCode={cultureCode}", "GetCustomer?id=3"),
        ("GetCustomer?id={id}", "GetCustomer"),
        ("GetCustomerByEmail?email={email}", "GetCustomerByEmail"),
        ("GetCustomerByKey?key={key}", "GetCustomerByKey"),
        // A Guid in braces is one.
        (
            "GetCustomerByKey?key={00000000-0000-8000-8000-000000000003}",
            "GetCustomerByKey?key=00000000-0000-8000-8000-000000000003",
        ),
        ("SearchCustomer?searchString=demo&companyId={companyId}&size={size}", "SearchCustomer?searchString=demo"),
    ] {
        let send = |query: &str| storm.get(&format!("{service}/{query}"));
        let (with_placeholders, expected) = (send(with), send(without));
        assert_eq!((with_placeholders.status, with_placeholders.body), (200, expected.body), "{with}");
    }
    assert!(
        storm.get(&format!("{service}/GetCustomerByKey?key={{{}}}", "00000000-0000-8000-8000-000000000003")).body.len()
            > 2
    );
    let update =
        |query: &str| storm.post(&format!("{service}/UpdateCustomer?{query}"), &json!({ "Id": 3, "FirstName": "A" }));
    let missing = update("updatedBy={updatedBy}");
    assert_eq!((missing.status, &missing.json()["Messages"][0]["Key"]), (400, &json!("UpdatedByMissing")));
    assert_eq!(tenant.everything(), before);
}
