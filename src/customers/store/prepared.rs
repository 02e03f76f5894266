//! Which statements of partial updates stay prepared. Callers choose the sets of fields, so their number is limited.

use std::collections::HashMap;
use std::sync::Arc;

use crate::journal::{ColumnNames, ColumnType};
use crate::model::FieldMask;

/// Maximum number of sets of fields that are counted. Their statements are prepared from their second use, and planned once for each
/// connection; another set is planned at each use, until it is used more often than one of them.
const MAX_KEPT: usize = 32;

/// A set that was used more often is not kept longer than one that was used this often.
const MAX_USES: u32 = 1_000;

/// The statement of a partial update, and the columns of the journal: the key, the time of the change, and those that it writes.
#[derive(Debug)]
pub(super) struct PatchStatement {
    pub text: Arc<str>,
    pub columns: ColumnNames,
    /// Those of the columns after the key.
    pub types: Vec<ColumnType>,
    /// How many of the columns, the last ones, Postgres computes from the row as it was or from the plan.
    pub computed: usize,
}

/// What the statement of a partial update depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PatchKind {
    pub mask: FieldMask,
    /// Whether only a certain version is written.
    pub has_version: bool,
    /// Whether the journal needs the row as it was.
    pub is_recorded: bool,
    pub is_distributed: bool,
}

/// The statements that are kept. When there are as many as may be, the use of another set takes one use from each, and one without uses
/// makes room. So a set of which more than one in `MAX_KEPT` uses is made stays, however many others a caller tries.
#[derive(Debug, Default)]
pub(super) struct Prepared(HashMap<PatchKind, Kept>);

#[derive(Debug)]
struct Kept {
    /// Made at the second use.
    statement: Option<Arc<PatchStatement>>,
    uses: u32,
}

impl Prepared {
    /// The statement of a set that was used before and is still counted; `None` for another, which is not prepared.
    pub(super) fn get(
        &mut self,
        kind: PatchKind,
        make: impl FnOnce(PatchKind) -> PatchStatement,
    ) -> Option<Arc<PatchStatement>> {
        if let Some(kept) = self.0.get_mut(&kind) {
            kept.uses = (kept.uses + 1).min(MAX_USES);
            return Some(Arc::clone(kept.statement.get_or_insert_with(|| Arc::new(make(kind)))));
        }
        if self.0.len() == MAX_KEPT {
            self.0.retain(|_, kept| {
                kept.uses -= 1;
                kept.uses > 0
            });
        }
        if self.0.len() == MAX_KEPT {
            return None;
        }
        self.0.insert(kind, Kept { statement: None, uses: 1 });
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::model::Field;

    /// Different sets of two fields. An address or the custom fields as a whole are the same as their parts.
    fn sets() -> Vec<FieldMask> {
        let fields: Vec<Field> = Field::all().collect();
        let pair = |(one, other): (usize, usize)| {
            let mut mask = FieldMask::default();
            mask.insert(fields[one]);
            mask.insert(fields[other]);
            mask
        };
        let mut found = HashSet::new();
        let pairs = (0..fields.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
        pairs.map(pair).filter(|mask| found.insert(*mask)).collect()
    }

    fn statement() -> PatchStatement {
        PatchStatement { text: "update".into(), columns: [].into(), types: Vec::new(), computed: 0 }
    }

    fn is_kept(prepared: &mut Prepared, mask: FieldMask) -> bool {
        prepared
            .get(PatchKind { mask, has_version: false, is_recorded: true, is_distributed: false }, |_| statement())
            .is_some()
    }

    #[test]
    fn unusual_sets_make_room_for_one_that_is_used() {
        let (mut prepared, sets) = (Prepared::default(), sets());
        let (unusual, usual) = sets.split_at(MAX_KEPT);
        for number in 0..3 {
            assert!(unusual.iter().all(|mask| is_kept(&mut prepared, *mask) == (number > 0)));
        }
        let planned = (0..10).filter(|_| !is_kept(&mut prepared, usual[0])).count();
        assert_eq!(
            planned, 3,
            "each of the unusual ones was used three times, and a set is prepared from its second use"
        );
        assert!(prepared.0.len() <= MAX_KEPT);
    }

    #[test]
    fn a_set_that_is_used_stays_whatever_others_are_tried() {
        let (mut prepared, sets) = (Prepared::default(), sets());
        let (used, tried) = sets.split_first().expect("sets");
        assert!(tried.len() > 10 * MAX_KEPT);
        for (number, mask) in tried.iter().enumerate() {
            if number % 10 == 0 {
                assert_eq!(is_kept(&mut prepared, *used), number > 0, "{number}");
            }
            is_kept(&mut prepared, *mask);
            assert!(prepared.0.len() <= MAX_KEPT);
        }
    }
}
