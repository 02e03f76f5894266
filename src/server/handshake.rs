//! The begin of TLS on a connection: within the limits of a request's head, and with an answer for clients that send plain HTTP.

use std::io;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::Connection;
use crate::error_chain::ErrorChain;

/// How the begin of TLS ended.
pub(super) enum Handshake {
    Done(Box<TlsStream<TcpStream>>),
    /// The client sends plain HTTP.
    PlainHttp(TcpStream),
    /// There is no connection any more. The reason for the metrics; `None` where the client or the server's stop ended it.
    Failed(Option<&'static str>),
}

/// Begins TLS, unless `stopped` is earlier.
pub(super) async fn handshake(
    acceptor: &TlsAcceptor,
    tcp: TcpStream,
    client: &Connection,
    stopped: impl Future<Output = ()>,
) -> Handshake {
    let beginning = async {
        let mut first = [0];
        match tcp.peek(&mut first).await? {
            0 => Ok(Handshake::Failed(None)),
            // A method begins with a letter, and a message of TLS does not.
            _ if first[0].is_ascii_alphabetic() => Ok(Handshake::PlainHttp(tcp)),
            _ => io::Result::Ok(Handshake::Done(Box::new(acceptor.accept(tcp).await?))),
        }
    };
    tokio::select! {
        begun = timeout(client.timeouts().head, beginning) => match begun {
            Ok(Ok(begun)) => begun,
            Ok(Err(error)) => {
                // Scanners, and clients that do not trust the certificate: not a failure of this server.
                tracing::debug!(peer = %client.peer().0, error = %ErrorChain(&error), "a TLS handshake failed");
                Handshake::Failed(Some("tls_failed"))
            }
            Err(_) => Handshake::Failed(Some("tls_late")),
        },
        () = std::future::poll_fn(|context| client.poll_displaced(context)) => Handshake::Failed(Some("displaced")),
        () = stopped => Handshake::Failed(None),
    }
}
