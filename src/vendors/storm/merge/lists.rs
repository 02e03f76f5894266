//! Lists whose items have the id of their kind, and lists of numbers.

use std::collections::HashMap;
use std::hash::Hash;

use crate::vendors::storm::wire::{Sent, request, response};

/// What identifies an item of a list: its id, or its name or code if it has no id.
#[derive(PartialEq, Eq, Hash)]
enum ItemKey {
    Id(i32),
    Text(Option<String>),
}

impl ItemKey {
    fn stored(id: i32, text: Option<&String>) -> Self {
        if id == 0 { Self::Text(text.cloned()) } else { Self::Id(id) }
    }

    fn sent(id: i32, text: &Sent<String>) -> Self {
        Self::stored(id, text.value())
    }
}

/// Merges flags: one of each kind. A flag is identified by its id, or by its name if it has no id. `IsSelected` is the only value of
/// a flag, so false counts too.
pub(super) fn merge_flags(stored: &mut Vec<response::Flag>, sent: &[request::Flag], clears: bool) {
    let key = |flag: &response::Flag| ItemKey::stored(flag.id, flag.name.as_ref());
    let sent_key = |flag: &request::Flag| ItemKey::sent(flag.id, &flag.name);
    merge_list(stored, sent, key, sent_key, |stored, flag| {
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
    let key = |value: &response::IdValue| ItemKey::stored(value.id, value.code.as_ref());
    let sent_key = |value: &request::IdValue| ItemKey::sent(value.id, &value.code);
    merge_list(stored, sent, key, sent_key, |stored, value| {
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
fn merge_list<I: Default, S>(
    stored: &mut Vec<I>,
    sent: &[S],
    key: impl Fn(&I) -> ItemKey,
    sent_key: impl Fn(&S) -> ItemKey,
    mut apply: impl FnMut(&mut I, &S),
) {
    if sent.is_empty() {
        return;
    }
    let mut merge = ListMerge::new(stored, key);
    for item in sent {
        let key = sent_key(item);
        let index = merge.find(&key).unwrap_or_else(|| merge.add(I::default(), Some(key)));
        apply(&mut merge.first[index], item);
    }
    merge.finish(stored);
}

/// Merges a list in one pass: finds stored items by their keys, and puts those that it found, and new ones, first.
#[derive(Debug)]
pub(super) struct ListMerge<K, I> {
    /// The stored items that were not found yet, in their order.
    rest: Vec<Option<I>>,
    /// The position in `rest` of the first item with each key.
    stored: HashMap<K, usize>,
    /// The position in `first` of the item with each key.
    moved: HashMap<K, usize>,
    pub(super) first: Vec<I>,
}

impl<K: Eq + Hash, I> ListMerge<K, I> {
    /// Takes the items of the list. [`Self::finish`] puts them back.
    pub(super) fn new(list: &mut Vec<I>, key: impl Fn(&I) -> K) -> Self {
        let rest: Vec<Option<I>> = std::mem::take(list).into_iter().map(Some).collect();
        let mut stored = HashMap::with_capacity(rest.len());
        for (index, item) in rest.iter().enumerate() {
            if let Some(item) = item {
                stored.entry(key(item)).or_insert(index);
            }
        }
        Self { rest, stored, moved: HashMap::new(), first: Vec::new() }
    }

    /// The position in `first` of the item with this key. A stored item is moved there.
    pub(super) fn find(&mut self, key: &K) -> Option<usize> {
        if let Some(index) = self.moved.get(key) {
            return Some(*index);
        }
        let (key, index) = self.stored.remove_entry(key)?;
        let item = self.rest.get_mut(index)?.take()?;
        Some(self.add(item, Some(key)))
    }

    /// Adds an item to `first` and returns its position. One without a key is not found again.
    pub(super) fn add(&mut self, item: I, key: Option<K>) -> usize {
        let index = self.first.len();
        self.first.push(item);
        if let Some(key) = key {
            self.moved.insert(key, index);
        }
        index
    }

    /// Puts the items into the list: those of `first`, then the others.
    pub(super) fn finish(self, list: &mut Vec<I>) {
        *list = self.first;
        list.extend(self.rest.into_iter().flatten());
    }
}
