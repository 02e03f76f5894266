//! What a request writes: the difference between what is kept and what is to be.

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::document::{ACTIVE, Document, INVOICE_ADDRESS, LAST_ADDRESS_ID, body};
use super::merge::Merge;
use super::rejected::Rejected;
use super::wire::request;
use super::wire::{Request, answer};
use crate::customers::{Address, Company, CustomerFields, FieldMask, Profiled};
use crate::model::Field;
use crate::plan::StormPlan;

/// The status of a customer that is not active.
const INACTIVE: i32 = 2;

/// The type of every customer who comes through this door.
const RETAIL_CUSTOMER: i32 = 2;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    /// The key that the caller chose for a new customer.
    pub(super) key: Option<Uuid>,
    /// Of these, only what `sent` names counts; the rest is unset.
    pub(super) values: CustomerFields,
    /// The fields that are to change; for a new customer, those that it has.
    pub(super) sent: FieldMask,
    /// All that the profile is to say.
    pub(super) fields: Map<String, Value>,
    /// The companies in their order, where they are to change.
    pub(super) companies: Option<Vec<Company>>,
    /// Whether the customer gets an account, for which a password must be made.
    pub(super) wants_password: bool,
    /// The paths of members that do not count.
    pub(super) ignored: Vec<String>,
}

impl Written {
    /// Notes who writes: any number is accepted.
    pub(super) fn by(mut self, updated_by: i32) -> Self {
        self.fields.insert("UpdatedBy".to_owned(), updated_by.into());
        self
    }

    /// Whether nothing is to change of a customer whose profile says this.
    pub(super) fn changes_nothing(&self, fields: &Map<String, Value>) -> bool {
        self.sent.is_empty() && self.companies.is_none() && self.fields == *fields
    }
}

pub(super) fn created(request: &Request<request::Customer>, plan: &StormPlan) -> Result<Written, Vec<Rejected>> {
    let before = Document::default();
    let mut written = laid(request, &before, None, plan)?;
    if request.wanted.id.value().is_some() {
        written.ignored.push("Id".to_owned());
    }
    let is_inactive = request.wanted.is_active == Some(false);
    written.key = request.wanted.key;
    written.values.customer_type = Some(RETAIL_CUSTOMER);
    written.values.customer_status = Some(if is_inactive { INACTIVE } else { ACTIVE });
    written.sent.insert(Field::CustomerType);
    written.sent.insert(Field::CustomerStatus);
    Ok(written)
}

/// A request over a customer that is kept.
pub(super) fn updated(
    request: &Request<request::Customer>,
    current: &Profiled,
    plan: &StormPlan,
) -> Result<Written, Vec<Rejected>> {
    let before = Document::of(current);
    let mut written = laid(request, &before, Some(current), plan)?;
    // A key is given once.
    if request.wanted.key.is_some_and(|key| key != current.key) {
        written.ignored.push("Key".to_owned());
    }
    // One that is not active stays in whichever of the other statuses it is.
    if let Some(is_active) = request.wanted.is_active.filter(|sent| Some(*sent) != before.customer.is_active) {
        written.values.customer_status = Some(if is_active { ACTIVE } else { INACTIVE });
        written.sent.insert(Field::CustomerStatus);
    }
    Ok(written)
}

fn laid(
    request: &Request<request::Customer>,
    before: &Document,
    current: Option<&Profiled>,
    plan: &StormPlan,
) -> Result<Written, Vec<Rejected>> {
    let mut merge = Merge::new(request, before.last_address_id, plan);
    let mut after = before.customer.clone();
    merge.customer(&mut after, &request.wanted);
    if !merge.rejected.is_empty() {
        return Err(merge.rejected);
    }
    let mut values = CustomerFields::default();
    let mut sent = FieldMask::default();
    let was = &before.customer;
    let login_names = [login_name(was), login_name(&after)];
    let company_names = [company_name(was), company_name(&after)];
    for (field, value, [was, is]) in [
        (Field::EmailAddress, &mut values.email_address, [&was.email, &after.email]),
        (Field::TaxId, &mut values.tax_id, [&was.ssn, &after.ssn]),
        (Field::FirstName, &mut values.first_name, [&was.first_name, &after.first_name]),
        (Field::LastName, &mut values.last_name, [&was.last_name, &after.last_name]),
        (Field::PrimaryPhone, &mut values.primary_phone, [&was.phone, &after.phone]),
        (Field::TextPhone, &mut values.text_phone, [&was.cell_phone, &after.cell_phone]),
        (Field::Username, &mut values.username, login_names.each_ref()),
        (Field::CompanyName, &mut values.company_name, company_names.each_ref()),
        (Field::ExternalReferenceId, &mut values.external_reference_id, [&was.code, &after.code]),
    ] {
        if was != is {
            sent.insert(field);
            value.clone_from(is);
        }
    }
    let (primary, shipping) = addresses(was, &after, current);
    after.use_invoice_address_as_delivery_address &= primary == shipping;
    let no_address = Address::default();
    let of = current.map(|current| &current.customer);
    // Another door may have taken an address away: nothing is put in its place by a request that says nothing.
    let says_something = after != *was;
    if says_something && of.map_or(&no_address, |of| &of.primary_address) != &primary {
        sent.insert(Field::PrimaryAddress(None));
        values.primary_address = primary;
    }
    if says_something && of.map_or(&no_address, |of| &of.shipping_address) != &shipping {
        sent.insert(Field::DefaultShippingAddress(None));
        values.shipping_address = shipping;
    }
    let kept = current.map(|current| current.fields.clone()).unwrap_or_default();
    // What another door made of a customer is not said again until something changes.
    let fields = if after == *was { kept } else { fields(kept, &after, merge.last_address_id) };
    let companies = (after.companies != was.companies).then(|| after.companies.iter().map(company).collect());
    let Merge { creates_account: wants_password, ignored, .. } = merge;
    Ok(Written { key: None, values, sent, fields, companies, wants_password, ignored })
}

fn login_name(customer: &answer::Customer) -> Option<String> {
    customer.account.as_ref()?.login_name.clone()
}

/// The first company is the default one.
fn company_name(customer: &answer::Customer) -> Option<String> {
    customer.companies.first()?.name.clone()
}

/// The bodies of the invoice address and of the first delivery address. Storm knows no third line: that of an address
/// which another door wrote stays while the address is the same one.
fn addresses(was: &answer::Customer, is: &answer::Customer, current: Option<&Profiled>) -> (Address, Address) {
    let third_line = |of: fn(&crate::customers::Customer) -> &Address| {
        current.and_then(|current| of(&current.customer).street3.clone())
    };
    let primary = is.invoice_address.as_ref().map_or_else(Address::default, body);
    let primary = Address { street3: third_line(|customer| &customer.primary_address), ..primary };
    if is.use_invoice_address_as_delivery_address {
        return (primary.clone(), primary);
    }
    let Some(first) = is.delivery_addresses.first() else { return (primary, Address::default()) };
    let is_same = was.delivery_addresses.first().is_some_and(|was| was.id == first.id);
    let street3 = third_line(|customer| &customer.shipping_address).filter(|_| is_same);
    (primary, Address { street3, ..body(first) })
}

/// What the profile is to say: what the customer's own columns do not hold, over what else it said.
fn fields(before: Map<String, Value>, after: &answer::Customer, last_address_id: i32) -> Map<String, Value> {
    let mut fields = before;
    // What the columns of a customer say of its account is not said twice.
    let account = after.account.clone().map(|account| answer::Account {
        id: None,
        login_name: None,
        is_active: false,
        ..account
    });
    put(&mut fields, "ReferId", &after.refer_id);
    put(&mut fields, "ReferUrl", &after.refer_url);
    put(&mut fields, "CrmId", &after.crm_id);
    put(&mut fields, "Account", &account.unwrap_or_default());
    put(&mut fields, "DeliveryAddresses", &after.delivery_addresses);
    put(&mut fields, "InvoiceAddress", &after.invoice_address);
    put(&mut fields, "Flags", &after.flags);
    put(&mut fields, "UseInvoiceAddressAsDeliveryAddress", &after.use_invoice_address_as_delivery_address);
    put(&mut fields, "Info", &after.info);
    // No word of it while only the invoice address has an id.
    let last_address_id = Some(last_address_id).filter(|id| *id > INVOICE_ADDRESS);
    put(&mut fields, LAST_ADDRESS_ID, &last_address_id);
    fields
}

/// Says something under a name, or nothing where there is nothing to say.
fn put<T: Serialize + Default + PartialEq>(fields: &mut Map<String, Value>, name: &str, value: &T) {
    match serde_json::to_value(value) {
        Ok(json) if *value != T::default() => {
            fields.insert(name.to_owned(), json);
        }
        _ => {
            fields.remove(name);
        }
    }
}

fn company(company: &answer::Company) -> Company {
    let mut details = match serde_json::to_value(company) {
        Ok(Value::Object(details)) => details,
        _ => Map::new(),
    };
    for named in ["Id", "Key", "Name", "OrgNo", "PricelistIds"] {
        details.remove(named);
    }
    details.retain(|_, value| !value.is_null() && *value != Value::Array(Vec::new()));
    Company {
        id: company.id,
        key: Some(company.key).filter(|key| !key.is_nil()),
        name: company.name.clone().unwrap_or_default(),
        org_no: company.org_no.clone(),
        details,
    }
}
