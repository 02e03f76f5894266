//! Look-ups, public information, and the tenant's settings.

use serde_json::{Value, json};

use super::{FORMATS, Format, JSON, LOOK_UP, XML, api_result, casey, http_error, id_of};
use crate::support::{tenant, tenant_with, with};

#[test]
fn customers_are_looked_up_by_e_mail_address() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let created = client.created(&casey());
    let before = tenant.everything();
    assert_eq!(client.post(LOOK_UP, &json!({ "Email": "unknown@bydesign.example" })).says(200, JSON), "[]");
    assert_eq!(client.post(LOOK_UP, &json!({ "Email": "not an address" })).says(200, JSON), "[]");
    for (format, body) in FORMATS.into_iter().zip([
        r#"{"email":" CASEY@bydesign.example "}"#,
        "<CustomerLookupModel><Email>casey@bydesign.example</Email></CustomerLookupModel>",
        "Email=casey%40bydesign.example",
    ]) {
        let reply =
            client.call("POST", LOOK_UP, &format!("{}Accept: application/json\r\n", format.header()), Some(body));
        assert_eq!(
            serde_json::from_str::<Value>(&reply.says(200, JSON)).expect("JSON"),
            json!([created]),
            "{format:?}"
        );
    }
    let headers = format!("{}Accept: application/xml\r\n", Format::Json.header());
    let xml = |email: &str| {
        client.call("POST", LOOK_UP, &headers, Some(&json!({ "Email": email }).to_string())).says(200, XML)
    };
    assert_eq!(xml("unknown@bydesign.example"), "<ArrayOfCustomer />");
    let found = xml("casey@bydesign.example");
    let id = id_of(&created);
    assert!(
        found.starts_with(&format!(
            "<ArrayOfCustomer><Customer><CustomerID>{id}</CustomerID><CustomerDID>{id}</CustomerDID>"
        )),
        "{found}"
    );
    assert!(found.ends_with("<EmailOptOut_Upline>False</EmailOptOut_Upline></Customer></ArrayOfCustomer>"), "{found}");
    // The address is required.
    for body in [json!({}), json!({ "Email": " " }), json!({ "Email": null }), json!({ "Mail": "x" })] {
        let rejected = client.post(LOOK_UP, &body).says(400, JSON);
        assert_eq!(rejected, api_result(&[("EMAIL_REQUIRED", "The Email field is required.")])[0], "{body}");
    }
    let reply = client.call(
        "POST",
        LOOK_UP,
        &format!("{}Accept: text/json\r\n", Format::Xml.header()),
        Some("<CustomerCreationViewModel/>"),
    );
    assert!(
        reply.body.contains("the root element is 'CustomerCreationViewModel', not 'CustomerLookupModel'"),
        "{reply:?}"
    );
    assert_eq!(tenant.everything(), before);
    // Another tenant does not have the customer.
    let other = crate::support::tenant();
    assert_eq!(other.bydesign().post(LOOK_UP, &json!({ "Email": "casey@bydesign.example" })).says(200, JSON), "[]");
}

#[test]
fn public_information_has_names_and_place() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let path = "/api/customer/PublicInfo/GetInfo";
    let expected = r#"{"CustomerDID":"2","DisplayName":"Dana Distributor","FirstName":"Dana","LastName":"Distributor","City":"Lindon","State":"UT","Country":"USA","Email":"dana@demo.example"}"#;
    for query in ["CustomerDID=2", "customerdid=15f92", "x=1&CustomerDID=%2015F92", "CUSTOMERDID=2&CustomerDID=3"] {
        assert_eq!(client.get(&format!("{path}?{query}")).says(200, JSON), expected, "{query}");
    }
    let reply = client.call("GET", &format!("/X{path}?CustomerDID=2"), "Accept: text/xml\r\n", None);
    assert_eq!(
        reply.says(200, "text/xml; charset=utf-8"),
        "<PublicInfo><CustomerDID>2</CustomerDID><DisplayName>Dana Distributor</DisplayName><Company />\
         <FirstName>Dana</FirstName><LastName>Distributor</LastName><City>Lindon</City><State>UT</State>\
         <Country>USA</Country><Phone /><Email>dana@demo.example</Email></PublicInfo>"
    );
    let created = client.created(&with(&casey(), json!({ "Company": "C & Co", "Phone1": "1", "BillingCity": "Lindon", "ShippingCity": "Orem", "TaxID": "SECRET" })));
    let info = client.get(&format!("{path}?CustomerDID={}", id_of(&created))).json();
    assert_eq!(
        (&info["Company"], &info["Phone"], &info["City"], info.to_string().contains("SECRET")),
        (&json!("C & Co"), &json!("1"), &json!("Lindon"), false)
    );
    for unknown in ["99", "0", "-1", "unknown", "99999999999", "%00", "%FF"] {
        let [json, _] = http_error("No customer has this CustomerDID.");
        assert_eq!(client.get(&format!("{path}?CustomerDID={unknown}")).says(404, JSON), json, "{unknown}");
    }
    for missing in ["", "?", "?CustomerDID=", "?CustomerDID=%20", "?DID=2"] {
        let [json, _] = api_result(&[("CUSTOMER_DID_REQUIRED", "The CustomerDID field is required.")]);
        assert_eq!(client.get(&format!("{path}{missing}")).says(400, JSON), json, "{missing}");
    }
}

#[test]
fn the_tenants_types_are_listed() {
    let tenant = tenant();
    let client = tenant.bydesign();
    // The default plan upgrades from type 2 to type 1.
    let types = [
        (1, "Distributor", "D", false, true),
        (2, "Retail Customer", "RC", true, false),
        (3, "Preferred Customer", "PC", false, false),
    ];
    let of = |(id, name, short, from, to): (i32, &str, &str, bool, bool)| {
        format!(
            r#"{{"ID":{id},"Description":"{name}","Abbreviation":"{short}","OrderType":"Standard","AutoShipOrderType":"AutoShip","#
        ) + &format!(r#""IsExtranet":false,"IsAllowUpdateFrom":{from},"IsAllowUpdateTo":{to},"#)
            + r#""IsAllowNewProfileFromExt":true,"DateCreated":"0001-01-01T00:00:00"}"#
    };
    let all = types.map(of);
    assert_eq!(client.get("/api/Admin/CustomerType").says(200, JSON), format!("[{}]", all.join(",")));
    for (id, one) in (1..).zip(&all) {
        assert_eq!(&client.get(&format!("/api/Admin/CustomerType/{id}")).says(200, JSON), one);
    }
    let xml = client.call("GET", "/api/Admin/CustomerType/1", "Accept: application/xml\r\n", None).says(200, XML);
    assert_eq!(
        xml,
        "<CustomerType><ID>1</ID><Description>Distributor</Description><Abbreviation>D</Abbreviation>\
         <OrderType>Standard</OrderType><AutoShipOrderType>AutoShip</AutoShipOrderType><IsExtranet>False</IsExtranet>\
         <IsAllowUpdateFrom>False</IsAllowUpdateFrom><IsAllowUpdateTo>True</IsAllowUpdateTo>\
         <IsAllowNewProfileFromExt>True</IsAllowNewProfileFromExt><ProgrammingKey />\
         <DefaultAutoShipCreditAccountIDOverride /><CreatedBy /><DateCreated>01/01/0001 00:00:00</DateCreated>\
         <LastModifiedBy /><DateLastModified /></CustomerType>"
    );
    let upgrades = tenant_with(json!({ "upgrade_transitions": [[2, 1], [2, 3]] }));
    let third = upgrades.bydesign().get("/api/Admin/CustomerType/3").json();
    assert_eq!((&third["IsAllowUpdateFrom"], &third["IsAllowUpdateTo"]), (&json!(false), &json!(true)));
    for id in ["0", "4", "-1", "one", "99999999999", "1.0", "%31%32", "%FF"] {
        let [json, _] = http_error("No customer type has this ID.");
        assert_eq!(client.get(&format!("/api/Admin/CustomerType/{id}")).says(404, JSON), json, "{id}");
    }
}

#[test]
fn countries_are_listed_by_the_names_that_creations_accept() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let text = client.get("/api/Admin/Country").says(200, JSON);
    let canada = r#"{"ID":124,"Description":"CANADA","Abbreviation":"CA","IsDefault":false,"IsActive":true,"ISODescription":"CA","Active":true}"#;
    assert!(text.contains(canada), "{text}");
    let xml = client.call("GET", "/api/Admin/Country", "Accept: application/xml\r\n", None).says(200, XML);
    let canada = "<Country><ID>124</ID><Description>CANADA</Description><Abbreviation>CA</Abbreviation>\
                  <IsDefault>False</IsDefault><IsActive>True</IsActive><ISODescription>CA</ISODescription>\
                  <Active>True</Active></Country>";
    assert!(xml.starts_with("<ArrayOfCountry><Country>") && xml.contains(canada), "{xml}");
    // The default is the vendor's own country where the plan has it, else the plan's first.
    for (plan, default) in [
        (json!({}), "US"),
        (json!({ "countries": { "CA": "CAD", "US": "USD" } }), "US"),
        (json!({ "countries": { "SE": "SEK", "NO": "NOK" } }), "NO"),
    ] {
        let listed = tenant_with(plan).bydesign().get("/api/Admin/Country").json();
        let countries = listed.as_array().expect("countries").iter();
        let marked: Vec<&Value> = countries.filter(|country| country["IsDefault"] == true).collect();
        assert_eq!(marked.iter().map(|country| &country["Abbreviation"]).collect::<Vec<_>>(), [default]);
    }
    let listed: Value = serde_json::from_str(&text).expect("JSON");
    for country in listed.as_array().expect("countries").iter().step_by(25) {
        let created = client.created(&json!({ "BillingCountry": country["Description"] }));
        assert_eq!(created["BillCountry"], country["Description"]);
        assert_eq!(tenant.customer(id_of(&created))["PrimaryAddress"]["CountryCode"], country["ISODescription"]);
    }
}

#[test]
fn locales_are_listed_and_a_customers_own_is_marked() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let id = id_of(&client.created(&json!({ "PreferredCulture": 5 })));
    let default = |query: &str| {
        let all = client.get(&format!("/api/Admin/Locale{query}")).json();
        let all = all.as_array().expect("locales").clone();
        assert_eq!((all.len(), &all[0]["ISODescription"], &all[0]["LocaleASP"]), (16, &json!("en-US"), &json!(1033)));
        let marked: Vec<Value> = all.into_iter().filter(|locale| locale["IsDefault"] == true).collect();
        assert_eq!(marked.len(), 1, "{query}");
        marked[0]["ID"].as_i64().expect("a number")
    };
    let english = r#"{"ID":1,"Description":"English","ISODescription":"en-US","LocaleASP":1033,"Active":true,"IsDefault":true,"IsDecimalUsed":true,"DecimalValue":2}"#;
    let japanese = r#"{"ID":14,"Description":"Japanese","ISODescription":"ja-JP","LocaleASP":1041,"Active":true,"IsDefault":false,"IsDecimalUsed":false,"DecimalValue":0}"#;
    let text = client.get("/api/Admin/Locale").says(200, JSON);
    assert!(text.starts_with(&format!("[{english},")) && text.contains(japanese), "{text}");
    let xml = client.call("GET", "/api/Admin/Locale", "Accept: text/xml\r\n", None).body;
    assert!(xml.contains("<IsDecimalUsed>True</IsDecimalUsed><DecimalValue>2</DecimalValue></Locale>"), "{xml}");
    assert_eq!(default(""), 1);
    assert_eq!(default("?RepDID=15F92"), 1);
    assert_eq!(default("?CustomerDID=99"), 1);
    assert_eq!(default(&format!("?CustomerDID={id}")), 5);
    assert_eq!(default(&format!("?customerdid=&REPDID={id}")), 5);
}
