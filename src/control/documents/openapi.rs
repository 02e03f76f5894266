//! The OpenAPI documents: one of all APIs, and one of each API, from which clients can be generated.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use serde_json::Value;
use utoipa::openapi::{InfoBuilder, OpenApi, Ref, RefOr, Schema};

use crate::control::api;
use crate::gateway::NOT_BUILT;
use crate::vendors::{VENDORS, merged};

/// An API with a document of its own: a vendor's, or the control API.
#[derive(Debug, Clone, Copy)]
pub struct Api {
    name: &'static str,
    title: &'static str,
    document: fn() -> OpenApi,
}

/// In the order in which they are listed.
static APIS: LazyLock<Vec<Api>> = LazyLock::new(|| {
    let vendors =
        VENDORS.iter().map(|vendor| Api { name: vendor.name, title: vendor.title, document: vendor.document });
    let control = Api { name: "control", title: "The emulator's own, under /_emulator", document: || api::router().1 };
    vendors.chain([control]).collect()
});

impl Api {
    #[must_use]
    pub fn all() -> &'static [Self] {
        &APIS
    }

    /// In paths and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The document, with only the tags and schemas that it uses.
    #[must_use]
    pub fn document(self) -> OpenApi {
        let mut document = (self.document)();
        drop_unused_tags(&mut document);
        name_variants(&mut document);
        drop_unused_schemas(&mut document);
        document
    }
}

impl clap::ValueEnum for Api {
    fn value_variants<'a>() -> &'a [Self] {
        Self::all()
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.title))
    }
}

/// The document of all APIs.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = merged(Api::all().iter().map(|api| api.document()));
    // Operations that are not built come after those that are; the control API comes last.
    let tags = document.tags.as_deref_mut().unwrap_or_default();
    if let Some(place) = tags.iter().position(|tag| tag.name == NOT_BUILT.0) {
        let last = tags.len() - 1;
        tags[place..last].rotate_left(1);
    }
    document.info = InfoBuilder::new()
        .title("directscale-emulator")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(format!(
            "{}\n\nThis document has every API of this server. To generate a client, use the document of one API: {}.",
            document.info.description.unwrap_or_default(),
            Api::all()
                .iter()
                .map(|api| format!("`/_emulator/openapi/{}.json`", api.name))
                .collect::<Vec<_>>()
                .join(", "),
        )))
        .build();
    document
}

/// The document with this address, which has no trailing slash, in front of the URLs of its servers: for a document that is read from
/// a file.
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

/// Gives the objects inside the variants of a choice their own schemas, because generators invent names for them, some of them
/// twice.
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

/// Drops the schemas to which neither an operation nor another used schema refers.
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
