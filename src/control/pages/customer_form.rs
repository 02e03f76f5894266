//! The form of a customer, with the members of DirectScale's API: as inputs, and as the body of a request.

use std::collections::{BTreeMap, HashMap};

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::extract::TenantPage;
use super::forms::Fields;
use super::vendor_call::{FieldError, Refused};
use crate::journal::is_secret_column;
use crate::model::{Customer, CustomerFields, Field, Member};
use crate::plan::{DISTRIBUTOR, Plan};

/// What the form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Create,
    /// A PATCH of the fields that were changed in the form.
    Change,
    Upgrade,
}

impl Purpose {
    /// The fields of the form, without their parts.
    fn fields(self) -> impl Iterator<Item = Field> {
        Field::WHOLE.iter().copied().filter(move |field| self != Self::Change || field.is_patchable())
    }
}

/// The values of the form: those that were sent, or those of a stored customer. Secrets have none.
pub(super) struct Values<'a> {
    sent: &'a Fields,
    is_sent: bool,
    /// What a form that was sent showed when it was opened, by field: another request may have changed the customer since.
    opened: Option<HashMap<String, String>>,
    stored: Option<&'a Customer>,
    purpose: Purpose,
}

/// The name of the input with what the form showed when it was opened, as JSON.
pub(super) const OPENED: &str = "opened";

impl<'a> Values<'a> {
    pub(super) fn new(page: &'a TenantPage, purpose: Purpose, stored: Option<&'a Customer>) -> Self {
        let sent = page.form();
        let opened = sent.filled(OPENED).and_then(|text| serde_json::from_str(text).ok());
        Self { sent, is_sent: sent.filled("sent").is_some(), opened, stored, purpose }
    }

    /// The value of [`OPENED`].
    pub(super) fn opened(&self) -> String {
        let fields = self.purpose.fields().flat_map(|field| {
            let parts: Vec<Field> = field.parts().collect();
            if parts.is_empty() { vec![field] } else { parts }
        });
        let shown = fields.filter(|field| !is_secret(*field)).map(|field| (field.name(), self.opened_text(field)));
        serde_json::to_string(&shown.collect::<BTreeMap<_, _>>()).unwrap_or_default()
    }

    fn opened_text(&self, field: Field) -> String {
        let opened = self.opened.as_ref().and_then(|opened| opened.get(field.name()).cloned());
        opened.unwrap_or_else(|| self.stored_text(field))
    }

    /// The value of an input.
    fn shown(&self, field: Field) -> String {
        if is_secret(field) {
            String::new()
        } else if self.is_sent {
            self.sent.raw(field.name()).to_owned()
        } else if field == Field::CustomerType && self.purpose == Purpose::Upgrade {
            DISTRIBUTOR.to_string()
        } else {
            self.stored_text(field)
        }
    }

    fn stored_text(&self, field: Field) -> String {
        self.stored.map(|customer| text(&customer.fields, field)).unwrap_or_default()
    }

    /// The body of the request: what is filled in, or what was changed since the form was opened.
    pub(super) fn body(&self) -> Value {
        let members = self.purpose.fields().filter_map(|field| {
            let value = match self.purpose {
                Purpose::Create | Purpose::Upgrade => self.filled(field),
                Purpose::Change => self.changed(field),
            };
            Some((field.name().to_owned(), value?))
        });
        members.collect::<Map<_, _>>().into()
    }

    fn filled(&self, field: Field) -> Option<Value> {
        let parts: Vec<Field> = field.parts().collect();
        if parts.is_empty() {
            return self.sent_value(field);
        }
        let parts = parts.into_iter().filter_map(|part| Some((part.part_name().to_owned(), self.sent_value(part)?)));
        let object: Map<String, Value> = parts.collect();
        (!object.is_empty()).then(|| object.into())
    }

    /// A cleared field is null. An address is sent with all of its parts, as PATCH requires.
    fn changed(&self, field: Field) -> Option<Value> {
        let parts: Vec<Field> = field.parts().collect();
        if parts.is_empty() {
            return self.differs(field).then(|| self.sent_value(field).unwrap_or(Value::Null));
        }
        let is_address = !matches!(field, Field::AssociateCustom(_));
        let differing: Vec<Field> = parts.iter().copied().filter(|part| self.differs(*part)).collect();
        if differing.is_empty() {
            return None;
        }
        let sent = if is_address { parts } else { differing };
        let value = |part: Field| if self.differs(part) { self.sent_value(part) } else { self.stored_value(part) };
        let object = sent.into_iter().map(|part| (part.part_name().to_owned(), value(part).unwrap_or(Value::Null)));
        let object: Map<String, Value> = object.collect();
        let is_cleared = is_address && object.values().all(Value::is_null);
        Some(if is_cleared { Value::Null } else { object.into() })
    }

    fn differs(&self, field: Field) -> bool {
        // The form does not contain a secret: an empty one is unchanged.
        if is_secret(field) {
            return self.sent.filled(field.name()).is_some();
        }
        self.sent.text(field.name()) != self.opened_text(field).trim()
    }

    /// The stored value of a part of an address.
    fn stored_value(&self, part: Field) -> Option<Value> {
        Some(self.stored_text(part)).filter(|text| !text.trim().is_empty()).map(Value::from)
    }

    /// A value that cannot be read as its kind is sent as text, so that the API rejects it as it does a program's.
    fn sent_value(&self, field: Field) -> Option<Value> {
        let raw = self.sent.filled(field.name())?;
        Some(match CustomerFields::default().member(field) {
            Member::Integer(_) => raw.parse::<i64>().map_or_else(|_| json!(raw), |number| json!(number)),
            Member::Boolean(_) => raw.parse::<bool>().map_or_else(|_| json!(raw), |flag| json!(flag)),
            // Blanks can belong to a password.
            Member::Secret(_) => json!(self.sent.raw(field.name())),
            _ => json!(raw),
        })
    }
}

fn is_secret(field: Field) -> bool {
    field.columns().first().is_some_and(|column| is_secret_column(column))
}

/// A stored value as the form shows it.
fn text(fields: &CustomerFields, field: Field) -> String {
    match (fields.member(field), field) {
        (Member::Integer(number), _) => number.map(|number| number.to_string()).unwrap_or_default(),
        (Member::Boolean(flag), _) => flag.map(|flag| flag.to_string()).unwrap_or_default(),
        (Member::Date(date), Field::BirthDate) => {
            date.map(|date| date.format("%Y-%m-%d").to_string()).unwrap_or_default()
        }
        (Member::Date(date), _) => date.map(|date| date.format("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default(),
        (Member::Code(code), _) => code.clone().unwrap_or_default(),
        (Member::Address(address), Field::PrimaryAddress(Some(part)) | Field::DefaultShippingAddress(Some(part))) => {
            address.part(part).clone().unwrap_or_default()
        }
        _ => fields.text(field).unwrap_or_default().to_owned(),
    }
}

/// The inputs, each with the rules that it breaks.
pub(super) fn inputs(page: &TenantPage, values: &Values<'_>, refused: Option<&Refused>) -> Markup {
    let plan = &page.tenant.plan;
    let errors = refused.map(|refused| refused.errors.as_slice()).unwrap_or_default();
    let (simple, groups): (Vec<Field>, Vec<Field>) =
        values.purpose.fields().partition(|field| field.parts().next().is_none());
    html! {
        div.form-grid { @for field in simple { (input(plan, values, field, errors)) } }
        @for group in groups {
            @let of_group: Vec<&FieldError> = errors.iter().filter(|error| error.field == group.name()).collect();
            fieldset {
                legend { (group.name()) }
                (messages(&format!("r-{}", group.name()), &of_group))
                div.form-grid { @for part in group.parts() { (input(plan, values, part, errors)) } }
            }
        }
    }
}

fn input(plan: &Plan, values: &Values<'_>, field: Field, errors: &[FieldError]) -> Markup {
    let name = field.name();
    let (id, described) = (format!("f-{name}"), format!("r-{name}"));
    let own: Vec<&FieldError> = errors.iter().filter(|error| error.field == name).collect();
    let shown = values.shown(field);
    let (invalid, described_by) =
        ((!own.is_empty()).then_some("true"), (!own.is_empty()).then_some(described.as_str()));
    let choice = |names: &std::collections::BTreeMap<i32, String>| {
        html! {
            select id=(id) name=(name) aria-invalid=[invalid] aria-describedby=[described_by] {
                option value="" { "not sent" }
                @for (number, words) in names {
                    option value=(number) selected[number.to_string() == shown] { (words) " (" (number) ")" }
                }
            }
        }
    };
    let control = match field {
        Field::CustomerType => choice(&plan.types),
        Field::CustomerStatus => choice(&plan.statuses),
        _ if matches!(CustomerFields::default().member(field), Member::Boolean(_)) => html! {
            select id=(id) name=(name) aria-invalid=[invalid] aria-describedby=[described_by] {
                @for (value, words) in [("", "not sent"), ("true", "true"), ("false", "false")] {
                    option value=(value) selected[value == shown] { (words) }
                }
            }
        },
        _ => html! {
            input id=(id) name=(name) type=(input_type(field)) value=(shown) autocomplete=(if is_secret(field) { "new-password" } else { "off" })
                placeholder=[is_secret(field).then_some(if values.purpose == Purpose::Change { "unchanged" } else { "" })]
                aria-invalid=[invalid] aria-describedby=[described_by];
        },
    };
    html! {
        div.field {
            label for=(id) { (field.part_name()) (required(plan, values.purpose, field)) }
            (control)
            (messages(&described, &own))
        }
    }
}

fn input_type(field: Field) -> &'static str {
    match field {
        Field::Password => "password",
        Field::BirthDate => "date",
        _ => "text",
    }
}

/// The types for which the plan requires the field.
fn required(plan: &Plan, purpose: Purpose, field: Field) -> Markup {
    let types = plan.required.get(&field).filter(|types| !types.is_empty() && purpose != Purpose::Change);
    html! {
        @if let Some(types) = types {
            @if purpose == Purpose::Upgrade {
                @if types.contains(&DISTRIBUTOR) { span.needed { " required" } }
            } @else {
                span.needed { " required for type " (types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")) }
            }
        }
    }
}

fn messages(id: &str, errors: &[&FieldError]) -> Markup {
    html! {
        @if !errors.is_empty() {
            p.rejected id=(id) {
                @for (number, error) in errors.iter().enumerate() {
                    @if number > 0 { br; }
                    (error.message) " " span.dim { "(" (error.rule) ")" }
                }
            }
        }
    }
}
