//! The certificate of the local CA, which clients need before they can trust the server. It is public.

use std::sync::Arc;

use axum::extract::State;

use super::{Answer, Control};
use crate::control::error::ControlError;
use crate::control::typed;

/// Get the certificate of the local CA
///
/// For clients that are to trust a server with `EMULATOR_TLS_SELF_SIGNED`. Needs no token.
#[utoipa::path(
    get,
    path = "/_emulator/ca.pem",
    operation_id = "GetCaCertificate",
    responses((status = 200, description = "The certificate in PEM", body = String, content_type = "text/plain; charset=utf-8")),
)]
pub(super) async fn get(State(control): State<Arc<Control>>) -> Answer {
    match control.ca.get() {
        Some(pem) => Ok(typed("text/plain; charset=utf-8", pem.clone())),
        None => Err(no_local_ca()),
    }
}

pub(super) fn no_local_ca() -> ControlError {
    ControlError::NotFound("this server has no local CA: EMULATOR_TLS_SELF_SIGNED is off".to_owned())
}
