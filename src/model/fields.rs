//! Operations on the fields of a customer that follow from the field table alone.

use super::field::{CustomerFields, Field, Member, MemberMut};
use super::mask::FieldMask;
use super::text::remove_blank;

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
}
