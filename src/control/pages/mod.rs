//! The inspector's pages.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Response;

use super::Control;

pub(super) fn routes() -> Router<Arc<Control>> {
    Router::new()
}

pub(super) fn open_routes() -> Router<Arc<Control>> {
    Router::new()
}

pub(super) fn to_sign_in() -> Response<Body> {
    Response::new(Body::empty())
}
