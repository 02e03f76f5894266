//! The stream of a connection, which reports to it what arrives, what is written, and what its client does not take.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::connection::Connection;

/// What a connection sends and receives on: TCP, or TLS on TCP.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {
    const IS_TLS: bool;

    fn tcp(&self) -> &TcpStream;

    /// Sends as much as the operating system takes at once.
    fn try_send(&mut self, bytes: &[u8])
    where
        Self: Sized,
    {
        let context = &mut Context::from_waker(Waker::noop());
        if Pin::new(&mut *self).poll_write(context, bytes).is_ready() {
            let _ = Pin::new(self).poll_flush(context);
        }
    }
}

impl Transport for TcpStream {
    const IS_TLS: bool = false;

    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Transport for TlsStream<TcpStream> {
    const IS_TLS: bool = true;

    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// The HTTP library does not shut it down: the code that takes it out does.
#[derive(Debug)]
pub(super) struct Stream<T> {
    transport: T,
    connection: Connection,
    /// Whether the client does not take what is written.
    is_stalled: bool,
}

impl<T: Transport> Stream<T> {
    pub(super) fn new(transport: T, connection: Connection) -> Self {
        Self { transport, connection, is_stalled: false }
    }

    pub(super) fn into_inner(self) -> T {
        self.transport
    }

    /// Reports whether the client takes what is written.
    fn written(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Pending => self.stalled(),
            Poll::Ready(Ok(bytes)) if self.is_stalled => self.connection.took(*bytes),
            Poll::Ready(_) => {}
        }
        written
    }

    fn stalled(&mut self) {
        if !self.is_stalled {
            self.is_stalled = true;
            self.connection.stalled();
        }
    }
}

impl<T: Transport> AsyncRead for Stream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.transport).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.connection.received(&buffer.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Transport> AsyncWrite for Stream<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.connection.withholds(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.transport).poll_write(context, bytes);
        self.written(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TLS has bytes of its own that the client may not take.
        let flushed = Pin::new(&mut self.transport).poll_flush(context);
        if flushed.is_pending() {
            self.stalled();
        }
        ready!(flushed)?;
        self.is_stalled = false;
        self.connection.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = buffers.iter().find(|buffer| !buffer.is_empty());
        if let Some(first) = first
            && self.connection.withholds(first)
        {
            return Poll::Ready(Ok(buffers.iter().map(|buffer| buffer.len()).sum()));
        }
        let written = Pin::new(&mut self.transport).poll_write_vectored(context, buffers);
        self.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }
}
