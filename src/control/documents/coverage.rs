//! What is covered, and how well founded each answer is: read out of the OpenAPI document, so that it cannot say anything
//! else.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::Response;
use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::control::pages;

/// The evidence classes, the best founded first.
const CLASSES: [&str; 5] = ["documented", "client-observed", "framework-default", "inferred", "chosen"];

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
    group: String,
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
            // Beside the methods a path can have servers of its own.
            for (method, operation) in members(methods).filter(|(_, operation)| operation.is_object()) {
                coverage.add(path, method, operation);
            }
        }
        // In the order in which the document declares its groups; within one by path.
        let groups: Vec<&str> =
            document["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str()).collect();
        let place = |covered: &Covered| groups.iter().position(|group| *group == covered.group);
        coverage.operations.sort_by_key(|covered| place(covered).unwrap_or(usize::MAX));
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
        let group = text(&described["tags"][0]);
        self.operations.push(Covered { operation, group, method, path, statuses, evidence: class, source });
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

    /// For people with a browser: all of it, or in a query such as `evidence=chosen` what is of one class.
    #[must_use]
    pub(super) fn page(&self, query: &str) -> Response<Body> {
        let wanted = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "evidence");
        let wanted = wanted.and_then(|(_, value)| CLASSES.into_iter().find(|class| *class == value));
        let is_wanted = |class: &str| wanted.is_none_or(|wanted| wanted == class);
        let operations: Vec<&Covered> = self.operations.iter().filter(|covered| is_wanted(&covered.evidence)).collect();
        let fields: Vec<&Field> = self.fields.iter().filter(|field| is_wanted(&field.evidence)).collect();
        let not_built: Vec<&NotBuilt> = self.not_built.iter().filter(|unbuilt| is_wanted(&unbuilt.evidence)).collect();
        pages::plain(
            "Coverage",
            None,
            &html! {
                p.lead {
                    "Every operation, and how well founded its answers are. "
                    a href="/_emulator/docs" { "Try the operations" } " · "
                    a href="/_emulator/openapi.json" { "OpenAPI document" }
                }
                (self.filter(wanted))
                @for group in operations.chunk_by(|one, next| one.group == next.group) { (of_group(group)) }
                @if !fields.is_empty() { (of_fields(&fields)) }
                @if !not_built.is_empty() { (of_not_built(&not_built)) }
                @if operations.is_empty() && fields.is_empty() && not_built.is_empty() {
                    p.empty { "Nothing is of this class." }
                }
            },
        )
    }

    /// The classes, each with how many operations have it.
    fn filter(&self, wanted: Option<&str>) -> Markup {
        let count = |class: &str| self.operations.iter().filter(|covered| covered.evidence == class).count();
        html! {
            nav.links aria-label="Evidence" {
                a href="/_emulator/coverage" aria-current=[wanted.is_none().then_some("page")] {
                    "all (" (self.operations.len()) ")"
                }
                @for class in CLASSES {
                    a href={ "/_emulator/coverage?evidence=" (class) } aria-current=[(wanted == Some(class)).then_some("page")] {
                        (class) " (" (count(class)) ")"
                    }
                }
            }
        }
    }
}

fn of_group(operations: &[&Covered]) -> Markup {
    let group = operations.first().map_or("", |covered| covered.group.as_str());
    html! {
        section {
            h2 { (group) " (" (operations.len()) ")" }
            table.stack.coverage {
                thead { tr { th { "Operation" } th { "Request" } th { "Statuses" } th { "Evidence" } th { "Source" } } }
                tbody {
                    @for covered in operations {
                        tr {
                            td data-label="Operation" { (covered.operation) }
                            td data-label="Request" { code { (covered.method) " " (covered.path) } }
                            td data-label="Statuses" { (covered.statuses_text()) }
                            td data-label="Evidence" { (badge(&covered.evidence)) }
                            td data-label="Source" { (covered.source) }
                        }
                    }
                }
            }
        }
    }
}

fn of_fields(fields: &[&Field]) -> Markup {
    html! {
        section {
            h2 { "Fields of answers that are not documented (" (fields.len()) ")" }
            table.stack {
                thead { tr { th { "Object" } th { "Field" } th { "Evidence" } th { "Source" } } }
                tbody {
                    @for field in fields {
                        tr {
                            td data-label="Object" { (field.object) }
                            td data-label="Field" { (field.name) }
                            td data-label="Evidence" { (badge(&field.evidence)) }
                            td data-label="Source" { (field.source) }
                        }
                    }
                }
            }
        }
    }
}

fn of_not_built(operations: &[&NotBuilt]) -> Markup {
    html! {
        section {
            h2 { "Not built (" (operations.len()) ")" }
            p { "These answer 501 and their name." }
            table.stack {
                thead { tr { th { "Operation" } th { "Request" } th { "Evidence" } } }
                tbody {
                    @for unbuilt in operations {
                        tr {
                            td data-label="Operation" { (unbuilt.operation) }
                            td data-label="Request" { code { (unbuilt.method) " " (unbuilt.path) } }
                            td data-label="Evidence" { (badge(&unbuilt.evidence)) }
                        }
                    }
                }
            }
        }
    }
}

/// An evidence class, told by its name and by colour.
fn badge(class: &str) -> Markup {
    let colour = match class {
        "documented" => "mark good",
        "inferred" | "chosen" => "mark warn",
        _ => "mark",
    };
    html! { span class=(colour) { (class) } }
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
