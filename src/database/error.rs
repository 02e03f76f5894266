//! Errors of the database.

use thiserror::Error;

#[derive(Debug, Error)]
pub enum DatabaseError {
    /// The text is a sentence about the URL, without anything of it.
    #[error("the database URL {0}")]
    Url(String),
    /// No connection could be opened, or none became free in time.
    #[error("no connection to the database")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("a statement failed")]
    Statement(#[from] sqlx::Error),
}

/// The name of the unique constraint that a failed statement violated, without the shard number that a distributed
/// Postgres appends to it (`customers_email_address_key_102023`).
#[must_use]
pub fn violated_unique_constraint(error: &sqlx::Error) -> Option<&str> {
    let error = error.as_database_error()?;
    if !is_unique_violation(&error.code()?, error.message()) {
        return None;
    }
    // A coordinator passes a node's error on without the field, and with its text.
    let name = error.constraint().or_else(|| error.message().rsplit('"').nth(1))?;
    Some(without_shard(name))
}

/// A coordinator that copies rows to a node passes the node's error on with its text and the code of an internal error.
fn is_unique_violation(code: &str, message: &str) -> bool {
    code == "23505" || code == "XX000" && message.starts_with("duplicate key value violates unique constraint")
}

/// Whether Postgres canceled a statement because it and another one waited for each other. The statement can be tried again.
#[must_use]
pub fn is_deadlock(error: &sqlx::Error) -> bool {
    has_code(error, "40P01")
}

/// Whether a statement waited for a lock for as long as it may.
#[must_use]
pub fn is_lock_timeout(error: &sqlx::Error) -> bool {
    has_code(error, "55P03")
}

/// Whether a statement referred to a tenant that was deleted: every foreign key refers to a tenant.
#[must_use]
pub fn is_of_deleted_tenant(error: &sqlx::Error) -> bool {
    has_code(error, "23503")
}

/// Whether a text contains the character U+0000, which Postgres cannot store.
#[must_use]
pub fn is_impossible_text(error: &sqlx::Error) -> bool {
    has_code(error, "22021")
}

/// Whether Postgres rejected a value of a statement, which would be rejected again.
#[must_use]
pub fn is_of_value(error: &DatabaseError) -> bool {
    let DatabaseError::Statement(error) = error else { return false };
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}

pub(super) fn has_code(error: &sqlx::Error, expected: &str) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == expected)
}

fn without_shard(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((base, shard)) if !shard.is_empty() && shard.bytes().all(|byte| byte.is_ascii_digit()) => base,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_unique_violation, without_shard};

    #[test]
    fn a_shard_number_is_not_part_of_the_name() {
        assert_eq!(without_shard("customers_username_key_102023"), "customers_username_key");
        assert_eq!(without_shard("customers_username_key"), "customers_username_key");
        assert_eq!(without_shard("customers_field1_"), "customers_field1_");
    }

    #[test]
    fn a_coordinator_reports_copied_rows_that_are_not_unique_with_another_code() {
        let message = r#"duplicate key value violates unique constraint "customers_pkey_102019""#;
        assert!(is_unique_violation("23505", message) && is_unique_violation("XX000", message));
        assert!(!is_unique_violation("XX000", "cache lookup failed") && !is_unique_violation("23503", message));
    }
}
