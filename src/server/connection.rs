//! A caller's connection: where it comes from, and that it can be reset.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::control::Peer;

/// What is known of a connection while its requests are answered.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub peer: Peer,
    is_reset: Arc<AtomicBool>,
}

impl Connection {
    /// A connection from `peer`, and its stream.
    pub(super) fn new(stream: TcpStream, peer: Peer) -> (Self, Resettable) {
        let is_reset = Arc::<AtomicBool>::default();
        (Self { peer, is_reset: Arc::clone(&is_reset) }, Resettable { stream, is_reset })
    }

    /// When the connection ends, it ends with a reset.
    pub(super) fn reset(&self) {
        self.is_reset.store(true, Ordering::Release);
    }
}

/// A stream that ends with a reset when it is told to.
#[derive(Debug)]
pub(super) struct Resettable {
    stream: TcpStream,
    is_reset: Arc<AtomicBool>,
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.is_reset.load(Ordering::Acquire) {
            // What is not sent yet is thrown away, and the other end hears of it. Without it, it would be an ordinary end.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_reset.load(Ordering::Acquire) {
            // An ordinary end would come before the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
