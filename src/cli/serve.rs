//! `serve`, and the parts of it that can be run alone: `migrate` and `seed`.

use std::io::{IsTerminal as _, stderr};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::output::{out, out_json, plain, say};
use super::world;
use crate::config::{ListenAddress, Settings};
use crate::control::{Access, AdminToken};
use crate::gateway::ResponseOptions;
use crate::random::Random;
use crate::server::{Listener, Server, ServerOptions, StartOptions, Started, migrate_only, start_up};
use crate::tenants::DEMO_KEY;

/// How long the whole shutdown may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long of that requests in progress may take to end; the rest is for the database.
const DRAIN: Duration = Duration::from_secs(8);

pub(super) async fn serve(settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut stop = stop_on_signals()?;
    let random = Arc::new(Random::default());
    let admin_listen = settings.admin_listen.as_ref().unwrap_or(&settings.listen);
    // Off loopback nobody is let in without a token.
    let made = (settings.admin_token.is_none() && !admin_listen.is_loopback()).then(|| AdminToken::generate(&random));
    let token = settings.admin_token.clone().or_else(|| made.clone());
    let options = ServerOptions {
        journal: settings.journal,
        access: Access { token, hosts: admin_hosts(settings, admin_listen) },
        has_admin_listener: settings.admin_listen.is_some(),
        responses: ResponseOptions { max_body_bytes: settings.max_body_bytes, extra_headers: settings.extra_headers },
        cors_origin: settings.cors_origin.clone(),
    };
    let server = Server::new(options, Arc::clone(&random)).await?;
    let listener = bind(&settings.listen).await?;
    let address = listener.address();
    let admin = match (&settings.admin_listen, server.admin()) {
        (Some(listen), Some(admin)) => {
            let listener = bind(listen).await?;
            server.api_is_on(address.port());
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
        started = start_up(&world, random, Some(&server)) => started?,
        () = asked_to_stop(&mut stop) => return Ok(ExitCode::SUCCESS),
    };
    server.serve_from(&started);
    if let Err(error) = out(banner(settings, address, admin_address, made.as_ref(), &started)) {
        started.close().await;
        return Err(error.into());
    }

    asked_to_stop(&mut stop).await;
    server.journal().close();
    shutdown.shut_down();
    if let Some(shutdown) = admin_shutdown {
        shutdown.shut_down();
    }
    if tokio::time::timeout(DRAIN, serving).await.is_err() {
        tracing::warn!("requests in progress were cut off after {} seconds", DRAIN.as_secs());
    }
    started.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn bind(listen: &ListenAddress) -> anyhow::Result<Listener> {
    let bound = Listener::bind(listen).await;
    bound.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "cannot listen on {listen}: {error}\nhint: another copy may run there; --listen {} takes any free port",
            ListenAddress { port: 0, ..listen.clone() }
        ),
        _ => anyhow::Error::new(error).context(format!("cannot listen on {listen}")),
    })
}

pub(super) async fn migrate(settings: &Settings, is_json: bool) -> anyhow::Result<ExitCode> {
    // Asked for by name: nothing else happens, not even the demo world.
    migrate_only(&world(settings)).await?;
    if is_json {
        out_json(&json!({ "is_up_to_date": true }))?;
    }
    say("The schema is up to date.");
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn seed(settings: &Settings, file: String, is_json: bool) -> anyhow::Result<ExitCode> {
    let options = StartOptions { seed: Some(file), ..world(settings) };
    let started = start_up(&options, Arc::new(Random::default()), None).await?;
    let seeded = started.seeded.clone();
    started.close().await;
    super::seeds::print(&seeded, is_json)?;
    Ok(ExitCode::SUCCESS)
}

async fn asked_to_stop(stop: &mut watch::Receiver<bool>) {
    // Whoever would ask is there as long as the process.
    let _ = stop.wait_for(|is_asked| *is_asked).await;
}

/// Watches for SIGTERM and Ctrl-C: the first asks for a shutdown, a second ends the process at once, and so does the end of
/// the deadline. On a thread of its own, so that nothing that hangs can keep a signal from being heard.
fn stop_on_signals() -> anyhow::Result<watch::Receiver<bool>> {
    let (ask, asked) = watch::channel(false);
    let (ready, is_ready) = std::sync::mpsc::channel();
    let watching = move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(ready.send(Err(error))),
        };
        runtime.block_on(async {
            let mut signals = match Signals::new() {
                Ok(signals) => signals,
                Err(error) => return drop(ready.send(Err(error))),
            };
            let _ = ready.send(Ok(()));
            signals.next().await;
            say_stopping();
            ask.send_replace(true);
            tokio::select! {
                code = signals.next() => std::process::exit(code),
                () = tokio::time::sleep(DEADLINE) => {
                    // What was acknowledged is on the embedded database's disk.
                    tracing::error!("not stopped within {} seconds; quitting", DEADLINE.as_secs());
                    std::process::exit(1)
                }
            }
        });
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(watching).context("no thread for signals")?;
    is_ready.recv().context("no thread for signals")?.context("signals cannot be watched for")?;
    Ok(asked)
}

/// Where a program reads standard error, it is in the log's form.
fn say_stopping() {
    const STOPPING: &str = "Stopping (Ctrl-C again to quit now)";
    if stderr().is_terminal() { say(STOPPING) } else { tracing::info!("{STOPPING}") }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for a signal, and answers the exit code of a process that it ends.
    async fn next(&mut self) -> i32 {
        let kind = tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        };
        128 + kind.as_raw_value()
    }
}

/// The names under which `/_emulator` may be called.
fn admin_hosts(settings: &Settings, listen: &ListenAddress) -> Vec<String> {
    let mut hosts = settings.admin_hosts.0.clone();
    // Without a name it listens on every address.
    hosts.extend(Some(listen.host.clone()).filter(|host| !host.is_empty()));
    hosts
}

/// Where the server is, what it serves and a call to paste. Its last line is `Ready.`, and comes when it is true.
fn banner(
    settings: &Settings,
    address: SocketAddr,
    admin: Option<SocketAddr>,
    made: Option<&AdminToken>,
    started: &Started,
) -> String {
    let database = match &settings.database_url {
        Some(url) => url.without_password(),
        None => format!("embedded PostgreSQL in {}", settings.data.display()),
    };
    let control = reachable(admin.unwrap_or(address));
    let mut lines = vec![
        format!("directscale-emulator {}", env!("CARGO_PKG_VERSION")),
        format!("  address   http://{address}"),
        format!("  database  {}", plain(&database)),
        format!("  inspector http://{control}/_emulator/"),
        format!("  docs      http://{control}/_emulator/docs"),
    ];
    lines.extend(made.map(|token| format!("  admin token, made for this start: {}", token.reveal())));
    lines.extend(started.seeded.created.iter().map(|tenant| format!("  seeded    {}", plain(tenant))));
    if started.has_demo {
        let host = reachable(address);
        lines.push(format!("  demo key  {DEMO_KEY}"));
        lines.push(String::new());
        lines.push(format!("  curl -H 'Ocp-Apim-Subscription-Key: {DEMO_KEY}' http://{host}/v1/customers/3"));
        lines.push(String::new());
    }
    if started.is_empty {
        lines.push("  no tenants yet: directscale-emulator seed demo, or start with --seed demo".to_owned());
    }
    lines.push("Ready.\n".to_owned());
    lines.join("\n")
}

/// Where to call a server from here: one that listens on every address on the nearest.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}
