//! The steps that every request of a vendor API goes through ([`pipeline`]), and what each vendor defines ([`Vendor`]).

mod authorization;
mod body;
mod body_memory;
mod context;
mod error_examples;
mod injected_fault;
mod not_found;
mod openapi;
mod origin;
mod pipeline;
mod raw;
mod request;
mod request_log;
mod response;
mod table;
mod vendor;

pub(crate) use authorization::{basic_credentials, bearer_token};
pub(crate) use body::{BodyError, collect_body, collect_decoded_body};
pub use body_memory::BodyMemory;
pub use context::{GatewayState, OverTls, Replayed, ResponseOptions, Services};
pub(crate) use context::{
    NO_OPERATION, Operation, OriginalUri, RequestContext, VendorState, original_path_and_query, realm, scheme,
};
pub(crate) use error_examples::{EXAMPLE_REQUEST, example_errors, example_rejections};
pub(crate) use not_found::{DocumentedRoute, caller_of_unknown, not_found};
pub(crate) use openapi::{NOT_BUILT, NOT_BUILT_HERE, THIS_SERVER, example_body, example_parameters, server, tags};
pub(crate) use origin::is_from_another_site;
pub(crate) use pipeline::{caught, panic_text};
pub(crate) use raw::RawRequest;
pub(crate) use request::{ApiRequest, parameters, wants_representation};
pub use request_log::{RequestSummary, Transmission};
pub use response::{BODY_TOO_LARGE, GatewayRejection, KeyProblem, NotBuilt};
pub(crate) use response::{
    BrokenBody, MEMORY_FULL, Reply, TOO_MANY_LOOKUPS, header_text, json_response, typed, with_allow, with_retry_after,
};
pub(crate) use table::{Table, UnbuiltGroup, UnbuiltOperation, operations};
pub(crate) use vendor::{InjectedStatus, Vendor};
