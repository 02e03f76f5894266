//! A private Postgres cluster from the machine's binaries. A shell supervises it, so that it ends with the test run, however
//! that ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const SCRIPT: &str = r#"
set -u
bin=$1; port=$2
dir=$(mktemp -d)
as=""
if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; as="runuser -u postgres --"; fi
cd /
$as "$bin/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C >"$dir.initdb" 2>&1 || { cat "$dir.initdb" >&2; exit 1; }
start() {
  $as "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -s -w \
    -o "-p $port -k $dir -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200" start || { cat "$dir/log" >&2; exit 1; }
}
# The postmaster and its processes, stopped as by a machine that no longer answers.
signal() {
  postmaster=$(head -n 1 "$dir/data/postmaster.pid") || return 0
  kill -s "$1" "$postmaster" $(pgrep -P "$postmaster") 2>/dev/null
}
stop() { $as "$bin/pg_ctl" -D "$dir/data" -s -m "$1" -w stop; }
start; echo started
while read -r command; do
  case $command in stop) stop immediate;; start) start;; freeze) signal STOP;; thaw) signal CONT;; esac
  echo done
done
signal CONT
stop immediate >/dev/null 2>&1
rm -rf "$dir" "$dir.initdb"
"#;

#[derive(Debug)]
pub struct Cluster {
    port: u16,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    shell: Child,
}

impl Cluster {
    /// The folder of Postgres' programs on this machine.
    pub fn programs() -> Option<PathBuf> {
        let has_all =
            |folder: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).exists());
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let newest = versions.map(|version| version.path().join("bin")).filter(has_all).max();
        newest.or_else(|| std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).find(has_all))
    }

    pub fn start() -> Self {
        let programs = Self::programs().expect("Postgres' programs: apt-get install postgresql");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "cluster"])
            .arg(programs)
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let commands = shell.stdin.take().expect("a pipe");
        let answers = BufReader::new(shell.stdout.take().expect("a pipe"));
        let mut cluster = Self { port, commands, answers, shell };
        cluster.wait();
        cluster
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it as a crash does.
    pub fn stop(&mut self) {
        self.command("stop");
    }

    pub fn start_again(&mut self) {
        self.command("start");
    }

    /// Makes it silent: connections stay open, and nothing is answered.
    pub fn freeze(&mut self) {
        self.command("freeze");
    }

    pub fn thaw(&mut self) {
        self.command("thaw");
    }

    fn command(&mut self, command: &str) {
        writeln!(self.commands, "{command}").expect("the shell listens");
        self.wait();
    }

    fn wait(&mut self) {
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the shell answers");
        assert!(!answer.is_empty(), "the cluster did not start: {:?}", self.shell.try_wait());
    }
}
