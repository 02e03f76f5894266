//! Moves a customer in a tree: first as a dry run that shows what would happen, then through DirectScale's API.

use axum::http::Method;
use maud::{Markup, html};

use super::{render, tree_name, tree_named};
use crate::control::error::ControlError;
use crate::control::pages::PageResult;
use crate::control::pages::extract::TenantPage;
use crate::control::pages::format::counted;
use crate::control::pages::layout::field;
use crate::control::pages::vendor_call::{self, Written};
use crate::customers::{BranchNode, MAX_TOTAL, Tree};
use crate::model::CustomerId;

/// A move that a form asked for, with its result. The default is none.
#[derive(Debug, Default)]
pub(super) struct Move {
    pub tree: Option<Tree>,
    /// The customer whose surroundings the page shows.
    pub at: Option<i32>,
    tried: Option<Tried>,
}

#[derive(Debug)]
struct Tried {
    customer: i32,
    upline: i32,
    written: Written,
    /// The customer before the move; `None` where it had no place.
    before: Option<BranchNode>,
}

/// Tries a move as a dry run, or does it.
pub(in crate::control::pages) async fn submit(page: TenantPage) -> PageResult {
    match tried(&page).await {
        Ok(moved) => render(&page, &moved, None).await,
        Err(error) => {
            let same = Move { tree: tree_named(page.form().text("tree")).ok(), ..Move::default() };
            render(&page, &same, Some(error)).await
        }
    }
}

async fn tried(page: &TenantPage) -> Result<Move, ControlError> {
    let form = page.form();
    let tree = tree_named(form.text("tree"))?;
    let missing = |what: &str| ControlError::Bad(format!("{what} is missing"));
    let customer: i32 = form.value("customer", "the customer")?.ok_or_else(|| missing("the customer"))?;
    let upline: i32 = form.value("upline", "the new upline")?.ok_or_else(|| missing("the new upline"))?;
    let is_dry_run = form.text("do") != "move";
    let before = {
        let _presence = page.tenants().enter(page.tenant.id).await?;
        page.tenants().customers.branch_node(page.tenant.id, tree, CustomerId(customer)).await?
    };
    let name = if tree == Tree::Sponsor { "Unilevel" } else { "Enrollment" };
    let path = format!("/v1/customers/{customer}/downline/placenode?tree={name}&toUplineId={upline}");
    let written = vendor_call::write(page, Method::POST, &path, None, is_dry_run).await?;
    // Where it stands, if it stays there.
    let at = if written.outcome.is_ok() { Some(upline) } else { before.as_ref().map(|_| customer) };
    Ok(Move { tree: Some(tree), at, tried: Some(Tried { customer, upline, written, before }) })
}

impl Move {
    /// What the move changed or would change, or why it was rejected.
    pub(super) fn result(&self, page: &TenantPage) -> Markup {
        let Some(Tried { customer, upline, written, before }) = &self.tried else { return Markup::default() };
        let request = html! {
            @if !written.request.is_empty() { a href=(page.path(&format!("requests/{}", written.request))) { "Show the request" } }
        };
        let with = before.as_ref().filter(|node| node.total > 0).map(|node| counted(node.total, MAX_TOTAL));
        match &written.outcome {
            Err(refused) => html! {
                div.alert.bad role="alert" {
                    strong { "Customer " (customer) " cannot be moved below " (upline) ". " }
                    @if refused.errors.is_empty() { (refused.message) " " }
                    @for error in &refused.errors { (error.message) " (" (error.field) ", " (error.rule) ") " }
                    (request)
                }
            },
            Ok(_) if written.is_dry_run => html! {
                div.alert.warn role="status" {
                    strong { "Dry run: nothing was moved. " }
                    "Customer " (customer) @if let Some(with) = &with { ", with the " (with) " customers below it," } " would be placed below " (upline) ". "
                    (request)
                    form method="post" action=(page.path("tree/move")) {
                        input type="hidden" name="tree" value=(self.tree.map(tree_name).unwrap_or_default());
                        input type="hidden" name="customer" value=(customer);
                        input type="hidden" name="upline" value=(upline);
                        p.buttons { button name="do" value="move" { "Move customer " (customer) " below " (upline) } }
                    }
                }
            },
            Ok(_) => html! {
                div.alert.good role="status" {
                    "Customer " (customer) @if let Some(with) = &with { ", with the " (with) " customers below it," } " is now below " (upline) ". "
                    (request)
                }
            },
        }
    }
}

/// The form that moves a customer without a mouse. A script fills it in where a customer is dragged onto another one.
pub(super) fn form(page: &TenantPage, tree: Tree, at: Option<i32>) -> Markup {
    // What was sent, also if it is no number.
    let sent = |name: &str| page.form().filled(name).map(str::to_owned);
    let customer = sent("customer").or_else(|| at.map(|id| id.to_string()));
    let number = |id: &str, value: Option<String>| html! { input id=(id) name=(id) value=[value] inputmode="numeric" required autocomplete="off"; };
    html! {
        section aria-labelledby="move" {
            h2 #move { "Move a customer" }
            p.hint {
                "Moves a customer with all customers below it. " span.with-scripts { "You can also drag a customer onto another one. " }
                "The first step is a dry run, which changes nothing."
            }
            form.row #move-form method="post" action=(page.path("tree/move")) {
                input type="hidden" name="tree" value=(tree_name(tree));
                div.narrow { (field("customer", "Customer id", &number("customer", customer))) }
                div.narrow { (field("upline", "Place it below id", &number("upline", sent("upline")))) }
                div.buttons { button name="do" value="try" { "Try it" } }
            }
        }
    }
}
