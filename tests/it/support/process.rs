//! The program as a process.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use super::Client;

pub const DEMO_KEY: &str = "0123456789abcdef0123456789abcdef";

/// The program with these arguments, and without the variables of this process.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_directscale-emulator"));
    command.args(arguments);
    for name in ["DATABASE_URL", "DATABASE_URL_FILE", "NO_COLOR"] {
        command.env_remove(name);
    }
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("EMULATOR_")) {
        command.env_remove(name);
    }
    command
}

/// Runs the program to its end: its exit code, standard output and standard error.
pub fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.stdin(Stdio::null()).output().expect("the program");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A server in its own process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    pub banner: Vec<String>,
    /// The lines after the banner; several threads may use one server.
    lines: Mutex<mpsc::Receiver<String>>,
}

impl Drop for Process {
    /// A failing test ends its server.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts the server and waits for its last line.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_on("127.0.0.1:0", arguments)
    }

    /// The same on another address.
    pub fn start_on(listen: &str, arguments: &[&str]) -> Self {
        Self::start_as(program(arguments), listen)
    }

    /// The same for a program with its own settings.
    pub fn start_as(mut program: Command, listen: &str) -> Self {
        Self::from(program.args(["--listen", listen, "--log", "off"]))
    }

    /// The same, with a log of JSON lines.
    pub fn start_with_log(arguments: &[&str]) -> Self {
        Self::from(program(arguments).args(["--listen", "127.0.0.1:0", "--log-format", "json"]))
    }

    /// The same for a program with its own log.
    pub fn start_logging(mut program: Command) -> Self {
        Self::from(program.args(["--listen", "127.0.0.1:0"]))
    }

    /// The next line of the log of requests that holds a text.
    pub fn line_with(&self, text: &str) -> String {
        let lines = self.lines.lock().expect("no panic");
        loop {
            let line = lines.recv_timeout(Duration::from_secs(20)).expect("a line");
            if line.contains(text) {
                return line;
            }
        }
    }

    fn from(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (lines, received) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = lines.send(line);
            }
        });
        let mut banner = Vec::new();
        loop {
            let line = received.recv_timeout(Duration::from_mins(2)).expect("a line of the banner");
            banner.push(line);
            if banner.last().is_some_and(|line| line == "Ready.") {
                break;
            }
        }
        let address = banner.iter().find_map(|line| line.trim().strip_prefix("address   ")).expect("an address");
        let address = address.split_once("://").expect("a scheme").1;
        Self { address: address.parse().expect("an address"), child, banner, lines: Mutex::new(received) }
    }

    pub fn client(&self) -> Client {
        Client { address: self.address, key: DEMO_KEY.to_owned() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without a shutdown, as a crash does.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        let _ = self.child.wait();
    }

    /// Runs a command against this server.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        run(program(arguments).args(["--server", &self.address.to_string()]))
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().expect("kill").success());
    }

    pub fn wait(mut self) -> std::process::ExitStatus {
        self.child.wait().expect("an end")
    }
}
