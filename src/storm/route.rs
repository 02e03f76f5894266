//! Storm's paths: in any case, behind the versioned base of its documentation or without it.

/// The bases that clients call (Norce, Storm API documentation).
pub(super) const BASES: [&str; 3] = ["/api/1.1", "/stormapi/1.1", ""];

/// Where its operations are.
const SERVICE: &str = "/CustomerService.svc/rest/";

/// Where its tokens are given, below `/1.0` at the vendor's.
pub(super) const TOKEN: &str = "/connect/token";

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
        ["/1.0", ""].iter().any(|base| without(path, base).is_some_and(|rest| rest.eq_ignore_ascii_case(TOKEN)));
    if is_token {
        return Some(TOKEN.to_owned());
    }
    let name = operation(path)?;
    let known = OPERATIONS.iter().find(|known| known.eq_ignore_ascii_case(name))?;
    Some(format!("{SERVICE}{known}"))
}

/// Whether a path is one of the service's, or of the tokens'.
pub(super) fn is_the_services(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.contains("/customerservice.svc") || path.ends_with(TOKEN)
}

/// The name behind the service's base.
fn operation(path: &str) -> Option<&str> {
    BASES.iter().find_map(|base| without(without(path, base)?, SERVICE))
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
        assert_eq!(read("/1.0/connect/token").as_deref(), Some("/connect/token"));
        assert_eq!(read("/Connect/Token").as_deref(), Some("/connect/token"));
        for path in ["", "/", "/CustomerService.svc/rest/", "/CustomerService.svc/rest/Login", "/api/users/customer"] {
            assert_eq!(read(path), None, "{path}");
        }
        assert!(is_the_services("/api/1.1/CustomerService.svc/rest/Login") && !is_the_services("/api/users/customer"));
    }
}
