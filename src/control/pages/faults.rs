//! Injected faults: the rules of a tenant, presets, and forms that add more.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use maud::{Markup, html};
use serde_json::Value;

use super::PageResult;
use super::extract::TenantPage;
use super::fault_forms::{Preview, for_events, for_requests, in_json, presets};
use super::fault_rules::{Preset, event_rule, request_rule};
use super::format::{count, time};
use super::forms::Fields;
use super::tabs::{self, Tab};
use crate::control::error::ControlError;
use crate::control::typed;
use crate::fault_injection::{FaultListing, FaultRule};
use crate::wire::misread::without_value;

pub(super) async fn page(page: TenantPage) -> PageResult {
    Ok(render(&page, None, None))
}

pub(super) async fn add(page: TenantPage) -> PageResult {
    let rule = request_rule(page.form());
    add_or_preview(&page, rule, false).await
}

pub(super) async fn add_event(page: TenantPage) -> PageResult {
    let rule = event_rule(page.form());
    add_or_preview(&page, rule, true).await
}

pub(super) async fn add_preset(page: TenantPage) -> PageResult {
    let rule = Preset::of(page.form());
    add_and_show(&page, rule).await
}

pub(super) async fn add_json(page: TenantPage) -> PageResult {
    let json = serde_json::from_str(page.form().text("json"));
    let json = json.map_err(|error| ControlError::Bad(format!("the rule is not JSON: {error}")));
    add_and_show(&page, json).await
}

/// What the rule of a form does, as text for the script.
pub(super) async fn sentence(page: TenantPage) -> PageResult {
    let query: &Fields = &page.request.query;
    let rule = if query.text("kind") == "event" { event_rule(query) } else { request_rule(query) };
    let sentence = match read(&page, rule) {
        Ok(rule) => format!("{rule}."),
        Err(error) => format!("nothing yet: {}.", error.detail()),
    };
    let mut response = typed("text/plain; charset=utf-8", sentence);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Deletes one rule, or all.
pub(super) async fn delete(page: TenantPage) -> PageResult {
    let (tenants, tenant) = (page.tenants(), page.tenant.id);
    let id: Result<Option<i32>, ControlError> = page.form().value("fault", "the fault");
    let deleted = match id {
        Ok(Some(id)) => tenants.delete_fault_rule(tenant, id).await.map(drop).map_err(ControlError::from),
        Ok(None) => tenants.clear_fault_rules(tenant).await.map_err(ControlError::from),
        Err(error) => Err(error),
    };
    match deleted {
        Ok(()) => Ok(page.to("faults")),
        Err(error) => Ok(render(&page, Some(&error), None)),
    }
}

async fn add_or_preview(page: &TenantPage, rule: Result<Value, ControlError>, is_for_events: bool) -> PageResult {
    if page.form().text("do") != "preview" {
        return add_and_show(page, rule).await;
    }
    Ok(match read(page, rule) {
        Ok(rule) => render(page, None, Some(&Preview { is_for_events, sentence: rule.to_string() })),
        Err(error) => render(page, Some(&error), None),
    })
}

async fn add_and_show(page: &TenantPage, rule: Result<Value, ControlError>) -> PageResult {
    match add_rule(page, rule).await {
        Ok(()) => Ok(page.to("faults")),
        Err(error) => Ok(render(page, Some(&error), None)),
    }
}

fn read(page: &TenantPage, rule: Result<Value, ControlError>) -> Result<FaultRule, ControlError> {
    let rule: FaultRule =
        serde_json::from_value(rule?).map_err(|error| ControlError::Bad(without_value(&error.to_string())))?;
    page.request.control.catalog.check(&rule).map_err(ControlError::Bad)?;
    Ok(rule)
}

async fn add_rule(page: &TenantPage, rule: Result<Value, ControlError>) -> Result<(), ControlError> {
    let rule = read(page, rule)?;
    page.tenants().add_fault_rule(page.tenant.id, &rule).await?;
    Ok(())
}

fn render(page: &TenantPage, problem: Option<&ControlError>, preview: Option<&Preview>) -> Response<Body> {
    let body = html! {
        section aria-labelledby="rules" {
            h2 #rules { "Rules" }
            @if page.faults.is_empty() {
                p.empty { "None: every request gets its normal response." }
            } @else {
                @for fault in &page.faults { (of_fault(page, fault)) }
                form method="post" action=(page.path("faults/delete")) { button.danger { "Delete all" } }
            }
        }
        (presets(page))
        (for_requests(page, preview))
        (for_events(page, preview))
        (in_json(page))
    };
    tabs::of_tenant(page, Tab::Faults, "Faults", problem, &body)
}

fn times(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "time", "times")
}

fn of_fault(page: &TenantPage, fault: &FaultListing) -> Markup {
    let is_used_up = fault.rule.when().is_used_up_after(fault.matched);
    let json = serde_json::to_string(&fault.rule).unwrap_or_default();
    html! {
        article.card.active[!is_used_up] {
            div.head {
                @if is_used_up { span.mark { "used up" } } @else { span.mark.bad { "active" } }
                " " strong { (fault.id) ". " (fault.rule) }
            }
            p { "Matched " (times(fault.matched)) ", triggered " (times(fault.triggered)) ". Added " (time(fault.created_at)) "." }
            details { summary { "As JSON" span.unseen { ", fault " (fault.id) } } pre { (json) } }
            form method="post" action=(page.path("faults/delete")) {
                input type="hidden" name="fault" value=(fault.id);
                button.quiet.small { "Delete" span.unseen { " fault " (fault.id) } }
            }
        }
    }
}
