//! Stores the exchanges of a proxy, and goes on where it cannot.

use std::io;
use std::sync::{Mutex, PoisonError};

use super::forward::Observed;
use super::{Notice, Summary};
use crate::verify::har::{Appended, HarFile, Stored};

pub(super) struct Store(Mutex<State>);

struct State {
    file: HarFile,
    summary: Summary,
    /// Whether the last exchange was not stored.
    is_failing: bool,
}

impl Store {
    pub(super) fn new(file: HarFile) -> Self {
        let summary = Summary { stored: 0, not_stored: 0 };
        Self(Mutex::new(State { file, summary, is_failing: false }))
    }

    pub(super) fn summary(&self) -> Summary {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).summary
    }

    /// Writes an exchange. Says when exchanges are not stored any more, and when they are again.
    pub(super) fn keep(&self, observed: &Observed) -> Option<Notice> {
        let Observed { exchange, took, request_body, response_body } = observed;
        let stored =
            Stored { exchange, took: *took, request_body: *request_body, response_body: *response_body, secrets: &[] };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failure = failure(state.file.append(&stored));
        let was_failing = std::mem::replace(&mut state.is_failing, failure.is_some());
        let Some(reason) = failure else {
            state.summary.stored += 1;
            return was_failing.then_some(Notice::StoredAgain);
        };
        state.summary.not_stored += 1;
        (!was_failing).then_some(Notice::NotStored { reason })
    }
}

fn failure(appended: io::Result<Appended>) -> Option<String> {
    match appended {
        Ok(Appended::Yes) => None,
        Ok(Appended::Full) => Some("the file has as many exchanges as can be read again".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}
