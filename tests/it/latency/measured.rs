//! The duration of the requests of one tenant.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::http::request;
use crate::support::process::Process;
use crate::support::{Client, seeds, with};

/// The number of requests of a median.
pub(super) const REQUESTS: usize = 41;

/// The maximum ratio between a request's duration and its duration before.
const MAX_FACTOR: u32 = 2;

/// The delay that a busy machine adds to a request of less than a millisecond.
const TOLERANCE: Duration = Duration::from_micros(50);

/// The operation that does not use the database: its duration shows how busy the machine is.
pub(super) const MACHINE: &str = "the machine";

/// An operation that became slower is slow in most of these attempts. One that other tests slow down is not.
const ATTEMPTS: usize = 11;

pub(super) struct MeasuredTenant {
    pub(super) client: Client,
    connection: TcpStream,
    /// A customer with all unique values.
    customer_id: i64,
    /// The unique values of `customer_id` by the names of their query parameters.
    values: BTreeMap<&'static str, String>,
    /// Customers of type 2. Each of them can be upgraded once.
    pub(super) upgradable: Vec<i64>,
}

pub(super) type Medians = BTreeMap<String, Duration>;

impl MeasuredTenant {
    pub(super) fn new(process: &Process, key: &str, customer_id: i64, upgradable: Vec<i64>) -> Self {
        let client = Client { address: process.address, key: key.to_owned() };
        let connection = TcpStream::connect(process.address).expect("a connection");
        connection.set_nodelay(true).expect("no delay");
        let customer = client.customer(customer_id);
        let value = |name: &str| customer[name].as_str().unwrap_or_default().to_owned();
        let values = BTreeMap::from([
            ("backOfficeId", value("BackOfficeId")),
            ("email", value("EmailAddress")),
            ("username", value("Username")),
            ("webAlias", value("WebAlias")),
            ("externalReferenceId", "unknown".to_owned()),
        ]);
        Self { client, connection, customer_id, values, upgradable }
    }

    /// A population with nine retail customers for each distributor, whose ids begin at `first`.
    pub(super) fn population(process: &Process, key: &str, first: i64, size: usize) -> Self {
        let (distributors, size) =
            (i64::try_from(size / 10).expect("a number"), i64::try_from(size).expect("a number"));
        let retail = (first + distributors..first + size).rev().collect();
        Self::new(process, key, first + distributors / 2, retail)
    }

    pub(super) fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> Duration {
        let headers = format!("Ocp-Apim-Subscription-Key: {}\r\n", self.client.key);
        let text = body.map(Value::to_string);
        let bytes = String::from_utf8(request(method, path, &headers, text.as_deref())).expect("text");
        let bytes = bytes.replacen("Connection: close\r\n", "", 1);
        let started_at = Instant::now();
        self.connection.write_all(bytes.as_bytes()).expect("a request");
        let mut response = Vec::new();
        let mut buffer = [0; 8 * 1024];
        loop {
            let read = self.connection.read(&mut buffer).expect("a response");
            assert!(read > 0, "no response to {method} {path}");
            response.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&response);
            let Some((head, rest)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            if rest.len() >= length.map_or(0, |length| length.parse().expect("a length")) {
                let duration = started_at.elapsed();
                assert!(head.starts_with("HTTP/1.1 20"), "{method} {path}: {text}");
                return duration;
            }
        }
    }

    fn median(&mut self, mut send: impl FnMut(&mut Self) -> Duration) -> Duration {
        let mut durations: Vec<Duration> = (0..REQUESTS).map(|_| send(self)).collect();
        durations.sort();
        durations[REQUESTS / 2]
    }

    pub(super) fn operations(&self) -> Vec<String> {
        let fixed = ["GET by id", "websiteInfo2", "PATCH", "upgrade", "children in the tree"];
        let lookups = self.values.keys().map(|name| format!("by {name}"));
        let checks = ["email-address", "username", "tax-id", "web-alias", "back-office-id"];
        let checks = checks.map(|check| format!("validate {check}"));
        fixed.iter().map(ToString::to_string).chain(lookups).chain(checks).collect()
    }

    pub(super) fn measure(&mut self, operation: &str) -> Duration {
        let (customer_id, values) = (self.customer_id, self.values.clone());
        let get = |path: String| move |tenant: &mut Self| tenant.send("GET", &path, None);
        match operation {
            "GET by id" => self.median(get(format!("/v1/customers/{customer_id}"))),
            MACHINE => self.median(get("/livez".to_owned())),
            "websiteInfo2" => {
                let alias = &values["webAlias"];
                self.median(get(format!("/v1/customers/websiteInfo2?webAlias={alias}")))
            }
            "children in the tree" => self.median(get(format!("/v1/customers/{customer_id}/downline?levels=1"))),
            "search" => self.median(get("/v1/customers/search/no-such-customer".to_owned())),
            "PATCH" => {
                let mut number = 0;
                self.median(|tenant| {
                    number += 1;
                    let body = json!({ "FirstName": format!("Name {number}"), "PrimaryPhone": "+1 801 555-3333" });
                    tenant.send("PATCH", &format!("/v1/customers/{customer_id}"), Some(&body))
                })
            }
            "upgrade" => self.median(|tenant| {
                let id = tenant.upgradable.pop().expect("customers to upgrade");
                let changes = json!({
                    "Username": format!("upgraded{id}"), "EmailAddress": format!("upgraded{id}@x.example"),
                    "TaxId": format!("upgraded{id}"), "SponsorId": customer_id
                });
                let body = with(&seeds::distributor(), changes);
                tenant.send("PUT", &format!("/v1/customers/upgrade/{id}"), Some(&body))
            }),
            other => {
                if let Some(name) = other.strip_prefix("by ") {
                    return self.median(get(format!("/v1/customers/?{name}={}", values[name])));
                }
                let check = other.strip_prefix("validate ").expect("an operation");
                let value = match check {
                    "email-address" => &values["email"],
                    "web-alias" => &values["webAlias"],
                    "back-office-id" => &values["backOfficeId"],
                    _ => &values["username"],
                };
                self.median(get(format!("/v1/validate/{check}/{value}")))
            }
        }
    }

    pub(super) fn medians(&mut self) -> Medians {
        let all = self.operations().into_iter().chain([MACHINE.to_owned()]);
        all.map(|operation| (operation.clone(), self.measure(&operation))).collect()
    }

    /// Measures each operation until more attempts were fast than slow. Fails when most of `ATTEMPTS` were slow.
    #[track_caller]
    pub(super) fn is_as_fast_as(&mut self, before: &Medians, stage: &str) -> Medians {
        let operations = self.operations().into_iter();
        operations
            .map(|operation| (operation.clone(), self.operation_is_as_fast_as(before, stage, &operation)))
            .collect()
    }

    #[track_caller]
    pub(super) fn operation_is_as_fast_as(&mut self, before: &Medians, stage: &str, operation: &str) -> Duration {
        let (mut fast, mut slow) = (0, 0);
        loop {
            let duration = self.measure(operation);
            // Other work on the machine slows this operation as well.
            let load = self.measure(MACHINE).as_secs_f64() / before[MACHINE].as_secs_f64();
            let duration_before = before[operation];
            if duration <= (duration_before * MAX_FACTOR).mul_f64(load.max(1.0)) + TOLERANCE {
                fast += 1;
                if fast > slow {
                    return duration;
                }
            } else {
                slow += 1;
            }
            assert!(
                slow <= ATTEMPTS / 2,
                "{stage}: {operation} takes {duration:?}, before it took {duration_before:?}; load: {load:.1}; {fast} attempts were fast"
            );
            thread::sleep(Duration::from_millis(300));
        }
    }
}
