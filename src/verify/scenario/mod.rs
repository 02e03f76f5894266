//! Scenarios: lists of requests that are sent to the real service and to the emulator. `docs/VERIFY.md` describes their files.

mod built_in;
mod expand;
mod file;
pub(super) mod template;

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use crate::vendors::{VENDORS, VendorApi};
use file::ScenarioFile;

pub use built_in::built_in;
pub use file::Comparison;
pub(super) use file::{Created, Credential, Input};

/// The maximum size of a scenario file, in bytes.
const MAX_FILE_BYTES: usize = 1024 * 1024;

/// The maximum number of steps of a scenario, counted with every repetition.
const MAX_STEPS: usize = 2_000;

/// Placeholders that every scenario has.
pub(super) const BUILT_IN_NAMES: [&str; 5] = ["prefix", "n", "nine_digits", "years_ago", "text"];

/// A scenario with every repetition of its steps.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The name of its file without the extension.
    pub name: String,
    /// What it is about, in one line.
    pub title: String,
    pub(crate) api: &'static VendorApi,
    /// Whether it runs only when the command line names it.
    pub only_when_named: bool,
    /// Values that the command line can replace for the real service.
    pub inputs: BTreeMap<String, Input>,
    /// In order.
    pub steps: Vec<Step>,
}

/// One request of a scenario, with placeholders.
#[derive(Debug, Clone)]
pub struct Step {
    /// What the step does, unique within its scenario.
    pub name: String,
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub credential: Credential,
    pub body: StepBody,
    /// Names of values, with JSON pointers into the response.
    pub capture: BTreeMap<String, String>,
    /// What a successful response has created.
    pub creates: Option<Created>,
    /// Whether the request changes nothing.
    pub reads: bool,
    /// What the comparison of its responses looks at.
    pub compare: Comparison,
    /// Whether a secret of the request is not known, so that another one is sent.
    pub has_other_secret: bool,
    /// The entries of the plan on which the response depends.
    pub shows: Vec<String>,
}

/// The body of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepBody {
    None,
    Json(Value),
    Text(String),
}

/// Why a scenario cannot be used.
#[derive(Debug, Error)]
#[error("scenario {name}: {reason}")]
pub struct ScenarioError {
    name: String,
    reason: String,
}

impl Scenario {
    /// Reads the text of a scenario file.
    ///
    /// # Errors
    /// With the place when the text is not a scenario, is larger than [`MAX_FILE_BYTES`], or has more than [`MAX_STEPS`] steps.
    pub fn read(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let failed = |reason: String| ScenarioError { name: name.to_owned(), reason };
        if text.len() > MAX_FILE_BYTES {
            return Err(failed(format!("it has {} bytes; at most {MAX_FILE_BYTES} are read", text.len())));
        }
        let file: ScenarioFile = crate::tenants::read_text(text, false).map_err(failed)?;
        let api = match &file.api {
            None => VENDORS[0],
            Some(api) => *VENDORS.iter().find(|vendor| vendor.name == api).ok_or_else(|| {
                failed(format!("api: {api} is not one of {}", VENDORS.map(|vendor| vendor.name).join(", ")))
            })?,
        };
        let steps = expand::steps(&file).map_err(failed)?;
        let ScenarioFile { title, only_when_named, inputs, .. } = file;
        Ok(Self { name: name.to_owned(), title, api, only_when_named, inputs, steps })
    }

    /// Whether it changes nothing at the service.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.steps.iter().all(|step| step.reads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Scenario::read("x", text).expect_err("no scenario").to_string()
    }

    #[test]
    fn a_scenario_has_a_maximum_number_of_steps_and_bytes() {
        let numbers: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        let step =
            |list: &str| format!("title: x\nsteps:\n  - {{ name: '${{a}}${{b}}', for_each: {list}, send: GET /x }}\n");
        let numbers = numbers.join(", ");
        let text = step(&format!("{{ a: [{numbers}], b: [{numbers}] }}"));
        assert!(error(&text).contains("for_each has more than 2000 combinations"), "{}", error(&text));
        let longer = format!("title: x # {}\nsteps: []\n", "x".repeat(MAX_FILE_BYTES));
        assert!(error(&longer).contains("at most 1048576 are read"), "{}", error(&longer));
    }

    #[test]
    fn a_message_names_the_step_and_what_is_wrong() {
        let with = |step: &str| error(&format!("title: x\nsteps:\n  - {step}\n"));
        for (step, reason) in [
            ("{ name: a, send: GET }", "step 'a': send is not a method and a path"),
            (
                "{ name: a, send: 'GET /x/${id}' }",
                "step 'a': ${id} is neither an input, nor captured by an earlier step",
            ),
            ("{ name: a, send: POST /x, body: other }", "step 'a': there is no body named 'other'"),
            ("{ name: a, send: POST /x, without: B }", "step 'a': with and without need a body"),
            ("{ name: a, send: FROB /x }", "step 'a': send is not a method and a path"),
            ("{ name: a, send: GET /../x }", "step 'a': send is not a method and a path"),
            ("{ name: a, send: POST /x, reads: true, creates: customer }", "step 'a': a step that creates something"),
            ("{ name: a, send: GET /x, capture: { id: Id } }", "step 'a': capture.id is not a JSON pointer"),
            ("{ name: a, send: GET /x, headers: { Ocp-Apim-Subscription-Key: x } }", "step 'a': headers: Ocp-Apim"),
            ("{ name: a, sent: GET /x }", "unknown field `sent`"),
        ] {
            assert!(with(step).contains(reason), "{}", with(step));
        }
        assert!(error("title: x\nsteps: []\n").contains("it has no steps"));
        assert!(
            error("title: x\napi: other\nsteps: []\n")
                .contains("api: other is not one of directscale, bydesign, storm")
        );
    }
}
