//! Another certificate in the files takes the place of the one in use, without a failed request.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use super::*;

/// The certificate that the server presents to a new client: one that resumes a session knows only that of its first handshake.
fn presented(authority: &Authority, address: SocketAddr) -> Vec<u8> {
    let stream = connect(&all_versions(&authority.pem), address, "localhost").expect("TLS");
    stream.conn.peer_certificates().expect("certificates")[0].to_vec()
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate").to_vec()
}

#[test]
fn certificates_are_replaced_under_load_without_a_failed_request() {
    let (files, authority) = (Files::new(), Authority::new("test"));
    files.write_pair(&authority.issue(&["localhost"]));
    let server = files.serve(&[]);
    let (config, address, is_done) = (all_versions(&authority.pem), server.address, AtomicBool::new(false));
    let (handshakes, requests) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        // Two that keep their connection, and two that open one for each request, one of them with a new session each time.
        for (keeps, resumes) in [(true, true), (true, true), (false, true), (false, false)] {
            let (config, authority, is_done, handshakes, requests) =
                (&config, &authority, &is_done, &handshakes, &requests);
            scope.spawn(move || {
                let mut kept = None;
                while !is_done.load(Ordering::Relaxed) {
                    let mut stream = kept.take().unwrap_or_else(|| {
                        handshakes.fetch_add(1, Ordering::Relaxed);
                        let config = if resumes { Arc::clone(config) } else { all_versions(&authority.pem) };
                        connect(&config, address, "localhost").expect("a handshake")
                    });
                    stream.write_all(demo_request("").as_bytes()).expect("sent");
                    assert_eq!(read_one(&mut stream).status, 200);
                    requests.fetch_add(1, Ordering::Relaxed);
                    kept = keeps.then_some(stream);
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        }
        // Dropped also where this fails, so that the threads end.
        let _ends = Ends(&is_done);
        for round in 0..6 {
            let (certificate, key) = authority.issue(&["localhost"]);
            files.write("server.pem", &certificate);
            // The pair is incomplete for a while: the one before stays in use.
            std::thread::sleep(Duration::from_millis(if round % 2 == 0 { 1_200 } else { 10 }));
            files.write("server.key", &key);
            let (expected, written) = (der(&certificate), Instant::now());
            eventually(|| presented(&authority, address) == expected);
            assert!(written.elapsed() < Duration::from_secs(5), "{:?}", written.elapsed());
        }
    });
    let (handshakes, requests) = (handshakes.into_inner(), requests.into_inner());
    println!("{requests} requests, {handshakes} handshakes, 6 certificates, no failure");
    assert!(requests > 100 && handshakes > 50, "{requests} requests, {handshakes} handshakes");
}

struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn files_that_cannot_be_used_keep_the_certificate_and_are_logged_once() {
    let (files, authority) = (Files::new(), Authority::new("test"));
    let first = authority.issue(&["localhost"]);
    files.write_pair(&first);
    let (data, cert, key) = (files.text("data"), files.text("server.pem"), files.text("server.key"));
    let mut command = program(&["--data", &data, "--tls-cert", &cert, "--tls-key", &key, "--log-format", "json"]);
    command.stderr(std::fs::File::create(files.path("log")).expect("a file"));
    let server = Process::start_logging(command);
    let logged = |text: &str| {
        let log = std::fs::read_to_string(files.path("log")).expect("a log");
        log.lines().filter(|line| line.contains(text)).count()
    };
    let kept = "the TLS certificate was not replaced";
    for (number, break_it) in [
        (1, &(|| drop(files.write("server.pem", "no certificate"))) as &dyn Fn()),
        (2, &|| std::fs::remove_file(files.path("server.pem")).expect("removed")),
        (3, &|| drop(files.write("server.pem", &authority.issue(&["localhost"]).0))),
    ] {
        break_it();
        eventually(|| logged(kept) == number);
        std::thread::sleep(Duration::from_millis(1_600));
        assert_eq!(logged(kept), number, "once");
        assert_eq!(presented(&authority, server.address), der(&first.0));
    }
    let second = authority.issue(&["localhost"]);
    // As Kubernetes does it: the files are links to a folder that is replaced.
    std::fs::create_dir(files.path("new")).expect("a folder");
    files.write("new/server.pem", &second.0);
    files.write("new/server.key", &second.1);
    for name in ["server.pem", "server.key"] {
        let _ = std::fs::remove_file(files.path(name));
        std::os::unix::fs::symlink(files.path(&format!("new/{name}")), files.path(name)).expect("a link");
    }
    eventually(|| presented(&authority, server.address) == der(&second.0));
    assert_eq!(logged("another TLS certificate is in use"), 1);
    let log = std::fs::read_to_string(files.path("log")).expect("a log");
    assert!(log.contains("2090-01-01T00:00:00Z") && !log.contains("PRIVATE KEY"), "{log}");
}
