//! The bodies of documented errors in the OpenAPI document are those that the server responds with.

use serde_json::{Value, json};

use crate::support::control::control;
use crate::support::server::server;
use crate::support::vendors::VendorClient;
use crate::support::{Client, Reply, Tenant, seeds, tenant, tenant_with, with};

/// The id of a task in the document, and of nothing else.
const ID: &str = "01918f3a-7c1e-7b52-9d1a-3c5e7f901b2d";

const HOOK: &str = "/hooks/Associates.Enrollment.UpdateAssociateBaseType";

/// An operation of the document.
struct Operation {
    id: String,
    path: String,
    method: String,
    described: Value,
}

/// Every operation of every API, also those that are not built.
fn documented() -> Vec<Operation> {
    let document = serde_json::to_value(directscale_emulator::control::document()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths").iter();
    let all = paths.flat_map(|(path, item)| {
        let methods = item.as_object().expect("methods").iter();
        methods.filter(|(_, described)| described["responses"].is_object()).map(|(method, described)| Operation {
            id: described["operationId"].as_str().expect("an id").to_owned(),
            path: path.clone(),
            method: method.to_uppercase(),
            described: described.clone(),
        })
    });
    all.collect()
}

/// Every operation that is built.
fn operations() -> Vec<Operation> {
    documented().into_iter().filter(Operation::is_built).collect()
}

fn operation(id: &str) -> Operation {
    operations().into_iter().find(|known| known.id == id).unwrap_or_else(|| panic!("{id}"))
}

impl Operation {
    fn tag(&self) -> &str {
        self.described["tags"][0].as_str().expect("a tag")
    }

    fn is_built(&self) -> bool {
        self.described["x-not-built"] != true
    }

    fn has_body(&self) -> bool {
        self.described["requestBody"].is_object()
    }

    fn documents(&self, status: u16) -> bool {
        self.described["responses"][status.to_string()].is_object()
    }

    /// The path and query, with this value of the parameters in the path, and without those in the query.
    fn address(&self, value: &str) -> String {
        let parts = self.path.split('/').map(|part| if part.starts_with('{') { value } else { part });
        parts.collect::<Vec<_>>().join("/")
    }

    /// Compares a response with the example of its status and type, apart from ids, times and the numbers of limits.
    #[track_caller]
    fn has_example_of(&self, reply: &Reply) {
        let content_type = reply.header("Content-Type").and_then(|value| value.split(';').next()).expect("a type");
        let documented = &self.described["responses"][reply.status.to_string()]["content"][content_type];
        let example = &documented["example"];
        assert!(!example.is_null(), "{}: {reply:?}", self.id);
        let is_json = content_type.ends_with("json");
        let body = if is_json { reply.json() } else { Value::String(reply.body.replace("\r\n", "\n")) };
        let limits = matches!(reply.status, 403 | 413 | 429);
        assert_eq!(comparable(body, limits), comparable(example.clone(), limits), "{}", self.id);
    }
}

fn comparable(mut body: Value, without_numbers: bool) -> Value {
    for name in ["activityId", "TimeStamp"] {
        if let Some(varying) = body.get_mut(name) {
            assert!(varying.is_string(), "{varying}");
            *varying = Value::Null;
        }
    }
    if !without_numbers {
        return body;
    }
    let mut previous = ' ';
    let shortened = |character: &char| {
        let is_repeated = character.is_ascii_digit() && previous == '0';
        previous = if character.is_ascii_digit() { '0' } else { *character };
        !is_repeated
    };
    let text = body.to_string();
    let zeroed = |character: char| if character.is_ascii_digit() { '0' } else { character };
    text.chars().filter(shortened).map(zeroed).collect::<String>().into()
}

fn directscale_of(tenant: &Tenant) -> VendorClient {
    VendorClient::new(format!("Ocp-Apim-Subscription-Key: {}\r\n", tenant.key))
}

/// An operation of each vendor, and its client.
fn one_of_each_vendor(tenant: &Tenant) -> [(&'static str, VendorClient); 3] {
    [
        ("GetCustomer", directscale_of(tenant)),
        ("ByDesignListCountries", tenant.bydesign()),
        ("StormGetCustomer", tenant.storm()),
    ]
}

#[test]
fn every_documented_error_has_a_body() {
    let (mut count, mut without) = (0, Vec::new());
    for operation in documented() {
        for (status, response) in operation.described["responses"].as_object().expect("responses") {
            if !status.starts_with(['4', '5']) {
                continue;
            }
            let content = response["content"].as_object().unwrap_or_else(|| panic!("{} {status}", operation.id));
            for (name, content) in content {
                count += 1;
                if content["example"].is_null() {
                    without.push(format!("{} {status} {name}", operation.id));
                }
            }
        }
    }
    assert!(without.is_empty(), "{without:?}");
    assert!(count > 500, "{count}");
}

#[test]
fn the_bodies_of_unauthenticated_and_too_large_and_encoded_requests_are_those_of_the_server() {
    let tenant = tenant();
    let (bydesign, storm) = (tenant.bydesign(), tenant.storm());
    let directscale = directscale_of(&tenant);
    let keyless = VendorClient::new(String::new());
    let too_long = " ".repeat(1 << 20) + "{}";
    let mut compared = 0;
    for operation in operations().into_iter().filter(|operation| operation.tag() != "control") {
        let path = operation.address("3").replace("UpgradeCustomer", "upgrade");
        let body = operation.has_body().then_some("{}");
        let json = "Content-Type: application/json\r\n";
        operation.has_example_of(&keyless.call(&operation.method, &path, json, body));
        compared += 1;
        if !operation.has_body() {
            continue;
        }
        let (client, unsupported) = match operation.tag() {
            "ByDesign" => (&bydesign, "Content-Type: text/plain\r\n"),
            "Storm" => (&storm, "Content-Encoding: zstd\r\n"),
            _ => (&directscale, "Content-Encoding: zstd\r\n"),
        };
        for (status, headers, body) in [(415, unsupported, "{}"), (413, json, too_long.as_str())] {
            let reply = client.call(&operation.method, &path, headers, Some(body));
            assert_eq!(reply.status, status, "{}: {reply:?}", operation.id);
            operation.has_example_of(&reply);
        }
    }
    assert!(compared > 40, "{compared}");
}

#[test]
fn the_bodies_of_operations_that_are_not_built_are_those_of_the_server() {
    let tenant = tenant();
    let directscale = directscale_of(&tenant);
    let mut compared = 0;
    for operation in documented().into_iter().filter(|operation| !operation.is_built()) {
        let (client, types): (_, &[&str]) = match operation.tag() {
            "ByDesign" => (&tenant.bydesign(), &["application/json", "text/json", "application/xml", "text/xml"]),
            "Storm" => (&tenant.storm(), &["*/*"]),
            _ => (&directscale, &["*/*"]),
        };
        for accepted in types {
            let headers = format!("Accept: {accepted}\r\n");
            let reply = client.call(&operation.method, &operation.address("3"), &headers, None);
            assert_eq!(reply.status, 501, "{}: {reply:?}", operation.id);
            operation.has_example_of(&reply);
            compared += 1;
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn the_bodies_of_failures_are_those_of_the_server() {
    let tenant = tenant();
    for (id, client) in one_of_each_vendor(&tenant) {
        let rule = json!({ "operation": id, "point": "before", "response": { "status": { "code": 500 } } });
        tenant.control("POST", "/faults", Some(&rule)).done(201);
        let operation = operation(id);
        let reply = client.get(&operation.address("3"));
        assert_eq!(reply.status, 500, "{id}: {reply:?}");
        operation.has_example_of(&reply);
    }
}

#[test]
fn the_bodies_of_limits_are_those_of_the_server() {
    for (status, limit) in [(429, "rate_limit"), (403, "quota")] {
        let tenant = tenant_with(json!({ limit: { "calls": 1, "renewal_seconds": 86_390 } }));
        for (id, client) in one_of_each_vendor(&tenant) {
            let operation = operation(id);
            let replies = [(); 2].map(|()| client.get(&operation.address("3")));
            assert_eq!(replies[1].status, status, "{id}: {replies:?}");
            operation.has_example_of(&replies[1]);
        }
    }
}

#[test]
fn the_bodies_of_rejections_by_directscale_are_those_of_the_server() {
    let rejecting = tenant_with(json!({ "rejection_status": 400 }));
    let (plain, without_email) = (tenant(), with(&seeds::distributor(), json!({ "EmailAddress": null })));
    for (id, path) in [
        ("GetCustomer", "/v1/customers/999"),
        ("GetCustomersByParameter", "/v1/customers"),
        ("GetDownlineIds", "/v1/customers/GetDownlineIds"),
        ("GetCustomerDownline", "/v1/customers/3/downline?levels=x"),
        ("GetUnplacedAssociates", "/v1/customers/3/downline/UnplacedAssociates?tree=Binary"),
        ("GetSsoLoginUrl", "/v1/sso/999"),
        ("UseSsoToken", "/v1/sso?token=x"),
        ("CheckUsernameAvailability", "/v1/validate/availability-check/usernames/%ff"),
        ("ValidateBackOfficeId", "/v1/validate/back-office-id/%ff"),
        ("ValidateEmailAddress", "/v1/validate/email-address/%ff"),
        ("ValidateTaxId", "/v1/validate/tax-id/%ff"),
        ("ValidateUsername", "/v1/validate/username/%ff"),
        ("ValidateWebAlias", "/v1/validate/web-alias/%ff"),
    ] {
        for tenant in [&plain, &rejecting] {
            operation(id).has_example_of(&tenant.get(path));
        }
    }
    for tenant in [&plain, &rejecting] {
        let reply = tenant.put("/v1/customers/upgrade/3", &without_email);
        operation("UpgradeCustomer").has_example_of(&reply);
    }
}

#[test]
fn the_bodies_of_rejections_by_bydesign_are_those_of_the_server() {
    let bydesign = tenant().bydesign();
    for accepted in ["application/json", "text/json", "application/xml", "text/xml"] {
        for (id, status, path, body) in [
            ("ByDesignCreateCustomer", 400, "/api/users/customer", Some("")),
            ("ByDesignCustomerLookup", 400, "/api/users/customer/CustomerLookup", Some("{}")),
            ("ByDesignGetPublicInfo", 400, "/api/customer/PublicInfo/GetInfo", None),
            ("ByDesignGetPublicInfo", 404, "/api/customer/PublicInfo/GetInfo?CustomerDID=unknown", None),
            ("ByDesignGetCustomerType", 404, "/api/Admin/CustomerType/999", None),
        ] {
            let headers = format!("Content-Type: application/json\r\nAccept: {accepted}\r\n");
            let method = if body.is_some() { "POST" } else { "GET" };
            let reply = bydesign.call(method, path, &headers, body);
            assert_eq!(reply.status, status, "{id}: {reply:?}");
            operation(id).has_example_of(&reply);
        }
    }
}

#[test]
fn the_bodies_of_rejections_by_storm_are_those_of_the_server() {
    let storm = tenant().storm();
    for operation in operations().into_iter().filter(|operation| operation.tag() == "Storm") {
        let replies = if operation.has_body() {
            // An unreadable body, and one without a customer.
            let path = format!("{}?updatedBy=1", operation.path);
            ["[]", ""].map(|body| storm.call("POST", &path, "", Some(body))).to_vec()
        } else if operation.documents(400) {
            ["id", "key", "companyId"]
                .iter()
                .map(|name| storm.get(&format!("{}?{name}=x", operation.path)))
                .filter(|reply| reply.status == 400)
                .collect()
        } else {
            assert_eq!(operation.id, "StormGetCustomerByEmail");
            continue;
        };
        assert!(!replies.is_empty(), "{}", operation.id);
        for reply in replies {
            assert_eq!(reply.status, 400, "{}: {reply:?}", operation.id);
            operation.has_example_of(&reply);
        }
    }
}

#[test]
fn the_errors_of_the_control_api_are_those_of_the_server() {
    let (mut compared, unknown) = (0, "team-b");
    for operation in operations().into_iter().filter(|operation| operation.id != "GetCaCertificate") {
        if operation.tag() != "control" {
            continue;
        }
        let send = |path: &str, headers: &str, body: Option<&str>| {
            let client = Client { address: server().address, key: String::new() };
            let request = crate::support::http::request(&operation.method, path, headers, body);
            let request = String::from_utf8(request).expect("text");
            client.raw(request.replacen("Host: test.example", "Host: localhost", 1).as_bytes())
        };
        let body = operation.has_body().then_some("{}");
        let mut replies = vec![(403, send(&operation.address("x"), "Origin: https://evil.example\r\n", body))];
        if operation.documents(400) {
            let has_limit = operation.described["parameters"].to_string().contains(r#""limit""#);
            replies.push((
                400,
                match body {
                    Some(_) => send(&operation.address(unknown), "", Some("x")),
                    None if has_limit => send(&format!("{}?limit=x", operation.address(unknown)), "", None),
                    None => send(&operation.address("%ff"), "", None),
                },
            ));
        }
        if operation.documents(415) {
            replies.push((415, send(&operation.address(unknown), "Content-Encoding: zstd\r\n", body)));
        }
        let is_off = operation.id == "ListUnauthenticatedRequests";
        if operation.documents(404) && !is_off && operation.id != "GetTask" {
            let query = if operation.id == "Diff" { "?from=team-b&to=team-b" } else { "" };
            let example = operation.described["requestBody"]["content"]["application/json"]["example"].to_string();
            let path = operation.address(ID);
            let path = path.replacen(&format!("/tenants/{ID}"), "/tenants/team-b", 1);
            let path = path.replace(&format!("/faults/{ID}"), "/faults/1");
            let path = path.replace(&format!("/hooks/{ID}"), HOOK);
            let reply = send(&format!("{path}{query}"), "", body.map(|_| example.as_str()));
            replies.push((404, reply));
        }
        for (status, reply) in replies {
            assert_eq!(reply.status, status, "{}: {reply:?}", operation.id);
            operation.has_example_of(&reply);
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");

    operation("GetTask").has_example_of(&control("GET", &format!("/tasks/{ID}"), None));
    let path = format!("/tenants/{}/requests/wait?timeout_ms=1", tenant().name());
    operation("WaitForRequest").has_example_of(&control("GET", &path, None));
    let name = tenant().name();
    let reply = control("POST", "/tenants", Some(&json!({ "name": name })));
    assert_eq!(reply.status, 409, "{reply:?}");
    let reply = Reply { body: reply.body.replace(&name, "demo"), ..reply };
    operation("CreateTenant").has_example_of(&reply);
}
