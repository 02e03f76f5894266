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
pub(in crate::vendors::storm) struct Customer {
    pub(in crate::vendors::storm) id: Option<i32>,
    pub(in crate::vendors::storm) key: Uuid,
    pub(in crate::vendors::storm) code: Option<String>,
    pub(in crate::vendors::storm) email: Option<String>,
    #[serde(rename = "SSN")]
    pub(in crate::vendors::storm) ssn: Option<String>,
    pub(in crate::vendors::storm) first_name: Option<String>,
    pub(in crate::vendors::storm) last_name: Option<String>,
    pub(in crate::vendors::storm) phone: Option<String>,
    pub(in crate::vendors::storm) cell_phone: Option<String>,
    pub(in crate::vendors::storm) refer_id: Option<i32>,
    pub(in crate::vendors::storm) refer_url: Option<String>,
    pub(in crate::vendors::storm) account: Option<Account>,
    pub(in crate::vendors::storm) companies: Vec<Company>,
    pub(in crate::vendors::storm) delivery_addresses: Vec<Address>,
    pub(in crate::vendors::storm) invoice_address: Option<Address>,
    pub(in crate::vendors::storm) flags: Vec<Flag>,
    pub(in crate::vendors::storm) use_invoice_address_as_delivery_address: bool,
    pub(in crate::vendors::storm) info: Vec<IdValue>,
    pub(in crate::vendors::storm) pricelist_ids: Vec<i32>,
    pub(in crate::vendors::storm) crm_id: Option<String>,
    pub(in crate::vendors::storm) is_active: Option<bool>,
    pub(in crate::vendors::storm) created: Option<String>,
    pub(in crate::vendors::storm) updated: Option<String>,
}

impl Customer {
    /// Its JSON.
    pub(in crate::vendors::storm) fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(self)
    }
}

/// The account with which a customer signs in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormAccount)]
pub(in crate::vendors::storm) struct Account {
    pub(in crate::vendors::storm) id: Option<i32>,
    pub(in crate::vendors::storm) key: Uuid,
    pub(in crate::vendors::storm) login_name: Option<String>,
    pub(in crate::vendors::storm) name: Option<String>,
    pub(in crate::vendors::storm) roles: Vec<i32>,
    pub(in crate::vendors::storm) authorizations: Vec<IdValue>,
    pub(in crate::vendors::storm) is_active: bool,
}

/// A company of a customer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormCompany)]
pub(in crate::vendors::storm) struct Company {
    pub(in crate::vendors::storm) id: Option<i32>,
    pub(in crate::vendors::storm) key: Uuid,
    pub(in crate::vendors::storm) code: Option<String>,
    pub(in crate::vendors::storm) name: Option<String>,
    pub(in crate::vendors::storm) org_no: Option<String>,
    pub(in crate::vendors::storm) phone: Option<String>,
    pub(in crate::vendors::storm) refer_id: Option<i32>,
    pub(in crate::vendors::storm) refer_url: Option<String>,
    pub(in crate::vendors::storm) delivery_addresses: Vec<Address>,
    pub(in crate::vendors::storm) invoice_address: Option<Address>,
    pub(in crate::vendors::storm) use_invoice_address_as_delivery_address: bool,
    pub(in crate::vendors::storm) info: Vec<IdValue>,
    pub(in crate::vendors::storm) pricelist_ids: Vec<i32>,
    pub(in crate::vendors::storm) parent_id: Option<i32>,
    pub(in crate::vendors::storm) delivery_method_ids: Vec<i32>,
    pub(in crate::vendors::storm) payment_method_ids: Vec<i32>,
    pub(in crate::vendors::storm) email: Option<String>,
    pub(in crate::vendors::storm) flags: Vec<Flag>,
    pub(in crate::vendors::storm) vat_no: Option<String>,
}

/// A postal address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormAddress)]
pub(in crate::vendors::storm) struct Address {
    pub(in crate::vendors::storm) id: Option<i32>,
    pub(in crate::vendors::storm) care_of: Option<String>,
    pub(in crate::vendors::storm) line1: Option<String>,
    pub(in crate::vendors::storm) line2: Option<String>,
    pub(in crate::vendors::storm) zip: Option<String>,
    pub(in crate::vendors::storm) city: Option<String>,
    pub(in crate::vendors::storm) country_id: i32,
    pub(in crate::vendors::storm) country: Option<String>,
    pub(in crate::vendors::storm) region: Option<String>,
    pub(in crate::vendors::storm) is_validated: bool,
    pub(in crate::vendors::storm) global_location_no: Option<String>,
    pub(in crate::vendors::storm) shipping_phone_number: Option<String>,
}

/// A flag of a customer or a company; its id is that of the kind of flag.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormFlag)]
pub(in crate::vendors::storm) struct Flag {
    pub(in crate::vendors::storm) id: i32,
    pub(in crate::vendors::storm) name: Option<String>,
    pub(in crate::vendors::storm) group: i32,
    pub(in crate::vendors::storm) is_selected: bool,
}

/// A value whose id is that of the kind of value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormIdValue)]
pub(in crate::vendors::storm) struct IdValue {
    pub(in crate::vendors::storm) id: i32,
    pub(in crate::vendors::storm) value: Option<String>,
    pub(in crate::vendors::storm) code: Option<String>,
}
