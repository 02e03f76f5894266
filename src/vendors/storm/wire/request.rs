//! The objects of requests: every member of the vendor's schemas in its order. A line here is all that a member needs to be read,
//! limited, described in the OpenAPI document, and named in violations.

use std::borrow::Cow;

use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::kinds::{Boolean, Date, Guid, Id, Integer, Integers, Kind, NullableBoolean, NullableInteger, Text};
use super::members::{Member, object};
use super::read::{Entity, Reader};
use crate::model::{AddressPart, Field};

/// A member is a line: its name, its name in Rust, its kind, the customer field that it sets, its description.
macro_rules! entities {
    ($($(#[$attribute:meta])* $entity:ident {
        $($name:literal $member:ident: $kind:ty $(=> $field:expr)? $(, $description:expr)?;)*
    })*) => {
        $(
            $(#[$attribute])*
            #[derive(Debug, Clone, Default, PartialEq)]
            pub(crate) struct $entity {
                $(pub(crate) $member: <$kind as Kind>::Value,)*
            }

            impl Entity for $entity {
                const MEMBERS: &'static [Member] = &[$(Member {
                    name: $name,
                    shape: <$kind as Kind>::SHAPE,
                    field: entities!(option $($field)?),
                    description: entities!(option $($description)?),
                },)*];

                fn read(reader: &mut Reader<'_, '_>) -> Self {
                    Self { $($member: <$kind as Kind>::read(reader, $name),)* }
                }
            }
        )*
    };
    (option) => { None };
    (option $value:expr) => { Some($value) };
}

const DATE: &str = "As the framework writes it; or ISO 8601, unless the plan is strict.";

entities! {
    Customer {
        "Id" id: NullableInteger;
        "Key" key: Guid;
        "Code" code: Text<50> => Field::ExternalReferenceId;
        "Email" email: Text<255> => Field::EmailAddress;
        "SSN" ssn: Text<50> => Field::TaxId;
        "FirstName" first_name: Text<50> => Field::FirstName;
        "LastName" last_name: Text<50> => Field::LastName;
        "Phone" phone: Text<50> => Field::PrimaryPhone;
        "CellPhone" cell_phone: Text<50> => Field::TextPhone;
        "ReferId" refer_id: NullableInteger;
        "ReferUrl" refer_url: Text<255>;
        "Account" account: Option<Account>;
        "Companies" companies: Vec<Company>;
        "DeliveryAddresses" delivery_addresses: Vec<Address>;
        "InvoiceAddress" invoice_address: Option<Address>;
        "Flags" flags: Vec<Flag>;
        "UseInvoiceAddressAsDeliveryAddress" use_invoice_address_as_delivery_address: Boolean;
        "Info" info: Vec<IdValue>;
        "PricelistIds" pricelist_ids: Integers;
        "CrmId" crm_id: Text<50>;
        "IsActive" is_active: NullableBoolean => Field::CustomerStatus;
        "Created" created: Date => Field::SignUpDate, DATE;
        "Updated" updated: Date, DATE;
    }

    /// The account with which a customer logs in.
    Account {
        "Id" id: NullableInteger;
        "Key" key: Guid;
        "LoginName" login_name: Text<255> => Field::Username;
        "Name" name: Text<100>;
        "Roles" roles: Integers;
        "Authorizations" authorizations: Vec<IdValue>;
        "IsActive" is_active: Boolean;
    }

    Company {
        "Id" id: NullableInteger;
        "Key" key: Guid;
        "Code" code: Text<50>;
        "Name" name: Text<100> => Field::CompanyName;
        "OrgNo" org_no: Text<50>;
        "Phone" phone: Text<50>;
        "ReferId" refer_id: NullableInteger;
        "ReferUrl" refer_url: Text<255>;
        "DeliveryAddresses" delivery_addresses: Vec<Address>;
        "InvoiceAddress" invoice_address: Option<Address>;
        "UseInvoiceAddressAsDeliveryAddress" use_invoice_address_as_delivery_address: Boolean;
        "Info" info: Vec<IdValue>;
        "PricelistIds" pricelist_ids: Integers;
        "ParentId" parent_id: NullableInteger;
        "DeliveryMethodIds" delivery_method_ids: Integers;
        "PaymentMethodIds" payment_method_ids: Integers;
        // No limit of Email and VatNo is published: these are those of similar members.
        "Email" email: Text<255>;
        "Flags" flags: Vec<Flag>;
        "VatNo" vat_no: Text<50>;
    }

    /// The fields are those of the invoice address; a delivery address has the same parts.
    Address {
        "Id" id: NullableInteger;
        "CareOf" care_of: Text<100>;
        "Line1" line1: Text<255> => part(AddressPart::Street1);
        "Line2" line2: Text<255> => part(AddressPart::Street2);
        "Zip" zip: Text<50> => part(AddressPart::PostalCode);
        "City" city: Text<50> => part(AddressPart::City);
        "CountryId" country_id: Id, "An ISO 3166-1 number: 752 is Sweden.";
        "Country" country: Text<50> => part(AddressPart::CountryCode);
        "Region" region: Text<50> => part(AddressPart::Region);
        "IsValidated" is_validated: Boolean;
        "GlobalLocationNo" global_location_no: Text<50>;
        "ShippingPhoneNumber" shipping_phone_number: Text<50>;
    }

    /// A flag of a customer or a company; its id is that of the kind of flag.
    Flag {
        "Id" id: Integer;
        "Name" name: Text<50>;
        "Group" group: Integer;
        "IsSelected" is_selected: Boolean;
    }

    /// A value whose id is that of the kind of value.
    IdValue {
        "Id" id: Integer;
        // No limit is published: this one is decided.
        "Value" value: Text<4000>;
        "Code" code: Text<255>;
    }
}

const fn part(part: AddressPart) -> Field {
    Field::PrimaryAddress(Some(part))
}

impl PartialSchema for Customer {
    fn schema() -> RefOr<Schema> {
        let example = json!({
            "Email": "sigrid@storm.example", "FirstName": "Sigrid", "LastName": "Storm",
            "InvoiceAddress": { "Line1": "Storgatan 1", "Zip": "111 22", "City": "Stockholm", "Country": "SE" },
            "UseInvoiceAddressAsDeliveryAddress": true,
        });
        object(Self::MEMBERS).examples([example]).into()
    }
}

impl ToSchema for Customer {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("StormCustomerRequest")
    }
}
