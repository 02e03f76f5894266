//! Reading a request body: property names in any case, every wrong type reported.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde_json_borrow::{ObjectAsVec, Value};

use super::notes::{Noted, notes};
use crate::customers::{Violation, ViolationKind};
use crate::gateway::ApiRequest;
use crate::model::{Address, AddressPart, CustomFields, CustomerFields, Field, MemberMut, filled};
use crate::secret::Password;
use crate::vendors::directscale::error::{BodyError, Error};
use crate::wire::dates::{self, DateForms, ParsedDate};
use crate::wire::json::{Coercion, JsonError, Source};
use crate::wire::members::Notes;
use crate::wire::names::Names;
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
        Ok(Self::read(request.source(Leniency::JsonNet))?)
    }

    pub(in crate::vendors::directscale) fn read(source: Source<'a>) -> Result<Self, JsonError> {
        match source.parse()? {
            Value::Object(object) => Ok(Self { object, is_strict: source.leniency == Leniency::Strict }),
            _ => Err(JsonError::NoObject),
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
        let ignored = if read.has_others { notes(&self.object, &Noted::Customer) } else { Notes::default() };
        Request { content: fields, violations: read.violations, ignored }
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
        let (values, has_others) = sorted(&self.object, &FIELDS);
        Reader { values, coercion: self.coercion(), dates, violations: Vec::new(), has_others }
    }

    fn coercion(&self) -> Coercion {
        if self.is_strict { Coercion::Strict } else { Coercion::JsonNet }
    }
}

/// The property of this name in any case; the last one counts when there are several.
fn property<'o, 'a>(object: &'o ObjectAsVec<'a>, name: &str) -> Option<&'o Value<'a>> {
    object.as_vec().iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The names of the fields, of the parts of an address, and of the custom fields.
static FIELDS: LazyLock<Names> = LazyLock::new(|| Names::new(Field::WHOLE.iter().map(|field| field.name())));
static ADDRESS: LazyLock<Names> = LazyLock::new(|| names_of_parts(Field::PrimaryAddress(None)));
static CUSTOM: LazyLock<Names> = LazyLock::new(|| names_of_parts(Field::AssociateCustom(0)));

fn names_of_parts(whole: Field) -> Names {
    Names::new(whole.parts().map(Field::part_name))
}

/// The values of an object's properties with these names, in the order of the names, and whether it has others: properties with
/// another name, or two of one name. The last one counts when there are several.
fn sorted<'o, 'a, const N: usize>(object: &'o ObjectAsVec<'a>, names: &Names) -> ([Option<&'o Value<'a>>; N], bool) {
    let (mut values, mut has_others) = ([None; N], false);
    for (name, value) in object.as_vec() {
        let known = names.position(name).and_then(|position| values.get_mut(position));
        has_others |= known.is_none_or(|known| known.replace(value).is_some());
    }
    (values, has_others)
}

/// Reads the properties of a customer and collects their violations.
pub(super) struct Reader<'o, 'a> {
    /// In the order of the field table.
    values: [Option<&'o Value<'a>>; Field::WHOLE.len()],
    coercion: Coercion,
    dates: DateForms,
    pub(super) violations: Vec<Violation>,
    /// Whether the customer, an address or the custom fields have other properties. Only then there can be something to note.
    pub(super) has_others: bool,
}

impl<'o, 'a> Reader<'o, 'a> {
    /// Reads a field into its member; returns whether the property is there, even if it is null.
    pub(super) fn member(&mut self, field: Field, fields: &mut CustomerFields) -> bool {
        let Some(value) = self.value(field) else { return false };
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
        let (values, has_others) = sorted::<{ AddressPart::ALL.len() }>(object, &ADDRESS);
        self.has_others |= has_others;
        for ((part, field), value) in AddressPart::ALL.into_iter().zip(field.parts()).zip(values) {
            *address.part_mut(part) = value.and_then(|value| self.text(field, value));
        }
        if let Some(code) = &mut address.country_code {
            *code = code.trim().to_ascii_uppercase();
        }
    }

    fn custom_fields(&mut self, field: Field, value: &Value<'a>, texts: &mut CustomFields) {
        let Some(object) = self.object_of(field, value) else { return };
        let (values, has_others) = sorted::<10>(object, &CUSTOM);
        self.has_others |= has_others;
        for ((text, field), value) in texts.iter_mut().zip(field.parts()).zip(values) {
            *text = value.and_then(|value| self.text(field, value));
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
        self.values[field.ordinal() as usize]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::Rewritten;

    proptest::proptest! {
        /// Members are looked at for notes only where a pass over their names met others.
        #[test]
        fn no_note_is_missed(members in proptest::collection::vec(
            "\"(TaxId|taxid|BirthDate|Nonsense|PrimaryAddress|AssociateCustom)\":(null|\"x\"|\\{(\"(City|city|AddressId|Field1)\":1)?\\})",
            0..6,
        )) {
            let text = format!("{{{}}}", members.join(","));
            let buffer = Rewritten::default();
            let source = Source { bytes: text.as_bytes(), leniency: Leniency::JsonNet, buffer: &buffer };
            let body = Body::read(source).expect("a JSON object");
            proptest::prop_assert_eq!(body.fields().ignored, notes(body.object(), &Noted::Customer), "{}", text);
            for rejects in [false, true] {
                proptest::prop_assert_eq!(
                    body.patch(rejects).ignored, notes(body.object(), &Noted::Patch { rejects }), "{}", text
                );
            }
        }
    }
}
