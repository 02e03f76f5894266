//! The database stops under load and starts again. Needs a private cluster.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::cluster::Cluster;
use crate::support::process::{Process, program, run};
use crate::support::server::on_real_postgres;

#[test]
fn requests_fail_quickly_while_the_database_is_down_and_succeed_afterwards() {
    if !on_real_postgres() || Cluster::programs().is_none() {
        println!("not run: it needs its own Postgres server");
        return;
    }
    let seconds: u64 = std::env::var("OUTAGE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let mut cluster = Cluster::start();
    let url = cluster.url("postgres");
    let acquire_timeout = Duration::from_secs(1);
    let server = Process::start(&["--database-url", &url, "--seed", "demo", "--database-acquire-timeout-ms", "1000"]);
    let client = server.client();
    client.patch("/v1/customers/3", &json!({ "FirstName": "Before" })).succeeds(200);

    let stop = AtomicBool::new(false);
    let (failed, slowest) = thread::scope(|scope| {
        let workers: Vec<_> = (0..16)
            .map(|_| {
                let (client, stop) = (&client, &stop);
                scope.spawn(move || {
                    let (mut failed, mut slowest) = (0, Duration::ZERO);
                    while !stop.load(Ordering::Relaxed) {
                        let start = Instant::now();
                        let reply = client.patch("/v1/customers/3", &json!({ "FirstName": "During" }));
                        slowest = slowest.max(start.elapsed());
                        if reply.status == 500 {
                            failed += 1;
                            let activity = reply.json()["activityId"].as_str().expect("an id").to_owned();
                            assert_eq!(
                                reply.body,
                                format!(r#"{{ "statusCode": 500, "message": "Internal server error", "activityId": "{activity}" }}"#)
                            );
                            thread::sleep(Duration::from_millis(5));
                        } else {
                            assert_eq!(reply.status, 200, "{reply:?}");
                        }
                    }
                    (failed, slowest)
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(500));
        cluster.stop();
        thread::sleep(Duration::from_secs(seconds));
        assert_eq!(client.get("/livez").status, 200);
        let unready = client.get("/readyz").body;
        assert_eq!(unready, r#"{"pending":["database"],"reason":"database: connection refused","status":"unready"}"#);
        cluster.start_again();
        thread::sleep(Duration::from_secs(2));
        stop.store(true, Ordering::Relaxed);
        let results: Vec<(usize, Duration)> =
            workers.into_iter().map(|worker| worker.join().expect("a worker")).collect();
        (results.iter().map(|(failed, _)| failed).sum::<usize>(), results.iter().map(|(_, slowest)| *slowest).max())
    });
    let slowest = slowest.expect("a time");
    println!("{seconds} s down: {failed} requests failed with 500, the slowest in {slowest:?}");
    assert!(failed > 0);
    assert!(slowest < acquire_timeout + Duration::from_secs(1), "{slowest:?}");

    // Requests succeed immediately, without a restart.
    assert_eq!(client.get("/readyz").status, 200);
    for _ in 0..20 {
        client.patch("/v1/customers/3", &json!({ "FirstName": "After" })).succeeds(200);
    }
    server.signal("TERM");
    assert!(server.wait().success());
}

#[test]
fn an_outage_has_one_line_in_the_log_in_five_seconds() {
    if !on_real_postgres() || Cluster::programs().is_none() {
        println!("not run: it needs its own Postgres server");
        return;
    }
    let mut cluster = Cluster::start();
    let (code, _, error) = run(program(&["migrate"]).env("DATABASE_URL", cluster.url("postgres")));
    assert_eq!(code, Some(0), "{error}");
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut started = program(&["--seed", "demo", "--database-url", &cluster.url("postgres"), "--log-format", "json"]);
    started.stderr(log.reopen().expect("a file"));
    let server = Process::start_logging(started);
    cluster.stop();
    let client = server.client();
    let failed = (0..100).filter(|_| client.get("/v1/customers/3").status == 500).count();
    assert_eq!(failed, 100);
    let logged = std::fs::read_to_string(log.path()).expect("the log");
    let lines: Vec<&str> = logged.lines().filter(|line| line.contains("database failure")).collect();
    println!("{failed} requests failed, {} lines", lines.len());
    assert!((1..20).contains(&lines.len()), "{logged}");
}
