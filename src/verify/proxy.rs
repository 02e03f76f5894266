//! A reverse proxy that stores the exchanges of a program with a service. It passes on what it receives, and only the file is masked.
//!
//! What it changes: the headers of the connection, the Host, the case of headers' names, and an Accept of `*/*` where a request has
//! none. Both sides speak HTTP/1.1; redirects are not followed.

mod body;
mod forward;
mod headers;
mod store;
mod target;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};

use super::har::HarFile;
use crate::error_chain::ErrorChain;
use crate::journal::redacted_path;
use crate::wire::header_case::{HeaderCaseError, case_map};
use body::ProxyBody;
use forward::{Failure, Forwarder};
use store::Store;

pub use target::Target;

/// The maximum number of connections at once. Further ones wait for one to end.
const MAX_CONNECTIONS: usize = 256;

/// The maximum number of exchanges whose bodies are in memory at once. Further requests wait.
const MAX_EXCHANGES: usize = 32;

/// How long a connection may be idle, or take to send a head.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// How long the end waits for requests in progress.
const DRAIN: Duration = Duration::from_secs(8);

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What happened, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The path is without secrets.
    Exchange {
        status: u16,
        method: String,
        path: String,
    },
    /// The service gave no response, or the client no request.
    Failed {
        method: String,
        path: String,
        reason: String,
    },
    /// The first of the exchanges that are passed on and not stored.
    NotStored {
        reason: String,
    },
    StoredAgain,
    /// A connection was not accepted.
    NotAccepted {
        reason: String,
    },
}

/// How many exchanges there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub stored: usize,
    pub not_stored: usize,
}

/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Proxy(Arc<Inner>);

struct Inner {
    forwarder: Forwarder,
    store: Store,
    places: Semaphore,
    notify: Box<dyn Fn(Notice) + Send + Sync>,
}

impl Proxy {
    /// A proxy to a service, which stores into a file. `notify` hears of each exchange.
    ///
    /// # Errors
    /// Only for a defect of this program.
    pub async fn new(
        client: reqwest::Client,
        target: Target,
        file: HarFile,
        notify: impl Fn(Notice) + Send + Sync + 'static,
    ) -> Result<Self, HeaderCaseError> {
        let forwarder = Forwarder::new(client, target, case_map().await?);
        let (store, places) = (Store::new(file), Semaphore::new(MAX_EXCHANGES));
        Ok(Self(Arc::new(Inner { forwarder, store, places, notify: Box::new(notify) })))
    }

    /// Serves until `stop` ends, then until every current request has its response, which is at most eight seconds.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) -> Summary {
        let (stopping, stopped) = watch::channel(());
        let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        // Every connection holds a sender, so that the receiver ends when the last connection has.
        let (open, mut ended) = mpsc::channel::<()>(1);
        let mut stop = pin!(stop);
        loop {
            let accepted = async {
                let place = Arc::clone(&connections).acquire_owned().await;
                (listener.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                accepted = accepted => accepted,
                () = &mut stop => break,
            };
            match accepted {
                Ok((stream, _)) => {
                    let (proxy, stopped, open) = (self.clone(), stopped.clone(), open.clone());
                    tokio::spawn(async move {
                        proxy.serve_connection(stream, stopped).await;
                        drop((place, open));
                    });
                }
                // Out of file descriptors, or a client that has disconnected already.
                Err(error) => {
                    (self.0.notify)(Notice::NotAccepted { reason: error.to_string() });
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        drop(open);
        stopping.send_replace(());
        let _ = timeout(DRAIN, ended.recv()).await;
        self.0.store.summary()
    }

    async fn serve_connection(&self, stream: TcpStream, mut stopped: watch::Receiver<()>) {
        let service = service_fn(|request| {
            let proxy = self.clone();
            async move { Ok::<_, Infallible>(proxy.answer(request).await) }
        });
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(IDLE_TIMEOUT).title_case_headers(true);
        let mut connection = pin!(server.serve_connection(TokioIo::new(stream), service));
        // An error is a client that went away, or a malformed request, which hyper has answered.
        tokio::select! {
            _ = connection.as_mut() => {}
            _ = stopped.changed() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }

    /// Runs an exchange to its end, also where the client goes away: the service may have acted on the request.
    async fn answer(&self, request: Request<Incoming>) -> Response<ProxyBody> {
        let proxy = self.clone();
        let answered = tokio::spawn(async move { proxy.exchange(request).await }).await;
        answered.unwrap_or_else(|_| body::text(StatusCode::BAD_GATEWAY, "the exchange failed"))
    }

    async fn exchange(&self, request: Request<Incoming>) -> Response<ProxyBody> {
        let inner = &*self.0;
        // The semaphore is never closed.
        let _place = inner.places.acquire().await;
        let method = request.method().to_string();
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let path = redacted_path(path, "-");
        match inner.forwarder.forward(request).await {
            Ok(forwarded) => {
                let status = forwarded.response.status().as_u16();
                let proxy = self.clone();
                let kept = tokio::task::spawn_blocking(move || proxy.0.store.keep(&forwarded.exchange)).await;
                if let Some(notice) = kept.ok().flatten() {
                    (inner.notify)(notice);
                }
                (inner.notify)(Notice::Exchange { status, method, path });
                forwarded.response
            }
            Err(failure) => {
                let reason = failure.to_string();
                let response = body::text(failure.status(), &format!("directscale-emulator record: {reason}"));
                (inner.notify)(Notice::Failed { method, path, reason });
                response
            }
        }
    }
}

/// The settings of the client to the service. A response is passed on, whatever it is.
pub fn configured(client: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    client
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(forward::CONNECT_TIMEOUT)
        .read_timeout(forward::MAX_SILENCE)
        .http1_title_case_headers()
}

/// An error with its causes, without the address, whose query can hold a key.
fn reason(error: reqwest::Error) -> String {
    ErrorChain(&error.without_url()).to_string()
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::Tunnel => StatusCode::METHOD_NOT_ALLOWED,
            Self::Path | Self::Request => StatusCode::BAD_REQUEST,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Service(_) => StatusCode::BAD_GATEWAY,
        }
    }
}
