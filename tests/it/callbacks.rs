//! Callbacks of a Client Extension, in the bytes that .NET's serializers write: null for what is unset, names in either case, members
//! of the extension's own, numbers as texts.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::hooks::{call_back_with, token_of};
use crate::support::receiver::{Received, Receiver, response};
use crate::support::{Reply, Tenant, seeds, tenant_of, with};

const UPGRADE: &str = "Associates.Enrollment.UpdateAssociateBaseType";
const CREATE: &str = "Associates.Enrollment.WriteApplication";
const VALIDATE: &str = "Associates.Enrollment.ValidateApplication";
const UPDATE: &str = "Associates.UpdateAssociate";
const PATH: &str = "/v1/customers/upgrade/3";

/// An extension that answers one hook and calls back with the bytes of [`Extension::calls_back_with`].
struct Extension {
    tenant: Tenant,
    bytes: Arc<Mutex<String>>,
    _receiver: Receiver,
}

impl Extension {
    fn answering(hook: &'static str) -> Self {
        Self::of(hook, &json!({}))
    }

    fn of(hook: &'static str, plan: &Value) -> Self {
        let bytes = Arc::<Mutex<String>>::default();
        let sent = Arc::clone(&bytes);
        let receiver = Receiver::start(move |received: &Received| {
            let bearer = received.header("Host").expect("a host").replace("127.0.0.1:", "directscale-");
            let body = sent.lock().expect("no panic").clone();
            let reply = call_back_with(hook, &bearer, &token_of(received), &body);
            response(reply.status, "", &reply.body)
        });
        let token = format!("directscale-{}", receiver.address.port());
        let hooks = json!({ hook: receiver.url("/hooks") });
        let extension = json!({ "extension_token": "extension-secret", "directscale_token": token, "hooks": hooks });
        Self { tenant: tenant_of(json!({ "plan": plan, "extension": extension })), bytes, _receiver: receiver }
    }

    fn calls_back_with(&self, body: &str) -> &Tenant {
        body.clone_into(&mut self.bytes.lock().expect("no panic"));
        &self.tenant
    }

    fn logs_in(&self, username: &str, password: &str) -> bool {
        let body = json!({ "username": username, "password": password });
        self.tenant.post("/v1/validate/login", &body).status == 200
    }
}

/// The application of an upgrade as a model of an extension's own writes it (System.Text.Json as ASP.NET sets it up): camelCase, every
/// member, nulls, members that the platform does not know, a date without a zone and one with that of the machine.
const APPLICATION: &str = r#"{
  "application": {
    "associateId": 3, "isAssociateUpgrade": true, "associateBaseType": 1, "associateBaseTypeName": "Distributor",
    "acceptTerms": true,
    "applicantAddress": {
      "id": 0, "addressLine1": "250 South 400 West", "addressLine2": null, "addressLine3": null, "city": "Orem", "state": "UT",
      "postalCode": 84042, "countryCode": "us", "verified": false, "geo": { "lat": 40.34, "lon": -111.72 }
    },
    "shippingAddress": {
      "id": 0, "addressLine1": "250 South 400 West", "addressLine2": null, "city": "Lindon", "state": null,
      "postalCode": "84042", "countryCode": "US"
    },
    "birthDate": "1973-05-12T00:00:00", "emailAddress": "yodaminch@testing.directscale.com", "firstName": "Minch",
    "lastName": "Yoda", "sponsorId": "2", "password": "Password123!", "username": "YodaIAm", "taxId": "TAX-TEST-3333",
    "languageCode": "EN", "backOfficeId": null, "webPageURL": "minch", "statusId": 1, "signupDate": null,
    "primaryPhone": null, "secondaryPhone": null, "textNumber": null, "externalId": null, "companyName": "Dagobah Ltd.",
    "custom": { "field1": "one", "field2": 2, "field3": true, "field11": "none" },
    "subscribeToCorporateEmails": null, "subscribeToCorporateTexts": "no", "placements": null, "couponCodes": null,
    "autoship": { "lineItems": [] }, "order": { "lineItems": [{ "itemId": 7 }] }, "affiliateId": "none",
    "dormantDate": "0001-01-01T00:00:00", "tags": ["jedi"]
  },
  "associateId": 3, "sendEmails": false, "traceId": "00-4bf92f3577b34da6a3ce929d0e0e4736-00"
}"#;

#[test]
fn an_extension_written_with_dotnets_serializer_upgrades() {
    let extension = Extension::answering(UPGRADE);
    extension.calls_back_with(APPLICATION).put(PATH, &seeds::distributor()).succeeds(201);
    let customer = extension.tenant.customer(3);
    for (path, expected) in [
        ("/CustomerType", json!(1)),
        ("/SponsorId", json!(2)),
        ("/BirthDate", json!("1973-05-12T00:00:00Z")),
        ("/CompanyName", json!("Dagobah Ltd.")),
        ("/WebAlias", json!("minch")),
        ("/LanguageCode", json!("en")),
        ("/PrimaryAddress/City", json!("Orem")),
        ("/PrimaryAddress/PostalCode", json!("84042")),
        ("/PrimaryAddress/CountryCode", json!("US")),
        ("/DefaultShippingAddress/City", json!("Lindon")),
        ("/AssociateCustom/Field1", json!("one")),
        ("/AssociateCustom/Field2", json!("2")),
        ("/AssociateCustom/Field3", json!("true")),
        ("/BackOfficeId", json!("15F93")),
    ] {
        assert_eq!(customer.pointer(path), Some(&expected), "{path} of {customer}");
    }
    assert!(extension.logs_in("YodaIAm", "Password123!"));
}

/// The result of each callback for a customer that is upgraded with phone, company and password.
#[test]
fn members_that_a_callback_omits_stay_as_they_were() {
    let original =
        with(&seeds::distributor(), json!({ "PrimaryPhone": "+1 801 555-1111", "CompanyName": "Yoda Inc." }));
    let [kept, altered] = [json!("+1 801 555-1111"), json!("+1")];
    for (body, company, phone, password) in [
        ("{}", json!("Yoda Inc."), kept.clone(), "Password123!"),
        (
            r#"{"Application":null,"AssociateId":null,"SendEmails":null}"#,
            json!("Yoda Inc."),
            kept.clone(),
            "Password123!",
        ),
        (r#"{"application":{}}"#, json!("Yoda Inc."), kept.clone(), "Password123!"),
        (r#"{"application":{"companyName":null}}"#, Value::Null, kept.clone(), "Password123!"),
        (r#"{"application":{"password":null}}"#, json!("Yoda Inc."), kept.clone(), "Password123!"),
        (
            r#"{"Application":{"Password":" ","PrimaryPhone":"+1"}}"#,
            json!("Yoda Inc."),
            altered.clone(),
            "Password123!",
        ),
        (
            r#"{"Application":{"Password":"AnotherOne2","PrimaryPhone":1}}"#,
            json!("Yoda Inc."),
            json!("1"),
            "AnotherOne2",
        ),
        (
            r#"{"Application":{"SponsorId":null,"StatusId":null,"AcceptTerms":null}}"#,
            json!("Yoda Inc."),
            kept.clone(),
            "Password123!",
        ),
        (
            r#"{"Application":{"SponsorId":"","StatusId":"1","AcceptTerms":"True"}}"#,
            json!("Yoda Inc."),
            kept.clone(),
            "Password123!",
        ),
        (
            r#"{"Application":{"SponsorId":2.0,"AssociateBaseType":"1","AcceptTerms":1}}"#,
            json!("Yoda Inc."),
            kept,
            "Password123!",
        ),
    ] {
        let extension = Extension::answering(UPGRADE);
        extension.calls_back_with(body).put(PATH, &original).succeeds(201);
        let customer = extension.tenant.customer(3);
        assert_eq!((&customer["CompanyName"], &customer["PrimaryPhone"]), (&company, &phone), "{body}");
        let expected = json!([1, 2, "Minch", "1973-05-12T00:00:00Z", true]);
        let names = ["CustomerType", "SponsorId", "FirstName", "BirthDate", "TermsAccepted"];
        assert_eq!(names.map(|name| customer[name].clone()).to_vec(), *expected.as_array().expect("a list"), "{body}");
        assert!(extension.logs_in("YodaIAm", password), "{body}");
    }
}

#[test]
fn unset_dates_are_read_as_unset_and_the_others_in_any_zone() {
    let unset = "1900-01-01T00:00:00Z";
    let original = with(&seeds::retail(), json!({ "BirthDate": "1990-01-01T00:00:00Z" }));
    for (date, expected) in [
        ("null", unset),
        (r#""""#, unset),
        (r#""0001-01-01T00:00:00""#, unset),
        (r#""0001-01-01T00:00:00Z""#, unset),
        (r#""0001-01-01T00:00:00+01:00""#, unset),
        (r#""0001-01-01T00:00:00-07:00""#, unset),
        (r#""0001-01-01T00:00:00.0000000""#, unset),
        (r#""1900-01-01T00:00:00Z""#, unset),
        (r#""1973-05-12T00:00:00""#, "1973-05-12T00:00:00Z"),
        (r#""1973-05-12T02:00:00.1234567+02:00""#, "1973-05-12T00:00:00Z"),
        (r#""1973-05-12""#, "1973-05-12T00:00:00Z"),
    ] {
        let extension = Extension::answering(UPDATE);
        let body =
            format!(r#"{{"oldAssociateInfo":null,"updatedAssociateInfo":{{"birthDate":{date},"signupDate":{date}}}}}"#);
        extension.calls_back_with(&body).put("/v1/customers/3", &original).succeeds(200);
        let customer = extension.tenant.customer(3);
        assert_eq!((&customer["BirthDate"], &customer["FirstName"]), (&json!(expected), &json!("Sheev")), "{date}");
        assert_ne!(customer["SignupDate"], unset);
        assert!(extension.logs_in("Emperor Palpatine", "Password123!"), "{date}");
        // The same for an application: an unset sign-up date becomes the current time.
        let extension = Extension::of(UPGRADE, &json!({ "required": { "BirthDate": [] } }));
        let body = format!(r#"{{"application":{{"birthDate":{date},"signupDate":{date}}}}}"#);
        extension.calls_back_with(&body).put(PATH, &seeds::distributor()).succeeds(201);
        assert_eq!(extension.tenant.customer(3)["BirthDate"], expected, "{date}");
    }
}

/// The bytes of an error on its first hop.
fn assert_error(reply: &Reply, why: &str, method: &str) {
    let body = reply.json();
    let id = body["DiscoRemoteException"]["ErrorId"].as_str().expect("an id");
    let place = format!("(Error Id: {id} from Disco call: {method})");
    let expected = json!({ "DiscoRemoteException": {
        "ErrorId": id, "ErrorMessage": format!("{why} {place}"), "RemoteStackTrace": [place], "InternalStackTrace": null
    } });
    assert_eq!(body, expected);
    assert_eq!(id.len(), 8);
}

/// With comments, trailing commas and single quotes, unless the plan requires strict JSON.
#[test]
fn a_callback_is_read_as_leniently_as_any_request() {
    let lenient = "\u{feff}// as Newtonsoft writes it\n{'application': {companyName: 'Lenient Ltd.', /* and */ },}";
    let extension = Extension::answering(UPGRADE);
    extension.calls_back_with(lenient).put(PATH, &seeds::distributor()).succeeds(201);
    assert_eq!(extension.tenant.customer(3)["CompanyName"], "Lenient Ltd.");

    let extension = Extension::of(UPGRADE, &json!({ "strict_json": true }));
    let tenant = extension.calls_back_with("{\"application\": {},}");
    let before = tenant.everything();
    let reply = tenant.put(PATH, &seeds::distributor());
    let why = "The request body is not valid JSON: trailing comma at line 1 column 20. (Error Id: ";
    assert!(reply.message().starts_with(why), "{reply:?}");
    assert_eq!(tenant.everything(), before);
    // A byte order mark is allowed in strict JSON.
    extension.calls_back_with("\u{feff}{\"application\": {}}").put(PATH, &seeds::distributor()).succeeds(201);
}

#[test]
fn a_wrong_value_of_a_callback_is_named_and_changes_nothing() {
    let object = "The request body must be a JSON object.";
    let extension = Extension::answering(UPGRADE);
    for (body, why) in [
        ("", "The request body is empty."),
        ("null", object),
        ("[]", object),
        ("\"{}\"", object),
        ("{\"application\":", "The request body is not valid JSON: EOF while parsing a value at line 1 column 15."),
        (r#"{"application":[]}"#, "Application must be an object."),
        (r#"{"application":{"sponsorId":"two"}}"#, "Application.SponsorId must be an integer."),
        (r#"{"application":{"sponsorId":2.5}}"#, "Application.SponsorId must be an integer."),
        (r#"{"application":{"statusId":true}}"#, "Application.StatusId must be an integer."),
        (r#"{"application":{"acceptTerms":"yes"}}"#, "Application.AcceptTerms must be true or false."),
        (r#"{"application":{"firstName":["Minch"]}}"#, "Application.FirstName must be a string."),
        (r#"{"application":{"applicantAddress":{"city":{}}}}"#, "Application.ApplicantAddress.City must be a string."),
        (r#"{"application":{"custom":"one"}}"#, "Application.Custom must be an object."),
        (r#"{"application":{"password":{"value":"Password123!"}}}"#, "Application.Password must be a string."),
        (
            r#"{"application":{"birthDate":"yesterday"}}"#,
            "Application.BirthDate must be a date such as 2020-02-20T15:47:52Z.",
        ),
        (r#"{"application":{"birthDate":null}}"#, "BirthDate is required for CustomerType 1."),
        (r#"{"application":{"firstName":null}}"#, "FirstName is required for CustomerType 1."),
        (r#"{"application":{"sponsorId":0}}"#, "SponsorId is required for CustomerType 1."),
        (
            r#"{"application":{"password":"weak"}}"#,
            "Password must be 8 to 30 characters long with at least a digit and a capital letter.",
        ),
    ] {
        let tenant = extension.calls_back_with(body);
        let before = tenant.everything();
        let reply = tenant.put(PATH, &seeds::distributor());
        let message = reply.message().to_owned();
        assert!(message.starts_with(&format!("{why} (Error Id: ")), "{body}: {message}");
        assert!(message.ends_with(" from Disco call: UpdateAssociateBaseType)"), "{message}");
        reply.rejects(500, &message);
        assert_eq!(tenant.everything(), before, "{body}");
    }
}

#[test]
fn an_empty_callback_keeps_the_original_request_at_every_hook() {
    // A creation keeps its password. TextPhone is copied from PrimaryPhone only when the customer is written.
    let original = with(&seeds::distributor(), json!({ "PrimaryPhone": "1" }));
    let extension = Extension::answering(CREATE);
    let id = extension.calls_back_with("{}").create(&original);
    assert!(extension.logs_in("YodaIAm", "Password123!"));
    assert_eq!(extension.tenant.customer(id)["TextPhone"], "1");
    let extension = Extension::answering(CREATE);
    let id = extension.calls_back_with(r#"{"application":{"primaryPhone":"2","password":null}}"#).create(&original);
    assert_eq!(extension.tenant.customer(id)["TextPhone"], "2");
    assert!(extension.logs_in("YodaIAm", "Password123!"));

    let extension = Extension::answering(VALIDATE);
    extension.calls_back_with("{}").create(&original);
    let before = extension.tenant.everything();
    let reply =
        extension.tenant.post("/v1/customers", &with(&original, json!({ "Password": null, "FirstName": null })));
    let expected = "FirstName is required for CustomerType 1.; Password is required for CustomerType 1. (Error Id: ";
    assert!(reply.message().starts_with(expected), "{reply:?}");
    assert_eq!(extension.tenant.everything(), before);

    let extension = Extension::answering("Associates.Enrollment.GetNewBackOfficeId");
    let id = extension.calls_back_with("{}").create(&original);
    assert_eq!(extension.tenant.customer(id)["BackOfficeId"], "15F95");

    for (hook, field, value) in [
        ("Associates.Enrollment.IsEmailAvailable", "EmailAddress", "dana@demo.example"),
        ("Associates.Enrollment.IsTaxIdAvailable", "TaxId", "DEMO-TAX-0002"),
    ] {
        let extension = Extension::answering(hook);
        let tenant = extension.calls_back_with("{}");
        tenant.create(&original);
        let before = tenant.everything();
        let other = json!({ "Username": "b", "EmailAddress": "b@x.example", "TaxId": "b" });
        let conflicting = with(&with(&original, other), json!({ field: value }));
        let reply = tenant.post("/v1/customers", &conflicting);
        assert!(reply.message().starts_with(&format!("{field} ")) && reply.message().ends_with("already in use."));
        assert_eq!(tenant.everything(), before);
    }

    let extension = Extension::answering(UPDATE);
    let change = json!({ "LastName": "Patched" });
    extension.calls_back_with("{}").patch("/v1/customers/4", &change).succeeds(200);
    assert_eq!(extension.tenant.customer(4)["LastName"], "Patched");
}

/// A callback whose path is not a hook's has the response of an invalid token, whatever the path contains.
#[test]
fn a_path_that_is_not_a_hooks_id_is_forbidden() {
    let seen = Arc::<Mutex<Vec<Reply>>>::default();
    let kept = Arc::clone(&seen);
    let receiver = Receiver::start(move |received: &Received| {
        let bearer = received.header("Host").expect("a host").replace("127.0.0.1:", "directscale-");
        for hook in ["%00", "Associates%00", "%FF", "%20", "Associates.Nothing", "%E2%80%A8", &"x".repeat(5_000)] {
            kept.lock().expect("no panic").push(call_back_with(hook, &bearer, &token_of(received), "{}"));
        }
        // The token is still valid.
        let reply = call_back_with(UPGRADE, &bearer, &token_of(received), "{}");
        response(reply.status, "", &reply.body)
    });
    let token = format!("directscale-{}", receiver.address.port());
    let hooks = json!({ UPGRADE: receiver.url("/hooks") });
    let extension = json!({ "extension_token": "sent-to-it", "directscale_token": token, "hooks": hooks });
    let tenant = tenant_of(json!({ "extension": extension }));
    tenant.put(PATH, &seeds::distributor()).succeeds(201);
    let seen = seen.lock().expect("no panic");
    assert_eq!(seen.len(), 7);
    for reply in seen.iter() {
        assert_eq!(reply.status, 403, "{reply:?}");
        assert_error(
            reply,
            "The callback token is not valid: it is used up, is another hook's, or its hook has ended.",
            "",
        );
    }
    // An unauthenticated client does not learn more.
    let reply = call_back_with("%00", "unknown", "0", "{}");
    assert_eq!(reply.status, 403);
    assert_error(&reply, "The extension's token is not valid.", "");
}
