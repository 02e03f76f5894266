//! The account of a customer: "If an Account is specified it will be created as well" (UpdateCustomer page).

use super::{Key, Merge, lay_numbers, lay_values};
use crate::vendors::storm::wire::{answer, request};

impl Merge<'_> {
    /// Creates the account, or updates the one whose id was sent.
    pub(super) fn account(&mut self, kept: &mut answer::Customer, sent: &request::Customer) {
        let request::Customer { account: Some(sent), email, .. } = sent else { return };
        if sent.is_active == Some(false) {
            self.ignored.push("Account.IsActive".to_owned());
        }
        let id = sent.id.value().copied();
        let mut account = match (kept.account.take(), id) {
            (Some(account), None) => {
                self.reject(Key::AccountAlreadyExists, Key::AccountAlreadyExists.text().to_owned());
                kept.account = Some(account);
                return;
            }
            (account, Some(id)) if account.as_ref().and_then(|account| account.id) != Some(id) => {
                self.reject(Key::UnknownId, format!("Account.Id {id} is not the Id of the customer's account."));
                kept.account = account;
                return;
            }
            (Some(account), Some(_)) => account,
            (None, _) => {
                self.creates_account = true;
                answer::Account { login_name: kept.email.clone(), is_active: true, ..Default::default() }
            }
        };
        let clears = self.plan.empty_clears;
        account.key = sent.key.unwrap_or(account.key);
        // Nothing clears a login name: there is no account without one.
        sent.login_name.lay(&mut account.login_name, false);
        sent.name.lay(&mut account.name, clears);
        lay_numbers(&mut account.roles, &sent.roles);
        lay_values(&mut account.authorizations, &sent.authorizations, clears);
        if account.login_name.is_none() && !sent.login_name.is_unreadable() && !email.is_unreadable() {
            self.reject(Key::InvalidValue, "Account.LoginName is missing, and so is Email.".to_owned());
        }
        kept.account = Some(account);
    }
}
