//! A network link to a server of this machine, which can be cut: then it drops what is sent, and no connection ends.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

#[derive(Debug)]
pub struct Link {
    pub port: u16,
    is_cut: Arc<AtomicBool>,
}

impl Link {
    /// To this port. It ends with the test run.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let link =
            Self { port: listener.local_addr().expect("an address").port(), is_cut: Arc::new(AtomicBool::new(false)) };
        let is_cut = Arc::clone(&link.is_cut);
        thread::spawn(move || {
            // Those of a link that is cut are never answered and never closed.
            let mut kept = Vec::new();
            for client in listener.incoming().map_while(Result::ok) {
                if is_cut.load(Ordering::SeqCst) {
                    kept.push(client);
                } else if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                    join(client, server, &is_cut);
                }
            }
        });
        link
    }

    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }
}

fn join(client: TcpStream, server: TcpStream, is_cut: &Arc<AtomicBool>) {
    let (other_client, other_server) = (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
    for (from, to) in [(client, server), (other_server, other_client)] {
        let _ = to.set_nodelay(true);
        let is_cut = Arc::clone(is_cut);
        thread::spawn(move || forward(from, to, &is_cut));
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, is_cut: &AtomicBool) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut bytes).unwrap_or_default();
        if is_cut.load(Ordering::SeqCst) {
            // Both sides stay open: neither hears of the other's end.
            thread::park();
        }
        if length == 0 || to.write_all(&bytes[..length]).is_err() {
            let _ = to.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}
