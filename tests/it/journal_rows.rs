//! The rows that the journal compares: their texts are those that Postgres writes.

use directscale_emulator::journal::RowBytes;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::server::server;
use crate::support::{seeds, tenant};

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
