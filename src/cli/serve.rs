//! `serve`, and the parts of it that can be run alone: `migrate` and `seed`.

use std::io::{IsTerminal as _, stderr};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use tokio::sync::watch;

use super::output::{out, out_json, plain, say};
use super::signals::Signals;
use super::tls::{ListenerTls, scheme, shown_path, trust};
use crate::config::{JournalSetting, ListenAddress, PasswordCostSetting, PrivateTargets, ServerName, Settings, Switch};
use crate::control::{Access, AdminToken};
use crate::customers::PasswordCost;
use crate::database::{DatabaseTimeouts, LoginSource};
use crate::gateway::ResponseOptions;
use crate::journal::{JournalOptions, JournalPlace};
use crate::random::Random;
use crate::recordings::Folder;
use crate::server::{
    Listener, Origin, Server, ServerOptions, StartOptions, Started, Supervisor, connections_for_descriptors,
    distribute_only, migrate_only, start_up,
};
use crate::servers::{self, TokenUse};
use crate::tenants::{DEMO_KEY, LoadedSeed, SeedSummary};
use crate::tls::LocalCa;
use crate::version::VERSION_AND_COMMIT;

/// The limit for the whole shutdown.
const DEADLINE: Duration = Duration::from_secs(10);

/// The part of it for requests in progress; the rest is for the database.
const DRAIN: Duration = Duration::from_secs(8);

pub(super) async fn serve(settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut stop = stop_on_signals()?;
    let random = Arc::new(Random::default());
    let admin_listen = settings.admin_listen.as_ref().unwrap_or(&settings.listen);
    // Off loopback no request is accepted without a token.
    let is_required = !admin_listen.is_loopback() || settings.admin_token_required == Switch::On;
    let needs_token = settings.admin_token.is_none() && is_required;
    let generated = needs_token.then(|| AdminToken::generate(&random));
    let token = settings.admin_token.clone().or_else(|| generated.clone());
    let is_open = token.is_none();
    let token_use = match (&settings.admin_token, &generated) {
        (Some(token), _) => TokenUse::Set(token.digest()),
        (None, Some(_)) => TokenUse::Generated,
        (None, None) => TokenUse::Open,
    };
    let listeners = if settings.admin_listen.is_some() { 2 } else { 1 };
    let max_connections = connections_for_descriptors(settings.max_connections.0, listeners);
    let machine = machine_name();
    let tls = ListenerTls::of(settings, &machine)?;
    let listener = bind(&settings.listen, max_connections, &tls).await?;
    let address = listener.address();
    let name = server_name(settings, &machine, address.port());
    let options = ServerOptions {
        name: name.clone(),
        journal: JournalOptions {
            place: match settings.journal {
                JournalSetting::Auto => JournalPlace::Auto,
                JournalSetting::Memory => JournalPlace::Memory,
                JournalSetting::Database => JournalPlace::Database,
            },
            entries: settings.journal_entries,
            bytes: settings.journal_bytes,
            total_bytes: settings.journal_total_bytes,
        },
        access: Access { token, hosts: admin_hosts(settings, admin_listen) },
        body_memory_bytes: settings.body_memory_bytes.0,
        guess_limit: settings.guess_limit.0,
        has_admin_listener: settings.admin_listen.is_some(),
        responses: ResponseOptions {
            max_body_bytes: settings.max_body_bytes.0,
            extra_headers: settings.extra_headers == Switch::On,
        },
        cors_origin: settings.cors_origin.clone().map(|origin| origin.0),
    };
    let server = Server::new(options, Arc::clone(&random)).await?;
    show_recordings(settings, &server)?;
    let admin = match (&settings.admin_listen, server.admin()) {
        (Some(listen), Some(admin)) => {
            let listener = bind(listen, max_connections, &tls).await?;
            server.set_api_port(address.port());
            Some((listener.address(), listener.serve(admin)))
        }
        _ => None,
    };
    let supervisor = server.supervisor();
    tls.start(&server);
    let (shutdown, serving) = listener.serve(server.clone());
    let serving = supervisor.vital("listener", serving);
    let (admin_address, admin_shutdown) = match admin {
        Some((address, (shutdown, serving))) => {
            supervisor.vital("admin listener", serving);
            (Some(address), Some(shutdown))
        }
        None => (None, None),
    };

    let options = start_options(settings, servers::ServerOptions { name, token: token_use });
    let started = tokio::select! {
        started = start_up(&options, random, Some(&server)) => started,
        code = end(&mut stop, supervisor) => {
            supervisor.stop();
            return Ok(code);
        }
    };
    // The parts end because the server does, which is not worth a line of its own.
    let started = started.inspect_err(|_| supervisor.stop())?;
    server.set_services(&started);
    if settings.database_url.is_some() {
        // Other servers may use the database, so the log says which one this is.
        tracing::info!(server = started.servers.name(), "the server is ready");
    }
    if let Err(error) =
        out(banner(settings, (address, admin_address), (is_open, generated.as_ref()), tls.ca.as_ref(), &started))
    {
        started.close().await;
        return Err(error.into());
    }

    let code = end(&mut stop, supervisor).await;
    if code == ExitCode::FAILURE {
        end_within(DEADLINE);
    }
    supervisor.stop();
    server.journal().close();
    shutdown.shut_down();
    if let Some(shutdown) = admin_shutdown {
        shutdown.shut_down();
    }
    if tokio::time::timeout(DRAIN, serving).await.is_err() {
        tracing::warn!("requests in progress were cut off after {} seconds", DRAIN.as_secs());
    }
    started.close().await;
    Ok(code)
}

/// Gives the coverage the folder of recordings, if there is one.
fn show_recordings(settings: &Settings, server: &Server) -> anyhow::Result<()> {
    if let Some(folder) = &settings.recordings {
        server.set_recordings(Folder::open(folder.clone()).map_err(anyhow::Error::msg)?);
    }
    Ok(())
}

async fn bind(listen: &ListenAddress, max_connections: usize, tls: &ListenerTls) -> anyhow::Result<Listener> {
    let bound = Listener::bind(listen).await;
    let bound = bound.map(|listener| listener.with_max_connections(max_connections).with_tls(tls.acceptor()));
    bound.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "cannot listen on {listen}: {error}\nhint: another copy may run there; --listen {} takes any free port",
            ListenAddress { port: 0, ..listen.clone() }
        ),
        _ => anyhow::Error::new(error).context(format!("cannot listen on {listen}")),
    })
}

pub(super) async fn migrate(settings: &Settings, is_json: bool) -> anyhow::Result<ExitCode> {
    migrate_only(&start_options(settings, no_server())).await?;
    if is_json {
        out_json(&json!({ "is_up_to_date": true }))?;
    }
    say("The schema is up to date.");
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn distribute(settings: &Settings) -> anyhow::Result<ExitCode> {
    if settings.database_url.is_none() {
        anyhow::bail!(
            "the embedded database is on one machine: set DATABASE_URL to the coordinator of a Citus cluster"
        );
    }
    distribute_only(&start_options(settings, no_server()), &mut |step| say(&step)).await?;
    say("The database is laid out. Restart the servers that run on it.");
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn seed(settings: &Settings, file: String, is_json: bool) -> anyhow::Result<ExitCode> {
    let options = StartOptions { seed: Some(file), seed_dir: None, ..start_options(settings, no_server()) };
    let started = Box::pin(start_up(&options, Arc::new(Random::default()), None)).await?;
    let seeded = started.seeded.clone();
    started.close().await;
    for LoadedSeed { file: _, created, unchanged } in seeded {
        super::seeds::print(&SeedSummary { created, unchanged }, is_json)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `server` is what this server is to the others of its database; a command is none.
fn start_options(settings: &Settings, server: servers::ServerOptions) -> StartOptions {
    let origin = match &settings.database_url {
        Some(database) => Origin::Server(database.url.reveal().to_owned()),
        None => Origin::Embedded(settings.data.clone()),
    };
    StartOptions {
        origin,
        login: login_source(settings),
        seed: settings.seed.clone(),
        seed_dir: settings.seed_dir.clone(),
        connections: settings.database_connections.0,
        timeouts: DatabaseTimeouts {
            acquire: settings.database_acquire_timeout_ms.0,
            statement: settings.database_statement_timeout_ms.0,
            lock: settings.database_lock_timeout_ms.0,
            long_statement: settings.database_task_timeout_ms.0,
        },
        wait: settings.database_wait_seconds.0,
        password_cost: password_cost(settings),
        private_targets: private_targets(settings),
        server,
    }
}

/// A command is not one of the servers.
fn no_server() -> servers::ServerOptions {
    servers::ServerOptions { name: String::new(), token: TokenUse::Open }
}

/// The name that was set, or the machine's with the port.
fn server_name(settings: &Settings, machine: &str, port: u16) -> String {
    let default = || ServerName::of_host(machine, port);
    settings.server_name.clone().unwrap_or_else(default).0
}

#[cfg(unix)]
fn machine_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn machine_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

/// A command has precedence over a file with the password, and that over the file with the URL.
fn login_source(settings: &Settings) -> LoginSource {
    let url_file = settings.database_url.as_ref().and_then(|database| database.file.clone());
    match (&settings.database_password_command, &settings.database_password_file, url_file) {
        (Some(command), ..) => LoginSource::PasswordCommand(command.0.clone()),
        (None, Some(file), _) => LoginSource::PasswordFile(file.clone()),
        (None, None, Some(file)) => LoginSource::UrlFile(file),
        (None, None, None) => LoginSource::Url,
    }
}

/// An emulator has test data wherever it listens, so only a user who wants slow hashes pays for them.
fn password_cost(settings: &Settings) -> PasswordCost {
    match settings.password_cost {
        PasswordCostSetting::Test | PasswordCostSetting::Auto => PasswordCost::Test,
        PasswordCostSetting::Owasp => PasswordCost::Owasp,
    }
}

/// On a laptop an extension runs on a private network; on a shared server every tenant could explore that network.
fn private_targets(settings: &Settings) -> bool {
    match settings.private_targets {
        PrivateTargets::Allow => true,
        PrivateTargets::Auto => settings.listen.is_loopback(),
        PrivateTargets::Reject => false,
    }
}

/// Waits for the request to stop, or until a part ends that cannot be started again. Returns the process' exit code.
async fn end(stop: &mut watch::Receiver<bool>, supervisor: &Supervisor) -> ExitCode {
    tokio::select! {
        requested = stop.wait_for(|is_requested| *is_requested) => {
            // An error means that the thread for signals ended: nothing could stop the process later.
            if requested.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        part = supervisor.failed() => {
            tracing::error!(part, "the server stops, because one of its parts ended");
            ExitCode::FAILURE
        }
    }
}

/// Ends the process after this time, however far its shutdown is.
fn end_within(time: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        super::log::flush();
        std::process::exit(1)
    });
}

/// Watches for SIGTERM and Ctrl-C: the first requests a shutdown, a second ends the process at once, and so does the end of
/// the deadline. On its own thread, so that a signal is handled even if everything else hangs.
pub(super) fn stop_on_signals() -> anyhow::Result<watch::Receiver<bool>> {
    let (request, requested) = watch::channel(false);
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
            request.send_replace(true);
            tokio::select! {
                code = signals.next() => {
                    super::log::flush();
                    std::process::exit(code)
                }
                () = tokio::time::sleep(DEADLINE) => {
                    // The embedded database has every acknowledged write on disk.
                    tracing::error!("not stopped within {} seconds; quitting", DEADLINE.as_secs());
                    super::log::flush();
                    std::process::exit(1)
                }
            }
        });
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(watching).context("no thread for signals")?;
    is_ready.recv().context("no thread for signals")?.context("signals cannot be handled")?;
    Ok(requested)
}

/// Off a terminal this is an event of the log, because a program reads standard error.
fn say_stopping() {
    const STOPPING: &str = "Stopping (Ctrl-C again to quit now)";
    if stderr().is_terminal() { say(STOPPING) } else { tracing::info!("{STOPPING}") }
}

/// The names under which `/_emulator` answers without a token.
fn admin_hosts(settings: &Settings, listen: &ListenAddress) -> Vec<String> {
    let mut hosts = settings.admin_hosts.0.clone();
    // Without a name it listens on every address.
    hosts.extend(Some(listen.host.clone()).filter(|host| !host.is_empty()));
    hosts
}

/// The server's addresses, its data and a request to paste. The last line is `Ready.`.
fn banner(
    settings: &Settings,
    (address, admin): (SocketAddr, Option<SocketAddr>),
    (is_open, generated): (bool, Option<&AdminToken>),
    ca: Option<&LocalCa>,
    started: &Started,
) -> String {
    let database = match &settings.database_url {
        Some(database) => database.url.place(),
        None => format!("embedded PostgreSQL in {}", settings.data.display()),
    };
    let control = reachable(admin.unwrap_or(address));
    let scheme = scheme(settings);
    let mut lines = vec![
        format!("directscale-emulator {VERSION_AND_COMMIT}"),
        format!("  address   {scheme}://{address}"),
        format!("  database  {}", plain(&database)),
        format!("  inspector {scheme}://{control}/_emulator/"),
        format!("  docs      {scheme}://{control}/_emulator/docs"),
    ];
    lines.extend(ca.map(trust).into_iter().flatten());
    if is_open {
        lines.push("  control API open to every program on this machine; --admin-token-required closes it".to_owned());
    }
    // Other people use it: they must know.
    if !settings.listen.is_loopback() && password_cost(settings) == PasswordCost::Test {
        lines.push(
            "  passwords hashed at the test cost, for test data only; --password-cost owasp protects them".to_owned(),
        );
    }
    lines.extend(generated.map(|token| format!("  admin token, generated for this start: {}", token.reveal())));
    lines.extend(
        started.seeded.iter().flat_map(|seed| &seed.created).map(|tenant| format!("  seeded    {}", plain(tenant))),
    );
    if started.has_demo {
        let host = reachable(address);
        lines.push(format!("  demo key  {DEMO_KEY}"));
        lines.push(String::new());
        let trusting = ca.map(|ca| format!("--cacert {} ", shown_path(ca))).unwrap_or_default();
        lines.push(format!(
            "  curl {trusting}-H 'Ocp-Apim-Subscription-Key: {DEMO_KEY}' {scheme}://{host}/v1/customers/3"
        ));
        lines.push(String::new());
    }
    if started.is_empty {
        lines.push("  no tenants yet: directscale-emulator seed demo, or start with --seed demo".to_owned());
    }
    lines.push("Ready.\n".to_owned());
    lines.join("\n")
}

/// The address for clients on this machine.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_of_a_part_is_a_failure_and_a_signal_is_none() {
        let (request, mut stop) = watch::channel(false);
        let supervisor = Supervisor::default();
        supervisor.vital("test part", async { panic!("on purpose") });
        assert_eq!(end(&mut stop, &supervisor).await, ExitCode::FAILURE);
        request.send_replace(true);
        assert_eq!(end(&mut stop, &Supervisor::default()).await, ExitCode::SUCCESS);
    }
}
