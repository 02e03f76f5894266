//! The client of a running server's control API.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Method, Response, StatusCode};
use serde_json::{Value, json};
use thiserror::Error;
use url::Url;

use super::files::read_text_file;
use super::output::{ColorChoice, Column, Screen, out, out_json, plain_lines, say, table, value_text};
use super::progress::ProgressLine;
use super::tls::{ServedArgs, Trust, scheme};
use crate::config::{FileArgs, ListenAddress, SettingArgs, Settings, TokenArgs, setting};
use crate::control::PENDING;
use crate::outgoing::use_ring;
use crate::tenants::is_named_json;

/// The limit for one response, which long work needs.
const TIMEOUT: Duration = Duration::from_hours(1);

/// The longest silence of a stream; the server sends a line every 15 seconds.
const MAX_SILENCE: Duration = Duration::from_secs(45);

/// The pause between requests for the progress of a task, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LAST_PAUSE: Duration = Duration::from_millis(250);

/// The server, and how its responses are printed.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct RemoteArgs {
    /// The server [default: the one that the settings describe]
    #[arg(long, global = true, env = "EMULATOR_SERVER", value_name = "URL|HOST:PORT")]
    server: Option<ServerUrl>,
    #[command(flatten)]
    token: TokenArgs,
    #[command(flatten)]
    file: FileArgs,
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// When to use colors
    #[arg(
        long,
        global = true,
        value_name = "auto|always|never",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    color: ColorChoice,
    /// Trust only the certificate authorities in this PEM file [default: the system's and the server's local CA]
    #[arg(long, global = true, env = "EMULATOR_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    #[command(flatten)]
    served: ServedArgs,
    /// The server's own setting.
    #[arg(long, global = true, hide = true, env = setting::listen.variable)]
    listen: Option<ListenAddress>,
    /// The server's own setting.
    #[arg(long, global = true, hide = true, env = setting::admin_listen.variable)]
    admin_listen: Option<ListenAddress>,
}

/// The address of a server: a URL, or `host:port`.
#[derive(Debug, Clone)]
struct ServerUrl(Url);

impl FromStr for ServerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let failed = || "must be http://host:port".to_owned();
        let text = text.strip_prefix(':').map_or_else(|| text.to_owned(), |port| format!("localhost:{port}"));
        let url = if text.contains("://") { Url::parse(&text) } else { Url::parse(&format!("http://{text}")) };
        let url = url.map_err(|_| failed())?;
        let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
        if is_http && url.query().is_none() && url.fragment().is_none() { Ok(Self(url)) } else { Err(failed()) }
    }
}

impl RemoteArgs {
    /// The settings that describe the server.
    pub(super) fn settings(&self) -> SettingArgs {
        let mut settings = SettingArgs { file: self.file.clone(), token: self.token.clone(), ..SettingArgs::default() };
        settings.server.listen.clone_from(&self.listen);
        settings.control.admin_listen.clone_from(&self.admin_listen);
        self.served.add_to(&mut settings);
        settings
    }

    pub(super) fn screen(&self) -> Screen {
        Screen::of_stdout(self.color)
    }
}

pub(super) struct Remote {
    client: Client,
    trust: Trust,
    base: Url,
    /// The address of the vendor APIs, where the settings describe the server.
    pub(super) listen: Option<ListenAddress>,
    token: Option<String>,
    pub(super) json: bool,
    pub(super) screen: Screen,
    /// Whether standard error is a terminal, on which a user can watch progress.
    shows_progress: bool,
}

/// The body of a request.
pub(super) struct Body {
    content_type: &'static str,
    text: String,
}

/// Why a request did not succeed.
#[derive(Debug, Error)]
pub(super) enum SendError {
    /// No server answers.
    #[error("no server answers at {base} ({reason}); start one, or name it with --server")]
    Unreachable { base: String, reason: String },
    /// A server answers whose certificate is not accepted.
    #[error("{base} is not trusted ({reason}); name its certificate authority with --ca-file")]
    Untrusted { base: String, reason: String },
    #[error("{detail}")]
    Rejected {
        status: StatusCode,
        /// The server's message.
        detail: String,
    },
    #[error("the server's URL cannot have a path")]
    Url,
}

impl Body {
    pub(super) fn of_json(value: &Value) -> Self {
        Self { content_type: "application/json", text: value.to_string() }
    }

    /// A YAML file, or a JSON file by its extension.
    pub(super) fn of_file(file: &str) -> anyhow::Result<Self> {
        let text = read_text_file(file)?;
        let content_type = if is_named_json(file) { "application/json" } else { "application/yaml" };
        Ok(Self { content_type, text })
    }

    pub(super) fn of_yaml(text: String) -> Self {
        Self { content_type: "application/yaml", text }
    }
}

impl Remote {
    pub(super) fn new(args: &RemoteArgs, settings: &Settings) -> anyhow::Result<Self> {
        let listen = settings.admin_listen.as_ref().unwrap_or(&settings.listen);
        let base = match &args.server {
            Some(server) => server.0.clone(),
            None => Url::parse(&format!("{}://{}", scheme(settings), listen.reachable()))?,
        };
        use_ring();
        let trust = Trust::of(args.ca_file.clone(), settings);
        let client = trust.client(&base)?.timeout(TIMEOUT).build()?;
        let token = settings.admin_token.as_ref().map(|token| token.reveal().to_owned());
        let listen = args.server.is_none().then(|| settings.listen.clone());
        let shows_progress = std::io::IsTerminal::is_terminal(&std::io::stderr());
        Ok(Self { client, trust, base, listen, token, json: args.json, screen: args.screen(), shows_progress })
    }

    /// The server's address without user name and password.
    pub(super) fn base(&self) -> String {
        let mut base = self.base.clone();
        let _ = base.set_password(None);
        let _ = base.set_username("");
        base.as_str().trim_end_matches('/').to_owned()
    }

    /// A client that follows no redirects, for the vendor APIs of the server or of another one.
    pub(super) fn client_of(&self, base: &Url) -> anyhow::Result<ClientBuilder> {
        let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        Ok(self.trust.client(base)?.redirect(Policy::none()).user_agent(agent))
    }

    /// A client of the same server for streams: its timeout is for silence, not for the whole response.
    pub(super) fn for_streams(&self) -> anyhow::Result<Self> {
        let client = self.trust.client(&self.base)?.connect_timeout(MAX_SILENCE).read_timeout(MAX_SILENCE).build()?;
        let Self { trust, base, listen, token, json, screen, shows_progress, .. } = self;
        Ok(Self {
            client,
            trust: trust.clone(),
            base: base.clone(),
            listen: listen.clone(),
            token: token.clone(),
            json: *json,
            screen: *screen,
            shows_progress: *shows_progress,
        })
    }

    pub(super) async fn get(&self, path: &[&str]) -> anyhow::Result<Value> {
        self.request(Method::GET, path, &[], None).await
    }

    pub(super) async fn find(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.request(Method::GET, path, query, None).await
    }

    pub(super) async fn post(&self, path: &[&str], body: &Value) -> anyhow::Result<Value> {
        self.request(Method::POST, path, &[], Some(Body::of_json(body))).await
    }

    /// Sends a file without parsing it. The server parses it like a seed, in which `PostalCode: 84042` is a text.
    pub(super) async fn put_file(&self, path: &[&str], file: &str) -> anyhow::Result<Value> {
        self.request(Method::PUT, path, &[], Some(Body::of_file(file)?)).await
    }

    pub(super) async fn put_body(&self, path: &[&str], body: Body) -> anyhow::Result<Value> {
        self.request(Method::PUT, path, &[], Some(body)).await
    }

    pub(super) async fn put_with(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.request(Method::PUT, path, query, Some(Body::of_json(&json!({})))).await
    }

    pub(super) async fn delete(&self, path: &[&str]) -> anyhow::Result<Value> {
        self.request(Method::DELETE, path, &[], None).await
    }

    async fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<Body>,
    ) -> anyhow::Result<Value> {
        let response = self.send(method, path, query, body).await?;
        let is_task = response.status() == StatusCode::ACCEPTED && response.headers().contains_key("location");
        let value = read(response).await?;
        if is_task { self.follow(value).await } else { Ok(value) }
    }

    /// Shows the progress of a task until it is done, and returns its result.
    async fn follow(&self, task: Value) -> anyhow::Result<Value> {
        let mut status = task;
        let id = status["id"].as_str().context("the server named no task")?.to_owned();
        let mut line = ProgressLine::new();
        let mut pause = FIRST_PAUSE;
        loop {
            match status["state"].as_str() {
                Some("done") => return Ok(status["result"].take()),
                Some("failed") => {
                    bail!("{}", plain_lines(status["error"].as_str().unwrap_or("the task was interrupted")))
                }
                _ => line.draw(&status),
            }
            tokio::time::sleep(pause).await;
            pause = LAST_PAUSE.min(pause * 2);
            status = read(self.send(Method::GET, &["tasks", &id], &[], None).await?).await?;
        }
    }

    /// A successful response, its body not read yet.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<Body>,
    ) -> Result<Response, SendError> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| SendError::Url)?.pop_if_empty().push("_emulator").extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.request(method.clone(), url).header(ACCEPT, "application/json");
        if self.shows_progress && method != Method::GET {
            request = request.header("Prefer", "respond-async");
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(Body { content_type, text }) = body {
            request = request.header(CONTENT_TYPE, content_type).body(text);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            warn_of_pending(&response);
            return Ok(response);
        }
        let text = response.text().await.unwrap_or_default();
        let problem: Option<Value> = serde_json::from_str(&text).ok();
        // What rejects a request before its route is known has a message.
        let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str().or(problem["message"].as_str()));
        let detail = match detail {
            _ if status == StatusCode::UNAUTHORIZED => self.token_hint(),
            Some(detail) => plain_lines(detail).into_owned(),
            None => format!("the server answered {status}"),
        };
        Err(SendError::Rejected { status, detail })
    }

    fn unreachable(&self, error: &reqwest::Error) -> SendError {
        // The innermost cause has the reason: rejected, timed out, no such host.
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        let (base, reason) = (self.base(), plain_lines(&cause.to_string()).into_owned());
        if reason.contains("certificate") {
            return SendError::Untrusted { base, reason };
        }
        SendError::Unreachable { base, reason }
    }

    fn token_hint(&self) -> String {
        if self.token.is_some() {
            "the server does not accept this admin token; it prints its own at start unless one is set".to_owned()
        } else {
            "the server requires its admin token: set EMULATOR_ADMIN_TOKEN, or pass --admin-token-file or --admin-token \
             (the server prints it at start unless one is set)"
                .to_owned()
        }
    }

    /// Prints an answer with `text`, or as JSON with `--json`.
    pub(super) fn print(&self, answer: &Value, text: impl FnOnce(&Value) -> anyhow::Result<()>) -> anyhow::Result<()> {
        match answer {
            // A response without a body.
            Value::Null if self.json => Ok(out_json(&json!({}))?),
            answer if self.json => Ok(out_json(answer)?),
            answer => text(answer),
        }
    }

    /// Prints a table of items, or their JSON.
    pub(super) fn print_table(&self, items: &Value, columns: &[Column]) -> anyhow::Result<()> {
        self.print(items, |items| Ok(out(table(self.screen, columns, items))?))
    }

    /// Prints a new key alone for scripts, and a sentence about it for people.
    pub(super) fn print_key(&self, created: &Value, sentence: &str) -> anyhow::Result<()> {
        self.print(created, |created| {
            say(plain_lines(sentence));
            Ok(out(value_text(&created["key"]))?)
        })
    }

    /// Prints a sentence for people, or the JSON.
    pub(super) fn print_done(&self, answer: &Value, sentence: &str) -> anyhow::Result<()> {
        if self.json {
            return self.print(answer, |_| Ok(()));
        }
        say(plain_lines(sentence));
        Ok(())
    }

    pub(super) async fn tenant_names(&self) -> anyhow::Result<Vec<String>> {
        let listed = self.get(&["tenants"]).await?;
        let name = |tenant: &Value| Some(tenant["name"].as_str()?.to_owned());
        Ok(listed.as_array().into_iter().flatten().filter_map(name).collect())
    }
}

/// Names the servers that do not know a change yet.
fn warn_of_pending(response: &Response) {
    if let Some(names) = response.headers().get(PENDING).and_then(|names| names.to_str().ok()) {
        say(format_args!("warning: not known yet to the servers {}: they do not answer", plain_lines(names)));
    }
}

async fn read(response: Response) -> anyhow::Result<Value> {
    let text = response.text().await?;
    Ok(if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).context("the server did not answer in JSON")?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_url_or_host_and_port() {
        for (text, url) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("localhost:8080", "http://localhost:8080/"),
            ("emulator", "http://emulator/"),
            ("[::1]:8080", "http://[::1]:8080/"),
            (":8080", "http://localhost:8080/"),
            ("https://host/under", "https://host/under"),
        ] {
            assert_eq!(text.parse::<ServerUrl>().expect(text).0.as_str(), url);
        }
        for text in ["", "ftp://x", "http://", "127.0.0.1:99999", "http://x/?y", "a b"] {
            assert_eq!(
                text.parse::<ServerUrl>().map(|url| url.0),
                Err("must be http://host:port".to_owned()),
                "{text}"
            );
        }
    }
}
