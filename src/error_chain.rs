//! An error with everything that led to it, for the log.

use std::error::Error;
use std::fmt;

/// Shows an error and its sources, outermost first.
#[derive(Debug, Clone, Copy)]
pub struct ErrorChain<'a>(pub &'a dyn Error);

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        formatter.write_str(&last)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            // A transparent error says what its source says.
            let text = error.to_string();
            if text != last {
                write!(formatter, ": {text}")?;
            }
            last = text;
            source = error.source();
        }
        Ok(())
    }
}
