//! The bodies of errors in the OpenAPI documents, made by the code that responds with them.

use axum::body::Bytes;
use axum::http::{Request, Response, header};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Operation as Description;
use uuid::Uuid;

use super::context::{Operation, RequestContext, ResponseOptions};
use super::response::{GatewayRejection, NotBuilt};
use super::vendor::Vendor;

/// The request id in the examples.
pub(crate) const EXAMPLE_REQUEST: Uuid = Uuid::from_u128(0x0191_8f3a_7c1e_7b52_9d1a_3c5e_7f90_1b2d);

/// The rejections that every operation can have. Their numbers are seconds and bytes.
const EXAMPLE_REJECTIONS: [GatewayRejection; 5] = [
    GatewayRejection::MissingKey,
    GatewayRejection::QuotaExceeded(86_352),
    GatewayRejection::BodyTooLarge(1_048_576),
    GatewayRejection::RateLimited(42),
    GatewayRejection::BackEndFailed(EXAMPLE_REQUEST),
];

/// The rejections of the gateway that an operation can have; it may be one that is not built.
pub(crate) fn example_rejections(missing: Option<NotBuilt>) -> impl Iterator<Item = GatewayRejection> {
    EXAMPLE_REJECTIONS.into_iter().chain(missing.map(GatewayRejection::NotBuilt))
}

/// Adds the body of each error that an operation documents, in each of the `types` that a client can accept: those of
/// `errors`, and those of [`example_rejections`]. Of two bodies of one status and type the first one is kept.
pub(crate) fn example_errors<V: Vendor>(
    operation: &mut Description,
    vendor: &V,
    types: &[&'static str],
    missing: Option<NotBuilt>,
    errors: impl Fn() -> Vec<V::Error>,
) {
    for accepted in types {
        let mut request = Request::new(());
        request.headers_mut().insert(header::ACCEPT, header::HeaderValue::from_static(accepted));
        let (parts, ()) = request.into_parts();
        let context = RequestContext {
            parts: &parts,
            operation: Operation::NONE,
            request_id: EXAMPLE_REQUEST,
            options: ResponseOptions { max_body_bytes: 0, extra_headers: true },
            tenant: None,
        };
        let rendered = errors().into_iter().filter_map(|error| vendor.render_error(error, &context).ok());
        let rejected = example_rejections(missing).map(|rejection| vendor.reject(rejection, &context));
        for response in rendered.map(|(response, _)| response).chain(rejected) {
            example_response(operation, &response);
        }
    }
}

/// Adds the body of a response to the operation's description of its status and content type, if it has one without a body.
fn example_response(operation: &mut Description, response: &Response<Bytes>) {
    let documented = operation.responses.responses.get_mut(response.status().as_str());
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    let Some(RefOr::T(documented)) = documented else { return };
    if let Some(RefOr::T(content)) = documented.content.get_mut(essence) {
        let text = || Value::String(String::from_utf8_lossy(response.body()).into_owned());
        let body = if essence.ends_with("json") { serde_json::from_slice(response.body()).ok() } else { Some(text()) };
        content.example = content.example.take().or(body);
    }
}
