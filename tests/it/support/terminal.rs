//! A terminal for the program, and the text that it wrote to it. `script` of util-linux provides it: a library would add to the
//! dependencies of the tests.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A program whose standard output and standard error are a terminal.
#[derive(Debug)]
pub struct OnTerminal {
    script: Child,
    /// The file with the id of the program's process.
    number: PathBuf,
    _folder: tempfile::TempDir,
    written: Arc<Mutex<String>>,
    reading: Option<JoinHandle<()>>,
}

impl Drop for OnTerminal {
    /// A failing test ends its program.
    fn drop(&mut self) {
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

impl OnTerminal {
    /// Whether this machine has `script`.
    pub fn is_available() -> bool {
        let version = Command::new("script").arg("--version").stdin(Stdio::null()).output();
        let is_there = version.is_ok_and(|version| String::from_utf8_lossy(&version.stdout).contains("util-linux"));
        if !is_there {
            println!("not run: it needs `script` of util-linux");
        }
        is_there
    }

    pub fn start(command: &Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let number = folder.path().join("number");
        let mut line = format!("echo $$ >{}; exec", quoted(number.to_str().expect("a path")));
        for word in std::iter::once(command.get_program()).chain(command.get_args()) {
            let _ = write!(line, " {}", quoted(word.to_str().expect("text")));
        }
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        script.env("SHELL", "/bin/sh").env("TERM", "xterm");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        // Its input stays open: the end of it would end the terminal.
        let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script of util-linux");
        let written = Arc::<Mutex<String>>::default();
        let mut output = script.stdout.take().expect("a pipe");
        let reading = std::thread::spawn({
            let written = Arc::clone(&written);
            move || {
                let mut bytes = [0; 4096];
                while let Ok(length @ 1..) = output.read(&mut bytes) {
                    *written.lock().expect("the text") += &String::from_utf8_lossy(&bytes[..length]);
                }
            }
        });
        Self { script, number, _folder: folder, written, reading: Some(reading) }
    }

    /// The text so far, with the line ends of programs.
    pub fn written(&self) -> String {
        self.written.lock().expect("the text").replace("\r\n", "\n")
    }

    /// Waits until a text was written.
    pub fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.written().contains(text) {
            assert!(start.elapsed() < Duration::from_mins(2), "{text} in {}", self.written());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let number = std::fs::read_to_string(&self.number).expect("a number");
        assert!(Command::new("kill").args(["-s", name, number.trim()]).status().expect("kill").success());
    }

    /// Waits for its end, and returns its exit code and its whole text.
    pub fn end(mut self) -> (Option<i32>, String) {
        // `wait` would close its input, and with it the terminal, before the program is done.
        let input = self.script.stdin.take();
        let code = self.script.wait().expect("an end").code();
        drop(input);
        if let Some(reading) = self.reading.take() {
            reading.join().expect("the reader ends");
        }
        (code, self.written())
    }
}

/// A word quoted for a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
