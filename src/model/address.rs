//! A postal address and its parts, and blank texts.

use serde::{Deserialize, Serialize};

/// The text, or `None` where it is empty or white space: blank counts as absent ("if a field is omitted or remains
/// blank", DirectScale, Upgrade Customer page).
#[must_use]
pub fn filled(text: &str) -> Option<&str> {
    // Mostly the first character decides.
    text.contains(|character: char| !character.is_whitespace()).then_some(text)
}

pub(super) fn remove_blank(text: &mut Option<String>) {
    if text.as_deref().is_some_and(|text| filled(text).is_none()) {
        *text = None;
    }
}

macro_rules! address_parts {
    ($($part:ident: $member:ident $([$max:literal])?;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AddressPart {
            $($part,)*
        }

        /// A postal address. Any part may be missing.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Address {
            $(pub $member: Option<String>,)*
        }

        impl AddressPart {
            pub const ALL: [Self; 7] = [$(Self::$part,)*];

            pub(super) fn default_max_length(self) -> Option<usize> {
                match self {
                    $($(Self::$part => Some($max),)?)*
                    // The country is a code.
                    Self::CountryCode => None,
                }
            }

            #[cfg(test)]
            pub(super) fn column(self) -> &'static str {
                match self {
                    $(Self::$part => concat!("_", stringify!($member)),)*
                }
            }
        }

        impl Address {
            #[must_use]
            pub fn part(&self, part: AddressPart) -> &Option<String> {
                match part {
                    $(AddressPart::$part => &self.$member,)*
                }
            }

            pub fn part_mut(&mut self, part: AddressPart) -> &mut Option<String> {
                match part {
                    $(AddressPart::$part => &mut self.$member,)*
                }
            }
        }
    };
}

address_parts! {
    Street1: street1[200];
    Street2: street2[200];
    Street3: street3[200];
    PostalCode: postal_code[50];
    City: city[100];
    Region: region[50];
    CountryCode: country_code;
}

impl Address {
    /// Whether no part is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        AddressPart::ALL.into_iter().all(|part| self.part(part).is_none())
    }

    /// Removes blank parts, and changes the country code to upper case.
    pub(crate) fn normalize(&mut self) {
        for part in AddressPart::ALL {
            remove_blank(self.part_mut(part));
        }
        if let Some(code) = &mut self.country_code {
            *code = code.trim().to_ascii_uppercase();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_blank() {
        assert_eq!(filled(" \t\n"), None);
        assert_eq!(filled(" a "), Some(" a "));
    }
}
