//! A customer of a seed file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::customers::{
    CustomerRecord, MAX_SEED_NUMBER, PasswordHashText, RestoredCustomer, SeedCustomer, StoredCustomer,
};
use crate::model::{Address, Customer, CustomerFields, CustomerId, Field, Member, MemberMut};
use crate::plan::{DISTRIBUTOR, INDEXED, MAX_INDEXED_LENGTH};
use crate::secret::Password;
use crate::wire::dates;

/// The highest id or counter in a seed.
pub(super) const LAST_ID: i32 = MAX_SEED_NUMBER;

/// A customer. Its members have the names of the field table.
#[derive(Debug, Default)]
pub(in crate::tenants) struct SeedEntry {
    pub(super) reference: Option<String>,
    id: Option<i32>,
    /// The `ref` of an earlier entry.
    sponsor: Option<String>,
    fields: CustomerFields,
    /// The dates as they are written. They are parsed when the entry is loaded.
    dates: Vec<(Field, String)>,
    /// The custom fields as they are written.
    custom: BTreeMap<String, String>,
    /// Instead of the password.
    password_hash: Option<PasswordHashText>,
    /// What the system stores in addition to the fields. A customer with a record is stored exactly as it is written here.
    record: Option<Box<CustomerRecord>>,
}

/// An address of a seed.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct SeedAddress {
    #[serde(skip_serializing_if = "Option::is_none")]
    street1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<String>,
}

pub(super) const REFERENCE: &str = "ref";
pub(super) const ID: &str = "id";
pub(super) const SPONSOR: &str = "Sponsor";
pub(super) const PASSWORD_HASH: &str = "password_hash";
pub(super) const RECORD: &str = "record";

/// The names of the members.
pub(super) static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let fields = Field::WHOLE.iter().map(|field| field.name());
    [REFERENCE, ID, SPONSOR].into_iter().chain(fields).chain([PASSWORD_HASH, RECORD]).collect()
});

impl<'de> Deserialize<'de> for SeedEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = SeedEntry;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a customer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<SeedEntry, A::Error> {
        let mut entry = SeedEntry::default();
        let mut read = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            let Some(name) = NAMES.iter().find(|valid| **valid == name) else {
                return Err(A::Error::unknown_field(&name, &NAMES));
            };
            if !read.insert(*name) {
                return Err(A::Error::duplicate_field(name));
            }
            match *name {
                REFERENCE => entry.reference = members.next_value()?,
                ID => entry.id = members.next_value()?,
                SPONSOR => entry.sponsor = members.next_value()?,
                PASSWORD_HASH => entry.password_hash = members.next_value()?,
                RECORD => entry.record = members.next_value()?,
                field => entry.read_field(field.parse().map_err(A::Error::custom)?, &mut members)?,
            }
        }
        Ok(entry)
    }
}

impl SeedEntry {
    fn read_field<'de, A: MapAccess<'de>>(&mut self, field: Field, members: &mut A) -> Result<(), A::Error> {
        match self.fields.member_mut(field) {
            MemberMut::Text(text) | MemberMut::Code(text) => *text = members.next_value()?,
            MemberMut::Date(_) => {
                self.dates.extend(members.next_value::<Option<String>>()?.map(|date| (field, date)));
            }
            MemberMut::Integer(number) => *number = members.next_value()?,
            MemberMut::Boolean(flag) => *flag = members.next_value()?,
            MemberMut::Address(address) => *address = members.next_value::<SeedAddress>()?.into(),
            MemberMut::Custom(_) => self.custom = members.next_value()?,
            MemberMut::Secret(password) => *password = members.next_value::<Option<String>>()?.map(Password::new),
        }
        Ok(())
    }

    fn write_field<M: SerializeMap>(&self, field: Field, members: &mut M) -> Result<(), M::Error> {
        let name = field.name();
        match self.fields.member(field) {
            Member::Text(Some(text)) | Member::Code(Some(text)) => members.serialize_entry(name, text),
            Member::Date(_) => match self.dates.iter().find(|(of, _)| *of == field) {
                Some((_, date)) => members.serialize_entry(name, date),
                None => Ok(()),
            },
            Member::Integer(Some(number)) => members.serialize_entry(name, number),
            Member::Boolean(Some(flag)) => members.serialize_entry(name, flag),
            Member::Address(address) if !address.is_empty() => {
                members.serialize_entry(name, &SeedAddress::from(address.clone()))
            }
            Member::Custom(_) if !self.custom.is_empty() => members.serialize_entry(name, &self.custom),
            Member::Secret(Some(password)) => members.serialize_entry(name, password.reveal()),
            _ => Ok(()),
        }
    }
}

impl Serialize for SeedEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        if let Some(reference) = &self.reference {
            members.serialize_entry(REFERENCE, reference)?;
        }
        if let Some(id) = self.id {
            members.serialize_entry(ID, &id)?;
        }
        if let Some(sponsor) = &self.sponsor {
            members.serialize_entry(SPONSOR, sponsor)?;
        }
        // The sponsor is written first, because readers expect it there.
        self.write_field(Field::SponsorId, &mut members)?;
        for field in Field::WHOLE.iter().filter(|field| **field != Field::SponsorId) {
            self.write_field(*field, &mut members)?;
        }
        if let Some(password_hash) = &self.password_hash {
            members.serialize_entry(PASSWORD_HASH, password_hash)?;
        }
        if let Some(record) = &self.record {
            members.serialize_entry(RECORD, record)?;
        }
        members.end()
    }
}

/// How a customer of a seed is stored.
#[derive(Debug)]
pub(super) enum EntryKind {
    /// Validated, with defaults and derived values.
    New(Box<SeedCustomer>),
    /// Exactly as it is written.
    Restored(Box<RestoredCustomer>),
}

impl SeedEntry {
    /// The name in messages. `number` is the position in the tenant, from 1.
    pub(super) fn label(&self, number: usize) -> String {
        match (&self.reference, &self.record, self.id) {
            (Some(reference), ..) => reference.clone(),
            (None, Some(_), Some(id)) => format!("with id {id}"),
            _ => format!("number {number}"),
        }
    }

    /// Assigns the id after `last` to a customer without id and record; a record needs its own id. Returns the highest id so far,
    /// `None` when no id is left.
    pub(super) fn number(&mut self, last: i32) -> Option<i32> {
        match self.id {
            Some(id) => Some(last.max(id)),
            None if self.record.is_some() => Some(last),
            None => {
                self.id = Some(last.checked_add(1)?);
                self.id
            }
        }
    }

    pub(super) fn is_distributor(&self) -> bool {
        self.fields.customer_type == Some(DISTRIBUTOR)
    }

    pub(super) fn into_customer(self, references: &HashMap<String, i32>) -> Result<EntryKind, String> {
        let Self { reference: _, id, sponsor, mut fields, dates, custom, password_hash, record } = self;
        if let Some(sponsor) = sponsor {
            let id = references.get(&sponsor);
            fields.sponsor_id = Some(*id.ok_or_else(|| format!("no customer above it has the ref '{sponsor}'"))?);
        }
        for (name, value) in custom {
            let slot = name.strip_prefix("Field").and_then(|number| number.parse::<usize>().ok());
            let slot = slot.and_then(|number| fields.custom_fields.get_mut(number.checked_sub(1)?));
            *slot.ok_or_else(|| format!("'{name}' is not one of Field1 to Field10"))? = Some(value);
        }
        id.map_or(Ok(()), check_id)?;
        if record.iter().flat_map(|record| &record.companies).any(|company| company.id > LAST_ID) {
            return Err(format!("record.companies.id must be at most {LAST_ID}"));
        }
        if fields.password.is_some() && password_hash.is_some() {
            return Err("it has a Password and a password_hash".to_owned());
        }
        for (field, text) in dates {
            let date = dates::parse(&text).ok_or_else(|| format!("{field} is not a date such as 1990-12-31"))?;
            if let MemberMut::Date(member) = fields.member_mut(field) {
                *member = Some(date);
            }
        }
        let id = id.map(CustomerId);
        match record {
            None => Ok(EntryKind::New(Box::new(SeedCustomer { id, fields, password_hash }))),
            Some(record) => restored(id, fields, password_hash, *record),
        }
    }
}

/// Checks that an id leaves numbers for customers that are created later.
pub(super) fn check_id(id: i32) -> Result<(), String> {
    match id {
        ..1 => Err("an id is above zero".to_owned()),
        id if id > LAST_ID => Err(format!("an id is at most {LAST_ID}")),
        _ => Ok(()),
    }
}

/// A customer with a record. No value is derived, so it must have the fields that every stored customer has.
fn restored(
    id: Option<CustomerId>,
    fields: CustomerFields,
    password_hash: Option<PasswordHashText>,
    record: CustomerRecord,
) -> Result<EntryKind, String> {
    record.check()?;
    if fields.password.is_some() {
        return Err("one with a record has a password_hash and no Password".to_owned());
    }
    let length = |field: Field| match fields.member(field) {
        Member::Text(Some(text)) => text.chars().count(),
        _ => 0,
    };
    if let Some(field) = INDEXED.into_iter().find(|field| length(*field) > MAX_INDEXED_LENGTH) {
        return Err(format!("{field} must be at most {MAX_INDEXED_LENGTH} characters long"));
    }
    let required = [Field::CustomerType, Field::CustomerStatus, Field::BackOfficeId, Field::SignUpDate];
    let missing = required.into_iter().find(|field| fields.is_missing(*field));
    match (id, missing) {
        (None, _) => Err("one with a record needs an id".to_owned()),
        (_, Some(field)) => Err(format!("one with a record needs {field}")),
        (Some(id), None) => {
            let password_hash = password_hash.map(PasswordHashText::into_text);
            Ok(EntryKind::Restored(Box::new(RestoredCustomer { id, fields, password_hash, record })))
        }
    }
}

impl From<StoredCustomer> for SeedEntry {
    fn from(stored: StoredCustomer) -> Self {
        let StoredCustomer { customer, password_hash, record } = stored;
        let Customer { id, enroller_id: _, inactive_date: _, mut fields } = customer;
        let mut dates = Vec::new();
        for field in Field::WHOLE {
            match fields.member_mut(*field) {
                MemberMut::Date(date) => dates.extend(date.map(|date| (*field, date_text(date)))),
                // An entry without the member means false.
                MemberMut::Boolean(flag) => *flag = flag.filter(|flag| *flag),
                _ => {}
            }
        }
        let custom = (1..).zip(&mut fields.custom_fields);
        let custom = custom.filter_map(|(number, value)| Some((format!("Field{number}"), value.take()?))).collect();
        let password_hash = password_hash.map(PasswordHashText::stored);
        Self {
            reference: None,
            id: Some(id.0),
            sponsor: None,
            fields,
            dates,
            custom,
            password_hash,
            record: Some(Box::new(record)),
        }
    }
}

/// A date as it is read again: to the microsecond, or only the day if the time is midnight.
fn date_text(date: DateTime<Utc>) -> String {
    if date.time() == NaiveTime::MIN {
        date.format("%Y-%m-%d").to_string()
    } else {
        date.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}

impl From<Address> for SeedAddress {
    fn from(address: Address) -> Self {
        let Address { street1, street2, street3, city, region, postal_code, country_code } = address;
        Self { street1, street2, street3, city, region, postal_code, country_code }
    }
}

impl From<SeedAddress> for Address {
    fn from(address: SeedAddress) -> Self {
        let SeedAddress { street1, street2, street3, city, region, postal_code, country_code } = address;
        Self { street1, street2, street3, postal_code, city, region, country_code }
    }
}
