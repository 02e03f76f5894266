//! A pooler that gives the transactions of all clients to the same few sessions of Postgres, as `PgBouncer` did before 1.21: it does not
//! know which statements are prepared where. It ends with the test run.

use std::io::{self, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooled {
    Sessions,
    Transactions,
}

#[derive(Debug)]
struct Shared {
    postgres: u16,
    pooled: Pooled,
    /// Sessions that serve no client. The one that was used last is used next.
    idle: Mutex<Vec<Session>>,
}

#[derive(Debug)]
struct Session {
    stream: TcpStream,
    /// What Postgres sent when the session began, up to the first message that it is ready.
    greeting: Vec<u8>,
}

/// Starts a pooler in front of the Postgres of this port, which trusts everybody. Returns its own port.
pub fn start(postgres: u16, pooled: Pooled) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let shared = Arc::new(Shared { postgres, pooled, idle: Mutex::default() });
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let shared = Arc::clone(&shared);
            // A client that breaks off ends its session too.
            thread::spawn(move || serve(client, &shared));
        }
    });
    port
}

fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut startup = packet(&mut client)?;
    if startup.starts_with(&80_877_103_i32.to_be_bytes()) {
        // It has no TLS.
        client.write_all(b"N")?;
        startup = packet(&mut client)?;
    }
    let mut session = Some(shared.session(&startup)?);
    client.write_all(&session.as_ref().expect("a session").greeting)?;
    shared.release(&mut session);
    loop {
        let (kind, message) = message(&mut client)?;
        if kind == b'X' {
            shared.idle.lock().expect("no panic").extend(session);
            return Ok(());
        }
        let used = match &mut session {
            Some(used) => used,
            none => none.insert(shared.session(&startup)?),
        };
        used.stream.write_all(&message)?;
        if (kind == b'Q' || kind == b'S') && relay(&mut used.stream, &mut client)? {
            shared.release(&mut session);
        }
    }
}

impl Shared {
    fn session(&self, startup: &[u8]) -> io::Result<Session> {
        if let Some(session) = self.idle.lock().expect("no panic").pop() {
            return Ok(session);
        }
        let mut stream = TcpStream::connect(("127.0.0.1", self.postgres))?;
        let body =
            [&196_608_i32.to_be_bytes()[..], &of_startup(startup, "user"), &of_startup(startup, "database"), &[0]];
        let body = body.concat();
        let length = i32::try_from(body.len() + 4).expect("a short one");
        stream.write_all(&[&length.to_be_bytes()[..], &body].concat())?;
        let mut greeting = Vec::new();
        loop {
            let (kind, message) = message(&mut stream)?;
            greeting.extend(message);
            if kind == b'Z' {
                return Ok(Session { stream, greeting });
            }
        }
    }

    /// After a transaction.
    fn release(&self, session: &mut Option<Session>) {
        if self.pooled == Pooled::Transactions {
            self.idle.lock().expect("no panic").extend(session.take());
        }
    }
}

/// Sends a client what Postgres answers. Returns whether no transaction is open thereafter.
fn relay(postgres: &mut TcpStream, client: &mut TcpStream) -> io::Result<bool> {
    loop {
        let (kind, message) = message(postgres)?;
        client.write_all(&message)?;
        if kind == b'Z' {
            return Ok(message.last() == Some(&b'I'));
        }
    }
}

/// A parameter of a startup packet, with its name, each ended by a zero.
fn of_startup(startup: &[u8], name: &str) -> Vec<u8> {
    let mut parts = startup[4..].split(|byte| *byte == 0);
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        if key == name.as_bytes() {
            return [key, &[0], value, &[0]].concat();
        }
    }
    panic!("no {name}");
}

/// A packet without a kind, without its length.
fn packet(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut body = vec![0; usize::try_from(i32::from_be_bytes(length)).expect("a length") - 4];
    stream.read_exact(&mut body)?;
    Ok(body)
}

/// A message as it is, and its kind.
fn message(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let length = i32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    let mut message = vec![0; usize::try_from(length).expect("a length") + 1];
    message[..5].copy_from_slice(&head);
    stream.read_exact(&mut message[5..])?;
    Ok((head[0], message))
}
