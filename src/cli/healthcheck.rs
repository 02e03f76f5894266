//! The health check of the image, without a shell or curl. It reads the server's own settings.

use std::process::ExitCode;
use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::output::{out_json, plain, say};
use super::tls::scheme;
use crate::config::{ListenAddress, Settings};
use crate::outgoing::use_ring;

const TIMEOUT: Duration = Duration::from_secs(3);

/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 4096;

pub(super) async fn healthcheck(settings: &Settings, is_json: bool) -> anyhow::Result<ExitCode> {
    let listen = &settings.listen;
    let asking =
        async { if scheme(settings) == "https" { readyz_over_tls(listen).await } else { readyz(listen).await } };
    let reason = match tokio::time::timeout(TIMEOUT, asking).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Some(format!("{listen}: {error}")),
        Err(_) => Some(format!("{listen}: no response within {} seconds", TIMEOUT.as_secs())),
    };
    if is_json {
        out_json(&json!({ "ready": reason.is_none(), "reason": reason }))?;
    } else if let Some(reason) = &reason {
        say(format_args!("not ready: {}", plain(reason)));
    }
    Ok(if reason.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A server that listens on every address is checked on loopback.
fn host(listen: &ListenAddress) -> &str {
    match listen.host.as_str() {
        "" | "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    }
}

/// Why the server is not ready; `None` when it is.
async fn readyz(listen: &ListenAddress) -> anyhow::Result<Option<String>> {
    let mut stream = TcpStream::connect((host(listen), listen.port)).await?;
    stream.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let is_ready = answer.starts_with("HTTP/1.1 200 ");
    Ok((!is_ready).then(|| answer.split("\r\n\r\n").last().unwrap_or_default().to_owned()))
}

/// The same over TLS. The certificate is not checked, as in probes of Kubernetes: it need not be for this address, and nothing
/// secret is sent.
async fn readyz_over_tls(listen: &ListenAddress) -> anyhow::Result<Option<String>> {
    use_ring();
    let address = ListenAddress { host: host(listen).to_owned(), port: listen.port };
    let client = Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).build()?;
    let response = client.get(format!("https://{address}/readyz")).send().await?;
    let is_ready = response.status().is_success();
    let answer = response.text().await?;
    Ok((!is_ready).then_some(answer))
}
