//! Query parameters: names in any case; blank values and unfilled placeholders count as absent.

use chrono::{DateTime, Utc};

use super::error::Error;
use crate::customers::LookUp;
use crate::gateway::parameters;
use crate::model::filled;
use crate::wire::dates;

/// The parameters of a request.
#[derive(Debug)]
pub(super) struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    pub(super) fn parse(query: &str) -> Self {
        let pairs = parameters(query).map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self { pairs: pairs.collect() }
    }

    /// The first value of this name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.pairs.iter().filter(|(sent, _)| sent.eq_ignore_ascii_case(name)).find_map(|(_, value)| filled(value))
    }

    /// The value of a parameter that must be there.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, Error> {
        self.value(name).ok_or_else(|| not_sent(name))
    }

    /// An integer, if one was sent.
    pub(super) fn integer(&self, name: &'static str) -> Result<Option<i32>, Error> {
        self.value(name).map(|text| integer(name, text)).transpose()
    }

    /// An integer that must be there.
    pub(super) fn required_integer(&self, name: &'static str) -> Result<i32, Error> {
        integer(name, self.required(name)?)
    }

    /// The texts between the commas.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.value(name).into_iter().flat_map(|text| text.split(',')).filter_map(filled).map(str::trim).collect()
    }

    /// The integers between the commas.
    pub(super) fn integers(&self, name: &'static str) -> Result<Vec<i32>, Error> {
        self.list(name).into_iter().map(|text| integer(name, text)).collect()
    }

    /// The ISO 3166-1 codes between the commas, in upper case.
    pub(super) fn countries(&self, name: &'static str) -> Result<Vec<String>, Error> {
        let known = |code: &str| rust_iso3166::from_alpha2(&code.to_ascii_uppercase()).map(|known| known.alpha2);
        let read = |code: &str| {
            let message = format!("{name} must be two-letter ISO 3166-1 country codes with commas between them.");
            known(code).map(str::to_owned).ok_or_else(|| Error::parameter(name, "format", message))
        };
        self.list(name).into_iter().map(read).collect()
    }

    /// `true` or `false`, in any case; false when not sent.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, Error> {
        match self.value(name) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Error::parameter(name, "type", format!("{name} must be true or false."))),
        }
    }

    /// A date, if one was sent.
    pub(super) fn date(&self, name: &'static str) -> Result<Option<DateTime<Utc>>, Error> {
        self.value(name).map(|text| dates::parse(text).ok_or_else(|| no_date(name))).transpose()
    }

    /// Which of these were sent with a value.
    pub(super) fn sent(&self, names: &[&str]) -> Vec<String> {
        names.iter().filter(|name| self.value(name).is_some()).map(ToString::to_string).collect()
    }
}

fn integer(name: &'static str, text: &str) -> Result<i32, Error> {
    text.trim().parse().map_err(|_| no_integer(name))
}

pub(super) fn no_integer(name: &'static str) -> Error {
    Error::parameter(name, "type", format!("{name} must be an integer."))
}

pub(super) fn no_date(name: &'static str) -> Error {
    Error::parameter(name, "format", format!("{name} must be a date such as 2020-02-20T15:47:52Z."))
}

pub(super) fn not_sent(name: &'static str) -> Error {
    Error::parameter(name, "required", format!("{name} is required."))
}

/// A look-up without any of its parameters.
pub(super) fn no_look_up() -> Error {
    let message = "One of the parameters backOfficeId, externalReferenceId, email, username or webAlias is required.";
    Error::parameter("$query", "required", message)
}

/// Another tree than the two of this emulator.
pub(super) fn no_tree() -> Error {
    let message = "tree must be one of Unilevel, Enrollment; this emulator builds no Binary and no Matrix tree.";
    Error::parameter("tree", "oneOf", message)
}

/// A path with bytes that are not UTF-8.
pub(super) fn no_path() -> Error {
    Error::parameter("$path", "encoding", "The path must be UTF-8, percent-encoded.")
}

type By = fn(&str) -> LookUp<'_>;

/// The names of "Get Customers By Parameter" in the order of their precedence, aliases last. Two are
/// client-observed, the others inferred.
const NAMES: [(&str, &str, By); 5] = [
    ("backOfficeId", "backOfficeId", |value| LookUp::BackOfficeId(value)),
    ("externalReferenceId", "externalId", |value| LookUp::ExternalReferenceId(value)),
    ("email", "emailAddress", |value| LookUp::EmailAddress(value)),
    ("username", "username", |value| LookUp::Username(value)),
    ("webAlias", "webAlias", |value| LookUp::WebAlias(value)),
];

/// The first look-up with a value, by the order of the names; and the names of the other look-ups that were sent.
pub(super) fn look_up(parameters: &Parameters) -> (Option<LookUp<'_>>, Vec<&str>) {
    let mut chosen = None;
    let mut passed_over = Vec::new();
    for (name, alias, by) in NAMES {
        let matches =
            |(sent, _): &&(String, String)| sent.eq_ignore_ascii_case(name) || sent.eq_ignore_ascii_case(alias);
        for (sent, value) in parameters.pairs.iter().filter(matches) {
            match (&chosen, filled(value)) {
                (None, Some(value)) => chosen = Some(by(value)),
                _ => passed_over.push(sent.as_str()),
            }
        }
    }
    (chosen, passed_over)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_the_table_wins_in_any_case() {
        let parameters = Parameters::parse("EMAIL=a@b.c&backofficeid=15F92&entities=true");
        let (chosen, passed_over) = look_up(&parameters);
        assert_eq!(chosen, Some(LookUp::BackOfficeId("15F92")));
        assert_eq!(passed_over, ["EMAIL"]);
    }

    #[test]
    fn blank_and_unknown_parameters_choose_nothing() {
        assert_eq!(look_up(&Parameters::parse("email=%20&entities=true")).0, None);
        assert_eq!(look_up(&Parameters::parse("")).0, None);
    }

    #[test]
    fn a_list_is_what_stands_between_the_commas() {
        assert_eq!(Parameters::parse("types=1,%202,,").integers("types").expect("integers"), [1, 2]);
        assert!(Parameters::parse("types=1,x").integers("types").is_err());
    }
}
