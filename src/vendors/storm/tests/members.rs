//! Members that are not lists.

use serde_json::{Value, json};

use super::*;
use crate::model::Field;

#[test]
fn a_response_is_written_byte_for_byte() {
    let customer = create(&json!({
        "Key": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "Email": "eva@example.com", "ReferUrl": "http://x/",
        "InvoiceAddress": { "Line1": "Storg. 1", "Zip": "111 22", "City": "Umeå", "Country": "SE" },
        "Flags": [{ "Id": 5, "IsSelected": true }], "Info": [{ "Id": 3, "Value": "v" }]
    }));
    let expected = concat!(
        r#"{"Id":7,"Key":"6f9619ff-8b86-d011-b42d-00c04fc964ff","Code":null,"Email":"eva@example.com","SSN":null,"#,
        r#""FirstName":null,"LastName":null,"Phone":null,"CellPhone":null,"ReferId":null,"ReferUrl":"http:\/\/x\/","#,
        r#""Account":null,"Companies":[],"DeliveryAddresses":[],"InvoiceAddress":{"Id":1,"CareOf":null,"#,
        r#""Line1":"Storg. 1","Line2":null,"Zip":"111 22","City":"Umeå","CountryId":752,"Country":"SE","Region":null,"#,
        r#""IsValidated":false,"GlobalLocationNo":null,"ShippingPhoneNumber":null},"#,
        r#""Flags":[{"Id":5,"Name":null,"Group":0,"IsSelected":true}],"UseInvoiceAddressAsDeliveryAddress":false,"#,
        r#""Info":[{"Id":3,"Value":"v","Code":null}],"PricelistIds":[],"CrmId":null,"IsActive":true,"#,
        r#""Created":"\/Date(1704161045678+0100)\/","Updated":"\/Date(1719885845000+0200)\/"}"#,
    );
    assert_eq!(String::from_utf8(customer_response(&customer, &plan()).to_bytes()).expect("UTF-8"), expected);
}

#[test]
fn a_client_that_sends_every_member_empty_changes_nothing() {
    let customer = create(&full());
    assert_eq!(update(customer.clone(), &zeros()), customer);
    let mut body = zeros();
    let account = json!({ "Id": 7, "Key": "00000000-0000-0000-0000-000000000000", "LoginName": "", "Name": "",
        "Roles": [], "Authorizations": null, "IsActive": false });
    let address = json!({ "Id": 1, "CareOf": "", "Line1": "", "Line2": null, "Zip": "", "City": "", "CountryId": 0,
        "Country": "", "Region": "", "IsValidated": false, "GlobalLocationNo": "", "ShippingPhoneNumber": "" });
    body["Account"] = account;
    body["InvoiceAddress"] = address;
    assert_eq!(update_by(&partial_addresses(), customer.clone(), &body), customer);
    // An address without values lacks Zip, City and Country.
    let missing = [
        ErrorCode::InvoiceAddressZipMissing,
        ErrorCode::InvoiceAddressCityMissing,
        ErrorCode::InvoiceAddressCountryMissing,
    ];
    assert_eq!(codes(&customer, &body)[..3], missing);
}

#[test]
fn sent_values_replace_stored_ones_and_the_rest_stays() {
    let customer = update(create(&full()), &json!({ "FirstName": "Ebba", "IsActive": false, "ReferId": "8" }));
    let mut expected = response(&create(&full()));
    expected["FirstName"] = json!("Ebba");
    expected["IsActive"] = json!(false);
    expected["ReferId"] = json!(8);
    assert_eq!(response(&customer), expected);
}

#[test]
fn empty_texts_and_nulls_clear_where_the_plan_says_so() {
    let plan = StormPlan { empty_clears: true, ..plan() };
    let body = json!({ "FirstName": "", "Phone": null, "ReferId": null, "Code": " ", "Account": { "Id": 7, "LoginName": "", "Name": "" } });
    let after = response(&update_by(&plan, create(&full()), &body));
    for name in ["FirstName", "Phone", "ReferId", "Code"] {
        assert_eq!(after[name], Value::Null, "{name}");
    }
    assert_eq!((&after["LastName"], &after["Account"]["LoginName"]), (&json!("Ek"), &json!("eva")));
    assert_eq!(after["Account"]["Name"], Value::Null);
}

#[test]
fn the_first_company_names_the_customer() {
    let customer = create(&full());
    assert_eq!(customer.customer.company_name.as_deref(), Some("Ek AB"));
    let customer = update(customer, &json!({ "Companies": [{ "Id": 102 }] }));
    assert_eq!(customer.customer.company_name.as_deref(), Some("Alm AB"));
}

#[test]
fn unknown_ids_are_rejected_by_their_paths() {
    let body = json!({
        "Account": { "Id": 8 }, "Companies": [{ "Id": 0, "Name": "x" }, { "Id": 55 }], "InvoiceAddress": { "Id": 44 },
        "DeliveryAddresses": [{ "Id": 1 }]
    });
    let expected = [
        "Account.Id 8 is not the Id of the customer's account.",
        "InvoiceAddress.Id 44 is not the Id of an address of the customer.",
        "DeliveryAddresses[0].Id 1 is not the Id of an address of the customer.",
        "Companies[1].Id 55 is not the Id of a company of the customer.",
    ];
    let rejections = rejections(&create(&full()), &body);
    assert!(rejections.iter().all(|(code, _)| *code == ErrorCode::UnknownId));
    assert_eq!(rejections.into_iter().map(|(_, text)| text).collect::<Vec<_>>(), expected);
}

#[test]
fn an_account_is_created_once_and_then_updated_by_its_id() {
    let by_email = changes(&empty_customer(), &json!({ "Email": "a@example.com", "Account": { "IsActive": false } }));
    assert!(by_email.creates_account);
    assert_eq!(by_email.values.username.as_deref(), Some("a@example.com"));
    assert_eq!(by_email.ignored, ["Account.IsActive"]);
    assert_eq!(codes(&empty_customer(), &json!({ "Account": {} })), [ErrorCode::InvalidValue]);
    let customer = create(&full());
    assert_eq!(codes(&customer, &json!({ "Account": { "LoginName": "eva2" } })), [ErrorCode::AccountAlreadyExists]);
    let again = changes(&customer, &json!({ "Account": { "Id": 7, "LoginName": "eva2" } }));
    assert!(!again.creates_account);
    assert_eq!(again.values.username.as_deref(), Some("eva2"));
}

#[test]
fn false_keeps_an_inactive_status_and_true_replaces_it() {
    let mut customer = empty_customer();
    customer.customer.customer_status = Some(4);
    assert_eq!(response(&customer)["IsActive"], false);
    assert_eq!(update(customer.clone(), &json!({ "IsActive": false })).customer.customer_status(), 4);
    assert_eq!(update(customer.clone(), &json!({ "IsActive": null })).customer.customer_status(), 4);
    assert_eq!(update(customer, &json!({ "IsActive": true })).customer.customer_status(), 1);
    assert_eq!(create(&json!({ "IsActive": false })).customer.customer_status(), 2);
}

#[test]
fn ignored_members_are_listed() {
    let body = json!({
        "Id": 7, "Key": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "PricelistIds": [1], "Created": "/Date(1)/", "email": "x",
        "Companies": [{ "Name": "x", "PricelistIds": [1], "Vat": "" }]
    });
    let request = parsed(&body, &plan());
    assert_eq!(request.ignored.kept(), ["Companies[0].Vat", "email (did you mean Email?)"]);
    let changes = Changes::update(&request, &empty_customer(), &plan()).expect("no rejection");
    assert_eq!(changes.ignored, ["Companies[0].PricelistIds", "PricelistIds", "Created", "Key"]);
}

#[test]
fn an_invalid_email_is_rejected_together_with_unreadable_members() {
    let body = json!({ "Email": "x", "IsActive": 2, "Companies": [{ "Name": "x", "Email": "y" }] });
    assert_eq!(
        codes(&empty_customer(), &body),
        [ErrorCode::InvalidValue, ErrorCode::InvalidEmail, ErrorCode::InvalidEmail]
    );
}

#[test]
fn the_account_that_writes_is_stored() {
    let body = json!({ "Email": "a@example.com" });
    let changes = changes(&empty_customer(), &body).by(41);
    assert_eq!(changes.fields.get("UpdatedBy"), Some(&json!(41)));
    let customer = stored(empty_customer(), changes);
    assert_eq!(update(customer, &json!({ "ReferId": 1 })).fields.get("UpdatedBy"), Some(&json!(41)));
}

#[test]
fn only_changed_fields_are_written() {
    let customer = create(&full());
    let body = json!({ "FirstName": "Ebba", "LastName": "Ek", "Code": "E1", "Companies": [{ "Id": 101 }] });
    let changes = changes(&customer, &body);
    let sent: model::FieldMask = [Field::FirstName].into_iter().collect();
    let values = model::CustomerFields { first_name: Some("Ebba".to_owned()), ..model::CustomerFields::default() };
    assert_eq!((changes.sent, changes.values), (sent, values));
    assert_eq!((changes.companies, changes.fields), (None, customer.fields));
}

#[test]
fn a_new_customer_is_an_active_retail_customer_with_the_key_of_the_request() {
    let key = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
    let body = json!({ "Id": 9, "Key": key, "Code": "E1", "Account": { "LoginName": "eva" } });
    let changes = Changes::creation(&parsed(&body, &plan()), &plan()).expect("no rejection");
    assert_eq!((changes.values.customer_type, changes.values.customer_status), (Some(2), Some(1)));
    assert_eq!(
        (changes.uuid, changes.sent.contains(Field::ExternalReferenceId), changes.creates_account),
        (key.parse().ok(), true, true)
    );
    assert_eq!((changes.values.sign_up_date, changes.ignored), (None, vec!["Id".to_owned()]));
}
