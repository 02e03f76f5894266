//! What the emulator says of itself: the OpenAPI document, the docs page, the coverage.

use std::collections::HashSet;

use serde_json::Value;

use crate::support::documented::{document, operations};
use crate::support::server::server;
use crate::support::{Client, Reply, tenant};

const CLASSES: [&str; 5] = ["documented", "client-observed", "framework-default", "inferred", "chosen"];

/// Without a key.
fn get(path: &str, headers: &str) -> Reply {
    let client = Client { address: server().address, key: String::new() };
    let request = format!("GET {path} HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n{headers}\r\n");
    client.raw(request.as_bytes())
}

#[test]
fn the_document_is_served_as_it_is_made() {
    let reply = get("/_emulator/openapi.json", "");
    assert_eq!((reply.status, reply.header("Content-Type")), (200, Some("application/json")));
    let document = serde_json::to_value(directscale_emulator::control::document()).expect("JSON");
    assert!(reply.json() == document, "the document");
    // The control API's operations have a tag of their own, and need another secret.
    let reset = &document["paths"]["/_emulator/tenants/{tenant}/reset"]["post"];
    assert_eq!((&reset["tags"][0], reset["security"][0]["adminToken"].is_array()), (&Value::from("control"), true));
    assert_eq!(document["openapi"], "3.1.0");
    let scheme = &document["components"]["securitySchemes"]["subscriptionKey"];
    assert_eq!((&scheme["in"], &scheme["name"]), (&Value::from("header"), &Value::from("Ocp-Apim-Subscription-Key")));
    assert!(document["security"][0]["subscriptionKey"].is_array());
}

#[test]
fn every_operation_says_how_well_founded_it_is() {
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
        let wanted: &[u16] = if operation.is_built { &[401, 403, 429, 500] } else { &[401, 501] };
        assert!(wanted.iter().all(|status| operation.statuses.contains(status)), "{operation:?}");
    }
    assert_eq!(operations().iter().filter(|operation| operation.is_built).count(), 47);
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    found.push(reference.to_owned());
                }
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 30);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(document.pointer(pointer).is_some(), "{reference}");
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
    for part in ["UpgradeCustomer", "GetCustomerOrders", "client-observed", "Not built"] {
        assert!(page.body.contains(part), "{part}");
    }
}

#[test]
fn every_operation_has_a_metric() {
    let tenant = tenant();
    for operation in operations() {
        let path = operation.address(|_| Some("1".to_owned()));
        tenant.call(&operation.method, &path, "", None);
    }
    let metrics = get("/metrics", "").body;
    for operation in operations() {
        let label = format!("operation=\"{}\"", operation.id);
        assert!(metrics.contains(&label), "{label}");
    }
}
