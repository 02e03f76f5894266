//! A stored customer as Storm shows it.
//!
//! The customer's own columns hold what the domain has a field for. The profile's map holds the rest, in Storm's spelling. The
//! invoice address and the first delivery address have columns, which other vendors' APIs may have changed since, so the columns
//! override the map.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::countries;
use super::wire::json::format_date;
use super::wire::response::{Account, Address, Company, Customer};
use crate::customers::{self, Profiled};
use crate::model;
use crate::vendor_facts::StormPlan;

/// The status of a customer that is active.
pub(super) const ACTIVE: i32 = 1;

/// The id of every customer's invoice address.
pub(super) const INVOICE_ADDRESS: i32 = 1;

/// The profile's member for the highest address id that the customer has used.
pub(super) const LAST_ADDRESS_ID: &str = "LastAddressId";

/// A customer as Storm shows it, without the dates, which no client writes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    pub(super) customer: Customer,
    /// The highest address id that the customer has used. No id is used twice.
    pub(super) last_address_id: i32,
}

/// The customer of a response.
pub(super) fn customer_response(stored: &Profiled, plan: &StormPlan) -> Customer {
    Customer {
        created: Some(format_date(stored.customer.sign_up_date(), plan.time_zone)),
        updated: Some(format_date(stored.modified_at, plan.time_zone)),
        ..View::of(stored).customer
    }
}

impl Default for View {
    fn default() -> Self {
        Self { customer: Customer::default(), last_address_id: INVOICE_ADDRESS }
    }
}

impl View {
    pub(super) fn of(stored: &Profiled) -> Self {
        let Profiled { customer, uuid, fields, companies, modified_at: _, version: _ } = stored;
        let mut last_address_id = member::<i32>(fields, LAST_ADDRESS_ID).max(INVOICE_ADDRESS);
        let delivers_to_invoice = member(fields, "UseInvoiceAddressAsDeliveryAddress")
            && customer.shipping_address == customer.primary_address;
        let customer = Customer {
            id: Some(customer.id.0),
            key: *uuid,
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

/// A member of the profile; its default where it is absent or cannot be read.
fn member<T: DeserializeOwned + Default>(fields: &Map<String, Value>, name: &str) -> T {
    fields.get(name).and_then(|value| T::deserialize(value).ok()).unwrap_or_default()
}

/// Every customer with a username has an account, whichever vendor's API set the username.
fn account(customer: &model::Customer, fields: &Map<String, Value>) -> Option<Account> {
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

fn invoice_address(customer: &model::Customer, fields: &Map<String, Value>) -> Option<Address> {
    let columns = &customer.primary_address;
    let address = Address { id: Some(INVOICE_ADDRESS), ..member(fields, "InvoiceAddress") };
    (!columns.is_empty()).then(|| overridden(address, columns))
}

fn delivery_addresses(
    customer: &model::Customer,
    fields: &Map<String, Value>,
    last_address_id: &mut i32,
) -> Vec<Address> {
    let columns = &customer.shipping_address;
    let mut addresses: Vec<Address> = member(fields, "DeliveryAddresses");
    match addresses.first_mut() {
        // Another vendor's API removed the first address; the others are still there.
        Some(_) if columns.is_empty() => {
            addresses.remove(0);
        }
        Some(first) => *first = overridden(std::mem::take(first), columns),
        None if columns.is_empty() => {}
        None => {
            *last_address_id = last_address_id.saturating_add(1);
            addresses.push(overridden(Address { id: Some(*last_address_id), ..Address::default() }, columns));
        }
    }
    addresses
}

/// The address with the values of the columns.
fn overridden(address: Address, columns: &model::Address) -> Address {
    let model::Address { street1, street2, street3: _, city, region, postal_code, country_code } = columns;
    let country_id = country_code.as_deref().and_then(countries::by_code).map_or(0, countries::id);
    // The client's spelling of the country stays while it is the same country.
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

/// The columns of an address.
pub(super) fn columns(address: &Address) -> model::Address {
    let Address { line1, line2, zip, city, country_id, country, region, .. } = address;
    let by_id = countries::by_id(*country_id);
    model::Address {
        street1: line1.clone(),
        street2: line2.clone(),
        street3: None,
        city: city.clone(),
        region: region.clone(),
        postal_code: zip.clone(),
        country_code: by_id.map_or_else(|| country.clone(), |country| Some(country.alpha2.to_owned())),
    }
}
