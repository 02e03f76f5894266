//! The call of a hook: the vendor's own work, or a request to the extension that may call back for it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::ids::Hook;
use super::remote_exception::DiscoRemoteException;
use super::settings::Extension;
use super::store;
use crate::database::{Database, DatabaseError, TenantId, lock_tenant_shared};
use crate::journal::{HIDDEN, HookNote, Recorder, Text, redacted_text};
use crate::outgoing::{Outgoing, OutgoingError, OutgoingResponse, TargetUrl};
use crate::random::Random;
use crate::wire::any_case;
use crate::wire::json::{Rewritten, Source};
use crate::wire::relaxed::Leniency;

/// The vendor's shipped sample reads this name (its reference page calls the header `X-DirectScale-Callback`).
const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-directscale-callbacktoken");

const USER_HEADER: HeaderName = HeaderName::from_static("x-directscale-user");

/// The token of a hook expires this long after the hook's timeout, for a server that stopped in the meantime.
const EXPIRY_MARGIN: Duration = Duration::from_mins(1);

/// The maximum length of a failed hook's text in a message, in characters.
const MAX_TEXT: usize = 1_000;

/// Calls hooks and accepts their callbacks.
#[derive(Debug, Clone)]
pub struct Hooks {
    outgoing: Outgoing,
    random: Arc<Random>,
}

#[derive(Debug, Clone, Copy)]
pub struct HookContext<'a> {
    pub tenant: TenantId,
    pub extension: Option<&'a Extension>,
    /// The name of the credential that the request presents.
    pub user: &'a str,
    /// Records the hook for the journal.
    pub recorder: &'a Recorder,
}

/// Why a hook that an extension answers has no response.
#[derive(Debug, Error)]
pub enum HookError {
    /// The extension rejected or failed.
    #[error(transparent)]
    Extension(HookFailure),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why an extension's hook failed or was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct HookFailure {
    /// The extension's own message, or a sentence that names the hook and the failure.
    pub message: String,
}

/// A one-time token in the clear.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackToken(String);

impl fmt::Debug for CallbackToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CallbackToken(…)")
    }
}

impl CallbackToken {
    fn new(random: &Random) -> Self {
        Self(random.hexadecimal())
    }

    /// The token that a callback presents.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// A callback whose token was claimed: the default work may run.
#[derive(Debug)]
pub struct Callback {
    pub tenant: TenantId,
    digest: [u8; 32],
    /// The stored command that the default work continues.
    pub context: Value,
}

impl Callback {
    /// Marks the call as committed, within the transaction of the default work. False if the hook has ended in the meantime: the
    /// work must then be rolled back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark_committed(&self, database: &Database) -> Result<bool, DatabaseError> {
        database.run(async |connection| store::commit(connection, self.tenant, &self.digest).await).await
    }
}

impl Hooks {
    #[must_use]
    pub fn new(outgoing: Outgoing, random: Arc<Random>) -> Self {
        Self { outgoing, random }
    }

    /// Calls the extension that answers the hook `H`; `context` is stored for its callback. No transaction is open while it
    /// runs, so a dry run is rejected: an extension's work cannot be rolled back.
    ///
    /// # Errors
    /// When the extension rejects or fails, or the database fails.
    pub async fn call<H: Hook>(
        &self,
        database: &Database,
        of: &HookContext<'_>,
        request: H::Request,
        context: Value,
    ) -> Result<H::Response, HookError> {
        let url = of.extension.and_then(|extension| Some((extension, extension.url(H::ID)?)));
        let failed = |message| HookError::Extension(HookFailure { message });
        let (extension, url) = url.ok_or_else(|| failed(format!("Hook {} is not answered by an extension.", H::ID)))?;
        if database.is_in_transaction() {
            let why = "is answered by an extension, whose work cannot be taken back: nothing was done.";
            return Err(failed(format!("Hook {} {why}", H::ID)));
        }
        // Boxed, because it is rare and its future is large.
        Box::pin(self.exchange::<H>(database, of, extension, url, request, context)).await
    }

    async fn exchange<H: Hook>(
        &self,
        database: &Database,
        of: &HookContext<'_>,
        extension: &Extension,
        url: &TargetUrl,
        request: H::Request,
        context: Value,
    ) -> Result<H::Response, HookError> {
        let timeout = Duration::from_secs(u64::from(extension.timeout_seconds.get()));
        let token = CallbackToken::new(&self.random);
        let digest = token.digest();
        // Normally the token ends with the hook.
        let seconds = (timeout + EXPIRY_MARGIN).as_secs_f64();
        let opened = database.in_transaction(async |connection| {
            // The deletion of the tenant locks the same rows in another order.
            lock_tenant_shared(connection, of.tenant).await?;
            Ok::<_, DatabaseError>(store::open(connection, of.tenant, &digest, H::ID, &context, seconds).await?)
        });
        opened.await?;

        let in_hook = database.locks().leave_for_hook(of.tenant);
        let running = Running { database: database.clone(), tenant: of.tenant, digest, ended: false };
        let body = serde_json::to_vec(&request).expect("invariant: plain data is JSON");
        let headers = headers(extension, of.user, &token);
        let sent = of.recorder.is_on().then(|| Text::request(&body));
        let start = Instant::now();
        let answered = self.outgoing.post(url.url(), headers, body, timeout).await;
        let ms = start.elapsed().as_secs_f64() * 1e3;
        in_hook.return_from_hook().await.map_err(DatabaseError::from)?;
        let has_committed = running.end().await?;
        of.recorder.hook(|| {
            let (status, response) = match &answered {
                Ok(answer) => {
                    let mut text = Text::request(&answer.body);
                    text.text = extension.without_token(&text.text.replace(&token.0, HIDDEN));
                    (Some(answer.status), text)
                }
                Err(error) => (None, Text::request(error.to_string().as_bytes())),
            };
            let (url, request) = (url.shown(), sent.unwrap_or_default());
            HookNote {
                hook: H::ID.into(),
                url,
                request,
                status,
                response,
                duration_ms: ms,
                has_called_back: has_committed,
            }
        });
        let read = match answered {
            Ok(answer) => read_answer::<H>(&answer),
            Err(error) => Err(format!("Hook {} failed: {error}.", H::ID)),
        };
        read.map_err(|message| {
            let mut message = shown(&message, extension, &token);
            if has_committed {
                message.push_str(" Its callback had already written the change.");
            }
            HookError::Extension(HookFailure { message })
        })
    }

    /// The tenants whose extension presents this token. A fork has the token of its origin.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tenants_of(&self, database: &Database, bearer: &str) -> Result<Vec<TenantId>, DatabaseError> {
        let digest: [u8; 32] = Sha256::digest(bearer.as_bytes()).into();
        database.run(async |connection| store::tenants_of(connection, &digest).await).await
    }

    /// Claims the token of a callback. `None` when it belongs to another tenant or hook, was claimed before, or the hook has
    /// ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim(
        &self,
        database: &Database,
        tenants: &[TenantId],
        hook: &str,
        token: &CallbackToken,
    ) -> Result<Option<Callback>, DatabaseError> {
        let digest = token.digest();
        let claimed = database.run(async |connection| store::claim(connection, tenants, &digest, hook).await).await?;
        Ok(claimed.map(|(tenant, context)| Callback { tenant, digest, context }))
    }

    /// The id of an error of this server: eight characters.
    #[must_use]
    pub fn error_id(&self) -> String {
        self.random.uuid().simple().to_string()[..8].to_owned()
    }
}

/// Posts a request to a hook outside of any API request. No callback can use its token.
///
/// # Errors
/// When there is no response.
pub async fn try_hook(
    outgoing: &Outgoing,
    random: &Random,
    extension: &Extension,
    url: &TargetUrl,
    request: &Value,
    timeout: Duration,
) -> Result<OutgoingResponse, OutgoingError> {
    let headers = headers(extension, "hook try", &CallbackToken::new(random));
    outgoing.post(url.url(), headers, request.to_string().into_bytes(), timeout).await
}

/// A running hook. When it is dropped, its token ends, also when the client disconnects.
struct Running {
    database: Database,
    tenant: TenantId,
    digest: [u8; 32],
    ended: bool,
}

impl Running {
    /// Ends the token. Returns whether a callback committed its work.
    async fn end(mut self) -> Result<bool, DatabaseError> {
        let committed = close(&self.database, self.tenant, &self.digest).await?;
        self.ended = true;
        Ok(committed)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let (database, tenant, digest) = (self.database.clone(), self.tenant, self.digest);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { close(&database, tenant, &digest).await });
        }
    }
}

async fn close(database: &Database, tenant: TenantId, digest: &[u8; 32]) -> Result<bool, DatabaseError> {
    database.run(async |connection| store::close(connection, tenant, digest).await).await
}

fn headers(extension: &Extension, user: &str, token: &CallbackToken) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, text: &str, is_sensitive: bool| {
        // Text that a header cannot contain is omitted.
        if let Ok(mut value) = HeaderValue::from_str(text) {
            value.set_sensitive(is_sensitive);
            headers.insert(name, value);
        }
    };
    set(CONTENT_TYPE, "application/json; charset=utf-8", false);
    set(AUTHORIZATION, &format!("Bearer {}", extension.extension_token), true);
    set(TOKEN_HEADER, &token.0, true);
    set(USER_HEADER, user, false);
    headers
}

/// The hook's response.
///
/// # Errors
/// The message of the error that the answer contains, else its text.
fn read_answer<H: Hook>(answer: &OutgoingResponse) -> Result<H::Response, String> {
    let is_success = (200..300).contains(&answer.status);
    let source = Source { bytes: &answer.body, leniency: Leniency::JsonNet, buffer: &Rewritten::default() };
    let json = source.object().ok();
    if let Some(message) = json.as_ref().and_then(DiscoRemoteException::in_answer) {
        return Err(if message.trim().is_empty() { text_of(H::ID, answer) } else { message });
    }
    if !is_success {
        return Err(text_of(H::ID, answer));
    }
    let json = json.ok_or_else(|| format!("Hook {} failed: its answer is not a JSON object.", H::ID))?;
    any_case::read(json).map_err(|error| format!("Hook {} failed: its answer cannot be read: {error}.", H::ID))
}

/// The message of an answer with an error status ("an error whose message is the HTTP response text").
fn text_of(hook: &str, answer: &OutgoingResponse) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    match text.trim() {
        "" => format!("Hook {hook} failed: it answered with status {}.", answer.status),
        // An extension may answer with the request that it received.
        text if text.starts_with(['{', '[', '<']) => redacted_text(text),
        text => text.to_owned(),
    }
}

/// The beginning of a message, without the tokens that the extension was sent.
fn shown(message: &str, extension: &Extension, token: &CallbackToken) -> String {
    let message = extension.without_token(&message.replace(&token.0, HIDDEN));
    message.chars().take(MAX_TEXT).collect()
}
