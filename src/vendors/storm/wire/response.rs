//! The objects of responses, with every member of the vendor's schemas in its order. An unset member is null, 0, false, a Guid of
//! zeros, or an empty list. The profile stores the members that the domain has no field for in the same shape.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::json;

/// A customer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = StormCustomer)]
pub(crate) struct Customer {
    pub(crate) id: Option<i32>,
    pub(crate) key: Uuid,
    pub(crate) code: Option<String>,
    pub(crate) email: Option<String>,
    #[serde(rename = "SSN")]
    pub(crate) ssn: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) cell_phone: Option<String>,
    pub(crate) refer_id: Option<i32>,
    pub(crate) refer_url: Option<String>,
    pub(crate) account: Option<Account>,
    pub(crate) companies: Vec<Company>,
    pub(crate) delivery_addresses: Vec<Address>,
    pub(crate) invoice_address: Option<Address>,
    pub(crate) flags: Vec<Flag>,
    pub(crate) use_invoice_address_as_delivery_address: bool,
    pub(crate) info: Vec<IdValue>,
    pub(crate) pricelist_ids: Vec<i32>,
    pub(crate) crm_id: Option<String>,
    pub(crate) is_active: Option<bool>,
    pub(crate) created: Option<String>,
    pub(crate) updated: Option<String>,
}

impl Customer {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(self)
    }
}

/// The account with which a customer logs in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormAccount)]
pub(crate) struct Account {
    pub(crate) id: Option<i32>,
    pub(crate) key: Uuid,
    pub(crate) login_name: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) roles: Vec<i32>,
    pub(crate) authorizations: Vec<IdValue>,
    pub(crate) is_active: bool,
}

/// A company of a customer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormCompany)]
pub(crate) struct Company {
    pub(crate) id: Option<i32>,
    pub(crate) key: Uuid,
    pub(crate) code: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) org_no: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) refer_id: Option<i32>,
    pub(crate) refer_url: Option<String>,
    pub(crate) delivery_addresses: Vec<Address>,
    pub(crate) invoice_address: Option<Address>,
    pub(crate) use_invoice_address_as_delivery_address: bool,
    pub(crate) info: Vec<IdValue>,
    pub(crate) pricelist_ids: Vec<i32>,
    pub(crate) parent_id: Option<i32>,
    pub(crate) delivery_method_ids: Vec<i32>,
    pub(crate) payment_method_ids: Vec<i32>,
    pub(crate) email: Option<String>,
    pub(crate) flags: Vec<Flag>,
    pub(crate) vat_no: Option<String>,
}

/// A postal address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormAddress)]
pub(crate) struct Address {
    pub(crate) id: Option<i32>,
    pub(crate) care_of: Option<String>,
    pub(crate) line1: Option<String>,
    pub(crate) line2: Option<String>,
    pub(crate) zip: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) country_id: i32,
    pub(crate) country: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) is_validated: bool,
    pub(crate) global_location_no: Option<String>,
    pub(crate) shipping_phone_number: Option<String>,
}

/// A flag of a customer or a company; its id is that of the kind of flag.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormFlag)]
pub(crate) struct Flag {
    pub(crate) id: i32,
    pub(crate) name: Option<String>,
    pub(crate) group: i32,
    pub(crate) is_selected: bool,
}

/// A value whose id is that of the kind of value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "PascalCase")]
#[schema(as = StormIdValue)]
pub(crate) struct IdValue {
    pub(crate) id: i32,
    pub(crate) value: Option<String>,
    pub(crate) code: Option<String>,
}
