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
use super::rejected::Rejected;
use super::request_body::MAX_DISCARD_BYTES;
use crate::control::Peer;
use crate::error_chain::ErrorChain;

/// How much is read at once of what is thrown away.
const CHUNK: usize = 64 * 1024;

/// How a connection comes to its end.
enum Ended {
    /// As HTTP has it, or by an error.
    ByHttp(hyper::Result<()>),
    /// Because the head of a request did not come in time.
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
    // Without it small answers wait for the caller's acknowledgements.
    let _ = stream.set_nodelay(true);
    let (known, stream) = Connection::new(stream, peer, timeouts);
    let service = service_fn(|request| {
        known.answering();
        let (server, known) = (Server::clone(&server), known.clone());
        async move { server.answer(request, &known).await }
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
            if !known.is_stopping() && stop.as_mut().poll(context).is_ready() {
                known.stop();
                Pin::new(&mut connection).graceful_shutdown();
            }
            loop {
                if let Poll::Ready(ended) = Pin::new(&mut connection).poll(context) {
                    return Poll::Ready(Ended::ByHttp(ended));
                }
                let Some((due, what)) = known.poll_due(context) else { return Poll::Pending };
                // A timer that rings too early is set again, which costs less than to set it for every request.
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
                    Overdue::Discard => known.end_discard(),
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
    let rejected = match ended {
        Ended::ByHttp(Ok(())) => None,
        Ended::HeadLate => Some(Rejected::late(timeouts.head.as_secs())),
        Ended::ByHttp(Err(error)) => {
            let rejected = Rejected::of(&error, known.withheld(), known.is_amid_head(), &received);
            if rejected.is_none() {
                // A caller who hangs up is no failure of ours.
                tracing::debug!(error = %ErrorChain(&error), "a connection ended early");
            }
            if known.is_reset() {
                // What is not sent yet is thrown away, and the other end hears of it.
                let _ = stream.set_zero_linger();
                return;
            }
            if rejected.is_none() && !known.is_lingering() {
                return;
            }
            rejected
        }
    };
    let answer = rejected.map(|rejected| server.reject(&rejected, peer));
    let is_lingering = answer.is_some() || known.is_lingering();
    close(stream, answer.as_deref(), is_lingering.then_some(timeouts.discard), &mut stopped).await;
}

async fn wait_for_stop(mut stopped: watch::Receiver<bool>) {
    // An error means that nobody is left who could tell.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Ends a connection after one more answer. A caller that still sends is read for a while: otherwise the operating system would
/// reset the connection, and throw away an answer that the caller has not read yet.
async fn close(
    mut stream: TcpStream,
    answer: Option<&[u8]>,
    linger: Option<Duration>,
    stopped: &mut watch::Receiver<bool>,
) {
    let Some(linger) = linger else {
        let _ = stream.shutdown().await;
        return;
    };
    let ending = async {
        if let Some(answer) = answer {
            stream.write_all(answer).await?;
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
