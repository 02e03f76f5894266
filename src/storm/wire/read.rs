//! Reading JSON as DataContractJsonSerializer does: names as they are spelled, in any order, unknown ones ignored.

use chrono::{DateTime, Utc};
use serde_json_borrow::{ObjectAsVec, Value};
use thiserror::Error as ThisError;
use uuid::Uuid;

use super::dates;
use super::sent::Sent;
use crate::customers::filled;
use crate::plan::StormPlan;
use crate::storm::refused::{Key, Refused};

/// The most items of a list that are read.
const MOST_ITEMS: usize = 1000;

/// Why a body cannot be read at all.
#[derive(Debug, ThisError)]
pub(in crate::storm) enum BodyError {
    #[error("The request body is not valid UTF-8.")]
    Encoding,
    #[error("The request body is not valid JSON: {0}.")]
    Json(#[source] serde_json::Error),
    #[error("The request body must be a JSON object.")]
    NoObject,
}

/// What a body asks for, with what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::storm) struct Request<T> {
    /// What could be read.
    pub(in crate::storm) wanted: T,
    /// What could not, each thing with its path.
    pub(in crate::storm) refused: Vec<Refused>,
    /// The paths of members that do not count.
    pub(in crate::storm) ignored: Vec<String>,
}

/// An object of requests.
pub(in crate::storm) trait Entity: Sized {
    /// Reads its members.
    fn read(read: &mut Reader<'_, '_>) -> Self;
}

/// Reads a body, whatever Content-Type says; `None` when there is nothing in it, or a null.
pub(in crate::storm) fn read<T: Entity>(bytes: &[u8], plan: &StormPlan) -> Result<Option<Request<T>>, BodyError> {
    // Some clients begin with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| BodyError::Encoding)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let object = match serde_json::from_str(text).map_err(BodyError::Json)? {
        Value::Null => return Ok(None),
        Value::Object(object) => object,
        _ => return Err(BodyError::NoObject),
    };
    let mut notes = Notes::default();
    let wanted = entity(&object, String::new(), plan, &mut notes);
    Ok(Some(Request { wanted, refused: notes.refused, ignored: notes.ignored }))
}

#[derive(Default)]
struct Notes {
    refused: Vec<Refused>,
    ignored: Vec<String>,
}

fn entity<T: Entity>(object: &ObjectAsVec<'_>, path: String, plan: &StormPlan, notes: &mut Notes) -> T {
    let mut reader = Reader { object, path, plan, notes, asked: Vec::new() };
    let entity = T::read(&mut reader);
    reader.name_unknown();
    entity
}

/// Reads the members of one object.
pub(in crate::storm) struct Reader<'o, 'a> {
    object: &'o ObjectAsVec<'a>,
    /// Where the object stands, with a full stop behind it unless it is the body.
    path: String,
    plan: &'o StormPlan,
    notes: &'o mut Notes,
    asked: Vec<&'static str>,
}

impl<'o, 'a> Reader<'o, 'a> {
    /// A text of at most so many characters.
    pub(super) fn text(&mut self, name: &'static str, longest: usize) -> Sent<String> {
        let text = match self.member(name) {
            None => return Sent::Absent,
            Some(Value::Null) => return Sent::Empty,
            Some(Value::Str(text)) => text,
            Some(_) => return self.wrong(name, "must be a string"),
        };
        let Some(text) = filled(text) else { return Sent::Empty };
        if text.chars().count() > longest {
            return self.refuse(Key::InvalidLength, name, &format!("must be at most {longest} characters long"));
        }
        // As the domain's own texts: no control characters but tabs and line breaks. No JSON in Postgres holds a NUL.
        if text.contains(|character: char| character.is_control() && !matches!(character, '\t' | '\n' | '\r')) {
            return self.refuse(Key::InvalidCharacter, name, "must not contain control characters");
        }
        Sent::Value(text.to_owned())
    }

    /// A number that may be null; 0 is none.
    pub(super) fn nullable_integer(&mut self, name: &'static str) -> Sent<i32> {
        match self.member(name) {
            None => Sent::Absent,
            Some(Value::Null) => Sent::Empty,
            Some(value) => match integer(value) {
                Some(0) => Sent::Absent,
                Some(number) => Sent::Value(number),
                None => self.wrong(name, "must be an integer"),
            },
        }
    }

    /// A number that is never null; 0 where it is not sent.
    pub(super) fn integer(&mut self, name: &'static str) -> i32 {
        let Some(value) = self.member(name) else { return 0 };
        integer(value).unwrap_or_else(|| self.wrong(name, "must be an integer"))
    }

    /// A boolean that may be null.
    pub(super) fn nullable_boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.member(name)? {
            Value::Null => None,
            value => boolean(value).or_else(|| self.wrong(name, "must be true or false")),
        }
    }

    /// A boolean that is never null.
    pub(super) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        boolean(self.member(name)?).or_else(|| self.wrong(name, "must be true or false"))
    }

    /// A Guid, which is never null; one of zeros is none.
    pub(super) fn guid(&mut self, name: &'static str) -> Option<Uuid> {
        let guid = match self.member(name)? {
            Value::Str(text) => Uuid::try_parse(text.trim()).ok(),
            _ => None,
        };
        guid.or_else(|| self.wrong(name, "must be a Guid")).filter(|guid| !guid.is_nil())
    }

    /// A date that may be null.
    pub(super) fn date(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let date = match self.member(name)? {
            Value::Null => return None,
            Value::Str(text) => dates::parse(text, self.plan.strict_dates),
            _ => None,
        };
        date.or_else(|| self.wrong(name, "must be a date such as /Date(1704161045678+0100)/"))
    }

    /// A list of numbers.
    pub(super) fn integers(&mut self, name: &'static str) -> Vec<i32> {
        let mut numbers = Vec::new();
        for (place, item) in self.items(name).iter().enumerate() {
            match integer(item) {
                Some(number) => numbers.push(number),
                None => self.wrong(&format!("{name}[{place}]"), "must be an integer"),
            }
        }
        numbers
    }

    /// An object that may be null.
    pub(super) fn one<T: Entity>(&mut self, name: &'static str) -> Option<T> {
        match self.member(name)? {
            Value::Null => None,
            Value::Object(object) => Some(self.inner(object, name)),
            _ => self.wrong(name, "must be an object"),
        }
    }

    /// A list of objects.
    pub(super) fn list<T: Entity>(&mut self, name: &'static str) -> Vec<T> {
        let mut entities = Vec::new();
        for (place, item) in self.items(name).iter().enumerate() {
            let name = format!("{name}[{place}]");
            match item {
                Value::Object(object) => entities.push(self.inner(object, &name)),
                _ => self.wrong(&name, "must be an object"),
            }
        }
        entities
    }

    fn inner<T: Entity>(&mut self, object: &ObjectAsVec<'a>, name: &str) -> T {
        entity(object, format!("{}{name}.", self.path), self.plan, self.notes)
    }

    fn items(&mut self, name: &'static str) -> &'o [Value<'a>] {
        match self.member(name) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(items)) if items.len() > MOST_ITEMS => {
                self.wrong(name, &format!("must have at most {MOST_ITEMS} items"))
            }
            Some(Value::Array(items)) => items,
            Some(_) => self.wrong(name, "must be an array"),
        }
    }

    /// The member of this very name; the last one counts when there are several.
    fn member(&mut self, name: &'static str) -> Option<&'o Value<'a>> {
        self.asked.push(name);
        self.object.as_vec().iter().rev().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    fn wrong<T: Default>(&mut self, name: &str, why: &str) -> T {
        self.refuse(Key::InvalidValue, name, why)
    }

    fn refuse<T: Default>(&mut self, key: Key, name: &str, why: &str) -> T {
        self.notes.refused.push(Refused::new(key, format!("{}{name} {why}.", self.path)));
        T::default()
    }

    fn name_unknown(self) {
        for (key, _) in self.object.as_vec() {
            // The serializer's own word for an object's type.
            if *key != "__type" && !self.asked.iter().any(|asked| *key == *asked) {
                self.notes.ignored.push(format!("{}{}", self.path, &**key));
            }
        }
    }
}

/// A number, in quotes or not.
fn integer(value: &Value<'_>) -> Option<i32> {
    match value {
        Value::Number(number) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
        Value::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn boolean(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storm::wire::request::Customer;

    /// The sample of the UpdateCustomer page, its elided parts filled.
    const SAMPLE: &str = r#"{
        "Id": 0, "Key": "KEY", "Code": "string", "Email": "string", "SSN": "string", "FirstName": "string",
        "LastName": "string", "Phone": "string", "CellPhone": "string", "ReferId": 0, "ReferUrl": "string",
        "Account": { "Id": 0, "LoginName": "string", "Roles": [0], "Authorizations": [{ "Id": 0 }], "IsActive": true },
        "Companies": [{ "Id": 0, "Name": "string", "DeliveryAddresses": [{}], "Info": [{ "Value": "string" }] }],
        "DeliveryAddresses": [{ "Zip": "string", "CountryId": 0 }], "InvoiceAddress": { "IsValidated": true },
        "Flags": [{ "Id": 0, "IsSelected": true }], "UseInvoiceAddressAsDeliveryAddress": true,
        "Info": [{ "Id": 0, "Value": "string", "Code": "string" }], "PricelistIds": [0], "CrmId": "string",
        "IsActive": true, "Created": "2019-08-24T14:15:22Z", "Updated": "2019-08-24T14:15:22Z"
    }"#;

    fn customer(text: &str) -> Request<Customer> {
        read(text.as_bytes(), &StormPlan::default()).expect("an object").expect("a customer")
    }

    fn refused(text: &str) -> Vec<String> {
        customer(text).refused.into_iter().map(|refused| refused.text).collect()
    }

    #[test]
    fn the_sample_is_read_but_for_its_key_which_is_no_guid() {
        assert_eq!(refused(&SAMPLE.replace("KEY", "string")), ["Key must be a Guid."]);
        let request = customer(&SAMPLE.replace("KEY", "6f9619ff-8b86-d011-b42d-00c04fc964ff"));
        assert_eq!((request.refused, request.ignored), (Vec::new(), Vec::new()));
        assert_eq!(request.wanted.id, Sent::Absent);
        assert_eq!(request.wanted.ssn.value().map(String::as_str), Some("string"));
        assert_eq!(request.wanted.created, "2019-08-24T14:15:22Z".parse().ok());
        assert_eq!(request.wanted.companies[0].delivery_addresses.len(), 1);
        assert_eq!(request.wanted.pricelist_ids, [0]);
    }

    #[test]
    fn names_are_case_sensitive_and_unknown_ones_are_named() {
        let request = customer(r#"{"id": 7, "__type": "x", "Companies": [{"name": "x"}], "Flags": [{"X": 1}]}"#);
        assert_eq!(request.wanted.id, Sent::Absent);
        assert_eq!(request.ignored, ["Companies[0].name", "Flags[0].X", "id"]);
    }

    #[test]
    fn numbers_and_booleans_may_be_quoted() {
        let text =
            r#"{"Id": "7", "IsActive": "true", "PricelistIds": [" 8 "], "InvoiceAddress": {"CountryId": "752"}}"#;
        let request = customer(text);
        assert_eq!(request.refused, []);
        assert_eq!((request.wanted.id, request.wanted.is_active), (Sent::Value(7), Some(true)));
        assert_eq!(request.wanted.pricelist_ids, [8]);
        assert_eq!(request.wanted.invoice_address.map(|address| address.country_id), Some(752));
    }

    #[test]
    fn everything_that_cannot_be_read_is_named_at_once() {
        let text = r#"{
            "Id": "", "Key": "", "Code": 5, "ReferId": 2147483648, "IsActive": 1, "Created": "soon",
            "UseInvoiceAddressAsDeliveryAddress": null, "Account": [], "PricelistIds": [1, null], "Flags": {},
            "Companies": [{"Id": 1.5, "DeliveryAddresses": [{}, {"Zip": 1, "CountryId": null, "IsValidated": null}]}, null],
            "Info": [{"Id": null}]
        }"#;
        let expected = [
            "Id must be an integer.",
            "Key must be a Guid.",
            "Code must be a string.",
            "ReferId must be an integer.",
            "Account must be an object.",
            "Companies[0].Id must be an integer.",
            "Companies[0].DeliveryAddresses[1].Zip must be a string.",
            "Companies[0].DeliveryAddresses[1].CountryId must be an integer.",
            "Companies[0].DeliveryAddresses[1].IsValidated must be true or false.",
            "Companies[1] must be an object.",
            "Flags must be an array.",
            "UseInvoiceAddressAsDeliveryAddress must be true or false.",
            "Info[0].Id must be an integer.",
            "PricelistIds[1] must be an integer.",
            "IsActive must be true or false.",
            "Created must be a date such as /Date(1704161045678+0100)/.",
        ];
        assert_eq!(refused(text), expected);
    }

    #[test]
    fn a_strict_plan_reads_no_iso_dates() {
        let plan = StormPlan { strict_dates: true, ..StormPlan::default() };
        let read = |date: &str| read::<Customer>(format!(r#"{{"Created": "{date}"}}"#).as_bytes(), &plan);
        let refused = |date| read(date).expect("an object").expect("a customer").refused.len();
        assert_eq!((refused("2019-08-24T14:15:22Z"), refused(r"\/Date(1)\/")), (1, 0));
    }

    #[test]
    fn long_texts_and_control_characters_are_named_at_once() {
        let (fits, long) = ("é".repeat(50), "é".repeat(51));
        let text = format!(
            r#"{{"FirstName": "{fits}", "LastName": "{long}", "Phone": "\u0000", "SSN": "a\tb\r\n",
                "InvoiceAddress": {{"Zip": "{long}"}}, "Info": [{{"Value": "{}"}}]}}"#,
            "x".repeat(9999)
        );
        let expected = [
            (Key::InvalidLength, "LastName must be at most 50 characters long."),
            (Key::InvalidCharacter, "Phone must not contain control characters."),
            (Key::InvalidLength, "InvoiceAddress.Zip must be at most 50 characters long."),
        ];
        assert_eq!(customer(&text).refused, expected.map(|(key, text)| Refused::new(key, text)));
    }

    #[test]
    fn the_last_of_several_members_counts() {
        assert_eq!(customer(r#"{"Id": 1, "Id": 2}"#).wanted.id, Sent::Value(2));
    }

    #[test]
    fn absurd_lists_are_refused_and_absurd_depths_are_no_json() {
        let text = format!(r#"{{"PricelistIds": [{}0]}}"#, "0,".repeat(1000));
        assert_eq!(refused(&text), ["PricelistIds must have at most 1000 items."]);
        let deep = "[".repeat(100_000);
        assert!(matches!(read::<Customer>(deep.as_bytes(), &StormPlan::default()), Err(BodyError::Json(_))));
    }

    #[test]
    fn nothing_is_no_customer_and_anything_else_is_no_body() {
        let read = |bytes: &[u8]| read::<Customer>(bytes, &StormPlan::default());
        for nothing in [&b""[..], b" \n", b"null", b"\xef\xbb\xbf"] {
            assert!(matches!(read(nothing), Ok(None)));
        }
        assert!(matches!(read(b"[]"), Err(BodyError::NoObject)));
        assert!(matches!(read(b"\"x\""), Err(BodyError::NoObject)));
        assert!(matches!(read(b"{\"Id\":\xff}"), Err(BodyError::Encoding)));
        assert!(matches!(read(b"{} {}"), Err(BodyError::Json(_))));
        assert!(matches!(read(b"{\"Code\": \"\\ud800\"}"), Err(BodyError::Json(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_body_makes_it_panic(text in "[-{}\\[\\]\":,0-9a-zA-Z/()+. ]{0,60}") {
            let _ = read::<Customer>(text.as_bytes(), &StormPlan::default());
        }
    }
}
