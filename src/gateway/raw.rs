//! Endpoints whose callers do not present a credential of the vendor API: the callback of a Client Extension, and the endpoint
//! for access tokens. They authenticate their callers themselves, before they read a body wherever the head names the caller, and
//! each has its own form of responses. They are journaled, logged and counted in the metrics like operations. Rate limits and quotas
//! apply to tokens only: a callback belongs to a request that was counted. Fault rules do not apply, because they name documented
//! operations and statuses.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::Response;
use axum::http::request::Parts;

use super::body::{BodyError, read_body};
use super::context::{GatewayState, Operation, RequestContext, VendorState};
use super::pipeline::{path_parameters, unless_panicked};
use super::request_log::{RequestLog, Transmission};
use super::vendor::Vendor;
use crate::database::TenantId;
use crate::journal::Reason;

pub(crate) type RawFuture<'a> = Pin<Box<dyn Future<Output = Response<Bytes>> + Send + 'a>>;

pub(crate) type RawHandler = for<'a> fn(RawRequest<'a>, Body) -> RawFuture<'a>;

/// A request that its handler authenticates.
pub(crate) struct RawRequest<'a> {
    pub gateway: &'a GatewayState,
    pub parts: &'a Parts,
    pub log: &'a mut RequestLog,
    path: Option<&'a RawPathParams>,
}

impl RawRequest<'_> {
    /// A parameter of the path, decoded. `None` when it is not UTF-8.
    pub(crate) fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path.into_iter().flatten().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The body, of at most `limit` bytes, where `limit` is below that of all bodies. Its memory is the tenant's, if one is known.
    pub(crate) async fn read(
        &mut self,
        body: Body,
        limit: usize,
        tenant: Option<TenantId>,
    ) -> Result<Bytes, BodyError> {
        let GatewayState { options, body_memory, .. } = self.gateway;
        let limit = limit.min(options.max_body_bytes);
        let body = read_body(self.parts, body, limit, body_memory.share(tenant)).await?;
        self.log.read(&body);
        Ok(body)
    }

    /// Records the reason of a rejection.
    pub(crate) fn rejected(&mut self, rule: &str, message: &str) {
        let (rule, message) = (rule.to_owned(), message.to_owned());
        self.log.reasons.push(Reason { field: "$".to_owned(), rule, message });
    }
}

#[derive(Clone, Copy)]
pub(super) struct RawEndpoint {
    pub operation: Operation,
    pub handler: RawHandler,
}

impl<V: Vendor> axum::handler::Handler<(), Arc<VendorState<V>>> for RawEndpoint {
    type Future = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

    fn call(self, request: Request, state: Arc<VendorState<V>>) -> Self::Future {
        Box::pin(async move {
            let Self { operation, handler } = self;
            let VendorState { vendor, gateway } = &*state;
            let (mut parts, body) = request.into_parts();
            let path = path_parameters(operation, &mut parts).await;
            let mut log = RequestLog::begin(gateway, operation, &parts, V::PREVIEW_HEADER);
            let request_id = log.request_id;
            let request = RawRequest { gateway, parts: &parts, log: &mut log, path: path.as_ref() };
            let response = unless_panicked(handler(request, body), request_id).await;
            let response = response.unwrap_or_else(|rejection| {
                log.rejected(&rejection);
                let options = gateway.options;
                let context = RequestContext { parts: &parts, operation, request_id, options, tenant: None };
                vendor.reject(rejection, &context)
            });
            log.finish(response, Transmission::Complete)
        })
    }
}
