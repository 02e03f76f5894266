//! A primary with a synchronous standby, from the machine's Postgres. A shell supervises both, so that they end with the test run.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::cluster::Cluster;

const SCRIPT: &str = r#"
set -u
bin=$1; first=$2; second=$3
dir=$(mktemp -d)
as=""
if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; as="runuser -u postgres --"; fi
cd /
fail() { cat "$dir"/*.log >&2; exit 1; }
$as "$bin/initdb" -D "$dir/first" -A trust -U postgres -E UTF8 --locale=C >"$dir/initdb.log" 2>&1 || fail
run() {
  $as "$bin/pg_ctl" -D "$dir/$1" -l "$dir/$1.log" -s -w \
    -o "-p $2 -k $dir -c listen_addresses=127.0.0.1 -c max_connections=200 -c fsync=off $3" start || fail
}
# The processes of a server, as on a machine that is lost or no longer answers.
signal() {
  postmaster=$(head -n 1 "$dir/first/postmaster.pid") || return 0
  kill -s "$1" "$postmaster" $(pgrep -P "$postmaster") 2>/dev/null
}
run first "$first" "-c synchronous_standby_names=*"
$as "$bin/pg_basebackup" -h 127.0.0.1 -p "$first" -U postgres -D "$dir/second" -R -c fast >"$dir/backup.log" 2>&1 || fail
run second "$second" ""
echo started
while read -r command; do
  case $command in
    kill) signal KILL;;
    freeze) signal STOP;;
    thaw) signal CONT;;
    promote) $as "$bin/pg_ctl" -D "$dir/second" -s -w promote;;
    standby) rm -f "$dir/first/postmaster.pid"; $as touch "$dir/first/standby.signal"; run first "$first" "";;
  esac
  echo done
done
signal CONT
for name in first second; do $as "$bin/pg_ctl" -D "$dir/$name" -s -m immediate -w stop >/dev/null 2>&1; done
rm -rf "$dir"
"#;

#[derive(Debug)]
pub struct Replicas {
    pub first: u16,
    pub second: u16,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    _shell: Child,
}

impl Replicas {
    /// The first one is the primary.
    pub fn start() -> Self {
        let programs = Cluster::programs().expect("Postgres' programs: apt-get install postgresql");
        let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [first, second] = ports.map(|listener| listener.local_addr().expect("an address").port());
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "replicas"])
            .arg(programs)
            .args([first.to_string(), second.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let commands = shell.stdin.take().expect("a pipe");
        let answers = BufReader::new(shell.stdout.take().expect("a pipe"));
        let mut replicas = Self { first, second, commands, answers, _shell: shell };
        replicas.wait();
        replicas
    }

    /// The first one ends at once, with all its processes.
    pub fn kill(&mut self) {
        self.command("kill");
    }

    /// The first one keeps its connections and answers nothing.
    pub fn freeze(&mut self) {
        self.command("freeze");
    }

    pub fn thaw(&mut self) {
        self.command("thaw");
    }

    /// The second one becomes the primary.
    pub fn promote(&mut self) {
        self.command("promote");
    }

    /// The first one, which was killed, comes back as a standby.
    pub fn return_as_standby(&mut self) {
        self.command("standby");
    }

    fn command(&mut self, command: &str) {
        writeln!(self.commands, "{command}").expect("the shell listens");
        self.wait();
    }

    fn wait(&mut self) {
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the shell answers");
        assert!(!answer.is_empty(), "the servers did not start");
    }
}
