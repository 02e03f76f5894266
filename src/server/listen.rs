//! The listener: accepts connections, serves each, and lets them end when asked to stop.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::Server;
use super::connection::Connection;
use crate::config::ListenAddress;
use crate::control::Peer;
use crate::error_chain::ErrorChain;

/// How long a caller may take to send the head of a request.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);

/// A bound address.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

/// Asks a listener to stop.
#[derive(Debug)]
pub struct ShutdownHandle(watch::Sender<bool>);

impl ShutdownHandle {
    /// Takes no more connections; requests under way end first.
    pub fn shut_down(&self) {
        self.0.send_replace(true);
    }
}

impl Listener {
    /// Binds the address.
    ///
    /// # Errors
    /// When the address is in use, not this machine's, or not allowed.
    pub async fn bind(address: &ListenAddress) -> std::io::Result<Self> {
        let listener = TcpListener::bind((address.host.as_str(), address.port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address that was bound, with its real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the handle says stop, then until every request under way has its answer. The returned future runs
    /// it; the handle may be used from anywhere.
    pub fn serve(self, server: Server) -> (ShutdownHandle, impl Future<Output = ()> + Send + 'static) {
        let (stop, mut stopped) = watch::channel(false);
        let serving = async move {
            let graceful = GracefulShutdown::new();
            loop {
                tokio::select! {
                    accepted = self.listener.accept() => match accepted {
                        Ok((stream, peer)) => serve_connection(stream, Peer(peer.ip()), server.clone(), &graceful),
                        // Out of file descriptors, or a caller who was gone at once: not a reason to stop.
                        Err(error) => {
                            tracing::warn!(error = %ErrorChain(&error), "a connection was not accepted");
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                    },
                    // Told to stop, or nobody is left who could tell.
                    _ = stopped.changed() => break,
                }
            }
            drop(self.listener);
            graceful.shutdown().await;
        };
        (ShutdownHandle(stop), serving)
    }
}

fn serve_connection(stream: TcpStream, peer: Peer, server: Server, graceful: &GracefulShutdown) {
    // Without it small answers wait for the caller's acknowledgements.
    let _ = stream.set_nodelay(true);
    let (known, stream) = Connection::new(stream, peer);
    let service = service_fn(move |request| {
        let (server, known) = (server.clone(), known.clone());
        async move { server.answer(request, &known).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .preserve_header_case(true)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // A caller who hangs up, or who does not speak HTTP, is no failure of ours.
        if let Err(error) = connection.await {
            tracing::debug!(error = %ErrorChain(&error), "a connection ended early");
        }
    });
}
