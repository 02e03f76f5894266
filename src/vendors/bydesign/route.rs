//! ByDesign's paths: in any case, behind a first segment that names the tenant or without one.

use super::unbuilt::{GROUPS, OPERATIONS};

/// The routes. A segment in braces is whatever stands there.
const ROUTES: [&str; 7] = [
    "/api/users/customer",
    "/api/users/customer/CustomerLookup",
    "/api/customer/PublicInfo/GetInfo",
    "/api/Admin/CustomerType",
    "/api/Admin/CustomerType/{id}",
    "/api/Admin/Country",
    "/api/Admin/Locale",
];

/// In the extensions of a request: the first segment of its path, which names a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathTenant(pub String);

/// A path as the routes spell it, and the segment before it; `None` when it is none of theirs.
pub(crate) fn read(path: &str) -> Option<(String, Option<PathTenant>)> {
    let (tenant, path) = split(path)?;
    let unbuilt = OPERATIONS.iter().map(|operation| operation.path);
    let canonical = ROUTES.into_iter().chain(unbuilt).find_map(|route| canonical_path(route, path));
    let canonical = canonical.or_else(|| in_group(path))?;
    Some((canonical, tenant.map(|tenant| PathTenant(tenant.to_owned()))))
}

/// A path from `/api` on, without the tenant before it.
pub(super) fn without_tenant(path: &str) -> Option<&str> {
    split(path).map(|(_, path)| path)
}

/// Whether a path is below `api`, with or without a tenant before it.
pub(super) fn is_below_api(path: &str) -> bool {
    split(path).is_some()
}

/// The path as the group spells it in which it stands, if that is one that is not built.
fn in_group(path: &str) -> Option<String> {
    let rest_behind = |group: &'static str| {
        let head = path.get(..group.len()).filter(|head| head.eq_ignore_ascii_case(group))?;
        let rest = &path[head.len()..];
        (rest.is_empty() || rest.starts_with('/')).then_some((group, rest))
    };
    let (group, rest) = GROUPS.iter().find_map(|group| rest_behind(group.path))?;
    Some(format!("{group}{rest}"))
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

/// The path in a route's spelling, if it fits.
fn canonical_path(route: &str, path: &str) -> Option<String> {
    let (mut parts, mut asked) = (route.split('/'), path.split('/'));
    let mut canonical_path = Vec::new();
    loop {
        match (parts.next(), asked.next()) {
            (None, None) => return Some(canonical_path.join("/")),
            (Some(part), Some(asked)) if part.starts_with('{') && !asked.is_empty() => canonical_path.push(asked),
            (Some(part), Some(asked)) if part.eq_ignore_ascii_case(asked) => canonical_path.push(part),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_any_case_and_behind_a_tenant() {
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
            assert_eq!(read(path), Some((canonical.to_owned(), tenant)), "{path}");
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
            assert_eq!(read(path), None, "{path}");
        }
        assert!(is_below_api("/x/api/rep/Create") && is_below_api("/api") && !is_below_api("/x/y/api"));
    }
}
