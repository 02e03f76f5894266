//! Lists whose items go by the id of their kind, and lists of numbers.

use crate::vendors::storm::wire::{answer, request};

/// Flags: one of each kind, told by its id, or by its name where it has none. Whether it is selected is all that a flag says, so
/// false counts too.
pub(super) fn lay_flags(kept: &mut Vec<answer::Flag>, sent: &[request::Flag], clears: bool) {
    let is_same = |kept: &answer::Flag, flag: &request::Flag| {
        kept.id == flag.id && (flag.id != 0 || kept.name.as_ref() == flag.name.value())
    };
    lay(kept, sent, is_same, |kept, flag| {
        kept.id = flag.id;
        flag.name.lay(&mut kept.name, clears);
        if flag.group != 0 {
            kept.group = flag.group;
        }
        kept.is_selected = flag.is_selected.unwrap_or(kept.is_selected);
    });
}

/// CustomerFields: one of each kind, told by its id, or by its code where it has none.
pub(super) fn lay_values(kept: &mut Vec<answer::IdValue>, sent: &[request::IdValue], clears: bool) {
    let is_same = |kept: &answer::IdValue, value: &request::IdValue| {
        kept.id == value.id && (value.id != 0 || kept.code.as_ref() == value.code.value())
    };
    lay(kept, sent, is_same, |kept, value| {
        kept.id = value.id;
        value.value.lay(&mut kept.value, clears);
        value.code.lay(&mut kept.code, clears);
    });
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
    sent: &[S],
    is_same: impl Fn(&K, &S) -> bool,
    mut onto: impl FnMut(&mut K, &S),
) {
    let mut first: Vec<K> = Vec::new();
    for item in sent {
        if let Some(again) = first.iter_mut().find(|kept| is_same(kept, item)) {
            onto(again, item);
            continue;
        }
        let mut laid = match kept.iter().position(|kept| is_same(kept, item)) {
            Some(place) => kept.remove(place),
            None => K::default(),
        };
        onto(&mut laid, item);
        first.push(laid);
    }
    kept.splice(..0, first);
}
