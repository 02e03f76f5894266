//! Handshakes: versions, protocols, and certificates that clients refuse.

use std::process::Command;

use rustls::version::{TLS12, TLS13};

use super::*;

#[track_caller]
fn refused(config: &Arc<ClientConfig>, address: SocketAddr, name: &str, reason: &str) {
    let error = connect(config, address, name).err().unwrap_or_else(|| panic!("refused: {reason}")).to_string();
    assert!(error.contains(reason), "{reason} in {error}");
}

#[test]
fn clients_with_the_authority_are_served_and_others_refuse() {
    let (files, authority, foreign) = (Files::new(), Authority::new("test"), Authority::new("foreign"));
    files.write_pair(&authority.issue(&["localhost"]));
    let server = files.serve(&[]);
    assert!(server.banner.contains(&format!("  address   https://{}", server.address)), "{:?}", server.banner);
    assert!(server.banner.iter().any(|line| line.contains(&format!("https://{}/v1/customers/3", server.address))));
    for (version, name) in [(&TLS12, "TLS 1.2"), (&TLS13, "TLS 1.3")] {
        for protocols in [&["http/1.1"][..], &["h2", "http/1.1"], &["http/1.0"], &[]] {
            let config = client(&authority.pem, &[version], protocols);
            let mut stream = connect(&config, server.address, "localhost").expect(name);
            let selected = stream.conn.alpn_protocol().map(<[u8]>::to_vec);
            assert_eq!(selected.as_deref(), protocols.last().map(|protocol| protocol.as_bytes()), "{name}");
            assert_eq!(exchange(&mut stream, &demo_request("Connection: close\r\n")).status, 200, "{name}");
        }
        let only_h2 = client(&authority.pem, &[version], &["h2"]);
        refused(&only_h2, server.address, "localhost", "NoApplicationProtocol");
        refused(&client(&foreign.pem, &[version], &[]), server.address, "localhost", "UnknownIssuer");
        refused(&client(&authority.pem, &[version], &[]), server.address, "other.example", "not valid for name");
    }
}

#[test]
fn an_expired_certificate_is_served_with_a_warning_and_refused_by_clients() {
    let (files, authority) = (Files::new(), Authority::new("test"));
    files.write_pair(&authority.issue_until(&["localhost"], 2021));
    let (data, cert, key) = (files.text("data"), files.text("server.pem"), files.text("server.key"));
    let log = std::fs::File::create(files.path("log")).expect("a file");
    let mut command = program(&["--data", &data, "--tls-cert", &cert, "--tls-key", &key, "--log-format", "json"]);
    command.stderr(log);
    let server = Process::start_logging(command);
    refused(&all_versions(&authority.pem), server.address, "localhost", "expired");
    let log = std::fs::read_to_string(files.path("log")).expect("a log");
    let warning = log.lines().find(|line| line.contains("clients reject the TLS certificate")).expect("a warning");
    assert!(warning.contains("it expired at 2021-01-01T00:00:00Z") && warning.contains("WARN"), "{warning}");
}

#[test]
fn curl_trusts_the_authority_that_it_is_given() {
    if Command::new("curl").arg("--version").output().is_err() {
        return println!("not run: it needs curl");
    }
    let (files, authority, foreign) = (Files::new(), Authority::new("test"), Authority::new("foreign"));
    files.write_pair(&authority.issue(&["localhost", "127.0.0.1"]));
    files.write("ca.pem", &authority.pem);
    files.write("foreign.pem", &foreign.pem);
    let server = files.serve(&[]);
    let curl = |ca: &str, more: &[&str]| {
        let url = format!("https://localhost:{}/v1/customers/3", server.address.port());
        let key = format!("Ocp-Apim-Subscription-Key: {DEMO_KEY}");
        let arguments = ["-sS", "--cacert", &files.text(ca), "-o", "-", "-w", "%{http_code}", "-H", &key, &url];
        let done = Command::new("curl").args(arguments).args(more).output().expect("curl");
        (
            done.status.code(),
            String::from_utf8_lossy(&done.stdout).into_owned(),
            String::from_utf8_lossy(&done.stderr).into_owned(),
        )
    };
    for more in [&[][..], &["--http1.0"], &["--tls-max", "1.2"], &["--tlsv1.3"]] {
        let (code, output, error) = curl("ca.pem", more);
        assert!(code == Some(0) && output.ends_with("200"), "{more:?}: {output} {error}");
    }
    // 60: the certificate cannot be verified.
    assert_eq!(curl("foreign.pem", &[]).0, Some(60));
    files.write_pair(&authority.issue_until(&["localhost"], 2021));
    eventually(|| curl("ca.pem", &[]).0 == Some(60));
    assert!(curl("ca.pem", &[]).2.contains("expired"));
}
