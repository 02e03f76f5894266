//! The listener: accepts connections, serves each, and lets them end at a shutdown.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use super::Server;
use super::connection::Timeouts;
use super::serve_connection::serve_connection;
use crate::config::ListenAddress;
use crate::control::Peer;
use crate::error_chain::ErrorChain;

/// How often to look for a port that is free in both address families.
const PORT_ATTEMPTS: usize = 20;

/// A bound address; two for `localhost`, which is one in each family.
#[derive(Debug)]
pub struct Listener {
    listeners: Vec<TcpListener>,
    address: SocketAddr,
    timeouts: Timeouts,
}

/// Asks a listener to stop.
#[derive(Debug)]
pub struct ShutdownHandle(watch::Sender<bool>);

impl ShutdownHandle {
    /// Accepts no more connections, and lets current requests end.
    pub fn shut_down(&self) {
        self.0.send_replace(true);
    }
}

impl Listener {
    /// Binds the address.
    ///
    /// # Errors
    /// When the address is in use, not this machine's, or not permitted.
    pub async fn bind(address: &ListenAddress) -> std::io::Result<Self> {
        let listeners = match address.host.as_str() {
            "" => vec![everywhere(address.port).await?],
            host if host.eq_ignore_ascii_case("localhost") => loopback(address.port).await?,
            host => vec![TcpListener::bind((host, address.port)).await?],
        };
        let address = listeners[0].local_addr()?;
        Ok(Self { listeners, address, timeouts: Timeouts::default() })
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

    /// Serves until the handle shuts it down, then until every current request has its response. The returned future does the
    /// work; the handle can be used from anywhere.
    pub fn serve(self, server: Server) -> (ShutdownHandle, impl Future<Output = ()> + Send + 'static) {
        let (stop, stopped) = watch::channel(false);
        let serving = async move {
            let server = Arc::new(server);
            // Every connection holds a sender, so that the receiver ends when the last connection has.
            let (open, mut ended) = mpsc::channel::<()>(1);
            let mut stopping = stopped.clone();
            loop {
                tokio::select! {
                    accepted = accept(&self.listeners) => match accepted {
                        Ok((stream, peer)) => {
                            let (server, stopped, open) = (Arc::clone(&server), stopped.clone(), open.clone());
                            tokio::spawn(async move {
                                serve_connection(stream, Peer(peer.ip()), server, self.timeouts, stopped).await;
                                drop(open);
                            });
                        }
                        // Out of file descriptors, or a client that has disconnected already: not a reason to stop.
                        Err(error) => {
                            tracing::warn!(error = %ErrorChain(&error), "a connection was not accepted");
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                    },
                    // A signal to stop, or its sender is gone.
                    _ = stopping.changed() => break,
                }
            }
            drop(self.listeners);
            drop(open);
            ended.recv().await;
        };
        (ShutdownHandle(stop), serving)
    }
}

/// Every address of this machine, of both families where it has both.
async fn everywhere(port: u16) -> std::io::Result<TcpListener> {
    match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        Err(error) if has_no_such_family(&error) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await,
        bound => bound,
    }
}

/// Loopback in both families, on one port: clients resolve `localhost` to either of the two addresses.
async fn loopback(port: u16) -> std::io::Result<Vec<TcpListener>> {
    let mut attempts = 0..PORT_ATTEMPTS;
    loop {
        let first = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Err(error) if has_no_such_family(&error) => {
                return Ok(vec![TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await?]);
            }
            bound => bound?,
        };
        match TcpListener::bind((Ipv6Addr::LOCALHOST, first.local_addr()?.port())).await {
            Ok(second) => return Ok(vec![first, second]),
            Err(error) if has_no_such_family(&error) => return Ok(vec![first]),
            // The port that is free in one family is in use in the other.
            Err(_) if port == 0 && attempts.next().is_some() => {}
            Err(error) => return Err(error),
        }
    }
}

fn has_no_such_family(error: &std::io::Error) -> bool {
    // EAFNOSUPPORT has no kind of its own.
    error.kind() == std::io::ErrorKind::AddrNotAvailable || matches!(error.raw_os_error(), Some(97 | 47))
}

/// The next connection of any of the listeners.
async fn accept(listeners: &[TcpListener]) -> std::io::Result<(TcpStream, SocketAddr)> {
    std::future::poll_fn(|context| {
        for listener in listeners {
            if let Poll::Ready(accepted) = listener.poll_accept(context) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}
