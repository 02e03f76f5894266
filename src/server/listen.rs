//! The listener: accepts connections, serves each, and lets them end when asked to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::Server;
use super::connection::Timeouts;
use super::serve_connection::serve_connection;
use crate::config::ListenAddress;
use crate::control::Peer;
use crate::error_chain::ErrorChain;

/// A bound address.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    timeouts: Timeouts,
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
        let socket = TcpListener::bind((address.host.as_str(), address.port)).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address, timeouts: Timeouts::default() })
    }

    /// The same, with other timeouts.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// The address that was bound, with its real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the handle says stop, then until every request under way has its answer. The returned future runs
    /// it; the handle may be used from anywhere.
    pub fn serve(self, server: Server) -> (ShutdownHandle, impl Future<Output = ()> + Send + 'static) {
        let (stop, stopped) = watch::channel(false);
        let serving = async move {
            let server = Arc::new(server);
            // Every connection holds one end, so that the other one closes when the last of them has ended.
            let (under_way, mut ended) = mpsc::channel::<()>(1);
            let mut stopping = stopped.clone();
            loop {
                tokio::select! {
                    accepted = self.socket.accept() => match accepted {
                        Ok((stream, peer)) => {
                            let (server, stopped, under_way) = (Arc::clone(&server), stopped.clone(), under_way.clone());
                            tokio::spawn(async move {
                                serve_connection(stream, Peer(peer.ip()), server, self.timeouts, stopped).await;
                                drop(under_way);
                            });
                        }
                        // Out of file descriptors, or a caller who was gone at once: not a reason to stop.
                        Err(error) => {
                            tracing::warn!(error = %ErrorChain(&error), "a connection was not accepted");
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                    },
                    // Told to stop, or nobody is left who could tell.
                    _ = stopping.changed() => break,
                }
            }
            drop(self.socket);
            drop(under_way);
            ended.recv().await;
        };
        (ShutdownHandle(stop), serving)
    }
}
