//! The request for a page, and the page of an error.

use std::sync::Arc;

use axum::RequestPartsExt as _;
use axum::body::Body;
use axum::extract::{FromRequest, RawPathParams, Request};
use axum::http::{Method, Response, StatusCode, header};
use axum::response::IntoResponse;
use maud::html;

use super::format::at;
use super::forms::Fields;
use super::{PageResult, layout, see_other};
use crate::control::error::ControlError;
use crate::control::{Control, read_body};
use crate::database::DatabaseError;
use crate::fault_injection::{self, FaultListing};
use crate::gateway::scheme;
use crate::tenants::{Tenant, TenantError, Tenants};

/// The longest form, in bytes: a seed can be long.
const MAX_FORM_BYTES: usize = 16 * 1024 * 1024;

/// The reason for which a page cannot be shown.
#[derive(Debug)]
pub(super) struct PageError(ControlError);

impl<E: Into<ControlError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response<Body> {
        let status = match &self.0 {
            ControlError::Tenant(TenantError::Database(DatabaseError::Unavailable(_))) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            other => other.status(),
        };
        let why = if status == StatusCode::SERVICE_UNAVAILABLE {
            "No database connection became free in time: the database is starting, or long tasks use all connections."
                .to_owned()
        } else {
            self.0.detail()
        };
        let body = html! {
            div.alert.bad role="alert" { (why) }
            p.links { a href="" { "Try again" } a href="/_emulator" { "All tenants" } }
        };
        let mut response = layout::plain(status.canonical_reason().unwrap_or_default(), None, &body);
        *response.status_mut() = status;
        response
    }
}

/// A request for a page.
#[derive(Debug)]
pub(super) struct PageRequest {
    pub control: Arc<Control>,
    pub tenants: Tenants,
    pub query: Fields,
    pub form: Fields,
    /// The query before decoding.
    pub query_text: String,
    path: Vec<(String, String)>,
    /// The scheme and the name with which the browser reached this server.
    scheme: &'static str,
    host: String,
}

impl PageRequest {
    /// Scheme, host and port of the vendor APIs for this browser: those of the page, with another port if `/_emulator` has its own listener.
    pub(super) fn vendor_origin(&self) -> String {
        format!("{}://{}", self.scheme, self.vendor_address())
    }

    /// Host and port of the vendor APIs for this browser.
    pub(super) fn vendor_address(&self) -> String {
        match self.control.api_port.get() {
            Some(port) => {
                let without_port = match self.host.rfind(':') {
                    Some(colon) if !self.host[colon..].contains(']') => &self.host[..colon],
                    _ => &self.host,
                };
                format!("{without_port}:{port}")
            }
            None => self.host.clone(),
        }
    }

    /// A part of the path.
    pub(super) fn part(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

impl FromRequest<Arc<Control>> for PageRequest {
    type Rejection = PageError;

    async fn from_request(request: Request, control: &Arc<Control>) -> Result<Self, PageError> {
        let tenants = control.tenants()?.clone();
        let (mut parts, body) = request.into_parts();
        let path = parts.extract::<RawPathParams>().await;
        let path = path.map_err(|_| ControlError::Bad("the address must be UTF-8, percent-encoded".to_owned()))?;
        let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        // Part of a URL in a command: nothing that ends its host.
        let is_host = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
        let host = host.filter(is_host).filter(|host| !host.is_empty()).unwrap_or("127.0.0.1:8080").to_owned();
        let scheme = scheme(&parts.headers, &parts.extensions);
        let query_text = parts.uri.query().unwrap_or_default().to_owned();
        let form = if parts.method == Method::POST {
            Fields::parse(&read_body(control, body, MAX_FORM_BYTES).await?)
        } else {
            Fields::default()
        };
        let query = Fields::parse(query_text.as_bytes());
        Ok(Self { control: Arc::clone(control), tenants, query, form, query_text, path, host, scheme })
    }
}

/// A request for a page of a tenant.
#[derive(Debug)]
pub(super) struct TenantPage {
    pub request: PageRequest,
    pub tenant: Tenant,
    /// The fault rules of the tenant, including those that are used up.
    pub faults: Vec<FaultListing>,
}

impl FromRequest<Arc<Control>> for TenantPage {
    type Rejection = PageError;

    async fn from_request(request: Request, control: &Arc<Control>) -> Result<Self, PageError> {
        let request = PageRequest::from_request(request, control).await?;
        let tenant = request.tenants.tenant(request.part("tenant")).await?;
        let faults = fault_injection::list(&request.tenants.database, tenant.id).await?;
        Ok(Self { request, tenant, faults })
    }
}

impl TenantPage {
    /// The address of a page of this tenant.
    pub(super) fn path(&self, rest: &str) -> String {
        at(&self.tenant.name, rest)
    }

    /// Redirects to a page of this tenant.
    pub(super) fn to(&self, rest: &str) -> Response<Body> {
        see_other(&self.path(rest))
    }

    pub(super) fn form(&self) -> &Fields {
        &self.request.form
    }

    pub(super) fn tenants(&self) -> &Tenants {
        &self.request.tenants
    }

    pub(super) fn name(&self) -> &str {
        &self.tenant.name
    }
}

/// An unknown path below a tenant.
pub(super) async fn nothing_here(_: TenantPage) -> PageResult {
    Err(ControlError::NotFound("there is no such page".to_owned()).into())
}

/// The path of a form, opened as a page, such as by a reload after a rejection.
pub(super) async fn only_a_form() -> Response<Body> {
    let body = html! {
        p { "This address accepts only forms. Go back to the page with the form." }
        p { a href="/_emulator" { "All tenants" } }
    };
    let mut response = layout::plain("Not a page", None, &body);
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}
