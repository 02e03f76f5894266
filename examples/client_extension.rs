//! A small Client Extension with four hooks: one alters the request before the vendor's work, one adds a step after it, one
//! replaces it, and one rejects.
//!
//! ```sh
//! DIRECTSCALE_URL=http://127.0.0.1:8080 DIRECTSCALE_TOKEN=… EXTENSION_TOKEN=… LISTEN=127.0.0.1:5000 \
//!     cargo run --example client_extension
//! ```
//!
//! The tokens are those of the tenant's `extension` in its seed file (docs/SEEDS.md); the hooks there lead to
//! `http://127.0.0.1:5000/hooks/before`, `/after`, `/override` or `/reject`.

use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

/// The hook whose default work this extension asks for.
const HOOK: &str = "Associates.Enrollment.UpdateAssociateBaseType";

struct ClientExtension {
    /// The base URL for callbacks, and the token that this extension presents there.
    directscale_url: String,
    directscale_token: String,
    /// The token that the platform must present.
    extension_token: String,
    client: reqwest::Client,
}

/// An error response.
struct Failure(StatusCode, Value);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

/// A rejection whose message the platform shows to its client.
fn rejection(message: &str) -> Failure {
    let error =
        json!({ "ErrorId": "example1", "ErrorMessage": message, "RemoteStackTrace": [], "InternalStackTrace": null });
    Failure(StatusCode::INTERNAL_SERVER_ERROR, json!({ "DiscoRemoteException": error }))
}

type Answer = Result<Json<Value>, Failure>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let setting = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let extension = Arc::new(ClientExtension {
        directscale_url: setting("DIRECTSCALE_URL")?,
        directscale_token: setting("DIRECTSCALE_TOKEN")?,
        extension_token: setting("EXTENSION_TOKEN")?,
        client: reqwest::Client::new(),
    });
    let router = Router::new()
        .route("/hooks/before", post(before))
        .route("/hooks/after", post(after))
        .route("/hooks/override", post(instead))
        .route("/hooks/reject", post(reject))
        .with_state(extension);
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5000".to_owned());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

/// Before: writes the names in capitals; then the platform does its work with them.
async fn before(
    State(extension): State<Arc<ClientExtension>>,
    headers: HeaderMap,
    Json(mut request): Json<Value>,
) -> Answer {
    extension.check(&headers)?;
    for name in ["FirstName", "LastName"] {
        if let Some(text) = request["Application"][name].as_str() {
            request["Application"][name] = json!(text.to_uppercase());
        }
    }
    extension.call_back(&headers, &request).await
}

/// After: the platform does its work; then this hook adds a step that must not break it.
async fn after(
    State(extension): State<Arc<ClientExtension>>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Answer {
    extension.check(&headers)?;
    let Json(response) = extension.call_back(&headers, &request).await?;
    println!("customer {} was upgraded", response["ApplicationResponse"]["AssociateId"]);
    Ok(Json(response))
}

/// Override: replaces the platform's work.
async fn instead(
    State(extension): State<Arc<ClientExtension>>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Answer {
    extension.check(&headers)?;
    println!("customer {} stays as it is", request["AssociateId"]);
    Ok(Json(json!({ "ApplicationResponse": { "AssociateId": request["AssociateId"] } })))
}

/// Rejects with a message that the API client gets.
async fn reject(State(extension): State<Arc<ClientExtension>>, headers: HeaderMap) -> Answer {
    extension.check(&headers)?;
    Err(rejection("Upgrades are closed for this month."))
}

impl ClientExtension {
    fn check(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let expected = format!("Bearer {}", self.extension_token);
        let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if presented == Some(expected.as_str()) { Ok(()) } else { Err(Failure(StatusCode::FORBIDDEN, json!({}))) }
    }

    /// Asks the platform to do its own work with this request.
    async fn call_back(&self, headers: &HeaderMap, request: &Value) -> Answer {
        let token =
            headers.get("X-DirectScale-CallbackToken").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let answered = self
            .client
            .post(format!("{}/api/extension/hooks/{HOOK}", self.directscale_url))
            .bearer_auth(&self.directscale_token)
            .header("X-DirectScale-CallbackToken", token)
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .body(request.to_string())
            .send()
            .await
            .map_err(|error| rejection(&format!("The platform cannot be reached: {error}")))?;
        let status = answered.status();
        let text = answered.text().await.unwrap_or_default();
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        // A rejection of the platform is returned to it unchanged.
        if status.is_success() { Ok(Json(body)) } else { Err(Failure(StatusCode::INTERNAL_SERVER_ERROR, body)) }
    }
}
