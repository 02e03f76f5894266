//! Completes a request in the editor: values for what is missing or breaks a rule, test values for hidden secrets, and the names that
//! were probably meant for members that have no effect.

use axum::body::Body;
use axum::http::Response;
use maud::{Markup, html};
use serde_json::Value;

use super::PageResult;
use super::extract::TenantPage;
use super::format::count;
use super::json_edit::Node;
use super::replay::{self, Draft};
use super::tabs::{self, Tab};
use super::vendor_call::KEY_NAME;
use crate::control::error::ControlError;
use crate::customers::{Error, Scope, SuggestedValue, Suggestions};
use crate::journal::HIDDEN;
use crate::model::Field;
use crate::vendors::directscale;

/// Replaces a secret that belongs to no field of a customer.
const TEST_SECRET: &str = "T1-test-password";

/// Replaces a hidden part of the path.
const TEST_PART: &str = "TEST-100001";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    missing: bool,
    names: bool,
    secrets: bool,
}

/// One change of the body.
#[derive(Debug)]
struct Edit {
    member: String,
    what: String,
}

/// What was done to the body, and what was not possible.
#[derive(Debug, Default)]
struct Done {
    edits: Vec<Edit>,
    left: Vec<String>,
}

impl Wanted {
    fn of(text: &str) -> Self {
        let is = |name: &str| text == name || text == "all";
        Self { missing: is("missing"), names: is("names"), secrets: is("secrets") }
    }
}

/// Shows the editor with the completed request. It sends nothing.
pub(super) async fn complete(page: TenantPage) -> PageResult {
    let mut draft = Draft::of_form(&page);
    let done = completed(&page, &mut draft, Wanted::of(page.form().text("do"))).await;
    Ok(match done {
        Ok(done) => render(&page, &draft, &done),
        Err(error) => tabs::of_tenant(&page, Tab::Requests, "Send again", Some(&error), &replay::form(&page, &draft)),
    })
}

fn render(page: &TenantPage, draft: &Draft, done: &Done) -> Response<Body> {
    let body = html! {
        div role="status" {
            @if done.edits.is_empty() && done.left.is_empty() { div.alert.good { "Nothing to complete: the request satisfies the plan." } }
            @if !done.edits.is_empty() { div.alert.good { (listed(done)) } }
        }
        @for reason in &done.left { div.alert.warn { (reason) } }
        (replay::form(page, draft))
    };
    tabs::of_tenant(page, Tab::Requests, "Send again", None, &body)
}

fn listed(done: &Done) -> Markup {
    html! {
        p { strong { (count(done.edits.len(), "member was changed", "members were changed")) ". " } "Nothing was sent yet." }
        ul.plain { @for edit in &done.edits { li { code { (edit.member) } " " (edit.what) } } }
    }
}

async fn completed(page: &TenantPage, draft: &mut Draft, wanted: Wanted) -> Result<Done, ControlError> {
    let mut done = Done::default();
    let unreadable = || ControlError::Bad("the body is not a JSON object that can be completed: edit it".to_owned());
    let mut node = Node::read(&draft.body).ok_or_else(unreadable)?;
    if wanted.names {
        rename(page, draft, &mut node, &mut done);
    }
    let hidden = node.hidden();
    if wanted.secrets {
        replace_others(draft, &mut node, &hidden, &mut done);
    }
    fill(page, draft, &mut node, &hidden, wanted, &mut done).await?;
    draft.body = node.text();
    Ok(done)
}

/// Renames members to what was probably meant.
fn rename(page: &TenantPage, draft: &Draft, node: &mut Node, done: &mut Done) {
    let Some(read) = directscale::draft(&draft.method, &draft.path, &node.text(), &page.tenant.plan) else { return };
    for note in &read.ignored {
        let Some((from, to)) = suggested_name(note) else { continue };
        if node.rename(from, &to) {
            done.edits.push(Edit { member: from.to_owned(), what: format!("is now {to}") });
        }
    }
}

/// The path of an ignored member, and the path that was probably meant.
fn suggested_name(note: &str) -> Option<(&str, String)> {
    let (from, rest) = note.split_once(" (did you mean ")?;
    let name = rest.strip_suffix("?)")?;
    let to = match from.rsplit_once('.') {
        Some((parent, _)) if !name.contains('.') => format!("{parent}.{name}"),
        _ => name.to_owned(),
    };
    Some((from, to))
}

/// Replaces the hidden values that belong to no field of a customer, also in the path.
fn replace_others(draft: &mut Draft, node: &mut Node, hidden: &[String], done: &mut Done) {
    for member in hidden.iter().filter(|member| member.parse::<Field>().is_err()) {
        node.set(member, Node::Leaf(TEST_SECRET.into()));
        done.edits.push(Edit { member: member.clone(), what: format!("is {TEST_SECRET}") });
    }
    if draft.path.contains(HIDDEN) {
        draft.path = draft.path.replace(HIDDEN, TEST_PART);
        done.edits.push(Edit { member: "the path".to_owned(), what: format!("has {TEST_PART} in place of {HIDDEN}") });
    }
}

/// Writes values for the fields of a customer: for hidden ones if that is wanted, and for those that are missing or break a rule.
async fn fill(
    page: &TenantPage,
    draft: &Draft,
    node: &mut Node,
    hidden: &[String],
    wanted: Wanted,
    done: &mut Done,
) -> Result<(), ControlError> {
    let plan = &page.tenant.plan;
    let hidden: Vec<Field> = hidden.iter().filter_map(|member| member.parse().ok()).collect();
    let Some(read) = directscale::draft(&draft.method, &draft.path, &node.text(), plan) else {
        if wanted.missing && !(wanted.secrets || wanted.names) {
            done.left
                .push("Only requests that create, update or upgrade a whole customer can be filled in.".to_owned());
        }
        if wanted.secrets {
            replace_fields(node, &hidden, done);
        }
        return Ok(());
    };
    let mut replaced = read.unreadable;
    replaced.extend(&hidden);
    let _presence = page.tenants().enter(page.tenant.id).await?;
    let now = page.tenant.clock.now();
    let scope = Scope::internal(page.tenant.id, plan, now, KEY_NAME, page.tenants().random.uuid());
    let suggested = page.tenants().customers.suggest(&scope, read.purpose, read.fields, &replaced).await;
    let Suggestions { values, left } = suggested.map_err(failed)?;
    for (field, value) in values {
        let is_wanted = if hidden.contains(&field) { wanted.secrets } else { wanted.missing };
        if is_wanted {
            write(node, field, &value, done);
        }
    }
    if wanted.missing {
        done.left.extend(left);
    }
    Ok(())
}

/// Replaces hidden fields in a request that is not for a whole customer.
fn replace_fields(node: &mut Node, hidden: &[Field], done: &mut Done) {
    for field in hidden {
        let text = if *field == Field::Password { TEST_SECRET } else { TEST_PART };
        write(node, *field, &SuggestedValue::Text(text.to_owned()), done);
    }
}

fn write(node: &mut Node, field: Field, value: &SuggestedValue, done: &mut Done) {
    let value: Value = match value {
        SuggestedValue::Text(text) | SuggestedValue::Date(text) => text.as_str().into(),
        SuggestedValue::Integer(number) => (*number).into(),
        SuggestedValue::Boolean(flag) => (*flag).into(),
    };
    let shown = super::format::plain(&value);
    node.set(field.name(), Node::Leaf(value));
    done.edits.push(Edit { member: field.name().to_owned(), what: format!("is {shown}") });
}

fn failed(error: Error) -> ControlError {
    match error {
        Error::Database(error) => error.into(),
        other => ControlError::Bad(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suggested_name_is_that_of_the_note() {
        for (note, expected) in [
            ("Frist (did you mean FirstName?)", Some(("Frist", "FirstName".to_owned()))),
            (
                "PrimaryAddress.Strete1 (did you mean Street1?)",
                Some(("PrimaryAddress.Strete1", "PrimaryAddress.Street1".to_owned())),
            ),
            ("Region (did you mean PrimaryAddress.Region?)", Some(("Region", "PrimaryAddress.Region".to_owned()))),
            ("CustomerId (only answers have it)", None),
            ("Hobby", None),
        ] {
            assert_eq!(suggested_name(note), expected, "{note}");
        }
    }
}
