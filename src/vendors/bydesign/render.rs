//! Responses in the format that a request accepts.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::negotiate::{AnswerType, BodyType, answer_type};
use super::wire::tree::Answer;
use crate::gateway::{RequestContext, typed};
use crate::plan::{ByDesignPlan, DefaultFormat};

pub(super) fn with<'a>(context: &RequestContext<'a>) -> &'a ByDesignPlan {
    &context.plan().bydesign
}

/// A response in the format that the request accepts.
pub(super) fn answer_to(context: &RequestContext<'_>, status: StatusCode, answer: &Answer<'_>) -> Response<Bytes> {
    let answer_type = asked_type(&context.parts.headers, with(context).default_format);
    typed(status, HeaderValue::from_static(answer_type.content_type()), answer.bytes(answer_type.format()))
}

pub(super) fn asked_type(headers: &HeaderMap, default: DefaultFormat) -> AnswerType {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    answer_type(accept, &body_type(headers), default)
}

/// What the request says that its body is.
pub(super) fn body_type(headers: &HeaderMap) -> BodyType {
    BodyType::of(headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()))
}
