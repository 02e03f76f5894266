//! The examples of the OpenAPI document succeed on the demo data, so that a reader's first request does.

use base64::Engine as _;
use serde_json::Value;

use crate::support::process::{DEMO_KEY, Process};
use crate::support::{Client, Reply};

/// The operations whose example needs a value that no document can contain (a new number or token, a running extension, a local CA), and the
/// stream, which has no end.
const WITHOUT: [&str; 8] = [
    "UseSsoToken",
    "TryHook",
    "GetTask",
    "GetRequest",
    "WaitForRequest",
    "StreamRequests",
    "ResendWebhook",
    "GetCaCertificate",
];

/// Operations with the one whose example must run first.
const FIRST: [(&str, &str); 8] = [
    ("RestoreSnapshot", "SaveSnapshot"),
    ("DeleteSnapshot", "SaveSnapshot"),
    ("RotateKey", "AddKey"),
    ("RevokeKey", "AddKey"),
    ("DeleteKey", "AddKey"),
    ("DeleteFault", "AddFault"),
    ("DeleteTenant", "ForkTenant"),
    ("SeedTenant", "ForkTenant"),
];

struct Try<'a> {
    document: &'a Value,
    client: Client,
}

#[test]
fn every_operation_has_an_example_that_succeeds_on_the_demo_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Process::start(&["--data", data.to_str().expect("a path")]);
    let document = serde_json::to_value(directscale_emulator::control::document()).expect("JSON");
    let client = Client { address: server.address, key: String::new() };
    let tried = Try { document: &document, client };

    let operations = tried.operations();
    let mut succeeded = 0;
    for (id, path, method, operation) in &operations {
        if WITHOUT.contains(&id.as_str()) || operation["x-not-built"] == true {
            continue;
        }
        let reset = tried.send("POST", "/_emulator/tenants/demo/reset", "", None);
        assert_eq!(reset.status, 200, "{reset:?}");
        if let Some((_, first)) = FIRST.iter().find(|(name, _)| name == id) {
            let (_, path, method, operation) =
                operations.iter().find(|(known, ..)| known == first).expect("an operation");
            let reply = tried.example(path, method, operation);
            // A reset does not change keys.
            assert!(matches!(reply.status, 200 | 201 | 409), "{first}: {reply:?}");
        }
        let reply = tried.example(path, method, operation);
        assert!((200..300).contains(&reply.status), "{id}: {reply:?}");
        let documented = operation["responses"].get(reply.status.to_string());
        assert!(documented.is_some(), "{id}: {reply:?}");
        succeeded += 1;
    }
    for id in WITHOUT.iter().chain(FIRST.iter().flat_map(|(one, other)| [one, other])) {
        assert!(operations.iter().any(|(known, ..)| known == id), "{id} is no operation");
    }
    assert!(succeeded > 70, "{succeeded}");
}

impl Try<'_> {
    fn operations(&self) -> Vec<(String, String, String, Value)> {
        let mut operations = Vec::new();
        for (path, item) in self.document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("methods") {
                if let Some(id) = operation["operationId"].as_str() {
                    operations.push((id.to_owned(), path.clone(), method.to_uppercase(), operation.clone()));
                }
            }
        }
        operations
    }

    /// Sends an operation's example to the first of its servers.
    fn example(&self, path: &str, method: &str, operation: &Value) -> Reply {
        let servers = self.document["paths"][path].get("servers").unwrap_or(&self.document["servers"]);
        let mut address = format!("{}{path}", servers[0]["url"].as_str().expect("a url").trim_end_matches('/'));
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut headers = String::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name");
            let Some(example) = parameter.get("example") else {
                assert_ne!(parameter["required"], true, "{} needs an example of {name}", operation["operationId"]);
                continue;
            };
            let value = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            match parameter["in"].as_str() {
                Some("path") => address = address.replace(&format!("{{{name}}}"), &value),
                Some("query") => {
                    query.append_pair(name, &value);
                }
                _ => headers.extend([name, ": ", &value, "\r\n"]),
            }
        }
        let query = query.finish();
        if !query.is_empty() {
            address = format!("{address}?{query}");
        }
        headers.push_str(&self.credentials(operation));
        let body = operation.get("requestBody").map(|body| {
            let content = &body["content"]["application/json"];
            let example = content.get("example").or_else(|| {
                let reference = content["schema"]["$ref"].as_str()?.trim_start_matches('#');
                self.document.pointer(reference)?["examples"].get(0)
            });
            example.unwrap_or_else(|| panic!("{} needs an example of its body", operation["operationId"])).to_string()
        });
        if body.is_some() {
            headers.push_str("Content-Type: application/json\r\n");
        }
        self.send(method, &address, &headers, body.as_deref())
    }

    /// The header with the demo tenant's credential.
    fn credentials(&self, operation: &Value) -> String {
        let security = operation.get("security").unwrap_or(&self.document["security"]);
        let Some(scheme) = security[0].as_object() else { return String::new() };
        let (scheme, _) = scheme.iter().next().expect("a scheme");
        match scheme.as_str() {
            "subscriptionKey" => format!("Ocp-Apim-Subscription-Key: {DEMO_KEY}\r\n"),
            "ByDesign" => {
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("demo:{DEMO_KEY}"));
                format!("Authorization: Basic {pair}\r\n")
            }
            "Storm" => {
                let form = format!("grant_type=client_credentials&client_id=demo&client_secret={DEMO_KEY}&scope=lab");
                let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
                let token =
                    self.document["components"]["securitySchemes"]["Storm"]["flows"]["clientCredentials"]["tokenUrl"]
                        .as_str()
                        .expect("an address");
                let reply = self.send("POST", token, headers, Some(&form));
                let token = reply.json()["access_token"].as_str().expect("a token").to_owned();
                format!("Authorization: Bearer {token}\r\n")
            }
            _ => String::new(),
        }
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: Option<&str>) -> Reply {
        let request = crate::support::http::request(method, path, headers, body);
        let request = String::from_utf8(request).expect("text");
        self.client.raw(request.replacen("Host: test.example", "Host: localhost", 1).as_bytes())
    }
}
