//! A tenant's plan, and the form that replaces it.

use axum::body::Body;
use axum::http::Response;
use maud::{Markup, html};

use super::Shown;
use super::extract::Visit;
use super::layout::{self, Tab, field};
use crate::control::error::ControlError;
use crate::plan::Plan;
use crate::tenants::read_text;

pub(super) async fn page(visit: Visit) -> Shown {
    Ok(shown(&visit, None))
}

pub(super) async fn replace(visit: Visit) -> Shown {
    let plan: Result<Plan, String> = read_text(visit.form().text("plan"), true);
    let replaced = match plan {
        Ok(plan) => visit.tenants().replace_plan(visit.name(), &plan).await.map_err(ControlError::from),
        Err(reason) => Err(ControlError::Bad(format!("this is not a plan: {reason}"))),
    };
    match replaced {
        Ok(()) => Ok(visit.to("plan?replaced")),
        Err(error) => Ok(shown(&visit, Some(&error))),
    }
}

fn shown(visit: &Visit, problem: Option<&ControlError>) -> Response<Body> {
    let body = html! {
        @if visit.asked.query_text == "replaced" { div.alert.good role="status" { "The plan is replaced." } }
        (form(visit, problem))
    };
    layout::of_tenant(visit, Tab::Plan, "Plan", problem, &body)
}

fn form(visit: &Visit, problem: Option<&ControlError>) -> Markup {
    let form = visit.form();
    let is_rejected = problem.is_some() && form.filled("plan").is_some();
    let own = serde_json::to_string_pretty(&visit.tenant.plan).unwrap_or_default();
    let text = if is_rejected { form.raw("plan") } else { &own };
    let rejection = problem.filter(|_| is_rejected);
    html! {
        p.hint { "The settings of the tenant with every default. A plan with an unknown name or value is rejected as a whole." }
        form method="post" action=(visit.path("plan")) {
            (field("plan", "Plan, as JSON", &html! {
                textarea #plan name="plan" rows="14" spellcheck="false" aria-describedby=[rejection.map(|_| "rejected")] { "\n" (text) }
            }))
            @if let Some(rejection) = rejection { p.rejected #rejected { (rejection.detail()) } }
            p.buttons { button { "Replace the plan" } }
        }
    }
}
