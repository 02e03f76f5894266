//! An output of the log that does not block: a reader that pauses, as a pager or a terminal does, must not stop the server.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use crate::server::CONSOLE_TARGET;

/// The target of the events for programs.
pub(super) const ACCESS_TARGET: &str = "access";

/// The maximum size of the lines that wait for the reader, in bytes. Beyond it lines are dropped.
const MAX_WAITING: usize = 4 * 1024 * 1024;

/// A larger buffer is not kept after its lines are written. In bytes.
const MAX_KEPT: usize = 64 * 1024;

/// How long the first line waits for others that are written together with it: a write for each line costs more than the line.
const COLLECTED_FOR: Duration = Duration::from_millis(1);

/// How long [`LogOutput::flush`] waits for the reader.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct LogOutput(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// There are lines, where there were none.
    arrived: Condvar,
    /// Lines were written.
    written: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// The size of the lines that are being written, in bytes.
    in_flight: usize,
    /// How many lines were dropped since this was last reported.
    dropped: u64,
}

/// The outputs of the requests' lines and of all others.
#[derive(Debug, Clone)]
pub(super) struct LogOutputs {
    requests: LogOutput,
    others: LogOutput,
}

impl LogOutput {
    /// Writes lines to an output on a thread of its own.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn new(output: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let own = Arc::clone(&shared);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write_lines(output, &own))?;
        Ok(Self(shared))
    }

    /// Keeps a line until it is written, or drops it where too many wait.
    pub(super) fn write_line(&self, line: &[u8]) {
        let mut waiting = self.0.lock();
        if waiting.size() + line.len() > MAX_WAITING {
            waiting.dropped += 1;
            return;
        }
        let is_first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        drop(waiting);
        if is_first {
            self.0.arrived.notify_one();
        }
    }

    /// Waits until all lines are written, or a second has passed.
    pub(super) fn flush(&self) {
        let until = Instant::now() + FLUSH_TIMEOUT;
        let mut waiting = self.0.lock();
        while waiting.size() > 0 {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return };
            waiting = self.0.written.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_lines(&self) {
        let waiting = self.lock();
        drop(self.arrived.wait_while(waiting, |waiting| waiting.lines.is_empty()));
    }
}

impl Waiting {
    /// In bytes.
    fn size(&self) -> usize {
        self.lines.len() + self.in_flight
    }
}

fn write_lines(mut output: impl Write, shared: &Shared) {
    let mut lines = Vec::new();
    loop {
        shared.wait_for_lines();
        std::thread::sleep(COLLECTED_FOR);
        let mut waiting = shared.lock();
        std::mem::swap(&mut lines, &mut waiting.lines);
        waiting.in_flight = lines.len();
        drop(waiting);
        // A closed output loses its lines. That is no reason to stop.
        let _ = write_patiently(&mut output, &lines);
        lines.clear();
        lines.shrink_to(MAX_KEPT);
        let mut waiting = shared.lock();
        waiting.in_flight = 0;
        let dropped = if waiting.lines.is_empty() { std::mem::take(&mut waiting.dropped) } else { 0 };
        drop(waiting);
        if dropped > 0 {
            tracing::warn!(lines = dropped, "lines of the log were dropped, because its reader paused");
        }
        shared.written.notify_all();
    }
}

/// Writes all lines, also to an output that another process made non-blocking and whose reader pauses.
fn write_patiently(output: &mut impl Write, mut lines: &[u8]) -> std::io::Result<()> {
    while !lines.is_empty() {
        match output.write(lines) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => lines = &lines[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(COLLECTED_FOR),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    output.flush()
}

impl LogOutputs {
    pub(super) fn new(requests: LogOutput, others: LogOutput) -> Self {
        Self { requests, others }
    }

    /// The output of an event with this target.
    pub(super) fn of(&self, target: &str) -> &LogOutput {
        if matches!(target, ACCESS_TARGET | CONSOLE_TARGET) { &self.requests } else { &self.others }
    }

    /// As [`LogOutput::flush`], one after the other.
    pub(super) fn flush(&self) {
        self.requests.flush();
        self.others.flush();
    }
}

impl<'a> MakeWriter<'a> for LogOutputs {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(&self.others)
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Self::Writer {
        Line(self.of(event.target()))
    }
}

/// Writes one line.
pub(super) struct Line<'a>(&'a LogOutput);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An output whose reader pauses while the lock is held.
    #[derive(Clone, Default)]
    struct Paused(Arc<Mutex<Vec<u8>>>);

    impl Write for Paused {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("the lock").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_wait_for_a_reader_up_to_a_limit() {
        let paused = Paused::default();
        let output = LogOutput::new(paused.clone()).expect("a thread");
        let line = [b'x'; 1024];
        let reading = paused.0.lock().expect("the lock");
        for _ in 0..10 * 1024 {
            output.write_line(&line);
        }
        let counts = || {
            let waiting = output.0.lock();
            (waiting.size(), waiting.dropped)
        };
        assert_eq!(counts(), (MAX_WAITING, 10 * 1024 - 4 * 1024));
        drop(reading);
        output.flush();
        assert_eq!(paused.0.lock().expect("the lock").len(), MAX_WAITING);
        assert_eq!(counts(), (0, 0), "they were reported");
        assert!(output.0.lock().lines.capacity() <= MAX_KEPT, "the memory is free");
    }
}
