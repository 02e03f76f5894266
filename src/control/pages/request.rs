//! One request, in parts: an overview, the request, the response, its effects, and the same request as code.

use maud::{Markup, html};

use super::PageResult;
use super::extract::{PageRequest, TenantPage};
use super::format::{count, milliseconds, status, time};
use super::layout::{self, facts};
use super::request_parts as parts;
use super::requests::{self, RequestScope};
use super::tabs::{self, Tab};
use super::{copy, diff_lines, replay, undo};
use crate::control::documents::evidence;
use crate::control::journal::{find_request, journal};
use crate::journal::Entry;

/// A part of the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Overview,
    Request,
    Response,
    Changes,
    Webhooks,
    Hooks,
    Code,
}

impl Part {
    const ALL: [Self; 7] =
        [Self::Overview, Self::Request, Self::Response, Self::Changes, Self::Webhooks, Self::Hooks, Self::Code];

    /// In addresses.
    fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Request => "request",
            Self::Response => "response",
            Self::Changes => "changes",
            Self::Webhooks => "webhooks",
            Self::Hooks => "hooks",
            Self::Code => "code",
        }
    }

    fn words(self, entry: &Entry) -> String {
        let counted =
            |name: &str, number: usize| if number == 0 { name.to_owned() } else { format!("{name} ({number})") };
        match self {
            Self::Overview => "Overview".to_owned(),
            Self::Request => "Request".to_owned(),
            Self::Response => "Response".to_owned(),
            Self::Changes => counted("Changes", entry.changes.len()),
            Self::Webhooks => counted("Webhooks", entry.events.len()),
            Self::Hooks => counted("Hooks", entry.hooks.len()),
            Self::Code => "Copy as code".to_owned(),
        }
    }

    fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|part| part.name() == name).unwrap_or_default()
    }
}

/// A request with what its page needs.
struct View<'a> {
    entry: &'a Entry,
    scope: RequestScope<'a>,
    request: &'a PageRequest,
    part: Part,
    /// The search of the list that the page was opened from.
    query: String,
    /// The address of the form that completes a rejected request, where the page has the editor.
    fix: Option<String>,
}

pub(super) async fn page(page: TenantPage) -> PageResult {
    let entry = find_request(journal(page.tenants())?, Some(page.tenant.id), page.request.part("request")).await?;
    let scope = RequestScope { tenant: Some((page.tenant.id, page.name())) };
    let (_, search) = requests::search(&page.request);
    let mut listing = search.list(page.tenants(), Some(page.tenant.id)).await?;
    if listing.shown.iter().all(|shown| shown.number != entry.number) {
        listing = search.starting_at(entry.number).list(page.tenants(), Some(page.tenant.id)).await?;
    }
    let beside = requests::beside(&listing, scope, &search, &entry);
    let view = View { fix: Some(page.path("fix")), ..View::new(&entry, scope, &page.request, search.query()) };
    let body = html! {
        (view.render())
        @if view.part == Part::Overview {
            (undo::link(&page, &entry))
            (replay::form(&page, &replay::Draft::of(&entry)))
        }
    };
    Ok(tabs::beside(&page, Tab::Requests, &title(&entry), None, Some(&beside), &body))
}

pub(super) async fn unauthenticated(request: PageRequest) -> PageResult {
    let entry = find_request(journal(&request.tenants)?, None, request.part("request")).await?;
    let view = View::new(&entry, RequestScope { tenant: None }, &request, String::new());
    Ok(layout::plain(&title(&entry), None, &view.render()))
}

fn title(entry: &Entry) -> String {
    let path = entry.path.split('?').next().unwrap_or_default();
    format!("{} {path}", entry.method)
}

impl<'a> View<'a> {
    fn new(entry: &'a Entry, scope: RequestScope<'a>, request: &'a PageRequest, query: String) -> Self {
        Self { entry, scope, request, part: Part::of(request.query.text("tab")), query, fix: None }
    }

    /// The address of a part, within the same list.
    fn address(&self, part: Part) -> String {
        let separator = if self.query.is_empty() { "" } else { "&" };
        format!("{}?{}{separator}tab={}", self.scope.request(self.entry), self.query, part.name())
    }

    fn render(&self) -> Markup {
        let Self { entry, part, .. } = self;
        html! {
            nav aria-label="Parts of the request" {
                ul.parts {
                    @for known in Part::ALL {
                        li { a href=(self.address(known)) aria-current=[(known == *part).then_some("page")] { (known.words(entry)) } }
                    }
                }
            }
            (self.content())
        }
    }

    fn content(&self) -> Markup {
        let Self { entry, scope, request, .. } = self;
        let tenant = scope.tenant.map(|(_, name)| name);
        let none = |what: &str| html! { p.empty { (what) } };
        match self.part {
            Part::Overview => self.overview(),
            Part::Request => {
                parts::message("Request", &entry.request_headers, &entry.request_body, true, &entry.reasons)
            }
            Part::Response => {
                parts::message("Response", &entry.response_headers, &entry.response_body, entry.status.is_some(), &[])
            }
            Part::Changes if entry.changes.is_empty() => none("It changed nothing."),
            Part::Changes => html! {
                section aria-labelledby="changed" {
                    h2 #changed { @if entry.is_dry_run { "What would have changed" } @else { "What changed" } }
                    (diff_lines::changes(entry, tenant, request.query.text("technical") == "1", &self.address(Part::Changes)))
                }
                (parts::left_out(entry))
            },
            Part::Webhooks if entry.events.is_empty() => none("It caused no event."),
            Part::Webhooks => html! { (parts::events(entry, tenant)) (parts::left_out(entry)) },
            Part::Hooks if entry.hooks.is_empty() => none("No extension answered a hook of it."),
            Part::Hooks => parts::hooks(entry),
            Part::Code => copy::section(entry, &request.vendor_origin()),
        }
    }

    fn overview(&self) -> Markup {
        let Self { entry, scope, .. } = self;
        let tenant = scope.tenant.map(|(_, name)| name);
        let customer = |id: i32| {
            html! {
                @if let Some(name) = tenant { a href=(super::format::at(name, &format!("customers/{id}"))) { (id) } }
                @else { (id) }
            }
        };
        html! {
            (facts(&[
                ("Status", html! { (status(entry.status)) " " span.dim { (reason_phrase(entry.status)) } }),
                ("Operation", operation(entry)),
                ("Evidence", evidence_of(entry)),
                ("Path and query", html! { @if entry.path.contains('?') { code { (entry.path) } } }),
                ("Received at", html! { (time(entry.received_at)) " " (super::format::ago(entry.received_at)) }),
                ("Tenant's time", entry.tenant_time.filter(|at| (*at - entry.received_at).num_seconds().abs() > 1).map(time).unwrap_or_default()),
                ("Duration", html! { (milliseconds(entry.duration_ms)) ", of which " (milliseconds(entry.database_ms)) " in the database" }),
                ("Key", html! { (entry.key.as_deref().unwrap_or("none")) }),
                ("Customer", entry.customer.map(customer).unwrap_or_default()),
                ("Request id", html! { @if !entry.request_id.is_nil() { code { (entry.request_id) } } }),
                ("Effects", self.effects()),
            ]))
            @if entry.is_dry_run {
                div.alert.warn { strong { "A dry run. " } "All changes were rolled back." }
            }
            @if let Some(fault) = &entry.fault {
                div.alert.bad { strong { "An injected fault. " } "Fault " (fault.id) ": " (fault.description) "." }
            }
            @if let Some(fix) = self.fix.as_ref().filter(|_| replay::is_to_be_fixed(entry)) {
                p.buttons {
                    button form=(replay::EDITOR) formaction=(fix) formnovalidate name="do" value="all" { "Fix it" }
                    span.hint { "Fills in what is missing, renames misspelled members, and replaces hidden values. Nothing is sent." }
                }
            }
            (parts::why(entry))
        }
    }

    /// Links to what the request changed and caused.
    fn effects(&self) -> Markup {
        let entry = self.entry;
        let effects = [
            (Part::Changes, entry.changes.len(), "changed row", "changed rows"),
            (Part::Webhooks, entry.events.len(), "event", "events"),
            (Part::Hooks, entry.hooks.len(), "hook", "hooks"),
        ];
        html! {
            @for (part, number, one, many) in effects.into_iter().filter(|(_, number, ..)| *number > 0) {
                a href=(self.address(part)) { (count(number, one, many)) } " "
            }
        }
    }
}

/// The operation, with a link to its documentation.
fn operation(entry: &Entry) -> Markup {
    html! {
        @if entry.operation == "-" { "none" }
        @else if evidence(&entry.operation, None).is_some() {
            a href={ "/_emulator/docs/index.html#" (entry.operation) } title="Its documentation" { (entry.operation) }
        }
        @else { (entry.operation) }
    }
}

/// How well the response of the operation with this status is known.
fn evidence_of(entry: &Entry) -> Markup {
    let Some((class, source)) = evidence(&entry.operation, entry.status) else { return html! {} };
    let style = match class {
        "documented" => "mark good",
        "inferred" | "chosen" => "mark warn",
        _ => "mark",
    };
    html! {
        a href={ "/_emulator/coverage#" (entry.operation) } title=(source) { span class=(style) { (class) } }
    }
}

fn reason_phrase(status: Option<u16>) -> &'static str {
    status
        .and_then(|code| axum::http::StatusCode::from_u16(code).ok())
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
}
