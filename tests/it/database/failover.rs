//! A primary that is lost, and the synchronous standby that takes its place: with eight writers, no acknowledged write is lost, and requests
//! succeed within a second after the promotion. Each test prints its figures.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{connect, has_clusters, query, start, wait_until_idle};
use crate::support::link::Link;
use crate::support::process::{Process, program, run};
use crate::support::replicas::Replicas;
use crate::support::{Client, seeds, with};

const WRITERS: usize = 8;

/// From the loss of the primary to the promotion.
const UNTIL_PROMOTION: Duration = Duration::from_secs(4);

/// All waits of a request for the database, by the default settings: 2, 15 and 1 s. And a second.
const LIMIT: Duration = Duration::from_secs(19);

/// What the writers saw.
#[derive(Debug, Default)]
struct Written {
    /// The ids of customers whose creation was acknowledged, and of those whose upgrade was.
    created: Vec<String>,
    upgraded: Vec<String>,
    failed: usize,
    longest: Duration,
    /// When a write succeeded.
    successes: Vec<Instant>,
}

impl Written {
    fn add(&mut self, other: Self) {
        self.created.extend(other.created);
        self.upgraded.extend(other.upgraded);
        self.failed += other.failed;
        self.longest = self.longest.max(other.longest);
        self.successes.extend(other.successes);
    }
}

/// Creates and upgrades customers until it is stopped.
fn write(client: &Client, number: &AtomicUsize, stop: &AtomicBool) -> Written {
    let mut written = Written::default();
    while !stop.load(Ordering::Relaxed) {
        let name = format!("failover{}", number.fetch_add(1, Ordering::Relaxed));
        let unique = json!({ "Username": name, "EmailAddress": format!("{name}@x.example"), "TaxId": name });
        let mut request = |upgraded: Option<&str>| {
            let asked = Instant::now();
            let reply = match upgraded {
                None => client.post("/v1/customers", &with(&seeds::retail(), unique.clone())),
                Some(id) => {
                    let body = with(&seeds::distributor(), unique.clone());
                    client.put(&format!("/v1/customers/upgrade/{id}"), &body)
                }
            };
            written.longest = written.longest.max(asked.elapsed());
            if reply.status == 201 {
                written.successes.push(Instant::now());
                return Some(reply.body);
            }
            assert_eq!(reply.status, 500, "{reply:?}");
            written.failed += 1;
            thread::sleep(Duration::from_millis(10));
            None
        };
        let Some(id) = request(None) else { continue };
        let is_upgraded = request(Some(&id)).is_some();
        if is_upgraded {
            written.upgraded.push(id.clone());
        }
        written.created.push(id);
    }
    written
}

/// Writes while `lose` takes the primary away and the standby is promoted, and for three more seconds. Returns how long after the
/// promotion the first write succeeded.
fn fail_over(replicas: &mut Replicas, process: &Process, lose: impl FnOnce(&mut Replicas)) -> Duration {
    let (number, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let client = process.client();
    let (promoted, written) = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(|| write(&client, &number, &stop))).collect();
        thread::sleep(Duration::from_secs(2));
        lose(replicas);
        thread::sleep(UNTIL_PROMOTION);
        replicas.promote();
        let promoted = Instant::now();
        thread::sleep(Duration::from_secs(3));
        stop.store(true, Ordering::Relaxed);
        let mut written = Written::default();
        for writer in writers {
            written.add(writer.join().expect("a writer"));
        }
        (promoted, written)
    });
    let first = written.successes.iter().filter(|at| **at >= promoted).min().expect("a success after the promotion");
    let first = *first - promoted;
    let mut session = connect(&format!("postgres://postgres@127.0.0.1:{}/postgres", replicas.second));
    let mut count = |ids: &[String], type_of: &str| {
        let ids = ids.join(",");
        let text = format!(
            "select count(*)::text from customers c join tenants t on t.tenant_id = c.tenant_id
              where t.name = 'demo' and c.customer_id = any('{{{ids}}}') {type_of}"
        );
        query(&mut session, &text).and_then(|count| count.parse::<usize>().ok()).expect("a count")
    };
    let (created, upgraded) = (count(&written.created, ""), count(&written.upgraded, "and c.customer_type = 1"));
    let (all, of_all) = (written.created.len() + written.upgraded.len(), created + upgraded);
    println!(
        "{all} writes acknowledged, {} lost, {} failed, the longest request {:?}, the first success {first:?} after the promotion",
        all - of_all,
        written.failed,
        written.longest,
    );
    assert_eq!(of_all, all, "acknowledged writes were lost");
    assert!(all > 0 && written.longest < LIMIT, "{:?}", written.longest);
    assert!(first < Duration::from_secs(1), "{first:?}");
    first
}

fn url(first: u16, second: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{first},127.0.0.1:{second}/postgres?target_session_attrs=read-write")
}

#[test]
fn a_killed_primary_is_replaced_and_comes_back_as_a_standby() {
    if !has_clusters() {
        return;
    }
    let mut replicas = Replicas::start();
    let url = url(replicas.first, replicas.second);
    let process = start(&url, &[]);
    let places = format!("postgres://127.0.0.1:{},127.0.0.1:{}/postgres", replicas.first, replicas.second);
    assert!(process.banner.iter().any(|line| line.contains(&places)), "{:?}", process.banner);
    fail_over(&mut replicas, &process, Replicas::kill);

    replicas.return_as_standby();
    let mut session = connect(&format!("postgres://postgres@127.0.0.1:{}/postgres", replicas.second));
    let kill = "select count(pg_terminate_backend(pid))::text from pg_stat_activity
                 where application_name = 'directscale-emulator'";
    query(&mut session, kill);
    thread::sleep(Duration::from_millis(1_100));
    for _ in 0..20 {
        process.client().patch("/v1/customers/3", &json!({ "FirstName": "After" })).succeeds(200);
    }
    wait_until_idle(&process);
    // A server that starts now finds the standby first.
    let another = start(&url, &[]);
    another.client().patch("/v1/customers/3", &json!({ "FirstName": "Another" })).succeeds(200);

    // A standby alone is named as what it is.
    let standby = format!("postgres://postgres@127.0.0.1:{}/postgres?target_session_attrs=read-write", replicas.first);
    let mut command = program(&["migrate", "--database-wait-seconds", "0"]);
    let (code, _, error) = run(command.env("DATABASE_URL", standby));
    assert_eq!(code, Some(1));
    assert!(error.contains("the server is read-only: a standby, or its default changed"), "{error}");
}

#[test]
fn a_primary_whose_packets_are_dropped_is_replaced() {
    if !has_clusters() {
        return;
    }
    let mut replicas = Replicas::start();
    let link = Link::to(replicas.first);
    let process = start(&url(link.port, replicas.second), &[]);
    fail_over(&mut replicas, &process, |_| link.cut());
    wait_until_idle(&process);
}

#[test]
fn a_frozen_primary_is_replaced_and_gets_no_write_when_it_comes_back() {
    if !has_clusters() {
        return;
    }
    let mut replicas = Replicas::start();
    let process = start(&url(replicas.first, replicas.second), &[]);
    fail_over(&mut replicas, &process, Replicas::freeze);
    replicas.thaw();
    for number in 0..50 {
        let body = json!({ "FirstName": format!("Thawed{number}") });
        process.client().patch("/v1/customers/3", &body).succeeds(200);
    }
    let mut former = connect(&format!("postgres://postgres@127.0.0.1:{}/postgres", replicas.first));
    let written = "select count(*)::text from customers where first_name like 'Thawed%'";
    assert_eq!(query(&mut former, written).as_deref(), Some("0"));
    wait_until_idle(&process);
}
