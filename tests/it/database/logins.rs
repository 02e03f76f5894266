//! Passwords of the database that change while the server runs.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::PgConnection;

use super::{connect, has_clusters, query};
use crate::support::cluster::Cluster;
use crate::support::process::{Process, program, run};

const ROTATIONS: usize = 4;

/// A name, the variables of the server, and the content of the file for a password.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a dyn Fn(&str) -> String);

/// No request may fail for longer.
const GAP: Duration = Duration::from_secs(1);

/// MD5, because a debug build takes half a second for SCRAM. A cluster in which the role `rotating` needs a password, and a session of the test's own.
fn cluster() -> (Cluster, PgConnection) {
    let cluster = Cluster::start();
    let mut session = connect(&cluster.url("postgres"));
    let file = query(&mut session, "show hba_file").expect("a path");
    query(
        &mut session,
        &format!(
            "set password_encryption = 'md5';
             create role rotating superuser login password 'hidden-0';
             copy (select unnest(array['host all rotating 127.0.0.1/32 md5', 'host all all 127.0.0.1/32 trust']))
               to '{file}';
             select pg_reload_conf()::text"
        ),
    );
    (cluster, session)
}

/// Replaces a file at once, readable for its owner only.
fn replace(path: &Path, content: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let new = path.with_extension("new");
    std::fs::write(&new, content).expect("a file");
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).expect("its owner");
    std::fs::rename(&new, path).expect("a file");
}

/// Changes the password again and again, and ends all sessions each time, while four callers write. Returns the longest time in which a
/// caller had no success.
fn rotate(process: &Process, session: &mut PgConnection, interval: Duration, store: impl Fn(&str)) -> Duration {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let client = process.client();
                    let (mut last, mut gap, mut failed) = (Instant::now(), Duration::ZERO, 0);
                    while !stop.load(Ordering::Relaxed) {
                        let reply = client.patch("/v1/customers/3", &json!({ "FirstName": "Rotated" }));
                        gap = gap.max(last.elapsed());
                        if reply.status == 200 {
                            last = Instant::now();
                        } else {
                            failed += 1;
                        }
                        thread::sleep(Duration::from_millis(5));
                    }
                    (gap, failed)
                })
            })
            .collect();
        for number in 1..=ROTATIONS {
            thread::sleep(interval);
            let password = format!("hidden-{number}/{}", process.id());
            store(&password);
            query(
                session,
                &format!(
                    "alter role rotating password '{password}';
                     select count(pg_terminate_backend(pid))::text from pg_stat_activity where usename = 'rotating'"
                ),
            );
        }
        thread::sleep(interval);
        stop.store(true, Ordering::Relaxed);
        let seen: Vec<(Duration, i32)> = callers.into_iter().map(|caller| caller.join().expect("a caller")).collect();
        let (gap, failed) =
            (seen.iter().map(|(gap, _)| *gap).max(), seen.iter().map(|(_, failed)| failed).sum::<i32>());
        println!("{ROTATIONS} rotations: {failed} requests failed, the longest time without success {gap:?}");
        gap.expect("a time")
    })
}

#[test]
fn a_password_is_read_anew_for_each_connection() {
    if !has_clusters() {
        return;
    }
    let (cluster, mut session) = cluster();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    let path = file.to_str().expect("a path");
    let plain = cluster.url("postgres").replace("postgres@", "rotating@");
    let with_password = |password: &str| plain.replace('@', &format!(":{}@", password.replace('/', "%2F")));
    let place =
        plain.split_once('@').and_then(|(_, place)| place.strip_suffix("/postgres")).expect("a place").to_owned();
    let command = format!("echo hidden-noise >&2; cat {path}");
    let interval = Duration::from_millis(1_500);
    let arguments = ["--seed", "demo"];
    let as_it_is = str::to_owned;
    let in_pgpass = |password: &str| format!("{place}:postgres:rotating:{password}");
    let cases: [Case<'_>; 4] = [
        ("URL file", vec![("DATABASE_URL_FILE", path)], &with_password),
        ("password file", vec![("DATABASE_URL", &plain), ("EMULATOR_DATABASE_PASSWORD_FILE", path)], &as_it_is),
        ("command", vec![("DATABASE_URL", &plain), ("EMULATOR_DATABASE_PASSWORD_COMMAND", &command)], &as_it_is),
        ("PGPASSFILE", vec![("DATABASE_URL", &plain), ("PGPASSFILE", path)], &in_pgpass),
    ];
    for (name, variables, form) in cases {
        query(&mut session, "alter role rotating password 'hidden-0'");
        replace(&file, &form("hidden-0"));
        let mut started = program(&arguments);
        started.envs(variables);
        let process = Process::start_as(started, "127.0.0.1:0");
        let gap = rotate(&process, &mut session, interval, |password| replace(&file, &form(password)));
        println!("{name}: {gap:?}");
        assert!(gap < GAP, "{name}: {gap:?}");
    }
}

#[test]
fn a_password_that_cannot_be_read_is_named_without_it() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").and_then(|unused| unused.local_addr()).expect("a port");
    let url = format!("postgres://u@{unused}/shop");
    let start = Instant::now();
    for (variable, value, said) in [
        ("EMULATOR_DATABASE_PASSWORD_FILE", "/nonexistent", "no password: /nonexistent cannot be read"),
        (
            "EMULATOR_DATABASE_PASSWORD_COMMAND",
            "echo hidden-one >&2; exit 3",
            "the password command failed: exit status: 3",
        ),
        ("EMULATOR_DATABASE_PASSWORD_COMMAND", "true hidden-one", "the output of the password command is empty"),
        (
            "EMULATOR_DATABASE_PASSWORD_COMMAND",
            "yes hidden-one",
            "the output of the password command is longer than 65536 bytes",
        ),
    ] {
        let mut command =
            program(&["migrate", "--database-wait-seconds", "0", "--log-format", "text", "--log", "trace"]);
        let (code, out, error) = run(command.env("DATABASE_URL", &url).env(variable, value));
        assert_eq!(code, Some(1), "{error}");
        assert!(error.contains(said) && !error.contains("hidden") && !out.contains("hidden"), "{out}{error}");
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let mut command = program(&["config"]);
    let (_, out, _) = run(command.env("EMULATOR_DATABASE_PASSWORD_COMMAND", "printf hidden-one"));
    assert!(out.contains("database_password_command\tvariable\tprintf …"), "{out}");
}
