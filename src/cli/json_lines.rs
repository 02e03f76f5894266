//! The log for programs: one line of JSON for each event.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::Write as _;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::log_output::LogOutputs;
use crate::clock::Clock;

/// A longer line's memory is not kept for the next one. In bytes.
const MAX_KEPT: usize = 16 * 1024;

thread_local! {
    /// The memory of the last line.
    static LINE: Cell<Vec<u8>> = Cell::default();

    /// The last second as text.
    static SECOND: RefCell<Second> = RefCell::default();
}

/// A second of real time, and `2026-11-26T04:00:17.`.
#[derive(Default)]
struct Second {
    timestamp: i64,
    text: Vec<u8>,
}

/// Writes each event to the output of its target.
#[derive(Debug)]
pub(super) struct JsonLines(LogOutputs);

impl JsonLines {
    pub(super) fn new(outputs: LogOutputs) -> Self {
        Self(outputs)
    }
}

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = LINE.take();
        line.clear();
        write_event(&mut line, event);
        self.0.of(event.metadata().target()).write_line(&line);
        if line.capacity() <= MAX_KEPT {
            LINE.set(line);
        }
    }
}

fn write_event(line: &mut Vec<u8>, event: &Event<'_>) {
    line.extend_from_slice(b"{\"timestamp\":\"");
    write_time(line);
    line.extend_from_slice(b"\",\"level\":\"");
    line.extend_from_slice(event.metadata().level().as_str().as_bytes());
    line.push(b'"');
    event.record(&mut Members(line));
    line.extend_from_slice(b",\"target\":");
    write_text(line, event.metadata().target());
    line.extend_from_slice(b"}\n");
}

/// `2026-11-26T04:00:17.000123Z`
fn write_time(line: &mut Vec<u8>) {
    let now = Clock::Real.now();
    SECOND.with_borrow_mut(|second| {
        if second.timestamp != now.timestamp() || second.text.is_empty() {
            second.timestamp = now.timestamp();
            second.text.clear();
            let _ = write!(second.text, "{}", now.format("%Y-%m-%dT%H:%M:%S."));
        }
        line.extend_from_slice(&second.text);
    });
    let mut digits = [b'0'; 6];
    let mut rest = now.timestamp_subsec_micros();
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    line.extend_from_slice(&digits);
    line.push(b'Z');
}

fn write_value<T: Serialize + ?Sized>(line: &mut Vec<u8>, value: &T) {
    let start = line.len();
    if serde_json::to_writer(&mut *line, value).is_err() {
        line.truncate(start);
        line.extend_from_slice(b"null");
    }
}

fn write_text(line: &mut Vec<u8>, text: &str) {
    if !text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        return write_value(line, text);
    }
    line.push(b'"');
    line.extend_from_slice(text.as_bytes());
    line.push(b'"');
}

/// The fields of an event as members of the line.
struct Members<'a>(&'a mut Vec<u8>);

impl Members<'_> {
    fn write<T: Serialize + ?Sized>(&mut self, field: &Field, value: &T) {
        self.write_name(field);
        write_value(self.0, value);
    }

    /// The names of fields are identifiers and literals of programs, which need no escapes.
    fn write_name(&mut self, field: &Field) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(field.name().as_bytes());
        self.0.extend_from_slice(b"\":");
    }
}

impl Visit for Members<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write_name(field);
        write_text(self.0, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, &format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::{Registry, fmt as format};

    use super::super::log_output::LogOutput;
    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("the lock").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Kept {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("the lock").clone()).expect("UTF-8")
        }
    }

    struct Logs;

    impl fmt::Debug for Logs {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            tracing::warn!("inside");
            formatter.write_str("a \"value\"")
        }
    }

    fn log() {
        let nothing: Option<&str> = None;
        tracing::info!(
            target: "access",
            { request.id = %uuid::Uuid::nil(), tenant.id = Some(-1_i32), ms = 0.324, half = 12.0, none = nothing, text = "é\n\u{1} \"\\/" },
            "request"
        );
        tracing::error!(is_true = true, large = u64::MAX, huge = u128::MAX, not = f64::NAN, debug = ?Some("x\t"), "{} and {}", 1, "\"2\"");
        tracing::warn!(logs = ?Logs);
        let error: Box<dyn std::error::Error> = "an error".into();
        tracing::debug!(error, "q" = ?[1, 2]);
    }

    /// The lines without their times.
    fn without_times(lines: &str) -> Vec<String> {
        let length = "{\"timestamp\":\"2026-11-26T04:00:17.000123Z\"".len();
        lines.lines().map(|line| line[length..].to_owned()).collect()
    }

    #[test]
    fn a_line_has_the_bytes_of_the_usual_format() {
        let (kept, usual) = (Kept::default(), Kept::default());
        let output = LogOutput::new(kept.clone()).expect("a thread");
        let outputs = LogOutputs::new(output.clone(), output.clone());
        tracing::subscriber::with_default(Registry::default().with(JsonLines::new(outputs)), log);
        output.flush();
        let layer = format::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
        let own = usual.clone();
        tracing::subscriber::with_default(Registry::default().with(layer.with_writer(move || own.clone())), log);
        let (lines, usual) = (kept.text(), usual.text());
        assert_eq!(without_times(&lines), without_times(&usual));
        assert_eq!(without_times(&lines).len(), 4, "none within another one");
        for line in lines.lines() {
            let value: Value = serde_json::from_str(line).expect(line);
            let time = value["timestamp"].as_str().expect("a time");
            let passed = Clock::Real.now() - time.parse::<chrono::DateTime<chrono::Utc>>().expect(time);
            assert!(passed.num_seconds().abs() < 10 && time.len() == 27, "{time}");
        }
    }
}
