//! Errors with their causes, for the log.

use std::error::Error;
use std::fmt;

/// Formats an error and its sources, outermost first.
#[derive(Debug, Clone, Copy)]
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = text_of(self.0);
        formatter.write_str(&last)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            // Some errors repeat their source's message.
            let text = text_of(error);
            if !last.ends_with(&text) {
                write!(formatter, ": {text}")?;
            }
            last = text;
            source = error.source();
        }
        Ok(())
    }
}

/// The message of an error. Postgres' errors come without the line in Postgres' own source.
fn text_of(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<sqlx::postgres::PgDatabaseError>() {
            let with_line = error.to_string();
            if with_line != error.message() {
                text = text.replace(&with_line, error.message());
            }
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::DatabaseError;

    #[test]
    fn each_cause_appears_once() {
        let rejected = std::io::Error::other("connection refused");
        let error = DatabaseError::Statement(sqlx::Error::Io(rejected));
        let said = "a statement failed: error communicating with database: connection refused";
        assert_eq!(ErrorChain(&error).to_string(), said);
    }
}
