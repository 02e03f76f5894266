//! Reads the body of a PATCH: only the fields that are sent and that the operation supports.

use serde_json_borrow::Value;

use super::body::{Body, Reader, Request, has_part};
use super::notes::{Noted, notes};
use crate::customers::{Patch, Violation, ViolationKind};
use crate::model::{AddressPart, Field};
use crate::wire::members::Notes;

/// "If the variable desired is part of an array of variables, then the rest of the variables must be included"
/// (DirectScale, PATCH Customer page).
pub(super) const WHOLE_ADDRESS: [AddressPart; 6] = [
    AddressPart::Street1,
    AddressPart::Street2,
    AddressPart::City,
    AddressPart::Region,
    AddressPart::PostalCode,
    AddressPart::CountryCode,
];

/// The fields that PATCH supports.
pub(super) fn supported() -> impl Iterator<Item = Field> {
    Field::WHOLE.iter().copied().filter(|field| field.is_patchable())
}

impl Body<'_> {
    /// The partial update that PATCH takes. Fields that it does not support are rejected when `reject_unsupported`, and
    /// named as ignored otherwise.
    pub(in crate::vendors::directscale) fn patch(&self, reject_unsupported: bool) -> Request<Patch> {
        let mut read = self.reader();
        let mut patch = Patch::default();
        for field in supported() {
            if !read.member(field, &mut patch.fields) {
                continue;
            }
            match (field, read.value(field)) {
                (Field::DefaultShippingAddress(_) | Field::PrimaryAddress(_), value) => {
                    check_whole_address(&mut read, field, value);
                    patch.mask.insert(field);
                }
                (Field::AssociateCustom(_), Some(Value::Object(object))) => {
                    field.parts().filter(|part| has_part(object, *part)).for_each(|part| patch.mask.insert(part));
                }
                // Null clears all of them.
                (field, _) => patch.mask.insert(field),
            }
        }
        let is_unsupported = |field: &Field| !field.is_patchable() && read.value(*field).is_some();
        let has_others = read.has_others || Field::WHOLE.iter().any(is_unsupported);
        let mut violations = read.violations;
        if reject_unsupported && has_others {
            let named = self.object().as_vec().iter().filter_map(|(name, _)| name.parse::<Field>().ok());
            let unsupported = named.filter(|field| field.whole() != *field || !field.is_patchable());
            violations.extend(unsupported.map(|field| Violation { field, kind: ViolationKind::Unsupported }));
        }
        let which = Noted::Patch { rejects: reject_unsupported };
        let ignored = if has_others { notes(self.object(), &which) } else { Notes::default() };
        Request { content: patch, violations, ignored }
    }
}

/// An address is null, to clear it, or an object with these six properties.
fn check_whole_address(read: &mut Reader<'_, '_>, field: Field, value: Option<&Value<'_>>) {
    let Some(Value::Object(object)) = value else { return };
    let required = AddressPart::ALL.into_iter().zip(field.parts()).filter(|(part, _)| WHOLE_ADDRESS.contains(part));
    let missing = required.map(|(_, part)| part).filter(|part| !has_part(object, *part));
    read.violations.extend(missing.map(|field| Violation { field, kind: ViolationKind::Incomplete }));
}
