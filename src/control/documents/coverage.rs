//! The coverage: operations and statuses with their evidence classes, read from the OpenAPI document.

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::body::Body;
use axum::http::Response;
use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::control::pages;
use crate::plan::{Plan, PlanEntry};
use crate::recordings::{Comparison, Verdict, Verified};

/// The best evidence first.
const CLASSES: [&str; 5] = ["documented", "client-observed", "framework-default", "inferred", "chosen"];

/// Operations by status and evidence, the fields that are not documented, and the operations that are not built.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    operations: Vec<CoveredOperation>,
    fields: Vec<Field>,
    not_built: Vec<NotBuilt>,
    plan: Vec<PlanDefault>,
    /// The recordings that cannot be read, each with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable_recordings: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct CoveredOperation {
    operation: String,
    group: String,
    method: String,
    path: String,
    statuses: Vec<Status>,
    evidence: String,
    source: String,
    /// The latest comparison with a real service.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Comparison>,
}

#[derive(Debug, Clone, Serialize)]
struct Status {
    status: String,
    evidence: String,
}

#[derive(Debug, Clone, Serialize)]
struct Field {
    object: String,
    name: String,
    evidence: String,
    source: String,
}

/// An entry of a plan, with the evidence for its default.
#[derive(Debug, Clone, Serialize)]
struct PlanDefault {
    entry: String,
    evidence: &'static str,
    source: &'static str,
}

#[derive(Debug, Clone, Serialize)]
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
        let mut coverage = Self {
            operations: Vec::new(),
            fields: Vec::new(),
            not_built: Vec::new(),
            plan: plan_defaults(),
            unreadable_recordings: Vec::new(),
        };
        for (path, methods) in members(&document["paths"]) {
            // Apart from methods, a path may have servers.
            for (method, operation) in members(methods).filter(|(_, operation)| operation.is_object()) {
                coverage.add(path, method, operation);
            }
        }
        // In the order of the document's groups; within a group by path.
        let groups: Vec<&str> =
            document["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str()).collect();
        let place = |covered: &CoveredOperation| groups.iter().position(|group| *group == covered.group);
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
        let (evidence, compared) = (class, None);
        self.operations.push(CoveredOperation { operation, group, method, path, statuses, evidence, source, compared });
    }

    /// The same, with what comparisons with a real service found.
    #[must_use]
    pub fn with_recordings(mut self, verified: &Verified) -> Self {
        for covered in &mut self.operations {
            covered.compared = verified.of(&covered.operation).cloned();
        }
        self.unreadable_recordings.clone_from(&verified.unreadable);
        self
    }

    /// The evidence class and the source of an operation's response with this status.
    pub(super) fn evidence(&self, operation: &str, status: Option<u16>) -> Option<(&str, &str)> {
        let covered = self.operations.iter().find(|covered| covered.operation == operation)?;
        let status = status.map(|status| status.to_string());
        let of_status = covered.statuses.iter().find(|known| Some(&known.status) == status.as_ref());
        let class = of_status.map_or(covered.evidence.as_str(), |known| known.evidence.as_str());
        Some((class, &covered.source))
    }

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
             Generated by `directscale-emulator coverage` from the operations' own attributes; a test fails when it is stale.\n\
             [API.md](API.md) explains the evidence classes. A status without a class has the operation's.\n\n\
             ## Operations\n\n\
             | operation | request | statuses | evidence | source |\n| --- | --- | --- | --- | --- |\n",
        );
        for covered in &self.operations {
            let CoveredOperation { operation, method, path, source, .. } = covered;
            let (statuses, evidence) = (covered.statuses_text(), covered.evidence_text());
            let _ = writeln!(text, "| {operation} | `{method} {path}` | {statuses} | {evidence} | {source} |");
        }
        text.push_str("\n## Fields of responses that are not documented\n\n| object | field | evidence | source |\n| --- | --- | --- | --- |\n");
        for Field { object, name, evidence, source } in &self.fields {
            let _ = writeln!(text, "| {object} | {name} | {evidence} | {source} |");
        }
        text.push_str("\n## Defaults of the plan\n\n[SEEDS.md](SEEDS.md#the-plan) has their values.\n\n| entry | evidence | source |\n| --- | --- | --- |\n");
        for PlanDefault { entry, evidence, source } in &self.plan {
            let _ = writeln!(text, "| `{entry}` | {evidence} | {source} |");
        }
        text.push_str(
            "\n## Not built\n\nTheir response is 501 with their name.\n\n| operation | request | evidence |\n| --- | --- | --- |\n",
        );
        for NotBuilt { operation, method, path, evidence } in &self.not_built {
            let _ = writeln!(text, "| {operation} | `{method} {path}` | {evidence} |");
        }
        text
    }

    /// The page, filtered by a query such as `evidence=chosen`.
    #[must_use]
    pub(super) fn page(&self, query: &str) -> Response<Body> {
        let class_filter = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "evidence");
        let class_filter = class_filter.and_then(|(_, value)| CLASSES.into_iter().find(|class| *class == value));
        let is_shown = |class: &str| class_filter.is_none_or(|class_filter| class_filter == class);
        let operations: Vec<&CoveredOperation> =
            self.operations.iter().filter(|covered| is_shown(&covered.evidence)).collect();
        let fields: Vec<&Field> = self.fields.iter().filter(|field| is_shown(&field.evidence)).collect();
        let plan: Vec<&PlanDefault> = self.plan.iter().filter(|default| is_shown(default.evidence)).collect();
        let not_built: Vec<&NotBuilt> = self.not_built.iter().filter(|unbuilt| is_shown(&unbuilt.evidence)).collect();
        pages::plain(
            "Coverage",
            None,
            &html! {
                p.lead {
                    "Every operation with the evidence for its responses. "
                    a href="/_emulator/docs" { "Try the operations" } " · "
                    a href="/_emulator/openapi.json" { "OpenAPI document" }
                }
                (self.filter(class_filter))
                @for unreadable in &self.unreadable_recordings {
                    div.alert.bad role="alert" { "A recording cannot be read: " (unreadable) }
                }
                @for group in operations.chunk_by(|one, next| one.group == next.group) { (group_section(group)) }
                @if !fields.is_empty() { (fields_section(&fields)) }
                @if !plan.is_empty() { (plan_section(&plan)) }
                @if !not_built.is_empty() { (not_built_section(&not_built)) }
                @if operations.is_empty() && fields.is_empty() && plan.is_empty() && not_built.is_empty() {
                    p.empty { "No operation or field has this class." }
                }
            },
        )
    }

    /// The classes, each with its number of operations.
    fn filter(&self, class_filter: Option<&str>) -> Markup {
        let count = |class: &str| self.operations.iter().filter(|covered| covered.evidence == class).count();
        html! {
            nav.links aria-label="Evidence" {
                a href="/_emulator/coverage" aria-current=[class_filter.is_none().then_some("page")] {
                    "all (" (self.operations.len()) ")"
                }
                @for class in CLASSES {
                    a href={ "/_emulator/coverage?evidence=" (class) } aria-current=[(class_filter == Some(class)).then_some("page")] {
                        (class) " (" (count(class)) ")"
                    }
                }
            }
        }
    }
}

fn group_section(operations: &[&CoveredOperation]) -> Markup {
    let group = operations.first().map_or("", |covered| covered.group.as_str());
    html! {
        section {
            h2 { (group) " (" (operations.len()) ")" }
            table.stack.coverage {
                thead { tr { th { "Operation" } th { "Request" } th { "Statuses" } th { "Evidence" } th { "Source" } } }
                tbody {
                    @for covered in operations {
                        tr id=(covered.operation) {
                            td data-label="Operation" { (covered.operation) }
                            td data-label="Request" { code { (covered.method) " " (covered.path) } }
                            td data-label="Statuses" { (covered.statuses_text()) }
                            td data-label="Evidence" {
                                (badge(&covered.evidence))
                                @if let Some(compared) = &covered.compared { " " (compared_badge(compared)) }
                            }
                            td data-label="Source" {
                                (covered.source)
                                @if let Some(compared) = &covered.compared { "; compared with " (compared.source) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn fields_section(fields: &[&Field]) -> Markup {
    html! {
        section {
            h2 { "Fields of responses that are not documented (" (fields.len()) ")" }
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

fn plan_section(defaults: &[&PlanDefault]) -> Markup {
    html! {
        section {
            h2 { "Defaults of the plan (" (defaults.len()) ")" }
            table.stack {
                thead { tr { th { "Entry" } th { "Evidence" } th { "Source" } } }
                tbody {
                    @for default in defaults {
                        tr {
                            td data-label="Entry" { code { (default.entry) } }
                            td data-label="Evidence" { (badge(default.evidence)) }
                            td data-label="Source" { (default.source) }
                        }
                    }
                }
            }
        }
    }
}

fn not_built_section(operations: &[&NotBuilt]) -> Markup {
    html! {
        section {
            h2 { "Not built (" (operations.len()) ")" }
            p { "Their response is 501 with their name." }
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

fn plan_defaults() -> Vec<PlanDefault> {
    let entries = Plan::entries().into_iter();
    entries.map(|PlanEntry { name, evidence, source, .. }| PlanDefault { entry: name, evidence, source }).collect()
}

fn badge(class: &str) -> Markup {
    let style = match class {
        "documented" => "mark good",
        "inferred" | "chosen" => "mark warn",
        _ => "mark",
    };
    html! { span class=(style) { (class) } }
}

/// `verified on 2026-11-26`, which does not break into lines.
fn compared_badge(compared: &Comparison) -> Markup {
    let (style, verb) = match compared.verdict {
        Verdict::Equal => ("mark good", "verified"),
        Verdict::Different | Verdict::NotComparable => ("mark warn", "differs"),
    };
    html! { span class=(style) { (verb) " on " (compared.date) } }
}

impl CoveredOperation {
    /// The class, and the latest comparison with a real service.
    fn evidence_text(&self) -> Cow<'_, str> {
        match &self.compared {
            Some(compared) => Cow::Owned(format!("{}, {compared}", self.evidence)),
            None => Cow::Borrowed(&self.evidence),
        }
    }

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

/// Class and source of an object's `x-evidence`; empty without one.
fn evidence(described: &Value) -> (String, String) {
    let evidence = &described["x-evidence"];
    (text(&evidence["class"]), text(&evidence["source"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
