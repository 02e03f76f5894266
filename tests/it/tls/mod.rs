//! TLS of the listeners: certificates from files and of the local CA, their replacement, and the bounds of handshakes.

mod files;
mod handshakes;
mod http;
mod limits;
mod replacement;
mod self_signed;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    date_time_ymd,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};

use crate::support::Reply;
use crate::support::http::parse;
use crate::support::process::{DEMO_KEY, Process, program};

/// A certificate authority of the tests.
pub struct Authority {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = parameters.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(parameters, key) }
    }

    /// A certificate for these names and its key, in PEM.
    pub fn issue(&self, names: &[&str]) -> (String, String) {
        self.issue_until(names, 2090)
    }

    /// The same, valid to the begin of a year.
    pub fn issue_until(&self, names: &[&str], year: i32) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = CertificateParams::new(names).expect("names");
        (parameters.not_before, parameters.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(year, 1, 1));
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

/// The files of a certificate, and the data of a server.
pub struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).expect("a file");
        self.text(name)
    }

    /// Writes a certificate and its key as `server.pem` and `server.key`.
    pub fn write_pair(&self, (certificate, key): &(String, String)) {
        self.write("server.pem", certificate);
        self.write("server.key", key);
    }

    /// A server with these files.
    pub fn serve(&self, arguments: &[&str]) -> Process {
        let (data, cert, key) = (self.text("data"), self.text("server.pem"), self.text("server.key"));
        let own = ["--data", &data, "--tls-cert", &cert, "--tls-key", &key];
        Process::start_on("localhost:0", &[&own, arguments].concat())
    }
}

/// What a client trusts and speaks.
pub fn client(ca: &str, versions: &[&'static SupportedProtocolVersion], protocols: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).expect("a certificate")).expect("an authority");
    let config = ClientConfig::builder_with_provider(default_provider().into()).with_protocol_versions(versions);
    let mut config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

pub type Tls = StreamOwned<ClientConnection, TcpStream>;

/// A connection to a server under a name. Fails as its handshake does.
pub fn connect(config: &Arc<ClientConfig>, address: SocketAddr, name: &str) -> std::io::Result<Tls> {
    let tcp = TcpStream::connect(address)?;
    tcp.set_read_timeout(Some(Duration::from_secs(20)))?;
    let name = name.to_owned().try_into().expect("a name");
    let connection = ClientConnection::new(Arc::clone(config), name).expect("a client");
    let mut stream = StreamOwned::new(connection, tcp);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

pub fn all_versions(ca: &str) -> Arc<ClientConfig> {
    client(ca, rustls::ALL_VERSIONS, &["http/1.1"])
}

/// A request of the demo tenant.
pub fn demo_request(more: &str) -> String {
    format!("GET /v1/customers/3 HTTP/1.1\r\nHost: localhost\r\nOcp-Apim-Subscription-Key: {DEMO_KEY}\r\n{more}\r\n")
}

/// Sends a request and reads to the end of the connection.
#[track_caller]
pub fn exchange(stream: &mut Tls, request: &str) -> Reply {
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an end with a close_notify");
    parse(&answer).unwrap_or_else(|| panic!("a response in {:?}", String::from_utf8_lossy(&answer)))
}

/// Reads one response on a connection that stays open.
#[track_caller]
pub fn read_one(stream: &mut Tls) -> Reply {
    let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let length = stream.read(&mut chunk).expect("a response");
        assert!(length > 0, "it ended after {:?}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&chunk[..length]);
        if let Some(reply) = parse(&answer)
            && reply.header("Content-Length").is_none_or(|length| length == reply.body.len().to_string())
        {
            return reply;
        }
    }
}

/// The program `serve` with these arguments, which fails at its start: its standard error.
#[track_caller]
pub fn fails_to_start(folder: &Path, arguments: &[&str]) -> String {
    let data = folder.join("data").display().to_string();
    let own = ["serve", "--listen", "127.0.0.1:0", "--data", &data];
    let (code, output, error) = crate::support::process::run(&mut program(&[&own, arguments].concat()));
    assert_eq!((code, output.as_str()), (Some(1), ""), "{error}");
    error
}

#[track_caller]
pub fn eventually(mut is_so: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "it is not so after {:?}", start.elapsed());
        std::thread::sleep(Duration::from_millis(50));
    }
}
