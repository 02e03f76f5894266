//! Lists whose items have the id of their kind, and lists of numbers.

use crate::vendors::storm::wire::{request, response};

/// Merges flags: one of each kind. A flag is identified by its id, or by its name if it has no id. `IsSelected` is the only value of
/// a flag, so false counts too.
pub(super) fn merge_flags(stored: &mut Vec<response::Flag>, sent: &[request::Flag], clears: bool) {
    let is_same = |stored: &response::Flag, flag: &request::Flag| {
        stored.id == flag.id && (flag.id != 0 || stored.name.as_ref() == flag.name.value())
    };
    merge_list(stored, sent, is_same, |stored, flag| {
        stored.id = flag.id;
        flag.name.apply_to(&mut stored.name, clears);
        if flag.group != 0 {
            stored.group = flag.group;
        }
        stored.is_selected = flag.is_selected.unwrap_or(stored.is_selected);
    });
}

/// Merges values: one of each kind. A value is identified by its id, or by its code if it has no id.
pub(super) fn merge_values(stored: &mut Vec<response::IdValue>, sent: &[request::IdValue], clears: bool) {
    let is_same = |stored: &response::IdValue, value: &request::IdValue| {
        stored.id == value.id && (value.id != 0 || stored.code.as_ref() == value.code.value())
    };
    merge_list(stored, sent, is_same, |stored, value| {
        stored.id = value.id;
        value.value.apply_to(&mut stored.value, clears);
        value.code.apply_to(&mut stored.code, clears);
    });
}

/// Replaces a list of numbers, which is one value.
pub(super) fn merge_numbers(stored: &mut Vec<i32>, sent: &[i32]) {
    if !sent.is_empty() {
        stored.clear();
        stored.extend_from_slice(sent);
    }
}

/// The items that were sent come first, in their order, then the others.
fn merge_list<K: Default, S>(
    stored: &mut Vec<K>,
    sent: &[S],
    is_same: impl Fn(&K, &S) -> bool,
    mut apply: impl FnMut(&mut K, &S),
) {
    let mut first: Vec<K> = Vec::new();
    for item in sent {
        if let Some(again) = first.iter_mut().find(|merged| is_same(merged, item)) {
            apply(again, item);
            continue;
        }
        let mut merged = match stored.iter().position(|stored| is_same(stored, item)) {
            Some(index) => stored.remove(index),
            None => K::default(),
        };
        apply(&mut merged, item);
        first.push(merged);
    }
    stored.splice(..0, first);
}
