//! How responses show texts that are not set.

use crate::plan::Plan;

/// How a plan wants texts shown that are not set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts {
    is_empty: bool,
}

impl Texts {
    pub(super) fn of(plan: &Plan) -> Self {
        Self { is_empty: plan.empty_unset_texts }
    }

    /// A text as it is shown.
    pub(super) fn shown(self, text: Option<&str>) -> Option<&str> {
        text.or(self.is_empty.then_some(""))
    }
}
