//! Notes on the members of a body that have no effect: unknown ones, with a suggestion, and those that other operations read.

use std::sync::LazyLock;

use serde_json_borrow::{ObjectAsVec, Value};

use crate::model::{AddressPart, Field};
use crate::wire::members::{Notes, unknown, unused};

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
