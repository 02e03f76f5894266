//! Merges a request into a stored customer.
//!
//! Only values that are not empty replace stored ones: some clients send every member, with 0, false and "" where they have no
//! value. An empty list changes nothing. In any other list, the items that were sent come first, then the stored ones.

mod addresses;
mod lists;

use super::error::{ErrorCode, Rejection};
use super::wire::read::MAX_REJECTIONS;
use super::wire::{Parsed, Sent, request, response};
use crate::customers::is_email_address;
use crate::vendor_facts::StormPlan;

use addresses::DeliveryAddresses;
use lists::{ListMerge, merge_flags, merge_numbers, merge_values};

/// The merge of one request into one customer.
#[derive(Debug)]
pub(super) struct Merge<'p> {
    plan: &'p StormPlan,
    pub(super) rejections: Vec<Rejection>,
    /// The paths of members that were sent and have no effect.
    pub(super) ignored: Vec<String>,
    /// The highest address id that the customer has used.
    pub(super) last_address_id: i32,
    /// Whether the customer gets an account, which needs a generated password.
    pub(super) creates_account: bool,
}

impl<'p> Merge<'p> {
    /// Starts with the rejections of reading.
    pub(super) fn new(request: &Parsed<request::Customer>, last_address_id: i32, plan: &'p StormPlan) -> Self {
        let (rejections, ignored) = (request.rejections.clone(), Vec::new());
        Self { plan, rejections, ignored, last_address_id, creates_account: false }
    }

    pub(super) fn customer(&mut self, stored: &mut response::Customer, sent: &request::Customer) {
        let clears = self.plan.empty_clears;
        for (stored, sent) in [
            (&mut stored.code, &sent.code),
            (&mut stored.email, &sent.email),
            (&mut stored.ssn, &sent.ssn),
            (&mut stored.first_name, &sent.first_name),
            (&mut stored.last_name, &sent.last_name),
            (&mut stored.phone, &sent.phone),
            (&mut stored.cell_phone, &sent.cell_phone),
            (&mut stored.refer_url, &sent.refer_url),
            (&mut stored.crm_id, &sent.crm_id),
        ] {
            sent.apply_to(stored, clears);
        }
        sent.refer_id.apply_to(&mut stored.refer_id, clears);
        stored.is_active = sent.is_active.or(stored.is_active);
        merge_flags(&mut stored.flags, &sent.flags, clears);
        merge_values(&mut stored.info, &sent.info, clears);
        self.check_email(&sent.email, "Email");
        self.account(stored, sent);
        self.invoice_address(&mut stored.invoice_address, sent.invoice_address.as_ref(), "");
        stored.use_invoice_address_as_delivery_address = self.delivery_addresses(
            DeliveryAddresses {
                stored: &mut stored.delivery_addresses,
                sent: &sent.delivery_addresses,
                invoice: stored.invoice_address.as_ref(),
                has_sent_invoice: sent.invoice_address.is_some(),
                was_invoice: stored.use_invoice_address_as_delivery_address,
                is_invoice: sent.use_invoice_address_as_delivery_address,
            },
            "",
        );
        // After the customer's own addresses, so that these have the lower ids.
        self.companies(&mut stored.companies, &sent.companies);
        for (name, is_sent) in [
            ("PricelistIds", !sent.pricelist_ids.is_empty()),
            ("Created", sent.created.is_some()),
            ("Updated", sent.updated.is_some()),
        ] {
            if is_sent {
                self.ignored.push(name.to_owned());
            }
        }
    }

    /// Creates the account, or updates the one whose id was sent: "If an Account is specified it will be created as well"
    /// (UpdateCustomer page).
    fn account(&mut self, stored: &mut response::Customer, sent: &request::Customer) {
        let request::Customer { account: Some(sent), email, .. } = sent else { return };
        if sent.is_active == Some(false) {
            self.ignored.push("Account.IsActive".to_owned());
        }
        let stored_id = stored.account.as_ref().and_then(|account| account.id);
        match sent.id.value() {
            None if stored.account.is_some() => {
                self.reject(ErrorCode::AccountAlreadyExists, ErrorCode::AccountAlreadyExists.text().to_owned());
                return;
            }
            Some(id) if stored_id != Some(*id) => {
                self.reject(ErrorCode::UnknownId, format!("Account.Id {id} is not the Id of the customer's account."));
                return;
            }
            _ => {}
        }
        let clears = self.plan.empty_clears;
        self.creates_account = stored.account.is_none();
        let login_name = &stored.email;
        let account = stored.account.get_or_insert_with(|| response::Account {
            login_name: login_name.clone(),
            is_active: true,
            ..response::Account::default()
        });
        account.key = sent.key.unwrap_or(account.key);
        // An empty login name does not clear the stored one: an account has a login name.
        sent.login_name.apply_to(&mut account.login_name, false);
        sent.name.apply_to(&mut account.name, clears);
        merge_numbers(&mut account.roles, &sent.roles);
        merge_values(&mut account.authorizations, &sent.authorizations, clears);
        if account.login_name.is_none() && !sent.login_name.is_unreadable() && !email.is_unreadable() {
            self.reject(ErrorCode::InvalidValue, "Account.LoginName is missing, and so is Email.".to_owned());
        }
    }

    /// Merges companies. The first one is the default, so those that were sent come first. "If a supplied Company does not have an
    /// Id specified it is considered new and will be created as well. Otherwise it will be updated" (UpdateCustomer page).
    fn companies(&mut self, stored: &mut Vec<response::Company>, sent: &[request::Company]) {
        let mut merge = ListMerge::new(stored, |company: &response::Company| company.id);
        for (index, company) in sent.iter().enumerate() {
            let path = format!("Companies[{index}].");
            let position = match company.id.value() {
                None => merge.add(response::Company::default(), None),
                Some(&id) => {
                    let Some(position) = merge.find(&Some(id)) else {
                        let text = format!("{path}Id {id} is not the Id of a company of the customer.");
                        self.reject(ErrorCode::UnknownId, text);
                        continue;
                    };
                    position
                }
            };
            self.company(&mut merge.first[position], company, &path);
        }
        merge.finish(stored);
    }

    fn company(&mut self, stored: &mut response::Company, sent: &request::Company, path: &str) {
        let clears = self.plan.empty_clears;
        for (stored, sent) in [
            (&mut stored.code, &sent.code),
            (&mut stored.name, &sent.name),
            (&mut stored.org_no, &sent.org_no),
            (&mut stored.phone, &sent.phone),
            (&mut stored.refer_url, &sent.refer_url),
            (&mut stored.email, &sent.email),
            (&mut stored.vat_no, &sent.vat_no),
        ] {
            sent.apply_to(stored, clears);
        }
        sent.refer_id.apply_to(&mut stored.refer_id, clears);
        sent.parent_id.apply_to(&mut stored.parent_id, clears);
        stored.key = sent.key.unwrap_or(stored.key);
        merge_values(&mut stored.info, &sent.info, clears);
        merge_flags(&mut stored.flags, &sent.flags, clears);
        merge_numbers(&mut stored.delivery_method_ids, &sent.delivery_method_ids);
        merge_numbers(&mut stored.payment_method_ids, &sent.payment_method_ids);
        self.check_email(&sent.email, &format!("{path}Email"));
        self.invoice_address(&mut stored.invoice_address, sent.invoice_address.as_ref(), path);
        stored.use_invoice_address_as_delivery_address = self.delivery_addresses(
            DeliveryAddresses {
                stored: &mut stored.delivery_addresses,
                sent: &sent.delivery_addresses,
                invoice: stored.invoice_address.as_ref(),
                has_sent_invoice: sent.invoice_address.is_some(),
                was_invoice: stored.use_invoice_address_as_delivery_address,
                is_invoice: sent.use_invoice_address_as_delivery_address,
            },
            path,
        );
        if stored.name.is_none() && !sent.name.is_unreadable() {
            self.reject(ErrorCode::InvalidCompanyName, format!("{path}Name is missing."));
        }
        if !sent.pricelist_ids.is_empty() {
            self.ignored.push(format!("{path}PricelistIds"));
        }
    }

    fn check_email(&mut self, email: &Sent<String>, path: &str) {
        if email.value().is_some_and(|email| !is_email_address(email.trim())) {
            self.reject(ErrorCode::InvalidEmail, format!("{path} must be an e-mail address."));
        }
    }

    fn reject(&mut self, code: ErrorCode, text: String) {
        // A list of a thousand addresses can lack a thousand zip codes.
        if self.rejections.len() < MAX_REJECTIONS {
            self.rejections.push(Rejection::new(code, text));
        }
    }

    fn next_address_id(&mut self) -> i32 {
        self.last_address_id = self.last_address_id.saturating_add(1);
        self.last_address_id
    }
}
