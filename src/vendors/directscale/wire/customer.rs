//! The customer object of responses.

use serde::Serialize;
use utoipa::ToSchema;

use super::texts::Texts;
use crate::model::{Address, CustomFields, Customer, CustomerFields, CustomerId};
use crate::plan::Plan;
use crate::wire::write_json::{DateJson, write_members};

/// A customer as DirectScale shows it. Every member is always present, in alphabetical order as far as the vendor's
/// sample goes; an unset member is null (or empty, as the plan sets it), a number 0, a date 1900-01-01.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Customer)]
pub(in crate::vendors::directscale) struct CustomerJson<'a> {
    associate_custom: CustomFieldsJson<'a>,
    back_office_id: &'a str,
    #[schema(value_type = String)]
    birth_date: DateJson,
    company_name: Option<&'a str>,
    customer_id: i32,
    customer_status: i32,
    customer_type: i32,
    /// Always an object: the primary one where it is not set.
    default_shipping_address: AddressJson<'a>,
    email_address: Option<&'a str>,
    /// 0 where there is none.
    enroller_id: i32,
    external_reference_id: Option<&'a str>,
    first_name: Option<&'a str>,
    /// 1900-01-01T00:00:00Z where there is none.
    #[schema(value_type = String)]
    inactive_date: DateJson,
    language_code: &'a str,
    last_name: Option<&'a str>,
    primary_address: AddressJson<'a>,
    primary_phone: Option<&'a str>,
    secondary_phone: Option<&'a str>,
    send_emails: bool,
    #[schema(value_type = String)]
    signup_date: DateJson,
    sponsor_id: i32,
    #[schema(extensions(("x-evidence" = json!({ "class": "inferred", "source": "the request has it" }))))]
    tax_exempt: bool,
    tax_exempt_id: Option<&'a str>,
    /// As it was sent.
    #[schema(extensions(("x-evidence" = json!({ "class": "inferred", "source": "whether the vendor masks it is not public" }))))]
    tax_id: Option<&'a str>,
    terms_accepted: bool,
    text_phone: Option<&'a str>,
    username: Option<&'a str>,
    web_alias: Option<&'a str>,
}

/// An address as DirectScale shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Address)]
struct AddressJson<'a> {
    /// Derived from the customer's id.
    #[schema(extensions(("x-evidence" = json!({ "class": "chosen", "source": "the number" }))))]
    address_id: i64,
    street1: Option<&'a str>,
    /// Empty where it is not set, as in the vendor's sample.
    street2: &'a str,
    /// Empty where it is not set, as in the vendor's sample.
    street3: &'a str,
    city: Option<&'a str>,
    region: Option<&'a str>,
    postal_code: Option<&'a str>,
    country_code: Option<&'a str>,
}

/// The free fields of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = CustomFields)]
pub(in crate::vendors::directscale) struct CustomFieldsJson<'a> {
    field1: Option<&'a str>,
    field2: Option<&'a str>,
    field3: Option<&'a str>,
    field4: Option<&'a str>,
    field5: Option<&'a str>,
    field6: Option<&'a str>,
    field7: Option<&'a str>,
    field8: Option<&'a str>,
    field9: Option<&'a str>,
    field10: Option<&'a str>,
}

write_members!(CustomerJson {
    associate_custom: "AssociateCustom",
    back_office_id: "BackOfficeId",
    birth_date: "BirthDate",
    company_name: "CompanyName",
    customer_id: "CustomerId",
    customer_status: "CustomerStatus",
    customer_type: "CustomerType",
    default_shipping_address: "DefaultShippingAddress",
    email_address: "EmailAddress",
    enroller_id: "EnrollerId",
    external_reference_id: "ExternalReferenceId",
    first_name: "FirstName",
    inactive_date: "InactiveDate",
    language_code: "LanguageCode",
    last_name: "LastName",
    primary_address: "PrimaryAddress",
    primary_phone: "PrimaryPhone",
    secondary_phone: "SecondaryPhone",
    send_emails: "SendEmails",
    signup_date: "SignupDate",
    sponsor_id: "SponsorId",
    tax_exempt: "TaxExempt",
    tax_exempt_id: "TaxExemptId",
    tax_id: "TaxId",
    terms_accepted: "TermsAccepted",
    text_phone: "TextPhone",
    username: "Username",
    web_alias: "WebAlias",
});

write_members!(AddressJson {
    address_id: "AddressId",
    street1: "Street1",
    street2: "Street2",
    street3: "Street3",
    city: "City",
    region: "Region",
    postal_code: "PostalCode",
    country_code: "CountryCode",
});

write_members!(CustomFieldsJson {
    field1: "Field1",
    field2: "Field2",
    field3: "Field3",
    field4: "Field4",
    field5: "Field5",
    field6: "Field6",
    field7: "Field7",
    field8: "Field8",
    field9: "Field9",
    field10: "Field10",
});

impl<'a> CustomerJson<'a> {
    /// The customer in the form that a plan sets.
    pub(in crate::vendors::directscale) fn new(customer: &'a Customer, plan: &Plan) -> Self {
        let texts = Texts::of(plan);
        let Customer { id, enroller_id, inactive_date, fields } = customer;
        // Without `..`, so that a new field is not forgotten.
        let CustomerFields {
            back_office_id,
            birth_date,
            company_name,
            customer_status,
            customer_type,
            shipping_address,
            email_address,
            external_reference_id,
            first_name,
            language_code,
            last_name,
            password: _,
            primary_address,
            primary_phone,
            secondary_phone,
            send_emails,
            sign_up_date,
            sponsor_id,
            tax_exempt,
            tax_exempt_id,
            tax_id,
            terms_accepted,
            text_phone,
            username,
            web_alias,
            custom_fields,
        } = fields;
        let primary = address(primary_address_id(*id), primary_address, texts);
        Self {
            associate_custom: custom(custom_fields, texts),
            back_office_id: back_office_id.as_deref().unwrap_or_default(),
            birth_date: DateJson(*birth_date),
            company_name: texts.or_empty(company_name.as_deref()),
            customer_id: id.0,
            customer_status: customer_status.unwrap_or_default(),
            customer_type: customer_type.unwrap_or_default(),
            // In the vendor's sample both addresses have one AddressId: an unset shipping address is the primary one.
            default_shipping_address: if shipping_address.is_empty() {
                address(primary_address_id(*id), primary_address, texts)
            } else {
                address(primary_address_id(*id) + 1, shipping_address, texts)
            },
            email_address: texts.or_empty(email_address.as_deref()),
            enroller_id: enroller_id.unwrap_or_default(),
            external_reference_id: texts.or_empty(external_reference_id.as_deref()),
            first_name: texts.or_empty(first_name.as_deref()),
            inactive_date: DateJson(*inactive_date),
            language_code: language_code.as_deref().unwrap_or_default(),
            last_name: texts.or_empty(last_name.as_deref()),
            primary_address: primary,
            primary_phone: texts.or_empty(primary_phone.as_deref()),
            secondary_phone: texts.or_empty(secondary_phone.as_deref()),
            send_emails: send_emails.unwrap_or_default(),
            signup_date: DateJson(*sign_up_date),
            sponsor_id: sponsor_id.unwrap_or_default(),
            tax_exempt: tax_exempt.unwrap_or_default(),
            tax_exempt_id: texts.or_empty(tax_exempt_id.as_deref()),
            tax_id: texts.or_empty(tax_id.as_deref()),
            terms_accepted: terms_accepted.unwrap_or_default(),
            text_phone: texts.or_empty(text_phone.as_deref()),
            username: texts.or_empty(username.as_deref()),
            web_alias: texts.or_empty(web_alias.as_deref()),
        }
    }
}

/// Addresses have no table of their own; their ids are derived from the customer's: an odd one for the primary
/// address, the next one for the other.
fn primary_address_id(id: CustomerId) -> i64 {
    i64::from(id.0) * 2 - 1
}

fn address(address_id: i64, address: &Address, texts: Texts) -> AddressJson<'_> {
    let Address { street1, street2, street3, city, region, postal_code, country_code } = address;
    AddressJson {
        address_id,
        street1: texts.or_empty(street1.as_deref()),
        street2: street2.as_deref().unwrap_or_default(),
        street3: street3.as_deref().unwrap_or_default(),
        city: texts.or_empty(city.as_deref()),
        region: texts.or_empty(region.as_deref()),
        postal_code: texts.or_empty(postal_code.as_deref()),
        country_code: texts.or_empty(country_code.as_deref()),
    }
}

impl<'a> CustomFieldsJson<'a> {
    /// The free fields in the form that a plan sets.
    pub(in crate::vendors::directscale) fn new(customer: &'a Customer, plan: &Plan) -> Self {
        custom(&customer.custom_fields, Texts::of(plan))
    }
}

fn custom(fields: &CustomFields, texts: Texts) -> CustomFieldsJson<'_> {
    let field = |index: usize| texts.or_empty(fields[index].as_deref());
    CustomFieldsJson {
        field1: field(0),
        field2: field(1),
        field3: field(2),
        field4: field(3),
        field5: field(4),
        field6: field(5),
        field7: field(6),
        field8: field(7),
        field9: field(8),
        field10: field(9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::write_json::WriteJson as _;

    #[test]
    fn a_customer_is_written_as_serde_writes_it() {
        let text = |text: &str| Some(text.to_owned());
        let date = "2020-02-20T15:47:52.123456Z".parse().ok();
        let address = Address { street1: text("1 \"A\" St"), country_code: text("US"), ..Address::default() };
        let fields = CustomerFields {
            back_office_id: text("15F92"),
            birth_date: date,
            company_name: text("Žofie\n"),
            customer_status: Some(1),
            language_code: text("en"),
            shipping_address: address.clone(),
            primary_address: Address { street2: text("2"), ..address },
            send_emails: Some(true),
            custom_fields: std::array::from_fn(|number| text(&number.to_string())),
            ..CustomerFields::default()
        };
        let full = Customer { id: CustomerId(7), enroller_id: Some(2), inactive_date: date, fields };
        let empty = Customer {
            id: CustomerId(i32::MAX),
            enroller_id: None,
            inactive_date: None,
            fields: CustomerFields::default(),
        };
        for plan in [Plan::default(), Plan { empty_unset_texts: true, ..Plan::default() }] {
            for customer in [&full, &empty] {
                let customer = CustomerJson::new(customer, &plan);
                let mut written = Vec::new();
                customer.write(&mut written);
                let expected = serde_json::to_string(&customer).expect("JSON");
                assert_eq!(String::from_utf8(written).expect("UTF-8"), expected);
            }
        }
    }
}
