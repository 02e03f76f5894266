//! The objects of answers, with every member of the vendor's schemas in its order; what is unset is null, 0, false, a
//! Guid of zeros, or an empty list. What the domain has no field for is kept in the same shape.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::json;

/// A customer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = StormCustomer)]
pub(in crate::storm) struct Customer {
    pub(in crate::storm) id: Option<i32>,
    pub(in crate::storm) key: Uuid,
    pub(in crate::storm) code: Option<String>,
    pub(in crate::storm) email: Option<String>,
    #[serde(rename = "SSN")]
    pub(in crate::storm) ssn: Option<String>,
    pub(in crate::storm) first_name: Option<String>,
    pub(in crate::storm) last_name: Option<String>,
    pub(in crate::storm) phone: Option<String>,
    pub(in crate::storm) cell_phone: Option<String>,
    pub(in crate::storm) refer_id: Option<i32>,
    pub(in crate::storm) refer_url: Option<String>,
    pub(in crate::storm) account: Option<Account>,
    pub(in crate::storm) companies: Vec<Company>,
    pub(in crate::storm) delivery_addresses: Vec<Address>,
    pub(in crate::storm) invoice_address: Option<Address>,
    pub(in crate::storm) flags: Vec<Flag>,
    pub(in crate::storm) use_invoice_address_as_delivery_address: bool,
    pub(in crate::storm) info: Vec<IdValue>,
    pub(in crate::storm) pricelist_ids: Vec<i32>,
    pub(in crate::storm) crm_id: Option<String>,
    pub(in crate::storm) is_active: Option<bool>,
    pub(in crate::storm) created: Option<String>,
    pub(in crate::storm) updated: Option<String>,
}

impl Customer {
    /// Its JSON.
    pub(in crate::storm) fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(self)
    }
}

/// The account with which a customer signs in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormAccount)]
pub(in crate::storm) struct Account {
    pub(in crate::storm) id: Option<i32>,
    pub(in crate::storm) key: Uuid,
    pub(in crate::storm) login_name: Option<String>,
    pub(in crate::storm) name: Option<String>,
    pub(in crate::storm) roles: Vec<i32>,
    pub(in crate::storm) authorizations: Vec<IdValue>,
    pub(in crate::storm) is_active: bool,
}

/// A company of a customer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormCompany)]
pub(in crate::storm) struct Company {
    pub(in crate::storm) id: Option<i32>,
    pub(in crate::storm) key: Uuid,
    pub(in crate::storm) code: Option<String>,
    pub(in crate::storm) name: Option<String>,
    pub(in crate::storm) org_no: Option<String>,
    pub(in crate::storm) phone: Option<String>,
    pub(in crate::storm) refer_id: Option<i32>,
    pub(in crate::storm) refer_url: Option<String>,
    pub(in crate::storm) delivery_addresses: Vec<Address>,
    pub(in crate::storm) invoice_address: Option<Address>,
    pub(in crate::storm) use_invoice_address_as_delivery_address: bool,
    pub(in crate::storm) info: Vec<IdValue>,
    pub(in crate::storm) pricelist_ids: Vec<i32>,
    pub(in crate::storm) parent_id: Option<i32>,
    pub(in crate::storm) delivery_method_ids: Vec<i32>,
    pub(in crate::storm) payment_method_ids: Vec<i32>,
    pub(in crate::storm) email: Option<String>,
    pub(in crate::storm) flags: Vec<Flag>,
    pub(in crate::storm) vat_no: Option<String>,
}

/// A postal address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormAddress)]
pub(in crate::storm) struct Address {
    pub(in crate::storm) id: Option<i32>,
    pub(in crate::storm) care_of: Option<String>,
    pub(in crate::storm) line1: Option<String>,
    pub(in crate::storm) line2: Option<String>,
    pub(in crate::storm) zip: Option<String>,
    pub(in crate::storm) city: Option<String>,
    pub(in crate::storm) country_id: i32,
    pub(in crate::storm) country: Option<String>,
    pub(in crate::storm) region: Option<String>,
    pub(in crate::storm) is_validated: bool,
    pub(in crate::storm) global_location_no: Option<String>,
    pub(in crate::storm) shipping_phone_number: Option<String>,
}

/// A flag of a customer or a company; its id is that of the kind of flag.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormFlag)]
pub(in crate::storm) struct Flag {
    pub(in crate::storm) id: i32,
    pub(in crate::storm) name: Option<String>,
    pub(in crate::storm) group: i32,
    pub(in crate::storm) is_selected: bool,
}

/// A value whose id is that of the kind of value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormIdValue)]
pub(in crate::storm) struct IdValue {
    pub(in crate::storm) id: i32,
    pub(in crate::storm) value: Option<String>,
    pub(in crate::storm) code: Option<String>,
}
