//! The listener: accepts connections, serves each from its first request until it is closed, and lets them end at a shutdown.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::Server;
use super::connection::{Connection, MAX_DISCARD_BYTES, Overdue, Timeouts, Wait};
use super::connections::{Connections, Place};
use super::handshake::{Handshake, handshake};
use super::malformed::{MAX_HEAD_BYTES, MalformedRequest};
use super::stream::{Stream, Transport};
use crate::config::ListenAddress;
use crate::error_chain::ErrorChain;
use crate::guesses::Peer;

/// How often to look for a port that is free in both address families.
const PORT_ATTEMPTS: usize = 20;

/// How many connections a listener serves at once where no setting says otherwise.
const MAX_CONNECTIONS: usize = 10_240;

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound address; two for `localhost`, which is one in each family.
pub struct Listener {
    listeners: Vec<TcpListener>,
    address: SocketAddr,
    timeouts: Timeouts,
    max_connections: usize,
    /// `None` for plain HTTP.
    tls: Option<TlsAcceptor>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Listener").field("address", &self.address).finish_non_exhaustive()
    }
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
        Ok(Self { listeners, address, timeouts: Timeouts::default(), max_connections: MAX_CONNECTIONS, tls: None })
    }

    /// The same, with another limit of connections.
    #[must_use]
    pub fn with_max_connections(self, max_connections: usize) -> Self {
        Self { max_connections, ..self }
    }

    /// The same, with other timeouts.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// The same over TLS, if any.
    #[must_use]
    pub fn with_tls(self, tls: Option<TlsAcceptor>) -> Self {
        Self { tls, ..self }
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
            let connections = Connections::new(self.max_connections);
            // Every connection holds a sender, so that the receiver ends when the last connection has.
            let (open, mut ended) = mpsc::channel::<()>(1);
            let mut stopping = stopped.clone();
            loop {
                let accepted = tokio::select! {
                    accepted = accept(&self.listeners) => accepted,
                    // A signal to stop, or its sender is gone.
                    _ = stopping.changed() => break,
                };
                match accepted {
                    Ok((stream, peer)) => {
                        let client = Connection::new(Peer(peer.ip()), self.timeouts);
                        let Some(place) = connections.enter(&client).await else {
                            reject_connection(&stream, &server, client.peer(), self.tls.is_some());
                            continue;
                        };
                        let (server, stopped) = (Arc::clone(&server), stopped.clone());
                        let accepted = Accepted { stream, client, server, stopped, _place: place, _open: open.clone() };
                        // Two tasks, because that of TLS needs more memory.
                        match self.tls.clone() {
                            None => tokio::spawn(accepted.serve()),
                            Some(tls) => tokio::spawn(accepted.serve_over_tls(tls)),
                        };
                    }
                    // Out of file descriptors, or a client that has disconnected already: not a reason to stop.
                    Err(error) => {
                        tracing::warn!(error = %ErrorChain(&error), "a connection was not accepted");
                        connections.make_room();
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
            drop(self.listeners);
            drop(open);
            ended.recv().await;
        };
        (ShutdownHandle(stop), serving)
    }
}

/// A connection that has a place, which it keeps until its end.
struct Accepted {
    stream: TcpStream,
    client: Connection,
    server: Arc<Server>,
    stopped: watch::Receiver<bool>,
    _place: Place,
    _open: mpsc::Sender<()>,
}

impl Accepted {
    async fn serve(self) {
        let Self { stream, client, server, stopped, _place, _open } = self;
        let _counted = server.shared.metrics.count_connection();
        serve_connection(stream, client, server.clone(), stopped).await;
    }

    async fn serve_over_tls(self, tls: TlsAcceptor) {
        let Self { stream, client, server, mut stopped, _place, _open } = self;
        let _counted = server.shared.metrics.count_connection();
        match handshake(&tls, stream, &client, wait_for_stop(stopped.clone())).await {
            Handshake::Done(stream) => {
                client.begin();
                Box::pin(serve_connection(*stream, client, server.clone(), stopped)).await;
            }
            Handshake::PlainHttp(stream) => {
                let response = server.reject(&MalformedRequest::plain_http(), client.peer());
                close(stream, &client, Some(response), &mut stopped).await;
            }
            Handshake::Failed(reason) => {
                if let Some(reason) = reason {
                    server.shared.metrics.connection_closed(reason);
                }
            }
        }
    }
}

/// Answers a connection for which there is no room. A client of TLS could not read the answer: its connection is closed.
fn reject_connection(stream: &TcpStream, server: &Server, peer: Peer, is_tls: bool) {
    server.shared.metrics.connection_refused();
    let response = server.reject(&MalformedRequest::too_many_connections(), peer);
    if !is_tls {
        // As much as the operating system takes at once.
        let _ = stream.try_write(&response);
    }
}

/// Every address of this machine, of both families where it has both.
pub(crate) async fn everywhere(port: u16) -> std::io::Result<TcpListener> {
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

/// How many bytes are read at once of what is discarded.
const CHUNK: usize = 8 * 1024;

/// How a connection ends.
enum Ended {
    /// Regularly, or by an error.
    ByHttp(hyper::Result<()>),
    /// The client did not begin another request.
    Idle(hyper::Result<()>),
    /// The head of a request did not arrive in time.
    HeadLate,
    /// The client did not take its response.
    Stalled,
    /// Another connection gets its place.
    Displaced(Wait),
}

/// Answers the requests of a connection, one after another, until either side closes it or the server stops.
async fn serve_connection<T: Transport>(
    stream: T,
    client: Connection,
    server: Arc<Server>,
    mut stopped: watch::Receiver<bool>,
) {
    // Without it small responses wait for the client's acknowledgements.
    let _ = stream.tcp().set_nodelay(true);
    let service = service_fn(|request| {
        client.answering();
        let (server, client) = (Arc::clone(&server), client.clone());
        async move { server.respond(request, &client, T::IS_TLS).await }
    });
    let mut connection = http1::Builder::new()
        // The library's own would cut off idle connections too.
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD_BYTES)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(Stream::new(stream, client.clone())), service);
    let ended = run(&mut connection, http1::Connection::graceful_shutdown, &client, stopped.clone()).await;
    let parts = connection.into_parts();
    let (mut stream, received) = (parts.io.into_inner().into_inner(), parts.read_buf);
    server.connection_ended(&ended);
    match ended {
        Ended::ByHttp(Ok(())) | Ended::Idle(Ok(())) => close(stream, &client, None, &mut stopped).await,
        Ended::HeadLate => {
            let late = MalformedRequest::late(client.timeouts().head.as_secs());
            close(stream, &client, Some(server.reject(&late, client.peer())), &mut stopped).await;
        }
        Ended::ByHttp(Err(error)) | Ended::Idle(Err(error)) => {
            let malformed = MalformedRequest::of(&error, client.withheld(), client.is_amid_head(), &received);
            if malformed.is_none() {
                // A client that hangs up is not a failure.
                tracing::debug!(error = %ErrorChain(&error), "a connection ended early");
            }
            if client.is_reset() {
                // What is not sent yet is discarded, and the client sees the reset.
                let _ = stream.tcp().set_zero_linger();
            } else if malformed.is_some() || client.is_lingering() {
                let response = malformed.map(|malformed| server.reject(&malformed, client.peer()));
                close(stream, &client, response, &mut stopped).await;
            }
        }
        // What is not sent yet is discarded, so that it takes no memory.
        Ended::Stalled => drop(stream.tcp().set_zero_linger()),
        Ended::Displaced(wait) => {
            if wait.is_amid_request {
                stream.try_send(&server.reject(&MalformedRequest::displaced(), client.peer()));
            }
        }
    }
}

/// Drives a connection until it ends. `shut_down` lets it end after the current request.
async fn run<C: Future<Output = hyper::Result<()>> + Unpin>(
    connection: &mut C,
    shut_down: fn(Pin<&mut C>),
    client: &Connection,
    stopped: watch::Receiver<bool>,
) -> Ended {
    let mut stop = pin!(wait_for_stop(stopped));
    let mut timer = pin!(sleep(client.timeouts().idle));
    std::future::poll_fn(|context| {
        if !client.is_stopping() && stop.as_mut().poll(context).is_ready() {
            client.stop();
            shut_down(Pin::new(connection));
        }
        loop {
            if let Poll::Ready(ended) = Pin::new(&mut *connection).poll(context) {
                return Poll::Ready(Ended::ByHttp(ended));
            }
            let Some((due, what)) = client.poll_due(context) else { return Poll::Pending };
            if !is_due(timer.as_mut(), due, context) {
                return Poll::Pending;
            }
            match what {
                Overdue::Discard => client.end_discard(),
                Overdue::Head => return Poll::Ready(Ended::HeadLate),
                Overdue::Write => return Poll::Ready(Ended::Stalled),
                Overdue::Room(wait) => return Poll::Ready(Ended::Displaced(wait)),
                Overdue::Request => {
                    shut_down(Pin::new(connection));
                    let ended = match Pin::new(&mut *connection).poll(context) {
                        Poll::Ready(ended) => ended,
                        Poll::Pending => Ok(()),
                    };
                    return Poll::Ready(Ended::Idle(ended));
                }
            }
        }
    })
    .await
}

/// Whether a time has come. A timer that expires too early is set again, which costs less than to set it for every request.
fn is_due(mut timer: Pin<&mut Sleep>, due: Instant, context: &mut Context<'_>) -> bool {
    if due < timer.deadline() {
        timer.as_mut().reset(due);
    }
    while timer.as_mut().poll(context).is_ready() {
        if Instant::now() >= due {
            return true;
        }
        timer.as_mut().reset(due);
    }
    false
}

async fn wait_for_stop(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is to stop too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Ends a connection after one more response. Reads on for a while where the client still sends: otherwise the operating system
/// resets the connection, and discards a response that the client has not read yet.
async fn close<T: Transport>(
    mut stream: T,
    client: &Connection,
    response: Option<Vec<u8>>,
    stopped: &mut watch::Receiver<bool>,
) {
    let is_lingering = response.is_some() || client.is_lingering();
    client.closing();
    let ending = async {
        if let Some(response) = response {
            stream.write_all(&response).await?;
        }
        stream.shutdown().await?;
        if !is_lingering {
            return Ok(());
        }
        let mut chunk = [0; CHUNK];
        let mut left = MAX_DISCARD_BYTES;
        while left > 0 {
            let length = stream.read(&mut chunk).await?;
            if length == 0 {
                break;
            }
            left = left.saturating_sub(length as u64);
        }
        std::io::Result::Ok(())
    };
    tokio::select! {
        biased;
        _ = timeout(client.timeouts().discard, ending) => {}
        () = std::future::poll_fn(|context| client.poll_displaced(context)) => {}
        () = wait_for_stop(stopped.clone()) => {}
    }
}

impl Server {
    fn connection_ended(&self, ended: &Ended) {
        let reason = match ended {
            Ended::ByHttp(_) => return,
            Ended::Idle(_) => "idle",
            Ended::HeadLate => "head_late",
            Ended::Stalled => "response_not_read",
            Ended::Displaced(_) => "displaced",
        };
        self.shared.metrics.connection_closed(reason);
    }
}
