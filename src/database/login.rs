//! User and password of a new connection, read anew for each: passwords are rotated, and tokens of clouds live for minutes.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use super::url::PostgresUrl;
use crate::secret::{MAX_SECRET_BYTES, read_secret, secret_in};

/// The longest that a command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// For how long the output of a command is used, so that many connections that open at once do not run it as often.
const COMMAND_REUSE: Duration = Duration::from_secs(5);

/// For how long it is used at least, after the server has rejected it.
const COMMAND_MIN_REUSE: Duration = Duration::from_secs(1);

/// Where the password comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginSource {
    /// The URL, `PGPASSWORD`, `PGPASSFILE` or `~/.pgpass`. The files are read anew by the driver.
    Url,
    /// This file holds the URL; its user and password are used.
    UrlFile(PathBuf),
    PasswordFile(PathBuf),
    /// The output of a command of the shell.
    PasswordCommand(String),
}

/// The login for one host.
#[derive(Debug)]
pub(super) struct Login {
    source: LoginSource,
    host: usize,
    /// The last output of the command, and when it was run.
    printed: Arc<Mutex<Option<(Instant, String)>>>,
}

impl Login {
    pub(super) fn new(source: LoginSource, host: usize) -> Self {
        Self { source, host, printed: Arc::default() }
    }

    /// Whether another password may be found after the server has rejected one.
    pub(super) fn changes(&self) -> bool {
        self.source != LoginSource::Url
    }

    /// The options of a connection with the present user and password. `was_rejected`: the server has rejected the last ones.
    ///
    /// # Errors
    /// When the file cannot be read, or the command fails. The reason repeats nothing of what was read.
    pub(super) async fn options(&self, url: &PostgresUrl, was_rejected: bool) -> Result<PgConnectOptions, String> {
        match &self.source {
            LoginSource::Url => url.options(self.host),
            LoginSource::UrlFile(file) => {
                let name = file.display();
                let stored: PostgresUrl =
                    read(file.clone()).await?.parse().map_err(|why| format!("the URL in {name} {why}"))?;
                if stored.place() != url.place() {
                    return Err(format!(
                        "{name} names other hosts or another database than at the start: restart the server"
                    ));
                }
                stored.options(self.host)
            }
            LoginSource::PasswordFile(file) => Ok(url.options(self.host)?.password(&read(file.clone()).await?)),
            LoginSource::PasswordCommand(command) => {
                let options = url.options(self.host)?;
                let place = [options.get_host(), &options.get_port().to_string(), options.get_username()];
                let printed = self.printed(command.clone(), place.map(str::to_owned), was_rejected).await?;
                Ok(options.password(&printed))
            }
        }
    }

    /// The output of the command. It runs in a task of its own: the connection that waits for it may be given up first, and the next one
    /// uses its output.
    async fn printed(&self, command: String, place: [String; 3], was_rejected: bool) -> Result<String, String> {
        let printed = Arc::clone(&self.printed);
        let reuse = if was_rejected { COMMAND_MIN_REUSE } else { COMMAND_REUSE };
        let running = tokio::spawn(async move {
            let mut printed = printed.lock().await;
            if let Some((_, password)) = printed.as_ref().filter(|(at, _)| at.elapsed() < reuse) {
                return Ok(password.clone());
            }
            let password = run(&command, &place).await?;
            *printed = Some((Instant::now(), password.clone()));
            Ok(password)
        });
        running.await.unwrap_or_else(|_| Err("the password command was interrupted".to_owned()))
    }
}

async fn read(file: PathBuf) -> Result<String, String> {
    let reading = tokio::task::spawn_blocking(move || read_secret(&file));
    reading.await.unwrap_or_else(|_| Err("the file was not read".to_owned()))
}

/// Runs a command of the shell, and returns what it prints. Its standard error is not read, because a secret can be in it.
async fn run(command: &str, [host, port, user]: &[String; 3]) -> Result<String, String> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).env("PGHOST", host).env("PGPORT", port).env("PGUSER", user);
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    #[cfg(unix)]
    shell.process_group(0);
    let mut child = shell.spawn().map_err(|error| format!("the password command cannot be run: {error}"))?;
    let done = tokio::time::timeout(COMMAND_TIMEOUT, output(&mut child)).await;
    done.unwrap_or_else(|_| {
        end(&child);
        Err(format!("the password command did not end within {} s", COMMAND_TIMEOUT.as_secs()))
    })
}

async fn output(child: &mut Child) -> Result<String, String> {
    let mut bytes = Vec::new();
    if let Some(output) = child.stdout.take() {
        let read = output.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes).await;
        read.map_err(|error| format!("the output of the password command cannot be read: {error}"))?;
    }
    if bytes.len() as u64 > MAX_SECRET_BYTES {
        end(child);
    }
    let status = child.wait().await.map_err(|error| format!("the password command cannot be awaited: {error}"))?;
    if bytes.len() as u64 <= MAX_SECRET_BYTES && !status.success() {
        return Err(format!("the password command failed: {status}"));
    }
    secret_in(bytes, "the output of the password command")
}

/// Ends a command with the commands that it runs.
fn end(child: &Child) {
    #[cfg(unix)]
    if let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = child;
}
