//! The local CA: made once, trusted by clients that have its certificate, and by the commands of this program.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::support::process::run;

fn serve(files: &Files, arguments: &[&str]) -> Process {
    Process::start_on("localhost:0", &[&["--data", &files.text("data"), "--tls-self-signed"], arguments].concat())
}

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(path).expect("a file")
}

#[test]
fn the_ca_is_made_once_and_clients_that_trust_it_are_served() {
    let files = Files::new();
    let server = serve(&files, &["--tls-names", "emulator.test,*.wild.test,192.0.2.7"]);
    let (ca, key) = (files.path("data/tls/ca.pem"), files.path("data/tls/ca-key.pem"));
    let pem = read(ca.clone());
    let mode = |path: &Path| std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode(&key), mode(&ca), mode(&files.path("data"))), (0o600, 0o644, 0o700));
    let banner = server.banner.join("\n");
    for line in [
        format!("curl --cacert {}", ca.display()),
        format!("NODE_EXTRA_CA_CERTS={}", ca.display()),
        format!(
            "  curl --cacert {} -H 'Ocp-Apim-Subscription-Key: {DEMO_KEY}' https://{}/v1/customers/3",
            ca.display(),
            server.address
        ),
    ] {
        assert!(banner.contains(&line), "{line} in {banner}");
    }
    let machine = rustix_name();
    let config = all_versions(&pem);
    for name in ["localhost", "127.0.0.1", "::1", &machine, "emulator.test", "any.wild.test", "192.0.2.7"] {
        let mut stream = connect(&config, server.address, name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(exchange(&mut stream, &demo_request("Connection: close\r\n")).status, 200, "{name}");
    }
    assert!(connect(&config, server.address, "other.test").is_err());
    assert!(connect(&all_versions(&Authority::new("foreign").pem), server.address, "localhost").is_err());
    let mut stream = connect(&config, server.address, "localhost").expect("TLS");
    let reply = exchange(&mut stream, "GET /_emulator/ca.pem HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!((reply.status, reply.body.as_str()), (200, pem.as_str()));
    assert_eq!(reply.header("Content-Type"), Some("text/plain; charset=utf-8"));
    drop(server);

    // The next start has the same CA, and no token is needed for its certificate.
    let server = serve(&files, &["--admin-token-required", "--admin-token", "a-token-for-the-tests-of-tls"]);
    assert_eq!(read(ca), pem);
    let mut stream = connect(&config, server.address, "localhost").expect("TLS");
    let reply = exchange(&mut stream, "GET /_emulator/ca.pem HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!((reply.status, reply.body.as_str()), (200, pem.as_str()));
}

fn rustix_name() -> String {
    let output = std::process::Command::new("uname").arg("-n").output().expect("uname");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn a_server_without_a_local_ca_says_so() {
    let reply = crate::support::tenant().client.get("/_emulator/ca.pem");
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json()["detail"], "this server has no local CA: EMULATOR_TLS_SELF_SIGNED is off");
}

#[test]
fn commands_and_the_health_check_work_over_tls() {
    let files = Files::new();
    let server = serve(&files, &[]);
    let (listen, url) =
        (format!("localhost:{}", server.address.port()), format!("https://localhost:{}", server.address.port()));
    let ca = files.text("data/tls/ca.pem");
    let by = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = program(arguments);
        command.envs(variables.iter().copied()).env("EMULATOR_LISTEN", &listen);
        run(&mut command)
    };
    let data = files.text("data");
    let of_server = [("EMULATOR_DATA", data.as_str()), ("EMULATOR_TLS_SELF_SIGNED", "on")];
    for (variables, arguments) in [
        (&of_server[..], vec!["status"]),
        (&[("EMULATOR_CA_FILE", ca.as_str())], vec!["status", "--server", &url]),
        (&[], vec!["status", "--server", &url, "--ca-file", &ca]),
        (&[("EMULATOR_TLS_CA_FOLDER", &files.text("data/tls"))], vec!["status", "--server", &url]),
    ] {
        let (code, output, error) = by(variables, &arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {error}");
        assert!(output.contains(&format!("DirectScale   {url}/v1")), "{output}");
    }
    let (code, output, error) = by(&of_server, &["seed", "demo"]);
    assert_eq!(code, Some(0), "{output}{error}");
    assert_eq!(by(&of_server, &["healthcheck"]).0, Some(0));
    assert_eq!(by(&of_server[1..], &["healthcheck"]).0, Some(0), "it needs no CA");
    let (code, _, error) = by(&[], &["healthcheck"]);
    assert!(code == Some(1) && error.contains("This port speaks HTTPS"), "{error}");

    let foreign = files.write("foreign.pem", &Authority::new("foreign").pem);
    let (code, _, error) = by(&[], &["status", "--server", &url, "--ca-file", &foreign]);
    let sentence = format!(
        "{url} is not trusted (invalid peer certificate: UnknownIssuer); name its certificate authority with --ca-file"
    );
    assert!(code == Some(1) && error.contains(&sentence), "{error}");
    let (code, _, error) = by(&[], &["status", "--server", &url, "--ca-file", &files.write("text", "no PEM")]);
    assert!(code == Some(1) && error.contains("text has no certificate in PEM"), "{error}");
    let (code, _, error) = by(&[], &["status", "--server", &url, "--ca-file", "/nothing"]);
    assert!(code == Some(1) && error.contains("--ca-file /nothing cannot be read"), "{error}");
    let (code, _, error) = by(&[], &["status"]);
    assert!(code == Some(1) && error.contains("use https:// instead of http://"), "{error}");
}

#[test]
fn a_ca_that_is_not_whole_ends_the_start() {
    let files = Files::new();
    let folder = files.text("ca");
    let start = |expected: &str| {
        let error = fails_to_start(&files.path(""), &["--tls-self-signed", "--tls-ca-folder", &folder]);
        assert!(error.contains(expected), "{expected} in {error}");
    };
    std::fs::create_dir(&folder).expect("a folder");
    let other = Authority::new("other");
    files.write("ca/ca.pem", &other.pem);
    start(&format!("--tls-ca-folder {folder}/ca-key.pem: is missing beside ca.pem: delete what is left of the CA"));
    files.write("ca/ca-key.pem", "no key");
    start(&format!("--tls-ca-folder {folder}/ca-key.pem: has no key"));
    files.write("ca/ca-key.pem", &KeyPair::generate().expect("a key").serialize_pem());
    start(&format!("--tls-ca-folder {folder}/ca.pem: is not of the key in ca-key.pem"));
    files.write("ca/ca.pem", "no certificate");
    start(&format!("--tls-ca-folder {folder}/ca.pem: has no certificate"));
    std::fs::remove_file(files.path("ca/ca.pem")).expect("removed");
    start(&format!("--tls-ca-folder {folder}/ca.pem: is missing beside ca-key.pem"));
    std::fs::remove_dir_all(&folder).expect("removed");
    files.write("ca", "a file");
    start(&format!("--tls-ca-folder {folder}: cannot be created for the local CA"));
}
