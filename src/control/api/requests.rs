//! The journal of a tenant's calls.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Answer, Control, ControlError, json, no_content, query};
use crate::database::TenantId;
use crate::journal::{Entry, Filter, Journal, StatusFilter};

/// Which calls, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RequestsQuery {
    /// Only of this operation, by its `operationId`; `-` for paths that are none.
    operation: Option<String>,
    /// Only with this status, or of this class: `404`, `4xx`.
    #[param(value_type = Option<String>)]
    status: Option<StatusFilter>,
    /// Only about this customer.
    customer: Option<i32>,
    /// Only the call with this `X-DirectScale-RequestId`.
    request_id: Option<Uuid>,
    /// Only after the call with this number.
    since: Option<u64>,
    /// At most so many, 1,000 or less; 100 where it is not said.
    limit: Option<usize>,
    /// To wait: for at most so many milliseconds, 60,000 or less; 10,000 where it is not said.
    timeout_ms: Option<u64>,
}

impl RequestsQuery {
    /// The filter, if its operation is one.
    fn filter(&self, control: &Control) -> Result<Filter, ControlError> {
        let Self { operation, status, customer, request_id, since, .. } = self;
        if let Some(operation) = operation {
            control.catalogue.check_journaled(operation).map_err(ControlError::Bad)?;
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

/// The journal, if it is on.
fn journal(control: &Control) -> Result<&Journal, ControlError> {
    let journal = &control.tenants()?.journal;
    if journal.is_on() { Ok(journal) } else { Err(ControlError::NotFound("the journal is off".to_owned())) }
}

async fn tenant_of(control: &Control, name: &str) -> Result<Option<TenantId>, ControlError> {
    Ok(Some(control.tenants()?.tenant(name).await?.id))
}

/// List a tenant's calls
///
/// The newest first. Each with why it was rejected, what it changed, and what it caused.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/requests",
    operation_id = "ListRequests",
    params(("tenant" = String, Path), RequestsQuery),
    responses((status = 200, description = "The calls", body = Vec<Entry>)),
)]
pub(super) async fn list(State(control): State<Arc<Control>>, Path(tenant): Path<String>, uri: Uri) -> Answer {
    let asked: RequestsQuery = query(&uri)?;
    let filter = asked.filter(&control)?;
    let tenant = tenant_of(&control, &tenant).await?;
    let found = journal(&control)?.find(tenant, &filter, asked.limit.unwrap_or(100).min(1_000));
    Ok(json(StatusCode::OK, &found.iter().map(AsRef::as_ref).collect::<Vec<&Entry>>()))
}

/// Get a call
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/requests/{requestId}",
    operation_id = "GetRequest",
    params(
        ("tenant" = String, Path),
        ("requestId" = String, Path, description = "Its `X-DirectScale-RequestId`, or its number"),
    ),
    responses((status = 200, description = "The call", body = Entry)),
)]
pub(super) async fn get(
    State(control): State<Arc<Control>>,
    Path((tenant, request_id)): Path<(String, String)>,
) -> Answer {
    let unknown = || ControlError::NotFound("the journal has no such call, or has it no more".to_owned());
    let tenant = tenant_of(&control, &tenant).await?;
    let journal = journal(&control)?;
    let found = if let Ok(number) = request_id.parse::<u64>() {
        // The earliest after the one before it, if that is it.
        let filter = Filter { since: Some(number.saturating_sub(1)), ..Filter::default() };
        journal.find(tenant, &filter, usize::MAX).pop().filter(|found| found.number == number)
    } else {
        let id = request_id.parse().map_err(|_| unknown())?;
        journal.find(tenant, &Filter { request_id: Some(id), ..Filter::default() }, 1).pop()
    };
    Ok(json(StatusCode::OK, found.ok_or_else(unknown)?.as_ref()))
}

/// Wait for a call
///
/// Answers with the earliest call that is asked for, as soon as there is one: at once where it came already, so name what came
/// before in `since`. 408 when none came in time.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/requests/wait",
    operation_id = "WaitForRequest",
    params(("tenant" = String, Path), RequestsQuery),
    responses(
        (status = 200, description = "The call", body = Entry),
        (status = 408, description = "None came in time"),
    ),
)]
pub(super) async fn wait(State(control): State<Arc<Control>>, Path(tenant): Path<String>, uri: Uri) -> Answer {
    let asked: RequestsQuery = query(&uri)?;
    let filter = asked.filter(&control)?;
    let tenant = tenant_of(&control, &tenant).await?;
    let patience = Duration::from_millis(asked.timeout_ms.unwrap_or(10_000).min(60_000));
    match journal(&control)?.wait(tenant, &filter, patience).await {
        Some(entry) => Ok(json(StatusCode::OK, entry.as_ref())),
        None => Ok(json(
            StatusCode::REQUEST_TIMEOUT,
            &serde_json::json!({ "status": 408, "title": "Request Timeout", "detail": "no such call came in time" }),
        )),
    }
}

/// Follow a tenant's calls
///
/// Each call from here on as a server-sent event `request`, whose data is the call and whose id is its number. With `since`, or with
/// the header `Last-Event-ID` that a browser sends when it connects again, those come first that were answered after that number
/// and are kept; of both the header counts. A number that this server has not given yet is another server's: then all come.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/requests/stream",
    operation_id = "StreamRequests",
    params(
        ("tenant" = String, Path),
        ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last call that was heard of"),
        RequestsQuery
    ),
    responses((status = 200, description = "The calls", content_type = "text/event-stream", body = String)),
)]
pub(super) async fn stream(
    State(control): State<Arc<Control>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let asked: RequestsQuery = query(&uri)?;
    let filter = asked.filter(&control)?;
    let tenant = tenant_of(&control, &tenant).await?;
    let journal = journal(&control)?;
    let since = last_event_id(&headers)?.or(asked.since);
    let since = since.map(|since| if since > journal.latest() { 0 } else { since });
    let filter = Filter { since, ..filter };
    // Listened for before the kept ones are looked for, so that none is missed in between; those that are both come once.
    let listening = journal.listen(tenant);
    let mut kept = if since.is_some() { journal.find(tenant, &filter, usize::MAX) } else { Vec::new() };
    kept.reverse();
    let sent: HashSet<u64> = kept.iter().map(|entry| entry.number).collect();
    let later = stream::unfold((listening, filter, sent), async |(mut listening, filter, sent)| {
        loop {
            let entry = listening.next().await?;
            if filter.matches(&entry) && !sent.contains(&entry.number) {
                return Some((entry, (listening, filter, sent)));
            }
        }
    });
    let events = stream::iter(kept).chain(later).map(|entry| {
        let event = Event::default().event("request").id(entry.number.to_string());
        Ok::<_, Infallible>(event.json_data(entry.as_ref()).unwrap_or_default())
    });
    let mut response = Sse::new(events).keep_alive(KeepAlive::default()).into_response();
    // Otherwise nginx keeps the events until it has a buffer full of them.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The number of the last call that a client heard of before it lost the connection. A blank one is none: browsers have sent it.
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, ControlError> {
    let Some(id) = headers.get("last-event-id") else { return Ok(None) };
    let text = String::from_utf8_lossy(id.as_bytes());
    match text.trim() {
        "" => Ok(None),
        text => {
            text.parse().map(Some).map_err(|_| ControlError::Bad("Last-Event-ID must be a call's number".to_owned()))
        }
    }
}

/// Forget a tenant's calls
#[utoipa::path(
    delete,
    path = "/_emulator/tenants/{tenant}/requests",
    operation_id = "ForgetRequests",
    params(("tenant" = String, Path)),
    responses((status = 204, description = "They are forgotten")),
)]
pub(super) async fn clear(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    let tenant = tenant_of(&control, &tenant).await?;
    journal(&control)?.clear(tenant);
    Ok(no_content())
}

/// List the calls of nobody
///
/// Those without a key, or with one that opens nothing; the newest first.
#[utoipa::path(
    get,
    path = "/_emulator/strangers",
    operation_id = "ListUnauthenticatedRequests",
    params(RequestsQuery),
    responses((status = 200, description = "The calls", body = Vec<Entry>)),
)]
pub(super) async fn strangers(State(control): State<Arc<Control>>, uri: Uri) -> Answer {
    let asked: RequestsQuery = query(&uri)?;
    let filter = asked.filter(&control)?;
    let found = journal(&control)?.find(None, &filter, asked.limit.unwrap_or(100).min(1_000));
    Ok(json(StatusCode::OK, &found.iter().map(AsRef::as_ref).collect::<Vec<&Entry>>()))
}
