//! What customers are looked up by.

/// What customers may be looked up by, besides their id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUp<'a> {
    BackOfficeId(&'a str),
    ExternalReferenceId(&'a str),
    EmailAddress(&'a str),
    Username(&'a str),
    WebAlias(&'a str),
}

impl LookUp<'_> {
    /// Whether a customer could have the value at all: no text in Postgres holds a zero byte.
    pub(super) fn is_possible(self) -> bool {
        let (Self::BackOfficeId(value)
        | Self::ExternalReferenceId(value)
        | Self::EmailAddress(value)
        | Self::Username(value)
        | Self::WebAlias(value)) = self;
        !value.contains('\0')
    }
}
