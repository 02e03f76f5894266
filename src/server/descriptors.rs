//! The file descriptors of this process, of which each connection needs one.

/// The descriptors for everything that is no client's connection: database, hooks, webhooks, files.
const RESERVED: u64 = 512;

/// The least number of connections that a listener serves, whatever the limit is.
const MIN_CONNECTIONS: usize = 16;

/// How many connections each of the listeners can serve at once: `wanted`, where the limit of descriptors allows it. Raises the limit
/// as far as the process may.
#[must_use]
pub fn connections_for_descriptors(wanted: usize, listeners: usize) -> usize {
    let listeners = listeners.max(1) as u64;
    let needed = (wanted as u64).saturating_mul(listeners).saturating_add(RESERVED);
    let limit = raised_limit(needed);
    let possible = usize::try_from(limit.saturating_sub(RESERVED) / listeners).unwrap_or(usize::MAX);
    let connections = wanted.min(possible.max(MIN_CONNECTIONS));
    if connections < wanted {
        tracing::warn!(
            descriptors = limit,
            connections,
            "the process may open too few files for max_connections = {wanted}: fewer connections are served at once"
        );
    }
    connections
}

/// The limit of descriptors, raised to what is needed as far as the process may.
#[cfg(unix)]
fn raised_limit(needed: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
    let limit = current.unwrap_or(u64::MAX);
    let is_raised = limit < raised && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok();
    if is_raised { raised } else { limit }
}

/// Sockets have no such limit elsewhere.
#[cfg(not(unix))]
fn raised_limit(_needed: u64) -> u64 {
    u64::MAX
}
