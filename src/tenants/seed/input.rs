//! The two forms in which a seed for one tenant is accepted: a seed file, or the members of one of its tenants.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Error, IntoDeserializer as _, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::file::{SeedFile, SeedTenant};
use super::read::read_text;
use crate::json_schema::{SCHEMA_MEMBER, SchemaMember};

/// A seed file that contains the tenant, or only the members of the tenant. Either may also be a text in YAML or JSON.
#[derive(Debug)]
pub enum SeedInput<T> {
    File(SeedFile),
    Members(T),
}

impl<T: From<SeedTenant>> SeedInput<T> {
    /// The members of a tenant. From a file: those of the tenant of that name, or of the only tenant.
    ///
    /// # Errors
    /// When the file has only tenants of other names. The message lists them.
    pub fn for_tenant(self, name: &str) -> Result<T, String> {
        let SeedFile { tenants, .. } = match self {
            Self::Members(members) => return Ok(members),
            Self::File(file) => file,
        };
        let is_only = tenants.len() == 1;
        let names: Vec<String> = tenants.iter().map(|tenant| format!("'{}'", tenant.name)).collect();
        let found = tenants.into_iter().find(|tenant| is_only || tenant.name == name);
        found.map(T::from).ok_or_else(|| match &names[..] {
            [] => "the seed file has no tenant".to_owned(),
            names => format!("the seed file has no tenant '{name}'; its tenants are {}", names.join(", ")),
        })
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for SeedInput<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputVisitor { may_be_text: true, members: PhantomData })
    }
}

struct InputVisitor<T> {
    /// A text inside a text is not read.
    may_be_text: bool,
    members: PhantomData<T>,
}

struct FromText<T>(SeedInput<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for FromText<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputVisitor { may_be_text: false, members: PhantomData }).map(Self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for InputVisitor<T> {
    type Value = SeedInput<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a seed file, or the members of one tenant")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut rest: A) -> Result<Self::Value, A::Error> {
        let mut first: Option<String> = rest.next_key()?;
        if first.as_deref() == Some(SCHEMA_MEMBER) {
            let SchemaMember = rest.next_value()?;
            first = rest.next_key()?;
        }
        let is_file = matches!(first.as_deref(), Some("version" | "tenants"));
        let whole = MapAccessDeserializer::new(WholeMap { first, rest });
        if is_file {
            SeedFile::deserialize(whole).map(SeedInput::File)
        } else {
            T::deserialize(whole).map(SeedInput::Members)
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if !self.may_be_text {
            return Err(E::invalid_type(Unexpected::Other("a text"), &self));
        }
        let FromText(input) = read_text(text, text.trim_start().starts_with('{')).map_err(E::custom)?;
        Ok(input)
    }
}

/// A map whose first key was read already.
struct WholeMap<A> {
    first: Option<String>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WholeMap<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(key) => {
                let key: StringDeserializer<A::Error> = key.into_deserializer();
                seed.deserialize(key).map(Some)
            }
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenants::{Integration, SeedContents};

    const TWO: &str = "version: 1\ntenants: [{name: a, plan: {minimum_age: 21}}, {name: b}]";

    fn read<T: DeserializeOwned>(text: &str) -> Result<SeedInput<T>, String> {
        read_text(text, text.starts_with('{') || text.starts_with('"'))
    }

    #[test]
    fn a_file_members_and_a_text_are_distinguished() {
        let age = |text: &str, name: &str| {
            let seed = read::<SeedContents>(text).and_then(|seed| seed.for_tenant(name));
            seed.map(|seed| seed.plan.map(|plan| plan.minimum_age))
        };
        assert_eq!(age(TWO, "a"), Ok(Some(21)));
        assert_eq!(age(TWO, "b"), Ok(Some(18)), "a tenant of a file without a plan has the default");
        assert_eq!(age(TWO, "c"), Err("the seed file has no tenant 'c'; its tenants are 'a', 'b'".to_owned()));
        assert_eq!(age("tenants: [{name: a}]\nversion: 1", "other"), Ok(Some(18)), "the only one");
        assert_eq!(age(r#"{"version": 1, "tenants": []}"#, "a"), Err("the seed file has no tenant".to_owned()));
        assert_eq!(age("plan: {minimum_age: 30}", "a"), Ok(Some(30)));
        assert_eq!(age("{}", "a"), Ok(None));
        assert_eq!(age(&serde_json::to_string(TWO).expect("JSON"), "a"), Ok(Some(21)), "as a text");
        assert_eq!(age(&format!("\u{feff}{TWO}"), "a"), Ok(Some(21)), "with a byte order mark");
        // Wherever a file names its schema.
        for text in ["$schema: s\nversion: 1\ntenants: [{name: a}]", "version: 1\ntenants: [{name: a}]\n$schema: s"] {
            assert_eq!(age(text, "a"), Ok(Some(18)), "{text}");
        }
        for text in ["$schema: s\nplan: {minimum_age: 30}", "plan: {minimum_age: 30, $schema: p}\n$schema: s"] {
            assert_eq!(age(text, "a"), Ok(Some(30)), "{text}");
        }
        assert_eq!(age("$schema: s", "a"), Ok(None));
    }

    #[test]
    fn errors_are_found_in_each_form() {
        for (text, why) in [
            ("version: 2\ntenants: []", "the version must be 1"),
            ("tenants: []", "missing field `version`"),
            ("version: 1\ntenants: []\ncolour: red", "unknown field `colour`"),
            ("colour: red", "unknown field `colour`"),
            ("[1]", "a seed file, or the members of one tenant"),
            ("soon", "a seed file, or the members of one tenant"),
        ] {
            let error = read::<SeedContents>(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        let error = read::<Integration>("customers: []").expect_err("no integration");
        assert!(error.contains("unknown field `customers`"), "{error}");
    }
}
