//! Keys, tokens and passwords: from files and standard input, and never in a message.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::process::{Process, program, run};

/// Arguments, variables, and a text of standard error.
type Case<'a> = (Vec<&'a str>, Vec<(&'a str, &'a str)>, &'a str);

/// No message may repeat it.
const SECRET: &str = "hidden-one";

#[test]
fn a_secret_that_cannot_be_used_is_not_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path.to_str().expect("a path").to_owned()
    };
    let short = write("short", SECRET);
    let wrong = write("wrong", &format!("mysql://u:{SECRET}@h/d\n"));
    let empty = write("empty", "\n");
    let files = [
        ("database_url", format!("database_url = \"mysql://u:{SECRET}@h/d\"")),
        ("admin_token", format!("admin_token = \"{SECRET}\"")),
        ("admin_token", format!("admin_token = [\"{SECRET}\"]")),
        ("admin_tokn", format!("admin_tokn = \"{SECRET}\"")),
        ("line 1", format!("admin_token = \"{SECRET}")),
        ("line 1", format!("database_url = 'postgres://u:{SECRET}@h/d")),
        ("listen", format!("listen = \"postgres://u:{SECRET}@h/d\"")),
    ];
    let mut configs = Vec::new();
    for (number, (name, content)) in files.iter().enumerate() {
        configs.push((*name, write(&format!("{number}.toml"), content)));
    }
    let url = format!("mysql://u:{SECRET}@h/d");
    let mut cases: Vec<Case<'_>> = vec![
        (vec!["config"], vec![("DATABASE_URL", &url)], "DATABASE_URL"),
        (vec!["config"], vec![("EMULATOR_ADMIN_TOKEN", SECRET)], "EMULATOR_ADMIN_TOKEN"),
        (vec!["tenants", "list"], vec![("EMULATOR_ADMIN_TOKEN", SECRET)], "EMULATOR_ADMIN_TOKEN"),
        (vec!["--database-url", &url], vec![], "--database-url"),
        (vec!["migrate", "--database-url", &url], vec![], "--database-url"),
        (vec!["--admin-token", SECRET], vec![], "--admin-token"),
        (vec!["keys", "list", "--admin-token", SECRET], vec![], "--admin-token"),
        (vec!["config"], vec![("DATABASE_URL_FILE", &wrong)], "DATABASE_URL_FILE"),
        (vec!["config"], vec![("EMULATOR_ADMIN_TOKEN_FILE", &short)], "EMULATOR_ADMIN_TOKEN_FILE"),
        (vec!["config", "--admin-token-file", &empty], vec![], "is empty"),
        (vec!["config", "--admin-token-file", "/nonexistent"], vec![], "/nonexistent cannot be read"),
        (vec!["config", "--admin-token", SECRET, "--admin-token-file", &short], vec![], "is given as well"),
    ];
    cases.extend(configs.iter().map(|(name, path)| (vec!["config", "--config", path.as_str()], vec![], *name)));
    for (arguments, variables, name) in cases {
        let (code, out, error) = run(program(&arguments).envs(variables.iter().copied()));
        assert_eq!(code, Some(2), "{arguments:?}: {out}{error}");
        assert!(error.contains(name), "{name} in {error}");
        assert!(!out.contains("hidden") && !error.contains("hidden"), "{arguments:?}: {out}{error}");
    }
    // A flag has precedence over a variable, whichever way each gives the secret.
    let good = write("good", "a-long-secret-of-mine\r\n");
    let mut command = program(&["config", "--admin-token-file", &good]);
    let (code, out, error) = run(command.env("EMULATOR_ADMIN_TOKEN", SECRET));
    assert_eq!(code, Some(0), "{error}");
    assert!(out.contains("admin_token\tflag\t(hidden)"), "{out}");
}

#[test]
fn keys_and_tokens_come_from_files_and_from_standard_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path.to_str().expect("a path").to_owned()
    };
    let token = write("token", "a-long-secret-of-mine\n");
    let data = folder.path().join("data");
    let server = Process::start(&["--data", data.to_str().expect("a path"), "--admin-token-file", &token]);

    let (code, _, error) = server.run(&["tenants", "list"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("set EMULATOR_ADMIN_TOKEN, or pass --admin-token-file"), "{error}");
    let (code, _, error) = server.run(&["tenants", "list", "--admin-token", "another-long-secret"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("does not accept this admin token") && !error.contains("another"), "{error}");
    let (code, out, error) = server.run(&["tenants", "list", "--admin-token-file", &token]);
    assert_eq!(code, Some(0), "{error}");
    assert!(out.starts_with("demo\t"), "{out}");

    // The token from standard input.
    let address = server.address.to_string();
    let with_input = |arguments: &[&str], input: &str| {
        let mut child = program(arguments)
            .args(["--server", &address])
            .env("EMULATOR_ADMIN_TOKEN_FILE", &token)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("an end");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, _, error) = with_input(&["keys", "list", "--admin-token-file", "-"], "a-long-secret-of-mine\n");
    assert_eq!(code, Some(0), "{error}");

    for (number, arguments) in [
        &["fork", "demo", "mine", "--key-file", "-"][..],
        &["tenants", "add", "other", "--key-file", "-"],
        &["keys", "add", "demo", "--name", "ci", "--key-file", "-"],
        &["keys", "rotate", "demo", "--name", "ci", "--key-file", "-"],
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("{number:032x}");
        let (code, out, error) = with_input(arguments, &format!("{key}\n"));
        assert_eq!((code, out.trim_end()), (Some(0), key.as_str()), "{arguments:?}: {error}");
    }
    let key = write("key", "fedcba9876543210fedcba9876543210");
    let (_, out, error) = with_input(&["keys", "add", "demo", "--name", "file", "--key-file", &key], "");
    assert_eq!(out.trim_end(), "fedcba9876543210fedcba9876543210", "{error}");
    let (code, _, error) = with_input(&["keys", "add", "demo", "--name", "bad", "--key-file", "-"], "tooshort-hidden");
    assert_eq!((code, error.as_str()), (Some(1), "error: a subscription key is 32 hexadecimal digits\n"));
}

#[test]
fn an_empty_variable_is_not_set() {
    let names = [
        "DATABASE_URL",
        "DATABASE_URL_FILE",
        "EMULATOR_CONFIG",
        "EMULATOR_LISTEN",
        "EMULATOR_DATA",
        "EMULATOR_SEED",
        "EMULATOR_DATABASE_CONNECTIONS",
        "EMULATOR_PASSWORD_COST",
        "EMULATOR_ADMIN_TOKEN",
        "EMULATOR_ADMIN_TOKEN_FILE",
        "EMULATOR_ADMIN_LISTEN",
        "EMULATOR_CORS_ORIGIN",
        "EMULATOR_LOG",
        "EMULATOR_LOG_FORMAT",
        "EMULATOR_NO_SUCH",
    ];
    let (code, out, error) = run(program(&["config"]).envs(names.map(|name| (name, ""))));
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(out.lines().all(|line| line.contains("\tdefault\t")), "{out}");
    let mut command = program(&["tenants", "list", "--server", "127.0.0.1:1"]);
    let (code, _, error) = run(command.envs([("EMULATOR_SERVER", ""), ("EMULATOR_ADMIN_TOKEN", "")]));
    assert_eq!(code, Some(1));
    assert!(error.starts_with("error: no server answers at http://127.0.0.1:1 ("), "{error}");
}
