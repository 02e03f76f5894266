//! A tenant's plan, and the form that replaces it.

use axum::body::Body;
use axum::http::Response;
use maud::{Markup, html};

use super::PageResult;
use super::extract::TenantPage;
use super::layout::field;
use super::tabs::{self, Tab};
use crate::control::error::ControlError;
use crate::plan::Plan;
use crate::tenants::read_text;

pub(super) async fn page(page: TenantPage) -> PageResult {
    Ok(render(&page, None))
}

pub(super) async fn replace(page: TenantPage) -> PageResult {
    let plan: Result<Plan, String> = read_text(page.form().text("plan"), true);
    let replaced = match plan {
        Ok(plan) => page.tenants().replace_plan(page.name(), &plan).await.map_err(ControlError::from),
        Err(reason) => Err(ControlError::Bad(format!("this is not a plan: {reason}"))),
    };
    match replaced {
        Ok(()) => Ok(page.to("plan?replaced")),
        Err(error) => Ok(render(&page, Some(&error))),
    }
}

fn render(page: &TenantPage, problem: Option<&ControlError>) -> Response<Body> {
    let body = html! {
        @if page.request.query_text == "replaced" { div.alert.good role="status" { "The plan is replaced." } }
        (form(page, problem))
    };
    tabs::of_tenant(page, Tab::Plan, "Plan", problem, &body)
}

fn form(page: &TenantPage, problem: Option<&ControlError>) -> Markup {
    let form = page.form();
    let is_rejected = problem.is_some() && form.filled("plan").is_some();
    let own = serde_json::to_string_pretty(&page.tenant.plan).unwrap_or_default();
    let text = if is_rejected { form.raw("plan") } else { &own };
    let rejection = problem.filter(|_| is_rejected);
    html! {
        p.hint { "The settings of the tenant with every default. A plan with an unknown name or value is rejected as a whole." }
        form method="post" action=(page.path("plan")) {
            (field("plan", "Plan, as JSON", &html! {
                textarea #plan name="plan" rows="14" spellcheck="false" aria-describedby=[rejection.map(|_| "rejected")] { "\n" (text) }
            }))
            @if let Some(rejection) = rejection { p.rejected #rejected { (rejection.detail()) } }
            p.buttons { button { "Replace the plan" } }
        }
    }
}
