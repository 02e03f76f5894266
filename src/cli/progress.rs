//! One line on a terminal with the progress of a task, which disappears at the end.

use std::io::{Write as _, stderr};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::output::{grouped, plain};

/// A shorter task shows no line.
const AFTER: Duration = Duration::from_millis(300);

pub(super) struct ProgressLine {
    started: Instant,
    is_drawn: bool,
}

impl ProgressLine {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), is_drawn: false }
    }

    pub(super) fn draw(&mut self, status: &Value) {
        if self.started.elapsed() < AFTER {
            return;
        }
        self.is_drawn = true;
        // A failure is ignored: nothing depends on this line.
        let _ = write!(stderr().lock(), "\r\u{1b}[2K{}", described(status, self.started.elapsed()));
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.is_drawn {
            let _ = write!(stderr().lock(), "\r\u{1b}[2K");
        }
    }
}

fn described(status: &Value, elapsed: Duration) -> String {
    let kind = plain(status["kind"].as_str().unwrap_or("working"));
    let step = plain(status["step"].as_str().unwrap_or_default());
    let (done, total) = (status["done"].as_u64().unwrap_or(0), status["total"].as_u64().unwrap_or(0));
    let seconds = elapsed.as_secs();
    let head = if step.is_empty() { kind.into_owned() } else { format!("{kind}: {step}") };
    match (done, total) {
        (0, 0) => format!("{head}  {seconds} s"),
        (done, 0) => format!("{head} {}  {seconds} s", grouped(done)),
        (done, total) => {
            let percent = done.saturating_mul(100) / total;
            format!("{head} {} of {} ({} %)  {seconds} s", grouped(done), grouped(total), percent.min(100))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_shows_the_progress() {
        let second = Duration::from_secs(1);
        let status = json!({ "kind": "seed", "step": "customers", "done": 30_000, "total": 105_000 });
        assert_eq!(described(&status, second), "seed: customers 30,000 of 105,000 (28 %)  1 s");
        assert_eq!(described(&json!({ "kind": "reset", "step": "", "done": 0, "total": 0 }), second), "reset  1 s");
        assert_eq!(
            described(&json!({ "kind": "fork", "step": "rows", "done": 7, "total": 0 }), second),
            "fork: rows 7  1 s"
        );
    }
}
