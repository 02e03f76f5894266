//! The tree explorer: one level at a time, with the size of what is below each customer. Scripts open a level in place.

mod moves;

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use maud::{Markup, html};

use super::PageResult;
use super::extract::TenantPage;
use super::format::{counted, customer_type};
use super::layout::field;
use super::tabs::{self, Tab};
use crate::control::error::ControlError;
use crate::control::typed;
use crate::customers::{BranchNode, CustomerFilter, CustomerOrder, MAX_DIRECT, MAX_TOTAL, PathNode, Tree};
use crate::model::CustomerId;
use moves::{Move, form};

pub(super) use moves::submit;

/// The number of customers of a level that are shown together.
const PAGE: i64 = 50;

/// Maximum number of customers that a search lists.
const MAX_FOUND: i64 = 20;

/// Maximum number of customers of the path that are shown, half of them from each end.
const MAX_PATH: usize = 12;

/// The trees with their names in the query.
const TREES: [(Tree, &str, &str); 2] =
    [(Tree::Sponsor, "sponsor", "Sponsor tree"), (Tree::Enrollment, "enrollment", "Enrollment tree")];

/// The tree that a query or a form names; the sponsor tree by default.
fn tree_named(name: &str) -> Result<Tree, ControlError> {
    let name = if name.is_empty() { "sponsor" } else { name };
    let found = TREES.iter().find(|(_, known, _)| *known == name).map(|(tree, ..)| *tree);
    found.ok_or_else(|| ControlError::Bad(format!("there is no tree '{}'", name.chars().take(20).collect::<String>())))
}

fn tree_name(tree: Tree) -> &'static str {
    TREES.iter().find(|(known, ..)| *known == tree).map(|(_, name, _)| *name).unwrap_or_default()
}

pub(super) async fn page(page: TenantPage) -> PageResult {
    render(&page, &Move::default(), None).await
}

/// The explorer below the result of a move.
async fn render(page: &TenantPage, moved: &Move, problem: Option<ControlError>) -> PageResult {
    let query = &page.request.query;
    let tree = match moved.tree {
        Some(tree) => tree,
        None => tree_named(query.text("tree"))?,
    };
    let at: Option<i32> = match moved.at {
        Some(at) => Some(at),
        None => query.value("at", "the customer")?,
    };
    let after: i32 = query.value("after", "the id")?.unwrap_or_default();
    let _presence = page.tenants().enter(page.tenant.id).await?;
    let body = html! {
        nav.links aria-label="Customers and trees" {
            a href=(page.path("customers")) { "All customers" }
            @for (known, name, words) in TREES {
                a href=(page.path(&format!("tree?tree={name}"))) aria-current=[(known == tree).then_some("page")] { (words) }
            }
        }
        (search(page, tree, query.text("q")).await?)
        (moved.result(page))
        @match at {
            None => (top(page, tree, after).await?),
            Some(id) => (around(page, tree, id, after).await?),
        }
        (form(page, tree, at))
    };
    Ok(tabs::of_tenant(page, Tab::Customers, "Tree explorer", problem.as_ref(), &body))
}

/// One level, for the script: the customers below `of`, or at the top.
pub(super) async fn branch(page: TenantPage) -> PageResult {
    let query = &page.request.query;
    let tree = tree_named(query.text("tree"))?;
    let of: Option<i32> = query.value("of", "the customer")?;
    let after: i32 = query.value("after", "the id")?.unwrap_or_default();
    let _presence = page.tenants().enter(page.tenant.id).await?;
    let level = level(&page, tree, of, after).await?;
    let mut response: Response<Body> = typed("text/html; charset=utf-8", level.into_string());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The form of the search, and what it finds.
async fn search(page: &TenantPage, tree: Tree, term: &str) -> Result<Markup, ControlError> {
    let filter = CustomerFilter { term, ..CustomerFilter::default() };
    let found = match term {
        "" => None,
        _ => Some(page.tenants().customers.browse(page.tenant.id, filter, CustomerOrder::Id, 0, MAX_FOUND).await?),
    };
    let input = html! { input #q name="q" type="search" value=(term) placeholder="Name, e-mail, username, id" autocomplete="off"; };
    Ok(html! {
        form.row.filter method="get" action=(page.path("tree")) role="search" aria-label="Search in the tree" {
            input type="hidden" name="tree" value=(tree_name(tree));
            (field("q", "Find a customer in the tree", &input))
            div.buttons { button { "Search" } }
        }
        @if let Some(found) = found {
            section aria-labelledby="found" {
                h2 #found { "Found" }
                @if found.customers.is_empty() { p.empty { "No customer matches." } }
                ul.plain { @for customer in &found.customers {
                    li { a href=(address(page, tree, Some(customer.id), 0)) {
                        strong { (customer.id) } " " (customer.name.as_deref().unwrap_or("(no name)"))
                    } " " span.dim { (customer_type(&page.tenant.plan, customer.customer_type)) } }
                } }
                @if found.total > MAX_FOUND { p.hint { "The first " (MAX_FOUND) " of " (found.total) "." } }
            }
        }
    })
}

async fn top(page: &TenantPage, tree: Tree, after: i32) -> Result<Markup, ControlError> {
    let level = level(page, tree, None, after).await?;
    Ok(html! {
        section aria-labelledby="level" {
            h2 #level { "At the top" }
            div.explorer #explorer data-tree=(tree_name(tree)) { (level) }
        }
    })
}

/// A customer with the path to it and the level below it.
async fn around(page: &TenantPage, tree: Tree, id: i32, after: i32) -> Result<Markup, ControlError> {
    let customers = &page.tenants().customers;
    let Some(own) = customers.branch_node(page.tenant.id, tree, CustomerId(id)).await? else {
        return Ok(html! {
            p.empty { "Customer " (id) " is not in this tree. " a href=(address(page, tree, None, 0)) { "Begin at the top" } "." }
        });
    };
    let path = customers.path(page.tenant.id, tree, CustomerId(id)).await?;
    let level = level(page, tree, Some(id), after).await?;
    let above = path.split_last().map(|(_, above)| above).unwrap_or_default();
    Ok(html! {
        (breadcrumb(page, tree, above))
        section aria-labelledby="level" {
            h2 #level { "Below " (own.name.as_deref().unwrap_or("(no name)")) }
            div.explorer #explorer data-tree=(tree_name(tree)) {
                ul.branch { li data-node=(id) { (node(page, tree, &own, true)) (level) } }
            }
        }
    })
}

fn breadcrumb(page: &TenantPage, tree: Tree, above: &[PathNode]) -> Markup {
    let hidden = above.len().saturating_sub(MAX_PATH);
    let first = if hidden > 0 { MAX_PATH / 2 } else { above.len() };
    let step = |node: &PathNode| {
        html! {
            li { a href=(address(page, tree, Some(node.id), 0)) { strong { (node.id) } " " (node.name.as_deref().unwrap_or("(no name)")) } }
        }
    };
    html! {
        nav aria-label="Path from the top" {
            ol.upline {
                li { a href=(address(page, tree, None, 0)) { "Top" } }
                @for node in &above[..first] { (step(node)) }
                @if hidden > 0 { li.dim { (hidden) " more" } }
                @for node in &above[first + hidden..] { (step(node)) }
            }
        }
    }
}

/// The customers below `of` after an id, and the link to those that follow.
async fn level(page: &TenantPage, tree: Tree, of: Option<i32>, after: i32) -> Result<Markup, ControlError> {
    let most = PAGE + 1;
    let mut found = page.tenants().customers.branch(page.tenant.id, tree, of, after, most).await?;
    let has_more = i64::try_from(found.len()).is_ok_and(|count| count > PAGE);
    found.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    Ok(html! {
        @if found.is_empty() {
            @if of.is_none() && after == 0 { p.empty { "The tree is empty." } }
            @else { p.hint.none { "There is none below." } }
        } @else {
            ul.branch {
                @for below in &found { li data-node=(below.id) { (node(page, tree, below, false)) } }
                @if let Some(last) = found.last().filter(|_| has_more) {
                    li.more {
                        a href=(address(page, tree, of, last.id)) data-more=(branch_address(page, tree, of, last.id)) { "Show those after " (last.id) }
                    }
                }
            }
        }
    })
}

fn address(page: &TenantPage, tree: Tree, at: Option<i32>, after: i32) -> String {
    level_query(&page.path("tree"), tree, ("at", at), after)
}

fn branch_address(page: &TenantPage, tree: Tree, of: Option<i32>, after: i32) -> String {
    level_query(&page.path("tree/branch"), tree, ("of", of), after)
}

fn level_query(address: &str, tree: Tree, (name, id): (&str, Option<i32>), after: i32) -> String {
    let id = id.map(|id| format!("&{name}={id}")).unwrap_or_default();
    let after = if after > 0 { format!("&after={after}") } else { String::new() };
    format!("{address}?tree={}{id}{after}", tree_name(tree))
}

fn node(page: &TenantPage, tree: Tree, node: &BranchNode, is_own: bool) -> Markup {
    let name = node.name.as_deref().unwrap_or("(no name)");
    let kind = node.customer_type.map(|number| customer_type(&page.tenant.plan, number)).unwrap_or_default();
    html! {
        span.row-of-tree {
            @if node.direct > 0 && !is_own {
                a.expand href=(address(page, tree, Some(node.id), 0)) data-branch=(branch_address(page, tree, Some(node.id), 0)) {
                    span.unseen { "Below " (node.id) }
                }
            }
            a.node.own[is_own] href=(page.path(&format!("customers/{}", node.id))) aria-current=[is_own.then_some("true")] data-customer=(node.id) {
                strong { (node.id) } " " (name) " " span.dim { (kind) }
            }
            span.dim.counts {
                @if node.direct > 0 { (counted(node.direct, MAX_DIRECT)) " direct · " (counted(node.total, MAX_TOTAL)) " total" }
            }
        }
    }
}
