//! Operations on the fields of a customer that follow from the field table alone, and sets of fields.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::address::remove_blank;
use super::field::{CustomerFields, Field, Member, MemberMut};

/// The language of a customer that is sent without one (vendor's engine: "usually defaults to en").
const DEFAULT_LANGUAGE: &str = "en";

impl CustomerFields {
    /// The free text of a field or of a part, if it is set. Codes are not free texts.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&str> {
        use super::address::AddressPart::CountryCode;
        match (self.member(field), field) {
            (Member::Text(text), _) => text.as_deref(),
            (
                Member::Address(address),
                Field::DefaultShippingAddress(Some(part)) | Field::PrimaryAddress(Some(part)),
            ) if part != CountryCode => address.part(part).as_deref(),
            (Member::Custom(texts), Field::AssociateCustom(number @ 1..)) => texts[usize::from(number) - 1].as_deref(),
            _ => None,
        }
    }

    /// Every free text that is set, with its field.
    pub fn texts(&self) -> impl Iterator<Item = (Field, &str)> {
        Field::all().filter_map(|field| Some((field, self.text(field)?)))
    }

    /// Whether a field or a part is not set.
    #[must_use]
    pub fn is_missing(&self, field: Field) -> bool {
        match (self.member(field), field) {
            // Terms that are not accepted count as missing.
            (Member::Boolean(accepted), Field::TermsAccepted) => *accepted != Some(true),
            (Member::Text(text) | Member::Code(text), _) => text.is_none(),
            (Member::Date(date), _) => date.is_none(),
            (Member::Integer(number), _) => number.is_none(),
            (Member::Boolean(flag), _) => flag.is_none(),
            (Member::Secret(password), _) => password.is_none(),
            (
                Member::Address(address),
                Field::DefaultShippingAddress(Some(part)) | Field::PrimaryAddress(Some(part)),
            ) => address.part(part).is_none(),
            (Member::Address(address), _) => address.is_empty(),
            (Member::Custom(texts), Field::AssociateCustom(number @ 1..)) => {
                texts.get(usize::from(number) - 1).is_none_or(Option::is_none)
            }
            (Member::Custom(texts), _) => texts.iter().all(Option::is_none),
        }
    }

    /// Removes blank texts, and changes the case of codes.
    pub fn normalize(&mut self) {
        for field in Field::WHOLE {
            match self.member_mut(*field) {
                MemberMut::Text(text) => remove_blank(text),
                MemberMut::Code(code) => {
                    remove_blank(code);
                    if let Some(code) = code {
                        *code = code.trim().to_ascii_lowercase();
                    }
                }
                MemberMut::Address(address) => address.normalize(),
                MemberMut::Custom(texts) => texts.iter_mut().for_each(remove_blank),
                MemberMut::Date(_) | MemberMut::Integer(_) | MemberMut::Boolean(_) | MemberMut::Secret(_) => {}
            }
        }
    }

    /// Sets the fields with a fixed default that every stored customer has: the language, and each boolean.
    pub fn set_defaults(&mut self) {
        for field in Field::WHOLE {
            match self.member_mut(*field) {
                MemberMut::Code(code) => drop(code.get_or_insert_with(|| DEFAULT_LANGUAGE.to_owned())),
                MemberMut::Boolean(flag) => _ = flag.get_or_insert(false),
                MemberMut::Text(_)
                | MemberMut::Date(_)
                | MemberMut::Integer(_)
                | MemberMut::Address(_)
                | MemberMut::Custom(_)
                | MemberMut::Secret(_) => {}
            }
        }
    }

    /// Copies the fields of `changes` that are in the mask.
    pub fn merge(&mut self, changes: &Self, mask: FieldMask) {
        for field in mask.iter() {
            match (self.member_mut(field), changes.member(field)) {
                (MemberMut::Text(old), Member::Text(new)) | (MemberMut::Code(old), Member::Code(new)) => {
                    old.clone_from(new);
                }
                (MemberMut::Date(old), Member::Date(new)) => *old = *new,
                (MemberMut::Integer(old), Member::Integer(new)) => *old = *new,
                (MemberMut::Boolean(old), Member::Boolean(new)) => *old = *new,
                (MemberMut::Address(old), Member::Address(new)) => old.clone_from(new),
                (MemberMut::Secret(old), Member::Secret(new)) => old.clone_from(new),
                (MemberMut::Custom(old), Member::Custom(new)) => {
                    for ((old, new), number) in old.iter_mut().zip(new).zip(1..) {
                        if mask.contains(Field::AssociateCustom(number)) {
                            old.clone_from(new);
                        }
                    }
                }
                _ => unreachable!("invariant: a field has one kind"),
            }
        }
    }

    /// The fields that differ from `other`.
    #[must_use]
    pub fn differences(&self, other: &Self) -> FieldMask {
        let mut mask = FieldMask::default();
        for field in Field::WHOLE {
            match (self.member(*field), other.member(*field)) {
                (Member::Custom(left), Member::Custom(right)) => {
                    for ((left, right), number) in left.iter().zip(right).zip(1..) {
                        mask.insert_if(Field::AssociateCustom(number), left != right);
                    }
                }
                (left, right) => mask.insert_if(*field, left != right),
            }
        }
        mask
    }
}

/// The fields that a write sets. An address is one field; each custom field is a separate one.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FieldMask(u64);

/// The bit of Field1; the fields of the table have the bits below it.
const FIRST_CUSTOM: u32 = 54;

const CUSTOM: u64 = ((1 << 10) - 1) << FIRST_CUSTOM;

const _: () = assert!(
    Field::WHOLE.len() <= FIRST_CUSTOM as usize,
    "the bits of the fields and of the custom fields do not overlap"
);

impl FieldMask {
    pub const ALL: Self = Self(((1 << (Field::WHOLE.len() - 1)) - 1) | CUSTOM);

    fn bits(field: Field) -> u64 {
        match field {
            Field::AssociateCustom(0) => CUSTOM,
            Field::AssociateCustom(number) => 1 << (FIRST_CUSTOM + u32::from(number) - 1),
            field => 1 << field.ordinal(),
        }
    }

    pub fn insert(&mut self, field: Field) {
        self.0 |= Self::bits(field);
    }

    /// Inserts the field if `is_in`.
    pub fn insert_if(&mut self, field: Field, is_in: bool) {
        if is_in {
            self.insert(field);
        }
    }

    pub fn remove(&mut self, field: Field) {
        self.0 &= !Self::bits(field);
    }

    /// Whether the field is in the set. For the custom fields as a whole: whether any of them is.
    #[must_use]
    pub fn contains(self, field: Field) -> bool {
        self.0 & Self::bits(field) != 0
    }

    /// Whether all ten custom fields are in the set.
    #[must_use]
    pub fn contains_all_custom_fields(self) -> bool {
        self.0 & CUSTOM == CUSTOM
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The fields in the set, without parts of addresses; the custom fields as a whole, once.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::WHOLE.iter().copied().filter(move |field| self.contains(*field))
    }
}

impl FromIterator<Field> for FieldMask {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        let mut mask = Self::default();
        fields.into_iter().for_each(|field| mask.insert(field));
        mask
    }
}

impl fmt::Debug for FieldMask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.names()).finish()
    }
}

impl FieldMask {
    /// The fields in the set, without parts of addresses; each custom field by itself.
    pub fn each(self) -> impl Iterator<Item = Field> {
        let is_alone = |field: &Field| match field.whole() {
            Field::AssociateCustom(_) => *field != Field::AssociateCustom(0),
            whole => *field == whole,
        };
        Field::all().filter(is_alone).filter(move |field| self.contains(*field))
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        self.each().map(Field::name)
    }
}

/// Fields are written by name, so that another version of the program reads the same fields.
impl Serialize for FieldMask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for FieldMask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Field>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;

    #[test]
    fn a_merge_copies_the_fields_in_the_mask() {
        let text = |text: &str| Some(text.to_owned());
        let mut changes = CustomerFields { first_name: text("New"), last_name: text("New"), ..Default::default() };
        changes.custom_fields = std::array::from_fn(|_| text("New"));
        changes.primary_address = Address { city: text("New"), ..Address::default() };
        let mask = [Field::FirstName, Field::AssociateCustom(3), Field::PrimaryAddress(None), Field::CompanyName];
        let mut merged = CustomerFields { company_name: text("Old"), last_name: text("Old"), ..Default::default() };
        merged.merge(&changes, mask.into_iter().collect());
        assert_eq!((merged.first_name, merged.last_name, merged.company_name), (text("New"), text("Old"), None));
        assert_eq!(merged.custom_fields.iter().flatten().count(), 1);
        assert_eq!(merged.primary_address.city, text("New"));
    }

    #[test]
    fn blank_texts_are_removed_and_the_case_of_codes_is_changed() {
        let blank = || Some("  ".to_owned());
        let mut fields =
            CustomerFields { first_name: blank(), language_code: Some(" FR".into()), ..Default::default() };
        fields.custom_fields[9] = blank();
        fields.shipping_address = Address { street1: blank(), country_code: Some("us ".into()), ..Address::default() };
        fields.normalize();
        let shipping_address = Address { country_code: Some("US".into()), ..Address::default() };
        let expected = CustomerFields { language_code: Some("fr".into()), shipping_address, ..Default::default() };
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_mask_has_each_field_that_was_inserted_and_no_other() {
        assert_eq!(FieldMask::ALL, Field::all().collect());
        for field in Field::all() {
            let mask: FieldMask = [field].into_iter().collect();
            let read: FieldMask = serde_json::from_str(&serde_json::to_string(&mask).expect("JSON")).expect("a mask");
            assert_eq!(read, mask);
            for other in Field::all() {
                let is_in = match (field, other) {
                    (Field::AssociateCustom(one), Field::AssociateCustom(other)) => {
                        one == other || one == 0 || other == 0
                    }
                    _ => field.whole() == other.whole(),
                };
                assert_eq!(mask.contains(other), is_in, "{field} {other}");
            }
            let mut mask = FieldMask::ALL;
            mask.remove(field);
            assert_eq!(mask.contains_all_custom_fields(), field.whole() != Field::AssociateCustom(0));
        }
    }
}
