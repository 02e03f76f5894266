//! The OpenAPI document: what stands around the operations' own attributes.

use serde_json::json;
use utoipa::PartialSchema as _;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr};

use super::error::{FaultJson, Problem};

/// The name of the security scheme.
const KEY: &str = "subscriptionKey";

/// The header in which the key stands (DirectScale, Getting API Keys page).
const KEY_HEADER: &str = "Ocp-Apim-Subscription-Key";

const DESCRIPTION: &str = "\
What this emulator answers of DirectScale's customer API. Each operation carries `x-evidence`: how well founded the answer is \
(`documented`, `client-observed`, `framework-default`, `inferred` or `chosen`) and by what; so does each field that is inferred \
or chosen.

Any writing operation can be rehearsed: with the header `Prefer: tx=rollback` it does everything, answers as it would have, \
and takes it back. With `Prefer: return=representation` a write of a customer answers with the customer. Both say so in \
`Preference-Applied`.";

/// The document without operations.
pub(super) fn head() -> OpenApi {
    let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(KEY_HEADER)));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("DirectScale customer API, emulated")
                .version("1.0")
                .description(Some(DESCRIPTION)),
        )
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme(KEY, key)
                .schema("Problem", Problem::schema())
                .schema("Fault", FaultJson::schema())
                .build(),
        ))
        .security(Some([SecurityRequirement::new(KEY, [] as [&str; 0])]))
        .build()
}

/// Adds to an operation what all have: its tag, and the answers that the gateway and the shared life of a call give.
pub(super) fn complete(operation: &mut utoipa::openapi::path::Operation, path: &str) {
    let group = path.split('/').nth(2).unwrap_or_default().to_owned();
    operation.tags.get_or_insert_default().insert(0, group);
    let can_refuse = operation.request_body.is_some() || operation.parameters.iter().flatten().any(is_read);
    let mut add = |status: &str, meaning: &str, class: &str| {
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(meaning, class)));
    };
    if can_refuse {
        add("400", "Refused, where the plan's refusal_status is 400; else 500", "documented");
    }
    add("401", "The key is missing or opens nothing", "framework-default");
    add("403", "The quota of the plan is spent", "framework-default");
    add("429", "The rate limit of the plan is spent", "framework-default");
    let refused = if can_refuse { "Refused, or the back end failed" } else { "The back end failed" };
    add("500", refused, if can_refuse { "documented" } else { "framework-default" });
    if operation.request_body.is_some() {
        add("413", "The body is too large", "chosen");
    }
}

/// Whether a parameter can be refused: an id that nobody can have is merely unknown.
fn is_read(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.name != "customerId")
}

fn problem(meaning: &str, class: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description(meaning)
        .content("application/json", content)
        .extensions(Some(ExtensionsBuilder::new().add("x-evidence", json!({ "class": class })).build()))
        .build()
}
