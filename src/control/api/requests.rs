//! The journal of a tenant's requests.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Answer, Control, ControlError, ControlProblem, Path, json, no_content, query};
use crate::control::journal::{find_request, journal};
use crate::database::TenantId;
use crate::journal::{Detail, Entry, Filter, Journal, StatusFilter};

/// Which requests, and how many
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RequestsQuery {
    /// Only requests of this operation, by its `operationId`; `-` for paths that are no operation.
    operation: Option<String>,
    /// Only requests with this status or class: `404`, `4xx`.
    #[param(value_type = Option<String>)]
    status: Option<StatusFilter>,
    /// Only requests about this customer.
    customer: Option<i32>,
    /// Only the request with this `X-DirectScale-RequestId`.
    request_id: Option<Uuid>,
    /// Only requests with a higher number.
    since: Option<u64>,
    /// The maximum number of requests, at most 1,000; 100 by default. A listing ends after 8 MiB.
    limit: Option<usize>,
    /// How long to wait, in milliseconds, at most 60,000; 10,000 by default.
    timeout_ms: Option<u64>,
}

impl RequestsQuery {
    /// # Errors
    /// `Bad` when the operation is unknown.
    fn filter(&self, control: &Control) -> Result<Filter, ControlError> {
        let Self { operation, status, customer, request_id, since, .. } = self;
        if let Some(operation) = operation {
            control.catalog.check_journaled(operation).map_err(ControlError::Bad)?;
        }
        Ok(Filter {
            operation: operation.clone(),
            status: *status,
            customer: *customer,
            request_id: *request_id,
            since: *since,
        })
    }
}

/// The requests of a tenant, or the unauthenticated ones.
struct Source<'a> {
    journal: &'a Journal,
    tenant: Option<TenantId>,
}

impl<'a> Source<'a> {
    async fn tenant(control: &'a Control, name: &str) -> Result<Self, ControlError> {
        let tenants = control.tenants()?;
        let tenant = Some(tenants.tenant(name).await?.id);
        Ok(Self { journal: journal(tenants)?, tenant })
    }

    /// Written on a thread that blocks no other request: a listing can be long.
    async fn list(&self, control: &Control, query: &RequestsQuery) -> Answer {
        let limit = query.limit.unwrap_or(100).min(1_000);
        let found = self.journal.find(self.tenant, &query.filter(control)?, limit, Detail::Whole).await?;
        let written = tokio::task::spawn_blocking(move || json(StatusCode::OK, &found));
        written.await.map_err(|_| ControlError::Interrupted)
    }
}

/// List a tenant's requests
///
/// The newest first, each with its violations, changes and events.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/requests",
    operation_id = "ListRequests",
    params(("tenant" = String, Path), RequestsQuery),
    responses((status = 200, description = "The requests", body = Vec<Entry>)),
)]
pub(super) async fn list(State(control): State<Arc<Control>>, Path(tenant): Path<String>, uri: Uri) -> Answer {
    let query: RequestsQuery = query(&uri)?;
    query.filter(&control)?;
    Source::tenant(&control, &tenant).await?.list(&control, &query).await
}

/// Get a request
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/requests/{requestId}",
    operation_id = "GetRequest",
    params(
        ("tenant" = String, Path),
        ("requestId" = String, Path, description = "Its `X-DirectScale-RequestId`, or its number"),
    ),
    responses((status = 200, description = "The request", body = Entry)),
)]
pub(super) async fn get(
    State(control): State<Arc<Control>>,
    Path((tenant, request_id)): Path<(String, String)>,
) -> Answer {
    let Source { journal, tenant } = Source::tenant(&control, &tenant).await?;
    Ok(json(StatusCode::OK, &find_request(journal, tenant, &request_id).await?))
}

/// Wait for a request
///
/// Responds with the earliest request that matches, at once if the journal has one; `since` excludes earlier ones. 408 when no
/// request matches in time.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/requests/wait",
    operation_id = "WaitForRequest",
    params(("tenant" = String, Path), RequestsQuery),
    responses(
        (status = 200, description = "The request", body = Entry),
        (
            status = 408,
            description = "No request matched in time",
            body = ControlProblem,
            example = json!({ "status": 408, "title": "Request Timeout", "detail": "no request matched in time" })
        ),
    ),
)]
pub(super) async fn wait(State(control): State<Arc<Control>>, Path(tenant): Path<String>, uri: Uri) -> Answer {
    let query: RequestsQuery = query(&uri)?;
    let filter = query.filter(&control)?;
    let Source { journal, tenant } = Source::tenant(&control, &tenant).await?;
    let timeout = Duration::from_millis(query.timeout_ms.unwrap_or(10_000).min(60_000));
    if let Some(entry) = journal.wait(tenant, &filter, timeout).await? {
        return Ok(json(StatusCode::OK, &entry));
    }
    let problem = ControlProblem::new(StatusCode::REQUEST_TIMEOUT, "no request matched in time".to_owned());
    Ok(json(StatusCode::REQUEST_TIMEOUT, &problem))
}

/// Follow a tenant's requests
///
/// Sends each request as a server-sent event `request`, whose data is the request and whose id is its number. With `since`, or with
/// the header `Last-Event-ID` that a browser sends when it reconnects, the stream begins with the requests of the journal after that
/// number; the header takes precedence. A number that is not reached yet is that of an earlier start: then all requests are sent.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/requests/stream",
    operation_id = "StreamRequests",
    params(
        ("tenant" = String, Path),
        ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last request that was received"),
        RequestsQuery
    ),
    responses((status = 200, description = "The requests", content_type = "text/event-stream", body = String)),
)]
pub(super) async fn stream(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let query: RequestsQuery = query(&uri)?;
    let filter = query.filter(&control)?;
    let Source { journal, tenant } = Source::tenant(&control, &tenant).await?;
    let since = last_event_id(&headers)?.or(query.since);
    let listener = match since {
        // Of another run.
        Some(since) if since > journal.current_run().await?.latest => journal.listen_since(tenant, 0),
        Some(since) => journal.listen_since(tenant, since),
        None => journal.listen(tenant).await?,
    };
    let filter = Filter { since: None, ..filter };
    let requests = stream::unfold((listener, filter), async |(mut listener, filter)| {
        let entry = listener.next(&filter).await?;
        Some((entry, (listener, filter)))
    });
    let events = requests.then(async |entry| {
        // Entries that the journal has are all ready at once. Other requests run between them.
        tokio::task::yield_now().await;
        let event = Event::default().event("request").id(entry.number.to_string());
        Ok::<_, Infallible>(event.json_data(&entry).unwrap_or_default())
    });
    let mut response = Sse::new(events).keep_alive(KeepAlive::default()).into_response();
    // Otherwise nginx buffers the events.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The number of the last request that a client received before it lost the connection. Some browsers send an empty one.
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, ControlError> {
    let Some(id) = headers.get("last-event-id") else { return Ok(None) };
    let text = String::from_utf8_lossy(id.as_bytes());
    match text.trim() {
        "" => Ok(None),
        text => {
            text.parse().map(Some).map_err(|_| ControlError::Bad("Last-Event-ID must be a request's number".to_owned()))
        }
    }
}

/// Clear a tenant's requests
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}/requests",
    operation_id = "ClearRequests",
    params(("tenant" = String, Path)),
    responses((status = 204, description = "The journal of the tenant is empty")),
)]
pub(super) async fn clear(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    let Source { journal, tenant } = Source::tenant(&control, &tenant).await?;
    journal.clear(tenant).await?;
    Ok(no_content())
}

/// List unauthenticated requests
///
/// Requests without a key, or with a key that is not valid; the newest first.
#[utoipa::path(
    get,
    path = "/_emulator/unauthenticated-requests",
    operation_id = "ListUnauthenticatedRequests",
    params(RequestsQuery),
    responses((status = 200, description = "The requests", body = Vec<Entry>)),
)]
pub(super) async fn unauthenticated(State(control): State<Arc<Control>>, uri: Uri) -> Answer {
    let source = Source { journal: journal(control.tenants()?)?, tenant: None };
    source.list(&control, &query(&uri)?).await
}
