//! What each member does that is no list.

use serde_json::{Value, json};

use super::*;
use crate::model::Field;

#[test]
fn an_answer_is_written_byte_for_byte() {
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
    assert_eq!(String::from_utf8(view(&customer, &plan()).to_bytes()).expect("UTF-8"), expected);
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
    assert_eq!(update_by(&partial(), customer.clone(), &body), customer);
    // An address that was sent, though with nothing in it, lacks what it needs.
    let missing = [Key::InvoiceAddressZipMissing, Key::InvoiceAddressCityMissing, Key::InvoiceAddressCountryMissing];
    assert_eq!(keys(&customer, &body)[..3], missing);
}

#[test]
fn what_is_sent_replaces_and_the_rest_stays() {
    let customer = update(create(&full()), &json!({ "FirstName": "Ebba", "IsActive": false, "ReferId": "8" }));
    let mut expected = shown(&create(&full()));
    expected["FirstName"] = json!("Ebba");
    expected["IsActive"] = json!(false);
    expected["ReferId"] = json!(8);
    assert_eq!(shown(&customer), expected);
}

#[test]
fn empty_texts_and_nulls_clear_where_the_plan_says_so() {
    let plan = StormPlan { empty_clears: true, ..plan() };
    let body = json!({ "FirstName": "", "Phone": null, "ReferId": null, "Code": " ", "Account": { "Id": 7, "LoginName": "", "Name": "" } });
    let after = shown(&update_by(&plan, create(&full()), &body));
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
    let rejected = rejections(&create(&full()), &body);
    assert!(rejected.iter().all(|(key, _)| *key == Key::UnknownId));
    assert_eq!(rejected.into_iter().map(|(_, text)| text).collect::<Vec<_>>(), expected);
}

#[test]
fn an_account_is_created_once_and_then_updated_by_its_id() {
    let plan = plan();
    let written = |on: &Profiled, body: &Value| updated(&wanted(body, &plan), on, &plan).expect("no rejection");
    let by_email = written(&nobody(), &json!({ "Email": "a@example.com", "Account": { "IsActive": false } }));
    assert!(by_email.wants_password);
    assert_eq!(by_email.values.username.as_deref(), Some("a@example.com"));
    assert_eq!(by_email.ignored, ["Account.IsActive"]);
    assert_eq!(keys(&nobody(), &json!({ "Account": {} })), [Key::InvalidValue]);
    let customer = create(&full());
    assert_eq!(keys(&customer, &json!({ "Account": { "LoginName": "eva2" } })), [Key::AccountAlreadyExists]);
    let again = written(&customer, &json!({ "Account": { "Id": 7, "LoginName": "eva2" } }));
    assert!(!again.wants_password);
    assert_eq!(again.values.username.as_deref(), Some("eva2"));
}

#[test]
fn a_status_that_is_not_active_is_kept_by_false_and_left_by_true() {
    let mut customer = nobody();
    customer.customer.customer_status = Some(4);
    assert_eq!(shown(&customer)["IsActive"], false);
    assert_eq!(update(customer.clone(), &json!({ "IsActive": false })).customer.customer_status(), 4);
    assert_eq!(update(customer.clone(), &json!({ "IsActive": null })).customer.customer_status(), 4);
    assert_eq!(update(customer, &json!({ "IsActive": true })).customer.customer_status(), 1);
    assert_eq!(create(&json!({ "IsActive": false })).customer.customer_status(), 2);
}

#[test]
fn what_does_not_count_is_named() {
    let body = json!({
        "Id": 7, "Key": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "PricelistIds": [1], "Created": "/Date(1)/", "email": "x",
        "Companies": [{ "Name": "x", "PricelistIds": [1], "Vat": "" }]
    });
    let request = wanted(&body, &plan());
    assert_eq!(request.ignored.kept(), ["Companies[0].Vat", "email (did you mean Email?)"]);
    let written = updated(&request, &nobody(), &plan()).expect("no rejection");
    assert_eq!(written.ignored, ["Companies[0].PricelistIds", "PricelistIds", "Created", "Key"]);
}

#[test]
fn an_email_that_is_none_is_rejected_with_what_could_not_be_read() {
    let body = json!({ "Email": "nobody", "IsActive": 2, "Companies": [{ "Name": "x", "Email": "y" }] });
    assert_eq!(keys(&nobody(), &body), [Key::InvalidValue, Key::InvalidEmail, Key::InvalidEmail]);
}

#[test]
fn who_writes_is_noted() {
    let body = json!({ "Email": "a@example.com" });
    let written = updated(&wanted(&body, &plan()), &nobody(), &plan()).expect("no rejection").by(41);
    assert_eq!(written.fields.get("UpdatedBy"), Some(&json!(41)));
    let customer = kept(nobody(), written);
    assert_eq!(update(customer, &json!({ "ReferId": 1 })).fields.get("UpdatedBy"), Some(&json!(41)));
}

#[test]
fn only_what_changes_is_written() {
    let customer = create(&full());
    let body = json!({ "FirstName": "Ebba", "LastName": "Ek", "Code": "E1", "Companies": [{ "Id": 101 }] });
    let written = updated(&wanted(&body, &plan()), &customer, &plan()).expect("no rejection");
    let sent: customers::FieldMask = [Field::FirstName].into_iter().collect();
    let values =
        customers::CustomerFields { first_name: Some("Ebba".to_owned()), ..customers::CustomerFields::default() };
    assert_eq!((written.sent, written.values), (sent, values));
    assert_eq!((written.companies, written.fields), (None, customer.fields));
}

#[test]
fn a_new_customer_is_an_active_retail_customer_with_the_key_that_it_brings() {
    let key = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
    let body = json!({ "Id": 9, "Key": key, "Code": "E1", "Account": { "LoginName": "eva" } });
    let written = created(&wanted(&body, &plan()), &plan()).expect("no rejection");
    assert_eq!((written.values.customer_type, written.values.customer_status), (Some(2), Some(1)));
    assert_eq!(
        (written.key, written.sent.contains(Field::ExternalReferenceId), written.wants_password),
        (key.parse().ok(), true, true)
    );
    assert_eq!((written.values.sign_up_date, written.ignored), (None, vec!["Id".to_owned()]));
}
