//! TLS of the server by its settings, and how clients of this program and others trust it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::{Certificate, Client, ClientBuilder};
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::output::quoted;
use crate::clock::Clock;
use crate::config::{ListenAddress, SettingArgs, Settings, Switch, setting};
use crate::server::Server;
use crate::tls::{
    CA_FILE, CertificateFiles, CertificateSource, LocalCa, ServerTls, SettingFile, TLS_FOLDER, check_name,
};

/// The settings of the server from which its clients learn whether it serves HTTPS.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ServedArgs {
    /// The server's own setting.
    #[arg(id = "tls_cert", long = "tls-cert", global = true, hide = true, env = setting::tls_cert.variable)]
    cert: Option<PathBuf>,
    /// The server's own setting.
    #[arg(
        id = "tls_self_signed", long = "tls-self-signed", global = true, hide = true, env = setting::tls_self_signed.variable,
        num_args = 0..=1, default_missing_value = "on"
    )]
    self_signed: Option<Switch>,
    /// The server's own setting.
    #[arg(id = "tls_ca_folder", long = "tls-ca-folder", global = true, hide = true, env = setting::tls_ca_folder.variable)]
    ca_folder: Option<PathBuf>,
}

impl ServedArgs {
    pub(super) fn add_to(&self, settings: &mut SettingArgs) {
        settings.tls.tls_cert.clone_from(&self.cert);
        settings.tls.tls_self_signed = self.self_signed;
        settings.tls.tls_ca_folder.clone_from(&self.ca_folder);
        // The CA is in it. One command has a flag of this name for another purpose.
        settings.database.data = std::env::var_os(setting::data.variable).map(PathBuf::from);
    }
}

/// The scheme of the server's addresses.
pub(super) fn scheme(settings: &Settings) -> &'static str {
    if settings.tls_cert.is_some() || settings.tls_self_signed == Switch::On { "https" } else { "http" }
}

/// The TLS of a server, and its local CA, if it has one. Empty for plain HTTP.
#[derive(Debug)]
pub(super) struct ListenerTls {
    tls: Option<ServerTls>,
    pub(super) ca: Option<LocalCa>,
}

impl ListenerTls {
    /// `machine` is the machine's name.
    pub(super) fn of(settings: &Settings, machine: &str) -> anyhow::Result<Self> {
        let (source, ca) = match (files(settings)?, settings.tls_self_signed) {
            (None, Switch::Off) => return Ok(Self { tls: None, ca: None }),
            (Some(_), Switch::On) => bail!(
                "{} and {} exclude each other: the certificate is either the local CA's or yours",
                setting::tls_self_signed.flag(),
                setting::tls_cert.flag()
            ),
            (Some(files), Switch::Off) => (CertificateSource::Files(files), None),
            (None, Switch::On) => {
                let names = names(settings, machine)?;
                let ca = LocalCa::open(&setting::tls_ca_folder.flag(), &ca_folder(settings), Clock::Real.now())?;
                (CertificateSource::LocalCa { ca: ca.clone(), names }, Some(ca))
            }
        };
        Ok(Self { tls: Some(ServerTls::new(source)?), ca })
    }

    /// Begins TLS on a connection; `None` for plain HTTP.
    pub(super) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.tls.as_ref().map(ServerTls::acceptor)
    }

    /// Keeps the certificate up to date, and gives that of the CA to clients of the server.
    pub(super) fn start(&self, server: &Server) {
        if let Some(ca) = &self.ca {
            server.set_ca(ca.pem());
        }
        if let Some(tls) = self.tls.clone() {
            server.supervisor().restarting("TLS certificate", move || tls.clone().keep_current());
        }
    }
}

/// The files of the certificate, if the settings name them.
fn files(settings: &Settings) -> anyhow::Result<Option<CertificateFiles>> {
    let (cert, key) = (setting::tls_cert.flag(), setting::tls_key.flag());
    match (&settings.tls_cert, &settings.tls_key) {
        (Some(cert_path), Some(key_path)) => Ok(Some(CertificateFiles {
            certificate: SettingFile { setting: cert, path: cert_path.clone() },
            key: SettingFile { setting: key, path: key_path.clone() },
        })),
        (Some(path), None) => bail!("{cert} {} needs its key: {key} is not set", path.display()),
        (None, Some(path)) => bail!("{key} {} needs its certificate: {cert} is not set", path.display()),
        (None, None) => Ok(None),
    }
}

fn ca_folder(settings: &Settings) -> PathBuf {
    settings.tls_ca_folder.clone().unwrap_or_else(|| settings.data.join(TLS_FOLDER))
}

/// The names of the server's certificate.
fn names(settings: &Settings, machine: &str) -> anyhow::Result<Vec<String>> {
    let extra = &settings.tls_names.0;
    for name in extra {
        check_name(&setting::tls_names.flag(), name)?;
    }
    let listen = [Some(&settings.listen), settings.admin_listen.as_ref()].into_iter().flatten();
    let hosts = listen.filter(|listen| !is_every_address(listen)).map(|listen| listen.host.as_str());
    let found = [machine].into_iter().chain(hosts).chain(settings.admin_hosts.0.iter().map(String::as_str));
    // They need not be names that a certificate can have.
    let found = found.filter(|name| check_name("", name).is_ok());
    let mut names: Vec<String> = Vec::new();
    for name in ["localhost", "127.0.0.1", "::1"].into_iter().chain(found).chain(extra.iter().map(String::as_str)) {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn is_every_address(listen: &ListenAddress) -> bool {
    matches!(listen.host.as_str(), "" | "0.0.0.0" | "::")
}

/// How clients trust the local CA, line by line.
pub(super) fn trust(ca: &LocalCa) -> Vec<String> {
    let path = shown_path(ca);
    [
        ("TLS", format!("certificate of the local CA {path}. To trust it:")),
        ("  curl", format!("curl --cacert {path} …")),
        ("  Node.js", format!("NODE_EXTRA_CA_CERTS={path}")),
        ("  Python", format!("REQUESTS_CA_BUNDLE={path}, or SSL_CERT_FILE={path} without requests")),
        ("  Ruby, PHP, Go, .NET on Linux", format!("SSL_CERT_FILE={path}")),
        (
            "  Java",
            format!(
                "keytool -importcert -noprompt -alias emulator -file {path} -keystore trust.p12 -storepass changeit, then java \
                 -Djavax.net.ssl.trustStore=trust.p12 -Djavax.net.ssl.trustStorePassword=changeit"
            ),
        ),
        ("  Windows and .NET there", format!("certutil -user -addstore Root {path}")),
        ("  macOS", format!("security add-trusted-cert -k ~/Library/Keychains/login.keychain-db {path}")),
        (
            "  Debian",
            format!("sudo cp {path} /usr/local/share/ca-certificates/emulator.crt && sudo update-ca-certificates"),
        ),
    ]
    .map(|(name, text)| format!("  {name:<9} {text}"))
    .to_vec()
}

/// The file of the CA's certificate as one word of a shell.
pub(super) fn shown_path(ca: &LocalCa) -> String {
    let path = std::path::absolute(ca.path()).unwrap_or_else(|_| ca.path());
    quoted(&path.display().to_string())
}

/// Whom a client of this program trusts.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    /// The authorities of this file and no others.
    only: Option<PathBuf>,
    /// The local CA of the server, if there is one.
    local_ca: PathBuf,
}

impl Trust {
    /// The authorities of a file, or those of the system and of the server that has these settings.
    pub(super) fn of(ca_file: Option<PathBuf>, settings: &Settings) -> Self {
        Self { only: ca_file, local_ca: ca_folder(settings).join(CA_FILE) }
    }

    /// A client of the server at this address.
    pub(super) fn client(&self, base: &Url) -> anyhow::Result<ClientBuilder> {
        let client = Client::builder().no_proxy();
        match &self.only {
            _ if base.scheme() != "https" => Ok(client),
            Some(file) => Ok(client.tls_certs_only(certificates("--ca-file", file)?)),
            None if self.local_ca.exists() => Ok(client.tls_certs_merge(certificates("the local CA", &self.local_ca)?)),
            None => Ok(client),
        }
    }
}

fn certificates(what: &str, file: &Path) -> anyhow::Result<Vec<Certificate>> {
    let read = std::fs::read(file).with_context(|| format!("{what} {} cannot be read", file.display()))?;
    // The library's error says less.
    let certificates = Certificate::from_pem_bundle(&read).unwrap_or_default();
    if certificates.is_empty() {
        bail!("{what} {} has no certificate in PEM, which begins with BEGIN CERTIFICATE", file.display());
    }
    Ok(certificates)
}
