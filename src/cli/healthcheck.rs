//! The self-probe: the image's health check without a shell or curl, by the settings that the server itself reads.

use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::config::ListenAddress;

const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn healthcheck(listen: &ListenAddress) -> ExitCode {
    match tokio::time::timeout(PATIENCE, readyz(listen)).await {
        Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200 ") => ExitCode::SUCCESS,
        Ok(Ok(answer)) => unready(answer.split("\r\n\r\n").last().unwrap_or_default()),
        Ok(Err(error)) => unready(&format!("{listen}: {error}")),
        Err(_) => unready(&format!("{listen}: no answer within {} seconds", PATIENCE.as_secs())),
    }
}

fn unready(reason: &str) -> ExitCode {
    eprintln!("not ready: {reason}");
    ExitCode::FAILURE
}

async fn readyz(listen: &ListenAddress) -> std::io::Result<String> {
    // A server that listens on every address is asked on the nearest.
    let host = match listen.host.as_str() {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    };
    let mut stream = TcpStream::connect((host, listen.port)).await?;
    stream.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
