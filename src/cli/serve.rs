//! `serve`, and the parts of it that can be run alone: `migrate` and `seed`.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::world;
use crate::config::{ListenAddress, Settings};
use crate::control::{Access, AdminToken};
use crate::gateway::DoorOptions;
use crate::random::Random;
use crate::server::{Listener, Server, ServerOptions, Started, WorldOptions, migrate_only, open_world};
use crate::tenants::DEMO_KEY;

/// How long requests under way may take to end.
const DRAIN: Duration = Duration::from_secs(10);

pub(super) async fn serve(settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::new()?;
    let random = Arc::new(Random::default());
    let admin_listen = settings.admin_listen.as_ref().unwrap_or(&settings.listen);
    // Off loopback nobody is let in without a token.
    let made = (settings.admin_token.is_none() && !admin_listen.is_loopback()).then(|| AdminToken::generate(&random));
    let token = settings.admin_token.clone().or_else(|| made.clone());
    let options = ServerOptions {
        journal: settings.journal,
        access: Access { token, hosts: admin_hosts(settings, admin_listen) },
        has_admin_listener: settings.admin_listen.is_some(),
        doors: DoorOptions { max_body_bytes: settings.max_body_bytes, extra_headers: settings.extra_headers },
        cors_origin: settings.cors_origin.clone(),
    };
    let server = Server::new(options, Arc::clone(&random)).await?;
    let listener =
        Listener::bind(&settings.listen).await.with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = listener.address();
    let admin = match (&settings.admin_listen, server.admin()) {
        (Some(listen), Some(admin)) => {
            let listener = Listener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
            Some((listener.address(), listener.serve(admin)))
        }
        _ => None,
    };
    let (shutdown, serving) = listener.serve(server.clone());
    let serving = tokio::spawn(serving);
    let (admin_address, admin_shutdown) = match admin {
        Some((address, (shutdown, serving))) => {
            tokio::spawn(serving);
            (Some(address), Some(shutdown))
        }
        None => (None, None),
    };

    let world = world(settings);
    let started = tokio::select! {
        started = open_world(&world, random, Some(&server)) => started?,
        () = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    server.serve_from(&started);
    print_banner(settings, address, admin_address, made.as_ref(), &started);

    signals.next().await;
    server.journal().close();
    shutdown.shut_down();
    if let Some(shutdown) = admin_shutdown {
        shutdown.shut_down();
    }
    tokio::select! {
        _ = serving => {}
        () = tokio::time::sleep(DRAIN) => tracing::warn!("requests under way were broken off after 10 seconds"),
        () = signals.next() => leave_at_once(),
    }
    tokio::select! {
        () = started.close() => Ok(ExitCode::SUCCESS),
        () = signals.next() => leave_at_once(),
        // A request that was broken off can hold its connection, and with it the embedded database.
        () = tokio::time::sleep(DRAIN) => leave_at_once(),
    }
}

/// Without waiting for anything, the embedded database included: what was acknowledged is on its disk.
fn leave_at_once() -> ! {
    std::process::exit(1)
}

pub(super) async fn migrate(settings: &Settings) -> anyhow::Result<ExitCode> {
    // Asked for by name: nothing else happens, not even the demo world.
    migrate_only(&world(settings)).await?;
    println!("The schema is up to date.");
    Ok(ExitCode::SUCCESS)
}

/// Loads a seed into the database itself, which no server may hold open where it is the embedded one.
pub(super) async fn seed(settings: &Settings, file: String, is_json: bool) -> anyhow::Result<ExitCode> {
    let options = WorldOptions { seed: Some(file), ..world(settings) };
    let started = open_world(&options, Arc::new(Random::default()), None).await?;
    let seeded = started.seeded.clone();
    started.close().await;
    super::seeds::print(&seeded, is_json)?;
    Ok(ExitCode::SUCCESS)
}

/// SIGTERM and Ctrl-C.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The names under which `/_emulator` may be called.
fn admin_hosts(settings: &Settings, listen: &ListenAddress) -> Vec<String> {
    let mut hosts = settings.admin_hosts.0.clone();
    hosts.push(listen.host.clone());
    hosts
}

/// Where the server is, what it serves and a call to paste. Its last line is `Ready.`, and comes when it is true.
fn print_banner(
    settings: &Settings,
    address: SocketAddr,
    admin: Option<SocketAddr>,
    made: Option<&AdminToken>,
    started: &Started,
) {
    let database = match &settings.database_url {
        Some(url) => url.without_password(),
        None => format!("embedded PostgreSQL in {}", settings.data.display()),
    };
    println!("directscale-emulator {}", env!("CARGO_PKG_VERSION"));
    println!("  address   http://{address}");
    println!("  database  {database}");
    println!("  inspector http://{}/_emulator/", reachable(admin.unwrap_or(address)));
    if let Some(token) = made {
        println!("  admin token, made for this start: {}", token.reveal());
    }
    for tenant in &started.seeded.made {
        println!("  seeded    {tenant}");
    }
    if started.has_demo {
        println!("  demo key  {DEMO_KEY}");
        println!();
        let host = reachable(address);
        println!("  curl -H 'Ocp-Apim-Subscription-Key: {DEMO_KEY}' http://{host}/v1/customers/3");
        println!();
    }
    println!("Ready.");
}

/// Where to call a server from here: one that listens on every address on the nearest.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}
