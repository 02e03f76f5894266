//! The OpenAPI document, apart from the operations' own attributes.

use serde_json::json;
use utoipa::PartialSchema as _;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::extensions::{Extensions, ExtensionsBuilder};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::AllOfBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Schema};

use super::error::{Problem, ViolationJson};
use super::{error_examples, examples};
use crate::gateway::{NOT_BUILT, NOT_BUILT_HERE, NotBuilt, THIS_SERVER, server, tags};

/// The name of the security scheme.
const KEY: &str = "subscriptionKey";

/// The header with the key (DirectScale, Getting API Keys page).
const KEY_HEADER: &str = "Ocp-Apim-Subscription-Key";

const DESCRIPTION: &str = "\
DirectScale's customer API as this emulator implements it. Each operation has `x-evidence`: the evidence class of its response \
(`documented`, `client-observed`, `framework-default`, `inferred` or `chosen`) and the source. Each field that is inferred or \
chosen has it too.

The header `Prefer: tx=rollback` makes any write a dry run: it has the same response, and all changes are rolled back. With \
`Prefer: return=representation` the response to a write of a customer contains the customer. The header \
`Preference-Applied` names the preferences that were applied.";

/// The groups of operations, in their order in the document.
const TAGS: [(&str, &str); 4] = [
    ("customers", "DirectScale's customers: create, read, look up, update, upgrade, trees, reward points."),
    ("validate", "DirectScale's checks: whether a value is free, whether a password is correct."),
    ("sso", "DirectScale's single sign-on."),
    NOT_BUILT,
];

pub(super) fn head() -> OpenApi {
    let key = ApiKeyValue::with_description(
        KEY_HEADER,
        "A subscription key of a tenant, 32 hexadecimal digits. The demo tenant's is 0123456789abcdef0123456789abcdef.",
    );
    let key = SecurityScheme::ApiKey(ApiKey::Header(key));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("DirectScale customer API, emulated")
                .version("1.0")
                .description(Some(DESCRIPTION)),
        )
        .servers(Some([server("/", THIS_SERVER)]))
        .tags(Some(tags(&TAGS)))
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme(KEY, key)
                .schema("Problem", Problem::schema())
                .schema("Violation", ViolationJson::schema())
                .build(),
        ))
        .security(Some([SecurityRequirement::new(KEY, [] as [&str; 0])]))
        .build()
}

/// Adds what all operations have: a tag, and the responses of the gateway.
pub(super) fn complete(operation: &mut utoipa::openapi::path::Operation, path: &str, missing: Option<NotBuilt>) {
    let group = path.split('/').nth(2).unwrap_or_default().to_owned();
    operation.tags.get_or_insert_with(|| vec![group]);
    let can_reject = operation.request_body.is_some() || operation.parameters.iter().flatten().any(is_read);
    let has_body = operation.request_body.is_some();
    examples::add(operation);
    let responses = &mut operation.responses.responses;
    if let Some(RefOr::T(unknown)) = responses.get_mut("404") {
        let from_the_guide = || evidence("documented", "the PATCH Customer page and the status guide");
        unknown.extensions.get_or_insert_with(from_the_guide);
    }
    let mut add = |status: &str, meaning: &str, class: &str| {
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(meaning, class)));
    };
    if can_reject {
        add("400", "Rejected, where the plan's rejection_status is 400; else 500", "documented");
    }
    add("401", "The key is missing or opens nothing", "framework-default");
    add("403", "The quota of the plan is used up", "framework-default");
    add("429", "The rate limit of the plan is used up", "framework-default");
    let rejected = if can_reject { "Rejected, or the back end failed" } else { "The back end failed" };
    add("500", rejected, if can_reject { "documented" } else { "framework-default" });
    if has_body {
        add("413", "The body is too large", "chosen");
        add("415", "The Content-Encoding of the body is not supported", "chosen");
    }
    if missing.is_some() {
        add("501", NOT_BUILT_HERE, "chosen");
    }
    error_examples::add(operation, missing);
}

/// The evidence of fields that are objects, lists or maps. utoipa's attribute has no place for it.
const FIELDS: [(&str, &str, &str, &str); 6] = [
    ("Customer", "AssociateCustom", "inferred", "the request has it"),
    ("Customer", "DefaultShippingAddress", "inferred", "both addresses have one AddressId in the vendor's sample"),
    ("Problem", "errors", "chosen", ""),
    ("SearchItem", "WebAliases", "chosen", ""),
    ("Stats", "RankOptions", "chosen", "always empty"),
    ("Stats", "Stats", "chosen", "the keys"),
];

/// Adds the evidence of [`FIELDS`].
///
/// # Panics
/// When one of them is not in the document, which the tests rule out.
pub(super) fn mark(document: &mut OpenApi) {
    let schemas = document.components.as_mut().map(|components| &mut components.schemas);
    let schemas = schemas.expect("invariant: the document has schemas");
    for (name, field, class, source) in FIELDS {
        let Some(RefOr::T(Schema::Object(object))) = schemas.get_mut(name) else { unreachable!("no schema {name}") };
        let property = object.properties.get_mut(field).expect("invariant: the field is there");
        let evidence =
            if source.is_empty() { json!({ "class": class }) } else { json!({ "class": class, "source": source }) };
        let extensions = Some(ExtensionsBuilder::new().add("x-evidence", evidence).build());
        match property {
            RefOr::T(Schema::Array(array)) => array.extensions = extensions,
            RefOr::T(Schema::Object(map)) => map.extensions = extensions,
            other => {
                let item = other.clone();
                *other = AllOfBuilder::new().item(item).extensions(extensions).into();
            }
        }
    }
}

/// Whether a parameter can be rejected: an impossible id is merely unknown, and two are passed through.
fn is_read(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(parameter) if !["customerId", "dest", "args"].contains(&parameter.name.as_str()))
}

fn problem(meaning: &str, class: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description(meaning)
        .content("application/json", content)
        .extensions(Some(ExtensionsBuilder::new().add("x-evidence", json!({ "class": class })).build()))
        .build()
}

fn evidence(class: &str, source: &str) -> Extensions {
    ExtensionsBuilder::new().add("x-evidence", json!({ "class": class, "source": source })).build()
}
