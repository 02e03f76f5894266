//! Dates in bodies and in query parameters.

use serde_json::json;

use super::{bydesign, storm};
use crate::support::tenant;

const UNSET: &str = "1900-01-01T00:00:00Z";

#[test]
fn directscale_reads_dates_as_json_net_does() {
    let tenant = tenant();
    for (text, returned) in [
        ("1973-05-12 00:00:00", "1973-05-12T00:00:00Z"),
        ("1973-05-12T00:00:00+0000", "1973-05-12T00:00:00Z"),
        ("1973-05-12T01:00:00+01:00", "1973-05-12T00:00:00Z"),
        ("1973-05-12T00:00", "1973-05-12T00:00:00Z"),
        ("1973-05-12T00:00Z", "1973-05-12T00:00:00Z"),
        ("1973-05-12", "1973-05-12T00:00:00Z"),
        ("1973-05-12T00:00:00.1", "1973-05-12T00:00:00Z"),
        ("1973-05-12T00:00:00.1234567Z", "1973-05-12T00:00:00Z"),
        ("/Date(106012800000)/", "1973-05-12T00:00:00Z"),
        ("/Date(106012800000-0700)/", "1973-05-12T00:00:00Z"),
        ("05/12/1973", "1973-05-12T00:00:00Z"),
        ("5/12/1973 1:30:00 PM", "1973-05-12T13:30:00Z"),
        ("Sat, 12 May 1973 00:00:00 GMT", "1973-05-12T00:00:00Z"),
        ("0001-01-01T00:00:00", UNSET),
        ("0001-01-01T00:00:00Z", UNSET),
        ("0001-01-01T00:00:00+01:00", UNSET),
        ("0001-01-01T00:00:00-08:00", UNSET),
        ("/Date(-62135596800000)/", UNSET),
        (UNSET, UNSET),
    ] {
        tenant.patch("/v1/customers/3", &json!({ "BirthDate": text })).succeeds(200);
        assert_eq!(tenant.customer(3)["BirthDate"], returned, "{text}");
    }
    let before = tenant.everything();
    for text in ["yesterday", "12.05.1973", "1973-02-30", "1973-05-12T25:00", "/Date(x)/", "19730512", "13/13/1973"] {
        let message = "BirthDate must be a date such as 2020-02-20T15:47:52Z.";
        tenant.patch("/v1/customers/3", &json!({ "BirthDate": text })).rejects(500, message);
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn query_parameters_are_read_by_the_same_reader() {
    let tenant = tenant();
    for text in [
        "2020-01-01%2000:00:00",
        "2020-01-01T00:00:00%2B0000",
        "2020-01-01T00:00",
        "2020-01-01T00:00:00.1234567Z",
        "/Date(1577836800000)/",
        "%2FDate(1577836800000%2B0100)%2F",
        "01/01/2020",
    ] {
        let ids = tenant.get(&format!("/v1/customers/customer-ids?modifiedSince={text}")).succeeds(200);
        assert_eq!(ids.json(), json!([1, 2, 3, 4]), "{text}");
        tenant.get(&format!("/v1/customers/3/stats?date={text}")).succeeds(200);
    }
    let message = "date must be a date such as 2020-02-20T15:47:52Z.";
    tenant.get("/v1/customers/3/stats?date=soon").rejects(500, message);
}

#[test]
fn bydesign_reads_the_same_forms_in_json_xml_and_forms() {
    let tenant = tenant();
    let target = bydesign(&tenant);
    for (text, returned) in [
        ("1973-05-12 00:00:00", "1973-05-12T00:00:00-04:00"),
        ("1973-05-12T00:00:00Z", "1973-05-12T00:00:00-04:00"),
        ("1973-05-12T00:00:00+0000", "1973-05-11T20:00:00-04:00"),
        ("1973-05-12T10:20", "1973-05-12T10:20:00-04:00"),
        ("/Date(106012800000)/", "1973-05-12T00:00:00-04:00"),
        ("05/12/1973 00:00:00", "1973-05-12T00:00:00-04:00"),
    ] {
        for (content_type, body) in [
            ("application/json", json!({ "DateOfBirth": text }).to_string()),
            (
                "text/xml",
                format!("<CustomerCreationViewModel><DateOfBirth>{text}</DateOfBirth></CustomerCreationViewModel>"),
            ),
            (
                "application/x-www-form-urlencoded",
                form_urlencoded::Serializer::new(String::new()).append_pair("DateOfBirth", text).finish(),
            ),
        ] {
            let headers = format!("Content-Type: {content_type}\r\nAccept: application/json\r\n");
            let reply = target.send(&headers, body.as_bytes());
            assert_eq!((reply.status, reply.json()["DateOfBirth"].as_str()), (200, Some(returned)), "{body}");
        }
    }
    for text in ["0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00-05:00", "01/01/0001 00:00:00"] {
        let body = json!({ "DateOfBirth": text }).to_string();
        let reply = target.send("Content-Type: text/json\r\nAccept: application/json\r\n", body.as_bytes());
        assert_eq!((reply.status, &reply.json()["DateOfBirth"]), (200, &json!(null)), "{text}");
    }
}

#[test]
fn storm_reads_unset_dates_with_any_offset_and_no_other_forms() {
    let tenant = tenant();
    let target = storm(&tenant);
    let send = |text: &str| target.send("", json!({ "Id": 3, "Created": text }).to_string().as_bytes());
    for text in ["0001-01-01T00:00:00+01:00", "/Date(-62135596800000)/", "/Date(-62135600400000+0100)/"] {
        let reply = send(text);
        // Unset dates are not ignored members.
        assert_eq!((reply.status, reply.header("X-Emulator-Ignored")), (200, None), "{text}: {reply:?}");
    }
    for text in ["1973-05-12 00:00:00", "05/12/1973", "Sat, 12 May 1973 00:00:00 GMT"] {
        assert!(send(text).body.contains("Created must be a date such as"), "{text}");
    }
}
