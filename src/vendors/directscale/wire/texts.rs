//! Texts that are not set, in responses.

use crate::plan::Plan;

/// Whether an unset text is null or empty, as the plan sets it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts {
    is_empty: bool,
}

impl Texts {
    pub(super) fn of(plan: &Plan) -> Self {
        Self { is_empty: plan.empty_unset_texts }
    }

    pub(super) fn or_empty(self, text: Option<&str>) -> Option<&str> {
        text.or(self.is_empty.then_some(""))
    }
}
