//! Storm's paths: in any case, with or without the versioned base of its documentation, and in the spelling of Norce Commerce, its
//! successor.

use std::sync::LazyLock;

use super::unbuilt::GROUPS;
use crate::vendors::{RoutePaths, without_prefix};

/// The base paths that clients use (Norce, Storm API documentation).
pub(super) const BASES: [&str; 3] = ["/api/1.1", "/stormapi/1.1", ""];

const SERVICE: &str = "/CustomerService.svc/rest/";

/// Norce Commerce's base paths of the same operations.
const COMMERCE_SERVICE: &str = "/commerce/customer/1.1/";

/// The path of the token endpoint.
pub(super) const TOKEN: &str = "/connect/token";

/// The bases of that path: of Storm's identity server, of Norce Commerce's hosts, and none.
const TOKEN_BASES: [&str; 3] = ["/1.0", "/identity/1.0", ""];

/// The prefixes of Norce Commerce's paths.
const COMMERCE: [&str; 2] = ["/commerce/", "/identity/"];

static ROUTES: LazyLock<RoutePaths> = LazyLock::new(|| RoutePaths::new(&super::document()));

/// A path in the spelling of the routes; `None` when no route has it.
pub(super) fn canonical_path(path: &str) -> Option<String> {
    let is_token = |base: &str| without_prefix(path, base).is_some_and(|rest| rest.eq_ignore_ascii_case(TOKEN));
    if TOKEN_BASES.iter().any(|base| is_token(base)) {
        return Some(TOKEN.to_owned());
    }
    match operation(path) {
        Some(name) => ROUTES.canonical(&format!("{SERVICE}{name}")),
        None => in_group(path),
    }
}

/// Whether a path is one of Storm's or its successor's services, or that of the tokens.
pub(super) fn is_storm(path: &str) -> bool {
    let is_of_group = |group: &str| without_base(path).is_some_and(|path| after_group(&path, group).is_some());
    let is_commerce = || COMMERCE.iter().any(|beginning| without_prefix(path, beginning).is_some());
    let path = path.to_ascii_lowercase();
    path.contains("/customerservice.svc")
        || path.ends_with(TOKEN)
        || is_commerce()
        || GROUPS.iter().any(|group| is_of_group(group.path))
}

/// A path without its base; an operation of the successor in Storm's spelling.
pub(super) fn without_base(path: &str) -> Option<String> {
    if without_prefix(path, COMMERCE[0]).is_some() {
        return Some(format!("{SERVICE}{}", path.rsplit('/').next()?));
    }
    let service = path.to_ascii_lowercase().find("service.svc")?;
    let start = path[..service].rfind('/')?;
    Some(path[start..].to_owned())
}

/// The operation's name in a path.
fn operation(path: &str) -> Option<&str> {
    let of_storm = || BASES.iter().find_map(|base| without_prefix(without_prefix(path, base)?, SERVICE));
    without_prefix(path, COMMERCE_SERVICE).or_else(of_storm)
}

/// The path in the spelling of its group, if that service is not built.
fn in_group(path: &str) -> Option<String> {
    let in_base = |base: &str| {
        let path = without_prefix(path, base)?;
        GROUPS.iter().find_map(|group| Some(format!("{}{}", group.path, after_group(path, group.path)?)))
    };
    BASES.iter().find_map(|base| in_base(base))
}

/// The rest of a path after a group's: empty, or with a slash first.
fn after_group<'a>(path: &'a str, group: &str) -> Option<&'a str> {
    without_prefix(path, group).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_any_case_and_after_a_base() {
        for path in [
            "/CustomerService.svc/rest/UpdateCustomer",
            "/api/1.1/CustomerService.svc/rest/UpdateCustomer",
            "/stormapi/1.1/customerservice.svc/REST/updatecustomer",
        ] {
            assert_eq!(canonical_path(path).as_deref(), Some("/CustomerService.svc/rest/UpdateCustomer"), "{path}");
        }
        for path in ["/1.0/connect/token", "/Connect/Token", "/identity/1.0/connect/token"] {
            assert_eq!(canonical_path(path).as_deref(), Some("/connect/token"), "{path}");
        }
        for (path, canonical) in [
            ("/Commerce/Customer/1.1/updatecustomer3", "/CustomerService.svc/rest/UpdateCustomer3"),
            ("/stormapi/1.1/CustomerService.svc/rest/LOGIN", "/CustomerService.svc/rest/Login"),
            ("/api/1.1/productservice.svc/rest/GetProduct", "/ProductService.svc/rest/GetProduct"),
            ("/OrderService.svc", "/OrderService.svc"),
            ("/commerce/Product/1.1/GetProduct", "/commerce/product/1.1/GetProduct"),
        ] {
            assert_eq!(canonical_path(path).as_deref(), Some(canonical), "{path}");
        }
        for path in [
            "",
            "/",
            "/CustomerService.svc/rest/",
            "/CustomerService.svc/rest/Logon",
            "/commerce/customer/1.0/GetCustomer",
            "/commerce/customers/1.1/GetCustomer",
            "/commerce/products/1.1/GetProduct",
            "/ProductsService.svc/rest/GetProduct",
            "/api/users/customer",
        ] {
            assert_eq!(canonical_path(path), None, "{path}");
        }
        for path in ["/api/1.1/CustomerService.svc/rest/Logon", "/x/ProductService.svc", "/commerce/customers/1.1/X"] {
            assert!(is_storm(path), "{path}");
        }
        assert!(!is_storm("/api/users/customer"));
    }
}
