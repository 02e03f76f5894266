//! `record`: a proxy between a program and a real service that stores their exchanges.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::net::TcpListener;

use super::output::{plain, say};
use super::serve::stop_on_signals;
use super::tls::Trust;
use crate::config::{ListenAddress, Settings};
use crate::outgoing::use_ring;
use crate::server::everywhere;
use crate::verify::{HarFile, Notice, Proxy, Summary, Target, configured};

#[derive(Debug, Clone, Args)]
pub(super) struct RecordCommand {
    /// The service, as `https://host`; over http only on this machine
    #[arg(long, value_name = "URL")]
    to: Target,
    /// Listen on this address; :PORT is every address of this machine, port 0 any free port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8090")]
    listen: ListenAddress,
    /// Write the exchanges to this HAR file, secrets masked
    #[arg(long, value_name = "FILE.har")]
    out: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    overwrite: bool,
    /// Trust only the certificate authorities in this PEM file [default: the system's and the local CA]
    #[arg(long, env = "EMULATOR_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

pub(super) async fn record(settings: &Settings, command: RecordCommand) -> anyhow::Result<ExitCode> {
    let RecordCommand { to, listen, out, overwrite, ca_file } = command;
    let mut stop = stop_on_signals()?;
    use_ring();
    let client = configured(Trust::of(ca_file, settings).client(to.url())?).build()?;
    let listener = bind(&listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let file = create(&out, &to, overwrite)?;
    say(format_args!("Requests to http://{address} go to {to}."));
    say(format_args!(
        "The exchanges are stored in {}, secrets masked. Ctrl-C ends.",
        plain(&out.display().to_string())
    ));
    if !listen.is_loopback() {
        say("warning: other machines can send requests through this address, and read keys on the way to it");
    }
    let stop = async {
        // The sender lives as long as its thread.
        let _ = stop.wait_for(|is_requested| *is_requested).await;
    };
    let Summary { stored, not_stored } = Proxy::new(client, to, file, print).await?.serve(listener, stop).await;
    let exchanges = if stored == 1 { "exchange is" } else { "exchanges are" };
    say(format_args!("{stored} {exchanges} stored in {}.", plain(&out.display().to_string())));
    if not_stored > 0 {
        bail!("{not_stored} more could not be stored");
    }
    Ok(ExitCode::SUCCESS)
}

async fn bind(listen: &ListenAddress) -> std::io::Result<TcpListener> {
    match listen.host.as_str() {
        "" => everywhere(listen.port).await,
        host => TcpListener::bind((host, listen.port)).await,
    }
}

fn create(path: &Path, to: &Target, overwrite: bool) -> anyhow::Result<HarFile> {
    let name = path.display();
    HarFile::create(path, &to.origin(), overwrite).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists if !overwrite => {
            anyhow::anyhow!("{name} exists: name another file, or replace it with --overwrite")
        }
        _ => anyhow::Error::new(error).context(format!("{name} cannot be written")),
    })
}

fn print(notice: Notice) {
    match notice {
        Notice::Exchange { status, method, path } => say(format_args!("{status} {method} {}", plain(&path))),
        Notice::Failed { method, path, reason } => {
            say(format_args!("failed: {method} {}: {}", plain(&path), plain(&reason)));
        }
        Notice::NotStored { reason } => {
            say(format_args!("warning: not stored: {}. Requests are passed on.", plain(&reason)));
        }
        Notice::StoredAgain => say("Exchanges are stored again."),
        Notice::NotAccepted { reason } => {
            say(format_args!("warning: a connection was not accepted: {}", plain(&reason)));
        }
    }
}
