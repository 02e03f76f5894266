//! A Client Extension over HTTP: hooks that call back, override and fail.

#![expect(clippy::similar_names, reason = "a receiver has received")]

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::process::Process;
use crate::support::receiver::{Received, Receiver, response};
use crate::support::server::server;
use crate::support::{Client, Reply, Tenant, seeds, tenant_of, with};

const UPGRADE: &str = "Associates.Enrollment.UpdateAssociateBaseType";
const PATH: &str = "/v1/customers/upgrade/3";

/// A tenant whose hooks `receiver` answers, and the token for its callbacks.
fn extended(receiver: &Receiver, hooks: &[&str], more: Value) -> (Tenant, String) {
    let token = format!("directscale-{}", receiver.address.port());
    let hooks: Value = hooks.iter().map(|hook| ((*hook).to_owned(), json!(receiver.url("/hooks")))).collect();
    let extension = json!({ "extension_token": "extension-secret", "directscale_token": token, "hooks": hooks });
    (tenant_of(json!({ "extension": with(&extension, more) })), token)
}

/// Calls back as the vendor's library does.
fn call_back(hook: &str, bearer: &str, token: &str, body: &Value) -> Reply {
    call_back_with(hook, bearer, token, &body.to_string())
}

/// Calls back with exactly this body.
pub fn call_back_with(hook: &str, bearer: &str, token: &str, body: &str) -> Reply {
    let headers = format!(
        "Authorization: Bearer {bearer}\r\nX-DirectScale-CallbackToken: {token}\r\nContent-Type: application/json; charset=utf-8\r\n"
    );
    let client = Client { address: server().address, key: String::new() };
    let path = format!("/api/extension/hooks/{hook}");
    client.raw(&crate::support::http::request("POST", &path, &headers, Some(body)))
}

pub fn token_of(received: &Received) -> String {
    received.header("X-DirectScale-CallbackToken").expect("a token").to_owned()
}

fn camel(text: &str) -> String {
    text[..1].to_ascii_lowercase() + &text[1..]
}

/// The names of every object begin in lower case, as ASP.NET answers.
fn camel_case(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, member)| (camel(name), camel_case(member))).collect(),
        other => other.clone(),
    }
}

/// An extension that alters the request, calls back, and alters the response.
fn around(
    bearer: impl Fn(&Received) -> String + Send + Sync + 'static,
    alter: impl Fn(&mut Value) + Send + Sync + 'static,
) -> Receiver {
    Receiver::start(move |received| {
        let mut request = received.json();
        alter(&mut request);
        let hook = received.path.rsplit('/').next().expect("a hook");
        let reply = call_back(hook, &bearer(received), &token_of(received), &camel_case(&request));
        response(reply.status, "", &reply.body)
    })
}

/// An extension whose addresses end with the hook's id, and its tenant.
pub fn extended_around(hooks: &[&str], alter: impl Fn(&mut Value) + Send + Sync + 'static) -> (Tenant, Receiver) {
    let receiver =
        around(|received| received.header("Host").expect("a host").replace("127.0.0.1:", "directscale-"), alter);
    let token = format!("directscale-{}", receiver.address.port());
    let hooks: Value =
        hooks.iter().map(|hook| ((*hook).to_owned(), json!(receiver.url(&format!("/hooks/{hook}"))))).collect();
    let extension = json!({ "extension_token": "extension-secret", "directscale_token": token, "hooks": hooks });
    (tenant_of(json!({ "extension": extension })), receiver)
}

#[test]
fn a_hook_is_called_as_the_vendor_calls_it() {
    let receiver = Receiver::with_json(|_| (200, json!({ "ApplicationResponse": { "AssociateId": 3 } })));
    let (tenant, _) = extended(&receiver, &[UPGRADE], json!({}));
    tenant.put(PATH, &with(&seeds::full(), json!({ "SignUpDate": null }))).succeeds(201);

    let received = receiver.received();
    assert_eq!(received.len(), 1);
    let received = &received[0];
    assert_eq!(received.path, "/hooks");
    assert_eq!(received.header("Authorization"), Some("Bearer extension-secret"));
    assert_eq!(received.header("Content-Type"), Some("application/json; charset=utf-8"));
    assert_eq!(received.header("X-DirectScale-User"), Some("test-key"));
    assert_eq!(token_of(received).len(), 32);
    let body = received.json();
    assert_eq!((&body["AssociateId"], &body["SendEmails"]), (&json!(3), &json!(true)));
    let address = json!({
        "AddressLine1": "250 South 400 West", "AddressLine2": "Suite #225", "AddressLine3": null, "City": "Lindon",
        "State": "UT", "PostalCode": "84042", "CountryCode": "US"
    });
    let mut custom: Value = (1..=10).map(|number| (format!("Field{number}"), Value::Null)).collect();
    custom["Field1"] = json!("CustomField Content");
    custom["Field2"] = json!("Available through Field10");
    assert_eq!(
        body["Application"],
        json!({
            "AssociateId": 3, "IsAssociateUpgrade": true, "AssociateBaseType": 1, "AcceptTerms": true,
            "ApplicantAddress": address, "ShippingAddress": address, "BirthDate": "1973-05-12T00:00:00Z",
            "EmailAddress": "directScaleTest@testing.directscale.com", "FirstName": "Ryan", "LastName": "Testing",
            "SponsorId": 2, "Password": "PasswordHere1", "Username": "TestUsername01", "TaxId": "TAX-TEST-1111",
            "LanguageCode": "en", "BackOfficeId": "TestBackOfficeId01", "WebPageURL": "TestWebAlias", "StatusId": 1,
            "SignupDate": "0001-01-01T00:00:00Z", "PrimaryPhone": "+1 801 555-1111",
            "SecondaryPhone": "+1 801 555-2222", "TextNumber": "+1 801 555-1111", "ExternalId": "EXT1234567890",
            "CompanyName": "Test Company Name Inc.", "Custom": custom, "SubscribeToCorporateEmails": false,
            "SubscribeToCorporateTexts": false, "LegalFirstName": null, "LegalLastName": null,
            "RomanizedFirstName": null, "RomanizedLastName": null, "ShipToFirstName": null, "ShipToLastName": null,
            "Placements": [], "Autoship": null, "Order": null, "CouponCodes": [], "AffiliateId": null
        })
    );
}

#[test]
fn an_override_stores_nothing() {
    let receiver = Receiver::with_json(|_| (200, json!({ "applicationResponse": { "associateId": 3 } })));
    let (tenant, _) = extended(&receiver, &[UPGRADE], json!({}));
    let before = tenant.everything();
    assert_eq!(tenant.put(PATH, &seeds::distributor()).succeeds(201).body, "");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn the_changes_of_a_before_hook_are_stored() {
    let (tenant, receiver) = extended_around(&[UPGRADE], |request| {
        let application = &mut request["Application"];
        application["CompanyName"] = json!("Altered Inc.");
        application["Custom"]["Field10"] = json!("ten");
        application["ApplicantAddress"]["City"] = json!("Orem");
        application["Username"] = json!("altered");
        // Omitted members stay, blank ones are cleared, and codes may have any case.
        application.as_object_mut().expect("an application").remove("LastName");
        application["PrimaryPhone"] = json!("  ");
        application["ApplicantAddress"]["CountryCode"] = json!("ca");
        request["SendEmails"] = json!(true);
    });
    tenant.put(PATH, &with(&seeds::distributor(), json!({ "PrimaryPhone": "+1 801 555-1111" }))).succeeds(201);

    let customer = tenant.customer(3);
    assert_eq!(customer["CompanyName"], "Altered Inc.");
    assert_eq!((&customer["LastName"], &customer["PrimaryPhone"]), (&json!("Yoda"), &Value::Null));
    assert_eq!((&customer["PrimaryAddress"]["CountryCode"], &customer["SendEmails"]), (&json!("CA"), &json!(true)));
    assert_eq!(customer["AssociateCustom"]["Field10"], "ten");
    assert_eq!(customer["PrimaryAddress"]["City"], "Orem");
    assert_eq!(customer["Username"], "altered");
    assert_eq!(customer["EmailAddress"], "yodaminch@testing.directscale.com");
    assert_eq!(customer["CustomerType"], 1);
    let log = tenant.rows("select AssociateID, ChangedBy from CRM_AssociateTypeChanges where tenant_id = {tenant}");
    assert_eq!(log, [json!({ "associateid": 3, "changedby": "test-key" })]);
    assert_eq!(tenant.rows("select 1 from sponsor_tree where tenant_id = {tenant} and customer_id = 3").len(), 1);
    assert_eq!(receiver.received().len(), 1);
    // The customer has the password that the extension returned.
    let login = json!({ "username": "altered", "password": "Password123!" });
    tenant.post("/v1/validate/login", &login).succeeds(200);
}

#[test]
fn changes_of_an_extension_are_validated() {
    let (tenant, _) = extended_around(&[UPGRADE], |request| {
        request["Application"]["EmailAddress"] = json!("dana@demo.example");
        request["Application"]["Custom"]["Field1"] = json!("x".repeat(501));
    });
    let before = tenant.everything();
    let reply = tenant.put(PATH, &seeds::distributor());
    let message = reply.message();
    assert_eq!(reply.status, 500);
    assert!(
        message.starts_with("AssociateCustom.Field1 must be at most 500 characters long. (Error Id: "),
        "{message}"
    );
    assert!(message.ends_with(" from Disco call: UpdateAssociateBaseType)"), "{message}");
    assert_eq!(tenant.everything(), before);

    let (tenant, _) = extended_around(&[UPGRADE], |request| {
        request["Application"]["EmailAddress"] = json!("dana@demo.example");
    });
    let before = tenant.everything();
    let reply = tenant.put(PATH, &seeds::distributor());
    let message = reply.message();
    assert!(message.starts_with("EmailAddress 'dana@demo.example' is already in use. (Error Id: "), "{message}");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn an_altered_application_still_needs_the_required_fields() {
    let (tenant, _) = extended_around(&[UPGRADE], |request| {
        request["Application"]["SponsorId"] = json!(0);
        request["Application"]["BirthDate"] = json!("2020-01-01T00:00:00Z");
    });
    let before = tenant.everything();
    let reply = tenant.put(PATH, &seeds::distributor());
    let message = reply.message();
    let expected =
        "BirthDate must be at least 18 years ago for CustomerType 1.; SponsorId is required for CustomerType 1.";
    assert!(message.starts_with(expected), "{message}");
    assert_eq!(tenant.everything(), before);
}

/// The hook times out while its callback waits for the customer's row. The end of the hook waits for the callback and reports it.
#[test]
fn a_hook_that_ends_while_its_callback_runs_reports_the_result() {
    if crate::support::server::database_url().is_none() {
        return;
    }
    let (tenant, _) = extended_around(&[UPGRADE], |_| {});
    server().execute(&format!(
        r#"update tenants set extension = extension || '{{"timeout_seconds": 1}}' where tenant_id = {}"#,
        tenant.id
    ));
    tenant.was_changed_by_sql();
    let id = tenant.id;
    thread::scope(|scope| {
        scope.spawn(move || {
            server().execute(&format!(
                "do $$ begin
                   perform 1 from customers where tenant_id = {id} and customer_id = 3 for update;
                   perform pg_sleep(3);
                 end $$"
            ));
        });
        thread::sleep(Duration::from_millis(500));
        let message = format!(
            "Hook {UPGRADE} failed: it did not answer within 1 seconds. Its callback had already written the change."
        );
        tenant.put(PATH, &seeds::distributor()).rejects(500, &message);
    });
    assert_eq!(tenant.customer(3)["CustomerType"], 1);
}

#[test]
fn the_customer_is_that_of_the_request_whatever_the_extension_sends() {
    let (tenant, _) = extended_around(&[UPGRADE], |request| {
        request["AssociateId"] = json!(4);
        request["Application"]["AssociateId"] = json!(4);
    });
    tenant.put(PATH, &seeds::distributor()).succeeds(201);
    assert_eq!((&tenant.customer(3)["CustomerType"], &tenant.customer(4)["CustomerType"]), (&json!(1), &json!(3)));
}

#[test]
fn a_hook_that_fails_rejects_with_its_own_message_and_changes_nothing() {
    let long = "x".repeat(5_000);
    let endless = format!("HTTP/1.1 200 X\r\nConnection: close\r\n\r\n{}", " ".repeat(1_100_000));
    for (answer, message) in [
        (
            response(500, "", r#"{"DiscoRemoteException":{"ErrorId":"1234abcd","ErrorMessage":"Not on a Sunday."}}"#),
            "Not on a Sunday.",
        ),
        (response(200, "", r#"{"discoRemoteException":{"errorMessage":"Not on a Monday."}}"#), "Not on a Monday."),
        (response(400, "", "plain words"), "plain words"),
        (response(503, "", ""), "Hook {} failed: it answered with status 503."),
        (
            response(500, "", r#"{"DiscoRemoteException":{"ErrorMessage":" "}}"#),
            r#"{"DiscoRemoteException":{"ErrorMessage":" "}}"#,
        ),
        (response(500, "", &long), &long[..1_000]),
        (response(200, "", "not JSON"), "Hook {} failed: its answer is not a JSON object."),
        (response(200, "", "[]"), "Hook {} failed: its answer is not a JSON object."),
        (
            response(200, "", r#"{"ApplicationResponse": 7}"#),
            "Hook {} failed: its answer cannot be read: ApplicationResponse must be an object.",
        ),
        (
            response(302, "Location: http://127.0.0.1:1/\r\n", ""),
            "Hook {} failed: it answered with a redirect, which is not followed.",
        ),
        (endless.into_bytes(), "Hook {} failed: its answer is longer than 1048576 bytes."),
        (Vec::new(), "Hook {} failed: the connection was lost."),
        (b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\n{".to_vec(), "Hook {} failed: the connection was lost."),
    ] {
        let receiver = Receiver::start(move |_| answer.clone());
        let (tenant, _) = extended(&receiver, &[UPGRADE], json!({}));
        let before = tenant.everything();
        tenant.put(PATH, &seeds::distributor()).rejects(500, &message.replace("{}", UPGRADE));
        assert_eq!(tenant.everything(), before);
    }
}

/// An answer in another encoding, or in the lenient JSON that Newtonsoft accepts.
#[test]
fn an_answer_is_decoded_and_read_as_dotnet_reads_it() {
    let rejection = r#"{"DiscoRemoteException":{"ErrorMessage":"Désolé."}}"#;
    let utf_16 =
        |mark: &str| format!("{mark}{rejection}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let latin_1: Vec<u8> = rejection.chars().map(|letter| u8::try_from(u32::from(letter)).expect("Latin-1")).collect();
    let lenient = "// why\n{'DiscoRemoteException': {ErrorMessage: 'Désolé.',}, }";
    for (content_type, body) in [
        ("application/json", format!("\u{feff}{rejection}").into_bytes()),
        ("application/json; charset=utf-8", format!("\u{feff}{rejection}").into_bytes()),
        ("application/json; charset=utf-16", utf_16("")),
        ("application/json; charset=utf-16", utf_16("\u{feff}")),
        ("application/json", utf_16("\u{feff}")),
        ("application/json; charset=iso-8859-1", latin_1.clone()),
        ("application/json", lenient.as_bytes().to_vec()),
    ] {
        for status in [200, 500] {
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let answer = [head.as_bytes(), &body].concat();
            let receiver = Receiver::start(move |_| answer.clone());
            let (tenant, _) = extended(&receiver, &[UPGRADE], json!({}));
            tenant.put(PATH, &seeds::distributor()).rejects(500, "Désolé.");
            // The journal shows the text.
            let noted = &tenant.requests("")[0]["hooks"][0]["response"]["text"];
            assert!(noted.as_str().is_some_and(|text| text.contains("Désolé.")), "{noted}");
        }
    }
    let marked = "\u{feff}{\"ApplicationResponse\": {\"AssociateId\": 3}}";
    let receiver = Receiver::start(move |_| response(200, "", marked));
    let (tenant, _) = extended(&receiver, &[UPGRADE], json!({}));
    tenant.put(PATH, &seeds::distributor()).succeeds(201);
}

#[test]
fn a_hook_that_hangs_or_is_unreachable_fails() {
    let receiver = Receiver::start(|_| {
        thread::sleep(Duration::from_secs(5));
        Vec::new()
    });
    let (tenant, _) = extended(&receiver, &[UPGRADE], json!({ "timeout_seconds": 1 }));
    let before = tenant.everything();
    let start = Instant::now();
    let message = format!("Hook {UPGRADE} failed: it did not answer within 1 seconds.");
    tenant.put(PATH, &seeds::distributor()).rejects(500, &message);
    assert!(start.elapsed() < Duration::from_secs(3));
    assert_eq!(tenant.everything(), before);

    let unused = std::net::TcpListener::bind("127.0.0.1:0").and_then(|gone| gone.local_addr()).expect("a free port");
    let extension = json!({
        "extension_token": "sent-to-it", "directscale_token": format!("gone-{}", unused.port()),
        "hooks": { UPGRADE: format!("http://{unused}/") }
    });
    let tenant = tenant_of(json!({ "extension": extension }));
    let message = format!("Hook {UPGRADE} failed: the connection failed.");
    tenant.put(PATH, &seeds::distributor()).rejects(500, &message);
}

#[test]
fn a_failure_after_the_callback_says_that_the_change_was_written() {
    let receiver = Receiver::start(|received| {
        let bearer = received.header("Host").expect("a host").replace("127.0.0.1:", "directscale-");
        let reply = call_back(UPGRADE, &bearer, &token_of(received), &received.json());
        assert_eq!(reply.status, 200, "{reply:?}");
        response(500, "", "I changed my mind.")
    });
    let (tenant, _) = extended(&receiver, &[UPGRADE], json!({}));
    let message = "I changed my mind. Its callback had already written the change.";
    tenant.put(PATH, &seeds::distributor()).rejects(500, message);
    assert_eq!(tenant.customer(3)["CustomerType"], 1);
}

/// The response to a callback for each reason why its token is not valid.
#[test]
fn a_token_is_valid_once_for_its_hook_and_its_tenant() {
    let seen = Arc::<Mutex<Vec<(String, u16)>>>::default();
    let kept = Arc::clone(&seen);
    let other_receiver = Receiver::with_json(|_| (200, json!({})));
    let (_other_tenant, other_bearer) = extended(&other_receiver, &[UPGRADE], json!({}));
    let receiver = Receiver::start(move |received| {
        let bearer = received.header("Host").expect("a host").replace("127.0.0.1:", "directscale-");
        let (token, request) = (token_of(received), received.json());
        let attempt = |what: &str, hook: &str, bearer: &str, token: &str| {
            let reply = call_back(hook, bearer, token, &request);
            let body = reply.json();
            if reply.status != 200 {
                let text = body["DiscoRemoteException"]["ErrorMessage"].as_str().expect("a message").to_owned();
                assert!(text.contains("token is not valid"), "{text}");
                assert!(body["DiscoRemoteException"]["ErrorId"].as_str().is_some_and(|id| id.len() == 8));
            }
            kept.lock().expect("no panic").push((what.to_owned(), reply.status));
            reply
        };
        attempt("wrong bearer", UPGRADE, "nonsense", &token);
        attempt("another tenant", UPGRADE, &other_bearer, &token);
        attempt("another hook", "Associates.UpdateAssociate", &bearer, &token);
        attempt("unknown hook", "Associates.Nothing", &bearer, &token);
        attempt("another token", UPGRADE, &bearer, &"0".repeat(32));
        let good = attempt("good", UPGRADE, &bearer, &token);
        attempt("again", UPGRADE, &bearer, &token);
        response(200, "", &good.body)
    });
    let (tenant, bearer) = extended(&receiver, &[UPGRADE], json!({}));
    tenant.put(PATH, &seeds::distributor()).succeeds(201);
    let seen = seen.lock().expect("no panic").clone();
    let expected = [
        ("wrong bearer", 403),
        ("another tenant", 403),
        ("another hook", 403),
        ("unknown hook", 403),
        ("another token", 403),
        ("good", 200),
        ("again", 403),
    ];
    assert_eq!(seen, expected.map(|(what, status)| (what.to_owned(), status)));

    // After the hook has ended.
    let before = tenant.everything();
    let received = receiver.received();
    let late = call_back(UPGRADE, &bearer, &token_of(&received[0]), &received[0].json());
    assert_eq!(late.status, 403);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_late_callback_changes_nothing() {
    let outcome = Arc::<Mutex<Option<u16>>>::default();
    let kept = Arc::clone(&outcome);
    let receiver = Receiver::start(move |received| {
        thread::sleep(Duration::from_millis(1_500));
        let bearer = received.header("Host").expect("a host").replace("127.0.0.1:", "directscale-");
        let reply = call_back(UPGRADE, &bearer, &token_of(received), &received.json());
        *kept.lock().expect("no panic") = Some(reply.status);
        response(200, "", &reply.body)
    });
    let (tenant, _) = extended(&receiver, &[UPGRADE], json!({ "timeout_seconds": 1 }));
    let before = tenant.everything();
    tenant.put(PATH, &seeds::distributor());
    thread::sleep(Duration::from_secs(1));
    assert_eq!(*outcome.lock().expect("no panic"), Some(403));
    assert_eq!(tenant.everything(), before);
}

#[test]
fn an_unreadable_body_is_reported_and_does_not_use_up_the_token() {
    let receiver = Receiver::start(|received| {
        let bearer = received.header("Host").expect("a host").replace("127.0.0.1:", "directscale-");
        let token = token_of(received);
        let reply = call_back(UPGRADE, &bearer, &token, &json!([]));
        assert_eq!(reply.status, 500);
        let reply = call_back(UPGRADE, &bearer, &token, &json!({ "Application": { "SponsorId": "two" } }));
        response(200, "", &reply.body)
    });
    let (tenant, _) = extended(&receiver, &[UPGRADE], json!({}));
    let before = tenant.everything();
    let reply = tenant.put(PATH, &seeds::distributor());
    let message = reply.message();
    assert!(message.starts_with("Application.SponsorId must be an integer. (Error Id: "), "{message}");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_dry_run_does_not_call_an_extension() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let (tenant, _) = extended(&receiver, &[UPGRADE], json!({}));
    let message =
        format!("Hook {UPGRADE} is answered by an extension, whose work cannot be taken back: nothing was done.");
    let body = seeds::distributor().to_string();
    tenant.call("PUT", PATH, "Prefer: tx=rollback\r\n", Some(&body)).rejects(500, &message);
    assert!(receiver.received().is_empty());
}

const ENROLLMENT: [&str; 5] = [
    "Associates.Enrollment.ValidateApplication",
    "Associates.Enrollment.IsEmailAvailable",
    "Associates.Enrollment.IsTaxIdAvailable",
    "Associates.Enrollment.GetNewBackOfficeId",
    "Associates.Enrollment.WriteApplication",
];

fn called(receiver: &Receiver) -> Vec<String> {
    let of = |received: &Received| received.path.strip_prefix("/hooks/").expect("a hook").to_owned();
    receiver.received().iter().map(of).collect()
}

#[test]
fn a_creation_calls_the_enrollment_hooks() {
    let (tenant, receiver) = extended_around(&ENROLLMENT, |_| {});
    let body = with(&seeds::distributor(), json!({ "BackOfficeId": null }));
    let id = tenant.create(&body);
    assert_eq!(id, 5);
    assert_eq!(called(&receiver), ENROLLMENT);
    let received = receiver.received();
    assert_eq!(received[3].json(), json!({ "AssociateBaseType": 1, "AssociateId": 5, "EnrollerId": 2 }));
    assert_eq!(received[1].json(), json!({ "EmailAddress": "yodaminch@testing.directscale.com" }));
    assert_eq!(received[4].json()["Application"]["AssociateId"], 0);
    assert_eq!(received[4].json()["Application"]["BackOfficeId"], "15F95");
    let customer = tenant.customer(id);
    assert_eq!((&customer["BackOfficeId"], &customer["WebAlias"]), (&json!("15F95"), &json!("YodaIAm")));

    // A BackOfficeId that was sent needs no new one.
    let own = json!({ "Username": "b", "EmailAddress": "b@x.example", "TaxId": "b", "BackOfficeId": "own" });
    assert_eq!(tenant.create(&with(&body, own)), 6);
    assert_eq!(
        called(&receiver)[5..],
        ["ValidateApplication", "IsEmailAvailable", "IsTaxIdAvailable", "WriteApplication"]
            .map(|name| format!("Associates.Enrollment.{name}"))
    );

    // The rejections of the default work remain.
    let before = tenant.everything();
    let conflicting = with(&body, json!({ "Username": "c", "TaxId": "c", "EmailAddress": "DANA@demo.example" }));
    tenant.post("/v1/customers", &conflicting).rejects(500, "EmailAddress 'DANA@demo.example' is already in use.");
    let reply = tenant.post("/v1/customers", &with(&body, json!({ "FirstName": null })));
    assert!(reply.message().starts_with("FirstName is required for CustomerType 1. (Error Id: "), "{reply:?}");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn an_extension_may_replace_the_vendors_decisions() {
    let receiver = Receiver::with_json(|received| {
        let hook = received.path.rsplit('.').next().expect("a hook").to_owned();
        let answer = match hook.as_str() {
            "IsEmailAvailable" => json!({ "IsAvailable": received.json()["EmailAddress"] != "no@x.example" }),
            "IsTaxIdAvailable" => json!({ "Available": true }),
            "GetNewBackOfficeId" => json!({ "BackOfficeId": format!("EXT-{}", received.json()["AssociateId"]) }),
            _ => json!({}),
        };
        (200, answer)
    });
    let token = format!("directscale-{}", receiver.address.port());
    let hooks: Value = ENROLLMENT[..4]
        .iter()
        .map(|hook| ((*hook).to_owned(), json!(receiver.url(&format!("/hooks/{hook}")))))
        .collect();
    let extension = json!({ "extension_token": "sent-to-it", "directscale_token": token, "hooks": hooks });
    let tenant = tenant_of(json!({ "extension": extension }));

    // An extension that overrides the validation requires nothing.
    let bare = json!({ "CustomerType": 2, "SponsorId": 2, "Username": "bare", "EmailAddress": "bare@x.example" });
    let id = tenant.create(&bare);
    assert_eq!(tenant.customer(id)["BackOfficeId"], format!("EXT-{id}"));
    let message = "EmailAddress 'no@x.example' is already in use.";
    tenant.post("/v1/customers", &with(&bare, json!({ "EmailAddress": "no@x.example" }))).rejects(500, message);
    // Unique values stay unique.
    let message = "EmailAddress 'bare@x.example' is already in use.; Username 'bare' is already in use.";
    tenant.post("/v1/customers", &bare).rejects(500, message);
}

#[test]
fn an_upgrade_calls_the_availability_hooks_only_for_values_that_change() {
    let hooks = [ENROLLMENT[0], ENROLLMENT[1], ENROLLMENT[2], UPGRADE];
    let (tenant, receiver) = extended_around(&hooks, |_| {});
    // The same value in another case does not change.
    let body = with(&seeds::distributor(), json!({ "EmailAddress": " RILEY@demo.example" }));
    tenant.put(PATH, &body).succeeds(201);
    assert_eq!(called(&receiver), [hooks[0], hooks[2], UPGRADE]);
    tenant.put("/v1/customers/upgrade/99", &body).rejects(404, "A Customer with the given Customer ID was not found.");
    assert_eq!(receiver.received().len(), 3, "no hook is called for an unknown customer");
}

#[test]
fn an_upgrade_of_an_unknown_customer_calls_no_hook() {
    let (tenant, receiver) = extended_around(&[UPGRADE], |_| {});
    let upgrade = tenant.put("/v1/customers/upgrade/99", &seeds::distributor());
    upgrade.rejects(404, "A Customer with the given Customer ID was not found.");
    assert_eq!(receiver.received().len(), 0);
}

#[test]
fn updates_call_the_hook_on_associates() {
    let (tenant, receiver) = extended_around(&["Associates.UpdateAssociate"], |request| {
        request["UpdatedAssociateInfo"]["CompanyName"] = json!("Altered Inc.");
        // Blank counts as absent, also for unique fields.
        request["UpdatedAssociateInfo"]["TaxId"] = json!("");
        // Read-only members have no effect.
        request["UpdatedAssociateInfo"]["SignupDate"] = json!("1999-01-01T00:00:00Z");
    });
    let body = with(&seeds::retail(), json!({ "TaxExemptId": "T-9", "Password": "AnotherOne2" }));
    tenant.put("/v1/customers/3", &body).succeeds(200);
    let customer = tenant.customer(3);
    assert_eq!((&customer["CompanyName"], &customer["FirstName"]), (&json!("Altered Inc."), &json!("Sheev")));
    assert_eq!((&customer["TaxExemptId"], &customer["Username"]), (&json!("T-9"), &json!("Emperor Palpatine")));
    let login = json!({ "username": "emperor palpatine", "password": "AnotherOne2" });
    tenant.post("/v1/validate/login", &login).succeeds(200);

    tenant.patch("/v1/customers/4", &json!({ "LastName": "Patched", "WebAlias": "patched" })).succeeds(200);
    let customer = tenant.customer(4);
    assert_eq!((&customer["CompanyName"], &customer["LastName"]), (&json!("Altered Inc."), &json!("Patched")));
    assert_eq!((&customer["WebAlias"], &customer["FirstName"]), (&json!("patched"), &json!("Pat")));

    let kept = tenant.rows("select tax_id, tax_id_key from customers where tenant_id = {tenant} and customer_id > 2");
    assert!(kept.iter().all(|row| row["tax_id"].is_null() && row["tax_id_key"].is_null()), "{kept:?}");

    let received = receiver.received();
    assert_eq!(received.len(), 2);
    let request = received[1].json();
    let (old, new) = (&request["OldAssociateInfo"], &request["UpdatedAssociateInfo"]);
    assert_eq!((&old["DisplayLastName"], &new["DisplayLastName"]), (&json!("Preferred"), &json!("Patched")));
    assert_eq!((&new["AssociateId"], &new["Name"]), (&json!(4), &json!("Pat Patched")));
    assert_eq!(new["Address"]["State"], "UT");
    // An empty change calls no hook.
    tenant.patch("/v1/customers/4", &json!({})).succeeds(200);
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn an_extension_cannot_add_a_field_that_a_patch_cannot_change() {
    let (tenant, _) = extended_around(&["Associates.UpdateAssociate"], |request| {
        request["UpdatedAssociateInfo"]["ExternalId"] = json!("altered");
    });
    let before = tenant.everything();
    let reply = tenant.patch("/v1/customers/4", &json!({ "LastName": "Patched" }));
    let message = reply.message();
    assert!(message.starts_with("ExternalReferenceId cannot be changed by this call. (Error Id: "), "{message}");
    assert_eq!(tenant.everything(), before);
    tenant.put("/v1/customers/3", &seeds::retail()).succeeds(200);
    assert_eq!(tenant.customer(3)["ExternalReferenceId"], "altered");
}

#[test]
fn broken_formats_are_rejected_even_if_an_extension_validates() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let (tenant, _) = extended(&receiver, &["Associates.Enrollment.ValidateApplication"], json!({}));
    let before = tenant.everything();
    let broken = json!({
        "FirstName": "x".repeat(101), "Password": "weak", "TaxExemptId": "x".repeat(51), "CustomerStatus": 9
    });
    tenant.post("/v1/customers", &broken).rejects(
        500,
        "CustomerStatus must be one of 1, 2, 3, 4, 5.; CustomerType is required.; \
         FirstName must be at most 100 characters long.; \
         Password must be 8 to 30 characters long with at least a digit and a capital letter.; \
         TaxExemptId must be at most 50 characters long.",
    );
    assert!(receiver.received().is_empty());
    assert_eq!(tenant.everything(), before);
}

#[test]
fn an_override_of_an_update_stores_nothing() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let (tenant, _) = extended(&receiver, &["Associates.UpdateAssociate"], json!({}));
    let before = tenant.everything();
    tenant.put("/v1/customers/3", &seeds::retail()).succeeds(200);
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "Rey" })).succeeds(200);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn one_of_two_concurrent_upgrades_wins_and_the_other_is_rejected() {
    let (tenant, receiver) = extended_around(&[UPGRADE], |_| thread::sleep(Duration::from_millis(300)));
    let replies: Vec<Reply> = thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| tenant.put(PATH, &seeds::distributor()))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a response")).collect()
    });
    assert_eq!(receiver.received().len(), 2);
    let (won, lost): (Vec<Reply>, Vec<Reply>) = replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!((won.len(), lost.len()), (1, 1));
    let message = "An upgrade from CustomerType 1 to CustomerType 1 was asked for; allowed: 2 to 1. (Error Id: ";
    assert!(lost[0].message().starts_with(message), "{lost:?}");
    assert_eq!(tenant.rows("select 1 from CRM_AssociateTypeChanges where tenant_id = {tenant}").len(), 1);
}

#[test]
fn the_database_has_only_the_sent_secret_of_an_extension_in_the_clear() {
    let receiver = Receiver::with_json(|_| {
        thread::sleep(Duration::from_millis(200));
        (200, json!({}))
    });
    let (tenant, bearer) = extended(&receiver, &[UPGRADE], json!({}));
    thread::scope(|scope| {
        scope.spawn(|| tenant.put(PATH, &seeds::distributor()));
        thread::sleep(Duration::from_millis(100));
        let running = tenant.rows("select * from hook_calls where tenant_id = {tenant}");
        assert_eq!(running.len(), 1);
        let token = token_of(&receiver.received()[0]);
        let text = running[0].to_string();
        // The password is hashed, as in the customer's own row.
        assert!(!text.contains(&token) && !text.contains("Password123!"), "{text}");
    });
    let kept = tenant.rows("select * from extension_tokens where tenant_id = {tenant}");
    assert!(kept.len() == 1 && !kept[0].to_string().contains(&bearer));
}

/// Two server processes on one database: the requests go to the first, the callbacks to the second.
#[test]
fn a_thousand_concurrent_upgrades_on_two_servers_each_get_their_own_response() {
    const COUNT: i64 = 1_000;
    let Some(url) = crate::support::server::database_url() else { return };
    let arguments =
        ["--database-url", url.as_str(), "--password-cost", "test", "--database-acquire-timeout-ms", "20000"];
    let (first, second) = (Process::start(&arguments), Process::start(&arguments));
    let callbacks = second.address;
    let receiver = Receiver::start(move |received| {
        let mut request = received.json();
        let bearer = received.header("Host").expect("a host").replace("127.0.0.1:", "directscale-");
        request["Application"]["CompanyName"] = json!(format!("for {}", request["AssociateId"]));
        let headers = format!("Authorization: Bearer {bearer}\r\nX-DirectScale-Callback: {}\r\n", token_of(received));
        let client = Client { address: callbacks, key: String::new() };
        let path = format!("/api/extension/hooks/{UPGRADE}");
        let reply = client.raw(&crate::support::http::request("POST", &path, &headers, Some(&request.to_string())));
        response(reply.status, "", &reply.body)
    });
    let (tenant, _) = extended(&receiver, &[UPGRADE], json!({}));
    server().execute(&format!(
        "insert into customers (tenant_id, customer_id, customer_type, customer_status, sponsor_id, enroller_id,
                sign_up_date, modified_at, send_emails, tax_exempt, terms_accepted, language_code, back_office_id)
         select {}, 1000 + n, 2, 1, 2, 2, now(), now(), false, false, false, 'en', 'B' || n
           from generate_series(0, {COUNT} - 1) n",
        tenant.id
    ));
    let client = Client { address: first.address, key: tenant.client.key.clone() };
    let start = Instant::now();
    thread::scope(|scope| {
        for id in 1000..1000 + COUNT {
            let client = &client;
            scope.spawn(move || {
                let own = json!({
                    "Username": format!("u{id}"), "EmailAddress": format!("u{id}@x.example"), "TaxId": format!("u{id}")
                });
                let body = with(&seeds::distributor(), own).to_string();
                let prefer = "Prefer: return=representation\r\n";
                let reply = client.call("PUT", &format!("/v1/customers/upgrade/{id}"), prefer, Some(&body));
                let customer = reply.succeeds(201).json();
                assert_eq!(customer["CompanyName"], format!("for {id}"));
                assert_eq!(customer["Username"], format!("u{id}"));
            });
        }
    });
    println!("{COUNT} upgrades through a hook and another server's callback in {} ms", start.elapsed().as_millis());
    assert_eq!(i64::try_from(receiver.received().len()), Ok(COUNT));
    let tokens: std::collections::HashSet<String> = receiver.received().iter().map(token_of).collect();
    assert_eq!(i64::try_from(tokens.len()), Ok(COUNT));
    let log = tenant.rows("select count(*) as upgrades from CRM_AssociateTypeChanges where tenant_id = {tenant}");
    assert_eq!(log, [json!({ "upgrades": COUNT })]);
    assert!(tenant.rows("select 1 from hook_calls where tenant_id = {tenant}").is_empty());
}

/// `examples/client_extension.rs`, as a process of its own.
struct Example {
    child: std::process::Child,
    address: String,
    /// Kept open, because the example continues to write.
    _output: std::io::BufReader<std::process::ChildStdout>,
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Example {
    fn start(directscale_token: &str) -> Self {
        use std::io::{BufRead as _, BufReader};
        use std::process::{Command, Stdio};

        let this = std::env::current_exe().expect("a path");
        let built = this.parent().and_then(std::path::Path::parent).expect("the target folder");
        let mut child = Command::new(built.join("examples").join("client_extension"))
            .env("LISTEN", "127.0.0.1:0")
            .env("DIRECTSCALE_URL", format!("http://{}", server().address))
            .env("DIRECTSCALE_TOKEN", directscale_token)
            .env("EXTENSION_TOKEN", "extension-secret")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example: cargo build --examples");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on ").expect("an address").to_owned();
        Self { child, address, _output: output }
    }

    fn tenant(&self, path: &str, directscale_token: &str) -> Tenant {
        let extension = json!({
            "extension_token": "extension-secret", "directscale_token": directscale_token,
            "hooks": { UPGRADE: format!("{}/hooks/{path}", self.address) }
        });
        tenant_of(json!({ "extension": extension }))
    }
}

#[test]
fn the_example_extension_does_all_three_kinds_of_hook_and_rejects() {
    for path in ["before", "after", "override", "reject"] {
        let token = format!("example-{path}-{}", server().address.port());
        let example = Example::start(&token);
        let tenant = example.tenant(path, &token);
        let before = tenant.everything();
        let reply = tenant.put(PATH, &seeds::distributor());
        match path {
            "before" => {
                reply.succeeds(201);
                let customer = tenant.customer(3);
                assert_eq!((&customer["FirstName"], &customer["LastName"]), (&json!("MINCH"), &json!("YODA")));
                assert_eq!(customer["CustomerType"], 1);
            }
            "after" => {
                reply.succeeds(201);
                assert_eq!(tenant.customer(3)["FirstName"], "Minch");
                let log = tenant.rows("select 1 from CRM_AssociateTypeChanges where tenant_id = {tenant}");
                assert_eq!(log.len(), 1);
                // The extension passes on the rejections of the platform.
                let again = tenant.put(PATH, &seeds::distributor());
                assert!(again.message().starts_with("An upgrade from CustomerType 1 to"), "{again:?}");
            }
            "override" => {
                reply.succeeds(201);
                assert_eq!(tenant.everything(), before);
            }
            _ => {
                reply.rejects(500, "Upgrades are closed for this month.");
                assert_eq!(tenant.everything(), before);
            }
        }
    }
}

/// The setting of a shared server: no hook or webhook may reach its private network.
#[test]
fn private_networks_are_unreachable_unless_they_are_allowed() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let folder = tempfile::tempdir().expect("a folder");
    let seed = folder.path().join("seed.json");
    let seed_file = json!({
        "version": 1,
        "tenants": [{
            "name": "demo",
            "keys": [{ "name": "demo", "key": crate::support::process::DEMO_KEY }],
            "extension": {
                "extension_token": "sent-to-it", "directscale_token": "b",
                "hooks": {
                    "Associates.UpdateAssociate": receiver.url("/hook"),
                    "Associates.Enrollment.ValidateApplication": "http://[::ffff:10.0.0.1]/hook"
                }
            },
            "events": { "subscriptions": [{ "url": receiver.url("/events") }], "retry_seconds": [] },
            "customers": [{ "id": 1, "CustomerType": 1, "FirstName": "A", "Username": "a" }]
        }]
    });
    std::fs::write(&seed, seed_file.to_string()).expect("a file");
    let data = folder.path().join("data");
    let arguments = [
        "--data",
        data.to_str().expect("a path"),
        "--seed",
        seed.to_str().expect("a path"),
        "--private-targets",
        "reject",
    ];
    let server = Process::start(&arguments);
    let why = "failed: its address is on a private network, which EMULATOR_PRIVATE_TARGETS rejects.";
    let client = server.client();
    client
        .patch("/v1/customers/1", &json!({ "FirstName": "B" }))
        .rejects(500, &format!("Hook Associates.UpdateAssociate {why}"));
    client
        .post("/v1/customers", &seeds::distributor())
        .rejects(500, &format!("Hook Associates.Enrollment.ValidateApplication {why}"));
    assert_eq!(client.customer(1)["FirstName"], "A");
    client.call("DELETE", "/v1/customers/1", "", None).succeeds(200);
    thread::sleep(Duration::from_secs(1));
    let url = format!("http://{}", server.address);
    let listed = crate::support::process::program(&["webhooks", "list", "demo", "--server", &url]).output();
    let listed = String::from_utf8(listed.expect("the program").stdout).expect("text");
    assert!(listed.contains("failed") && listed.contains("EMULATOR_PRIVATE_TARGETS rejects"), "{listed}");
    assert!(receiver.received().is_empty());
    server.signal("TERM");
    assert!(server.wait().success());
}
