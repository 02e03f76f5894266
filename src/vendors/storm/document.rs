//! What is kept of a customer, as Storm shows it.
//!
//! A customer's own columns hold what the domain has a field for; the rest is in the profile's map in Storm's spelling.
//! The bodies of the invoice address and of the first delivery address are columns, which other doors may have changed
//! since, so they are laid over what the map says.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::countries;
use super::wire::answer::{Account, Address, Company, Customer};
use super::wire::dates;
use crate::customers::{self, Profiled};
use crate::plan::StormPlan;

/// The status of a customer that is active.
pub(super) const ACTIVE: i32 = 1;

/// The id of every customer's invoice address.
pub(super) const INVOICE_ADDRESS: i32 = 1;

/// The name in the profile of the highest address id that was given to one of the customer's addresses.
pub(super) const LAST_ADDRESS_ID: &str = "LastAddressId";

/// A customer as Storm shows it, but for the dates, which nobody may write.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    pub(super) customer: Customer,
    /// The highest address id that was ever given, so that none is given twice.
    pub(super) last_address_id: i32,
}

/// The answer that shows a customer.
pub(super) fn view(kept: &Profiled, plan: &StormPlan) -> Customer {
    let mut shown = Document::of(kept).customer;
    shown.created = Some(dates::format(kept.customer.sign_up_date(), plan.time_zone));
    shown.updated = Some(dates::format(kept.modified_at, plan.time_zone));
    shown
}

impl Default for Document {
    fn default() -> Self {
        Self { customer: Customer::default(), last_address_id: INVOICE_ADDRESS }
    }
}

impl Document {
    /// What is kept of a customer.
    pub(super) fn of(kept: &Profiled) -> Self {
        let Profiled { customer, key, fields, companies, modified_at: _, version: _ } = kept;
        let mut last_address_id = member::<i32>(fields, LAST_ADDRESS_ID).max(INVOICE_ADDRESS);
        let delivers_to_invoice = member(fields, "UseInvoiceAddressAsDeliveryAddress")
            && customer.shipping_address == customer.primary_address;
        let customer = Customer {
            id: Some(customer.id.0),
            key: *key,
            code: customer.external_reference_id.clone(),
            email: customer.email_address.clone(),
            ssn: customer.tax_id.clone(),
            first_name: customer.first_name.clone(),
            last_name: customer.last_name.clone(),
            phone: customer.primary_phone.clone(),
            cell_phone: customer.text_phone.clone(),
            refer_id: member(fields, "ReferId"),
            refer_url: member(fields, "ReferUrl"),
            account: account(customer, fields),
            companies: companies.iter().map(company).collect(),
            delivery_addresses: delivery_addresses(customer, fields, &mut last_address_id),
            invoice_address: invoice_address(customer, fields),
            flags: member(fields, "Flags"),
            use_invoice_address_as_delivery_address: delivers_to_invoice,
            info: member(fields, "Info"),
            pricelist_ids: Vec::new(),
            crm_id: member(fields, "CrmId"),
            is_active: Some(customer.customer_status() == ACTIVE),
            created: None,
            updated: None,
        };
        Self { customer, last_address_id }
    }
}

/// What the profile says under a name; nothing where it says nothing that can be read.
fn member<T: DeserializeOwned + Default>(fields: &Map<String, Value>, name: &str) -> T {
    fields.get(name).and_then(|value| T::deserialize(value).ok()).unwrap_or_default()
}

/// A customer with a username has an account, whoever gave it.
fn account(customer: &customers::Customer, fields: &Map<String, Value>) -> Option<Account> {
    let login_name = Some(customer.username.clone()?);
    Some(Account { id: Some(customer.id.0), login_name, is_active: true, ..member(fields, "Account") })
}

fn company(company: &customers::Company) -> Company {
    let customers::Company { id, key, name, org_no, details } = company;
    let details: Company = serde_json::from_value(Value::Object(details.clone())).unwrap_or_default();
    Company {
        id: *id,
        key: key.unwrap_or_default(),
        name: Some(name.clone()),
        org_no: org_no.clone(),
        pricelist_ids: Vec::new(),
        ..details
    }
}

fn invoice_address(customer: &customers::Customer, fields: &Map<String, Value>) -> Option<Address> {
    let body = &customer.primary_address;
    let address = Address { id: Some(INVOICE_ADDRESS), ..member(fields, "InvoiceAddress") };
    (!body.is_empty()).then(|| overlaid(address, body))
}

fn delivery_addresses(
    customer: &customers::Customer,
    fields: &Map<String, Value>,
    last_address_id: &mut i32,
) -> Vec<Address> {
    let body = &customer.shipping_address;
    let mut addresses: Vec<Address> = member(fields, "DeliveryAddresses");
    match addresses.first_mut() {
        // Another door took the first address away; those behind it are still there.
        Some(_) if body.is_empty() => {
            addresses.remove(0);
        }
        Some(first) => *first = overlaid(std::mem::take(first), body),
        None if body.is_empty() => {}
        None => {
            *last_address_id = last_address_id.saturating_add(1);
            addresses.push(overlaid(Address { id: Some(*last_address_id), ..Address::default() }, body));
        }
    }
    addresses
}

/// An address whose body is another's.
fn overlaid(address: Address, body: &customers::Address) -> Address {
    let customers::Address { street1, street2, street3: _, city, region, postal_code, country_code } = body;
    let country_id = country_code.as_deref().and_then(countries::by_code).map_or(0, countries::id);
    // The country is shown as it was spelled, while it is the same country.
    let is_same = country_id != 0 && address.country_id == country_id;
    Address {
        line1: street1.clone(),
        line2: street2.clone(),
        zip: postal_code.clone(),
        city: city.clone(),
        country_id,
        country: address.country.filter(|_| is_same).or_else(|| country_code.clone()),
        region: region.clone(),
        ..address
    }
}

/// The body of an address.
pub(super) fn body(address: &Address) -> customers::Address {
    let Address { line1, line2, zip, city, country_id, country, region, .. } = address;
    let known = countries::by_id(*country_id);
    customers::Address {
        street1: line1.clone(),
        street2: line2.clone(),
        street3: None,
        city: city.clone(),
        region: region.clone(),
        postal_code: zip.clone(),
        country_code: known.map_or_else(|| country.clone(), |country| Some(country.alpha2.to_owned())),
    }
}
