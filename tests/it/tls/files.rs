//! Certificates and keys in files: which are used, and which end the start with a sentence.

use std::process::Command;

use super::*;

#[test]
fn files_that_cannot_be_used_end_the_start() {
    let (files, authority) = (Files::new(), Authority::new("test"));
    let (certificate, key) = authority.issue(&["localhost"]);
    let (_, other_key) = authority.issue(&["localhost"]);
    let cert = files.write("server.pem", &certificate);
    let own_key = files.write("server.key", &key);
    let text = files.write("text", "no PEM");
    let other = files.write("other.key", &other_key);
    let cut = files.write("cut.pem", &certificate[..certificate.len() / 2]);
    let broken = files.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let pkcs8 =
        files.write("pkcs8.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    let pkcs1 = files.write(
        "pkcs1.key",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    );
    let odd = files.write("odd.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let long = files.write("long.pem", &"x".repeat(1024 * 1024 + 1));
    let (missing, folder) = (files.text("missing"), files.text(""));
    for (arguments, sentence) in [
        (vec!["--tls-cert", &cert], format!("--tls-cert {cert} needs its key: --tls-key is not set")),
        (vec!["--tls-key", &own_key], format!("--tls-key {own_key} needs its certificate: --tls-cert is not set")),
        (
            vec!["--tls-cert", &missing, "--tls-key", &own_key],
            format!("--tls-cert {missing}: cannot be read: No such file"),
        ),
        (vec!["--tls-cert", &cert, "--tls-key", &folder], format!("--tls-key {folder}: is not a file")),
        (vec!["--tls-cert", &long, "--tls-key", &own_key], format!("--tls-cert {long}: is longer than 1048576 bytes")),
        (vec!["--tls-cert", &text, "--tls-key", &own_key], format!("--tls-cert {text}: has no certificate in PEM")),
        (vec!["--tls-cert", &own_key, "--tls-key", &cert], format!("--tls-cert {own_key}: has no certificate in PEM")),
        (vec!["--tls-cert", &cut, "--tls-key", &own_key], format!("--tls-cert {cut}: is not valid PEM")),
        (
            vec!["--tls-cert", &broken, "--tls-key", &own_key],
            format!("--tls-cert {broken}: its first certificate cannot be read"),
        ),
        (vec!["--tls-cert", &cert, "--tls-key", &text], format!("--tls-key {text}: has no private key in PEM")),
        (
            vec!["--tls-cert", &cert, "--tls-key", &pkcs8],
            format!("--tls-key {pkcs8}: the key is encrypted with a passphrase"),
        ),
        (
            vec!["--tls-cert", &cert, "--tls-key", &pkcs1],
            format!("--tls-key {pkcs1}: the key is encrypted with a passphrase"),
        ),
        (vec!["--tls-cert", &cert, "--tls-key", &odd], format!("--tls-key {odd}: its key is of no supported kind")),
        (
            vec!["--tls-cert", &cert, "--tls-key", &other],
            format!("the key of --tls-key {other} is not of the certificate of --tls-cert {cert}"),
        ),
        (
            vec!["--tls-cert", &cert, "--tls-key", &own_key, "--tls-self-signed"],
            "--tls-self-signed and --tls-cert exclude each other".to_owned(),
        ),
        (
            vec!["--tls-self-signed", "--tls-names", "ok.example,not a name"],
            "--tls-names: 'not a name' is neither the name of a host nor an IP address".to_owned(),
        ),
    ] {
        let error = fails_to_start(&files.path(""), &arguments);
        assert!(error.contains(&sentence), "{sentence} in {error}");
        assert!(!error.contains("AAAA"), "nothing of a file: {error}");
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().expect("openssl");
    assert!(done.status.success(), "{arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Keys as openssl writes them, and a chain with a certificate between the server's and the authority's.
#[test]
fn keys_of_each_form_and_chains_are_served() {
    if Command::new("openssl").arg("version").output().is_err() {
        return println!("not run: it needs openssl");
    }
    let files = Files::new();
    let folder = files.path("");
    openssl(&folder, "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 30 -subj /CN=root");
    openssl(&folder, "req -newkey rsa:2048 -nodes -keyout middle.key -out middle.csr -subj /CN=middle");
    files.write("middle.ext", "basicConstraints=critical,CA:TRUE");
    openssl(
        &folder,
        "x509 -req -in middle.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile middle.ext -days 30 -out middle.pem",
    );
    files.write("server.ext", "subjectAltName=DNS:localhost");
    for (new_key, convert) in [
        ("genrsa -out any.key 2048", "rsa -in any.key -traditional -out server.key"),
        ("genrsa -out any.key 3072", "pkcs8 -topk8 -nocrypt -in any.key -out server.key"),
        ("ecparam -genkey -noout -name prime256v1 -out any.key", "ec -in any.key -out server.key"),
        ("ecparam -genkey -noout -name secp384r1 -out any.key", "pkcs8 -topk8 -nocrypt -in any.key -out server.key"),
        ("genpkey -algorithm ed25519 -out any.key", "pkey -in any.key -out server.key"),
    ] {
        openssl(&folder, new_key);
        openssl(&folder, convert);
        openssl(&folder, "req -new -key server.key -out server.csr -subj /CN=server");
        openssl(
            &folder,
            "x509 -req -in server.csr -CA middle.pem -CAkey middle.key -CAcreateserial -extfile server.ext -days 30 -out leaf.pem",
        );
        let [leaf, middle, root] = ["leaf.pem", "middle.pem", "root.pem"]
            .map(|name| std::fs::read_to_string(files.path(name)).expect("a file"));
        files.write("server.pem", &format!("{leaf}{middle}"));
        let server = files.serve(&[]);
        let mut stream = connect(&all_versions(&root), server.address, "localhost")
            .unwrap_or_else(|error| panic!("{convert}: {error}"));
        assert_eq!(exchange(&mut stream, &demo_request("Connection: close\r\n")).status, 200, "{convert}");
    }
}
