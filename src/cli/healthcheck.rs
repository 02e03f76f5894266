//! The health check of the image, without a shell or curl. It reads the server's own settings.

use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use serde_json::json;

use super::output::{out_json, plain, say};
use crate::config::ListenAddress;

const TIMEOUT: Duration = Duration::from_secs(3);

pub(super) async fn healthcheck(listen: &ListenAddress, is_json: bool) -> anyhow::Result<ExitCode> {
    let reason = match tokio::time::timeout(TIMEOUT, readyz(listen)).await {
        Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200 ") => None,
        Ok(Ok(answer)) => Some(answer.split("\r\n\r\n").last().unwrap_or_default().to_owned()),
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

async fn readyz(listen: &ListenAddress) -> std::io::Result<String> {
    // A server that listens on every address is checked on loopback.
    let host = match listen.host.as_str() {
        "" | "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    };
    let mut stream = TcpStream::connect((host, listen.port)).await?;
    stream.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
