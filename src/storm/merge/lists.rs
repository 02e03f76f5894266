//! Lists whose items go by the id of their kind, and lists of numbers.

use crate::storm::wire::{answer, request};

/// Flags: one of each kind. Whether it is selected is all that a flag says, so false counts too.
pub(super) fn lay_flags(kept: &mut Vec<answer::Flag>, sent: &[request::Flag], clears: bool) {
    lay(
        kept,
        sent.iter().map(|flag| (flag.id, flag)),
        |kept| kept.id,
        |kept, id, flag| {
            kept.id = id;
            flag.name.lay(&mut kept.name, clears);
            if flag.group != 0 {
                kept.group = flag.group;
            }
            kept.is_selected = flag.is_selected.unwrap_or(kept.is_selected);
        },
    );
}

/// Values: one of each kind.
pub(super) fn lay_values(kept: &mut Vec<answer::IdValue>, sent: &[request::IdValue], clears: bool) {
    lay(
        kept,
        sent.iter().map(|value| (value.id, value)),
        |kept| kept.id,
        |kept, id, value| {
            kept.id = id;
            value.value.lay(&mut kept.value, clears);
            value.code.lay(&mut kept.code, clears);
        },
    );
}

/// A list of numbers is one value.
pub(super) fn lay_numbers(kept: &mut Vec<i32>, sent: &[i32]) {
    if !sent.is_empty() {
        kept.clear();
        kept.extend_from_slice(sent);
    }
}

/// What was sent first, in its order, then the rest.
fn lay<K: Default, S>(
    kept: &mut Vec<K>,
    sent: impl Iterator<Item = (i32, S)>,
    id_of: impl Fn(&K) -> i32,
    mut onto: impl FnMut(&mut K, i32, S),
) {
    let mut first: Vec<K> = Vec::new();
    for (id, item) in sent {
        if let Some(again) = first.iter_mut().find(|kept| id_of(kept) == id) {
            onto(again, id, item);
            continue;
        }
        let mut laid = match kept.iter().position(|kept| id_of(kept) == id) {
            Some(place) => kept.remove(place),
            None => K::default(),
        };
        onto(&mut laid, id, item);
        first.push(laid);
    }
    kept.splice(..0, first);
}
