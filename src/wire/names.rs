//! The known names of members, found in any case.

/// Names, with the position of each.
#[derive(Debug)]
pub struct Names {
    /// By length: few names have the same one.
    by_length: Vec<Vec<(&'static str, usize)>>,
}

impl Names {
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = &'static str>) -> Self {
        let mut by_length: Vec<Vec<_>> = Vec::new();
        for (position, name) in names.into_iter().enumerate() {
            if by_length.len() <= name.len() {
                by_length.resize_with(name.len() + 1, Vec::new);
            }
            by_length[name.len()].push((name, position));
        }
        Self { by_length }
    }

    /// The position of the name that equals this one in any case.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        let candidates = self.by_length.get(name.len())?;
        let same = candidates.iter().find(|(known, _)| *known == name);
        let found = same.or_else(|| candidates.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
        found.map(|(_, position)| *position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_case() {
        let names = Names::new(["TaxId", "FirstName", "BirthDate", "City"]);
        for (name, position) in [
            ("TaxId", Some(0)),
            ("taxID", Some(0)),
            ("FirstName", Some(1)),
            ("BIRTHDATE", Some(2)),
            ("city", Some(3)),
            ("cit", None),
            ("citys", None),
            ("Größe", None),
            ("", None),
        ] {
            assert_eq!(names.position(name), position, "{name}");
        }
        assert_eq!(names.position(&"x".repeat(1_000_000)), None);
        assert_eq!(Names::new([]).position(""), None);
    }
}
