//! An output of the log that does not block: a reader that pauses, as a pager or a terminal does, must not stop the server.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// The maximum size of the lines that wait for the reader, in bytes. Beyond it lines are dropped.
const MAX_WAITING: usize = 4 * 1024 * 1024;

/// How long [`LogOutput::flush`] waits for the reader.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct LogOutput {
    messages: Sender<Message>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The size of the lines that wait, in bytes.
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

#[derive(Debug)]
enum Message {
    Line(Box<[u8]>),
    /// Everything before it was written.
    Flush(Sender<()>),
}

impl LogOutput {
    /// Writes lines to an output on a thread of its own.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn new(output: impl Write + Send + 'static) -> io::Result<Self> {
        let (messages, received) = mpsc::channel();
        let state = Arc::<State>::default();
        let own = Arc::clone(&state);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write_lines(output, &received, &own))?;
        Ok(Self { messages, state })
    }

    /// Waits until all lines are written, or a second has passed.
    pub(super) fn flush(&self) {
        let (written, is_written) = mpsc::channel();
        if self.messages.send(Message::Flush(written)).is_ok() {
            let _ = is_written.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

fn write_lines(mut output: impl Write, messages: &Receiver<Message>, state: &State) {
    for message in messages {
        match message {
            Message::Line(line) => {
                // A closed output loses its lines. That is no reason to stop.
                let _ = output.write_all(&line).and_then(|()| output.flush());
                let before = state.waiting.fetch_sub(line.len(), Ordering::Relaxed);
                if before == line.len() {
                    report_dropped(state);
                }
            }
            Message::Flush(written) => drop(written.send(())),
        }
    }
}

fn report_dropped(state: &State) {
    let lines = state.dropped.swap(0, Ordering::Relaxed);
    if lines > 0 {
        tracing::warn!(lines, "lines of the log were dropped, because its reader paused");
    }
}

impl<'a> MakeWriter<'a> for LogOutput {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self)
    }
}

/// Writes one line.
pub(super) struct Line<'a>(&'a LogOutput);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let LogOutput { messages, state } = self.0;
        if state.waiting.fetch_add(line.len(), Ordering::Relaxed) + line.len() > MAX_WAITING {
            state.waiting.fetch_sub(line.len(), Ordering::Relaxed);
            state.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            let _ = messages.send(Message::Line(line.into()));
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

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
            output.make_writer().write_all(&line).expect("no wait");
        }
        assert_eq!(output.state.waiting.load(Ordering::Relaxed), MAX_WAITING);
        let dropped = output.state.dropped.load(Ordering::Relaxed);
        assert_eq!(dropped, 10 * 1024 - 4 * 1024);
        drop(reading);
        output.flush();
        assert_eq!(paused.0.lock().expect("the lock").len(), MAX_WAITING);
        assert_eq!(output.state.waiting.load(Ordering::Relaxed), 0);
        assert_eq!(output.state.dropped.load(Ordering::Relaxed), 0, "they were reported");
    }
}
