//! Members of a body that do not count: named with their paths, and with what was probably meant.

/// So many are kept of one call: a million would help nobody.
const MOST: usize = 50;

/// So many are written of one call, doubles included.
const MOST_WRITTEN: usize = 4 * MOST;

/// The longest note, in characters.
const LONGEST: usize = 160;

/// As much of a name that a caller chose as is repeated, in characters.
const LONGEST_NAME: usize = 64;

/// From here on two names are alike: 1 is the same.
const ALIKE: f64 = 0.7;

/// A member that no operation knows: its path, and the known name that is most like it.
#[must_use]
pub fn unknown<'k>(path: &str, name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    match nearest(name, known) {
        Some(meant) => format!("{} (did you mean {meant}?)", shown(path, name)),
        None => shown(path, name),
    }
}

/// A member that is known and does not count here, and why not.
#[must_use]
pub fn unused(path: &str, name: &str, why: &str) -> String {
    format!("{} ({why})", shown(path, name))
}

/// A path as it is repeated.
#[must_use]
pub fn shown(path: &str, name: &str) -> String {
    path.chars().chain(name.chars()).take(LONGEST_NAME).collect()
}

/// Notes on what was sent and does not count. Of very many the first are kept, and the others counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    kept: Vec<String>,
    written: usize,
    more: usize,
}

impl Notes {
    pub fn add(&mut self, write: impl FnOnce() -> String) {
        // One name may come very often, and each note takes a search for what was meant.
        if self.kept.len() == MOST || self.written == MOST_WRITTEN {
            self.more += 1;
            return;
        }
        self.written += 1;
        let mut note = write();
        if let Some((end, _)) = note.char_indices().nth(LONGEST) {
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

    /// The notes that were kept.
    #[must_use]
    pub fn kept(&self) -> &[String] {
        &self.kept
    }

    /// The first of them, as a header lists them.
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

    /// The notes that were kept, alone.
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

/// The known name that a name is most like, if any is like it.
fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let sent = plain(name);
    let mut nearest = None;
    let mut most = 0.0;
    for known in known {
        let likeness = likeness(&sent, &plain(known));
        if likeness >= ALIKE && likeness > most {
            (nearest, most) = (Some(known), likeness);
        }
    }
    nearest
}

/// Whether a name is so like a known one that it may be meant as that.
#[must_use]
pub fn is_like(name: &str, known: &str) -> bool {
    likeness(&plain(name), &plain(known)) >= ALIKE
}

/// Letters and digits in lower case: `first_name` is meant as `FirstName`.
fn plain(name: &str) -> String {
    let letters = name.chars().take(LONGEST_NAME).filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn likeness(sent: &str, known: &str) -> f64 {
    // The beginning or the end of a name, or more than it: `Email` for `EmailAddress`.
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
    fn what_was_meant_is_suggested() {
        for (name, note) in [
            ("FirstNam", "FirstNam (did you mean FirstName?)"),
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
    fn notes_are_bounded_and_said_once() {
        let mut notes: Notes = ["x", "y", "x"].into_iter().map(str::to_owned).collect();
        assert_eq!((notes.kept(), notes.listed().as_str()), (&["x".to_owned(), "y".to_owned()][..], "x, y"));
        notes.join((0..1000).map(|number| number.to_string()).collect());
        assert_eq!(notes.kept().len(), MOST);
        assert!(notes.listed().ends_with(", 16, 17, and 982 more"), "{}", notes.listed());
        notes = (0..1000).map(|_| "x".to_owned()).collect();
        assert_eq!(notes.listed(), "x, and 800 more");
        notes = Notes::from_iter(["é".repeat(1000)]);
        assert_eq!(notes.kept(), ["é".repeat(LONGEST)]);
    }
}
