//! Storm's paths: in any case, behind the versioned base of its documentation or without it, and as Norce Commerce, its
//! successor, spells them.

use super::unbuilt::{self, GROUPS};

/// The bases that clients call (Norce, Storm API documentation).
pub(super) const BASES: [&str; 3] = ["/api/1.1", "/stormapi/1.1", ""];

const SERVICE: &str = "/CustomerService.svc/rest/";

/// Where Norce Commerce has the same operations.
const COMMERCE_SERVICE: &str = "/commerce/customer/1.1/";

/// Where its tokens are given.
pub(super) const TOKEN: &str = "/connect/token";

/// What stands before that: at Storm's identity server, at Norce Commerce's hosts, and nothing.
const TOKEN_BASES: [&str; 3] = ["/1.0", "/identity/1.0", ""];

/// What the paths of Norce Commerce begin with.
const COMMERCE: [&str; 2] = ["/commerce/", "/identity/"];

const OPERATIONS: [&str; 10] = [
    "UpdateCustomer",
    "UpdateCustomer2",
    "UpdateCustomer3",
    "CreateCustomer",
    "CreateCustomer2",
    "CreateCustomer3",
    "GetCustomer",
    "GetCustomerByEmail",
    "GetCustomerByKey",
    "SearchCustomer",
];

/// A path as the routes spell it; `None` when it is none of theirs.
pub(crate) fn read(path: &str) -> Option<String> {
    let is_token =
        TOKEN_BASES.iter().any(|base| without(path, base).is_some_and(|rest| rest.eq_ignore_ascii_case(TOKEN)));
    if is_token {
        return Some(TOKEN.to_owned());
    }
    let Some(name) = operation(path) else { return in_group(path) };
    let unbuilt = unbuilt::OPERATIONS.iter().map(|operation| operation.name);
    let known = OPERATIONS.into_iter().chain(unbuilt).find(|known| known.eq_ignore_ascii_case(name))?;
    Some(format!("{SERVICE}{known}"))
}

/// Whether a path is one of Storm's services, of its successor's, or of the tokens'.
pub(super) fn is_the_services(path: &str) -> bool {
    let is_of_group = |group: &str| without_base(path).is_some_and(|path| behind(&path, group).is_some());
    let is_commerce = || COMMERCE.iter().any(|beginning| without(path, beginning).is_some());
    let path = path.to_ascii_lowercase();
    path.contains("/customerservice.svc")
        || path.ends_with(TOKEN)
        || is_commerce()
        || GROUPS.iter().any(|group| is_of_group(group.path))
}

/// A path from the service on; an operation of the successor's as Storm spells it.
pub(super) fn without_base(path: &str) -> Option<String> {
    if without(path, COMMERCE[0]).is_some() {
        return Some(format!("{SERVICE}{}", path.rsplit('/').next()?));
    }
    let service = path.to_ascii_lowercase().find("service.svc")?;
    let start = path[..service].rfind('/')?;
    Some(path[start..].to_owned())
}

/// The name behind the service's base.
fn operation(path: &str) -> Option<&str> {
    let of_storm = || BASES.iter().find_map(|base| without(without(path, base)?, SERVICE));
    without(path, COMMERCE_SERVICE).or_else(of_storm)
}

/// The path as the group spells it in which it stands, if that is a service that is not built.
fn in_group(path: &str) -> Option<String> {
    let in_base = |base: &str| {
        let path = without(path, base)?;
        GROUPS.iter().find_map(|group| Some(format!("{}{}", group.path, behind(path, group.path)?)))
    };
    BASES.iter().find_map(|base| in_base(base))
}

/// What stands behind a group's path: nothing, or something that begins with a slash.
fn behind<'a>(path: &'a str, group: &str) -> Option<&'a str> {
    without(path, group).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What stands behind a beginning, in any case.
fn without<'a>(path: &'a str, beginning: &str) -> Option<&'a str> {
    let head = path.get(..beginning.len())?;
    head.eq_ignore_ascii_case(beginning).then(|| &path[beginning.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_any_case_and_behind_a_base() {
        for path in [
            "/CustomerService.svc/rest/UpdateCustomer",
            "/api/1.1/CustomerService.svc/rest/UpdateCustomer",
            "/stormapi/1.1/customerservice.svc/REST/updatecustomer",
        ] {
            assert_eq!(read(path).as_deref(), Some("/CustomerService.svc/rest/UpdateCustomer"), "{path}");
        }
        for path in ["/1.0/connect/token", "/Connect/Token", "/identity/1.0/connect/token"] {
            assert_eq!(read(path).as_deref(), Some("/connect/token"), "{path}");
        }
        for (path, canonical) in [
            ("/Commerce/Customer/1.1/updatecustomer3", "/CustomerService.svc/rest/UpdateCustomer3"),
            ("/stormapi/1.1/CustomerService.svc/rest/LOGIN", "/CustomerService.svc/rest/Login"),
            ("/api/1.1/productservice.svc/rest/GetProduct", "/ProductService.svc/rest/GetProduct"),
            ("/OrderService.svc", "/OrderService.svc"),
            ("/commerce/Product/1.1/GetProduct", "/commerce/product/1.1/GetProduct"),
        ] {
            assert_eq!(read(path).as_deref(), Some(canonical), "{path}");
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
            assert_eq!(read(path), None, "{path}");
        }
        for path in ["/api/1.1/CustomerService.svc/rest/Logon", "/x/ProductService.svc", "/commerce/customers/1.1/X"] {
            assert!(is_the_services(path), "{path}");
        }
        assert!(!is_the_services("/api/users/customer"));
    }
}
