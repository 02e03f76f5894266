//! The open connections of a listener, of which there are at most a stated number. One more takes the place of those that have waited
//! longest for their clients, so that clients that do nothing do not keep others out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::connection::Connection;

/// The part of the places that is freed at once: the search looks at every connection.
const FREED: usize = 64;

/// How long a new connection waits until those that make room have ended.
const WAIT: Duration = Duration::from_secs(1);

/// How long a search that found nothing is not repeated.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max: usize,
    open: Mutex<Open>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Open {
    latest: u64,
    connections: HashMap<u64, Connection>,
    /// When a search last found no connection that could make room.
    found_none_at: Option<Instant>,
}

/// The place of a connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    shared: Arc<Shared>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.open().connections.remove(&self.number);
        self.shared.left.notify_one();
    }
}

impl Connections {
    pub(super) fn new(max: usize) -> Self {
        Self(Arc::new(Shared { max, open: Mutex::default(), left: Notify::new() }))
    }

    /// A place for a connection. `None` where all others are being answered.
    pub(super) async fn enter(&self, connection: &Connection) -> Option<Place> {
        let place = self.try_enter(connection);
        if place.is_some() || !self.make_room() {
            return place;
        }
        let entered = timeout(WAIT, async {
            loop {
                // A place that was freed before is remembered.
                self.0.left.notified().await;
                if let Some(place) = self.try_enter(connection) {
                    return place;
                }
            }
        });
        entered.await.ok()
    }

    fn try_enter(&self, connection: &Connection) -> Option<Place> {
        let mut open = self.0.open();
        if open.connections.len() >= self.0.max {
            return None;
        }
        open.latest += 1;
        let number = open.latest;
        open.connections.insert(number, connection.clone());
        Some(Place { number, shared: Arc::clone(&self.0) })
    }

    /// Lets the connections end that have waited longest for their clients, of the peer that has the most: idle ones first, then those
    /// whose request or response is on its way. False where there is none.
    pub(super) fn make_room(&self) -> bool {
        let mut open = self.0.open();
        if open.found_none_at.is_some_and(|searched| searched.elapsed() < PAUSE) {
            return false;
        }
        let displaced = displace(open.connections.values(), self.0.max / FREED + 1);
        open.found_none_at = (displaced == 0).then(Instant::now);
        displaced > 0
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets at most `number` of the connections end. Returns how many.
fn displace<'a>(connections: impl Iterator<Item = &'a Connection>, number: usize) -> usize {
    let mut peers: HashMap<IpAddr, Vec<&Connection>> = HashMap::new();
    for connection in connections {
        peers.entry(connection.peer().network()).or_default().push(connection);
    }
    let mut peers: Vec<Vec<&Connection>> = peers.into_values().collect();
    peers.sort_by_key(|connections| std::cmp::Reverse(connections.len()));
    for connections in peers {
        let mut waiting: Vec<_> = connections.into_iter().filter_map(|one| Some((one.wait()?, one))).collect();
        waiting.sort_by_key(|(wait, _)| *wait);
        let displaced = waiting.into_iter().take(number).filter(|(_, connection)| connection.displace()).count();
        if displaced > 0 {
            return displaced;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guesses::Peer;
    use crate::server::connection::Timeouts;

    fn connection(peer: &str) -> Connection {
        Connection::new(Peer(peer.parse().expect("an address")), Timeouts::default())
    }

    #[tokio::test]
    async fn the_peer_with_the_most_connections_makes_room() {
        let connections = Connections::new(4);
        let one = connection("192.0.2.1");
        let many = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(connection);
        let _one = connections.try_enter(&one).expect("a place");
        let mut places: Vec<Place> =
            many.iter().map(|connection| connections.try_enter(connection).expect("a place")).collect();
        let new = connection("192.0.2.2");
        assert!(connections.try_enter(&new).is_none());
        // The oldest of the many, although the one of the other peer is older.
        assert!(connections.make_room());
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        assert!(many[0].poll_displaced(context).is_ready());
        assert!(one.poll_displaced(context).is_pending());
        drop(places.remove(0));
        assert!(connections.enter(&new).await.is_some());
        for busy in many.iter().chain([&one]) {
            busy.answering();
        }
        let last = connections.enter(&connection("192.0.2.3")).await.expect("the place that was left");
        last.shared.open().connections.values().for_each(Connection::answering);
        assert!(connections.enter(&new).await.is_none(), "all are being answered");
    }
}
