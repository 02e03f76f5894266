//! What requests and answers look like, for the OpenAPI document.

use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::xml::XmlBuilder;
use utoipa::{PartialSchema, ToSchema};

use super::locales;
use super::wire::request::{MODEL, NAMES};
use crate::model::{AddressPart, Field};
use crate::plan::Plan;

/// No control character but tab and line breaks.
const TEXT: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

/// Something that is no white space.
pub(super) const NONBLANK: &str = r"[^\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";

/// The forms in which clients send dates, or nothing.
const DATE: &str = concat!(
    r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?(Z|[+-][0-9]{2}:[0-9]{2})?)?",
    r"|[0-9]{2}/[0-9]{2}/[0-9]{4}( [0-9]{2}:[0-9]{2}(:[0-9]{2})?)?)?\s*$",
);

/// A number in quotes, or nothing.
const QUOTED_INTEGER: &str = r"^\s*([+-]?[0-9]{1,9})?\s*$";

/// A truth value in quotes, or nothing.
const QUOTED_BOOLEAN: &str = r"^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[01])?\s*$";

macro_rules! models {
    ($($(#[$doc:meta])* $model:ident = $name:literal, $schema:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub(super) enum $model {}

            impl PartialSchema for $model {
                fn schema() -> RefOr<Schema> {
                    $schema.into()
                }
            }

            impl ToSchema for $model {
                fn name() -> std::borrow::Cow<'static, str> {
                    $name.into()
                }
            }
        )*
    };
}

models! {
    /// The body of a creation.
    CustomerCreationViewModel = "ByDesignCustomerCreation", creation();
    /// The body of a look-up.
    CustomerLookupModel = "ByDesignCustomerLookup", ObjectBuilder::new()
        .property("Email", types(&[Type::String, Type::Number, Type::Boolean]).pattern(Some(NONBLANK)))
        .required("Email")
        .examples([json!({ "Email": "riley@demo.example" })])
        .xml(Some(XmlBuilder::new().name(Some("CustomerLookupModel")).build()));
    /// A customer.
    CustomerModel = "ByDesignCustomer", customer();
    /// Customers.
    CustomerLists = "ByDesignCustomers", ArrayBuilder::new().items(customer());
    /// What anybody may know of a customer.
    PublicInfoModel = "ByDesignPublicInfo", texts(&[
        "CustomerDID", "DisplayName", "Company", "FirstName", "LastName", "City", "State", "Country", "Phone", "Email",
    ]);
    /// A customer type.
    CustomerTypeModel = "ByDesignCustomerType", customer_type();
    /// Customer types.
    CustomerTypes = "ByDesignCustomerTypes", ArrayBuilder::new().items(customer_type());
    /// Countries.
    Countries = "ByDesignCountries", ArrayBuilder::new().items(
        listed()
            .property("Abbreviation", of(Type::String))
            .property("IsDefault", of(Type::Boolean))
            .property("IsActive", of(Type::Boolean)),
    );
    /// Locales.
    Locales = "ByDesignLocales", ArrayBuilder::new().items(
        listed()
            .property("LocaleASP", of(Type::Integer))
            .property("IsDefault", of(Type::Boolean))
            .property("IsDecimalUsed", of(Type::Boolean))
            .property("DecimalValue", of(Type::Integer)),
    );
    /// What the framework says of an error.
    HttpErrorModel = "ByDesignHttpError", ObjectBuilder::new()
        .property("Message", of(Type::String))
        .required("Message");
    /// A rejection.
    ApiResultModel = "ByDesignApiResult", ObjectBuilder::new()
        .property("IsSuccessful", of(Type::Boolean))
        .property("MessageTranslationKey", of(Type::String))
        .property("Message", of(Type::String))
        .property("Messages", ArrayBuilder::new().items(texts(&["MessageTranslationKey", "Message"])))
        .required("Message");
}

fn types(types: &[Type]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Array(types.to_vec()))
}

fn of(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(kind)
}

fn texts(names: &[&str]) -> ObjectBuilder {
    names.iter().fold(ObjectBuilder::new(), |object, name| object.property(*name, of(Type::String)))
}

fn creation() -> ObjectBuilder {
    let object = ObjectBuilder::new().description(Some("Nothing is required; null and blank are as good as absent."));
    let object = NAMES.iter().fold(object, |object, name| object.property(*name, sent(name)));
    object.xml(Some(XmlBuilder::new().name(Some(MODEL)).build())).examples([json!({
        "FirstName": "Casey", "LastName": "Customer", "Email": "casey@bydesign.example", "RepDID": "1",
        "BillingStreet1": "250 South 400 West", "BillingCity": "Lindon", "BillingState": "UT",
        "BillingPostalCode": "84042", "BillingCountry": "USA", "AgreedToTerms": true,
    })])
}

/// One member of a creation, as it is read: a number and a truth value may stand in quotes, and count as texts.
fn sent(name: &str) -> ObjectBuilder {
    match name {
        "AgreedToTerms" | "SendAutoresponders" => types(&[Type::Boolean, Type::Integer, Type::String, Type::Null])
            .minimum(Some(0.0))
            .maximum(Some(1.0))
            .pattern(Some(QUOTED_BOOLEAN)),
        "ReferralMarketType" | "CustomerType" | "PreferredCulture" => {
            let (least, most) = if name == "PreferredCulture" {
                (0, i32::try_from(locales::ALL.len()).unwrap_or(i32::MAX))
            } else {
                (i32::MIN, i32::MAX)
            };
            types(&[Type::Integer, Type::String, Type::Null])
                .minimum(Some(f64::from(least)))
                .maximum(Some(f64::from(most)))
                .pattern(Some(QUOTED_INTEGER))
        }
        "DateOfBirth" => types(&[Type::String, Type::Null]).pattern(Some(DATE)),
        _ => types(&[Type::String, Type::Number, Type::Boolean, Type::Null])
            .max_length(longest(name))
            .pattern(Some(TEXT)),
    }
}

/// The most characters of a text: the vendor's limit, else that of the field that it becomes.
fn longest(name: &str) -> Option<usize> {
    match name {
        "FirstName" | "LastName" => Some(50),
        "Email" => Some(100),
        "Company" | "BillingCity" | "ShippingCity" => Some(Plan::default().max_length(Field::CompanyName)),
        "BillingStreet1" | "BillingStreet2" | "ShippingStreet1" | "ShippingStreet2" => {
            Some(Plan::default().lenient().max_length(Field::PrimaryAddress(Some(AddressPart::Street1))))
        }
        "Phone1" | "Phone2" | "Phone3" | "TaxID" | "BillingState" | "ShippingState" | "BillingPostalCode"
        | "ShippingPostalCode" => Some(Plan::default().max_length(Field::PrimaryPhone)),
        _ => None,
    }
}

/// The members of a customer that are always there.
const ALWAYS: [(&str, Type); 11] = [
    ("CustomerID", Type::Integer),
    ("BCKey", Type::Integer),
    ("CustomerTypeID", Type::Integer),
    ("PreferredCulture", Type::Integer),
    ("TaxExempt", Type::Boolean),
    ("ApplicationDate", Type::String),
    ("StatusTypeID", Type::Integer),
    ("ContactStatusID", Type::Integer),
    ("CreatedDate", Type::String),
    ("EmailOptOut_Company", Type::Boolean),
    ("EmailOptOut_Upline", Type::Boolean),
];

/// The members of a customer that are left out where they are null.
const TEXTS: [&str; 41] = [
    "CustomerDID",
    "FirstName",
    "LastName",
    "MI",
    "Company",
    "Email",
    "Password",
    "BillStreet1",
    "BillStreet2",
    "BillCity",
    "BillState",
    "BillPostalCode",
    "BillCountry",
    "BillCounty",
    "ShipStreet1",
    "ShipStreet2",
    "ShipCity",
    "ShipState",
    "ShipPostalCode",
    "ShipCountry",
    "ShipCounty",
    "Phone1",
    "Phone2",
    "Phone3",
    "Phone4",
    "Phone5",
    "Phone6",
    "TaxExemptCodeID",
    "TaxID",
    "TaxID2",
    "ReferralMarketTypeInput",
    "CreatedBy",
    "PasswordResetKey",
    "DateOfBirth",
    "LastModifiedBy",
    "DateLastModified",
    "RomanizedName",
    "PhonesComputed",
    "guid",
    "AccountNumber",
    "Gender",
];

const INTEGERS: [&str; 5] =
    ["ReferralMarketTypeID", "ReferCustomerID", "ReciprocalRepID", "TaxExemptReasonTypeID", "UpgradeRepID"];

fn customer() -> ObjectBuilder {
    let chosen = ["BCKey", "StatusTypeID", "ContactStatusID", "CustomerDID", "guid", "PreferredCulture"];
    let evidence = |name: &str, property: ObjectBuilder| {
        let class = chosen.contains(&name).then(|| json!({ "class": "chosen", "source": "the value" }));
        property.extensions(class.map(|class| ExtensionsBuilder::new().add("x-evidence", class).build()))
    };
    let always = ALWAYS.into_iter().fold(ObjectBuilder::new(), |object, (name, kind)| {
        object.property(name, evidence(name, of(kind))).required(name)
    });
    let texts = TEXTS.into_iter().fold(always, |object, name| object.property(name, evidence(name, of(Type::String))));
    INTEGERS.into_iter().fold(texts, |object, name| object.property(name, of(Type::Integer)))
}

fn customer_type() -> ObjectBuilder {
    let flags = ["IsExtranet", "IsAllowUpdateFrom", "IsAllowUpdateTo", "IsAllowNewProfileFromExt"];
    let texts = texts(&["Description", "Abbreviation", "OrderType", "AutoShipOrderType", "DateCreated"]);
    flags
        .iter()
        .fold(texts, |object, name| object.property(*name, of(Type::Boolean)))
        .property("ID", of(Type::Integer))
        .required("ID")
}

fn listed() -> ObjectBuilder {
    texts(&["Description", "ISODescription"])
        .property("ID", of(Type::Integer))
        .property("Active", of(Type::Boolean))
        .required("ID")
}
