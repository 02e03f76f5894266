//! The docs page: Swagger UI, compiled in, so that it works without a network. It opens with its operations collapsed, DirectScale's
//! first. On loopback it has the demo tenant's credentials.

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use utoipa_swagger_ui::Config;

use crate::control::typed;
use crate::tenants::DEMO_KEY;

/// Swagger UI has styles and images within its code; it sends requests to the vendor APIs, which may have a listener of their own.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src http: https:; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Without a validator the page needs no network.
static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("/_emulator/openapi.json")
        .use_base_layout()
        .doc_expansion("none")
        .filter(true)
        .default_models_expand_depth(0)
        .display_request_duration(true)
        .try_it_out_enabled(true)
        .persist_authorization(false);
    Arc::new(config.validator_url("none"))
});

/// The script that starts Swagger UI.
const START: &str = "swagger-initializer.js";

/// Redirects to the page's own name, because its files are relative to it.
pub(super) async fn entry() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/_emulator/docs/index.html"));
    response
}

pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    let mut response = match name.as_str() {
        "index.html" => typed("text/html; charset=utf-8", include_str!("docs.html")),
        "docs.css" => typed("text/css; charset=utf-8", include_str!("docs.css")),
        name => vendored(name, is_loopback(&headers)),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// A file of Swagger UI.
fn vendored(name: &str, has_demo: bool) -> Response<Body> {
    let Ok(Some(file)) = utoipa_swagger_ui::serve(name, Arc::clone(&CONFIG)) else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let bytes = if name == START && has_demo {
        with_demo(&String::from_utf8_lossy(&file.bytes)).into_bytes()
    } else {
        file.bytes.into_owned()
    };
    let mut response = Response::new(Body::from(bytes));
    if let Ok(content_type) = HeaderValue::from_str(&file.content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    response
}

/// The demo key is public, and where there is no demo tenant it is rejected as any other one.
fn with_demo(script: &str) -> String {
    let authorize = format!(
        "onComplete: () => {{\n      window.ui.preauthorizeApiKey(\"subscriptionKey\", \"{DEMO_KEY}\");\n      \
         window.ui.preauthorizeBasic(\"ByDesign\", \"demo\", \"{DEMO_KEY}\");\n    }},\n    presets: ["
    );
    script.replacen("presets: [", &authorize, 1)
}

/// Whether the browser reached this server on its own machine.
fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_on_loopback_has_the_demo_key() {
        let of =
            |host: &'static str| is_loopback(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]));
        assert!(of("localhost:8080") && of("127.0.0.1") && of("[::1]:8080") && of("LOCALHOST"));
        assert!(!of("192.0.2.1:8080") && !of("emulator:8080") && !of("") && !of("localhost.example"));
    }

    #[test]
    fn the_schemes_of_the_document_are_authorized() {
        let document = serde_json::to_value(super::super::document()).expect("JSON");
        let schemes = &document["components"]["securitySchemes"];
        assert_eq!(schemes["subscriptionKey"]["type"], "apiKey");
        assert_eq!(schemes["ByDesign"]["scheme"], "basic");
        let script = with_demo("SwaggerUIBundle({ presets: [] })");
        assert!(
            script.contains("preauthorizeApiKey(\"subscriptionKey\"") && script.contains("presets: []"),
            "{script}"
        );
    }
}
