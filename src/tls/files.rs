//! A certificate chain and its key in PEM files.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::Error;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};

use super::validity::Validity;
use super::{Certificate, TlsError, provider};

/// The longest file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// A file that a setting names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFile {
    /// The setting as people write it: `--tls-cert`.
    pub setting: String,
    pub path: PathBuf,
}

impl fmt::Display for SettingFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.setting, self.path.display())
    }
}

impl SettingFile {
    fn error(&self, reason: impl Into<String>) -> TlsError {
        TlsError::File { setting: self.setting.clone(), path: self.path.clone(), reason: reason.into() }
    }

    fn read(&self) -> Result<Vec<u8>, TlsError> {
        let failed = |error: std::io::Error| self.error(format!("cannot be read: {error}"));
        // A pipe could be read only once, and the file is read again and again.
        if !std::fs::metadata(&self.path).map_err(failed)?.is_file() {
            return Err(self.error("is not a file"));
        }
        let mut bytes = Vec::new();
        File::open(&self.path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(failed)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(self.error(format!("is longer than {MAX_BYTES} bytes")));
        }
        Ok(bytes)
    }
}

/// The files of a certificate and of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, the certificate of the server first.
    pub certificate: SettingFile,
    pub key: SettingFile,
}

/// What both files hold.
pub(super) struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Contents {
    pub(super) fn digest(&self) -> [u8; 32] {
        let length = self.certificate.len().to_be_bytes();
        Sha256::new().chain_update(length).chain_update(&self.certificate).chain_update(&self.key).finalize().into()
    }
}

impl CertificateFiles {
    pub(super) fn read(&self) -> Result<Contents, TlsError> {
        Ok(Contents { certificate: self.certificate.read()?, key: self.key.read()? })
    }

    /// The certificate and key of these contents.
    pub(super) fn parse(&self, contents: &Contents) -> Result<Certificate, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&contents.certificate).collect();
        let chain = chain.map_err(|_| self.certificate.error("is not valid PEM"))?;
        let Some(first) = chain.first() else {
            return Err(self.certificate.error("has no certificate in PEM, which begins with BEGIN CERTIFICATE"));
        };
        let validity = Validity::of(first).ok_or_else(|| self.certificate.error(NO_CERTIFICATE))?;
        let key = self.parse_key(&contents.key)?;
        let certified = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
            Error::InconsistentKeys(_) => {
                TlsError::OtherKey { certificate: self.certificate.clone(), key: self.key.clone() }
            }
            Error::InvalidCertificate(_) => self.certificate.error(NO_CERTIFICATE),
            _ => self
                .key
                .error("its key is of no supported kind: RSA of 2048 to 8192 bits, ECDSA P-256 or P-384, Ed25519"),
        })?;
        Ok(Certificate { key: Arc::new(certified), validity })
    }

    fn parse_key(&self, key: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
        let has = |text: &str| key.windows(text.len()).any(|part| part == text.as_bytes());
        if has("BEGIN ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED") {
            return Err(self.key.error(
                "the key is encrypted with a passphrase: write it without one, with openssl pkey -in FILE -out NEW_FILE",
            ));
        }
        PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| self.key.error("has no private key in PEM, which begins with BEGIN PRIVATE KEY"))
    }
}

const NO_CERTIFICATE: &str = "its first certificate cannot be read";
