//! Starting and stopping: databases that cannot be used, folders that cannot be written, addresses, signals.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::fake_postgres::{self, Manner};
use crate::support::process::{DEMO_KEY, Process, program, run};
use crate::support::server::{database_url, server};

/// Tries to migrate a database, which fails with exit code 1. Returns standard error and the duration.
fn rejected(url: &str, arguments: &[&str]) -> (String, Duration) {
    let start = Instant::now();
    let mut command = program(&["migrate", "--log-format", "text"]);
    let (code, out, error) = run(command.args(arguments).env("DATABASE_URL", url));
    assert_eq!((code, out.as_str()), (Some(1), ""), "{error}");
    (error, start.elapsed())
}

#[test]
fn a_server_that_rejects_is_named_at_once_and_once() {
    for (code, message, url, hint) in [
        (
            "28P01",
            "password authentication failed for user \"emulator\"",
            "",
            "hint: check user and password in the database URL (DATABASE_URL, --database-url, --database-url-file)",
        ),
        ("28000", "role \"emulator\" does not exist", "", "hint: create the user: createuser -h 127.0.0.1 -p "),
        (
            "28000",
            "no pg_hba.conf entry for host, no encryption",
            "",
            "hint: the server may demand TLS: add ?sslmode=require",
        ),
        ("3D000", "database \"shop\" does not exist", "", "hint: create it: createdb -h 127.0.0.1 -p "),
        (
            "42501",
            "permission denied for database \"shop\"",
            "",
            "hint: as its owner: GRANT CONNECT ON DATABASE \"shop\" TO \"emulator\"",
        ),
        ("XX000", "not reached", "?sslmode=require", "hint: the server has no TLS: use ?sslmode=prefer"),
    ] {
        let address = fake_postgres::start(Manner::Rejects(code, message));
        let (error, duration) = rejected(&format!("postgres://emulator:hidden-one@{address}/shop{url}"), &[]);
        let reason = if url.is_empty() { message } else { "TLS failed: " };
        let first = format!("error: cannot use postgres://{address}/shop as user \"emulator\": {reason}");
        let lines: Vec<&str> = error.lines().collect();
        assert!(lines.len() == 2 && lines[0].starts_with(&first) && lines[1].starts_with(hint), "{error}");
        assert!(!error.contains("at line") && !error.contains("hidden"), "{error}");
        assert!(duration < Duration::from_secs(10), "{duration:?}");
    }
}

#[test]
fn a_server_that_is_too_old_is_rejected() {
    let address = fake_postgres::start(Manner::Version("13.9 (Debian 13.9-1)"));
    let (error, _) = rejected(&format!("postgres://u@{address}/shop"), &[]);
    let expected = format!("error: postgres://{address}/shop is PostgreSQL 13.9; 14 or newer is needed\n");
    assert_eq!(error, expected);
}

#[test]
fn a_server_that_is_not_up_yet_is_waited_for_with_one_line_in_the_log() {
    let unused =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|unused| unused.local_addr()).expect("a free port");
    let (error, duration) =
        rejected(&format!("postgres://u:hidden-one@{unused}/shop"), &["--database-wait-seconds", "2s"]);
    assert_eq!(error.matches(&format!("waiting for postgres://{unused}/shop (2 s left): ")).count(), 1, "{error}");
    assert!(error.contains(&format!("error: cannot use postgres://{unused}/shop as user \"u\": ")), "{error}");
    assert!(error.contains("\nhint: start Postgres there") && !error.contains("hidden"), "{error}");
    assert_eq!(error.lines().count(), 3, "{error}");
    assert!((Duration::from_secs(2)..Duration::from_secs(10)).contains(&duration), "{duration:?}");
}

#[test]
fn a_database_that_is_not_ours_is_named_with_what_to_do() {
    let Some(url) = database_url() else {
        println!("not run: it needs a Postgres server");
        return;
    };
    let (base, _) = url.rsplit_once('/').expect("a database in the URL");
    let id = std::process::id();
    let (error, _) = rejected(&format!("{base}/missing_{id}"), &[]);
    assert!(
        error.contains(&format!("database \"missing_{id}\" does not exist\nhint: create it: createdb ")),
        "{error}"
    );

    let theirs = format!("theirs_{id}");
    server().execute(&format!("create database {theirs}"));
    let theirs_url = format!("{base}/{theirs}");
    in_database(&theirs_url, "create table customers (id int)");
    let (error, _) = rejected(&theirs_url, &[]);
    assert!(
        error.contains(
            "it has a table `customers` that this program did not create\nhint: use an empty database: createdb "
        ),
        "{error}"
    );
    assert_eq!(error.lines().count(), 2, "{error}");
    in_database(&theirs_url, "drop table customers");
    let (code, _, error) = run(program(&["migrate"]).env("DATABASE_URL", &theirs_url));
    assert_eq!((code, error.as_str()), (Some(0), "The schema is up to date.\n"));
    in_database(
        &theirs_url,
        "insert into _sqlx_migrations select 9999, description, now(), success, checksum, 0 from _sqlx_migrations limit 1",
    );
    let (error, _) = rejected(&theirs_url, &[]);
    assert!(
        error.contains(
            ": a newer version of this program migrated the database (its migration is 9999, and this version knows"
        ),
        "{error}"
    );

    // A role that may not create tables.
    let poor = format!("poor_{id}");
    server().execute(&format!("create role {poor} login password 'hidden-one'"));
    let (name, address) = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).expect("a user");
    let of_poor = format!("postgres://{poor}:hidden-one@{}", address.rsplit_once('/').expect("a database").0);
    let empty = format!("empty_{id}");
    server().execute(&format!("create database {empty}"));
    in_database(&format!("{base}/{empty}"), "revoke create on schema public from public");
    let (error, _) = rejected(&format!("{of_poor}/{empty}"), &[]);
    assert!(
        error.contains(&format!("as user \"{poor}\": permission denied for schema public\nhint: as its owner: GRANT CREATE ON SCHEMA public TO \"{poor}\"")),
        "{error} for {name}"
    );
    // In an empty database: the banner explains how to seed it.
    let server_of_empty = Process::start(&["--database-url", &format!("{base}/{empty}")]);
    let banner = server_of_empty.banner.join("\n");
    assert!(
        banner.contains("no tenants yet: directscale-emulator seed demo, or start with --seed demo\nReady."),
        "{banner}"
    );
    assert_eq!(server_of_empty.run(&["tenants", "list"]), (Some(0), String::new(), String::new()));
    server_of_empty.signal("TERM");
    server_of_empty.wait();
    for database in [&theirs, &empty] {
        server().execute(&format!("drop database {database} with (force)"));
    }
    server().execute(&format!("drop role {poor}"));
}

/// Runs a statement in another database than the suite's.
fn in_database(url: &str, statement: &str) {
    use sqlx::{Connection as _, Executor as _};
    server().runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(url).await.expect("a connection");
        connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))).await.expect("it runs");
        connection.close().await.expect("it ends");
    });
}

#[cfg(feature = "embedded")]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "x").expect("a file");
    let beneath = file.join("data");
    let start = Instant::now();
    let (code, _, error) = run(&mut program(&["migrate", "--data", beneath.to_str().expect("a path")]));
    assert_eq!(code, Some(1));
    let expected =
        format!("error: the embedded database cannot be opened in {}: it cannot be written: ", beneath.display());
    assert!(error.starts_with(&expected) && !error.contains("another process"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(4), "it is not waited for: {:?}", start.elapsed());
    // A folder without the right to write in it; root may write in most, but not in this one.
    if std::path::Path::new("/proc/self/fdinfo").is_dir() {
        let (code, _, error) = run(&mut program(&["migrate", "--data", "/proc/self/fdinfo"]));
        assert_eq!(code, Some(1));
        assert!(
            error.starts_with(
                "error: the embedded database cannot be opened in /proc/self/fdinfo: it cannot be written: "
            ),
            "{error}"
        );
    }
}

#[test]
fn a_signal_stops_the_server_and_a_second_one_ends_it_at_once() {
    use std::io::{Read as _, Write as _};

    for (second, expected) in [("INT", 130), ("TERM", 143)] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = program(&[
            "--data",
            folder.path().to_str().expect("a path"),
            "--listen",
            "127.0.0.1:0",
            "--log-format",
            "text",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
        let mut banner = String::new();
        let mut output = child.stdout.take().expect("a pipe");
        while !banner.contains("Ready.") {
            let mut bytes = [0; 4096];
            let length = output.read(&mut bytes).expect("the banner");
            assert!(length > 0, "{banner}");
            banner += &String::from_utf8_lossy(&bytes[..length]);
        }
        let address =
            banner.lines().find_map(|line| line.trim().strip_prefix("address   http://")).expect("an address");
        let mut stream = std::net::TcpStream::connect(address).expect("a connection");
        let head = format!(
            "PUT /v1/customers/3 HTTP/1.1\r\nHost: x\r\nOcp-Apim-Subscription-Key: {DEMO_KEY}\r\nContent-Length: 9\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it takes the request, and waits for its body");
        std::thread::sleep(Duration::from_millis(300));
        let kill = |signal: &str| {
            let id = child.id().to_string();
            assert!(std::process::Command::new("kill").args(["-s", signal, &id]).status().expect("kill").success());
        };
        let start = Instant::now();
        kill("TERM");
        std::thread::sleep(Duration::from_millis(300));
        kill(second);
        let ended = child.wait_with_output().expect("an end");
        let error = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(expected));
        // Before it stands the line of the seed.
        assert!(
            error.ends_with("Stopping (Ctrl-C again to quit now)\n") && error.matches("Stopping").count() == 1,
            "{error}"
        );
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[cfg(feature = "embedded")]
#[test]
fn a_shutdown_has_a_deadline() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Process::start(&["--data", data.to_str().expect("a path")]);
    server.client().get("/v1/customers/3").succeeds(200);
    std::fs::remove_dir_all(&data).expect("the folder is deleted");
    let start = Instant::now();
    server.signal("TERM");
    let status = server.wait();
    println!("{status} after {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(13), "{:?}", start.elapsed());
}

/// Wherever the server listens: a server for a team in a container has test data too, but its users are told.
#[test]
fn passwords_have_the_test_cost_unless_another_one_is_set() {
    const NOTE: &str = "passwords hashed at the test cost, for test data only; --password-cost owasp protects them";
    const TOKEN: &str = "a-long-secret-of-mine";
    for (listen, cost, is_noted, start) in [
        ("127.0.0.1:0", "auto", false, "$test-sha256$"),
        (":0", "auto", true, "$test-sha256$"),
        (":0", "owasp", false, "$argon2id$v=19$m=19456,t=2,p=1$"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().to_str().expect("a path");
        let server = Process::start_on(listen, &["--data", data, "--password-cost", cost, "--admin-token", TOKEN]);
        assert_eq!(server.banner.join("\n").contains(NOTE), is_noted, "{:?}", server.banner);
        let client = crate::support::Client {
            address: ([127, 0, 0, 1], server.address.port()).into(),
            key: server.client().key,
        };
        client.put("/v1/customers/4/reset-password", &json!({ "Password": "PasswordHere4" })).succeeds(200);
        let login = json!({ "username": "pat", "password": "PasswordHere4" });
        client.post("/v1/validate/login", &login).succeeds(200);
        let mut export = program(&["export", "demo", "--json", "--server", &client.address.to_string()]);
        let (code, exported, error) = run(export.env("EMULATOR_ADMIN_TOKEN", TOKEN));
        assert_eq!(code, Some(0), "{error}");
        let exported: Value = serde_json::from_str(&exported).expect("JSON");
        let hash = exported["tenants"][0]["customers"][3]["password_hash"].as_str().expect("a hash");
        assert!(hash.starts_with(start), "{hash}");
    }
}

#[test]
fn addresses_are_what_people_type() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path");
    // Every address: off loopback, so with a token.
    let server = Process::start_on(":0", &["--data", data, "--admin-token", "a-long-secret-of-mine"]);
    let port = server.address.port();
    let client = crate::support::Client { address: ([127, 0, 0, 1], port).into(), key: server.client().key };
    client.get("/v1/customers/3").succeeds(200);
    assert!(run(&mut program(&["healthcheck", "--listen", &format!(":{port}")])).0 == Some(0));
    for name in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!(":{port}"),
        format!("http://localhost:{port}/"),
    ] {
        let mut command = program(&["tenants", "list", "--server", &name]);
        let (code, _, error) = run(command.env("EMULATOR_ADMIN_TOKEN", "a-long-secret-of-mine"));
        assert_eq!(code, Some(0), "{name}: {error}");
    }
    // By the settings that the server itself reads.
    let mut command = program(&["tenants", "list"]);
    let variables =
        [("EMULATOR_LISTEN", format!(":{port}")), ("EMULATOR_ADMIN_TOKEN", "a-long-secret-of-mine".to_owned())];
    assert_eq!(run(command.envs(variables)).0, Some(0));
    let (code, _, error) = run(&mut program(&["tenants", "list", "--server", "ftp://x"]));
    assert_eq!(code, Some(2));
    assert!(error.contains("must be http://host:port"), "{error}");
    server.signal("TERM");
    server.wait();

    // localhost is one address in each family.
    let server = Process::start_on("localhost:0", &["--data", data]);
    let port = server.address.port();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        let client = crate::support::Client {
            address: format!("[::1]:{port}").parse().expect("an address"),
            key: server.client().key,
        };
        client.get("/v1/customers/3").succeeds(200);
    }
    let (code, _, error) = run(&mut program(&["--data", data, "--listen", &format!("127.0.0.1:{port}")]));
    assert_eq!(code, Some(1));
    assert!(error.contains("hint: another copy may run there; --listen 127.0.0.1:0 takes any free port"), "{error}");
    server.signal("TERM");
    assert!(server.wait().success());
}
