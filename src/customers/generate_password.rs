//! Passwords for accounts that are created without one.

use super::scope::Scope;
use super::service::Customers;
use crate::plan::MAX_PASSWORD_LENGTH;
use crate::secret::Password;

const SMALL: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const CAPITAL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGIT: &[u8] = b"0123456789";
const SYMBOL: &[u8] = b"!#%+-=?";

/// The minimum number of characters: "8 random alphanumeric characters" (Norce, `RegisterCustomer3` page).
const LENGTH: usize = 8;

impl Customers {
    /// A random password that satisfies the tenant's rule.
    #[must_use]
    pub fn random_password(&self, scope: &Scope<'_>) -> Password {
        let rule = scope.plan.password_rule;
        // A plan that an older version stored may have any numbers.
        let length = rule.min_length.max(LENGTH).min(rule.max_length.max(1)).min(MAX_PASSWORD_LENGTH);
        let mut alphabets = vec![CAPITAL, DIGIT];
        if rule.symbol {
            alphabets.push(SYMBOL);
        }
        alphabets.resize(length, SMALL);
        let letters = alphabets.into_iter().map(|alphabet| {
            let [byte] = self.random.bytes();
            // The alphabets are short, so the first characters are hardly more frequent.
            char::from(alphabet[usize::from(byte) % alphabet.len()])
        });
        Password::new(letters.collect())
    }
}
