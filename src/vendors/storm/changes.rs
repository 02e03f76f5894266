//! What a request changes: the difference between a stored customer and the same customer with the request merged into it.

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::Rejection;
use super::merge::Merge;
use super::size::check_size;
use super::view::{ACTIVE, INVOICE_ADDRESS, LAST_ADDRESS_ID, View, columns};
use super::wire::{Parsed, request, response};
use crate::customers::{self, NewCustomer, Patch, Profile, Profiled};
use crate::model::{self, Address, CustomerFields, Field, FieldMask};
use crate::secret::Password;
use crate::vendor_facts::{ProfileOwner, StormPlan};

/// The status of a customer that is not active.
const INACTIVE: i32 = 2;

/// The type of every customer that Storm's API creates.
const RETAIL_CUSTOMER: i32 = 2;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Changes {
    /// The uuid that the client chose for a new customer.
    pub(super) uuid: Option<Uuid>,
    /// Only the values of the fields in `sent` count.
    pub(super) values: CustomerFields,
    /// The fields that change; of a new customer, those that it has.
    pub(super) sent: FieldMask,
    /// The new profile, complete.
    pub(super) fields: Map<String, Value>,
    /// The companies in their order; `None` leaves them as they are.
    pub(super) companies: Option<Vec<customers::Company>>,
    /// Whether the customer gets an account, which needs a generated password.
    pub(super) creates_account: bool,
    /// The paths of members that were sent and have no effect.
    pub(super) ignored: Vec<String>,
}

impl Changes {
    /// A new customer.
    pub(super) fn creation(request: &Parsed<request::Customer>, plan: &StormPlan) -> Result<Self, Vec<Rejection>> {
        let mut changes = merged(request, &View::default(), None, plan)?;
        let sent = &request.value;
        if sent.id.value().is_some() {
            changes.ignored.push("Id".to_owned());
        }
        changes.uuid = sent.key;
        changes.values.customer_type = Some(RETAIL_CUSTOMER);
        changes.values.customer_status = Some(if sent.is_active == Some(false) { INACTIVE } else { ACTIVE });
        changes.sent.insert(Field::CustomerType);
        changes.sent.insert(Field::CustomerStatus);
        Ok(changes)
    }

    /// An update of a stored customer.
    pub(super) fn update(
        request: &Parsed<request::Customer>,
        stored: &Profiled,
        plan: &StormPlan,
    ) -> Result<Self, Vec<Rejection>> {
        let before = View::of(stored);
        let mut changes = merged(request, &before, Some(stored), plan)?;
        let sent = &request.value;
        // A uuid never changes.
        if sent.key.is_some_and(|uuid| uuid != stored.uuid) {
            changes.ignored.push("Key".to_owned());
        }
        // A customer that is not active keeps its status, which may be another one than INACTIVE.
        if let Some(is_active) = sent.is_active.filter(|sent| Some(*sent) != before.customer.is_active) {
            changes.values.customer_status = Some(if is_active { ACTIVE } else { INACTIVE });
            changes.sent.insert(Field::CustomerStatus);
        }
        Ok(changes)
    }

    /// Records the account that writes: any number is accepted.
    pub(super) fn by(mut self, account: i32) -> Self {
        self.fields.insert("UpdatedBy".to_owned(), account.into());
        self
    }

    /// Whether a customer with this profile stays as it is.
    pub(super) fn is_empty(&self, profile: &Map<String, Value>) -> bool {
        self.sent.is_empty() && self.companies.is_none() && self.fields == *profile
    }

    /// The new customer.
    pub(super) fn into_new_customer(self, password: Option<Password>) -> NewCustomer {
        let Self { uuid, values, fields, companies, .. } = self;
        let profile = Some(Profile { owner: ProfileOwner::Storm, fields, companies });
        NewCustomer { fields: CustomerFields { password, ..values }, uuid, profile }
    }

    /// The patch of a stored customer. It is written only while the customer still has that version.
    pub(super) fn into_patch(self, stored: &Profiled, password: Option<Password>) -> Patch {
        let Self { values, sent: mut mask, fields, companies, .. } = self;
        mask.insert_if(Field::Password, password.is_some());
        let profile = Some(Profile { owner: ProfileOwner::Storm, fields, companies });
        Patch { fields: CustomerFields { password, ..values }, mask, profile, version: Some(stored.version) }
    }
}

fn merged(
    request: &Parsed<request::Customer>,
    before: &View,
    stored: Option<&Profiled>,
    plan: &StormPlan,
) -> Result<Changes, Vec<Rejection>> {
    let mut merge = Merge::new(request, before.last_address_id, plan);
    let mut after = before.customer.clone();
    merge.customer(&mut after, &request.value);
    if !merge.rejections.is_empty() {
        return Err(merge.rejections);
    }
    let before = &before.customer;
    let (mut values, mut sent) = changed_texts(before, &after);
    let (primary, shipping) = addresses(before, &after, stored);
    after.use_invoice_address_as_delivery_address &= primary == shipping;
    // A request that changes nothing does not restore an address that another vendor's API removed.
    let is_changed = after != *before;
    if is_changed {
        check_size(before, &after).map_err(|rejection| vec![rejection])?;
    }
    let stored_addresses = stored.map(|stored| (&stored.customer.primary_address, &stored.customer.shipping_address));
    let empty = Address::default();
    let (stored_primary, stored_shipping) = stored_addresses.unwrap_or((&empty, &empty));
    if is_changed && *stored_primary != primary {
        sent.insert(Field::PrimaryAddress(None));
        values.primary_address = primary;
    }
    if is_changed && *stored_shipping != shipping {
        sent.insert(Field::DefaultShippingAddress(None));
        values.shipping_address = shipping;
    }
    let profile = stored.map(|stored| stored.fields.clone()).unwrap_or_default();
    // The profile stays until something changes, even where another vendor's API has changed the columns.
    let fields = if is_changed { profile_fields(profile, &after, merge.last_address_id) } else { profile };
    let companies = (after.companies != before.companies).then(|| after.companies.iter().map(company).collect());
    let Merge { creates_account, ignored, .. } = merge;
    Ok(Changes { uuid: None, values, sent, fields, companies, creates_account, ignored })
}

/// The texts of the customer's own columns that change.
fn changed_texts(before: &response::Customer, after: &response::Customer) -> (CustomerFields, FieldMask) {
    let mut values = CustomerFields::default();
    let mut sent = FieldMask::default();
    let login_names = [login_name(before), login_name(after)];
    let company_names = [company_name(before), company_name(after)];
    for (field, value, [before, after]) in [
        (Field::EmailAddress, &mut values.email_address, [&before.email, &after.email]),
        (Field::TaxId, &mut values.tax_id, [&before.ssn, &after.ssn]),
        (Field::FirstName, &mut values.first_name, [&before.first_name, &after.first_name]),
        (Field::LastName, &mut values.last_name, [&before.last_name, &after.last_name]),
        (Field::PrimaryPhone, &mut values.primary_phone, [&before.phone, &after.phone]),
        (Field::TextPhone, &mut values.text_phone, [&before.cell_phone, &after.cell_phone]),
        (Field::Username, &mut values.username, login_names.each_ref()),
        (Field::CompanyName, &mut values.company_name, company_names.each_ref()),
        (Field::ExternalReferenceId, &mut values.external_reference_id, [&before.code, &after.code]),
    ] {
        if before != after {
            sent.insert(field);
            value.clone_from(after);
        }
    }
    (values, sent)
}

fn login_name(customer: &response::Customer) -> Option<String> {
    customer.account.as_ref()?.login_name.clone()
}

/// The first company is the default one.
fn company_name(customer: &response::Customer) -> Option<String> {
    customer.companies.first()?.name.clone()
}

/// The columns of the invoice address and of the first delivery address. Storm has no third line: one that another vendor's API
/// wrote stays while the address is the same one.
fn addresses(before: &response::Customer, after: &response::Customer, stored: Option<&Profiled>) -> (Address, Address) {
    let third_line =
        |address: fn(&model::Customer) -> &Address| stored.and_then(|stored| address(&stored.customer).street3.clone());
    let primary = after.invoice_address.as_ref().map_or_else(Address::default, columns);
    let primary = Address { street3: third_line(|customer| &customer.primary_address), ..primary };
    if after.use_invoice_address_as_delivery_address {
        return (primary.clone(), primary);
    }
    let Some(first) = after.delivery_addresses.first() else { return (primary, Address::default()) };
    let is_same = before.delivery_addresses.first().is_some_and(|before| before.id == first.id);
    let street3 = third_line(|customer| &customer.shipping_address).filter(|_| is_same);
    (primary, Address { street3, ..columns(first) })
}

/// The new profile: what the customer's own columns do not hold. Other members of the old profile stay.
fn profile_fields(profile: Map<String, Value>, after: &response::Customer, last_address_id: i32) -> Map<String, Value> {
    let mut fields = profile;
    // Without what the columns hold.
    let account = after.account.clone().map(|account| response::Account {
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
    // Absent while only the invoice address has an id.
    let last_address_id = Some(last_address_id).filter(|id| *id > INVOICE_ADDRESS);
    put(&mut fields, LAST_ADDRESS_ID, &last_address_id);
    fields
}

/// Sets a member, or removes it where the value is the default.
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

fn company(company: &response::Company) -> customers::Company {
    let mut details = match serde_json::to_value(company) {
        Ok(Value::Object(details)) => details,
        _ => Map::new(),
    };
    for column in ["Id", "Key", "Name", "OrgNo", "PricelistIds"] {
        details.remove(column);
    }
    details.retain(|_, value| !value.is_null() && *value != Value::Array(Vec::new()));
    customers::Company {
        id: company.id,
        key: Some(company.key).filter(|key| !key.is_nil()),
        name: company.name.clone().unwrap_or_default(),
        org_no: company.org_no.clone(),
        details,
    }
}
