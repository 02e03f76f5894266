//! When another certificate takes the place of the one in use.

use std::time::Duration;

use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

use super::files::Contents;
use super::validity::shown;
use super::{Certificate, CertificateFiles, CertificateSource, TlsError};
use crate::clock::Clock;

/// How often the files are read. What two reads in a row find is complete.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long before its end a certificate of the local CA is replaced.
const RENEWED_BEFORE_END: TimeDelta = TimeDelta::days(30);

/// What was read: the digest of the files' contents, or of the reason why they cannot be read.
type Mark = [u8; 32];

/// Watches the source of a certificate.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    source: CertificateSource,
    /// When the certificate in use ends.
    not_after: chrono::DateTime<chrono::Utc>,
    seen: Seen,
}

/// What was seen of the files.
#[derive(Debug, Clone, Default)]
struct Seen {
    in_use: Mark,
    last: Mark,
    /// What cannot be used, and was logged.
    rejected: Option<Mark>,
}

impl Watch {
    /// The first certificate of a source. Warns of one that is not valid now.
    pub(super) fn new(source: CertificateSource) -> Result<(Self, Certificate), TlsError> {
        let (certificate, in_use) = match &source {
            CertificateSource::Files(files) => {
                let contents = files.read()?;
                (files.parse(&contents)?, contents.digest())
            }
            CertificateSource::LocalCa { ca, names } => (ca.issue(names, Clock::Real.now())?, Mark::default()),
        };
        warn_of_dates(&certificate);
        let seen = Seen { in_use, last: in_use, rejected: None };
        Ok((Self { not_after: certificate.validity.not_after, source, seen }, certificate))
    }

    /// Waits until there is another certificate.
    pub(super) async fn next(&mut self) -> Certificate {
        loop {
            tokio::time::sleep(INTERVAL).await;
            let found = match &self.source {
                CertificateSource::Files(files) => {
                    let reading = files.clone();
                    let Ok(read) = tokio::task::spawn_blocking(move || reading.read()).await else { continue };
                    self.seen.look(files, read)
                }
                CertificateSource::LocalCa { ca, names } => {
                    let now = Clock::Real.now();
                    let is_due = now > self.not_after - RENEWED_BEFORE_END;
                    if is_due { ca.issue(names, now).inspect_err(log_failure).ok() } else { None }
                }
            };
            if let Some(certificate) = found {
                self.not_after = certificate.validity.not_after;
                tracing::info!(not_after = shown(self.not_after), "another TLS certificate is in use");
                warn_of_dates(&certificate);
                return certificate;
            }
        }
    }
}

impl Seen {
    /// The certificate of the files, if they have changed, are complete and can be used.
    fn look(&mut self, files: &CertificateFiles, read: Result<Contents, TlsError>) -> Option<Certificate> {
        let mark = match &read {
            Ok(contents) => contents.digest(),
            Err(error) => Sha256::digest(error.to_string().as_bytes()).into(),
        };
        let is_complete = std::mem::replace(&mut self.last, mark) == mark;
        if mark == self.in_use {
            self.rejected = None;
        }
        if mark == self.in_use || !is_complete || self.rejected == Some(mark) {
            return None;
        }
        match read.and_then(|contents| files.parse(&contents)) {
            Ok(certificate) => {
                (self.in_use, self.rejected) = (mark, None);
                Some(certificate)
            }
            Err(error) => {
                self.rejected = Some(mark);
                log_failure(&error);
                None
            }
        }
    }
}

fn log_failure(error: &TlsError) {
    tracing::warn!(reason = %error, "the TLS certificate was not replaced: the one before stays in use");
}

fn warn_of_dates(certificate: &Certificate) {
    if let Some(problem) = certificate.validity.problem(Clock::Real.now()) {
        tracing::warn!(problem, "clients reject the TLS certificate");
    }
}
