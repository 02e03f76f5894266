//! One connection from its first request until it is closed.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::Server;
use super::connection::{Connection, Overdue, Timeouts};
use super::discard::MAX_DISCARD_BYTES;
use super::malformed::MalformedRequest;
use crate::control::Peer;
use crate::error_chain::ErrorChain;

/// How many bytes are read at once of what is discarded.
const CHUNK: usize = 64 * 1024;

/// How a connection ends.
enum Ended {
    /// Regularly, or by an error.
    ByHttp(hyper::Result<()>),
    /// The head of a request did not arrive in time.
    HeadLate,
}

/// Answers the requests of a connection, one after another, until either side closes it or the server stops.
pub(super) async fn serve_connection(
    stream: TcpStream,
    peer: Peer,
    server: Arc<Server>,
    timeouts: Timeouts,
    mut stopped: watch::Receiver<bool>,
) {
    // Without it small responses wait for the client's acknowledgements.
    let _ = stream.set_nodelay(true);
    let (client, stream) = Connection::new(stream, peer, timeouts);
    let service = service_fn(|request| {
        client.answering();
        let (server, client) = (Server::clone(&server), client.clone());
        async move { server.respond(request, &client).await }
    });
    let mut connection = http1::Builder::new()
        // The library's own would cut off idle connections too.
        .header_read_timeout(None)
        .preserve_header_case(true)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    let ended = {
        let mut stop = pin!(wait_for_stop(stopped.clone()));
        let mut timer = pin!(sleep(timeouts.idle));
        std::future::poll_fn(|context| {
            if !client.is_stopping() && stop.as_mut().poll(context).is_ready() {
                client.stop();
                Pin::new(&mut connection).graceful_shutdown();
            }
            loop {
                if let Poll::Ready(ended) = Pin::new(&mut connection).poll(context) {
                    return Poll::Ready(Ended::ByHttp(ended));
                }
                let Some((due, what)) = client.poll_due(context) else { return Poll::Pending };
                // A timer that expires too early is set again, which costs less than to set it for every request.
                if due < timer.deadline() {
                    timer.as_mut().reset(due);
                }
                if timer.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                if Instant::now() < due {
                    timer.as_mut().reset(due);
                    continue;
                }
                match what {
                    Overdue::Discard => client.end_discard(),
                    Overdue::Head => return Poll::Ready(Ended::HeadLate),
                    Overdue::Request => {
                        Pin::new(&mut connection).graceful_shutdown();
                        let ended = match Pin::new(&mut connection).poll(context) {
                            Poll::Ready(ended) => ended,
                            Poll::Pending => Ok(()),
                        };
                        return Poll::Ready(Ended::ByHttp(ended));
                    }
                }
            }
        })
        .await
    };
    let parts = connection.into_parts();
    let (stream, received) = (parts.io.into_inner().into_inner(), parts.read_buf);
    let malformed = match ended {
        Ended::ByHttp(Ok(())) => None,
        Ended::HeadLate => Some(MalformedRequest::late(timeouts.head.as_secs())),
        Ended::ByHttp(Err(error)) => {
            let malformed = MalformedRequest::of(&error, client.withheld(), client.is_amid_head(), &received);
            if malformed.is_none() {
                // A client that hangs up is not a failure.
                tracing::debug!(error = %ErrorChain(&error), "a connection ended early");
            }
            if client.is_reset() {
                // What is not sent yet is discarded, and the client sees the reset.
                let _ = stream.set_zero_linger();
                return;
            }
            if malformed.is_none() && !client.is_lingering() {
                return;
            }
            malformed
        }
    };
    let response = malformed.map(|malformed| server.reject(&malformed, peer));
    let is_lingering = response.is_some() || client.is_lingering();
    close(stream, response.as_deref(), is_lingering.then_some(timeouts.discard), &mut stopped).await;
}

async fn wait_for_stop(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is to stop too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Ends a connection after one more response. Reads on for a while where the client still sends: otherwise the operating system
/// resets the connection, and discards a response that the client has not read yet.
async fn close(
    mut stream: TcpStream,
    response: Option<&[u8]>,
    linger: Option<Duration>,
    stopped: &mut watch::Receiver<bool>,
) {
    let Some(linger) = linger else {
        let _ = stream.shutdown().await;
        return;
    };
    let ending = async {
        if let Some(response) = response {
            stream.write_all(response).await?;
        }
        stream.shutdown().await?;
        let mut chunk = vec![0; CHUNK];
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
        _ = timeout(linger, ending) => {}
        () = wait_for_stop(stopped.clone()) => {}
    }
}
