//! What a member of a request can say.

/// A member of a request that can be left out, be empty, or say something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Sent<T> {
    /// It was not sent, or is a number 0: some clients send every number, 0 where they have none.
    #[default]
    Absent,
    /// A null, or a text of nothing but white space.
    Empty,
    /// Something that cannot be read, which was rejected already, so that it is not called missing too.
    Unreadable,
    Value(T),
}

impl<T: Clone> Sent<T> {
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Empty | Self::Unreadable => None,
        }
    }

    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable)
    }

    /// Lays it over what is kept: only a value replaces, unless empty ones clear.
    pub(crate) fn lay(&self, kept: &mut Option<T>, empty_clears: bool) {
        match self {
            Self::Value(value) => *kept = Some(value.clone()),
            Self::Empty if empty_clears => *kept = None,
            Self::Absent | Self::Empty | Self::Unreadable => {}
        }
    }
}
