//! The OpenAPI documents: one of all APIs, and one of each alone, for those who generate a client of it.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::openapi::{InfoBuilder, OpenApi, Ref, RefOr, Schema};

use crate::control::api;
use crate::gateway::NOT_BUILT;
use crate::vendors::merged;
use crate::vendors::{bydesign, directscale, storm};

/// An API with a document of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Api {
    /// DirectScale's.
    #[value(name = "directscale")]
    DirectScale,
    /// ByDesign's.
    #[value(name = "bydesign")]
    ByDesign,
    /// Norce Storm's.
    Storm,
    /// The emulator's own, under `/_emulator`.
    Control,
}

impl Api {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::DirectScale, Self::ByDesign, Self::Storm, Self::Control];

    /// Its name in paths and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DirectScale => "directscale",
            Self::ByDesign => "bydesign",
            Self::Storm => "storm",
            Self::Control => "control",
        }
    }

    /// Its document, with the schemas that it refers to and no others.
    #[must_use]
    pub fn document(self) -> OpenApi {
        let mut document = match self {
            Self::DirectScale => directscale::document(),
            Self::ByDesign => bydesign::document(),
            Self::Storm => storm::document(),
            Self::Control => api::router().1,
        };
        drop_unused_tags(&mut document);
        name_variants(&mut document);
        drop_unused_schemas(&mut document);
        document
    }
}

/// The document of all APIs.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = merged(Api::ALL.map(Api::document));
    // What is not built stands behind what is; our own API comes last.
    let tags = document.tags.as_deref_mut().unwrap_or_default();
    if let Some(place) = tags.iter().position(|tag| tag.name == NOT_BUILT.0) {
        let last = tags.len() - 1;
        tags[place..last].rotate_left(1);
    }
    document.info = InfoBuilder::new()
        .title("directscale-emulator")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(format!(
            "{}\n\nThis document has every API of this server. To generate a client take the document of one API: {}.",
            document.info.description.unwrap_or_default(),
            Api::ALL.map(|api| format!("`/_emulator/openapi/{}.json`", api.name())).join(", "),
        )))
        .build();
    document
}

/// The same document for a reader who has it from elsewhere than the server: its servers begin with this address, which has no
/// slash at the end.
#[must_use]
pub fn at_address(mut document: OpenApi, address: &str) -> OpenApi {
    let items = document.paths.paths.values_mut().filter_map(|item| item.servers.as_mut());
    for servers in document.servers.iter_mut().chain(items) {
        for one in servers {
            one.url = format!("{address}{}", if one.url == "/" { "" } else { &one.url });
        }
    }
    document
}

/// Drops the tags that no operation has.
fn drop_unused_tags(document: &mut OpenApi) {
    let items = document.paths.paths.values();
    let operations = items.flat_map(|item| [&item.get, &item.post, &item.put, &item.patch, &item.delete]).flatten();
    let used: BTreeSet<&String> = operations.filter_map(|operation| operation.tags.as_ref()).flatten().collect();
    document.tags.iter_mut().for_each(|tags| tags.retain(|tag| used.contains(&tag.name)));
}

/// Gives the objects inside the variants of a choice schemas of their own: generators would make up names for them, some of them
/// the same name twice.
fn name_variants(document: &mut OpenApi) {
    let Some(components) = document.components.as_mut() else { return };
    let mut named = Vec::new();
    for (choice, schema) in &mut components.schemas {
        let RefOr::T(Schema::OneOf(one_of)) = schema else { continue };
        let variants = one_of.items.iter_mut().filter_map(|item| match item {
            RefOr::T(Schema::Object(variant)) => Some(&mut variant.properties),
            _ => None,
        });
        for (property, inner) in variants.flatten() {
            if matches!(inner, RefOr::T(Schema::Object(object)) if !object.properties.is_empty()) {
                let name = format!("{choice}{}", capitalized(property));
                named.push((name.clone(), std::mem::replace(inner, Ref::from_schema_name(name).into())));
            }
        }
    }
    components.schemas.extend(named);
}

fn capitalized(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Drops the schemas that neither an operation nor another schema that is kept refers to.
fn drop_unused_schemas(document: &mut OpenApi) {
    let Some(components) = document.components.as_mut() else { return };
    let mut used = BTreeSet::new();
    let mut found = references(&document.paths);
    while let Some(name) = found.pop() {
        if let Some(schema) = components.schemas.get(&name).filter(|_| used.insert(name)) {
            found.extend(references(schema));
        }
    }
    components.schemas.retain(|name, _| used.contains(name));
}

/// The names of the schemas that something refers to.
fn references(part: &impl serde::Serialize) -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                found.extend(reference.and_then(|path| path.strip_prefix("#/components/schemas/")).map(str::to_owned));
                members.values().for_each(|member| collect(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&serde_json::to_value(part).unwrap_or_default(), &mut found);
    found
}
