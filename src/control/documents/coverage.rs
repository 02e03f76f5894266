//! What is covered, and how well founded each answer is: read out of the OpenAPI document, so that it cannot say anything
//! else.

use std::fmt::Write as _;

use maud::{DOCTYPE, html};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::OpenApi;

/// Operations by status and evidence, the fields that are not documented, and what is not built.
#[derive(Debug, Serialize)]
pub struct Coverage {
    operations: Vec<Covered>,
    fields: Vec<Field>,
    not_built: Vec<NotBuilt>,
}

#[derive(Debug, Serialize)]
struct Covered {
    operation: String,
    method: String,
    path: String,
    statuses: Vec<Status>,
    evidence: String,
    source: String,
}

#[derive(Debug, Serialize)]
struct Status {
    status: String,
    evidence: String,
}

#[derive(Debug, Serialize)]
struct Field {
    object: String,
    name: String,
    evidence: String,
    source: String,
}

#[derive(Debug, Serialize)]
struct NotBuilt {
    operation: String,
    method: String,
    path: String,
    evidence: String,
}

impl Coverage {
    /// What a document covers.
    ///
    /// # Panics
    /// Never: a document is JSON.
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        let document = serde_json::to_value(document).expect("invariant: plain data is JSON");
        let mut coverage = Self { operations: Vec::new(), fields: Vec::new(), not_built: Vec::new() };
        for (path, methods) in members(&document["paths"]) {
            for (method, operation) in members(methods) {
                coverage.add(path, method, operation);
            }
        }
        for (schema, described) in members(&document["components"]["schemas"]) {
            for (field, property) in members(&described["properties"]) {
                let (evidence, source) = evidence(property);
                if matches!(evidence.as_str(), "inferred" | "chosen") {
                    coverage.fields.push(Field { object: schema.clone(), name: field.clone(), evidence, source });
                }
            }
        }
        coverage
    }

    fn add(&mut self, path: &str, method: &str, described: &Value) {
        let operation = text(&described["operationId"]);
        let (method, path) = (method.to_ascii_uppercase(), path.to_owned());
        let (class, source) = evidence(described);
        if described["x-not-built"] == true {
            self.not_built.push(NotBuilt { operation, method, path, evidence: class });
            return;
        }
        let statuses = members(&described["responses"])
            .map(|(status, response)| {
                let (own, _) = evidence(response);
                Status { status: status.clone(), evidence: if own.is_empty() { class.clone() } else { own } }
            })
            .collect();
        self.operations.push(Covered { operation, method, path, statuses, evidence: class, source });
    }

    /// For programs.
    ///
    /// # Panics
    /// Never: this is plain data.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("invariant: plain data is JSON")
    }

    /// `docs/COVERAGE.md`.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = String::from(
            "# Coverage\n\n\
             Made by `directscale-emulator coverage` from the operations' own attributes; a test fails when it is stale.\n\
             [API.md](API.md) explains the evidence classes. A status without a class has the operation's.\n\n\
             ## Operations\n\n\
             | operation | call | statuses | evidence | source |\n| --- | --- | --- | --- | --- |\n",
        );
        for covered in &self.operations {
            let Covered { operation, method, path, evidence, source, .. } = covered;
            let statuses = covered.statuses_text();
            let _ = writeln!(text, "| {operation} | `{method} {path}` | {statuses} | {evidence} | {source} |");
        }
        text.push_str("\n## Fields of answers that are not documented\n\n| object | field | evidence | source |\n| --- | --- | --- | --- |\n");
        for Field { object, name, evidence, source } in &self.fields {
            let _ = writeln!(text, "| {object} | {name} | {evidence} | {source} |");
        }
        text.push_str(
            "\n## Not built\n\nThese answer 501 and their name.\n\n| operation | call | evidence |\n| --- | --- | --- |\n",
        );
        for NotBuilt { operation, method, path, evidence } in &self.not_built {
            let _ = writeln!(text, "| {operation} | `{method} {path}` | {evidence} |");
        }
        text
    }

    /// For people with a browser.
    #[must_use]
    pub fn to_page(&self) -> String {
        let style = "body{font:15px/1.4 system-ui,sans-serif;margin:2rem;max-width:80rem}\
                     table{border-collapse:collapse}td,th{padding:.25rem .7rem;border-bottom:1px solid #ddd;text-align:left}";
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head { meta charset="utf-8"; title { "Coverage" } style { (style) } }
                body { main {
                    h1 { "Coverage" }
                    p { a href="/_emulator/docs" { "The operations, to try" } " · " a href="/_emulator/openapi.json" { "OpenAPI" } }
                    h2 { "Operations (" (self.operations.len()) ")" }
                    table {
                        tr { th { "operation" } th { "call" } th { "statuses" } th { "evidence" } th { "source" } }
                        @for covered in &self.operations {
                            tr {
                                td { (covered.operation) }
                                td { code { (covered.method) " " (covered.path) } }
                                td { (covered.statuses_text()) }
                                td { (covered.evidence) }
                                td { (covered.source) }
                            }
                        }
                    }
                    h2 { "Fields of answers that are not documented (" (self.fields.len()) ")" }
                    table {
                        tr { th { "object" } th { "field" } th { "evidence" } th { "source" } }
                        @for field in &self.fields {
                            tr { td { (field.object) } td { (field.name) } td { (field.evidence) } td { (field.source) } }
                        }
                    }
                    h2 { "Not built (" (self.not_built.len()) ")" }
                    p { "These answer 501 and their name." }
                    table {
                        tr { th { "operation" } th { "call" } th { "evidence" } }
                        @for operation in &self.not_built {
                            tr {
                                td { (operation.operation) }
                                td { code { (operation.method) " " (operation.path) } }
                                td { (operation.evidence) }
                            }
                        }
                    }
                } }
            }
        };
        page.into_string()
    }
}

impl Covered {
    fn statuses_text(&self) -> String {
        let one = |status: &Status| match &status.evidence {
            class if *class == self.evidence => status.status.clone(),
            class => format!("{} {class}", status.status),
        };
        self.statuses.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Class and source of something's `x-evidence`; empty where there is none.
fn evidence(described: &Value) -> (String, String) {
    let evidence = &described["x-evidence"];
    (text(&evidence["class"]), text(&evidence["source"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
