//! Addresses: the invoice address, and the list of delivery addresses, whose items have ids.

use super::lists::ListMerge;
use super::{ErrorCode, Merge};
use crate::model::CountryCode;
use crate::model::filled;
use crate::vendors::storm::countries;
use crate::vendors::storm::view::{INVOICE_ADDRESS, columns};
use crate::vendors::storm::wire::{Sent, request, response};

/// The delivery addresses of a customer or a company, and what else determines them.
pub(super) struct DeliveryAddresses<'a> {
    pub(super) stored: &'a mut Vec<response::Address>,
    pub(super) sent: &'a [request::Address],
    pub(super) invoice: Option<&'a response::Address>,
    /// Whether an invoice address was sent.
    pub(super) has_sent_invoice: bool,
    /// Whether the stored `UseInvoiceAddressAsDeliveryAddress` is true.
    pub(super) was_invoice: bool,
    /// The `UseInvoiceAddressAsDeliveryAddress` that was sent.
    pub(super) is_invoice: Option<bool>,
}

/// The error codes for an address without Zip, City or Country.
type MissingCodes = [ErrorCode; 3];

const DELIVERY: MissingCodes = [
    ErrorCode::DeliveryAddressZipMissing,
    ErrorCode::DeliveryAddressCityMissing,
    ErrorCode::DeliveryAddressCountryMissing,
];

const INVOICE: MissingCodes = [
    ErrorCode::InvoiceAddressZipMissing,
    ErrorCode::InvoiceAddressCityMissing,
    ErrorCode::InvoiceAddressCountryMissing,
];

impl Merge<'_> {
    /// Merges the invoice address. There is only one, so it needs no id. `owner` is the path of its company with a trailing full
    /// stop, or empty.
    pub(super) fn invoice_address(
        &mut self,
        stored: &mut Option<response::Address>,
        sent: Option<&request::Address>,
        owner: &str,
    ) {
        let Some(sent) = sent else { return };
        let path = format!("{owner}InvoiceAddress");
        if let Some(id) = sent.id.value()
            && stored.as_ref().and_then(|stored| stored.id) != Some(*id)
        {
            self.reject_id(&path, *id);
            return;
        }
        let mut address = stored.take().unwrap_or_else(|| {
            let id = if owner.is_empty() { INVOICE_ADDRESS } else { self.next_address_id() };
            response::Address { id: Some(id), ..response::Address::default() }
        });
        self.address(&mut address, sent, &path, INVOICE);
        *stored = Some(address);
    }

    /// Merges delivery addresses. Returns whether the invoice address is the first of them. While it is, delivery addresses that are
    /// sent are ignored (UseInvoiceAddressAsDeliveryAddress, UpdateCustomer page). That ends when delivery addresses are sent without
    /// true; false alone does not end it, because some clients always send false.
    pub(super) fn delivery_addresses(&mut self, addresses: DeliveryAddresses<'_>, owner: &str) -> bool {
        let DeliveryAddresses { stored, sent, invoice, has_sent_invoice, was_invoice, is_invoice } = addresses;
        let becomes_invoice = is_invoice == Some(true);
        if is_invoice == Some(false) {
            self.check_both(has_sent_invoice, !sent.is_empty(), owner);
        }
        if !becomes_invoice && (!was_invoice || !sent.is_empty()) {
            self.delivery_list(stored, sent, owner);
            return false;
        }
        if !sent.is_empty() {
            self.ignored.push(format!("{owner}DeliveryAddresses"));
        }
        let Some(invoice) = invoice else {
            if stored.is_empty() {
                return true;
            }
            // There is no invoice address to replace the others.
            self.ignored.push(format!("{owner}UseInvoiceAddressAsDeliveryAddress"));
            return false;
        };
        self.deliver_to(invoice, stored, was_invoice);
        true
    }

    /// "If set to false both invoice address and delivery address must be specified" (UseInvoiceAddressAsDeliveryAddress,
    /// UpdateCustomer page). A client that sends neither updates no address: some clients always send false.
    fn check_both(&mut self, invoice: bool, delivery: bool, owner: &str) {
        if invoice == delivery || self.plan.partial_addresses {
            return;
        }
        let (name, codes) = if invoice { ("DeliveryAddresses", DELIVERY) } else { ("InvoiceAddress", INVOICE) };
        for (code, part) in codes.into_iter().zip(["Zip", "City", "Country"]) {
            let why = "UseInvoiceAddressAsDeliveryAddress is false, so both addresses must be sent";
            self.reject(code, format!("{owner}{name}.{part} is missing: {why}."));
        }
    }

    fn delivery_list(&mut self, stored: &mut Vec<response::Address>, sent: &[request::Address], owner: &str) {
        let mut merge = ListMerge::new(stored, |address: &response::Address| address.id);
        for (index, address) in sent.iter().enumerate() {
            let path = format!("{owner}DeliveryAddresses[{index}]");
            let position = match address.id.value() {
                None => {
                    let id = Some(self.next_address_id());
                    merge.add(response::Address { id, ..response::Address::default() }, id.map(Some))
                }
                Some(&id) => {
                    let Some(position) = merge.find(&Some(id)) else {
                        self.reject_id(&path, id);
                        continue;
                    };
                    position
                }
            };
            self.address(&mut merge.first[position], address, &path, DELIVERY);
        }
        merge.finish(stored);
    }

    /// Copies the invoice address to the first delivery address: replaces the first one if that was a copy already, else an equal
    /// one, else inserts it.
    fn deliver_to(&mut self, invoice: &response::Address, stored: &mut Vec<response::Address>, was_invoice: bool) {
        let same = if was_invoice && !stored.is_empty() {
            Some(0)
        } else {
            stored.iter().position(|stored| columns(stored) == columns(invoice))
        };
        let (id, shipping_phone_number) = match same.map(|index| stored.remove(index)) {
            Some(address) => (address.id, address.shipping_phone_number),
            None => (Some(self.next_address_id()), None),
        };
        stored.insert(0, response::Address { id, shipping_phone_number, global_location_no: None, ..invoice.clone() });
    }

    fn address(&mut self, stored: &mut response::Address, sent: &request::Address, path: &str, missing: MissingCodes) {
        let clears = self.plan.empty_clears;
        for (stored, sent) in [
            (&mut stored.care_of, &sent.care_of),
            (&mut stored.line1, &sent.line1),
            (&mut stored.line2, &sent.line2),
            (&mut stored.zip, &sent.zip),
            (&mut stored.city, &sent.city),
            (&mut stored.region, &sent.region),
            (&mut stored.global_location_no, &sent.global_location_no),
            (&mut stored.shipping_phone_number, &sent.shipping_phone_number),
        ] {
            sent.apply_to(stored, clears);
        }
        stored.is_validated |= sent.is_validated == Some(true);
        let [zip_missing, city_missing, country_missing] = missing;
        for (code, name, stored, sent) in
            [(zip_missing, "Zip", &stored.zip, &sent.zip), (city_missing, "City", &stored.city, &sent.city)]
        {
            // "If any DeliveryAddress is supplied and it is missing a Zip code": stored values do not complete it.
            let is_missing = sent.value().is_none() && !self.plan.partial_addresses;
            if (is_missing || stored.as_deref().and_then(filled).is_none()) && !sent.is_unreadable() {
                self.reject(code, format!("{path}.{name} is missing."));
            }
        }
        if let Err(why) = self.country(stored, sent, path) {
            self.reject(country_missing, why);
        }
    }

    /// The country is that of the id, else that of the code or name, else the plan's default. Where the plan allows partial
    /// addresses, the stored country comes before the default.
    fn country(&mut self, stored: &mut response::Address, sent: &request::Address, path: &str) -> Result<(), String> {
        let spelling = sent.country.value();
        let by_text = spelling.and_then(|text| countries::by_text(text, self.plan));
        if let Some(&id) = sent.country_id.value() {
            let country = countries::by_id(id).ok_or_else(|| format!("{path}.CountryId {id} is not a country."))?;
            // An unknown spelling may mean the country of the id; the spelling of another country does not.
            let is_other = by_text.is_some_and(|other| other.alpha2 != country.alpha2);
            if is_other {
                self.ignored.push(format!("{path}.Country"));
            }
            let spelling = spelling.filter(|_| !is_other).cloned();
            // The id alone keeps the stored spelling of the same country.
            let stored_spelling = stored.country.take().filter(|_| stored.country_id == id);
            stored.country_id = id;
            stored.country = spelling.or(stored_spelling).or_else(|| Some(country.alpha2.to_owned()));
            return Ok(());
        }
        if let Some(text) = spelling {
            let country = by_text.ok_or_else(|| format!("{path}.Country '{text}' is not a country."))?;
            stored.country_id = countries::id(country);
            stored.country = Some(text.clone());
            return Ok(());
        }
        if !self.plan.partial_addresses || (self.plan.empty_clears && sent.country == Sent::Empty) {
            stored.country_id = 0;
            stored.country = None;
        }
        let is_unreadable = sent.country_id.is_unreadable() || sent.country.is_unreadable();
        if stored.country_id == 0 && stored.country.is_none() && !is_unreadable {
            let default = self.plan.default_country.as_ref().and_then(CountryCode::country);
            let default = default.ok_or_else(|| format!("{path}.Country is missing."))?;
            stored.country_id = countries::id(default);
            stored.country = Some(default.alpha2.to_owned());
        }
        Ok(())
    }

    fn reject_id(&mut self, path: &str, id: i32) {
        self.reject(ErrorCode::UnknownId, format!("{path}.Id {id} is not the Id of an address of the customer."));
    }
}
