//! Lookups of customers.

/// A field by which customers are looked up, with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUp<'a> {
    BackOfficeId(&'a str),
    ExternalReferenceId(&'a str),
    EmailAddress(&'a str),
    Username(&'a str),
    WebAlias(&'a str),
}

impl LookUp<'_> {
    /// False for a value that no customer can have: no text in Postgres contains a zero byte.
    pub(super) fn is_possible(self) -> bool {
        let (Self::BackOfficeId(value)
        | Self::ExternalReferenceId(value)
        | Self::EmailAddress(value)
        | Self::Username(value)
        | Self::WebAlias(value)) = self;
        !value.contains('\0')
    }
}
