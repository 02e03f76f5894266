//! The OpenAPI documents, the docs page, the coverage.

use std::collections::{BTreeSet, HashSet};

use directscale_emulator::control::Api;
use serde_json::{Value, json};

use crate::support::documented::{document, operations};
use crate::support::http::request;
use crate::support::process::program;
use crate::support::server::server;
use crate::support::{Client, Reply, tenant, with};

const CLASSES: [&str; 5] = ["documented", "client-observed", "framework-default", "inferred", "chosen"];

/// A request without a key.
fn get(path: &str, headers: &str) -> Reply {
    let client = Client { address: server().address, key: String::new() };
    let request = format!("GET {path} HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n{headers}\r\n");
    client.raw(request.as_bytes())
}

/// Every document of the server, with its path.
fn documents() -> Vec<(String, Value)> {
    let served = |path: String| {
        let reply = get(&path, "");
        assert_eq!((reply.status, reply.header("Content-Type")), (200, Some("application/json")), "{path}");
        (path, reply.json())
    };
    let of_apis = Api::all().iter().map(|api| format!("/_emulator/openapi/{}.json", api.name()));
    std::iter::once("/_emulator/openapi.json".to_owned()).chain(of_apis).map(served).collect()
}

/// The document of one API.
fn of(api: Api) -> Value {
    serde_json::to_value(api.document()).expect("JSON")
}

#[test]
fn every_write_documents_the_header_of_ignored_members() {
    for (path, document) in documents() {
        for (route, _, method, operation) in described(&document) {
            let is_write = method != "get" && !route.starts_with("/_emulator") && operation["x-not-built"] != true;
            for (status, response) in operation["responses"].as_object().expect("responses") {
                let is_read = !["401", "403", "413", "415", "429", "501"].contains(&status.as_str());
                let header = &response["headers"]["X-Emulator-Ignored"];
                assert_eq!(header.is_object(), is_write && is_read, "{path}: {method} {route} {status}");
                assert!(!header.is_object() || header["description"].is_string(), "{header}");
            }
        }
    }
}

/// The operations of a document: path, path item, method, operation.
fn described(document: &Value) -> Vec<(&str, &Value, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths").iter();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("methods").iter();
            methods
                .filter(|(_, operation)| operation["responses"].is_object())
                .map(move |(method, operation)| (path.as_str(), item, method.as_str(), operation))
        })
        .collect()
}

/// Does something with every object in a document.
fn visit(value: &Value, look: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            look(members);
            members.values().for_each(|member| visit(member, look));
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, look)),
        _ => {}
    }
}

#[test]
fn the_server_serves_the_documents() {
    let document = serde_json::to_value(directscale_emulator::control::document()).expect("JSON");
    let documents_in_code = std::iter::once(document.clone()).chain(Api::all().iter().copied().map(of));
    for ((path, served), document) in documents().into_iter().zip(documents_in_code) {
        assert!(served == document, "{path}");
    }
    // The control API's operations have a tag of their own, and need another secret.
    let reset = &document["paths"]["/_emulator/tenants/{tenant}/reset"]["post"];
    assert_eq!((&reset["tags"][0], reset["security"][0]["adminToken"].is_array()), (&Value::from("control"), true));
    assert_eq!(document["openapi"], "3.1.0");
    let scheme = &document["components"]["securitySchemes"]["subscriptionKey"];
    assert_eq!((&scheme["in"], &scheme["name"]), (&Value::from("header"), &Value::from("Ocp-Apim-Subscription-Key")));
    assert!(document["security"][0]["subscriptionKey"].is_array());
}

#[test]
fn every_operation_has_an_evidence_class() {
    let document = document();
    let mut names = HashSet::new();
    for operation in operations() {
        let described = &document["paths"][&operation.route][operation.method.to_ascii_lowercase()];
        let evidence = &described["x-evidence"];
        let class = evidence["class"].as_str().unwrap_or_else(|| panic!("a class of {}", operation.id));
        assert!(CLASSES.contains(&class), "{class}");
        assert!(evidence["source"].as_str().is_some_and(|source| !source.is_empty()), "{}", operation.id);
        assert!(described["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{}", operation.id);
        assert!(names.insert(operation.id.clone()), "{} twice", operation.id);
        let required: &[u16] = if operation.is_built { &[401, 403, 429, 500] } else { &[401, 501] };
        assert!(required.iter().all(|status| operation.statuses.contains(status)), "{operation:?}");
    }
    assert_eq!(operations().iter().filter(|operation| operation.is_built).count(), 47);
}

#[test]
fn every_reference_has_its_schema_and_every_schema_is_used() {
    for (path, document) in documents() {
        let mut found = BTreeSet::new();
        visit(&document, &mut |members| {
            if let Some(reference) = members.get("$ref") {
                found.insert(reference.as_str().expect("a text").to_owned());
            }
        });
        assert!(!found.is_empty(), "{path} has no reference");
        for reference in &found {
            let pointer = reference.strip_prefix('#').expect("a local reference");
            assert!(document.pointer(pointer).is_some(), "{reference} in {path}");
        }
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        for name in schemas.keys() {
            assert!(found.contains(&format!("#/components/schemas/{name}")), "{name} in {path}");
        }
    }
}

#[test]
fn no_schema_has_a_form_that_generators_reject() {
    for (path, document) in documents() {
        visit(&document, &mut |members| {
            assert!(!members.contains_key("prefixItems"), "a tuple in {path}: {members:?}");
            assert!(!members.get("items").is_some_and(Value::is_boolean), "{path}: {members:?}");
            let is_array =
                |kind: &Value| kind == "array" || kind.as_array().is_some_and(|kinds| kinds.contains(&"array".into()));
            assert!(!members.get("type").is_some_and(is_array) || members.contains_key("items"), "{path}: {members:?}");
        });
        // Generated clients have a method for each operation.
        let operations = described(&document);
        let ids: HashSet<&str> =
            operations.iter().filter_map(|(_, _, _, operation)| operation["operationId"].as_str()).collect();
        assert_eq!(ids.len(), operations.len(), "{path}");
        for (route, _, _, operation) in operations {
            let declared: BTreeSet<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            let named: BTreeSet<&str> =
                route.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            assert_eq!(declared, named, "{route} in {path}");
        }
    }
}

#[test]
fn tags_are_declared_described_and_in_order() {
    let order = ["customers", "validate", "sso", "ByDesign", "Storm", "not built", "control"];
    for (path, document) in documents() {
        let tags = document["tags"].as_array().expect("tags");
        let names: Vec<&str> = tags.iter().filter_map(|tag| tag["name"].as_str()).collect();
        let expected: Vec<&str> = order.iter().copied().filter(|name| names.contains(name)).collect();
        assert_eq!(names, expected, "{path}");
        assert!(tags.iter().all(|tag| tag["description"].as_str().is_some_and(|text| text.len() > 10)), "{path}");
        let mut used = BTreeSet::new();
        for (route, _, method, operation) in described(&document) {
            let tags: Vec<&str> =
                operation["tags"].as_array().expect("tags").iter().filter_map(Value::as_str).collect();
            assert!(
                !tags.is_empty() && tags.iter().all(|tag| names.contains(tag)),
                "{method} {route} in {path}: {tags:?}"
            );
            used.extend(tags.into_iter().map(str::to_owned));
        }
        assert_eq!(used, names.iter().map(|name| (*name).to_owned()).collect(), "{path}");
    }
    let (_, whole) = documents().remove(0);
    assert_eq!(whole["tags"].as_array().map(Vec::len), Some(order.len()));
}

#[test]
fn every_operation_names_its_credentials() {
    for (path, document) in documents() {
        let schemes = document["components"]["securitySchemes"].as_object().expect("schemes");
        assert!(schemes.values().all(|scheme| scheme["description"].is_string()), "{path}");
        let mut used = BTreeSet::new();
        for (route, _, method, operation) in described(&document) {
            let security = operation.get("security").or(document.get("security"));
            let security = security.and_then(Value::as_array).unwrap_or_else(|| panic!("{method} {route} in {path}"));
            used.extend(security.iter().flat_map(|one| one.as_object().expect("an object").keys().cloned()));
        }
        assert_eq!(used, schemes.keys().cloned().collect(), "{path}");
    }
}

/// Each operation of the vendors is at each of its servers: the gateway asks for a key there.
#[test]
fn every_operation_is_at_each_of_its_servers() {
    for (path, document) in documents() {
        let mut bases = BTreeSet::new();
        for (route, item, method, operation) in described(&document) {
            let servers = item.get("servers").unwrap_or(&document["servers"]);
            for server in servers.as_array().unwrap_or_else(|| panic!("servers of {route} in {path}")) {
                let base = server["url"].as_str().expect("a url").trim_end_matches('/');
                bases.insert(base.to_owned());
                if operation["tags"][0] == "control" {
                    continue;
                }
                let address = format!("{base}{route}").replace("{client}", "demo").replace(['{', '}'], "");
                let client = Client { address: self::server().address, key: String::new() };
                let request = request(&method.to_uppercase(), &address, "", Some(""));
                let reply = client.raw(&request);
                assert_eq!(reply.status, 401, "{method} {address}: {reply:?}");
            }
        }
        let is_whole = path == "/_emulator/openapi.json";
        assert_eq!(bases.contains("/api/1.1"), is_whole || path.contains("storm"), "{path}: {bases:?}");
        assert_eq!(bases.contains("/{client}"), is_whole || path.contains("bydesign"), "{path}: {bases:?}");
        assert!(bases.contains(""), "{path}");
    }
}

#[test]
fn the_document_of_all_apis_merges_those_of_each() {
    let whole = serde_json::to_value(directscale_emulator::control::document()).expect("JSON");
    let mut schemas = 0;
    let mut paths = 0;
    for api in Api::all().iter().copied() {
        let one = of(api);
        // Of two schemas with one name the merge would keep one.
        for (name, schema) in one["components"]["schemas"].as_object().expect("schemas") {
            assert_eq!(&whole["components"]["schemas"][name], schema, "{name}");
            schemas += 1;
        }
        for (path, item) in one["paths"].as_object().expect("paths") {
            let without_servers = with(&whole["paths"][path], json!({ "servers": null }));
            assert_eq!(&without_servers, item, "{path}");
            paths += 1;
        }
        assert!(one["info"]["title"].is_string() && one["info"]["description"].is_string(), "{api:?}");
    }
    assert_eq!(whole["components"]["schemas"].as_object().map(serde_json::Map::len), Some(schemas));
    assert_eq!(whole["paths"].as_object().map(serde_json::Map::len), Some(paths));
}

#[test]
fn the_command_line_prints_each_document_with_the_servers_address() {
    for api in Api::all().iter().copied() {
        let output = program(&["openapi", "--api", api.name(), "--address", "https://emulator.example/"])
            .output()
            .expect("the program");
        assert!(output.status.success(), "{output:?}");
        let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let document = of(api);
        assert_eq!(
            (&printed["paths"], &printed["components"]),
            (&document["paths"], &document["components"]),
            "{api:?}"
        );
        for server in printed["servers"].as_array().expect("servers") {
            let url = server["url"].as_str().expect("a url");
            assert!(url.starts_with("https://emulator.example") && !url.ends_with('/'), "{url}");
        }
    }
    let output = program(&["openapi", "--api", "storms"]).output().expect("the program");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("directscale, bydesign, storm, control"), "{output:?}");
}

#[test]
fn null_is_accepted_where_the_document_allows_it_and_nowhere_else() {
    let document = of(Api::all()[0]);
    let nullable = |schema: &str, field: &str| {
        let kinds = &document["components"]["schemas"][schema]["properties"][field]["type"];
        kinds.as_array().is_some_and(|kinds| kinds.contains(&json!("null")))
    };
    let fields = |schema: &str| -> Vec<String> {
        document["components"]["schemas"][schema]["properties"]
            .as_object()
            .expect("properties")
            .keys()
            .cloned()
            .collect()
    };
    let tenant = tenant();
    let patched = fields("CustomerPatch");
    assert!(patched.len() > 10);
    for field in patched {
        let reply = tenant.patch("/v1/customers/4", &json!({ &field: null }));
        let expected = if nullable("CustomerPatch", &field) { 200 } else { 500 };
        assert_eq!(reply.status, expected, "{field}: {reply:?}");
    }
    // A whole customer, of the type with the fewest required fields.
    let whole = json!({
        "CustomerType": 3, "FirstName": "Pat", "LastName": "Preferred", "EmailAddress": "pat@demo.example",
        "Username": "pat", "SponsorId": 2, "PrimaryAddress": { "Street1": "S", "Region": "UT", "CountryCode": "US" },
    });
    for field in fields("CustomerRequest") {
        let mut body = whole.clone();
        body[&field] = Value::Null;
        let reply = tenant.put("/v1/customers/4", &body);
        let expected = if nullable("CustomerRequest", &field) { 200 } else { 500 };
        assert_eq!(reply.status, expected, "{field}: {reply:?}");
    }
    for (part, described) in
        document["components"]["schemas"]["CustomerRequest"]["properties"]["PrimaryAddress"]["properties"]
            .as_object()
            .expect("parts")
    {
        let mut body = whole.clone();
        body["PrimaryAddress"][part] = Value::Null;
        let reply = tenant.put("/v1/customers/4", &body);
        let expected =
            if described["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("null"))) { 200 } else { 500 };
        assert_eq!(reply.status, expected, "{part}: {reply:?}");
    }
}

/// Every operation that is documented is a route, and the document has every field of a customer.
#[test]
fn the_document_and_the_server_agree() {
    let tenant = tenant();
    let (bydesign, storm) = (tenant.bydesign(), tenant.storm());
    for operation in operations() {
        let path = operation.address(|name| Some(if name == "tree" { String::new() } else { format!("1{name}") }));
        let reply = match operation.tag.as_str() {
            "ByDesign" => bydesign.call(&operation.method, &path, "", None),
            "Storm" => storm.call(&operation.method, &path, "", None),
            _ => tenant.call(&operation.method, &path, "", None),
        };
        assert!(!reply.body.contains("Resource not found"), "{} {reply:?}", operation.id);
        assert_eq!(reply.status == 501, !operation.is_built, "{} {reply:?}", operation.id);
        if operation.tag == "not built" {
            let text = format!(
                r#"{{ "statusCode": 501, "message": "{} is an operation of DirectScale's that this emulator does not build." }}"#,
                operation.id
            );
            assert_eq!(reply.body, text);
        }
    }
    let customer = tenant.customer(2);
    let documented = document()["components"]["schemas"]["Customer"]["properties"].clone();
    let names = |value: &Value| -> HashSet<String> { value.as_object().expect("an object").keys().cloned().collect() };
    assert_eq!(names(&customer), names(&documented));
}

#[test]
fn the_docs_page_needs_no_network() {
    let entry = get("/_emulator/docs", "");
    assert_eq!((entry.status, entry.header("Location")), (307, Some("/_emulator/docs/index.html")));
    let page = get("/_emulator/docs/index.html", "");
    assert_eq!(page.status, 200);
    assert!(page.header("Content-Type").is_some_and(|kind| kind.starts_with("text/html")), "{}", page.head);
    let mut files = 0;
    for part in page.body.split(['"', '\'']) {
        assert!(!part.starts_with("http") && !part.starts_with("//"), "{part}");
        if let Some(name) = part.strip_prefix("./") {
            files += 1;
            assert_eq!(get(&format!("/_emulator/docs/{name}"), "").status, 200, "{name}");
        }
    }
    assert!(files >= 4, "{}", page.body);
    let start = get("/_emulator/docs/swagger-initializer.js", "").body;
    assert!(start.contains("/_emulator/openapi.json"), "{start}");
    assert!(start.contains("\"validatorUrl\": \"none\""), "{start}");
    assert!(!start.contains("http"), "{start}");
    assert_eq!(get("/_emulator/docs/nothing.js", "").status, 404);
    assert_eq!(get("/_emulator/nothing", "").body, r#"{ "statusCode": 404, "message": "Resource not found" }"#);
}

#[test]
fn coverage_is_json_for_programs_and_a_page_for_people() {
    let json = get("/_emulator/coverage", "");
    assert_eq!(json.header("Content-Type"), Some("application/json"));
    let coverage = json.json();
    let count = |name: &str| coverage[name].as_array().expect("a list").len();
    assert_eq!(count("operations") + count("not_built"), operations().len());
    let upgrade = coverage["operations"].as_array().expect("a list").iter();
    let upgrade = upgrade.clone().find(|covered| covered["operation"] == "UpgradeCustomer").expect("the upgrade");
    assert_eq!(
        (&upgrade["path"], &upgrade["evidence"]),
        (&Value::from("/v1/customers/upgrade/{customerId}"), &Value::from("documented"))
    );
    let fields = coverage["fields"].as_array().expect("a list");
    for (object, name) in [
        ("Customer", "TaxExempt"),
        ("Customer", "AssociateCustom"),
        ("Customer", "DefaultShippingAddress"),
        ("Problem", "errors"),
        ("SearchItem", "WebAliases"),
        ("Stats", "RankOptions"),
        ("Stats", "Stats"),
    ] {
        assert!(fields.iter().any(|field| field["object"] == object && field["name"] == name), "{object}.{name}");
    }
    let login = coverage["operations"].as_array().expect("a list").iter();
    let login = login.clone().find(|covered| covered["operation"] == "Login").expect("the login");
    let statuses = login["statuses"].as_array().expect("statuses").iter();
    let failure = statuses.clone().find(|status| status["status"] == "400").expect("a failure");
    assert_eq!(failure["evidence"], "chosen");

    let page = get("/_emulator/coverage", "Accept: text/html,application/xhtml+xml\r\n");
    assert!(page.header("Content-Type").is_some_and(|kind| kind.starts_with("text/html")));
    for part in ["UpgradeCustomer", "GetCustomerOrders", "client-observed", "Not built", "inspector.css", "Tenants"] {
        assert!(page.body.contains(part), "{part}");
    }
    let place = |operation: &str| page.body.find(operation).expect("an operation");
    assert!(place("GetCustomersByParameter") < place("ByDesignListCountries"));
    assert!(place("ByDesignListCountries") < place("StormUpdateCustomer"));
    // Filtered by class.
    let chosen = get("/_emulator/coverage?evidence=chosen", "Accept: text/html\r\n").body;
    assert!(chosen.contains("ValidateWebAlias") && !chosen.contains("UpgradeCustomer"), "{chosen}");
}

#[test]
fn every_operation_has_a_metric() {
    let tenant = tenant();
    for operation in operations() {
        let path = operation.address(|_| Some("1".to_owned()));
        tenant.call(&operation.method, &path, "", None);
    }
    let metrics = get("/metrics", "").metrics();
    for operation in operations() {
        let label = format!("operation=\"{}\"", operation.id);
        assert!(metrics.contains(&label), "{label}");
    }
}
