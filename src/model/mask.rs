//! A set of fields.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::field::Field;

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
