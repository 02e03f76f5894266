//! The coverage with recordings.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::process::{Process, program, run};

fn write(folder: &Path, name: &str, date: &str, operations: &str) {
    let text =
        format!(r#"{{"date":"{date}","source":"stage.example","emulator":"0.1.0","operations":{{{operations}}}}}"#);
    std::fs::write(folder.join(name), text).expect("a file");
}

fn coverage(folder: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    run(program(&["coverage", "--recordings"]).arg(folder).args(more))
}

#[test]
fn the_coverage_shows_what_was_verified() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(
        folder,
        "2026-11-25-stage.example.json",
        "2026-11-25",
        r#""GetCustomer":"different","UpgradeCustomer":"equal""#,
    );
    write(
        folder,
        "2026-11-26-stage.example.json",
        "2026-11-26",
        r#""GetCustomer":"equal","UpgradeCustomer":"not-comparable","Gone":"equal""#,
    );
    let (code, text, error) = coverage(folder, &[]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(text.contains("| client-observed, verified on 2026-11-26 (stage.example) |"), "{text}");
    let row = text.lines().find(|line| line.starts_with("| UpgradeCustomer ")).expect("a row");
    assert!(row.contains("verified on 2026-11-25 (stage.example)"), "{row}");
    assert!(!text.contains("Gone"), "no operation of this version");
    // Without them it is the document.
    let document = include_str!("../../../docs/COVERAGE.md");
    let without = text
        .replace(", verified on 2026-11-26 (stage.example)", "")
        .replace(", verified on 2026-11-25 (stage.example)", "");
    assert_eq!(without, document);

    std::fs::write(folder.join("bad.json"), r#"{"date":"canary"}"#).expect("a file");
    let (code, json, error) = coverage(folder, &["--json"]);
    assert!(code == Some(0) && error.contains("bad.json: date:") && !error.contains("canary"), "{error}");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let operations = json["operations"].as_array().expect("a list");
    let compared = |name: &str| {
        operations.iter().find(|covered| covered["operation"] == name).expect("an operation")["compared"].clone()
    };
    assert_eq!(
        compared("GetCustomer"),
        serde_json::json!({ "verdict": "equal", "date": "2026-11-26", "source": "stage.example" })
    );
    assert_eq!(compared("DeleteCustomer"), Value::Null);
    assert_eq!(json["unreadable_recordings"].as_array().map(Vec::len), Some(1));

    let (code, _, error) = coverage(&folder.join("none"), &[]);
    assert!(code == Some(1) && error.contains("none cannot be read"), "{error}");
}

#[test]
fn the_page_shows_new_recordings_while_the_server_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let recordings = folder.path().join("recordings");
    std::fs::create_dir(&recordings).expect("a folder");
    write(&recordings, "a.json", "2026-11-25", r#""GetCustomer":"equal""#);
    let (data, path) = (folder.path().join("data"), recordings.to_str().expect("a path"));
    let server = Process::start(&["--data", data.to_str().expect("a path"), "--recordings", path]);
    let page = || server.client().call("GET", "/_emulator/coverage", "Accept: text/html\r\n", None).body;
    let body = page();
    assert!(body.contains("verified on 2026-11-25") && body.contains("compared with stage.example"), "{body}");
    assert!(!body.contains("differs on") && !body.contains("cannot be read"));

    write(&recordings, "b.json", "2026-11-26", r#""GetCustomer":"different""#);
    std::fs::write(recordings.join("<i>.json"), "{").expect("a file");
    let until = Instant::now() + Duration::from_secs(30);
    while !page().contains("differs on 2026-11-26") {
        assert!(Instant::now() < until, "it is read anew");
        std::thread::sleep(Duration::from_millis(500));
    }
    let body = page();
    assert!(body.contains("&lt;i&gt;.json: EOF") && !body.contains("verified on"), "{body}");
    let json = server.client().get("/_emulator/coverage").json();
    assert_eq!(json["unreadable_recordings"].as_array().map(Vec::len), Some(1));

    let missing = folder.path().join("none");
    let (code, _, error) = run(program(&["--listen", "127.0.0.1:0", "--recordings"]).arg(&missing));
    assert!(code == Some(1) && error.contains("none cannot be read"), "{error}");
}
