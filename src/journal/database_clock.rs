//! The database's clock, as a server knows it: requests of several servers are ordered by it. It is asked for its time now and then. The
//! true time of an answer is unknown by half of the time that it took.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::database::{Database, DatabaseError};

/// How often the clock is asked while requests are written.
const INTERVAL: Duration = Duration::from_secs(1);

/// How many times it is asked at first, until an answer is exact enough; later once.
const QUESTIONS: usize = 20;
const EXACT: Duration = Duration::from_micros(200);

/// Two clocks differ by one second more after at most this many seconds.
const DRIFT: u32 = 20_000;

#[derive(Debug, Default)]
pub(super) struct DatabaseClock(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    best: Option<Answer>,
    asked_at: Option<Instant>,
}

/// What the database's clock showed at a moment of this server's.
#[derive(Debug, Clone, Copy)]
struct Answer {
    at: Instant,
    /// In microseconds since 1970.
    time: i64,
    /// How wrong it was at most.
    error: Duration,
}

impl Answer {
    fn new(sent: Instant, received: Instant, time: i64) -> Self {
        let error = received.saturating_duration_since(sent) / 2;
        Self { at: sent + error, time, error }
    }

    /// The time at a moment, in microseconds since 1970.
    fn time_at(&self, at: Instant) -> i64 {
        match at.checked_duration_since(self.at) {
            Some(after) => self.time.saturating_add(micros(after)),
            None => self.time.saturating_sub(micros(self.at.saturating_duration_since(at))),
        }
    }

    fn error_at(&self, at: Instant) -> Duration {
        self.error + at.saturating_duration_since(self.at) / DRIFT
    }

    /// Whether another answer is impossible after this one, because another clock answers: another database took over.
    fn contradicts(&self, other: &Self) -> bool {
        let difference = self.time_at(other.at).abs_diff(other.time);
        difference > micros(self.error_at(other.at) + other.error).unsigned_abs()
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl DatabaseClock {
    /// Asks for the time, unless it did so just now.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn refresh(&self, database: &Database) -> Result<(), DatabaseError> {
        let asked_at = self.lock().asked_at;
        if asked_at.is_some_and(|asked_at| asked_at.elapsed() < INTERVAL) {
            return Ok(());
        }
        let questions = if asked_at.is_none() { QUESTIONS } else { 1 };
        for _ in 0..questions {
            let (sent, received, time) = ask(database).await?;
            self.learn(Answer::new(sent, received, time));
            if self.lock().best.is_some_and(|best| best.error_at(received) <= EXACT) {
                break;
            }
        }
        self.lock().asked_at = Some(Instant::now());
        Ok(())
    }

    /// The database's time at a moment, in microseconds since 1970; 0 before it was ever asked.
    pub(super) fn time_at(&self, at: Instant) -> i64 {
        self.lock().best.map_or(0, |best| best.time_at(at))
    }

    /// Keeps the answer that is the most exact one now.
    fn learn(&self, answer: Answer) {
        let mut state = self.lock();
        let is_better = |best: Answer| best.error_at(answer.at) >= answer.error || best.contradicts(&answer);
        if state.best.is_none_or(is_better) {
            state.best = Some(answer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ask(database: &Database) -> Result<(Instant, Instant, i64), DatabaseError> {
    database
        .run(async |connection| {
            // Without the wait for the connection.
            let sent = Instant::now();
            let time =
                sqlx::query_scalar!(r#"select (extract(epoch from clock_timestamp()) * 1000000)::bigint as "time!""#)
                    .fetch_one(connection)
                    .await?;
            Ok((sent, Instant::now(), time))
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// An answer after some seconds that took some milliseconds.
    fn answer(start: Instant, seconds: u64, millis: u64, time: i64) -> Answer {
        let sent = start + Duration::from_secs(seconds);
        Answer::new(sent, sent + Duration::from_millis(millis), time)
    }

    #[test]
    fn the_most_exact_answer_is_kept_until_it_is_old_or_another_clock_answers() {
        let (clock, start) = (DatabaseClock::default(), Instant::now());
        assert_eq!(clock.time_at(start), 0);
        clock.learn(answer(start, 10, 20, 100 * SECOND));
        // Halfway between question and answer; the time before is known, too.
        assert_eq!(clock.time_at(start + Duration::from_millis(10_010)), 100 * SECOND);
        assert_eq!(clock.time_at(start + Duration::from_millis(9_010)), 99 * SECOND);
        // A quicker answer is better, a slower one is not.
        clock.learn(answer(start, 11, 2, 101 * SECOND));
        assert_eq!(clock.time_at(start + Duration::from_millis(11_001)), 101 * SECOND);
        clock.learn(answer(start, 12, 4, 102 * SECOND));
        assert_eq!(clock.time_at(start + Duration::from_millis(12_001)), 102 * SECOND);
        // After 20 seconds both may have drifted by a millisecond.
        clock.learn(answer(start, 32, 4, 122 * SECOND + 500));
        assert_eq!(clock.time_at(start + Duration::from_millis(32_002)), 122 * SECOND + 500);
        // Another database has another clock.
        clock.learn(answer(start, 33, 100, 90 * SECOND));
        assert_eq!(clock.time_at(start + Duration::from_millis(33_050)), 90 * SECOND);
    }
}
