//! The list of what a run creates at the real service. It is written before and after each request, so that it is complete even if
//! the run ends in the middle.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::exchange::{Exchange, Request};
use super::run::RunError;
use super::scenario::Step;

/// A file with one JSON object a line.
#[derive(Debug)]
pub(crate) struct CreatedList {
    path: PathBuf,
    file: Option<File>,
    /// How many customers were created.
    pub count: usize,
}

impl CreatedList {
    /// The file is created with the first request that creates something.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, file: None, count: 0 }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes that a request is about to be sent.
    pub(crate) fn sending(&mut self, step: &Step, request: &Request) -> Result<(), RunError> {
        self.write(&json!({ "sending": step.name, "names": names(&request.body) }))
    }

    /// Notes what a response has created.
    pub(crate) fn received(&mut self, step: &Step, exchange: &Exchange) -> Result<(), RunError> {
        let is_created = (200..300).contains(&exchange.response.status);
        self.count += usize::from(is_created);
        let id = serde_json::from_slice::<Value>(&exchange.response.body).ok().and_then(id);
        self.write(
            &json!({ "received": step.name, "status": exchange.response.status, "created": is_created, "id": id }),
        )
    }

    fn write(&mut self, line: &Value) -> Result<(), RunError> {
        let failed = |error: std::io::Error| {
            let path = self.path.display();
            RunError::Unrecorded(format!("{path} cannot be written ({error}); nothing more was created"))
        };
        if self.file.is_none() {
            self.file = Some(OpenOptions::new().create(true).append(true).open(&self.path).map_err(failed)?);
        }
        let Some(file) = self.file.as_mut() else { return Ok(()) };
        writeln!(file, "{line}").map_err(failed)
    }
}

/// The members by which a person finds the customer again. They begin with the run's prefix.
fn names(body: &[u8]) -> Value {
    let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) else { return Value::Null };
    let is_name = |name: &str| matches!(name, "Username" | "EmailAddress" | "Email" | "FirstName" | "LastName");
    let found = members.into_iter().filter(|(name, _)| is_name(name));
    Value::Object(found.collect())
}

/// The first id in a response.
fn id(body: Value) -> Option<Value> {
    match body {
        Value::Number(_) => Some(body),
        Value::Object(members) => {
            let names = ["CustomerId", "CustomerID", "CustomerDID", "AssociateId", "Id", "Key"];
            names.iter().find_map(|name| members.get(*name).filter(|value| !value.is_null()).cloned())
        }
        _ => None,
    }
}
