//! A tenant's plan, and the forms that replace it: by entries, and as JSON.

use axum::body::Body;
use axum::http::Response;
use maud::{Markup, html};

use super::extract::TenantPage;
use super::layout::field;
use super::tabs::{self, Tab};
use super::{PageResult, plan_form};
use crate::control::error::ControlError;
use crate::plan::Plan;
use crate::tenants::read_text;

pub(super) async fn page(page: TenantPage) -> PageResult {
    Ok(render(&page, None))
}

pub(super) async fn replace(page: TenantPage) -> PageResult {
    let plan = if page.form().filled("entries").is_some() {
        plan_form::plan_of(page.form())
    } else {
        let read: Result<Plan, String> = read_text(page.form().text("plan"), true);
        read.map_err(|reason| ControlError::Bad(format!("this is not a plan: {reason}")))
    };
    let replaced = match plan {
        Ok(plan) => page.tenants().replace_plan(page.name(), &plan).await.map_err(ControlError::from),
        Err(error) => Err(error),
    };
    match replaced {
        Ok(()) => Ok(page.to("plan?replaced")),
        Err(error) => Ok(render(&page, Some(&error))),
    }
}

fn render(page: &TenantPage, problem: Option<&ControlError>) -> Response<Body> {
    let is_of_entries = problem.is_some() && page.form().filled("entries").is_some();
    let body = html! {
        @if page.request.query_text == "replaced" { div.alert.good role="status" { "The plan is replaced." } }
        p.hint { "The settings of the tenant with every default. A plan with an unknown name or value is rejected as a whole." }
        div.plan-and-json {
            section aria-labelledby="entries" {
                h2 #entries { "Entries" }
                (plan_form::form(page, is_of_entries))
            }
            section aria-labelledby="as-json" {
                h2 #as-json { "As JSON" }
                (as_json(page, problem))
            }
        }
    };
    tabs::of_tenant(page, Tab::Plan, "Plan", problem, &body)
}

fn as_json(page: &TenantPage, problem: Option<&ControlError>) -> Markup {
    let form = page.form();
    let is_rejected = problem.is_some() && form.filled("plan").is_some();
    let own = serde_json::to_string_pretty(&page.tenant.plan).unwrap_or_default();
    let text = if is_rejected { form.raw("plan") } else { &own };
    let rejection = problem.filter(|_| is_rejected);
    html! {
        form method="post" action=(page.path("plan")) {
            (field("plan", "Plan, as JSON", &html! {
                textarea #plan name="plan" rows="40" spellcheck="false" aria-describedby=[rejection.map(|_| "rejected")] { "\n" (text) }
            }))
            @if let Some(rejection) = rejection { p.rejected #rejected { (rejection.detail()) } }
            p.buttons { button { "Replace the plan" } }
        }
    }
}
