//! Response headers in the exact letter case that vendors' clients look for.
//!
//! Two public clients look `X-DirectScale-Message` up by its exact bytes. hyper writes lower case, and its title case gives
//! `X-Directscale-Message`; it cannot be handed a case map, but it keeps the one that its client reads with a response.
//! So at start-up its client reads one canned response whose headers are spelled as wanted, and what it kept is put into
//! every response that goes out. Names that are not in it go out in title case.

use axum::http::Extensions;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The headers that title case would misspell.
const CANNED: &[u8] = b"HTTP/1.1 200 OK\r\n\
    X-DirectScale-RequestId: 0\r\n\
    X-DirectScale-Message: 0\r\n\
    WWW-Authenticate: 0\r\n\
    Content-Length: 0\r\n\r\n";

/// The case map could not be made: a defect, which start-up reports.
#[derive(Debug, Error)]
#[error("the header case map cannot be made")]
pub struct HeaderCaseError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The case map, to be put into the extensions of every response.
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
        // Whatever was asked, this is the answer.
        let mut request = [0; 256];
        let _ = server.read(&mut request).await;
        let _ = server.write_all(CANNED).await;
    });
    let request = hyper::Request::get("/").body(http_body_util::Empty::new())?;
    let response = sender.send_request(request).await?;
    Ok(response.into_parts().0.extensions)
}
