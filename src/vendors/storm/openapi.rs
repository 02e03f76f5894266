//! The OpenAPI document without its operations, and what all operations have in common.

use serde_json::json;
use utoipa::PartialSchema as _;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{ClientCredentials, Flow, OAuth2, Scopes, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, Type,
};

use super::error_body::Unauthorized;
use super::error_examples;
use super::route::{BASES, TOKEN};
use crate::gateway::{NOT_BUILT, NOT_BUILT_HERE, NotBuilt, example_body, example_parameters, server, tags};

/// The name of the security scheme, and of the tag.
const NAME: &str = "Storm";

/// Values of parameters that succeed on the demo data.
const PARAMETERS: [(&str, &str); 9] = [
    ("ApplicationId", "1"),
    ("createdBy", "1"),
    ("cultureCode", "en-US"),
    ("email", "riley@demo.example"),
    ("format", "json"),
    ("id", "3"),
    ("password", "PasswordHere1"),
    ("searchString", "riley"),
    ("updatedBy", "1"),
];

pub(super) fn head() -> OpenApi {
    let scopes = [
        ("lab", "The vendor's test environment; here all scopes are equal"),
        ("qa", "The vendor's acceptance environment"),
        ("production", "The vendor's production environment"),
    ];
    let scopes = Scopes::from_iter(scopes);
    let flow = Flow::ClientCredentials(ClientCredentials::new(TOKEN, scopes));
    let description = "A key of kind `oauth-client` gets access tokens, each valid for an hour. The demo tenant's client id is \
                       demo, its secret 0123456789abcdef0123456789abcdef.";
    let oauth = SecurityScheme::OAuth2(OAuth2::with_description([flow], description));
    let components =
        ComponentsBuilder::new().security_scheme(NAME, oauth).schema("StormProblem", Unauthorized::schema()).build();
    let servers = BASES.map(|base| match base {
        "" => server("/", "This server, without a base path"),
        base => server(base, "This server, with a base path of the vendor"),
    });
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Norce Storm CustomerService, emulated").version("1.1").description(Some(
            "The part of Norce Storm's API that this emulator implements, on the same customers as DirectScale's.",
        )))
        .servers(Some(servers))
        .tags(Some(tags(&[
            (NAME, "Norce Storm's CustomerService on the same customers, with bearer tokens."),
            NOT_BUILT,
        ])))
        .components(Some(components))
        .build()
}

/// Adds what all operations have: the tag, the security, the application's id, and the common responses.
pub(super) fn complete(operation: &mut Operation, _path: &str, missing: Option<NotBuilt>) {
    operation.tags.get_or_insert_default().insert(0, NAME.to_owned());
    operation.security = Some(vec![SecurityRequirement::new(NAME, [] as [&str; 0])]);
    let application = ParameterBuilder::new()
        .name("ApplicationId")
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some("Any; `application-id` is accepted too."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).pattern(Some("[^ \\t]"))))
        .build();
    operation.parameters.get_or_insert_default().push(application.into());
    example_parameters(operation, &PARAMETERS);
    // The example of a creation is in the schema.
    if operation.operation_id.as_deref().is_some_and(|id| id.starts_with("StormUpdate")) {
        example_body(operation, &json!({ "Id": 3, "FirstName": "Ryley", "Phone": "801-555-0103" }));
    }
    let unreadable = error_examples::unreadable(operation);
    let responses = &mut operation.responses.responses;
    let mut add = |status: &str, schema: Option<&str>, meaning: &str, class: &str| {
        let response = ResponseBuilder::new().description(meaning);
        let response = match schema {
            Some(schema) => {
                let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
                response.content("application/json", content)
            }
            None => response.content("text/html", ContentBuilder::new().build()),
        };
        let evidence = ExtensionsBuilder::new().add("x-evidence", json!({ "class": class })).build();
        let response = response.extensions(Some(evidence)).build();
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(response));
    };
    if unreadable.is_some() {
        add("400", None, "A parameter cannot be read: the framework's page", "framework-default");
    }
    add(
        "401",
        Some("StormProblem"),
        "The token or the application's id is missing, or the token is not valid",
        "chosen",
    );
    add("403", Some("StormProblem"), "The quota of the plan is used up", "chosen");
    add("429", Some("StormProblem"), "The rate limit of the plan is used up", "chosen");
    add("500", Some("StormErrorMessage"), "The back end failed", "documented");
    if missing.is_some() {
        add("501", Some("StormErrorMessage"), NOT_BUILT_HERE, "chosen");
    }
    if operation.request_body.is_some() {
        add("413", None, "The body is too large: the framework's page", "chosen");
        add("415", None, "The Content-Encoding of the body is not supported: the framework's page", "chosen");
        // The response to an unreadable request is the framework's page.
        if let Some(RefOr::T(rejected)) = responses.get_mut("400") {
            rejected.content.insert("text/html".to_owned(), RefOr::T(ContentBuilder::new().build()));
        }
    }
    error_examples::add(operation, unreadable, missing);
}
