//! A balancer in front of several servers: each connection goes to the next server, byte by byte. Nearly every test opens a connection
//! for each request, so that two requests in a row are answered by two servers.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Why one direction of a connection ended early.
#[derive(Debug)]
enum Broken {
    Read,
    Write,
}

/// Starts a balancer and returns its address.
pub async fn balance(servers: Vec<SocketAddr>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        for server in servers.into_iter().cycle() {
            let (client, _) = listener.accept().await.expect("a connection");
            tokio::spawn(forward(client, server));
        }
    });
    address
}

/// Forwards both directions, each with its own end. A connection that breaks on one side is reset on the other.
async fn forward(mut client: TcpStream, server: SocketAddr) {
    let mut server = TcpStream::connect(server).await.expect("the server listens");
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("an open connection");
    }
    let is_over = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let answered = Notify::new();
        let requests = async {
            let ended = copy(from_client, to_server).await;
            // A server that rejects early has answered before it stopped to read.
            if matches!(ended, Err(Broken::Write)) {
                answered.notified().await;
            }
            ended
        };
        let responses = async {
            let ended = copy(from_server, to_client).await;
            answered.notify_one();
            ended
        };
        tokio::try_join!(requests, responses).is_ok()
    };
    if !is_over {
        for stream in [&client, &server] {
            // It may be closed already.
            let _ = stream.set_zero_linger();
        }
    }
}

/// Copies until the reader ends, and then ends the writer.
async fn copy(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<(), Broken> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await.map_err(|_| Broken::Read)?;
        if length == 0 {
            return to.shutdown().await.map_err(|_| Broken::Write);
        }
        to.write_all(&buffer[..length]).await.map_err(|_| Broken::Write)?;
    }
}
