//! The form of a scenario file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A scenario as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScenarioFile {
    /// What it is about, in one line.
    pub title: String,
    /// The vendor API, by the name of the command line.
    #[serde(default)]
    pub api: Option<String>,
    /// Whether it runs only when the command line names it.
    #[serde(default)]
    pub only_when_named: bool,
    #[serde(default)]
    pub compare: Comparison,
    /// The values that the command line can replace for the real service.
    #[serde(default)]
    pub inputs: BTreeMap<String, Input>,
    /// Bodies by name.
    #[serde(default)]
    pub bodies: BTreeMap<String, Value>,
    pub steps: Vec<StepFile>,
}

/// What a comparison looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Everything.
    #[default]
    Values,
    /// Status, headers, names, types and formats: the data of the two services differs.
    Shape,
}

/// A value that the command line can replace for the real service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The value for the emulator, and for the real service if the command line has none.
    pub default: Value,
    /// What it is, for people.
    pub meaning: String,
}

/// A step as the file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepFile {
    pub name: String,
    /// Values for which the step is repeated, in all combinations.
    #[serde(default)]
    pub for_each: Map<String, Value>,
    /// Method and path.
    pub send: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub credential: Credential,
    /// The name of a body, or a body.
    #[serde(default)]
    pub body: Option<Value>,
    /// Members to replace, by dotted names.
    #[serde(default)]
    pub with: Map<String, Value>,
    /// Members to leave out, by dotted names.
    #[serde(default)]
    pub without: Option<Value>,
    /// A body that is sent as it stands.
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub content_type: Option<String>,
    /// Names of values, with JSON pointers into the response.
    #[serde(default)]
    pub capture: BTreeMap<String, String>,
    /// What a successful response has created.
    #[serde(default)]
    pub creates: Option<Created>,
    /// Whether the step changes nothing although its method could.
    #[serde(default)]
    pub reads: bool,
    /// The entries of the plan on which the response depends.
    #[serde(default)]
    pub shows: Vec<String>,
}

/// The credential of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// The user's.
    #[default]
    Valid,
    None,
    /// One that no service accepts.
    Wrong,
}

/// What a step creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Created {
    Customer,
}
