//! Every field of a customer in every place where it appears: POST, PUT, PATCH, upgrade, seed, hooks, webhooks and responses.
//!
//! The list of fields is that of the field table. `facts` matches on the field without a catch-all, so a new field does not
//! compile here until it has an entry, and then every test below checks it.

#![expect(clippy::similar_names, reason = "receiver and received, patch and path")]

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use directscale_emulator::model::{AddressPart, Field};
use serde_json::{Map, Value, json};

use crate::hooks::extended_around;
use crate::support::receiver::Receiver;
use crate::support::{Tenant, seeds, tenant, tenant_of, tenant_with};

/// The documented properties of a field, and its path in each place. `None` where it does not appear.
struct Facts {
    /// Two different values that are both accepted.
    values: [Value; 2],
    /// The path in the response of Get Customer.
    response: Option<String>,
    /// The path in the `Application` of the enrollment hooks.
    application: Option<String>,
    /// The path in the `Associate` of the update hook, and whether an extension can change it there.
    associate: Option<(String, bool)>,
    /// The path in the payload of the webhooks on customers.
    webhook: Option<&'static str>,
    /// Whether PATCH can change it.
    is_patchable: bool,
    /// The maximum number of characters of a free text (docs/API.md); `None` for other fields.
    max_length: Option<usize>,
}

fn facts(field: Field) -> Option<Facts> {
    let name = field.name();
    let text = |max_length: usize| Facts {
        values: [json!(format!("{name} 1")), json!(format!("{name} 2"))],
        response: Some(name.to_owned()),
        application: Some(name.to_owned()),
        associate: Some((name.to_owned(), true)),
        webhook: None,
        is_patchable: true,
        max_length: Some(max_length),
    };
    let other = |first: Value, second: Value| Facts { values: [first, second], max_length: None, ..text(0) };
    let associate = |path: &str| Some((path.to_owned(), true));
    Some(match field {
        Field::BackOfficeId => Facts { webhook: Some("BackOfficeId"), is_patchable: false, ..text(50) },
        Field::BirthDate => other(json!("1973-05-12T00:00:00Z"), json!("1980-02-03T00:00:00Z")),
        Field::CompanyName => Facts { webhook: Some("CompanyName"), ..text(100) },
        Field::CustomerStatus => Facts {
            application: Some("StatusId".to_owned()),
            associate: associate("StatusId"),
            webhook: Some("AssociateStatus"),
            ..other(json!(1), json!(4))
        },
        Field::CustomerType => Facts {
            application: Some("AssociateBaseType".to_owned()),
            associate: associate("AssociateBaseType"),
            webhook: Some("AssociateType"),
            ..other(json!(2), json!(1))
        },
        Field::DefaultShippingAddress(Some(part)) => address(&text, part, "ShippingAddress", "ShipAddress"),
        Field::PrimaryAddress(Some(part)) => address(&text, part, "ApplicantAddress", "Address"),
        Field::AssociateCustom(number @ 1..) => {
            let path = format!("Custom.Field{number}");
            Facts { application: Some(path.clone()), associate: Some((path, true)), ..text(500) }
        }
        // Their parts are separate fields.
        Field::DefaultShippingAddress(None) | Field::PrimaryAddress(None) | Field::AssociateCustom(0) => return None,
        Field::EmailAddress => {
            Facts { webhook: Some("EmailAddress"), ..other(json!("one@fields.example"), json!("two@fields.example")) }
        }
        Field::ExternalReferenceId => Facts {
            application: Some("ExternalId".to_owned()),
            associate: associate("ExternalId"),
            webhook: Some("ExternalReferenceId"),
            is_patchable: false,
            ..text(50)
        },
        Field::FirstName => Facts { associate: associate("DisplayFirstName"), webhook: Some("FirstName"), ..text(100) },
        Field::LanguageCode => other(json!("en"), json!("fr")),
        Field::LastName => Facts { associate: associate("DisplayLastName"), webhook: Some("LastName"), ..text(100) },
        Field::Password => Facts {
            response: None,
            associate: None,
            is_patchable: false,
            ..other(json!("PasswordHere1"), json!("PasswordHere2"))
        },
        Field::PrimaryPhone | Field::SecondaryPhone | Field::TaxId => text(50),
        Field::SendEmails => {
            Facts { application: None, associate: None, is_patchable: false, ..other(json!(false), json!(true)) }
        }
        Field::SignUpDate => Facts {
            response: Some("SignupDate".to_owned()),
            application: Some("SignupDate".to_owned()),
            associate: Some(("SignupDate".to_owned(), false)),
            is_patchable: false,
            ..other(json!("1988-01-01T00:00:00Z"), json!("1990-03-04T05:06:07Z"))
        },
        Field::SponsorId => Facts { associate: None, is_patchable: false, ..other(json!(2), json!(1)) },
        Field::TaxExempt => Facts { application: None, is_patchable: false, ..other(json!(false), json!(true)) },
        Field::TaxExemptId => {
            Facts { application: None, associate: associate("TaxResaleNo"), is_patchable: false, ..text(50) }
        }
        Field::TermsAccepted => Facts {
            application: Some("AcceptTerms".to_owned()),
            associate: Some(("AcceptTerms".to_owned(), false)),
            is_patchable: false,
            ..other(json!(false), json!(true))
        },
        Field::TextPhone => {
            Facts { application: Some("TextNumber".to_owned()), associate: associate("TextNumber"), ..text(50) }
        }
        Field::Username => Facts { associate: None, webhook: Some("Username"), ..text(100) },
        Field::WebAlias => Facts {
            application: Some("WebPageURL".to_owned()),
            associate: None,
            webhook: Some("WebAliases.0"),
            values: [json!("alias-1"), json!("alias-2")],
            ..text(50)
        },
    })
}

fn address(text: &dyn Fn(usize) -> Facts, part: AddressPart, application: &str, associate: &str) -> Facts {
    let (member, max_length) = match part {
        AddressPart::Street1 => ("AddressLine1", Some(200)),
        AddressPart::Street2 => ("AddressLine2", Some(200)),
        AddressPart::Street3 => ("AddressLine3", Some(200)),
        AddressPart::City => ("City", Some(100)),
        AddressPart::Region => ("State", Some(50)),
        AddressPart::PostalCode => ("PostalCode", Some(50)),
        AddressPart::CountryCode => ("CountryCode", None),
    };
    let facts = text(max_length.unwrap_or_default());
    let values = if max_length.is_none() { [json!("US"), json!("CA")] } else { facts.values };
    Facts {
        values,
        application: Some(format!("{application}.{member}")),
        associate: Some((format!("{associate}.{member}"), true)),
        max_length,
        ..facts
    }
}

fn fields() -> impl Iterator<Item = (Field, Facts)> {
    Field::all().filter_map(|field| Some((field, facts(field)?)))
}

/// The value at a path such as `PrimaryAddress.Region` or `WebAliases.0`; null if there is none.
fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    let pointer = format!("/{}", path.replace('.', "/"));
    value.pointer(&pointer).unwrap_or(&Value::Null)
}

/// Sets the value at a path, and creates the objects on the path.
fn set(value: &mut Value, path: &str, new: Value) {
    let mut parts = path.split('.').collect::<Vec<_>>();
    let last = parts.pop().expect("a path");
    let mut inner = value;
    for part in parts {
        if inner[part].is_null() {
            inner[part] = Value::Object(Map::new());
        }
        inner = &mut inner[part];
    }
    inner[last] = new;
}

/// A body with every field: the first values (0) or the second ones (1).
fn body(which: usize) -> Value {
    let mut body = json!({});
    for (field, facts) in fields() {
        set(&mut body, field.name(), facts.values[which].clone());
    }
    body
}

/// Every field with a path has the value of `body` in `actual`.
#[track_caller]
fn assert_fields(body: &Value, actual: &Value, path: impl Fn(&Facts) -> Option<String>) {
    let wrong: Vec<String> = fields()
        .filter_map(|(field, facts)| {
            let path = path(&facts)?;
            let (expected, found) = (at(body, field.name()), at(actual, &path));
            (expected != found).then(|| format!("{field}: {found} instead of {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Get Customer returns the values of `body`, and its password is valid.
#[track_caller]
fn assert_stored(tenant: &Tenant, id: i64, body: &Value) {
    assert_fields(body, &tenant.customer(id), |facts| facts.response.clone());
    let login = json!({ "username": body["Username"], "password": body["Password"] });
    tenant.post("/v1/validate/login", &login).succeeds(200);
}

/// The paths at which two values differ.
fn differences(before: &Value, after: &Value) -> BTreeSet<String> {
    fn walk(before: &Value, after: &Value, path: &str, found: &mut BTreeSet<String>) {
        match (before, after) {
            (Value::Object(before), Value::Object(after)) => {
                for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    let of = |members: &Map<String, Value>| members.get(name).cloned().unwrap_or_default();
                    walk(&of(before), &of(after), &path, found);
                }
            }
            _ if before != after => drop(found.insert(path.to_owned())),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(before, after, "", &mut found);
    found
}

#[test]
fn post_put_and_upgrade_write_every_field() {
    let tenant = tenant();
    let id = tenant.create(&body(1));
    assert_stored(&tenant, id, &body(1));
    // Back to the first values, with booleans that become false.
    tenant.put(&format!("/v1/customers/{id}"), &body(0)).succeeds(200);
    assert_stored(&tenant, id, &body(0));
    tenant.put(&format!("/v1/customers/{id}"), &body(1)).succeeds(200);
    assert_stored(&tenant, id, &body(1));

    let tenant = self::tenant();
    let id = tenant.create(&body(0));
    assert_stored(&tenant, id, &body(0));
    tenant.put(&format!("/v1/customers/upgrade/{id}"), &body(1)).succeeds(201);
    assert_stored(&tenant, id, &body(1));
}

#[test]
fn patch_writes_the_field_that_is_sent_and_no_other() {
    let tenant = tenant();
    let id = tenant.create(&body(0));
    let path = format!("/v1/customers/{id}");
    for (field, facts) in fields() {
        let before = tenant.customer(id);
        let mut patch = json!({});
        // An address must be sent as a whole.
        if matches!(field, Field::PrimaryAddress(_) | Field::DefaultShippingAddress(_)) {
            let whole = field.whole().name();
            patch[whole].clone_from(&before[whole]);
        }
        set(&mut patch, field.name(), facts.values[1].clone());
        let reply = tenant.patch(&path, &patch).succeeds(200);
        let after = tenant.customer(id);
        let mut differ = differences(&before, &after);
        // A status that is no longer active sets this date.
        differ.remove("InactiveDate");
        if facts.is_patchable {
            let path = facts.response.expect("a path");
            assert_eq!(at(&after, &path), &facts.values[1], "{field}");
            assert_eq!(differ, BTreeSet::from([path]), "{field}");
        } else {
            assert_eq!(differ, BTreeSet::new(), "{field}");
            let ignored = reply.header("X-Emulator-Ignored").unwrap_or_default();
            assert!(
                ignored.split(", ").any(|entry| entry.split(' ').next() == Some(field.name())),
                "{field}: {ignored}"
            );
        }
    }
}

#[test]
fn every_text_has_its_documented_length_and_no_control_characters() {
    let tenant = tenant();
    let before = tenant.everything();
    for (field, facts) in fields() {
        let Some(max_length) = facts.max_length else { continue };
        let mut long = body(0);
        set(&mut long, field.name(), json!("x".repeat(max_length + 1)));
        let message = format!("{field} must be at most {max_length} characters long.");
        tenant.post("/v1/customers", &long).rejects(500, &message);
        let mut control = body(0);
        set(&mut control, field.name(), json!("a\u{1}b"));
        let reply = tenant.post("/v1/customers", &control);
        assert!(reply.status == 500 && reply.message().starts_with(field.name()), "{field}: {reply:?}");
    }
    assert_eq!(tenant.everything(), before);
    for (field, facts) in fields() {
        let Some(max_length) = facts.max_length else { continue };
        let mut longest = body(1);
        set(&mut longest, field.name(), json!("x".repeat(max_length)));
        let reply = tenant.call("POST", "/v1/customers", "Prefer: tx=rollback\r\n", Some(&longest.to_string()));
        assert_eq!(reply.status, 201, "{field}: {reply:?}");
    }
}

#[test]
fn a_plan_can_require_every_field_and_patch_cannot_blank_it() {
    for (field, facts) in fields() {
        let tenant = tenant_with(json!({ "required": { field.name(): [1, 2, 3] } }));
        let mut missing = body(0);
        set(&mut missing, "TermsAccepted", json!(true));
        set(&mut missing, field.name(), Value::Null);
        let before = tenant.everything();
        // Without a type, the message cannot name it.
        let of_type = if field == Field::CustomerType { "" } else { " for CustomerType 2" };
        tenant.post("/v1/customers", &missing).rejects(500, &format!("{field} is required{of_type}."));
        assert_eq!(tenant.everything(), before, "{field}");

        let is_part = matches!(field, Field::PrimaryAddress(_) | Field::DefaultShippingAddress(_));
        if facts.is_patchable && !is_part && !matches!(field, Field::AssociateCustom(_)) {
            let mut patch = json!({});
            set(&mut patch, field.name(), Value::Null);
            tenant.patch("/v1/customers/3", &patch).rejects(500, &format!("{field} is required."));
            assert_eq!(tenant.everything(), before, "{field}");
        }
    }
}

#[test]
fn a_seed_stores_every_field() {
    let root = |id: i32, name: &str, sponsor: Value| {
        json!({
            "id": id, "CustomerType": 1, "FirstName": name, "LastName": "Root", "Username": name, "SponsorId": sponsor,
            "EmailAddress": format!("{name}@roots.example")
        })
    };
    let mut customers = vec![root(1, "top", Value::Null), root(2, "below", json!(1))];
    for (which, id) in [(0, 3), (1, 4)] {
        let mut customer = body(which);
        customer["id"] = json!(id);
        customers.push(customer);
    }
    let tenant = tenant_of(json!({ "customers": customers }));
    assert_stored(&tenant, 3, &body(0));
    assert_stored(&tenant, 4, &body(1));
}

#[test]
fn the_enrollment_hooks_send_every_field_and_store_its_changes() {
    for (hook, is_upgrade) in
        [("Associates.Enrollment.WriteApplication", false), ("Associates.Enrollment.UpdateAssociateBaseType", true)]
    {
        let (tenant, receiver) = extended_around(&[hook], |request| {
            for (field, facts) in fields() {
                if let Some(path) = facts.application
                    && field != Field::CustomerType
                    && field != Field::TermsAccepted
                {
                    set(&mut request["Application"], &path, facts.values[0].clone());
                }
            }
        });
        let mut sent = body(1);
        set(&mut sent, "SendEmails", json!(true));
        let id = if is_upgrade {
            tenant.put("/v1/customers/upgrade/3", &sent).succeeds(201);
            3
        } else {
            tenant.create(&sent)
        };
        let received = receiver.received();
        let request = received[0].json();
        assert_fields(&sent, &request["Application"], |facts| facts.application.clone());
        assert_eq!(request["SendEmails"], true, "{hook}");
        // The changes of the extension are stored, together with the fields that it was not sent.
        let mut expected = sent;
        for (field, facts) in fields() {
            if facts.application.is_some() && field != Field::CustomerType && field != Field::TermsAccepted {
                set(&mut expected, field.name(), facts.values[0].clone());
            }
        }
        assert_stored(&tenant, id, &expected);
    }
}

/// .NET code writes blank members for values that it did not set. They count as absent.
#[test]
fn blank_members_of_an_application_are_absent() {
    let blank = |name: &str| json!(if name.len().is_multiple_of(2) { "" } else { "  " });
    let texts = || fields().filter(|(_, facts)| facts.max_length.is_some() && facts.application.is_some());
    for (field, facts) in texts() {
        let path = facts.application.clone().expect("a path");
        let (tenant, _) = extended_around(
            &["Associates.Enrollment.ValidateApplication", "Associates.Enrollment.WriteApplication"],
            move |request| set(&mut request["Application"], &path, blank(field.name())),
        );
        let id = tenant.try_create_or_rejection(&body(1), field);
        let Some(id) = id else { continue };
        let stored = tenant.customer(id);
        let value = at(&stored, facts.response.as_deref().expect("a path")).clone();
        // The defaults: a generated BackOfficeId, the primary phone, and the username as alias.
        match field {
            Field::BackOfficeId => assert_eq!(value, "15F95"),
            Field::TextPhone => assert_eq!(value, "PrimaryPhone 2"),
            Field::WebAlias => assert_eq!(value, "Username2"),
            _ => assert!(value.is_null() || value == "", "{field}: {value}"),
        }
    }
}

impl Tenant {
    /// The id of the new customer, or `None` when it is rejected because the field is required.
    #[track_caller]
    fn try_create_or_rejection(&self, body: &Value, field: Field) -> Option<i64> {
        let reply = self.post("/v1/customers", body);
        if reply.status == 201 {
            return reply.body.parse().ok();
        }
        let expected = format!("{field} is required for CustomerType 1.");
        assert!(reply.message().starts_with(&expected), "{field}: {reply:?}");
        None
    }
}

#[test]
fn the_update_hook_sends_every_field_and_stores_its_changes() {
    const HOOK: &str = "Associates.UpdateAssociate";
    let writable =
        || fields().filter(|(_, facts)| facts.associate.as_ref().is_some_and(|(_, is_writable)| *is_writable));
    let path = |facts: &Facts| facts.associate.as_ref().map(|(path, _)| path.clone());

    // The extension receives the new values and does not change them.
    let (tenant, receiver) = extended_around(&[HOOK], |_| {});
    let id = tenant.create(&body(0));
    tenant.put(&format!("/v1/customers/{id}"), &body(1)).succeeds(200);
    let request = receiver.received()[0].json();
    assert_fields(&body(0), &request["OldAssociateInfo"], path);
    assert_fields(&body(1), &request["UpdatedAssociateInfo"], path);
    assert_stored(&tenant, id, &body(1));

    // The extension changes every member that it may change.
    let (tenant, _) = extended_around(&[HOOK], move |request| {
        for (_, facts) in writable() {
            set(&mut request["UpdatedAssociateInfo"], &path(&facts).expect("a path"), facts.values[1].clone());
        }
    });
    let mut expected = body(0);
    // The extension changes the type to distributor, which requires accepted terms.
    expected["TermsAccepted"] = json!(true);
    let id = tenant.create(&expected);
    tenant.put(&format!("/v1/customers/{id}"), &expected).succeeds(200);
    for (field, facts) in writable() {
        set(&mut expected, field.name(), facts.values[1].clone());
    }
    assert_stored(&tenant, id, &expected);
}

#[test]
fn the_update_hook_on_patch_sends_every_field_and_stores_its_changes() {
    const HOOK: &str = "Associates.UpdateAssociate";
    let patchable = || fields().filter(|(_, facts)| facts.is_patchable);
    let path = |facts: &Facts| facts.associate.as_ref().filter(|_| facts.is_patchable).map(|(path, _)| path.clone());
    let patch = |which: usize| {
        let mut patch = json!({});
        for (field, facts) in patchable() {
            set(&mut patch, field.name(), facts.values[which].clone());
        }
        patch
    };

    let (tenant, receiver) = extended_around(&[HOOK], |_| {});
    let id = tenant.create(&body(0));
    tenant.patch(&format!("/v1/customers/{id}"), &patch(1)).succeeds(200);
    let request = receiver.received()[0].json();
    assert_fields(&patch(0), &request["OldAssociateInfo"], path);
    assert_fields(&patch(1), &request["UpdatedAssociateInfo"], path);
    let stored = tenant.customer(id);
    assert_fields(&patch(1), &stored, |facts| facts.response.clone().filter(|_| facts.is_patchable));

    // The extension's changes of patchable fields are stored, even of fields that the PATCH did not send.
    let (tenant, _) = extended_around(&[HOOK], move |request| {
        for (_, facts) in fields() {
            if let Some(path) = path(&facts) {
                set(&mut request["UpdatedAssociateInfo"], &path, facts.values[1].clone());
            }
        }
    });
    let id = tenant.create(&body(0));
    tenant.patch(&format!("/v1/customers/{id}"), &json!({ "FirstName": "Sent" })).succeeds(200);
    let stored = tenant.customer(id);
    assert_fields(&patch(1), &stored, |facts| path(facts).and(facts.response.clone()));
}

/// An extension that returns blanks for empty values has changed nothing.
#[test]
fn blank_members_of_an_associate_are_no_change() {
    let texts = || fields().filter(|(_, facts)| facts.max_length.is_some());
    let (tenant, _) = extended_around(&["Associates.UpdateAssociate"], move |request| {
        for (_, facts) in texts() {
            if let Some((path, true)) = &facts.associate
                && at(&request["UpdatedAssociateInfo"], path).is_null()
            {
                set(&mut request["UpdatedAssociateInfo"], path, json!(" "));
            }
        }
    });
    let before = tenant.everything();
    // The PATCH would be rejected if an unsupported field counted as changed.
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "Riley" })).succeeds(200);
    let texts_of = |value: Value| {
        let mut rows = value["customers"].clone();
        for row in rows.as_array_mut().expect("rows") {
            row.as_object_mut().expect("a row").remove("modified_at");
        }
        rows
    };
    assert_eq!(texts_of(tenant.everything()), texts_of(before));
}

#[test]
fn webhooks_send_every_field_of_their_payload() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let subscriptions = json!([{ "url": receiver.url("/webhooks"), "secret": "webhook-secret" }]);
    let tenant = tenant_of(json!({ "events": { "subscriptions": subscriptions } }));
    let payload = |event_type: &str| {
        let start = Instant::now();
        loop {
            let received = receiver.received();
            let mut payloads = received.iter().map(crate::support::receiver::Received::json);
            if let Some(payload) = payloads.rfind(|payload| payload["EventType"] == event_type) {
                return payload;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "no {event_type}");
            thread::sleep(Duration::from_millis(20));
        }
    };
    let path = |facts: &Facts| facts.webhook.map(str::to_owned);
    let id = tenant.create(&body(0));
    assert_fields(&body(0), &payload("CreateAssociateEvent"), path);
    tenant.put(&format!("/v1/customers/{id}"), &body(1)).succeeds(200);
    assert_fields(&body(1), &payload("UpdateAssociateEvent"), path);
}

/// The vendor's full sample has every field except these.
#[test]
fn the_printed_sample_has_the_fields_of_the_table() {
    let sample = seeds::full();
    let unprinted: Vec<&str> =
        fields().filter(|(field, _)| at(&sample, field.name()).is_null()).map(|(field, _)| field.name()).collect();
    assert_eq!(
        unprinted,
        [
            "DefaultShippingAddress.Street3",
            "PrimaryAddress.Street3",
            "AssociateCustom.Field3",
            "AssociateCustom.Field4",
            "AssociateCustom.Field5",
            "AssociateCustom.Field6",
            "AssociateCustom.Field7",
            "AssociateCustom.Field8",
            "AssociateCustom.Field9",
            "AssociateCustom.Field10"
        ]
    );
}
