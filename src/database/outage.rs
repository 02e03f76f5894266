//! An outage of the database: why it cannot be used, without details that only its owner may know, and how often it is logged.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::DatabaseError;
use super::hosts::ConnectError;

/// While the database is away, the failure of one request in this time is logged.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

static LOGGED: Mutex<Logged> = Mutex::new(Logged { last: None, left_out: 0 });

#[derive(Debug)]
struct Logged {
    last: Option<Instant>,
    left_out: u64,
}

impl Logged {
    /// Whether to log a failure at this moment: the number of those that were left out since the last one.
    fn next(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now.duration_since(last) < LOG_INTERVAL) {
            self.left_out += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.left_out))
    }
}

/// Whether a request's failure is to be logged. Each is, except that of those in an outage of the database only one in five seconds is;
/// then this is the number of those that were left out.
#[must_use]
pub fn to_be_logged(error: &(dyn Error + 'static)) -> Option<u64> {
    if outage(error).is_none() {
        return Some(0);
    }
    LOGGED.lock().unwrap_or_else(PoisonError::into_inner).next(Instant::now())
}

/// Why the database cannot be used at all, for everybody: without hosts, users and names. `None` for another error.
#[must_use]
pub fn outage(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    let mut found = None;
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<sqlx::Error>() {
            return of_driver(error).or(found);
        }
        if let Some(error) = error.downcast_ref::<ConnectError>() {
            return Some(of_connecting(error));
        }
        if let Some(DatabaseError::Unavailable(reason)) = error.downcast_ref::<DatabaseError>() {
            found = Some(reason.to_string());
        }
        cause = error.source();
    }
    found
}

fn of_connecting(error: &ConnectError) -> String {
    match error {
        ConnectError::Failed(error) => of_driver(error).unwrap_or_else(|| "it rejects connections".to_owned()),
        ConnectError::Login(_) => "its password cannot be read".to_owned(),
        ConnectError::ReadOnly => "it is read-only".to_owned(),
        ConnectError::Silent => error.to_string(),
        ConnectError::NoHost(_) => "none of its hosts can be used".to_owned(),
    }
}

fn of_driver(error: &sqlx::Error) -> Option<String> {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code()?;
            let reason = match &*code {
                "25006" => "it is read-only",
                "28000" | "28P01" => "it rejects the user or its password",
                "3D000" => "the database does not exist",
                "53300" => "it has too many connections",
                code if code.starts_with("57P") => "it starts or stops",
                code if code.starts_with("08") => "the connection was lost",
                _ => return None,
            };
            Some(format!("{reason} (SQLSTATE {code})"))
        }
        sqlx::Error::Io(error) => Some(error.kind().to_string()),
        sqlx::Error::Tls(_) => Some("TLS failed".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_in_five_seconds_is_logged_with_the_number_of_the_others() {
        let mut logged = Logged { last: None, left_out: 0 };
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let seen = [0, 1, 4_999, 5_000, 9_000, 20_000, 30_000].map(|time| logged.next(at(time)));
        assert_eq!(seen, [Some(0), None, None, Some(2), None, Some(1), Some(0)]);
    }

    #[test]
    fn only_an_outage_is_one() {
        let refused =
            DatabaseError::Unavailable(Box::new(sqlx::Error::Io(std::io::ErrorKind::ConnectionRefused.into())));
        assert_eq!(outage(&refused).as_deref(), Some("connection refused"));
        let late = DatabaseError::Unavailable("no answer within 9 ms".into());
        assert_eq!(outage(&late).as_deref(), Some("no answer within 9 ms"));
        let hosts = ConnectError::NoHost(vec![("secret:1".to_owned(), ConnectError::ReadOnly)]);
        let nowhere = DatabaseError::Unavailable(Box::new(hosts));
        assert_eq!(outage(&nowhere).as_deref(), Some("none of its hosts can be used"));
        assert_eq!(outage(&DatabaseError::Statement(sqlx::Error::RowNotFound)), None);
    }
}
