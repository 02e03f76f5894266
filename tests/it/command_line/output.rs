//! What commands print: values alone on standard output, sentences on standard error, JSON with `--json`, and no error when the
//! reader closes the output.

use std::process::Stdio;

use directscale_emulator::version::{VERSION_AND_COMMIT, commit};
use serde_json::{Value, json};

use crate::support::process::{DEMO_KEY, Process, program, run};

/// Commands that print something, of a server with a demo tenant.
const PRINTING: [&[&str]; 16] = [
    &["tenants", "list"],
    &["tenants", "plan", "demo"],
    &["keys", "list"],
    &["snapshot", "list", "demo"],
    &["diff", "demo@seed", "demo"],
    &["clock", "show", "demo"],
    &["faults", "list", "demo"],
    &["webhooks", "list", "demo"],
    &["requests", "list", "demo"],
    &["requests", "list", "demo", "--last"],
    &["requests", "show", "demo", "1"],
    &["requests", "wait", "demo", "--since", "0"],
    &["status"],
    &["status", "-o", "env"],
    &["status", "-o", "json"],
    &["tenants", "list", "--json"],
];

/// Commands that need no server.
const ALONE: [&[&str]; 8] = [
    &["config"],
    &["config", "--json"],
    &["openapi"],
    &["coverage"],
    &["coverage", "--json"],
    &["completions", "bash"],
    &["completions", "fish"],
    &["--help"],
];

fn demo_server() -> (tempfile::TempDir, Process) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::start(&["--data", folder.path().join("data").to_str().expect("a path")]);
    (folder, server)
}

#[test]
fn a_command_whose_reader_closes_the_output_ends_without_an_error() {
    let (_folder, server) = demo_server();
    let client = server.client();
    client.patch("/v1/customers/3", &json!({ "FirstName": "Changed" })).succeeds(200);
    let url = server.address.to_string();
    let of_server = PRINTING.map(|arguments| [arguments, &["--server", &url]].concat());
    let all = of_server.iter().map(Vec::as_slice).chain(ALONE);
    for arguments in all {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = program(arguments).stdout(writer).stderr(Stdio::piped()).output().expect("the program");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {error}");
        assert!(!error.contains("error") && !error.contains("panicked"), "{arguments:?}: {error}");
    }
    // A device that is full is an error, and a clean one.
    if let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") {
        for arguments in of_server.iter().map(Vec::as_slice).chain(ALONE.into_iter().take(6)) {
            if run(&mut program(arguments)).1.is_empty() {
                continue;
            }
            let output = program(arguments).stdout(full.try_clone().expect("a file")).output().expect("the program");
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            let expected = if arguments[0] == "diff" { 2 } else { 1 };
            assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {error}");
            assert!(error.starts_with("error: cannot write to standard output: No space left on device"), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
    // A server ends the same way before it is ready, and closes its database.
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = program(&["--data", data, "--listen", "127.0.0.1:0", "--log", "off"]);
    let output = command.stdout(writer).stderr(Stdio::piped()).output().expect("the program");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn values_and_sentences_are_printed_apart() {
    let (_folder, server) = demo_server();
    for (arguments, value, sentence) in [
        (&["fork", "demo", "mine", "--expires-in", "1h"][..], "KEY", "Created tenant 'mine' from 'demo'."),
        (&["tenants", "add", "other", "--expires-in", "90s"], "KEY", "Created tenant 'other'."),
        (&["keys", "add", "mine", "--name", "ci", "--expires-in", "2d"], "KEY", "Added key 'ci' to tenant 'mine'"),
        (&["keys", "rotate", "mine", "--name", "ci"], "KEY", "Rotated key 'ci' of tenant 'mine'"),
        (&["keys", "revoke", "mine", "--name", "ci"], "", "Revoked key 'ci' of tenant 'mine'."),
        (&["keys", "delete", "mine", "--name", "ci"], "", "Deleted key 'ci' of tenant 'mine'."),
        (&["diff", "demo", "demo@seed"], "", "No differences between demo and demo@seed."),
        (&["snapshot", "save", "demo", "before"], "", "Saved snapshot 'before' of tenant 'demo': "),
        (&["snapshot", "restore", "demo", "before"], "", "Restored tenant 'demo' from snapshot 'before': "),
        (&["snapshot", "delete", "demo", "before"], "", "Deleted snapshot 'before' of tenant 'demo'."),
        (&["snapshot", "save", "demo", "seed", "--force"], "", "Saved snapshot 'seed' of tenant 'demo': "),
        (&["reset", "demo"], "", "Reset tenant 'demo' to its seed: "),
        (
            &["faults", "add", "demo", "--operation", "UpgradeCustomer", "--reset", "--point", "after", "--first", "1"],
            "1",
            "Added fault 1 to tenant 'demo': UpgradeCustomer resets the connection after the commit, the first time.",
        ),
        (
            &["faults", "add", "demo", r#"{"event": "*", "action": "drop"}"#],
            "2",
            "Added fault 2 to tenant 'demo': every event is not delivered",
        ),
        (&["faults", "delete", "demo", "1"], "", "Deleted fault 1 of tenant 'demo'."),
        (&["faults", "clear", "demo"], "", "Deleted all faults of tenant 'demo'."),
        (&["webhooks", "resend", "demo"], "0", "0 deliveries pending again."),
        (&["requests", "clear", "demo"], "", "Cleared the requests of tenant 'demo'."),
        (&["tenants", "delete", "other", "--yes"], "", "Deleted tenant 'other'."),
    ] {
        let (code, out, error) = server.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {error}");
        let is_value = match value {
            "KEY" => out.len() == 33 && out.trim_end().bytes().all(|byte| byte.is_ascii_hexdigit()),
            value => out.trim_end() == value,
        };
        assert!(is_value, "{arguments:?}: {out:?}");
        assert!(error.starts_with(sentence), "{arguments:?}: {error}");
    }
    // The seed is only replaced with --force.
    let (code, _, error) = server.run(&["snapshot", "save", "demo", "seed"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("--force replaces it"), "{error}");
    for (duration, seconds) in [("-1d", -86_400), ("1h30m", 5_400), ("90", 90)] {
        let before = server.run(&["clock", "freeze", "demo", "--at", "2030-01-31T12:00:00Z"]);
        assert_eq!(before.1, "2030-01-31T12:00:00Z\tfrozen\n");
        let (code, after, error) = server.run(&["clock", "advance", "demo", duration]);
        let expected = chrono::DateTime::from_timestamp(1_896_091_200 + seconds, 0).expect("a time");
        assert_eq!((code, after), (Some(0), format!("{}\tfrozen\n", expected.format("%FT%TZ"))), "{error}");
    }
    let (code, _, error) = server.run(&["clock", "set", "demo", "tomorrow"]);
    assert_eq!((code, error.as_str()), (Some(1), "error: at: it is not a time such as 2030-01-31T12:00:00Z\n"));
    for arguments in [&["clock", "advance", "demo", "soon"][..], &["fork", "demo", "x", "--expires-in", "1.5h"]] {
        let (code, _, error) = server.run(arguments);
        assert_eq!(code, Some(2));
        assert!(error.contains("must be a duration such as 90s, 15m, 2h or 1d"), "{error}");
    }
}

#[test]
fn every_command_can_print_json() {
    let (folder, server) = demo_server();
    server.client().patch("/v1/customers/3", &json!({ "FirstName": "Changed" })).succeeds(200);
    let changing: [&[&str]; 13] = [
        &["fork", "demo", "mine"],
        &["tenants", "add", "other"],
        &["keys", "add", "mine", "--name", "ci"],
        &["keys", "revoke", "mine", "--name", "ci"],
        &["snapshot", "save", "demo", "before"],
        &["snapshot", "delete", "demo", "before"],
        &["faults", "add", "demo", "--operation", "*", "--delay", "1ms"],
        &["faults", "clear", "demo"],
        &["webhooks", "resend", "demo"],
        &["clock", "freeze", "demo"],
        &["tenants", "delete", "mine", "--yes"],
        &["requests", "clear", "demo"],
        &["reset", "demo"],
    ];
    let url = server.address.to_string();
    let of_server = PRINTING.into_iter().chain(changing);
    let of_server = of_server.map(|arguments| [arguments, &["--server", &url]].concat());
    let data = folder.path().join("own");
    let alone: [&[&str]; 5] = [
        &["config"],
        &["coverage"],
        &["healthcheck", "--listen", &url],
        &["healthcheck", "--listen", "127.0.0.1:1"],
        &["migrate", "--data", data.to_str().expect("a path")],
    ];
    for arguments in of_server.chain(alone.map(<[&str]>::to_vec)) {
        if ["env", "--last", "--json"].iter().any(|other| arguments.contains(other)) {
            continue;
        }
        let (_, out, error) = run(program(&arguments).arg("--json"));
        let json: Result<Value, _> = serde_json::from_str(&out);
        assert!(json.is_ok_and(|json| json.is_object() || json.is_array()), "{arguments:?}: {out}{error}");
    }
}

#[test]
fn status_prints_addresses_and_credentials() {
    let (_folder, server) = demo_server();
    let base = format!("http://{}", server.address);
    let (code, env, error) = server.run(&["status", "-o", "env"]);
    assert_eq!(code, Some(0), "{error}");
    let lines: Vec<&str> = env.lines().collect();
    assert_eq!(
        lines,
        [
            format!("EMULATOR_SERVER={base}"),
            format!("DIRECTSCALE_BASE_URL={base}/v1"),
            format!("DIRECTSCALE_SUBSCRIPTION_KEY={DEMO_KEY}"),
            format!("BYDESIGN_BASE_URL={base}/Demo"),
            "BYDESIGN_USER_NAME=demo".to_owned(),
            format!("BYDESIGN_PASSWORD={DEMO_KEY}"),
            format!("STORM_BASE_URL={base}/api/1.1"),
            format!("STORM_TOKEN_URL={base}/1.0/connect/token"),
            "STORM_CLIENT_ID=demo".to_owned(),
            format!("STORM_CLIENT_SECRET={DEMO_KEY}"),
        ]
    );
    server.client().get("/v1/customers/3").succeeds(200);
    server.run(&["keys", "revoke", "demo", "--name", "demo"]);
    let (_, text, _) = server.run(&["status", "--json"]);
    let status: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&status["tenants"], &status["requests"]), (&json!(1), &json!(1)));
    assert_eq!((&status["version"], &status["commit"]), (&json!(env!("CARGO_PKG_VERSION")), &json!(commit())));
    // A key that is not valid any more is not shown.
    assert_eq!(status["directscale"]["subscription_key"], Value::Null);
    let (_, text, _) = server.run(&["status"]);
    assert!(text.contains(&format!("{base}/_emulator/docs")) && text.contains("1 tenant, 1 snapshot"), "{text}");
    assert!(!text.contains("demo key"), "{text}");
}

#[test]
fn the_version_is_that_of_the_build() {
    for flag in ["--version", "-V"] {
        let (code, text, error) = run(&mut program(&[flag]));
        assert_eq!((code, error.as_str()), (Some(0), ""));
        assert_eq!(text, format!("directscale-emulator {VERSION_AND_COMMIT}\n"));
    }
    assert!(VERSION_AND_COMMIT.starts_with(env!("CARGO_PKG_VERSION")));
    let short: Option<String> = commit().map(|commit| commit.chars().take(12).collect());
    assert_eq!(VERSION_AND_COMMIT.split(['(', ',', ')']).nth(1).map(str::to_owned), short);
}

#[test]
fn help_shows_the_options_of_the_command_alone() {
    let help = |arguments: &[&str]| {
        let (code, text, error) = run(program(arguments).arg("--help"));
        assert_eq!(code, Some(0), "{arguments:?}: {error}");
        text
    };
    let fork = help(&["fork"]);
    assert!(fork.lines().count() <= 25, "one screen: {fork}");
    assert!(fork.contains("--snapshot") && fork.contains("--server") && fork.contains("Connection options:"), "{fork}");
    let root = help(&[]);
    for part in ["Server:\n  serve ", "Tenants and keys:\n", "Faults and time:\n", "Examples:\n", "  completions "] {
        assert!(root.contains(part), "{part} in {root}");
    }
    for command in [
        &["tenants"][..],
        &["tenants", "add"],
        &["keys", "rotate"],
        &["reset"],
        &["snapshot", "save"],
        &["diff"],
        &["clock", "set"],
        &["faults", "add"],
        &["requests", "tail"],
        &["hook", "try"],
        &["webhooks", "list"],
        &["status"],
    ] {
        let text = help(command);
        for option in ["--max-body-bytes", "--database-url", "--data ", "--journal-bytes", "--listen", "--log"] {
            assert!(!text.contains(option), "{option} in {command:?}: {text}");
        }
    }
    let serve = help(&["serve"]);
    for option in ["--max-body-bytes", "--database-url-file", "--admin-token-file", "--log-format", "Database options:"]
    {
        assert!(serve.contains(option), "{option} in {serve}");
    }
    assert!(!serve.contains("--server <") && help(&["migrate"]).contains("--database-url"), "{serve}");
    let (_, script, _) = run(&mut program(&["completions", "bash"]));
    assert!(script.len() < 220_000, "{} bytes", script.len());
}

#[test]
fn an_unknown_operation_is_named_by_every_command() {
    let (_folder, server) = demo_server();
    for command in [
        &["requests", "list", "demo", "--operation"][..],
        &["requests", "tail", "demo", "--operation"],
        &["requests", "wait", "demo", "--timeout", "1s", "--operation"],
        &["faults", "add", "demo", "--reset", "--operation"],
    ] {
        let (code, out, error) = server.run(&[command, &["upgradecustomr"]].concat());
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert_eq!(
            error.trim(),
            "error: 'upgradecustomr' is not an operation; did you mean UpgradeCustomer?",
            "{command:?}"
        );
    }
    // The journal has these operations too.
    for operation in ["-", "StormToken", "ExtensionHookCallback"] {
        let (code, _, error) = server.run(&["requests", "list", "demo", "--operation", operation]);
        assert_eq!(code, Some(0), "{error}");
    }
    let file = tempfile::NamedTempFile::with_suffix(".yaml").expect("a file");
    std::fs::write(file.path(), "minimum_age: [").expect("a file");
    let (code, _, error) = server.run(&["tenants", "plan", "demo", "--set", file.path().to_str().expect("a path")]);
    assert_eq!(code, Some(1));
    assert!(error.starts_with("error: ") && !error.starts_with("error: error"), "{error}");
    // Flags describe a fault.
    let (code, _, error) = server.run(&[
        "faults",
        "add",
        "demo",
        "--operation",
        "UpgradeCustomer",
        "--first",
        "1",
        "--status",
        "429",
        "--retry-after",
        "30",
    ]);
    assert_eq!(code, Some(0), "{error}");
    let client = server.client();
    let limited = client.put("/v1/customers/upgrade/3", &crate::support::seeds::distributor());
    assert_eq!((limited.status, limited.header("Retry-After")), (429, Some("30")));
    client.put("/v1/customers/upgrade/3", &crate::support::seeds::distributor()).succeeds(201);
}
