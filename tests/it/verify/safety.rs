//! What `verify` sends where, and what it never shows.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Comparison;
use crate::support::process::program;
use crate::support::receiver::Receiver;
use crate::support::tenant;

const CANARY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

#[test]
fn a_host_that_may_serve_people_needs_its_name() {
    let emulated = tenant();
    let comparison = Comparison::new(&emulated);
    let key = comparison.file("key", CANARY);
    for (against, more, reason) in [
        (
            "https://dsapi.directscale.com",
            &[][..],
            "dsapi.directscale.com may serve real people: confirm with --send-to",
        ),
        ("https://dsapi.directscale.com", &["--send-to", "dsapi-stage.directscale.com"], "nothing was sent"),
        ("http://dsapi-stage.directscale.com", &[], "the key would be sent unencrypted"),
        ("https://user:secret@dsapi-stage.directscale.com", &[], "the address has a user name or password"),
    ] {
        let outcome = comparison.verify(&[&["--against", against, "--key-file", &key], more].concat());
        assert_eq!(outcome.code, Some(2), "{}", outcome.text());
        assert!(outcome.errors.contains(reason), "{}", outcome.text());
        assert!(!outcome.text().contains(CANARY) && !outcome.text().contains("secret"), "{}", outcome.text());
    }
}

#[test]
fn a_wrong_key_ends_the_run_at_its_first_request() {
    let (real, emulated) = (tenant(), tenant());
    let comparison = Comparison::new(&emulated);
    let outcome = comparison.with(real.address, CANARY, &["--scenario", "reading-customers"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.text());
    assert!(outcome.errors.contains("rejects the key with 401"), "{}", outcome.text());
    assert!(outcome.errors.contains("no further request was sent"), "{}", outcome.text());
    assert!(!outcome.text().contains(CANARY));
    let service = Receiver::with_json(|_| (401, json!({ "message": format!("{CANARY} is not a key") })));
    let outcome = comparison.with(service.address, CANARY, &["--scenario", "reading-customers"]);
    assert_eq!((outcome.code, service.received().len()), (Some(2), 1), "{}", outcome.text());
    assert!(!outcome.text().contains(CANARY), "{}", outcome.text());
}

#[test]
fn writes_need_a_permission() {
    let (real, emulated) = (tenant(), tenant());
    let before = real.everything();
    let comparison = Comparison::new(&emulated);
    let outcome = comparison.with(real.address, &real.key, &["--scenario", "upgrade"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.text());
    assert!(outcome.errors.contains("confirm with --allow-writes"), "{}", outcome.text());
    assert!(real.requests("").is_empty());
    // Without names only the scenarios run that change nothing.
    let outcome = comparison.with(real.address, &real.key, &[]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.text());
    assert_eq!(real.everything(), before);
    assert!(comparison.created().is_empty());
}

/// A service that repeats the key in every place.
#[test]
fn the_key_is_in_no_output_and_no_file() {
    let emulated = tenant();
    let service =
        Receiver::with_json(|_| (200, json!({ "Message": CANARY, CANARY: { "Name": CANARY }, "List": [CANARY] })));
    let comparison = Comparison::new(&emulated);
    let kept = super::text_of(&comparison.path("kept"));
    for arguments in [&["--keep", &kept][..], &["--keep", &kept, "--json"]] {
        let outcome = comparison.with(service.address, CANARY, arguments);
        assert_eq!(outcome.code, Some(1), "{}", outcome.text());
        assert!(!outcome.text().contains(CANARY), "{}", outcome.text());
    }
    for entry in std::fs::read_dir(&kept).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(!text.contains(CANARY), "{}", path.display());
    }
}

#[test]
fn what_an_aborted_run_created_is_listed() {
    let (real, emulated) = (tenant(), tenant());
    let comparison = Comparison::new(&emulated);
    let key = comparison.file("key", &real.key);
    let (url, against) = (format!("http://{}", emulated.address), format!("http://{}", real.address));
    let mut child =
        program(&["verify", "--server", &url, "--tenant", &emulated.name(), "--against", &against, "--key-file", &key])
            .args(["--rate", "20", "--allow-writes", "--scenario", "upgrade"])
            .current_dir(comparison.folder.path())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the program");
    let begun = Instant::now();
    while comparison.created().iter().filter(|line| line["created"] == true).count() < 2 {
        assert!(begun.elapsed() < Duration::from_mins(1), "nothing was created");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it runs");
    child.wait().expect("an end");
    let lines = comparison.created();
    let customers = real
        .rows("select customer_id, first_name from customers where tenant_id = {tenant} and first_name like 'emv%'");
    for customer in &customers {
        let is_listed = lines.iter().any(|line| line["id"] == customer["customer_id"])
            // The response to the last request may have come after the end.
            || lines.last().is_some_and(|line| line["sending"].is_string());
        assert!(is_listed, "{customer} is not in {lines:?}");
    }
    assert!(customers.len() >= 2, "{customers:?}");
}

#[test]
fn requests_keep_to_the_rate() {
    let (real, emulated) = (tenant(), tenant());
    let comparison = Comparison::new(&emulated);
    let key = comparison.file("key", &real.key);
    let against = format!("http://{}", real.address);
    let begun = Instant::now();
    let outcome =
        comparison.verify(&["--against", &against, "--key-file", &key, "--rate", "5", "--scenario", "authentication"]);
    let requests = outcome.errors.split(": ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
    let requests = requests.expect("the number of requests");
    assert!(begun.elapsed() >= Duration::from_millis(200) * (requests - 1), "{:?} {requests}", begun.elapsed());
}

#[test]
fn a_response_that_is_too_long_is_not_compared() {
    let emulated = tenant();
    let service = Receiver::with_json(|_| (200, json!("x".repeat(4 * 1024 * 1024))));
    let comparison = Comparison::new(&emulated);
    let scenario = comparison.file("one.yaml", "title: One\nsteps:\n  - { name: read, send: GET /v1/customers/3 }\n");
    let outcome = comparison.with(service.address, CANARY, &["--scenario", &scenario]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.text());
    assert!(outcome.output.contains("the response is longer than 4194304 bytes"), "{}", outcome.text());
}

#[test]
fn a_service_that_is_silent_ends_the_run() {
    let emulated = tenant();
    let comparison = Comparison::new(&emulated);
    let service = Receiver::start(|_| Vec::new());
    let outcome = comparison.with(service.address, CANARY, &["--scenario", "reading-customers"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.text());
    assert!(outcome.errors.contains("gave no response to 3 requests in a row"), "{}", outcome.text());
    assert_eq!(service.received().len(), 3);
}

#[test]
fn files_that_cannot_be_used_end_the_run_before_its_first_request() {
    let emulated = tenant();
    let comparison = Comparison::new(&emulated);
    let service = Receiver::with_json(|_| (200, json!({})));
    let missing = super::text_of(&comparison.path("no/such/plan.json"));
    let outcome = comparison.with(service.address, CANARY, &["--write-plan", &missing]);
    assert!(outcome.code == Some(2) && outcome.errors.contains("plan.json cannot be written"), "{}", outcome.text());
    let scenario =
        comparison.file("one.yaml", "title: One\nsteps:\n  - { name: a, send: GET /x, shows: [rejection_statos] }\n");
    let outcome = comparison.with(service.address, CANARY, &["--scenario", &scenario]);
    assert!(
        outcome.errors.contains("step 'a': shows: rejection_statos names no entry of the plan"),
        "{}",
        outcome.text()
    );
    for key in ["two\nlines", " \n"] {
        let outcome = comparison.with(service.address, key, &[]);
        assert_eq!(outcome.code, Some(2), "{}", outcome.text());
        assert!(outcome.errors.contains("must hold one line with the key and nothing else"), "{}", outcome.text());
    }
    assert!(service.received().is_empty());
    // What Windows' editors write.
    let real = tenant();
    let outcome =
        comparison.with(real.address, &format!("\u{feff}{}\r\n", real.key), &["--scenario", "authentication"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.text());
}
