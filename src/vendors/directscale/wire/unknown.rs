//! The members of a body that do not count: unknown ones, with what was probably meant, and those that count elsewhere.

use std::sync::LazyLock;

use serde_json_borrow::{ObjectAsVec, Value};

use super::patch::SUPPORTED;
use crate::field::{AddressPart, Field};
use crate::wire::members::{Notes, unknown, unused};

/// Which members of a body count.
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

/// What answers show of a customer and no request takes.
const ONLY_SHOWN: [&str; 3] = ["CustomerId", "EnrollerId", "InactiveDate"];
const ONLY_SHOWN_OF_ADDRESS: &str = "AddressId";
const SHOWN: &str = "only answers have it";

const ELSEWHERE: [&str; 6] = ["Username", "Password", "NewPassword", "pointsToAdd", "pointsToDeduct", "EmailAddress"];

/// The fields of a customer, without their parts.
static FIELDS: LazyLock<Vec<(Field, &'static str)>> = LazyLock::new(|| {
    let whole = Field::all().filter(|field| field.whole() == *field);
    whole.map(|field| (field, field.name())).collect()
});

/// The parts of an address, and the custom fields.
static PARTS: LazyLock<[Vec<&'static str>; 2]> = LazyLock::new(|| {
    let of = |whole: Field| {
        let parts = Field::all().filter(|field| field.whole() == whole && *field != whole);
        parts.map(Field::part_name).collect()
    };
    [of(Field::PrimaryAddress(None)), of(Field::AssociateCustom(0))]
});

/// Notes on the members of a body that do not count, with their paths.
pub(super) fn notes(object: &ObjectAsVec<'_>, which: &Noted) -> Notes {
    let mut notes = Notes::default();
    for (name, value) in object.as_vec() {
        if let Noted::Only(names) = which {
            if !is_one_of(names, name) {
                notes.add(|| beside(name, names));
            }
            continue;
        }
        let Some((field, known)) = FIELDS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)) else {
            notes.add(|| stranger(name));
            continue;
        };
        match which {
            Noted::Patch { rejects } if !SUPPORTED.contains(field) => {
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
            if is_address && name.eq_ignore_ascii_case(ONLY_SHOWN_OF_ADDRESS) {
                unused(&path, name, SHOWN)
            } else {
                unknown(&path, name, known.iter().copied())
            }
        });
    }
}

/// A name that no request for a customer has.
fn stranger(name: &str) -> String {
    if is_one_of(&ONLY_SHOWN, name) {
        return unused("", name, SHOWN);
    }
    // A part that stands beside the address or the custom fields instead of in them.
    let places = [Field::PrimaryAddress(Some(AddressPart::Street1)), Field::AssociateCustom(1)];
    for (place, parts) in places.into_iter().zip(&*PARTS) {
        if let Some(part) = parts.iter().find(|part| part.eq_ignore_ascii_case(name)) {
            let whole = place.whole().name();
            return unused("", name, &format!("did you mean {whole}.{part}?"));
        }
    }
    unknown("", name, FIELDS.iter().map(|(_, known)| *known))
}

fn beside(name: &str, names: &[&'static str]) -> String {
    if is_one_of(&ELSEWHERE, name) {
        unused("", name, "this operation does not read it")
    } else {
        unknown("", name, names.iter().copied())
    }
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
