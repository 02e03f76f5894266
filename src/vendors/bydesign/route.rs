//! ByDesign's paths: in any case, with or without a first segment that names the tenant.

use std::sync::LazyLock;

use super::unbuilt::GROUPS;
use crate::vendors::{CanonicalPath, PathTenant, RoutePaths, without_prefix};

static ROUTES: LazyLock<RoutePaths> = LazyLock::new(|| RoutePaths::new(&super::document()));

/// A path in the spelling of the routes, with the tenant in its prefix; `None` when no route has it.
pub(super) fn canonical_path(path: &str) -> Option<CanonicalPath> {
    let (tenant, path) = split(path)?;
    let path = ROUTES.canonical(path).or_else(|| in_group(path))?;
    Some(CanonicalPath { path, tenant: tenant.map(|tenant| PathTenant(tenant.to_owned())) })
}

/// A path from `/api` on, without the tenant before it.
pub(super) fn without_tenant(path: &str) -> Option<&str> {
    split(path).map(|(_, path)| path)
}

/// Whether a path is below `api`, with or without a tenant before it.
pub(super) fn is_below_api(path: &str) -> bool {
    split(path).is_some()
}

/// The path in the spelling of its group, if the group is not built.
fn in_group(path: &str) -> Option<String> {
    GROUPS.iter().find_map(|group| {
        let rest = without_prefix(path, group.path).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some(format!("{}{rest}", group.path))
    })
}

/// The tenant of a path, and the rest from `/api` on.
fn split(path: &str) -> Option<(Option<&str>, &str)> {
    let is_api = |path: &str| {
        let head = path.get(..5);
        head.is_some_and(|head| head.eq_ignore_ascii_case("/api/")) || path.eq_ignore_ascii_case("/api")
    };
    if is_api(path) {
        return Some((None, path));
    }
    let end = path.get(1..)?.find('/')? + 1;
    let (tenant, rest) = path.split_at(end);
    (tenant.len() > 1 && is_api(rest)).then_some((Some(&tenant[1..]), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_any_case_and_after_a_tenant() {
        for (path, canonical, tenant) in [
            ("/api/users/customer", "/api/users/customer", None),
            ("/AdaptureDemo/API/Users/Customer", "/api/users/customer", Some("AdaptureDemo")),
            ("/x/api/admin/customertype/7", "/api/Admin/CustomerType/7", Some("x")),
            ("/api/users/customer/customerlookup", "/api/users/customer/CustomerLookup", None),
            ("/x/API/Users/Customer/createrepinstead", "/api/users/customer/CreateRepInstead", Some("x")),
            ("/api/User/Rep/17/Info", "/api/user/rep/17/Info", None),
            ("/x/api/REP", "/api/rep", Some("x")),
            ("/api/admin/RepType", "/api/Admin/repType", None),
        ] {
            let tenant = tenant.map(|tenant| PathTenant(tenant.to_owned()));
            assert_eq!(canonical_path(path), Some(CanonicalPath { path: canonical.to_owned(), tenant }), "{path}");
        }
        for path in [
            "/",
            "",
            "/api",
            "/api/users",
            "/v1/customers",
            "/a/b/api/users/customer",
            "/api/Admin/CustomerType/",
            "/api/Admin/CustomrType",
            "/api/users/customer/CreateRep",
            "/api/reps/Create",
            "/api/orders",
        ] {
            assert_eq!(canonical_path(path), None, "{path}");
        }
        assert!(is_below_api("/x/api/rep/Create") && is_below_api("/api") && !is_below_api("/x/y/api"));
    }
}
