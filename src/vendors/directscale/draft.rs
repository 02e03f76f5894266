//! A request for a whole customer that somebody edits, as its operation would read it.

use super::wire::{Body, Request};
use crate::customers::{Purpose, Violation};
use crate::model::{CustomerFields, CustomerId, Field};
use crate::plan::Plan;
use crate::wire::json::{Rewritten, Source};
use crate::wire::relaxed::Leniency;

/// What an operation reads of a request.
#[derive(Debug)]
pub(crate) struct Draft {
    pub purpose: Purpose,
    pub fields: CustomerFields,
    /// The fields that cannot be read.
    pub unreadable: Vec<Field>,
    /// Notes on members that have no effect.
    pub ignored: Vec<String>,
}

/// `None` for a request that is not for a whole customer, or whose body is not a JSON object.
pub(crate) fn draft(method: &str, path: &str, body: &str, plan: &Plan) -> Option<Draft> {
    let purpose = purpose(method, path)?;
    let buffer = Rewritten::default();
    let leniency = if plan.strict_json { Leniency::Strict } else { Leniency::JsonNet };
    let body = Body::read(Source { bytes: body.as_bytes(), leniency, buffer: &buffer }).ok()?;
    let Request { content, violations, ignored } = body.fields();
    let unreadable = violations.iter().map(|Violation { field, .. }| *field).collect();
    Some(Draft { purpose, fields: content, unreadable, ignored: ignored.into_kept() })
}

/// The write of a path without its query.
fn purpose(method: &str, path: &str) -> Option<Purpose> {
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
    let rest = path.strip_prefix("/v1/customers")?;
    let id = |text: &str| text.parse().ok().map(CustomerId);
    match (method, rest.strip_prefix('/')) {
        ("POST", None) if rest.is_empty() => Some(Purpose::Create),
        ("PUT", Some(rest)) => match rest.strip_prefix("upgrade/") {
            Some(number) => id(number).map(Purpose::Upgrade),
            None => id(rest).map(Purpose::Replace),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_write_is_that_of_method_and_path() {
        for (method, path, expected) in [
            ("POST", "/v1/customers", Some(Purpose::Create)),
            ("PUT", "/v1/customers/upgrade/3?a=b", Some(Purpose::Upgrade(CustomerId(3)))),
            ("PUT", "/v1/customers/3/", Some(Purpose::Replace(CustomerId(3)))),
            ("PUT", "/v1/customers/3/points", None),
            ("PATCH", "/v1/customers/3", None),
            ("POST", "/v1/customersx", None),
            ("GET", "/v1/customers/upgrade/3", None),
        ] {
            assert_eq!(purpose(method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn a_body_is_read_as_its_operation_does() {
        let read =
            draft("POST", "/v1/customers", "{'FirstName': 'A', \"Frist\": 1, \"BirthDate\": {}}", &Plan::default());
        let read = read.expect("a draft");
        assert_eq!((read.fields.first_name.as_deref(), &read.unreadable[..]), (Some("A"), &[Field::BirthDate][..]));
        assert_eq!(read.ignored.len(), 1, "{:?}", read.ignored);
        let strict = Plan { strict_json: true, ..Plan::default() };
        assert!(draft("POST", "/v1/customers", "{'FirstName': 'A'}", &strict).is_none());
    }
}
