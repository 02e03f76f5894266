//! Response headers in the exact case that the vendors' clients look for.
//!
//! Two public clients look `X-DirectScale-Message` up by its exact bytes. hyper writes lower case, and its title case gives
//! `X-Directscale-Message`. It accepts no case map, but its client keeps the case of the headers that it reads. So at start-up
//! its client reads one canned response with the headers in the right case, and the extensions of that response are added to
//! every response of this server. All other names are written in title case.

use axum::http::Extensions;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The headers whose case is not title case.
const CANNED: &[u8] = b"HTTP/1.1 200 OK\r\n\
    X-DirectScale-RequestId: 0\r\n\
    X-DirectScale-Message: 0\r\n\
    WWW-Authenticate: 0\r\n\
    Content-Length: 0\r\n\r\n";

/// A defect, which start-up reports.
#[derive(Debug, Error)]
#[error("the header case map cannot be created")]
pub struct HeaderCaseError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The case map, to be added to the extensions of every response.
///
/// # Errors
/// When hyper's client does not read the canned response, which would be a defect.
pub async fn case_map() -> Result<Extensions, HeaderCaseError> {
    read_canned().await.map_err(HeaderCaseError)
}

async fn read_canned() -> Result<Extensions, Box<dyn std::error::Error + Send + Sync>> {
    let (client, mut server) = tokio::io::duplex(1024);
    let (mut sender, connection) = http1::Builder::new()
        .preserve_header_case(true)
        .handshake::<_, http_body_util::Empty<axum::body::Bytes>>(TokioIo::new(client))
        .await?;
    tokio::spawn(connection);
    tokio::spawn(async move {
        // The same response to any request.
        let mut request = [0; 256];
        let _ = server.read(&mut request).await;
        let _ = server.write_all(CANNED).await;
    });
    let request = hyper::Request::get("/").body(http_body_util::Empty::new())?;
    let response = sender.send_request(request).await?;
    Ok(response.into_parts().0.extensions)
}
