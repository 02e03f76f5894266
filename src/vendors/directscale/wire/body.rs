//! Reading a request body: property names in any case, unknown names noted, every wrong type reported.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json_borrow::{ObjectAsVec, Value};
use thiserror::Error as ThisError;

use super::unknown::{Noted, notes};

use crate::customers::{Address, CustomerFields, Violation, ViolationKind, filled};
use crate::field::{AddressPart, Field};
use crate::gateway::{BrokenBody, Call};
use crate::secret::Password;
use crate::vendors::directscale::error::Error;
use crate::wire::dates::{self, DateForms, ParsedDate};
use crate::wire::json::{Coercion, JsonError};
use crate::wire::members::Notes;
use crate::wire::relaxed::Leniency;

/// Why a body is no JSON object.
#[derive(Debug, ThisError)]
pub(crate) enum BodyError {
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error(transparent)]
    Broken(BrokenBody),
}

/// A body as a JSON object.
#[derive(Debug)]
pub(in crate::vendors::directscale) struct Body<'a> {
    object: ObjectAsVec<'a>,
    is_strict: bool,
}

/// What a body asks for, with the violations that were found while reading it.
#[derive(Debug, Default)]
pub(in crate::vendors::directscale) struct Request<T> {
    pub wanted: T,
    pub violations: Vec<Violation>,
    /// Properties that were sent and do not count.
    pub ignored: Notes,
}

impl<'a> Body<'a> {
    /// The body of a call as JSON, whatever Content-Type says.
    pub(in crate::vendors::directscale) fn of(call: &'a Call) -> Result<Self, BodyError> {
        match call.json(Leniency::JsonNet)? {
            Value::Object(object) => Ok(Self { object, is_strict: call.is_strict() }),
            _ => Err(JsonError::NoObject.into()),
        }
    }

    /// The whole customer that create, update and upgrade take.
    pub(in crate::vendors::directscale) fn values(&self) -> Request<CustomerFields> {
        let mut read = self.reader();
        let wanted = CustomerFields {
            back_office_id: read.text(Field::BackOfficeId),
            birth_date: read.date(Field::BirthDate),
            company_name: read.text(Field::CompanyName),
            customer_status: read.integer(Field::CustomerStatus),
            customer_type: read.integer(Field::CustomerType),
            shipping_address: read.address(Field::DefaultShippingAddress),
            email_address: read.text(Field::EmailAddress),
            external_reference_id: read.text(Field::ExternalReferenceId),
            first_name: read.text(Field::FirstName),
            language_code: read.language(),
            last_name: read.text(Field::LastName),
            password: read.text(Field::Password).map(Password::new),
            primary_address: read.address(Field::PrimaryAddress),
            primary_phone: read.text(Field::PrimaryPhone),
            secondary_phone: read.text(Field::SecondaryPhone),
            send_emails: read.boolean(Field::SendEmails),
            sign_up_date: read.date(Field::SignUpDate),
            // 0 is how answers show that there is none.
            sponsor_id: read.integer(Field::SponsorId).filter(|id| *id != 0),
            tax_exempt: read.boolean(Field::TaxExempt),
            tax_exempt_id: read.text(Field::TaxExemptId),
            tax_id: read.text(Field::TaxId),
            terms_accepted: read.boolean(Field::TermsAccepted),
            text_phone: read.text(Field::TextPhone),
            username: read.text(Field::Username),
            web_alias: read.text(Field::WebAlias),
            custom_fields: read.custom_fields().map(|(_, text)| text),
            key: None,
            profile: None,
        };
        Request { wanted, violations: read.violations, ignored: notes(&self.object, &Noted::Customer) }
    }

    /// The new password of a reset: `Password`, or as the older clients' forms call it.
    pub(in crate::vendors::directscale) fn password(&self) -> Request<Option<Password>> {
        let mut read = self.reader();
        let named = |name| property(&self.object, name);
        let value = named("Password").or_else(|| named("NewPassword"));
        let wanted = value.and_then(|value| read.text_of(Field::Password, value)).map(Password::new);
        let ignored = self.beside(&["Password", "NewPassword"]);
        Request { wanted, violations: read.violations, ignored }
    }

    /// What was sent and is none of these.
    pub(in crate::vendors::directscale) fn beside(&self, names: &'static [&'static str]) -> Notes {
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

/// Reads the properties of one object and gathers what is wrong with them.
pub(super) struct Reader<'o, 'a> {
    object: &'o ObjectAsVec<'a>,
    coercion: Coercion,
    dates: DateForms,
    pub(super) violations: Vec<Violation>,
}

impl<'o, 'a> Reader<'o, 'a> {
    /// Whether the property is there, be it null.
    pub(super) fn is_sent(&self, field: Field) -> bool {
        property(self.object, field.name()).is_some()
    }

    pub(super) fn text(&mut self, field: Field) -> Option<String> {
        let value = property(self.object, field.name())?;
        self.text_of(field, value)
    }

    pub(super) fn integer(&mut self, field: Field) -> Option<i32> {
        let number = match property(self.object, field.name())? {
            Value::Null => return None,
            Value::Str(text) if filled(text).is_none() => return None,
            value => self.coercion.integer(value),
        };
        self.or_fault(number, field, ViolationKind::Type("an integer"))
    }

    pub(super) fn boolean(&mut self, field: Field) -> Option<bool> {
        let value = match property(self.object, field.name())? {
            Value::Null => return None,
            Value::Str(text) if filled(text).is_none() => return None,
            value => self.coercion.boolean(value),
        };
        self.or_fault(value, field, ViolationKind::Type("true or false"))
    }

    pub(super) fn date(&mut self, field: Field) -> Option<DateTime<Utc>> {
        let date = match property(self.object, field.name())? {
            Value::Null => return None,
            Value::Str(text) => dates::read(filled(text)?, self.dates).and_then(ParsedDate::instant),
            _ => None,
        };
        let rule = ViolationKind::Format("must be a date such as 2020-02-20T15:47:52Z");
        self.or_fault(date, field, rule).filter(|date| !dates::is_unset(*date))
    }

    pub(super) fn language(&mut self) -> Option<String> {
        self.text(Field::LanguageCode).map(|code| code.trim().to_ascii_lowercase())
    }

    /// An address; null and absent are an empty one.
    pub(super) fn address(&mut self, field: fn(Option<AddressPart>) -> Field) -> Address {
        match property(self.object, field(None).name()) {
            None | Some(Value::Null) => Address::default(),
            Some(Value::Object(object)) => self.address_parts(object, field),
            Some(_) => {
                self.violations.push(Violation { field: field(None), rule: ViolationKind::Type("an object") });
                Address::default()
            }
        }
    }

    pub(super) fn address_object(&self, field: Field) -> Option<&'o ObjectAsVec<'a>> {
        match property(self.object, field.name())? {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    fn address_parts(&mut self, object: &ObjectAsVec<'a>, field: fn(Option<AddressPart>) -> Field) -> Address {
        let mut part = |part: AddressPart| {
            let field = field(Some(part));
            let value = property(object, field.part_name())?;
            self.text_of(field, value)
        };
        Address {
            street1: part(AddressPart::Street1),
            street2: part(AddressPart::Street2),
            street3: part(AddressPart::Street3),
            city: part(AddressPart::City),
            region: part(AddressPart::Region),
            postal_code: part(AddressPart::PostalCode),
            country_code: part(AddressPart::CountryCode).map(|code| code.trim().to_ascii_uppercase()),
        }
    }

    /// Field1 to Field10: whether each was sent, and its text.
    pub(super) fn custom_fields(&mut self) -> [(bool, Option<String>); 10] {
        let mut fields: [(bool, Option<String>); 10] = Default::default();
        match property(self.object, Field::AssociateCustom(0).name()) {
            None => {}
            // Nothing at all clears every one.
            Some(Value::Null) => fields.iter_mut().for_each(|(sent, _)| *sent = true),
            Some(Value::Object(object)) => {
                for (slot, number) in fields.iter_mut().zip(1..) {
                    let field = Field::AssociateCustom(number);
                    if let Some(value) = property(object, field.part_name()) {
                        *slot = (true, self.text_of(field, value));
                    }
                }
            }
            Some(_) => {
                self.violations
                    .push(Violation { field: Field::AssociateCustom(0), rule: ViolationKind::Type("an object") });
            }
        }
        fields
    }

    fn text_of(&mut self, field: Field, value: &Value<'_>) -> Option<String> {
        match value {
            Value::Null => None,
            Value::Str(text) => filled(text).map(str::to_owned),
            value => {
                let text = self.coercion.text(value).map(Cow::into_owned);
                self.or_fault(text, field, ViolationKind::Type("a string"))
            }
        }
    }

    fn or_fault<T>(&mut self, value: Option<T>, field: Field, rule: ViolationKind) -> Option<T> {
        if value.is_none() {
            self.violations.push(Violation { field, rule });
        }
        value
    }
}

/// Whether an address has the property, be it null or empty.
pub(super) fn has_part(object: &ObjectAsVec<'_>, part: Field) -> bool {
    property(object, part.part_name()).is_some()
}
