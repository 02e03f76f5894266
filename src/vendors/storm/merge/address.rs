//! Addresses: the invoice address, and the list of delivery addresses, whose items go by their ids.

use super::{Key, Merge};
use crate::customers::filled;
use crate::vendors::storm::countries;
use crate::vendors::storm::document::{INVOICE_ADDRESS, body};
use crate::vendors::storm::wire::{Sent, answer, request};

/// The delivery addresses of a customer or a company, beside what decides over them.
pub(super) struct Deliveries<'a> {
    pub(super) kept: &'a mut Vec<answer::Address>,
    pub(super) sent: &'a [request::Address],
    pub(super) invoice: Option<&'a answer::Address>,
    /// Whether an invoice address was sent.
    pub(super) sent_invoice: bool,
    /// Whether the first one is the invoice address so far.
    pub(super) was_invoice: bool,
    /// Whether it is to be, if that was sent.
    pub(super) is_invoice: Option<bool>,
}

/// The keys for what an address cannot be without: Zip, City, Country.
type MissingKeys = [Key; 3];

const DELIVERY: MissingKeys =
    [Key::DeliveryAddressZipMissing, Key::DeliveryAddressCityMissing, Key::DeliveryAddressCountryMissing];

const INVOICE: MissingKeys =
    [Key::InvoiceAddressZipMissing, Key::InvoiceAddressCityMissing, Key::InvoiceAddressCountryMissing];

impl Merge<'_> {
    /// Lays an invoice address over the one that is kept. There is only one, so it needs no id. `owner` is the path of
    /// the company that it belongs to, with a full stop behind it.
    pub(super) fn invoice_address(
        &mut self,
        kept: &mut Option<answer::Address>,
        sent: Option<&request::Address>,
        owner: &str,
    ) {
        let Some(sent) = sent else { return };
        let path = format!("{owner}InvoiceAddress");
        if let Some(id) = sent.id.value()
            && kept.as_ref().and_then(|kept| kept.id) != Some(*id)
        {
            self.reject_id(&path, *id);
            return;
        }
        let mut address = kept.take().unwrap_or_else(|| {
            let id = if owner.is_empty() { INVOICE_ADDRESS } else { self.next_address_id() };
            answer::Address { id: Some(id), ..answer::Address::default() }
        });
        self.address(&mut address, sent, &path, INVOICE);
        *kept = Some(address);
    }

    /// Lays delivery addresses over those that are kept. Answers whether the invoice address is the first of them: while
    /// it is, those that are sent are ignored (UseInvoiceAddressAsDeliveryAddress, UpdateCustomer page). Once it is, it
    /// stays so until delivery addresses are sent without that word, because false is what some clients always send.
    pub(super) fn delivery_addresses(&mut self, deliveries: Deliveries<'_>, owner: &str) -> bool {
        let Deliveries { kept, sent, invoice, sent_invoice, was_invoice, is_invoice } = deliveries;
        let asked = is_invoice == Some(true);
        if is_invoice == Some(false) {
            self.check_both(sent_invoice, !sent.is_empty(), owner);
        }
        if !asked && (!was_invoice || !sent.is_empty()) {
            self.delivery_list(kept, sent, owner);
            return false;
        }
        if !sent.is_empty() {
            self.ignored.push(format!("{owner}DeliveryAddresses"));
        }
        let Some(invoice) = invoice else {
            if kept.is_empty() {
                return true;
            }
            // There is no invoice address that could take the place of the others.
            self.ignored.push(format!("{owner}UseInvoiceAddressAsDeliveryAddress"));
            return false;
        };
        self.deliver_to(invoice, kept, was_invoice);
        true
    }

    /// "If set to false both invoice address and delivery address must be specified" (UseInvoiceAddressAsDeliveryAddress,
    /// UpdateCustomer page). Who sends neither, updates no address: some clients always say false.
    fn check_both(&mut self, invoice: bool, delivery: bool, owner: &str) {
        if invoice == delivery || self.plan.partial_addresses {
            return;
        }
        let (name, keys) = if invoice { ("DeliveryAddresses", DELIVERY) } else { ("InvoiceAddress", INVOICE) };
        for (key, part) in keys.into_iter().zip(["Zip", "City", "Country"]) {
            let why = "UseInvoiceAddressAsDeliveryAddress is false, so both addresses must be sent";
            self.reject(key, format!("{owner}{name}.{part} is missing: {why}."));
        }
    }

    fn delivery_list(&mut self, kept: &mut Vec<answer::Address>, sent: &[request::Address], owner: &str) {
        let mut first: Vec<answer::Address> = Vec::new();
        for (place, address) in sent.iter().enumerate() {
            let path = format!("{owner}DeliveryAddresses[{place}]");
            let mut laid = match address.id.value() {
                None => answer::Address { id: Some(self.next_address_id()), ..answer::Address::default() },
                Some(&id) => {
                    if let Some(again) = first.iter_mut().find(|kept| kept.id == Some(id)) {
                        self.address(again, address, &path, DELIVERY);
                        continue;
                    }
                    let Some(place) = kept.iter().position(|kept| kept.id == Some(id)) else {
                        self.reject_id(&path, id);
                        continue;
                    };
                    kept.remove(place)
                }
            };
            self.address(&mut laid, address, &path, DELIVERY);
            first.push(laid);
        }
        kept.splice(..0, first);
    }

    /// Makes the first delivery address the invoice address: in its place where it was that before, else in front.
    fn deliver_to(&mut self, invoice: &answer::Address, kept: &mut Vec<answer::Address>, was_invoice: bool) {
        let same = if was_invoice && !kept.is_empty() {
            Some(0)
        } else {
            kept.iter().position(|kept| body(kept) == body(invoice))
        };
        let (id, shipping_phone_number) = match same.map(|place| kept.remove(place)) {
            Some(address) => (address.id, address.shipping_phone_number),
            None => (Some(self.next_address_id()), None),
        };
        kept.insert(0, answer::Address { id, shipping_phone_number, global_location_no: None, ..invoice.clone() });
    }

    fn address(&mut self, kept: &mut answer::Address, sent: &request::Address, path: &str, missing: MissingKeys) {
        let clears = self.plan.empty_clears;
        for (kept, sent) in [
            (&mut kept.care_of, &sent.care_of),
            (&mut kept.line1, &sent.line1),
            (&mut kept.line2, &sent.line2),
            (&mut kept.zip, &sent.zip),
            (&mut kept.city, &sent.city),
            (&mut kept.region, &sent.region),
            (&mut kept.global_location_no, &sent.global_location_no),
            (&mut kept.shipping_phone_number, &sent.shipping_phone_number),
        ] {
            sent.lay(kept, clears);
        }
        kept.is_validated |= sent.is_validated == Some(true);
        let [zip_missing, city_missing, country_missing] = missing;
        for (key, name, kept, sent) in
            [(zip_missing, "Zip", &kept.zip, &sent.zip), (city_missing, "City", &kept.city, &sent.city)]
        {
            // "If any DeliveryAddress is supplied and it is missing a Zip code": what is kept does not complete it.
            let is_missing = sent.value().is_none() && !self.plan.partial_addresses;
            if (is_missing || kept.as_deref().and_then(filled).is_none()) && !sent.is_unreadable() {
                self.reject(key, format!("{path}.{name} is missing."));
            }
        }
        if let Err(why) = self.country(kept, sent, path) {
            self.reject(country_missing, why);
        }
    }

    /// The country is given by its id, else by its code or name, else it is the plan's. Where an address may be sent in part, the
    /// one that is kept comes before the plan's.
    fn country(&mut self, kept: &mut answer::Address, sent: &request::Address, path: &str) -> Result<(), String> {
        let canonical_path = sent.country.value();
        let by_text = canonical_path.and_then(|text| countries::by_text(text, self.plan));
        if let Some(&id) = sent.country_id.value() {
            let country = countries::by_id(id).ok_or_else(|| format!("{path}.CountryId {id} is not a country."))?;
            // A spelling that nobody knows may be the country's all the same; one that is another country's is not.
            let is_anothers = by_text.is_some_and(|other| other.alpha2 != country.alpha2);
            if is_anothers {
                self.ignored.push(format!("{path}.Country"));
            }
            let canonical_path = canonical_path.filter(|_| !is_anothers).cloned();
            // Nothing but a country's id keeps the spelling that it had.
            let kept_spelling = kept.country.take().filter(|_| kept.country_id == id);
            kept.country_id = id;
            kept.country = canonical_path.or(kept_spelling).or_else(|| Some(country.alpha2.to_owned()));
            return Ok(());
        }
        if let Some(text) = canonical_path {
            let country = by_text.ok_or_else(|| format!("{path}.Country '{text}' is not a country."))?;
            kept.country_id = countries::id(country);
            kept.country = Some(text.clone());
            return Ok(());
        }
        if !self.plan.partial_addresses || (self.plan.empty_clears && sent.country == Sent::Empty) {
            kept.country_id = 0;
            kept.country = None;
        }
        let is_unreadable = sent.country_id.is_unreadable() || sent.country.is_unreadable();
        if kept.country_id == 0 && kept.country.is_none() && !is_unreadable {
            let default = self.plan.default_country.as_ref().and_then(crate::plan::CountryCode::country);
            let default = default.ok_or_else(|| format!("{path}.Country is missing."))?;
            kept.country_id = countries::id(default);
            kept.country = Some(default.alpha2.to_owned());
        }
        Ok(())
    }

    fn reject_id(&mut self, path: &str, id: i32) {
        self.reject(Key::UnknownId, format!("{path}.Id {id} is not the Id of an address of the customer."));
    }
}
