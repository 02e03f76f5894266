//! Postgres servers of an old version, or with passwords: as much of the protocol as a connection needs.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// What it does with a connection.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    /// Accepts all users and reports this version.
    Version(&'static str),
    /// Rejects all users with this code and message.
    Rejects(&'static str, &'static str),
}

/// Starts a server, which ends with the test run.
pub fn start(manner: Manner) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || serve(stream, manner));
        }
    });
    address
}

/// Returns `None` when the client closes the connection.
fn serve(mut stream: TcpStream, manner: Manner) -> Option<()> {
    // A client may request TLS before the start-up message. The answer is no.
    loop {
        let length = number(&mut stream)?;
        let code = number(&mut stream)?;
        let mut rest = vec![0; length as usize - 8];
        stream.read_exact(&mut rest).ok()?;
        if code != 80_877_103 {
            break;
        }
        stream.write_all(b"N").ok()?;
    }
    match manner {
        Manner::Rejects(code, message) => {
            let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0L334\0\0");
            stream.write_all(&message_of(b'E', fields.as_bytes())).ok()
        }
        Manner::Version(version) => {
            stream.write_all(&message_of(b'R', &0_u32.to_be_bytes())).ok()?;
            stream.write_all(&message_of(b'S', format!("server_version\0{version}\0").as_bytes())).ok()?;
            stream.write_all(&message_of(b'Z', b"I")).ok()?;
            loop {
                let mut kind = [0];
                stream.read_exact(&mut kind).ok()?;
                let mut rest = vec![0; number(&mut stream)? as usize - 4];
                stream.read_exact(&mut rest).ok()?;
                if kind == *b"Q" {
                    stream.write_all(&message_of(b'C', b"SET\0")).ok()?;
                    stream.write_all(&message_of(b'Z', b"I")).ok()?;
                }
            }
        }
    }
}

fn number(stream: &mut TcpStream) -> Option<u32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes).ok()?;
    Some(u32::from_be_bytes(bytes))
}

fn message_of(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).expect("a short message");
    [&[kind][..], &length.to_be_bytes(), content].concat()
}
