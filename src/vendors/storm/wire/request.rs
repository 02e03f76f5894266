//! The objects of requests, with every member of the vendor's schemas in its order, and the most characters of each text.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::read::{Entity, Reader};
use super::sent::Sent;

#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::vendors::storm) struct Customer {
    pub(in crate::vendors::storm) id: Sent<i32>,
    pub(in crate::vendors::storm) key: Option<Uuid>,
    pub(in crate::vendors::storm) code: Sent<String>,
    pub(in crate::vendors::storm) email: Sent<String>,
    pub(in crate::vendors::storm) ssn: Sent<String>,
    pub(in crate::vendors::storm) first_name: Sent<String>,
    pub(in crate::vendors::storm) last_name: Sent<String>,
    pub(in crate::vendors::storm) phone: Sent<String>,
    pub(in crate::vendors::storm) cell_phone: Sent<String>,
    pub(in crate::vendors::storm) refer_id: Sent<i32>,
    pub(in crate::vendors::storm) refer_url: Sent<String>,
    pub(in crate::vendors::storm) account: Option<Account>,
    pub(in crate::vendors::storm) companies: Vec<Company>,
    pub(in crate::vendors::storm) delivery_addresses: Vec<Address>,
    pub(in crate::vendors::storm) invoice_address: Option<Address>,
    pub(in crate::vendors::storm) flags: Vec<Flag>,
    pub(in crate::vendors::storm) use_invoice_address_as_delivery_address: Option<bool>,
    pub(in crate::vendors::storm) info: Vec<IdValue>,
    pub(in crate::vendors::storm) pricelist_ids: Vec<i32>,
    pub(in crate::vendors::storm) crm_id: Sent<String>,
    pub(in crate::vendors::storm) is_active: Option<bool>,
    pub(in crate::vendors::storm) created: Option<DateTime<Utc>>,
    pub(in crate::vendors::storm) updated: Option<DateTime<Utc>>,
}

impl Entity for Customer {
    fn read(read: &mut Reader<'_, '_>) -> Self {
        Self {
            id: read.nullable_integer("Id"),
            key: read.guid("Key"),
            code: read.text("Code", 50),
            email: read.text("Email", 255),
            ssn: read.text("SSN", 50),
            first_name: read.text("FirstName", 50),
            last_name: read.text("LastName", 50),
            phone: read.text("Phone", 50),
            cell_phone: read.text("CellPhone", 50),
            refer_id: read.nullable_integer("ReferId"),
            refer_url: read.text("ReferUrl", 255),
            account: read.one("Account"),
            companies: read.list("Companies"),
            delivery_addresses: read.list("DeliveryAddresses"),
            invoice_address: read.one("InvoiceAddress"),
            flags: read.list("Flags"),
            use_invoice_address_as_delivery_address: read.boolean("UseInvoiceAddressAsDeliveryAddress"),
            info: read.list("Info"),
            pricelist_ids: read.integers("PricelistIds"),
            crm_id: read.text("CrmId", 50),
            is_active: read.nullable_boolean("IsActive"),
            created: read.date("Created"),
            updated: read.date("Updated"),
        }
    }
}

/// The account with which a customer signs in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::vendors::storm) struct Account {
    pub(in crate::vendors::storm) id: Sent<i32>,
    pub(in crate::vendors::storm) key: Option<Uuid>,
    pub(in crate::vendors::storm) login_name: Sent<String>,
    pub(in crate::vendors::storm) name: Sent<String>,
    pub(in crate::vendors::storm) roles: Vec<i32>,
    pub(in crate::vendors::storm) authorizations: Vec<IdValue>,
    pub(in crate::vendors::storm) is_active: Option<bool>,
}

impl Entity for Account {
    fn read(read: &mut Reader<'_, '_>) -> Self {
        Self {
            id: read.nullable_integer("Id"),
            key: read.guid("Key"),
            login_name: read.text("LoginName", 255),
            name: read.text("Name", 100),
            roles: read.integers("Roles"),
            authorizations: read.list("Authorizations"),
            is_active: read.boolean("IsActive"),
        }
    }
}

/// A company of a customer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::vendors::storm) struct Company {
    pub(in crate::vendors::storm) id: Sent<i32>,
    pub(in crate::vendors::storm) key: Option<Uuid>,
    pub(in crate::vendors::storm) code: Sent<String>,
    pub(in crate::vendors::storm) name: Sent<String>,
    pub(in crate::vendors::storm) org_no: Sent<String>,
    pub(in crate::vendors::storm) phone: Sent<String>,
    pub(in crate::vendors::storm) refer_id: Sent<i32>,
    pub(in crate::vendors::storm) refer_url: Sent<String>,
    pub(in crate::vendors::storm) delivery_addresses: Vec<Address>,
    pub(in crate::vendors::storm) invoice_address: Option<Address>,
    pub(in crate::vendors::storm) use_invoice_address_as_delivery_address: Option<bool>,
    pub(in crate::vendors::storm) info: Vec<IdValue>,
    pub(in crate::vendors::storm) pricelist_ids: Vec<i32>,
    pub(in crate::vendors::storm) parent_id: Sent<i32>,
    pub(in crate::vendors::storm) delivery_method_ids: Vec<i32>,
    pub(in crate::vendors::storm) payment_method_ids: Vec<i32>,
    pub(in crate::vendors::storm) email: Sent<String>,
    pub(in crate::vendors::storm) flags: Vec<Flag>,
    pub(in crate::vendors::storm) vat_no: Sent<String>,
}

impl Entity for Company {
    fn read(read: &mut Reader<'_, '_>) -> Self {
        Self {
            id: read.nullable_integer("Id"),
            key: read.guid("Key"),
            code: read.text("Code", 50),
            name: read.text("Name", 100),
            org_no: read.text("OrgNo", 50),
            phone: read.text("Phone", 50),
            refer_id: read.nullable_integer("ReferId"),
            refer_url: read.text("ReferUrl", 255),
            delivery_addresses: read.list("DeliveryAddresses"),
            invoice_address: read.one("InvoiceAddress"),
            use_invoice_address_as_delivery_address: read.boolean("UseInvoiceAddressAsDeliveryAddress"),
            info: read.list("Info"),
            pricelist_ids: read.integers("PricelistIds"),
            parent_id: read.nullable_integer("ParentId"),
            delivery_method_ids: read.integers("DeliveryMethodIds"),
            payment_method_ids: read.integers("PaymentMethodIds"),
            // No limit of Email and VatNo is published: those of the like.
            email: read.text("Email", 255),
            flags: read.list("Flags"),
            vat_no: read.text("VatNo", 50),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::vendors::storm) struct Address {
    pub(in crate::vendors::storm) id: Sent<i32>,
    pub(in crate::vendors::storm) care_of: Sent<String>,
    pub(in crate::vendors::storm) line1: Sent<String>,
    pub(in crate::vendors::storm) line2: Sent<String>,
    pub(in crate::vendors::storm) zip: Sent<String>,
    pub(in crate::vendors::storm) city: Sent<String>,
    pub(in crate::vendors::storm) country_id: Sent<i32>,
    pub(in crate::vendors::storm) country: Sent<String>,
    pub(in crate::vendors::storm) region: Sent<String>,
    pub(in crate::vendors::storm) is_validated: Option<bool>,
    pub(in crate::vendors::storm) global_location_no: Sent<String>,
    pub(in crate::vendors::storm) shipping_phone_number: Sent<String>,
}

impl Entity for Address {
    fn read(read: &mut Reader<'_, '_>) -> Self {
        Self {
            id: read.nullable_integer("Id"),
            care_of: read.text("CareOf", 100),
            line1: read.text("Line1", 255),
            line2: read.text("Line2", 255),
            zip: read.text("Zip", 50),
            city: read.text("City", 50),
            country_id: read.id("CountryId"),
            country: read.text("Country", 50),
            region: read.text("Region", 50),
            is_validated: read.boolean("IsValidated"),
            global_location_no: read.text("GlobalLocationNo", 50),
            shipping_phone_number: read.text("ShippingPhoneNumber", 50),
        }
    }
}

/// A flag of a customer or a company; its id is that of the kind of flag.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::vendors::storm) struct Flag {
    pub(in crate::vendors::storm) id: i32,
    pub(in crate::vendors::storm) name: Sent<String>,
    pub(in crate::vendors::storm) group: i32,
    pub(in crate::vendors::storm) is_selected: Option<bool>,
}

impl Entity for Flag {
    fn read(read: &mut Reader<'_, '_>) -> Self {
        Self {
            id: read.integer("Id"),
            name: read.text("Name", 50),
            group: read.integer("Group"),
            is_selected: read.boolean("IsSelected"),
        }
    }
}

/// A value whose id is that of the kind of value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::vendors::storm) struct IdValue {
    pub(in crate::vendors::storm) id: i32,
    pub(in crate::vendors::storm) value: Sent<String>,
    pub(in crate::vendors::storm) code: Sent<String>,
}

impl Entity for IdValue {
    fn read(read: &mut Reader<'_, '_>) -> Self {
        Self { id: read.integer("Id"), value: read.text("Value", usize::MAX), code: read.text("Code", 255) }
    }
}
