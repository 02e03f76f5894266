//! Companies: "If a supplied Company does not have an Id specified it is considered new and will be created as well.
//! Otherwise it will be updated" (UpdateCustomer page).

use super::address::Deliveries;
use super::{Key, Merge, lay_flags, lay_numbers, lay_values};
use crate::vendors::storm::wire::{answer, request};

impl Merge<'_> {
    /// Lays companies over those that are kept: the sent ones first, because the first is the default.
    pub(super) fn companies(&mut self, kept: &mut Vec<answer::Company>, sent: &[request::Company]) {
        let mut first: Vec<answer::Company> = Vec::new();
        for (place, company) in sent.iter().enumerate() {
            let path = format!("Companies[{place}].");
            let mut laid = match company.id.value() {
                None => answer::Company::default(),
                Some(&id) => {
                    if let Some(again) = first.iter_mut().find(|kept| kept.id == Some(id)) {
                        self.company(again, company, &path);
                        continue;
                    }
                    let Some(place) = kept.iter().position(|kept| kept.id == Some(id)) else {
                        let text = format!("{path}Id {id} is not the Id of a company of the customer.");
                        self.reject(Key::UnknownId, text);
                        continue;
                    };
                    kept.remove(place)
                }
            };
            self.company(&mut laid, company, &path);
            first.push(laid);
        }
        kept.splice(..0, first);
    }

    fn company(&mut self, kept: &mut answer::Company, sent: &request::Company, path: &str) {
        let clears = self.plan.empty_clears;
        for (kept, sent) in [
            (&mut kept.code, &sent.code),
            (&mut kept.name, &sent.name),
            (&mut kept.org_no, &sent.org_no),
            (&mut kept.phone, &sent.phone),
            (&mut kept.refer_url, &sent.refer_url),
            (&mut kept.email, &sent.email),
            (&mut kept.vat_no, &sent.vat_no),
        ] {
            sent.lay(kept, clears);
        }
        sent.refer_id.lay(&mut kept.refer_id, clears);
        sent.parent_id.lay(&mut kept.parent_id, clears);
        kept.key = sent.key.unwrap_or(kept.key);
        lay_values(&mut kept.info, &sent.info, clears);
        lay_flags(&mut kept.flags, &sent.flags, clears);
        lay_numbers(&mut kept.delivery_method_ids, &sent.delivery_method_ids);
        lay_numbers(&mut kept.payment_method_ids, &sent.payment_method_ids);
        self.check_email(&sent.email, &format!("{path}Email"));
        self.invoice_address(&mut kept.invoice_address, sent.invoice_address.as_ref(), path);
        kept.use_invoice_address_as_delivery_address = self.delivery_addresses(
            Deliveries {
                kept: &mut kept.delivery_addresses,
                sent: &sent.delivery_addresses,
                invoice: kept.invoice_address.as_ref(),
                sent_invoice: sent.invoice_address.is_some(),
                was_invoice: kept.use_invoice_address_as_delivery_address,
                is_invoice: sent.use_invoice_address_as_delivery_address,
            },
            path,
        );
        if kept.name.is_none() && !sent.name.is_unreadable() {
            self.reject(Key::InvalidCompanyName, format!("{path}Name is missing."));
        }
        if !sent.pricelist_ids.is_empty() {
            self.ignored.push(format!("{path}PricelistIds"));
        }
    }
}
