//! The schemas of requests and responses in the OpenAPI document.

use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::xml::XmlBuilder;
use utoipa::{PartialSchema, ToSchema};

use super::creation::{self, CreationMember, Kind, MODEL};
use super::customer::{self, PUBLIC_INFO};
use super::locales;
use crate::plan::Plan;

/// No control character but tab and line breaks.
const TEXT: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

/// A character that is not white space.
const NONBLANK: &str = r"[^\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";

/// The forms in which clients send dates, or blank.
const DATE: &str = concat!(
    r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?(Z|[+-][0-9]{2}:[0-9]{2})?)?",
    r"|[0-9]{2}/[0-9]{2}/[0-9]{4}( [0-9]{2}:[0-9]{2}(:[0-9]{2})?)?)?\s*$",
);

/// A number in quotes, or blank.
const QUOTED_INTEGER: &str = r"^\s*([+-]?[0-9]{1,9})?\s*$";

/// A Boolean in quotes, or blank.
const QUOTED_BOOLEAN: &str = r"^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[01])?\s*$";

macro_rules! models {
    ($($model:ident = $name:literal, $schema:expr;)*) => {
        $(
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
    CustomerCreationViewModel = "ByDesignCustomerCreation", creation();
    CustomerLookupModel = "ByDesignCustomerLookup", ObjectBuilder::new()
        .property("Email", types(&[Type::String, Type::Number, Type::Boolean]).pattern(Some(NONBLANK)))
        .required("Email")
        .examples([json!({ "Email": "riley@demo.example" })])
        .xml(Some(XmlBuilder::new().name(Some("CustomerLookupModel")).build()));
    CustomerModel = "ByDesignCustomer", customer();
    CustomerLists = "ByDesignCustomers", ArrayBuilder::new().items(customer());
    PublicInfoModel = "ByDesignPublicInfo", texts(PUBLIC_INFO.iter().map(|(name, _)| *name));
    CustomerTypeModel = "ByDesignCustomerType", customer_type();
    CustomerTypes = "ByDesignCustomerTypes", ArrayBuilder::new().items(customer_type());
    Countries = "ByDesignCountries", ArrayBuilder::new().items(
        listed()
            .property("Abbreviation", of(Type::String))
            .property("IsDefault", of(Type::Boolean))
            .property("IsActive", of(Type::Boolean)),
    );
    Locales = "ByDesignLocales", ArrayBuilder::new().items(
        listed()
            .property("LocaleASP", of(Type::Integer))
            .property("IsDefault", of(Type::Boolean))
            .property("IsDecimalUsed", of(Type::Boolean))
            .property("DecimalValue", of(Type::Integer)),
    );
    HttpErrorModel = "ByDesignHttpError", ObjectBuilder::new()
        .property("Message", of(Type::String))
        .required("Message");
    ApiResultModel = "ByDesignApiResult", ObjectBuilder::new()
        .property("IsSuccessful", of(Type::Boolean))
        .property("MessageTranslationKey", of(Type::String))
        .property("Message", of(Type::String))
        .property("Messages", ArrayBuilder::new().items(texts(["MessageTranslationKey", "Message"])))
        .required("Message");
}

fn types(types: &[Type]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Array(types.to_vec()))
}

fn of(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(kind)
}

fn texts(names: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    names.into_iter().fold(ObjectBuilder::new(), |object, name| object.property(name, of(Type::String)))
}

fn creation() -> ObjectBuilder {
    let object = ObjectBuilder::new().description(Some("No member is required; null and blank count as absent."));
    let object = creation::MEMBERS.iter().fold(object, |object, member| object.property(member.name, sent(member)));
    object.xml(Some(XmlBuilder::new().name(Some(MODEL)).build())).examples([json!({
        "FirstName": "Casey", "LastName": "Customer", "Email": "casey@bydesign.example", "RepDID": "1",
        "BillingStreet1": "250 South 400 West", "BillingCity": "Lindon", "BillingState": "UT",
        "BillingPostalCode": "84042", "BillingCountry": "USA", "AgreedToTerms": true,
    })])
}

/// A member of a creation. Numbers and Booleans may be in quotes, and texts may be numbers or Booleans.
fn sent(member: &CreationMember) -> ObjectBuilder {
    match member.kind {
        Kind::Boolean => types(&[Type::Boolean, Type::Integer, Type::String, Type::Null])
            .minimum(Some(0.0))
            .maximum(Some(1.0))
            .pattern(Some(QUOTED_BOOLEAN)),
        Kind::Integer => {
            let (minimum, maximum) = if member.name == "PreferredCulture" {
                (0, i32::try_from(locales::ALL.len()).unwrap_or(i32::MAX))
            } else {
                (i32::MIN, i32::MAX)
            };
            types(&[Type::Integer, Type::String, Type::Null])
                .minimum(Some(f64::from(minimum)))
                .maximum(Some(f64::from(maximum)))
                .pattern(Some(QUOTED_INTEGER))
        }
        Kind::Date => types(&[Type::String, Type::Null]).pattern(Some(DATE)),
        Kind::Text => text().max_length(max_length(member)),
        Kind::Password => text(),
    }
}

fn text() -> ObjectBuilder {
    types(&[Type::String, Type::Number, Type::Boolean, Type::Null]).pattern(Some(TEXT))
}

/// The vendor's maximum length, else that of the field that the text is copied to.
fn max_length(member: &CreationMember) -> Option<usize> {
    let copied = member.field.filter(|_| member.is_copied);
    member.max_length.or_else(|| copied.map(|field| Plan::default().lenient().max_length(field)))
}

fn customer() -> ObjectBuilder {
    customer::MEMBERS.iter().fold(ObjectBuilder::new(), |object, member| {
        let evidence = member.is_chosen.then(|| json!({ "class": "chosen", "source": "the value" }));
        let evidence = evidence.map(|evidence| ExtensionsBuilder::new().add("x-evidence", evidence).build());
        let object = object.property(member.name, of(json_type(member.kind)).extensions(evidence));
        if member.is_required { object.required(member.name) } else { object }
    })
}

fn json_type(kind: Kind) -> Type {
    match kind {
        Kind::Text | Kind::Password | Kind::Date => Type::String,
        Kind::Boolean => Type::Boolean,
        Kind::Integer => Type::Integer,
    }
}

fn customer_type() -> ObjectBuilder {
    let flags = ["IsExtranet", "IsAllowUpdateFrom", "IsAllowUpdateTo", "IsAllowNewProfileFromExt"];
    let texts = texts(["Description", "Abbreviation", "OrderType", "AutoShipOrderType", "DateCreated"]);
    flags
        .iter()
        .fold(texts, |object, name| object.property(*name, of(Type::Boolean)))
        .property("ID", of(Type::Integer))
        .required("ID")
}

fn listed() -> ObjectBuilder {
    texts(["Description", "ISODescription"])
        .property("ID", of(Type::Integer))
        .property("Active", of(Type::Boolean))
        .required("ID")
}
