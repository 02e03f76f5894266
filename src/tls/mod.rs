//! TLS of the listeners: a certificate and its key from files or from a local CA, replaced while the server runs.

mod files;
mod local_ca;
mod replacement;
mod validity;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

pub use files::{CertificateFiles, SettingFile};
pub use local_ca::{CA_FILE, LocalCa, TLS_FOLDER, check_name};
use replacement::Watch;
use validity::Validity;

/// The protocols of HTTP that a client may select. A client that names none gets HTTP/1.1 too.
const PROTOCOLS: [&[u8]; 2] = [b"http/1.1", b"http/1.0"];

/// Why TLS cannot be used. The text names the setting and the file, and repeats nothing of the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TlsError {
    #[error("{setting} {}: {reason}", .path.display())]
    File { setting: String, path: PathBuf, reason: String },
    #[error(
        "the key of {key} is not of the certificate of {certificate}: where the file has several certificates, that of the server \
         must be the first one"
    )]
    OtherKey { certificate: SettingFile, key: SettingFile },
    #[error("{setting}: '{name}' is neither the name of a host nor an IP address")]
    Name { setting: String, name: String },
    #[error("TLS cannot be set up: {0}")]
    Library(String),
}

/// Where certificate and key come from.
#[derive(Debug, Clone)]
pub enum CertificateSource {
    Files(CertificateFiles),
    /// A certificate of the local CA for these names. It and its key are only in memory.
    LocalCa {
        ca: LocalCa,
        names: Vec<String>,
    },
}

/// A certificate chain with its key, and when it is valid.
#[derive(Clone)]
struct Certificate {
    key: Arc<CertifiedKey>,
    validity: Validity,
}

/// The TLS of a server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ServerTls {
    acceptor: Acceptor,
    current: Arc<Current>,
    watch: Watch,
}

#[derive(Clone)]
struct Acceptor(TlsAcceptor);

impl fmt::Debug for Acceptor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Acceptor")
    }
}

/// The certificate in use.
struct Current(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for Current {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl ServerTls {
    /// Reads or issues the certificate. Warns of one that is not valid now.
    ///
    /// # Errors
    /// When the files cannot be used, or a name is none.
    pub fn new(source: CertificateSource) -> Result<Self, TlsError> {
        let (watch, certificate) = Watch::new(source)?;
        let current = Arc::new(Current(RwLock::new(certificate.key)));
        let config = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13, &TLS12]);
        let config = config.map_err(|error| TlsError::Library(error.to_string()))?;
        let mut config = config.with_no_client_auth().with_cert_resolver(Arc::clone(&current) as _);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Self { acceptor: Acceptor(TlsAcceptor::from(Arc::new(config))), current, watch })
    }

    /// Begins TLS on a connection.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.0.clone()
    }

    /// Replaces the certificate whenever its files have changed, or before it expires. Does not end.
    pub async fn keep_current(mut self) {
        loop {
            let certificate = self.watch.next().await;
            *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = certificate.key;
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
