//! Ignored members of a body, with their paths and "did you mean" suggestions.

/// The maximum number of notes on one request.
const MAX_NOTES: usize = 50;

/// The same with duplicates, each of which takes a search for a suggestion.
const MAX_SEARCHES: usize = 4 * MAX_NOTES;

/// In characters.
const MAX_NOTE_LENGTH: usize = 160;

/// The part of a client's path or name that a note contains, in characters.
const MAX_NAME_LENGTH: usize = 64;

/// The similarity from which a name is suggested; equal names have 1.
const MIN_SIMILARITY: f64 = 0.7;

/// A note on an unknown member, with the most similar known name.
#[must_use]
pub fn unknown<'k>(path: &str, name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    match most_similar(name, known) {
        Some(similar) => format!("{} (did you mean {similar}?)", short_path(path, name)),
        None => short_path(path, name),
    }
}

/// A note on a known member that this operation ignores.
#[must_use]
pub fn unused(path: &str, name: &str, why: &str) -> String {
    format!("{} ({why})", short_path(path, name))
}

/// The shortened path of a member.
#[must_use]
pub fn short_path(path: &str, name: &str) -> String {
    path.chars().chain(name.chars()).take(MAX_NAME_LENGTH).collect()
}

/// Notes on ignored members: the first ones, and the number of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    kept: Vec<String>,
    searches: usize,
    more: usize,
}

impl Notes {
    pub fn add(&mut self, write: impl FnOnce() -> String) {
        if self.kept.len() == MAX_NOTES || self.searches == MAX_SEARCHES {
            self.more += 1;
            return;
        }
        self.searches += 1;
        let mut note = write();
        if let Some((end, _)) = note.char_indices().nth(MAX_NOTE_LENGTH) {
            note.truncate(end);
        }
        if !self.kept.contains(&note) {
            self.kept.push(note);
        }
    }

    pub fn join(&mut self, other: Self) {
        self.more += other.more;
        for note in other.kept {
            self.add(|| note);
        }
    }

    #[must_use]
    pub fn kept(&self) -> &[String] {
        &self.kept
    }

    /// The first twenty notes as the value of a header.
    #[must_use]
    pub fn listed(&self) -> String {
        const LISTED: usize = 20;
        let (listed, others) = self.kept.split_at(self.kept.len().min(LISTED));
        let mut listed = listed.join(", ");
        let more = others.len() + self.more;
        if more > 0 {
            listed.extend([", and ", &more.to_string(), " more"]);
        }
        listed
    }

    #[must_use]
    pub fn into_kept(self) -> Vec<String> {
        self.kept
    }
}

impl FromIterator<String> for Notes {
    fn from_iter<I: IntoIterator<Item = String>>(texts: I) -> Self {
        let mut notes = Self::default();
        texts.into_iter().for_each(|text| notes.add(|| text));
        notes
    }
}

fn most_similar<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let sent = plain(name);
    let mut found = None;
    let mut highest = 0.0;
    for known in known {
        let similarity = similarity(&sent, &plain(known));
        if similarity >= MIN_SIMILARITY && similarity > highest {
            (found, highest) = (Some(known), similarity);
        }
    }
    found
}

/// Whether a name is similar enough to a known one to be a misspelling of it.
#[must_use]
pub fn is_like(name: &str, known: &str) -> bool {
    similarity(&plain(name), &plain(known)) >= MIN_SIMILARITY
}

/// Letters and digits in lower case, so that `first_name` equals `FirstName`.
fn plain(name: &str) -> String {
    let letters = name.chars().take(MAX_NAME_LENGTH).filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn similarity(sent: &str, known: &str) -> f64 {
    // The beginning or end of a longer name: `Email` for `EmailAddress`.
    const PART: f64 = 0.75;
    let [short, long] = if sent.len() < known.len() { [sent, known] } else { [known, sent] };
    let is_part = short.len() >= 4 && (long.starts_with(short) || long.ends_with(short));
    strsim::normalized_damerau_levenshtein(sent, known).max(if is_part { PART } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 7] =
        ["EmailAddress", "FirstName", "LastName", "PrimaryPhone", "SponsorId", "TaxExemptId", "TaxId"];

    #[test]
    fn a_similar_name_is_suggested() {
        for (name, note) in [
            ("FirstNam", "FirstNam (did you mean FirstName?)"),
            ("FristName", "FristName (did you mean FirstName?)"),
            ("LsatName", "LsatName (did you mean LastName?)"),
            ("frist_name", "frist_name (did you mean FirstName?)"),
            ("first_name", "first_name (did you mean FirstName?)"),
            ("EmailAdress", "EmailAdress (did you mean EmailAddress?)"),
            ("email", "email (did you mean EmailAddress?)"),
            ("Phone", "Phone (did you mean PrimaryPhone?)"),
            ("SponsorID2", "SponsorID2 (did you mean SponsorId?)"),
            ("taxid", "taxid (did you mean TaxId?)"),
            ("MI", "MI"),
            ("Zzz", "Zzz"),
            ("", ""),
            ("Größe", "Größe"),
        ] {
            assert_eq!(unknown("", name, KNOWN), note);
        }
        assert_eq!(unknown("A.", "TaxIdd", KNOWN), "A.TaxIdd (did you mean TaxId?)");
        assert_eq!(unused("A.", "B", "only answers have it"), "A.B (only answers have it)");
        assert_eq!(unknown("", &"é".repeat(1_000_000), KNOWN), "é".repeat(64));
    }

    #[test]
    fn notes_are_unique_and_bounded() {
        let mut notes: Notes = ["x", "y", "x"].into_iter().map(str::to_owned).collect();
        assert_eq!((notes.kept(), notes.listed().as_str()), (&["x".to_owned(), "y".to_owned()][..], "x, y"));
        notes.join((0..1000).map(|number| number.to_string()).collect());
        assert_eq!(notes.kept().len(), MAX_NOTES);
        assert!(notes.listed().ends_with(", 16, 17, and 982 more"), "{}", notes.listed());
        notes = (0..1000).map(|_| "x".to_owned()).collect();
        assert_eq!(notes.listed(), "x, and 800 more");
        notes = Notes::from_iter(["é".repeat(1000)]);
        assert_eq!(notes.kept(), ["é".repeat(MAX_NOTE_LENGTH)]);
    }
}
