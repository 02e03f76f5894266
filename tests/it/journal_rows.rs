//! The rows that the journal compares: their texts are those that Postgres writes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use directscale_emulator::journal::RowBytes;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::server::server;
use crate::support::{Tenant, seeds, tenant, with};

/// The tables of which requests record rows.
const RECORDED: [&str; 8] = [
    "companies",
    "crm_associatetypechanges",
    "customer_keys",
    "customer_profiles",
    "customers",
    "reward_points",
    "sponsor_tree",
    "sso_tokens",
];

/// A column of a type that `RowBytes` cannot read fails here before a request shows it.
#[test]
fn every_column_of_every_table_is_read() {
    let tenant = tenant();
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    tenant.post("/v1/customers/3/reward-points", &json!({ "pointsToAdd": 5 })).succeeds(201);
    tenant.get("/v1/sso/3").succeeds(200);
    let company = json!({ "Key": Uuid::max(), "Companies": [{ "Name": "Acme", "OrgNo": "5566" }] });
    let created = tenant.storm().post("/CustomerService.svc/rest/CreateCustomer", &company);
    assert_eq!(created.status, 200, "{created:?}");
    for table in server().rows("select table_name from emulator_tables()") {
        let table = table["table_name"].as_str().expect("a name");
        let casts = server().rows(&format!(
            "select string_agg('t.' || quote_ident(attname) || '::text', ', ' order by attnum) as list
               from pg_attribute where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped"
        ));
        let casts = casts[0]["list"].as_str().expect("a list");
        let read = compare("t", casts, &format!("(select * from {table} where tenant_id = {} limit 300) t", tenant.id));
        assert!(read > 0 || !RECORDED.contains(&table), "{table} has no row");
    }
}

#[test]
fn no_type_is_unknown() {
    let known = ["bool", "bytea", "int4", "int8", "jsonb", "numeric", "_text", "text", "timestamptz", "uuid"];
    let types = server().rows(
        "select distinct y.typname from emulator_tables() e
           join pg_attribute a on a.attrelid = e.table_name::regclass and a.attnum > 0 and not a.attisdropped
           join pg_type y on y.oid = a.atttypid",
    );
    for kind in types {
        let kind = kind["typname"].as_str().expect("a name");
        assert!(known.contains(&kind), "src/journal/row_texts.rs does not read {kind}");
    }
}

#[test]
fn every_value_has_the_text_that_postgres_writes() {
    let values: [(&str, &[&str]); 11] = [
        ("integer", &["0", "-1", "2147483647", "'-2147483648'", "null"]),
        ("bigint", &["0", "'-9223372036854775808'", "9223372036854775807"]),
        ("boolean", &["true", "false", "null"]),
        (
            "numeric",
            &["0", "0.0000", "1", "-1", "9999", "10000", "10001.5", "0.0001", "0.00010", "-0.00000001", "1e20", "1.50"],
        ),
        ("numeric(18, 4)", &["0", "5", "0.1", "-99999999999999.9999", "10000", "100000000", "12345678.0042"]),
        ("text", &["''", "'é€😀'", r"E'a\nb'", "null"]),
        ("uuid", &["'00000000-0000-0000-0000-000000000000'", "'ABCDEF01-2345-6789-abcd-ef0123456789'"]),
        ("bytea", &["''", r"'\x00ff7f'"]),
        ("jsonb", &["'{}'", r#"'[1, "é", null, {"b": 1.50, "a": true}]'"#, r#"'"text"'"#]),
        (
            "timestamptz",
            &[
                "'1970-01-01 00:00:00+00'",
                "'1969-12-31 23:59:59.999999+00'",
                "'2000-01-01 00:00:00.1+02'",
                "'2026-11-22 05:00:00.25+00'",
                "'0001-01-01 00:00:00+00'",
                "'0001-12-31 23:00:00+00 BC'",
                "'0044-03-15 12:00:00.000001+00 BC'",
                "'9999-12-31 23:59:59.999999+00'",
                "'12345-01-02 03:04:05+00'",
                "'infinity'",
                "'-infinity'",
                "null",
            ],
        ),
        (
            "text[]",
            &[
                "'{}'",
                "array['CustomField Content', null]",
                "array[null, 'null', 'NULL', 'nULl', 'nullx', '', ' ', 'a b', 'a,b', '{', '}', '\"', E'\\\\', 'é', 'a''b']",
                r"array[E'a\tb', E'\n', E'\r', E'\v', E'\f', 'plain']",
            ],
        ),
    ];
    for (kind, values) in values {
        let rows: Vec<String> = values.iter().map(|value| format!("(({value})::{kind})")).collect();
        let read = compare("u", "u.v::text", &format!("(values {}) u (v)", rows.join(", ")));
        assert_eq!(read, values.len(), "{kind}");
    }
}

/// Compares each row of `from` as it is read with its texts, which Postgres writes in UTC. Returns the number of rows.
fn compare(row: &str, casts: &str, from: &str) -> usize {
    let rows = server().rows(&format!(
        "with utc as materialized (select set_config('TimeZone', 'UTC', true))
         select encode(record_send({row}), 'hex') as bytes, array[{casts}] as texts from utc, {from}"
    ));
    for row in &rows {
        let bytes = row["bytes"].as_str().expect("a text").as_bytes().chunks(2);
        let bytes: Vec<u8> = bytes
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("a number"))
            .collect();
        let texts: Value = RowBytes::from(bytes).texts().into();
        assert_eq!(texts, row["texts"], "{from}");
    }
    rows.len()
}

/// Postgres does not return what a write of a customer sent.
#[test]
fn a_change_is_what_a_write_stored() {
    let tenant = tenant();
    let writes = |method: &str, path: &str, body: &Value| {
        let before = stored(&tenant);
        let reply = tenant.call(method, path, "", Some(&body.to_string()));
        assert!(reply.status < 300, "{reply:?}");
        let (after, mut changes) = (stored(&tenant), shown(&tenant));
        for (column, value) in &after {
            let change = (before[column] != *value).then(|| (before[column].clone(), value.clone()));
            match changes.remove(column) {
                Some((was, is)) if is.to_string().contains("•••") => {
                    assert!(change.is_some(), "{column} of {body} was {was}");
                }
                shown => assert_eq!(shown, change, "{column} of {body}"),
            }
        }
        assert_eq!(changes, BTreeMap::new(), "{body}");
    };
    writes("PUT", "/v1/customers/upgrade/3", &seeds::distributor());
    let replacement = seeds::full();
    writes("PUT", "/v1/customers/3", &replacement);
    // Only the time changes, and the salt of the password.
    writes("PUT", "/v1/customers/3", &replacement);
    assert_eq!(shown(&tenant).into_keys().collect::<Vec<_>>(), ["modified_at", "password_hash"]);
    for fields in [
        json!({ "BackOfficeId": null, "CustomerStatus": null, "SignUpDate": null }),
        json!({ "BackOfficeId": "A new one", "CustomerStatus": 4, "SendEmails": false, "PrimaryPhone": null }),
        json!({ "BirthDate": "1969-07-20T20:17:40.123456789Z", "SignUpDate": "2020-02-03T04:05:06.0000019Z" }),
        json!({ "AssociateCustom": { "Field2": "é", "Field10": "a, b" }, "CompanyName": null }),
        json!({ "AssociateCustom": {} }),
    ] {
        writes("PUT", "/v1/customers/3", &with(&replacement, fields));
    }
    for fields in [
        seeds::patch(),
        json!({ "AssociateCustom": { "Field3": "three" } }),
        json!({ "AssociateCustom": { "Field3": null, "Field4": "four" } }),
        json!({ "AssociateCustom": { "Field4": null } }),
        json!({ "BirthDate": "1969-07-20T20:17:40.123456789Z", "CustomerStatus": 1 }),
        json!({ "CustomerStatus": 4, "EmailAddress": "Another@Example.com", "TaxExempt": true }),
        json!({ "PrimaryAddress": { "Street2": "Second floor" }, "Password": "AnotherOne2" }),
    ] {
        writes("PATCH", "/v1/customers/3", &fields);
    }
}

/// The columns of customer 3.
fn stored(tenant: &Tenant) -> BTreeMap<String, Value> {
    let mut rows = server().rows(&format!(
        "select to_jsonb(c) - 'version' || jsonb_build_object('custom_fields', c.custom_fields::text) as customer
           from customers c where tenant_id = {} and customer_id = 3",
        tenant.id
    ));
    let Value::Object(columns) = rows[0]["customer"].take() else { panic!("{rows:?}") };
    columns.into_iter().map(|(column, value)| (column, in_microseconds(value))).collect()
}

/// The values of the customer before and after the last request, by column.
fn shown(tenant: &Tenant) -> BTreeMap<String, (Value, Value)> {
    let changes = tenant.requests("")[0]["changes"].clone();
    let change = changes.as_array().expect("changes").iter().find(|change| change["table"] == "customers");
    let change = change.unwrap_or_else(|| panic!("{changes}"));
    assert_eq!(change["id"], "3");
    let values = |field: &Value| {
        let name = field["field"].as_str().expect("a name").to_owned();
        (name, (in_microseconds(field["before"].clone()), in_microseconds(field["after"].clone())))
    };
    change["fields"].as_array().expect("fields").iter().map(values).collect()
}

/// A date as a number, because there are several texts of it.
fn in_microseconds(value: Value) -> Value {
    let date = value.as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok());
    date.map_or(value, |date| date.timestamp_micros().into())
}
