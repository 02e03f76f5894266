//! The local CA: a certificate authority of this machine, made once and kept in a folder. Clients that trust it accept the
//! certificates that the server issues to itself.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};

use super::validity::{Validity, shown};
use super::{Certificate, TlsError, provider};

/// The folder of the CA in the data folder.
pub const TLS_FOLDER: &str = "tls";

/// The certificate of the CA, which is public.
pub const CA_FILE: &str = "ca.pem";

const KEY_FILE: &str = "ca-key.pem";

/// Held while the CA is made: several servers may start at once.
const LOCK_FILE: &str = ".lock";

/// How long the CA is valid.
const CA_LIFETIME: TimeDelta = TimeDelta::days(3_650);

/// How long a certificate of a server is valid. Apple's systems accept at most 825 days.
const LIFETIME: TimeDelta = TimeDelta::days(90);

/// Certificates begin earlier, for clients whose clocks are slow.
const EARLIER: TimeDelta = TimeDelta::days(1);

const ORGANIZATION: &str = "directscale-emulator";

/// Cheap to clone.
#[derive(Clone)]
pub struct LocalCa(Arc<Ca>);

struct Ca {
    setting: String,
    folder: PathBuf,
    certificate: CertificateDer<'static>,
    pem: String,
    validity: Validity,
    issuer: Issuer<'static, KeyPair>,
}

impl fmt::Debug for LocalCa {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LocalCa").field("folder", &self.0.folder).finish_non_exhaustive()
    }
}

impl LocalCa {
    /// The CA in a folder that `setting` names, which is made where there is none, or where it ends before the certificates that it
    /// would issue.
    ///
    /// # Errors
    /// When the folder cannot be written, or the files are not a CA and its key.
    pub fn open(setting: &str, folder: &Path, now: DateTime<Utc>) -> Result<Self, TlsError> {
        let place = Place { setting, folder };
        place.create_folder()?;
        let _lock = place.lock();
        if let Some(ca) = place.read()? {
            if ca.validity.not_after > now + LIFETIME {
                return ca.checked(now);
            }
            tracing::warn!(
                ended = shown(ca.validity.not_after),
                "the local CA is replaced because it ends: clients must trust the new one"
            );
        }
        place.create(now)?.checked(now)
    }

    /// The file with its certificate.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.0.folder.join(CA_FILE)
    }

    /// Its certificate, for clients.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.0.pem
    }

    /// A certificate of a server with these names and addresses, with a new key.
    pub(super) fn issue(&self, names: &[String], now: DateTime<Utc>) -> Result<Certificate, TlsError> {
        let mut parameters = CertificateParams::new(names).map_err(library)?;
        parameters.distinguished_name = name("directscale-emulator server");
        set_dates(&mut parameters, now - EARLIER, (now + LIFETIME).min(self.0.validity.not_after));
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(library)?;
        let certificate = parameters.signed_by(&key, &self.0.issuer).map_err(library)?;
        let validity = Validity::of(certificate.der()).ok_or_else(|| library("a certificate without dates"))?;
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(library)?;
        let certified = CertifiedKey::from_der(vec![certificate.into()], key, &provider()).map_err(library)?;
        Ok(Certificate { key: Arc::new(certified), validity })
    }
}

impl Ca {
    /// Checks that a client which trusts the certificate accepts what the key signs.
    fn checked(self, now: DateTime<Utc>) -> Result<LocalCa, TlsError> {
        let ca = LocalCa(Arc::new(self));
        let issued = ca.issue(&["localhost".to_owned()], now)?;
        if ca.vouches_for(&issued, now).is_none() {
            let place = Place { setting: &ca.0.setting, folder: &ca.0.folder };
            return Err(
                place.error(CA_FILE, format!("is not of the key in {KEY_FILE}: delete both, and a new CA is made"))
            );
        }
        Ok(ca)
    }
}

impl LocalCa {
    fn vouches_for(&self, issued: &Certificate, now: DateTime<Utc>) -> Option<()> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.certificate.clone()).ok()?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().ok()?;
        let seconds = Duration::from_secs(u64::try_from(now.timestamp()).ok()?);
        let (server, now) = (ServerName::try_from("localhost").ok()?, UnixTime::since_unix_epoch(seconds));
        let certificate = issued.key.end_entity_cert().ok()?;
        verifier.verify_server_cert(certificate, &[], &server, &[], now).ok().map(drop)
    }
}

/// The folder of a CA.
#[derive(Clone, Copy)]
struct Place<'a> {
    setting: &'a str,
    folder: &'a Path,
}

impl Place<'_> {
    fn error(self, file: &str, reason: impl Into<String>) -> TlsError {
        TlsError::File { setting: self.setting.to_owned(), path: self.folder.join(file), reason: reason.into() }
    }

    fn create_folder(self) -> Result<(), TlsError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        // A new data folder is private too.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(self.folder).map_err(|error| TlsError::File {
            setting: self.setting.to_owned(),
            path: self.folder.to_owned(),
            reason: format!("cannot be created for the local CA: {error}"),
        })
    }

    /// Keeps other servers from making a CA here until it is dropped. Some file systems have no locks: there the last one wins.
    fn lock(self) -> Option<File> {
        let file = OpenOptions::new().create(true).append(true).open(self.folder.join(LOCK_FILE)).ok()?;
        file.lock().ok()?;
        Some(file)
    }

    /// `None` where there is none.
    fn read(self) -> Result<Option<Ca>, TlsError> {
        let (pem, key) = (self.text(CA_FILE)?, self.text(KEY_FILE)?);
        let (pem, key) = match (pem, key) {
            (Some(pem), Some(key)) => (pem, key),
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(self.error(KEY_FILE, format!("is missing beside {CA_FILE}: {REMEDY}"))),
            (None, Some(_)) => return Err(self.error(CA_FILE, format!("is missing beside {KEY_FILE}: {REMEDY}"))),
        };
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes());
        let certificate = certificate.map_err(|_| self.error(CA_FILE, format!("has no certificate: {REMEDY}")))?;
        let key = KeyPair::from_pem(&key).map_err(|_| self.error(KEY_FILE, format!("has no key: {REMEDY}")))?;
        self.ca(certificate, pem, key).map(Some)
    }

    fn text(self, file: &str) -> Result<Option<String>, TlsError> {
        match fs::read_to_string(self.folder.join(file)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.error(file, format!("cannot be read: {error}"))),
        }
    }

    fn ca(self, certificate: CertificateDer<'static>, pem: String, key: KeyPair) -> Result<Ca, TlsError> {
        let validity = Validity::of(&certificate);
        let validity = validity.ok_or_else(|| self.error(CA_FILE, format!("has no certificate: {REMEDY}")))?;
        let issuer = Issuer::new(parameters(&key), key);
        let (setting, folder) = (self.setting.to_owned(), self.folder.to_owned());
        Ok(Ca { setting, folder, certificate, pem, validity, issuer })
    }

    fn create(self, now: DateTime<Utc>) -> Result<Ca, TlsError> {
        let key = KeyPair::generate().map_err(library)?;
        let mut parameters = parameters(&key);
        set_dates(&mut parameters, now - EARLIER, now + CA_LIFETIME);
        let certificate = parameters.self_signed(&key).map_err(library)?;
        let pem = certificate.pem();
        // A start between the two finds one file alone, and says so.
        self.write(KEY_FILE, &key.serialize_pem(), 0o600)?;
        self.write(CA_FILE, &pem, 0o644)?;
        self.ca(certificate.into(), pem, key)
    }

    /// Writes a file as a whole. `mode` is that of Unix.
    fn write(self, file: &str, text: &str, mode: u32) -> Result<(), TlsError> {
        let new = self.folder.join(format!(".{file}.new"));
        let written = fs::remove_file(&new).or_else(|error| match error.kind() {
            ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        });
        let written = written.and_then(|()| create_with_mode(&new, mode)).and_then(|mut opened| {
            opened.write_all(text.as_bytes())?;
            opened.sync_all()?;
            fs::rename(&new, self.folder.join(file))
        });
        written.map_err(|error| self.error(file, format!("cannot be written: {error}")))
    }
}

const REMEDY: &str = "delete what is left of the CA, and a new one is made";

#[cfg(unix)]
fn create_with_mode(path: &Path, mode: u32) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create_with_mode(path: &Path, _mode: u32) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// What the certificate of a CA says, apart from its dates. It depends on the key alone: the names of the CA in its own certificate
/// and in those that it issues are the same, and those of two CAs differ.
fn parameters(key: &KeyPair) -> CertificateParams {
    let digest = Sha256::digest(key.public_key_raw());
    let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name(&format!("directscale-emulator local CA {number:08x}"));
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, ORGANIZATION);
    name.push(DnType::CommonName, common_name);
    name
}

/// In whole days.
fn set_dates(parameters: &mut CertificateParams, not_before: DateTime<Utc>, not_after: DateTime<Utc>) {
    let [begin, end] = [not_before, not_after].map(|time| {
        let small = |number: u32| u8::try_from(number).expect("invariant: months and days are small");
        date_time_ymd(time.year(), small(time.month()), small(time.day()))
    });
    (parameters.not_before, parameters.not_after) = (begin, end);
}

fn library(error: impl fmt::Display) -> TlsError {
    TlsError::Library(error.to_string())
}

/// Whether a certificate can have this name.
///
/// # Errors
/// When it is neither the name of a host nor an IP address.
pub fn check_name(setting: &str, name: &str) -> Result<(), TlsError> {
    let pattern = name.strip_prefix("*.").unwrap_or(name);
    if name.parse::<IpAddr>().is_ok() || ServerName::try_from(pattern).is_ok() {
        return Ok(());
    }
    Err(TlsError::Name { setting: setting.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn open(folder: &Path, now: DateTime<Utc>) -> LocalCa {
        LocalCa::open("--tls-ca-folder", folder, now).expect("a CA")
    }

    #[test]
    fn servers_that_start_at_once_have_one_ca() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("tls");
        let now = Clock::Real.now();
        let found: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&folder, now).pem().to_owned())).collect();
            starts.into_iter().map(|start| start.join().expect("a start")).collect()
        });
        assert!(found.iter().all(|pem| *pem == found[0]), "{found:?}");
        assert_eq!(fs::read_to_string(folder.join(CA_FILE)).expect("a file"), found[0]);
    }

    #[test]
    fn a_ca_is_replaced_before_it_ends_and_no_certificate_outlives_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = Clock::Real.now();
        let first = open(folder.path(), now);
        let late = first.0.validity.not_after - LIFETIME - TimeDelta::hours(1);
        let again = open(folder.path(), late);
        assert_eq!(again.pem(), first.pem());
        let later = first.0.validity.not_after - TimeDelta::days(1);
        let issued = first.issue(&["localhost".to_owned()], later).expect("a certificate");
        assert_eq!(issued.validity.not_after, first.0.validity.not_after);
        let next = open(folder.path(), later);
        assert_ne!(next.pem(), first.pem());
        assert_eq!(next.vouches_for(&issued, later), None);
        let issued = next.issue(&["localhost".to_owned()], later).expect("a certificate");
        assert_eq!(next.vouches_for(&issued, later), Some(()));
    }

    #[test]
    fn names_of_hosts_and_addresses_are_names_of_a_certificate() {
        for name in ["localhost", "a.example", "*.a.example", "192.0.2.7", "2001:db8::1", "my_host"] {
            assert_eq!(check_name("", name), Ok(()), "{name}");
        }
        for name in ["", "not a name", "a..b", "*", "a.*.b", "https://a", "a:1", "[::1]", "é.example"] {
            assert!(check_name("", name).is_err(), "{name}");
        }
    }
}
