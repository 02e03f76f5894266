//! How texts that are not set are shown.

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

    /// A customer's text.
    pub(super) fn shown(self, text: &Option<String>) -> Option<&str> {
        self.or_empty(text.as_deref())
    }

    /// Any text.
    pub(super) fn or_empty(self, text: Option<&str>) -> Option<&str> {
        text.or(self.is_empty.then_some(""))
    }
}
