//! The operations of the OpenAPI document, for tests that go through all of them.

use serde_json::Value;

/// An operation, as documented.
#[derive(Debug)]
pub struct Operation {
    pub id: String,
    pub method: String,
    /// The pattern of its path.
    pub route: String,
    /// For each parameter, whether it is in the path, and its name.
    pub parameters: Vec<(bool, String)>,
    pub statuses: Vec<u16>,
    pub is_built: bool,
    /// The first of its tags: the group, or the vendor.
    pub tag: String,
}

pub fn document() -> Value {
    serde_json::to_value(directscale_emulator::vendors::document()).expect("JSON")
}

pub fn operations() -> Vec<Operation> {
    let document = document();
    let mut operations = Vec::new();
    for (route, methods) in document["paths"].as_object().expect("paths") {
        // A path can have servers in addition to its methods.
        let methods = methods.as_object().expect("methods").iter();
        for (method, described) in methods.filter(|(_, described)| described.is_object()) {
            let parameters = described["parameters"].as_array().into_iter().flatten();
            operations.push(Operation {
                id: described["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_ascii_uppercase(),
                route: route.clone(),
                parameters: parameters
                    .map(|parameter| {
                        (parameter["in"] == "path", parameter["name"].as_str().expect("a name").to_owned())
                    })
                    .collect(),
                statuses: described["responses"]
                    .as_object()
                    .expect("responses")
                    .keys()
                    .map(|status| status.parse().expect("a status"))
                    .collect(),
                is_built: described["x-not-built"] != true,
                tag: described["tags"][0].as_str().unwrap_or_default().to_owned(),
            });
        }
    }
    operations
}

impl Operation {
    /// The path and query with these values of the parameters.
    pub fn address(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let mut path = self.route.clone();
        let mut query = Vec::new();
        for (in_path, name) in &self.parameters {
            let Some(value) = value(name) else {
                assert!(!in_path, "a value of {name} for {}", self.id);
                continue;
            };
            if *in_path {
                path = path.replace(&format!("{{{name}}}"), &value);
            } else {
                query.push(format!("{name}={value}"));
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }
}
