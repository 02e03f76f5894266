//! A running server's control API, as the command line talks to it.

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Method, Response};
use serde_json::{Map, Value};
use url::Url;

use crate::config::Settings;
use crate::outgoing::use_ring;
use crate::tenants::is_named_json;

/// Which server is asked, and how its answer is printed.
#[derive(Debug, Clone, Args)]
pub(super) struct RemoteArgs {
    /// The server [default: the one that listens as these settings say]
    #[arg(long, global = true, env = "EMULATOR_SERVER", value_name = "URL")]
    server: Option<Url>,
    /// Print the answer as JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// The server.
pub(super) struct Remote {
    client: Client,
    base: Url,
    token: Option<String>,
    pub(super) json: bool,
}

/// What is sent.
pub(super) struct Body {
    content_type: &'static str,
    text: String,
}

impl Body {
    fn of(value: &Value) -> Self {
        Self { content_type: "application/json", text: value.to_string() }
    }

    /// A YAML file, or a JSON one that is named so.
    pub(super) fn of_file(file: &str) -> anyhow::Result<Self> {
        let text = super::seeds::text_of(file)?;
        let content_type = if is_named_json(file) { "application/json" } else { "application/yaml" };
        Ok(Self { content_type, text })
    }

    /// A text in YAML.
    pub(super) fn of_yaml(text: String) -> Self {
        Self { content_type: "application/yaml", text }
    }
}

impl Remote {
    pub(super) fn new(args: &RemoteArgs, settings: &Settings) -> anyhow::Result<Self> {
        let listen = settings.admin_listen.as_ref().unwrap_or(&settings.listen);
        let base = match &args.server {
            Some(server) => server.clone(),
            None => Url::parse(&format!("http://{}", listen.reachable()))?,
        };
        use_ring();
        // Long work is waited for.
        let client = Client::builder().no_proxy().timeout(Duration::from_hours(1)).build()?;
        let token = settings.admin_token.as_ref().map(|token| token.reveal().to_owned());
        Ok(Self { client, base, token, json: args.json })
    }

    pub(super) async fn get(&self, path: &[&str]) -> anyhow::Result<Value> {
        self.call(Method::GET, path, &[], None).await
    }

    pub(super) async fn find(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.call(Method::GET, path, query, None).await
    }

    pub(super) async fn post(&self, path: &[&str], body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, &[], Some(Body::of(body))).await
    }

    /// Puts a file as it stands, so that the server reads it as it reads a seed: `PostalCode: 84042` is a text there.
    pub(super) async fn put_file(&self, path: &[&str], file: &str) -> anyhow::Result<Value> {
        self.call(Method::PUT, path, &[], Some(Body::of_file(file)?)).await
    }

    pub(super) async fn put_body(&self, path: &[&str], body: Body) -> anyhow::Result<Value> {
        self.call(Method::PUT, path, &[], Some(body)).await
    }

    pub(super) async fn put_with(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.call(Method::PUT, path, query, Some(Body::of(&Value::Object(Map::new())))).await
    }

    /// Where the server is looked for.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    pub(super) async fn delete(&self, path: &[&str]) -> anyhow::Result<Value> {
        self.call(Method::DELETE, path, &[], None).await
    }

    async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<Body>,
    ) -> anyhow::Result<Value> {
        let response = self.send(method, path, query, body).await?;
        let text = response.text().await?;
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }

    /// A successful answer, its body still to come.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<Body>,
    ) -> anyhow::Result<Response> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .ok()
            .context("the server's URL cannot have a path")?
            .pop_if_empty()
            .push("_emulator")
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.request(method, url).header(ACCEPT, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(Body { content_type, text }) = body {
            request = request.header(CONTENT_TYPE, content_type).body(text);
        }
        let sent = request.send().await;
        let response =
            sent.with_context(|| format!("no server answers at {}; start one, or name it with --server", self.base))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        let problem: Option<Value> = serde_json::from_str(&text).ok();
        match problem.as_ref().and_then(|problem| problem["detail"].as_str()) {
            Some(detail) => bail!("{detail}"),
            None => bail!("the server answered {status}"),
        }
    }

    /// Prints an answer: as JSON where that is wanted, else as `text` makes of it.
    pub(super) fn print(&self, answer: &Value, text: impl FnOnce(&Value)) -> anyhow::Result<()> {
        if self.json {
            println!("{}", serde_json::to_string_pretty(answer)?);
        } else {
            text(answer);
        }
        Ok(())
    }
}

/// A member as it stands in a line of text.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One line for each item, of these members.
pub(super) fn lines(items: &Value, members: &[&str]) {
    for item in items.as_array().into_iter().flatten() {
        let line: Vec<String> = members.iter().map(|member| shown(&item[*member])).collect();
        println!("{}", line.join("  ").trim_end());
    }
}
