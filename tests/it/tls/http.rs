//! HTTP over TLS is the same as without: header case, keep-alive, early answers, long bodies, and what names the scheme.

use super::*;
use crate::support::server::MAX_BODY_BYTES;

fn server() -> (Process, Arc<ClientConfig>, Files) {
    let (files, authority) = (Files::new(), Authority::new("test"));
    files.write_pair(&authority.issue(&["localhost"]));
    let server = files.serve(&["--admin-token", "a-token-for-the-tests-of-tls", "--admin-listen", "localhost:0"]);
    (server, all_versions(&authority.pem), files)
}

#[test]
fn http_over_tls_is_the_same() {
    let (server, config, _files) = server();
    let mut stream = connect(&config, server.address, "localhost").expect("TLS");
    // Several requests on one connection, two of them at once.
    for _ in 0..3 {
        stream.write_all(demo_request("").as_bytes()).expect("sent");
        let reply = read_one(&mut stream).succeeds(200);
        assert!(reply.header("X-DirectScale-RequestId").is_some(), "the exact case: {}", reply.head);
        assert_eq!(reply.header("Keep-Alive"), Some("timeout=75"));
    }
    // A body that is not read, sent after the response: the connection can be used again.
    let early = format!("POST /v1/customers HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", 4 * MAX_BODY_BYTES);
    stream.write_all(early.as_bytes()).expect("sent");
    assert_eq!(read_one(&mut stream).status, 401);
    stream.write_all(&vec![b'x'; 4 * MAX_BODY_BYTES]).expect("sent");
    stream.write_all(demo_request("").as_bytes()).expect("sent");
    assert_eq!(read_one(&mut stream).status, 200);
    // A malformed request has its reason, and the connection ends regularly.
    let reply = exchange(&mut stream, "GET  /v1/customers/3 HTTP/1.1\r\n\r\n");
    assert!(
        reply.status == 400 && reply.body.contains("more than one blank between the method and the path"),
        "{reply:?}"
    );

    // A response that does not fit into the buffers of the connection.
    let mut stream = connect(&config, server.address, "localhost").expect("TLS");
    let get = "GET /_emulator/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let admin =
        server.banner.iter().find_map(|line| line.trim().strip_prefix("inspector https://")).expect("an address");
    let admin: SocketAddr = admin.trim_end_matches("/_emulator/").parse().expect("an address");
    assert_eq!(exchange(&mut stream, get).status, 404, "the control API has its own address");
    let mut stream = connect(&config, admin, "localhost").expect("TLS on the other address too");
    let document = exchange(&mut stream, get);
    assert!(document.body.len() > 200_000 && document.json()["openapi"] == "3.1.0", "{}", document.head);
}

#[test]
fn addresses_and_cookies_are_those_of_https() {
    let (server, config, _files) = server();
    let mut stream = connect(&config, server.address, "localhost").expect("TLS");
    let reply = exchange(&mut stream, "GET /v1/customers/3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let challenge = reply.header("WWW-Authenticate").unwrap_or_else(|| panic!("a challenge in {reply:?}"));
    assert!(challenge.contains("https://localhost/v1"), "{challenge}");
    let admin =
        server.banner.iter().find_map(|line| line.trim().strip_prefix("inspector https://")).expect("an address");
    let admin: SocketAddr = admin.trim_end_matches("/_emulator/").parse().expect("an address");
    for (more, is_secure) in
        [("", true), ("X-Forwarded-Proto: http\r\n", false), ("X-Forwarded-Proto: https\r\n", true)]
    {
        let mut stream = connect(&config, admin, "localhost").expect("TLS");
        let form = "token=a-token-for-the-tests-of-tls";
        let login = format!(
            "POST /_emulator/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n{more}\
             Content-Length: {}\r\nConnection: close\r\n\r\n{form}",
            form.len()
        );
        let reply = exchange(&mut stream, &login);
        let cookie = reply.header("Set-Cookie").unwrap_or_else(|| panic!("a cookie in {reply:?}"));
        assert_eq!(cookie.ends_with("; Secure"), is_secure, "{more}: {cookie}");
    }
}
