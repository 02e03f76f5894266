//! The parameters of "Get Customers By Parameter": names in any case, one is honoured.

use crate::customers::{LookUp, filled};

/// What a value is looked up by.
type By = fn(&str) -> LookUp<'_>;

/// The names in the order in which they are honoured, aliases behind. Two are client-observed, the others inferred.
const NAMES: [(&str, &str, By); 5] = [
    ("backOfficeId", "backOfficeId", |value| LookUp::BackOfficeId(value)),
    ("externalReferenceId", "externalId", |value| LookUp::ExternalReferenceId(value)),
    ("email", "emailAddress", |value| LookUp::EmailAddress(value)),
    ("username", "username", |value| LookUp::Username(value)),
    ("webAlias", "webAlias", |value| LookUp::WebAlias(value)),
];

/// A query: which look-up it asks for, and which parameters were passed over.
#[derive(Debug)]
pub(super) struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    pub(super) fn parse(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Self { pairs }
    }

    /// The first look-up with a value, by the order of the names; and the names of the other look-ups that were sent.
    pub(super) fn look_up(&self) -> (Option<LookUp<'_>>, Vec<&str>) {
        let mut chosen = None;
        let mut passed_over = Vec::new();
        for (name, alias, by) in NAMES {
            let matches =
                |(sent, _): &&(String, String)| sent.eq_ignore_ascii_case(name) || sent.eq_ignore_ascii_case(alias);
            for (sent, value) in self.pairs.iter().filter(matches) {
                match (&chosen, filled(value)) {
                    (None, Some(value)) => chosen = Some(by(value)),
                    _ => passed_over.push(sent.as_str()),
                }
            }
        }
        (chosen, passed_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_the_table_wins_in_any_case() {
        let parameters = Parameters::parse("EMAIL=a@b.c&backofficeid=15F92&entities=true");
        let (chosen, passed_over) = parameters.look_up();
        assert_eq!(chosen, Some(LookUp::BackOfficeId("15F92")));
        assert_eq!(passed_over, ["EMAIL"]);
    }

    #[test]
    fn blank_and_unknown_parameters_choose_nothing() {
        assert_eq!(Parameters::parse("email=%20&entities=true").look_up().0, None);
        assert_eq!(Parameters::parse("").look_up().0, None);
    }
}
