//! Reading a request body: property names in any case, every wrong type reported. Members that have no effect are noted: unknown
//! ones, with a suggestion, and those that other operations read.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde_json_borrow::{ObjectAsVec, Value};

use crate::customers::{Violation, ViolationKind};
use crate::gateway::ApiRequest;
use crate::model::{Address, AddressPart, CustomFields, CustomerFields, Field, MemberMut, filled};
use crate::secret::Password;
use crate::vendors::directscale::error::{BodyError, Error};
use crate::wire::dates::{self, DateForms, ParsedDate};
use crate::wire::json::{Coercion, JsonError};
use crate::wire::members::{Notes, unknown, unused};
use crate::wire::relaxed::Leniency;

/// A body as a JSON object.
#[derive(Debug)]
pub(in crate::vendors::directscale) struct Body<'a> {
    object: ObjectAsVec<'a>,
    is_strict: bool,
}

/// A body that was read, with the violations that were found.
#[derive(Debug, Default)]
pub(in crate::vendors::directscale) struct Request<T> {
    pub content: T,
    pub violations: Vec<Violation>,
    /// Properties that were sent and have no effect.
    pub ignored: Notes,
}

impl<'a> Body<'a> {
    /// The body of a request as JSON, whatever Content-Type says.
    pub(in crate::vendors::directscale) fn of(request: &'a ApiRequest<'_>) -> Result<Self, BodyError> {
        match request.json(Leniency::JsonNet)? {
            Value::Object(object) => Ok(Self { object, is_strict: request.is_strict() }),
            _ => Err(JsonError::NoObject.into()),
        }
    }

    /// The whole customer that create, update and upgrade take.
    pub(in crate::vendors::directscale) fn fields(&self) -> Request<CustomerFields> {
        let mut read = self.reader();
        let mut fields = CustomerFields::default();
        for field in Field::WHOLE {
            read.member(*field, &mut fields);
        }
        // Responses have 0 if there is none.
        fields.sponsor_id = fields.sponsor_id.filter(|id| *id != 0);
        Request { content: fields, violations: read.violations, ignored: notes(&self.object, &Noted::Customer) }
    }

    /// The new password of a reset: `Password`, or the name in older clients' forms.
    pub(in crate::vendors::directscale) fn password(&self) -> Request<Option<Password>> {
        let mut read = self.reader();
        let named = |name| property(&self.object, name);
        let value = named("Password").or_else(|| named("NewPassword"));
        let content = value.and_then(|value| read.text(Field::Password, value)).map(Password::new);
        let ignored = self.ignored(&["Password", "NewPassword"]);
        Request { content, violations: read.violations, ignored }
    }

    /// Notes on the members of the body that are none of these.
    pub(in crate::vendors::directscale) fn ignored(&self, names: &'static [&'static str]) -> Notes {
        notes(&self.object, &Noted::Only(names))
    }

    /// A text, if one was sent; blank or not.
    pub(in crate::vendors::directscale) fn text(&self, name: &'static str) -> Result<Option<Cow<'_, str>>, Error> {
        match property(&self.object, name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let text = self.coercion().text(value);
                text.map(Some).ok_or_else(|| Error::parameter(name, "type", format!("{name} must be a string.")))
            }
        }
    }

    /// A number, in quotes or not.
    pub(in crate::vendors::directscale) fn number(&self, name: &str) -> Option<f64> {
        self.coercion().number(property(&self.object, name)?)
    }

    pub(super) fn object(&self) -> &ObjectAsVec<'a> {
        &self.object
    }

    pub(super) fn reader(&self) -> Reader<'_, 'a> {
        let dates = if self.is_strict { DateForms::ISO } else { DateForms::JSON_NET };
        Reader { object: &self.object, coercion: self.coercion(), dates, violations: Vec::new() }
    }

    fn coercion(&self) -> Coercion {
        if self.is_strict { Coercion::Strict } else { Coercion::JsonNet }
    }
}

/// The property of this name in any case; the last one counts when there are several.
fn property<'o, 'a>(object: &'o ObjectAsVec<'a>, name: &str) -> Option<&'o Value<'a>> {
    object.as_vec().iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Reads the properties of one object and collects their violations.
pub(super) struct Reader<'o, 'a> {
    object: &'o ObjectAsVec<'a>,
    coercion: Coercion,
    dates: DateForms,
    pub(super) violations: Vec<Violation>,
}

impl<'o, 'a> Reader<'o, 'a> {
    /// Reads a field into its member; returns whether the property is there, even if it is null.
    pub(super) fn member(&mut self, field: Field, fields: &mut CustomerFields) -> bool {
        let Some(value) = property(self.object, field.name()) else { return false };
        match fields.member_mut(field) {
            MemberMut::Text(text) => *text = self.text(field, value),
            MemberMut::Code(code) => {
                *code = self.text(field, value).map(|code| code.trim().to_ascii_lowercase());
            }
            MemberMut::Date(date) => *date = self.date(field, value),
            MemberMut::Integer(number) => *number = self.integer(field, value),
            MemberMut::Boolean(flag) => *flag = self.boolean(field, value),
            MemberMut::Address(address) => self.address(field, value, address),
            MemberMut::Custom(texts) => self.custom_fields(field, value, texts),
            MemberMut::Secret(password) => *password = self.text(field, value).map(Password::new),
        }
        true
    }

    fn integer(&mut self, field: Field, value: &Value<'_>) -> Option<i32> {
        let number = match value {
            Value::Null => return None,
            Value::Str(text) if filled(text).is_none() => return None,
            value => self.coercion.integer(value),
        };
        self.or_violation(number, field, ViolationKind::Type("an integer"))
    }

    fn boolean(&mut self, field: Field, value: &Value<'_>) -> Option<bool> {
        let flag = match value {
            Value::Null => return None,
            Value::Str(text) if filled(text).is_none() => return None,
            value => self.coercion.boolean(value),
        };
        self.or_violation(flag, field, ViolationKind::Type("true or false"))
    }

    fn date(&mut self, field: Field, value: &Value<'_>) -> Option<DateTime<Utc>> {
        let date = match value {
            Value::Null => return None,
            Value::Str(text) => dates::read(filled(text)?, self.dates).and_then(ParsedDate::instant),
            _ => None,
        };
        let kind = ViolationKind::Format("must be a date such as 2020-02-20T15:47:52Z");
        self.or_violation(date, field, kind).filter(|date| !dates::is_unset(*date))
    }

    /// An address; null is an empty one.
    fn address(&mut self, field: Field, value: &Value<'a>, address: &mut Address) {
        let Some(object) = self.object_of(field, value) else { return };
        for (part, field) in AddressPart::ALL.into_iter().zip(field.parts()) {
            *address.part_mut(part) = property(object, field.part_name()).and_then(|value| self.text(field, value));
        }
        if let Some(code) = &mut address.country_code {
            *code = code.trim().to_ascii_uppercase();
        }
    }

    fn custom_fields(&mut self, field: Field, value: &Value<'a>, texts: &mut CustomFields) {
        let Some(object) = self.object_of(field, value) else { return };
        for (text, field) in texts.iter_mut().zip(field.parts()) {
            *text = property(object, field.part_name()).and_then(|value| self.text(field, value));
        }
    }

    fn object_of<'v>(&mut self, field: Field, value: &'v Value<'a>) -> Option<&'v ObjectAsVec<'a>> {
        match value {
            Value::Null => None,
            Value::Object(object) => Some(object),
            _ => {
                self.violations.push(Violation { field, kind: ViolationKind::Type("an object") });
                None
            }
        }
    }

    /// The value of a field that was sent.
    pub(super) fn value(&self, field: Field) -> Option<&'o Value<'a>> {
        property(self.object, field.name())
    }

    fn text(&mut self, field: Field, value: &Value<'_>) -> Option<String> {
        match value {
            Value::Null => None,
            Value::Str(text) => filled(text).map(str::to_owned),
            value => {
                let text = self.coercion.text(value).map(Cow::into_owned);
                self.or_violation(text, field, ViolationKind::Type("a string"))
            }
        }
    }

    fn or_violation<T>(&mut self, value: Option<T>, field: Field, kind: ViolationKind) -> Option<T> {
        if value.is_none() {
            self.violations.push(Violation { field, kind });
        }
        value
    }
}

/// Whether an object has the part of an address or of the custom fields, even if it is null or empty.
pub(super) fn has_part(object: &ObjectAsVec<'_>, part: Field) -> bool {
    property(object, part.part_name()).is_some()
}

/// Which members of a body have an effect.
#[derive(Debug, Clone, Copy)]
pub(super) enum Noted {
    /// Those of the customer that create, update and upgrade take.
    Customer,
    /// Those that PATCH supports; whether it rejects the other fields of a customer.
    Patch {
        rejects: bool,
    },
    Only(&'static [&'static str]),
}

/// The members of a customer that only responses have.
const RESPONSE_ONLY: [&str; 3] = ["CustomerId", "EnrollerId", "InactiveDate"];
const RESPONSE_ONLY_IN_ADDRESS: &str = "AddressId";
const RESPONSE_ONLY_NOTE: &str = "only answers have it";

const ELSEWHERE: [&str; 6] = ["Username", "Password", "NewPassword", "pointsToAdd", "pointsToDeduct", "EmailAddress"];

/// The fields of a customer, without their parts.
static FIELDS: LazyLock<Vec<(Field, &'static str)>> =
    LazyLock::new(|| Field::WHOLE.iter().map(|field| (*field, field.name())).collect());

/// The parts of an address, and the custom fields.
static PARTS: LazyLock<[Vec<&'static str>; 2]> = LazyLock::new(|| {
    [Field::PrimaryAddress(None), Field::AssociateCustom(0)].map(|whole| whole.parts().map(Field::part_name).collect())
});

/// Notes on the members of a body that have no effect, with their paths.
pub(super) fn notes(object: &ObjectAsVec<'_>, which: &Noted) -> Notes {
    let mut notes = Notes::default();
    for (name, value) in object.as_vec() {
        if let Noted::Only(names) = which {
            if !is_one_of(names, name) {
                notes.add(|| unread(name, names));
            }
            continue;
        }
        let Some((field, known)) = FIELDS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)) else {
            notes.add(|| unknown_member(name));
            continue;
        };
        match which {
            Noted::Patch { rejects } if !field.is_patchable() => {
                if !rejects {
                    notes.add(|| unused("", name, "PATCH does not change it"));
                }
            }
            _ => parts(&mut notes, *field, known, value),
        }
    }
    notes
}

/// Notes on the members of an address, or of the custom fields.
fn parts(notes: &mut Notes, field: Field, path: &str, value: &Value<'_>) {
    let [address, custom] = &*PARTS;
    let (known, is_address) = match field {
        Field::PrimaryAddress(_) | Field::DefaultShippingAddress(_) => (address, true),
        Field::AssociateCustom(_) => (custom, false),
        _ => return,
    };
    let Value::Object(object) = value else { return };
    for (name, _) in object.as_vec().iter().filter(|(name, _)| !is_one_of(known, name)) {
        notes.add(|| {
            let path = format!("{path}.");
            if is_address && name.eq_ignore_ascii_case(RESPONSE_ONLY_IN_ADDRESS) {
                unused(&path, name, RESPONSE_ONLY_NOTE)
            } else {
                unknown(&path, name, known.iter().copied())
            }
        });
    }
}

/// A name that no request for a customer has.
fn unknown_member(name: &str) -> String {
    if is_one_of(&RESPONSE_ONLY, name) {
        return unused("", name, RESPONSE_ONLY_NOTE);
    }
    // A part that is not in the address or the custom fields, where it belongs.
    let places = [Field::PrimaryAddress(Some(AddressPart::Street1)), Field::AssociateCustom(1)];
    for (place, parts) in places.into_iter().zip(&*PARTS) {
        if let Some(part) = parts.iter().find(|part| part.eq_ignore_ascii_case(name)) {
            let whole = place.whole().name();
            return unused("", name, &format!("did you mean {whole}.{part}?"));
        }
    }
    unknown("", name, FIELDS.iter().map(|(_, known)| *known))
}

fn unread(name: &str, names: &[&'static str]) -> String {
    if is_one_of(&ELSEWHERE, name) {
        unused("", name, "this operation does not read it")
    } else {
        unknown("", name, names.iter().copied())
    }
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
