//! Sends a request again, unchanged or edited: through the router of the vendor APIs, as the tenant, without its key.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Uri, header};
use maud::{Markup, html};

use super::copy::{header as header_of, in_utf8, without_key};
use super::extract::TenantPage;
use super::json_text::pretty_json;
use super::layout::field;
use super::tabs::{self, Tab};
use super::vendor_call::{self, KEY_NAME};
use super::{PageResult, see_other};
use crate::control::error::ControlError;
use crate::journal::{Entry, HIDDEN};

/// The id of the form.
pub(super) const EDITOR: &str = "editor";

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// A request that is about to be sent, as the form shows it.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub method: String,
    pub path: String,
    host: String,
    content_type: String,
    accept: String,
    pub body: String,
    is_dry_run: bool,
    wants_representation: bool,
    is_cut: bool,
}

impl Draft {
    /// The request of a journal entry.
    pub(super) fn of(entry: &Entry) -> Self {
        let header = |name: &str| header_of(entry, name).unwrap_or_default().to_owned();
        let text = &entry.request_body;
        Self {
            method: entry.method.to_string(),
            path: without_key(&entry.path),
            host: header("host"),
            content_type: in_utf8(&header("content-type")),
            accept: header("accept"),
            body: pretty_json(&text.text),
            is_dry_run: entry.is_dry_run,
            wants_representation: header("prefer").contains("return=representation"),
            is_cut: text.is_truncated,
        }
    }

    pub(super) fn of_form(page: &TenantPage) -> Self {
        let form = page.form();
        Self {
            method: form.text("method").to_ascii_uppercase(),
            path: form.text("path").to_owned(),
            host: form.text("host").to_owned(),
            content_type: form.text("content_type").to_owned(),
            accept: form.text("accept").to_owned(),
            body: form.raw("body").to_owned(),
            is_dry_run: form.filled("dry_run").is_some(),
            wants_representation: form.filled("representation").is_some(),
            is_cut: false,
        }
    }

    /// The names of the members whose values are hidden in the body.
    fn hidden(&self) -> Vec<&str> {
        let hidden = self.body.lines().filter(|line| line.contains(HIDDEN));
        hidden.filter_map(|line| line.trim_start().trim_start_matches('"').split(['"', ':', '=']).next()).collect()
    }

    fn request(&self) -> Result<Request<Body>, ControlError> {
        let bad = ControlError::Bad;
        if !METHODS.contains(&self.method.as_str()) {
            return Err(bad(format!("the method is one of {}", METHODS.join(", "))));
        }
        if self.body.contains(HIDDEN) || self.path.contains(HIDDEN) {
            return Err(bad(format!("fill in the hidden values ({HIDDEN}): the journal has no secrets")));
        }
        let method = Method::from_bytes(self.method.as_bytes()).map_err(|error| bad(error.to_string()))?;
        // As the server does before it matches the route.
        let path = match self.path.strip_suffix('/') {
            Some(path) if !path.is_empty() => path,
            _ => &self.path,
        };
        let uri: Option<Uri> = path.parse().ok().filter(|_| path.starts_with('/'));
        let uri = uri.ok_or_else(|| bad("the path begins with '/' and is percent-encoded".to_owned()))?;
        let mut request = Request::new(Body::from(self.body.clone()));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let preferences: Vec<&str> =
            [(self.is_dry_run, "tx=rollback"), (self.wants_representation, "return=representation")]
                .into_iter()
                .filter_map(|(is_set, text)| is_set.then_some(text))
                .collect();
        for (name, text) in [
            (header::HOST, self.host.as_str()),
            (header::CONTENT_TYPE, &self.content_type),
            (header::ACCEPT, &self.accept),
            (header::HeaderName::from_static("prefer"), &preferences.join(", ")),
        ] {
            if !text.is_empty() {
                let value = HeaderValue::try_from(text)
                    .map_err(|_| bad(format!("the header '{name}' has a value that cannot be sent")))?;
                request.headers_mut().insert(name, value);
            }
        }
        Ok(request)
    }
}

/// Sends a request, and redirects to its page.
pub(super) async fn send(page: TenantPage) -> PageResult {
    let draft = Draft::of_form(&page);
    match deliver(&page, &draft).await {
        Ok(path) => Ok(see_other(&path)),
        Err(error) => Ok(tabs::of_tenant(&page, Tab::Requests, "Send again", Some(&error), &form(&page, &draft))),
    }
}

async fn deliver(page: &TenantPage, draft: &Draft) -> Result<String, ControlError> {
    let sent = vendor_call::send(page, draft.request()?).await?;
    Ok(page.path(&format!("requests/{}", sent.request)))
}

/// Whether a request was rejected, or has members without effect.
pub(super) fn is_to_be_fixed(entry: &Entry) -> bool {
    !entry.reasons.is_empty() || !entry.ignored.is_empty()
}

/// The form that sends a request again.
pub(super) fn form(page: &TenantPage, draft: &Draft) -> Markup {
    let hidden = draft.hidden();
    let method = html! {
        select #method name="method" {
            @for method in METHODS { option selected[method == draft.method] { (method) } }
        }
    };
    let path = html! { input #path name="path" value=(draft.path) required autocomplete="off" spellcheck="false"; };
    let body = html! {
        textarea #body name="body" rows=(draft.body.lines().count().clamp(3, 24)) spellcheck="false" { "\n" (draft.body) }
    };
    html! {
        section aria-labelledby="replay" {
            h2 #replay { "Edit and send again" }
            p.hint { "It is handled like the tenant's other requests. The list shows its key as '" (KEY_NAME) "'." }
            @if !hidden.is_empty() {
                div.alert.warn {
                    strong { "Fill in the hidden values (" (HIDDEN) "): " }
                    (hidden.join(", ")) ". The journal has no secrets."
                }
            }
            @if draft.is_cut { div.alert.warn { "The journal has only the beginning of the body, or none of it: complete it." } }
            form id=(EDITOR) method="post" action=(page.path("replay")) {
                div.row {
                    div.narrow { (field("method", "Method", &method)) }
                    div.wide { (field("path", "Path and query", &path)) }
                }
                (field("body", "Body", &body))
                input type="hidden" name="host" value=(draft.host);
                input type="hidden" name="content_type" value=(draft.content_type);
                input type="hidden" name="accept" value=(draft.accept);
                p.checks {
                    label { input type="checkbox" name="representation" value="1" checked[draft.wants_representation]; " Return the customer" }
                }
                p.buttons {
                    button { "Send again" }
                    button.quiet name="dry_run" value="1" { "Dry run" }
                    span.hint { "A dry run rolls back all changes." }
                }
                (fixes(page))
            }
        }
    }
}

/// The buttons that complete the request in the editor.
fn fixes(page: &TenantPage) -> Markup {
    let button = |what: &str, words: &str| {
        html! { button.quiet.small formaction=(page.path("fix")) formnovalidate name="do" value=(what) { (words) } }
    };
    html! {
        p.buttons {
            (button("missing", "Fill in what is missing"))
            (button("names", "Rename misspelled members"))
            (button("secrets", "Use test values for hidden ones"))
            (button("all", "All three"))
            span.hint { "Nothing is sent." }
        }
    }
}
