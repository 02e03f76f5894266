//! A customer's place in the sponsor tree, drawn.

use maud::{Markup, html};

use super::extract::TenantPage;
use super::format::{count, customer_type};
use crate::customers::{MAX_COUNTED, TreeAround, TreeNode};

/// Maximum number of customers below a customer that are drawn.
pub(super) const MAX_BELOW: i64 = 60;

/// Maximum number of the upline that are drawn, half of them from each end.
const MAX_UPLINE: usize = 12;

/// The line up to the root, the customer, and three levels below it.
pub(super) fn drawn(page: &TenantPage, id: i32, around: &TreeAround) -> Markup {
    let Some((own, upline)) = around.upline.split_last() else {
        return html! { p.empty { "It has no place in the sponsor tree." } };
    };
    let hidden = upline.len().saturating_sub(MAX_UPLINE);
    let (first, last) =
        if hidden > 0 { (MAX_UPLINE / 2, upline.len() - MAX_UPLINE / 2) } else { (upline.len(), upline.len()) };
    html! {
        @if upline.is_empty() { p.hint { "It is the root." } }
        @else { p.hint { "Level " (upline.len()) " below the root." } }
        div.tree role="group" aria-label="Sponsor tree around the customer" {
            @if !upline.is_empty() {
                ol.upline aria-label="Upline, from the root" {
                    @for above in &upline[..first] { li { (node(page, above, false)) } }
                    @if hidden > 0 { li.more { "and " (count(hidden, "more level", "more levels")) } }
                    @for above in &upline[last..] { li { (node(page, above, false)) } }
                }
            }
            ul.branch { li { (node(page, own, true)) (branch(page, id, own.children, &around.below)) } }
        }
    }
}

/// The customers directly below another, each with those below it.
fn branch(page: &TenantPage, upline: i32, children: i64, all: &[TreeNode]) -> Markup {
    let shown: Vec<&TreeNode> = all.iter().filter(|node| node.upline_id == Some(upline)).collect();
    let counted = usize::try_from(children.min(MAX_COUNTED)).unwrap_or_default();
    let hidden = counted.saturating_sub(shown.len());
    if shown.is_empty() {
        // The customer's own node shows how many there are.
        return html! {};
    }
    html! {
        ul.branch {
            @for below in &shown {
                li { (node(page, below, false)) (branch(page, below.id, below.children, all)) }
            }
            @if hidden > 0 {
                li.more { a href=(page.path(&format!("tree?at={upline}"))) { "and " @if children > MAX_COUNTED { "more than " } (hidden) " more" } }
            }
        }
    }
}

fn node(page: &TenantPage, node: &TreeNode, is_own: bool) -> Markup {
    let name = node.name.as_deref().unwrap_or("(no name)");
    let kind = node.customer_type.map(|number| customer_type(&page.tenant.plan, number)).unwrap_or_default();
    html! {
        a.node.own[is_own] href=(page.path(&format!("customers/{}", node.id))) aria-current=[is_own.then_some("true")] {
            strong { (node.id) } " " (name) " "
            span.dim {
                (kind)
                @if node.children > 0 {
                    " · " @if node.children > MAX_COUNTED { "more than " } (node.children.min(MAX_COUNTED)) " direct"
                }
            }
        }
    }
}
