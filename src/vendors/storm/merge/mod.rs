//! Laying a request over what is kept of a customer.
//!
//! Only what says something replaces: some clients send every member, with 0, false and "" where they have nothing. A
//! list that is empty changes nothing; in one that is not, what was sent stands first and what was not stays behind it.

mod account;
mod address;
mod company;
mod lists;

use validator::ValidateEmail as _;

use super::rejected::{Key, Rejected};
use super::wire::request;
use super::wire::{Request, Sent, answer};
use crate::plan::StormPlan;

use lists::{lay_flags, lay_numbers, lay_values};

/// So many things are said to be wrong.
const MOST_REJECTED: usize = 100;

/// One request on its way over one customer.
#[derive(Debug)]
pub(super) struct Merge<'p> {
    plan: &'p StormPlan,
    pub(super) rejected: Vec<Rejected>,
    /// The paths of members that do not count.
    pub(super) ignored: Vec<String>,
    /// The highest address id that was given.
    pub(super) last_address_id: i32,
    /// Whether the customer gets an account, for which a password must be made.
    pub(super) creates_account: bool,
}

impl<'p> Merge<'p> {
    /// Begins with what was found while the request was read.
    pub(super) fn new(request: &Request<request::Customer>, last_address_id: i32, plan: &'p StormPlan) -> Self {
        let (rejected, ignored) = (request.rejected.clone(), Vec::new());
        Self { plan, rejected, ignored, last_address_id, creates_account: false }
    }

    /// Lays a customer over what is kept.
    pub(super) fn customer(&mut self, kept: &mut answer::Customer, sent: &request::Customer) {
        let clears = self.plan.empty_clears;
        for (kept, sent) in [
            (&mut kept.code, &sent.code),
            (&mut kept.email, &sent.email),
            (&mut kept.ssn, &sent.ssn),
            (&mut kept.first_name, &sent.first_name),
            (&mut kept.last_name, &sent.last_name),
            (&mut kept.phone, &sent.phone),
            (&mut kept.cell_phone, &sent.cell_phone),
            (&mut kept.refer_url, &sent.refer_url),
            (&mut kept.crm_id, &sent.crm_id),
        ] {
            sent.lay(kept, clears);
        }
        sent.refer_id.lay(&mut kept.refer_id, clears);
        kept.is_active = sent.is_active.or(kept.is_active);
        lay_flags(&mut kept.flags, &sent.flags, clears);
        lay_values(&mut kept.info, &sent.info, clears);
        self.check_email(&sent.email, "Email");
        self.account(kept, sent);
        self.invoice_address(&mut kept.invoice_address, sent.invoice_address.as_ref(), "");
        kept.use_invoice_address_as_delivery_address = self.delivery_addresses(
            address::Deliveries {
                kept: &mut kept.delivery_addresses,
                sent: &sent.delivery_addresses,
                invoice: kept.invoice_address.as_ref(),
                sent_invoice: sent.invoice_address.is_some(),
                was_invoice: kept.use_invoice_address_as_delivery_address,
                is_invoice: sent.use_invoice_address_as_delivery_address,
            },
            "",
        );
        // After the customer's own, so that the numbers of its addresses are the lower ones.
        self.companies(&mut kept.companies, &sent.companies);
        self.ignore_read_only(sent);
    }

    fn ignore_read_only(&mut self, sent: &request::Customer) {
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

    fn check_email(&mut self, email: &Sent<String>, path: &str) {
        if email.value().is_some_and(|email| !email.trim().validate_email()) {
            self.reject(Key::InvalidEmail, format!("{path} must be an e-mail address."));
        }
    }

    fn reject(&mut self, key: Key, text: String) {
        // As while it is read: a list of a thousand addresses lacks its zip codes a thousand times.
        if self.rejected.len() < MOST_REJECTED {
            self.rejected.push(Rejected::new(key, text));
        }
    }

    /// An address id that was never given.
    fn next_address_id(&mut self) -> i32 {
        self.last_address_id = self.last_address_id.saturating_add(1);
        self.last_address_id
    }
}
