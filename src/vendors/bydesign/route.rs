//! ByDesign's paths: in any case, with or without a first segment. There the vendor has the name of its client; here the credential
//! says which tenant it is, and the segment is not compared, so that no answer says which names tenants have.

use std::sync::LazyLock;

use super::unbuilt::GROUPS;
use crate::vendors::{RoutePaths, without_prefix};

static ROUTES: LazyLock<RoutePaths> = LazyLock::new(|| RoutePaths::new(&super::document()));

/// A path in the spelling of the routes; `None` when no route has it.
pub(super) fn canonical_path(path: &str) -> Option<String> {
    let path = without_client(path)?;
    ROUTES.canonical(path).or_else(|| in_group(path))
}

/// Whether a path is below `api`, with or without a segment before it.
pub(super) fn is_below_api(path: &str) -> bool {
    without_client(path).is_some()
}

/// The path in the spelling of its group, if the group is not built.
fn in_group(path: &str) -> Option<String> {
    GROUPS.iter().find_map(|group| {
        let rest = without_prefix(path, group.path).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some(format!("{}{rest}", group.path))
    })
}

/// A path from `/api` on, without the segment before it.
pub(super) fn without_client(path: &str) -> Option<&str> {
    let is_api = |path: &str| {
        let head = path.get(..5);
        head.is_some_and(|head| head.eq_ignore_ascii_case("/api/")) || path.eq_ignore_ascii_case("/api")
    };
    if is_api(path) {
        return Some(path);
    }
    let end = path.get(1..)?.find('/')? + 1;
    let (client, rest) = path.split_at(end);
    (client.len() > 1 && is_api(rest)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_any_case_and_after_a_segment() {
        for (path, canonical) in [
            ("/api/users/customer", "/api/users/customer"),
            ("/AdaptureDemo/API/Users/Customer", "/api/users/customer"),
            ("/x/api/admin/customertype/7", "/api/Admin/CustomerType/7"),
            ("/api/users/customer/customerlookup", "/api/users/customer/CustomerLookup"),
            ("/x/API/Users/Customer/createrepinstead", "/api/users/customer/CreateRepInstead"),
            ("/api/User/Rep/17/Info", "/api/user/rep/17/Info"),
            ("/x/api/REP", "/api/rep"),
            ("/api/admin/RepType", "/api/Admin/repType"),
        ] {
            assert_eq!(canonical_path(path).as_deref(), Some(canonical), "{path}");
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
