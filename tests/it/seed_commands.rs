//! `seed`, `export` and other commands, from another folder than the server's.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::Client;
use crate::support::process::{Process, program};

/// A server, and another folder.
struct OtherFolder {
    _folder: tempfile::TempDir,
    data: PathBuf,
    here: PathBuf,
    server: Process,
    url: String,
}

impl OtherFolder {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (data, here) = (folder.path().join("data"), folder.path().join("here"));
        std::fs::create_dir(&here).expect("a folder");
        let server = Process::start(&["--data", path(&data)]);
        let url = format!("http://{}", server.address);
        Self { _folder: folder, data, here, server, url }
    }

    /// Exit code, output and errors.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        run(arguments, &self.url, &self.here)
    }

    /// The output of a success.
    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let (code, output, error) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {output}{error}");
        output
    }

    /// The error output of a failure.
    #[track_caller]
    fn fails(&self, arguments: &[&str]) -> String {
        let (code, output, error) = self.run(arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {output}{error}");
        error
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.here.join(name), text).expect("a file");
    }

    fn client(&self, key: &str) -> Client {
        Client { address: self.server.address, key: key.trim().to_owned() }
    }
}

fn run(arguments: &[&str], url: &str, folder: &Path) -> (Option<i32>, String, String) {
    let output = program(arguments).args(["--server", url]).current_dir(folder).output().expect("the program");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// The sample of docs/SEEDS.md.
fn documented() -> String {
    let text = include_str!("../../docs/SEEDS.md");
    let start = text.find("```yaml\n").expect("a sample") + "```yaml\n".len();
    let length = text[start..].find("```").expect("its end");
    text[start..start + length].to_owned()
}

/// The first key in it.
const DOCUMENTED_KEY: &str = "00112233445566778899aabbccddeeff";

const TWO: &str = "version: 1\ntenants: [{name: one}, {name: two}]\n";

#[test]
fn a_seed_goes_to_the_running_server() {
    let other = OtherFolder::start();
    other.write("acme.yaml", &documented());
    assert_eq!(other.done(&["seed", "acme.yaml"]), "acme: created\n");
    assert_eq!(other.done(&["seed", "acme.yaml"]), "acme: exists already, unchanged\n");
    assert_eq!(other.done(&["seed", "demo"]), "demo: exists already, unchanged\n");
    let shown: Value = serde_json::from_str(&other.done(&["seed", "demo", "--json"])).expect("JSON");
    assert_eq!(shown, json!({ "created": [], "unchanged": ["demo"] }));
    assert!(other.done(&["tenants", "list"]).contains("acme"));
    let files = std::fs::read_dir(&other.here).expect("a folder").count();
    assert_eq!(files, 1, "no database was created here");
    assert_eq!(other.client(DOCUMENTED_KEY).customer(1)["CustomerType"], 1);

    let error = other.fails(&["seed", "nothing.yaml"]);
    assert!(error.contains("nothing.yaml cannot be read"), "{error}");
    let large = std::fs::File::create(other.here.join("large.yaml")).expect("a file");
    large.set_len(300_000_000).expect("a length");
    let error = other.fails(&["seed", "large.yaml"]);
    assert_eq!(error, "error: large.yaml has 300000000 bytes; the server accepts at most 268435456\n");
    let error = other.fails(&["seed", "acme.yaml", "--data", "other"]);
    assert!(error.contains("--data needs --offline"), "{error}");

    let error = other.fails(&["snapshot", "save", "demo", "seed"]);
    assert_eq!(error, "error: a reset restores the snapshot 'seed'; --force replaces it\n");
    other.done(&["snapshot", "save", "demo", "seed", "--force"]);
}

#[test]
fn one_file_works_for_every_command_that_reads_a_seed() {
    let other = OtherFolder::start();
    other.write("plain.yaml", &documented());
    other.write("mark.yaml", &format!("\u{feff}{}", documented()));
    for file in ["plain.yaml", "mark.yaml"] {
        other.done(&["seed", file, "--tenant", "demo"]);
        assert!(other.done(&["tenants", "plan", "demo"]).contains("\"minimum_age\": 21"));
        let login = json!({ "username": "root", "password": "PasswordHere1" });
        other.server.client().post("/v1/validate/login", &login).succeeds(200);
        other.done(&["snapshot", "restore", "demo", "seed"]);
        other.done(&["hook", "connect", "demo", file]);
        let key = other.done(&["tenants", "add", &file.replace('.', "-"), "--seed", file]);
        assert_eq!(other.client(&key).customer(1)["Username"], "root");
    }
    other.write("two.yaml", TWO);
    for arguments in [
        &["seed", "two.yaml", "--tenant", "demo"][..],
        &["tenants", "add", "demo", "--seed", "two.yaml"],
        &["hook", "connect", "demo", "two.yaml"],
    ] {
        let error = other.fails(arguments);
        assert_eq!(error, "error: the seed file has no tenant 'demo'; its tenants are 'one', 'two'\n");
    }
    // The members of a tenant alone.
    other.write(
        "part.yaml",
        "customers:\n  - {id: 5, CustomerType: 2, Username: part, PrimaryAddress: {PostalCode: 00501}}\n",
    );
    other.done(&["seed", "part.yaml", "--tenant", "demo"]);
    let key = other.done(&["tenants", "add", "part", "--seed", "part.yaml"]);
    assert_eq!(other.client(&key).customer(5)["PrimaryAddress"]["PostalCode"], "00501");
    other.write("events.yaml", "events: {subscriptions: [{url: 'http://127.0.0.1:9/'}]}\n");
    other.done(&["hook", "connect", "demo", "events.yaml"]);
}

#[test]
fn an_exported_tenant_can_be_created_again() {
    let other = OtherFolder::start();
    other.write("acme.yaml", &documented());
    other.done(&["seed", "acme.yaml"]);
    let acme = other.client(DOCUMENTED_KEY);
    other.done(&["hook", "connect", "acme", "acme.yaml"]);
    let (name, change) = ("Zoë", json!({ "events": { "subscriptions": [] } }));
    other.write("events.json", &change.to_string());
    other.done(&["hook", "connect", "acme", "events.json"]);
    acme.patch("/v1/customers/1", &json!({ "FirstName": name })).succeeds(200);

    let (code, output, error) = other.run(&["export", "acme", "-o", "saved.yaml"]);
    assert_eq!((code, output.as_str()), (Some(0), ""), "{error}");
    assert!(error.starts_with("saved.yaml: ") && error.contains("keep it secret"), "{error}");
    let saved = std::fs::read_to_string(other.here.join("saved.yaml")).expect("a file");
    assert!(saved.contains(name) && !saved.contains("PasswordHere1") && !saved.contains(DOCUMENTED_KEY), "{saved}");
    assert_eq!(other.done(&["export", "acme"]), saved);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let saved = std::fs::metadata(other.here.join("saved.yaml")).expect("a file");
        assert_eq!(saved.permissions().mode() & 0o777, 0o600);
    }
    other.done(&["tenants", "add", "copy", "--seed", "saved.yaml"]);
    other.done(&["diff", "acme", "copy"]);
    other.write("saved.json", &other.done(&["export", "acme", "--json"]));
    other.done(&["seed", "saved.json", "--tenant", "demo"]);
    other.done(&["diff", "acme", "demo"]);

    // Its seed, with its keys.
    other.write("keys.yaml", &other.done(&["export", "acme@seed", "--keys"]));
    other.done(&["tenants", "delete", "acme", "--yes"]);
    assert_eq!(acme.get("/v1/customers/1").status, 401);
    assert_eq!(other.done(&["seed", "keys.yaml"]), "acme: created\n");
    assert_eq!(acme.customer(1)["FirstName"], Value::Null);
    assert_eq!(other.fails(&["export", "unknown"]), "error: there is no tenant 'unknown'\n");
    assert!(other.fails(&["export", "acme", "-o", "no/such/folder"]).contains("cannot be written"));
}

#[test]
fn without_a_server_only_offline_writes() {
    let other = OtherFolder::start();
    other.write("acme.yaml", &documented());
    other.write("two.yaml", TWO);
    let OtherFolder { _folder, data, here, server, url } = other;
    server.signal("TERM");
    assert!(server.wait().success());
    for arguments in [&["seed", "acme.yaml"][..], &["seed", "demo"], &["seed", "acme.yaml", "--tenant", "demo"]] {
        let (code, output, error) = run(arguments, &url, &here);
        assert_eq!((code, output.as_str()), (Some(1), ""), "{error}");
        let expected = format!(
            "error: no server answers at {url} (Connection refused (os error 111)): start one, name one with --server, or write to the database with \
             --offline\n"
        );
        assert_eq!(error, expected);
    }
    assert_eq!(std::fs::read_dir(&here).expect("a folder").count(), 2, "no database was created here");
    let (code, _, error) = run(&["seed", "acme.yaml", "--tenant", "demo", "--offline"], &url, &here);
    assert_eq!(code, Some(2), "{error}");
    // To the database of the server.
    for (arguments, expected) in [
        (&["seed", "two.yaml", "--offline", "--data"][..], "one: created\ntwo: created\n"),
        (&["seed", "demo", "--offline", "--data"], "demo: exists already, unchanged\n"),
    ] {
        let arguments = [arguments, &[path(&data)]].concat();
        assert_eq!(run(&arguments, &url, &here), (Some(0), expected.to_owned(), String::new()));
    }
}
