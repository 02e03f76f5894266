//! The output on a terminal: tables, colors, the console of the server, progress.

use serde_json::json;

use crate::support::Client;
use crate::support::process::{DEMO_KEY, Process, program};
use crate::support::terminal::OnTerminal;

#[test]
fn tables_have_headers_and_colors_on_a_terminal() {
    if !OnTerminal::is_available() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::start(&["--data", folder.path().join("data").to_str().expect("a path")]);
    let url = server.address.to_string();
    server.client().patch("/v1/customers/3", &json!({ "FirstName": "A\u{202e}B" })).succeeds(200);
    let shown = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = program(arguments);
        command.args(["--server", &url]).envs(variables.iter().copied());
        OnTerminal::start(&command).end()
    };

    let (code, table) = shown(&["tenants", "list"], &[("NO_COLOR", "1")]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(code, Some(0), "{table}");
    assert!(lines[0].starts_with("TENANT  CREATED "), "{table}");
    assert!(lines[1].starts_with("demo    ") && lines[1].contains(" ago "), "{table}");
    assert_eq!(lines.len(), 2, "{table}");
    assert!(!table.contains('\u{1b}') && !table.contains('\t'), "{table:?}");

    let (_, colored) = shown(&["tenants", "list"], &[]);
    assert!(colored.starts_with("\u{1b}[1mTENANT"), "{colored:?}");
    let (_, plain) = shown(&["tenants", "list", "--color", "never"], &[]);
    assert!(!plain.contains('\u{1b}'), "{plain:?}");

    // The data of a client moves no cursor.
    let (code, diff) = shown(&["diff", "demo@seed", "demo"], &[("NO_COLOR", "1")]);
    assert_eq!(code, Some(1), "{diff}");
    assert!(diff.contains("-> A\\u{202e}B\n") && !diff.contains(['\u{1b}', '\u{202e}']), "{diff:?}");
    let (_, listed) = shown(&["requests", "list", "demo"], &[]);
    assert!(listed.contains("\u{1b}[32m200\u{1b}[0m") && !listed.contains('\u{202e}'), "{listed:?}");
}

#[test]
fn progress_is_shown_on_a_terminal_and_disappears() {
    if !OnTerminal::is_available() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::start(&["--data", folder.path().join("data").to_str().expect("a path")]);
    let seed = folder.path().join("seed.json");
    std::fs::write(&seed, json!({ "population": { "distributors": 20_000, "random_seed": 7 } }).to_string())
        .expect("a file");
    let mut command = program(&["tenants", "add", "large", "--seed", seed.to_str().expect("a path")]);
    command.args(["--server", &server.address.to_string()]);
    let (code, written) = OnTerminal::start(&command).end();
    assert_eq!(code, Some(0), "{written}");
    assert!(written.contains("\r\u{1b}[2Kcreate: customers ") && written.contains(" of 20,000 ("), "{written:?}");
    let after = written.rsplit("\r\u{1b}[2K").next().expect("the end");
    let lines: Vec<&str> = after.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("Created tenant 'large'."), "{after:?}");
    // The key that the task created.
    let client = Client { address: server.address, key: lines[1].to_owned() };
    client.get("/v1/customers/20000").succeeds(200);
    // A failure has its reason.
    let mut command = program(&["fork", "unknown", "x"]);
    command.args(["--server", &server.address.to_string()]);
    assert_eq!(OnTerminal::start(&command).end(), (Some(1), "error: there is no tenant 'unknown'\n".to_owned()));
}

#[test]
fn the_console_of_a_server_shows_requests_and_reasons() {
    if !OnTerminal::is_available() {
        return;
    }
    for has_color in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = program(&["--listen", "127.0.0.1:0", "--data", folder.path().to_str().expect("a path")]);
        if !has_color {
            command.env("NO_COLOR", "1");
        }
        let server = OnTerminal::start(&command);
        server.wait_for("Ready.\n");
        let banner = server.written();
        let address =
            banner.lines().find_map(|line| line.trim().strip_prefix("address   http://")).expect("an address");
        let client = Client { address: address.parse().expect("an address"), key: DEMO_KEY.to_owned() };
        client.get("/v1/customers/3").succeeds(200);
        client.get("/v1/customers/99");
        client.get("/v1/validate/tax-id/SECRET-IN-THE-PATH");
        client.get("/v1/no%1Bthing");
        client.get("/livez");
        server.wait_for("no%1Bthing");
        server.signal("TERM");
        let (code, written) = server.end();
        assert_eq!(code, Some(0), "{written}");
        let lines: Vec<&str> = written.split("Ready.\n").nth(1).expect("the log").lines().collect();
        assert_eq!(lines.len(), 5, "{written}");
        assert!(!written.contains("SECRET-IN") && lines[4] == "Stopping (Ctrl-C again to quit now)", "{written}");
        if has_color {
            assert!(lines[1].contains("\u{1b}[33m404\u{1b}[0m"), "{written:?}");
            continue;
        }
        assert!(!written.contains('\u{1b}'), "{written:?}");
        // The time comes first.
        let (time, first) = lines[0].split_once("  ").expect("a time");
        assert!(time.len() == 8 && time.matches(':').count() == 2, "{written}");
        assert!(first.starts_with("200  GET /v1/customers/3  demo  ") && first.ends_with(" ms"), "{written}");
        assert!(lines[1].contains("  404  GET /v1/customers/99  demo  "), "{written}");
        assert!(lines[1].ends_with(" ms  A Customer with the given Customer ID was not found."), "{written}");
    }
}
