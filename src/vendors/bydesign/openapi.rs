//! The parts of the OpenAPI document that the operations do not declare.

use serde_json::json;
use utoipa::PartialSchema as _;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::server::{ServerBuilder, ServerVariableBuilder};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr};

use super::customers::{no_customer_did, no_email, unknown_customer_did};
use super::error::Error;
use super::negotiate::BodyType;
use super::schema::{ApiResultModel, HttpErrorModel};
use super::settings::unknown_customer_type;
use super::vendor::ByDesign;
use super::violations::MemberViolation;
use crate::gateway::{
    NOT_BUILT, NOT_BUILT_HERE, NotBuilt, THIS_SERVER, example_errors, example_parameters, server, tags,
};
use crate::wire::json::JsonError;

/// The security scheme and the tag.
const NAME: &str = "ByDesign";

/// Example parameters that succeed on the demo data.
const PARAMETERS: [(&str, &str); 2] = [("id", "2"), ("CustomerDID", "3")];

pub(super) fn head() -> OpenApi {
    let basic = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Basic)
            .description(Some(
                "A credential of kind `basic`: user name and password. The demo tenant's are demo and 0123456789abcdef0123456789abcdef.",
            ))
            .build(),
    );
    let components = ComponentsBuilder::new()
        .security_scheme(NAME, basic)
        .schema("ByDesignApiResult", ApiResultModel::schema())
        .schema("ByDesignHttpError", HttpErrorModel::schema());
    let of_client = ServerBuilder::new()
        .url("/{client}")
        .description(Some("With the client's name before the path, as in the vendor's API: the name of the tenant"))
        .parameter("client", ServerVariableBuilder::new().default_value("demo"))
        .build();
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("ByDesign customer API, emulated").version("1.0").description(Some(
            "ByDesign's API as this emulator implements it, on the same customers as DirectScale's.",
        )))
        .servers(Some([server("/", THIS_SERVER), of_client]))
        .tags(Some(tags(&[(NAME, "ByDesign's API on the same customers, with Basic credentials."), NOT_BUILT])))
        .components(Some(components.build()))
        .build()
}

/// Adds what all operations have: the tag, the security, the formats of responses, and the errors.
pub(super) fn complete(operation: &mut Operation, _path: &str, missing: Option<NotBuilt>) {
    operation.tags.get_or_insert_default().insert(0, NAME.to_owned());
    operation.security = Some(vec![SecurityRequirement::new(NAME, [] as [&str; 0])]);
    example_parameters(operation, &PARAMETERS);
    let has_body = operation.request_body.is_some();
    let can_reject = has_body || operation.operation_id.as_deref() == Some("ByDesignGetPublicInfo");
    let responses = &mut operation.responses.responses;
    for (_, response) in responses.iter_mut() {
        if let RefOr::T(response) = response
            && let Some(content) = response.content.values().next().cloned()
        {
            response.content = ["application/json", "text/json"]
                .into_iter()
                .map(|name| (name.to_owned(), content.clone()))
                .chain(
                    ["application/xml", "text/xml"]
                        .into_iter()
                        .map(|name| (name.to_owned(), RefOr::T(ContentBuilder::new().build()))),
                )
                .collect();
        }
    }
    let mut add = |status: &str, schema: &str, meaning: &str, class: &str| {
        let typed = |name: &str| {
            let schema = name.ends_with("json").then(|| Ref::from_schema_name(schema));
            ContentBuilder::new().schema(schema).build()
        };
        let names = ["application/json", "text/json", "application/xml", "text/xml"];
        let response = names
            .into_iter()
            .fold(ResponseBuilder::new().description(meaning), |response, name| response.content(name, typed(name)));
        let evidence = ExtensionsBuilder::new().add("x-evidence", json!({ "class": class })).build();
        let response = response.extensions(Some(evidence)).build();
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(response));
    };
    if can_reject {
        add(
            "400",
            "ByDesignApiResult",
            "Rejected; in the framework's ModelState form where the plan sets it",
            "inferred",
        );
    }
    add("401", "ByDesignHttpError", "The credentials are missing or not valid", "framework-default");
    add("403", "ByDesignHttpError", "The plan's quota is exceeded", "chosen");
    if has_body {
        add("413", "ByDesignHttpError", "The body is too large", "chosen");
        add("415", "ByDesignHttpError", "The body has an unsupported type", "framework-default");
    }
    add("429", "ByDesignHttpError", "The plan's rate limit is exceeded", "chosen");
    add("500", "ByDesignHttpError", "The back end failed", "framework-default");
    if missing.is_some() {
        add("501", "ByDesignHttpError", NOT_BUILT_HERE, "chosen");
    }
    let id = operation.operation_id.clone().unwrap_or_default();
    let types = ["application/json", "text/json", "application/xml", "text/xml"];
    example_errors(operation, &ByDesign, &types, missing, || errors(&id));
}

/// The errors of an operation in the examples.
fn errors(id: &str) -> Vec<Error> {
    let rejected = match id {
        "ByDesignGetPublicInfo" => no_customer_did(),
        "ByDesignCustomerLookup" => no_email(),
        _ => Error::Rejected(vec![MemberViolation::of_body(&JsonError::Empty.into())]),
    };
    let unknown = match id {
        "ByDesignGetPublicInfo" => unknown_customer_did(),
        _ => unknown_customer_type(),
    };
    let unsupported = BodyType::Unsupported("text/plain".to_owned()).unsupported().unwrap_or_default();
    vec![rejected, unknown, Error::Unsupported(unsupported)]
}
