//! Requests with secrets: accepted, rejected, malformed and failing ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::collected::{CREATE, Run, TENANT, UPGRADE};
use super::{Kind, Place};
use crate::support::compress::gzip;
use crate::support::http::request;
use crate::support::{seeds, with};

/// Where a malformed body has its secret: `{}` stands for it.
const MALFORMED_JSON: &[&str] = &[
    r#"{"Password":"{}"#,
    r#"{"Password":"{}","CustomerType":}"#,
    r"{'Password':'{}', oops",
    r#"{Password:"{}",,}"#,
    r#"{"Password"/*c*/:/*d*/"{}" x"#,
    r#"{"Pass\u0077ord":"{}""#,
    r#"{"Pass\u0077ord":"{}"}"#,
    r#"{"Password":["{}"]}"#,
    r#"{"Password":{"a":"{}"}}"#,
    r#"[{"TaxId":"{}"}]"#,
    r#"{"TaxId":{"x":["{}"]}}"#,
    r#"{"TaxID2":"{}" "SSN":"{}"}"#,
    r#"{"SSN":"{}",}x"#,
    r#"{"Passwrd":"{}"}"#,
    r#"{"tax_id":"{}"}"#,
    r#"{"NewPassword":"{}","Account":{"Password":"{}"}}"#,
    r#"{"CustomerType":"x","Password":"{}"}"#,
    r#"{"BirthDate":"soon","TaxId":"{}"}"#,
    "\u{feff}{\"Password\":\"{}\"",
    "Password: {}",
    "Password={}&Email=x",
    "<a><Password>{}</Password>",
    "--b\r\nContent-Disposition: form-data; name=\"Password\"\r\n\r\n{}\r\n--b--",
];

/// A secret in a body that may be accepted after all.
fn secret_of(template: &str) -> Kind {
    let is_tax_id = ["TaxI", "TaxID2", "SSN", "tax_id"].iter().any(|name| template.contains(name));
    if is_tax_id { Kind::TaxId } else { Kind::Password }
}

const MALFORMED_XML: &[&str] = &[
    "<CustomerCreationViewModel><Password>{}",
    "<CustomerCreationViewModel><Password>{}</Passwort>",
    "<CustomerCreationViewModel><TaxID2>{}</CustomerCreationViewModel>",
    "<CustomerCreationViewModel><TaxID><![CDATA[{}]]></TaxID>",
    "<CustomerCreationViewModel><Password><{}/></Password></CustomerCreationViewModel>",
    "<CustomerCreationViewModel><Password>&{};</Password></CustomerCreationViewModel>",
    "<CustomerCreationViewModel><Password>a<{}</Password></CustomerCreationViewModel>",
    "<!DOCTYPE x [<!ENTITY Password \"{}\">]><CustomerCreationViewModel/>",
    "<Other><Password>{}</Password></Other>",
    "<CustomerCreationViewModel Password='{}'/>",
];

const MALFORMED_FORM: &[&str] = &[
    "Password={}&Email=nobody",
    "Pass%77ord={}",
    "FirstName=a&TaxID={}&TaxID2={}&CustomerType=x",
    "Passwrd={}",
    "%=&password={}",
];

pub fn send(run: &mut Run) {
    directscale(run);
    bydesign(run);
    storm(run);
    wrong_credentials(run);
    heads(run);
    callbacks(run);
    control(run);
    forms(run);
    faults(run);
    run.connect();
}

fn directscale(run: &mut Run) {
    let client = run.client.clone();
    let (password, tax) = (run.plant(Kind::Password, "upgrade"), run.plant(Kind::TaxId, "upgrade"));
    let body = with(&seeds::distributor(), json!({ "Password": password, "TaxId": tax }));
    let reply = run.keep("upgrade", client.put("/v1/customers/upgrade/3", &body));
    assert_eq!(reply.status, 201, "{reply:?}");
    run.keep("get", client.get("/v1/customers/3"));
    run.keep("search", client.get("/v1/customers/search?term=Yoda"));
    // The same values again: the conflict names none of them.
    run.keep("upgrade again", client.put("/v1/customers/upgrade/4", &body));
    // The extension fails, and answers with what it was sent.
    let (password, tax) = (run.plant(Kind::Password, "create"), run.plant(Kind::TaxId, "create"));
    let body = with(&seeds::full(), json!({ "Password": password, "TaxId": tax }));
    let reply = run.keep("create", client.post("/v1/customers", &body));
    assert!(reply.status >= 400, "{CREATE} fails: {reply:?}");
    let tax = run.plant(Kind::TaxId, "patch");
    run.keep("patch", client.patch("/v1/customers/2", &json!({ "TaxId": tax })));
    let password = run.plant(Kind::Password, "reset-password");
    let reset = json!({ "Password": password });
    let reply = run.keep("reset", client.put("/v1/customers/2/reset-password", &reset));
    assert!(reply.status < 300, "{reply:?}");
    let login = json!({ "username": "sponsor", "password": password });
    run.keep("login", client.post("/v1/validate/login", &login));
    let path = format!("/v1/validate/login?username=sponsor&password={password}");
    run.keep("login by query", client.get(&path));
    let reply = run.keep("single sign-on", client.get("/v1/sso/2"));
    let token = reply.json().as_str().and_then(|url| url.rsplit('=').next()).expect("a token").to_owned();
    run.know(Kind::SsoToken, "issued", &token);
    run.keep("single sign-on used", client.get(&format!("/v1/sso/?token={token}")));
    run.keep("single sign-on used again", client.get(&format!("/v1/sso/?token={token}")));

    let mut wrong = |input: &str| run.plant(Kind::Rejected, input);
    let paths = [
        format!("/v1/validate/tax-id/{}", wrong("tax id in the path")),
        format!("/v1/validate/tax-ids/{}", wrong("tax id in an unknown path")),
        format!("/v1/sso/token/{}", wrong("token in an unknown path")),
        format!("/v1/sso/?token={}", wrong("token in the query")),
        format!("/v1/validate/login?username=x&password={}", wrong("password in the query")),
        format!("/v1/validate/login?username=x&Passwrd={}", wrong("misspelled password in the query")),
        format!("/v1/customers/3?subscription%2Dkey={}", wrong("key in the query, encoded")),
        format!("/v1/customers/3?subscription-key={}&x=1", wrong("key in the query")),
        format!("/v1/nothing?password={}", wrong("password in the query of an unknown path")),
        format!("/v1/customers?taxId={}", wrong("tax id in a query")),
    ];
    for path in paths {
        run.keep(&path, client.get(&path));
    }
    let body = with(&seeds::full(), json!({ "Password": "weak", "Nickname": "x" }));
    run.keep("weak password", client.post("/v1/customers", &body));
    for template in MALFORMED_JSON {
        let body = template.replace("{}", &run.plant(secret_of(template), template));
        run.keep(template, client.call("POST", "/v1/customers", "", Some(&body)));
        run.keep(template, client.call("PATCH", "/v1/customers/2", "", Some(&body)));
        run.keep(template, client.call("PUT", "/v1/customers/2/reset-password", "", Some(&body)));
    }
    encoded(run);
}

/// Bodies whose bytes are not their text.
fn encoded(run: &mut Run) {
    let body = format!("{{\"Password\":\"{}\",\"CustomerType\":", run.plant(Kind::Rejected, "gzip"));
    let key = run.client.key.clone();
    let send = |run: &mut Run, name: &str, headers: &str, body: &[u8]| {
        let headers = format!("Ocp-Apim-Subscription-Key: {key}\r\n{headers}Content-Length: {}\r\n", body.len());
        let mut bytes = request("POST", "/v1/customers", &headers, None);
        bytes.extend_from_slice(body);
        let reply = run.client.raw(&bytes);
        run.keep(name, reply);
    };
    send(run, "gzip", "Content-Encoding: gzip\r\n", &gzip(body.as_bytes()));
    let body = format!("{{\"Password\":\"{}\",", run.plant(Kind::Rejected, "UTF-16"));
    let utf_16: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
    send(run, "UTF-16", "Content-Type: application/json; charset=utf-16\r\n", &utf_16);
    send(run, "UTF-16 without a charset", "", &utf_16);
    let body = format!("{{\"Password\":\"{}\",\"a\":\"\u{e9}", run.plant(Kind::Rejected, "not UTF-8"));
    let latin: Vec<u8> = body.chars().map(|letter| u8::try_from(u32::from(letter)).expect("Latin-1")).collect();
    send(run, "not UTF-8", "", &latin);
    let long = format!("{{\"Password\":\"{}{}", run.plant(Kind::Rejected, "long"), "x".repeat(20_000));
    send(run, "longer than the journal keeps", "", long.as_bytes());
}

fn bydesign(run: &mut Run) {
    let basic = STANDARD.encode(format!("user:{}", run.secrets.basic));
    run.know(Kind::VendorSecret, "Basic header", &basic);
    let headers = |kind: &str| format!("Authorization: Basic {basic}\r\nContent-Type: {kind}\r\n");
    let path = "/Demo/api/users/customer";
    let (password, tax, tax2) =
        (run.plant(Kind::Password, "ByDesign"), run.plant(Kind::TaxId, "ByDesign"), run.plant(Kind::TaxId, "TaxID2"));
    let body = json!({
        "FirstName": "By", "LastName": "Design", "Email": "by@design.example", "Password": password, "TaxID": tax,
        "TaxID2": tax2,
    });
    let text = body.to_string();
    let reply = run.client.raw(&request("POST", path, &headers("application/json"), Some(&text)));
    run.keep("ByDesign create", reply);
    let reply = run.client.raw(&request("POST", path, &headers("application/json"), Some(&text)));
    run.keep("ByDesign create again", reply);
    for (kind, templates) in [
        ("application/json", MALFORMED_JSON),
        ("text/xml", MALFORMED_XML),
        ("application/x-www-form-urlencoded", MALFORMED_FORM),
        ("text/plain", MALFORMED_FORM),
    ] {
        for template in templates {
            let body = template.replace("{}", &run.plant(secret_of(template), &format!("ByDesign: {template}")));
            let reply = run.client.raw(&request("POST", path, &headers(kind), Some(&body)));
            run.keep(template, reply);
        }
    }
}

fn storm(run: &mut Run) {
    let token_path = "/1.0/connect/token";
    let form =
        |secret: &str| format!("client_id=client&client_secret={secret}&grant_type=client_credentials&scope=lab");
    let body = form(&run.secrets.client);
    let reply = run.client.raw(&request("POST", token_path, "", Some(&body)));
    let reply = run.keep("token", reply);
    let token = reply.json()["access_token"].as_str().expect("a token").to_owned();
    run.know(Kind::AccessToken, "issued", &token);
    for (name, headers, body) in [
        ("token for a wrong secret", String::new(), form("{}")),
        ("token in JSON", "Content-Type: application/json\r\n".to_owned(), r#"{"client_secret":"{}"}"#.to_owned()),
        ("token of a wrong grant", String::new(), "client_secret={}&grant_type=password".to_owned()),
        ("token, malformed", String::new(), "client%5Fsecret={}&grant_type=%".to_owned()),
    ] {
        let body = body.replace("{}", &run.plant(Kind::Rejected, name));
        let reply = run.client.raw(&request("POST", token_path, &headers, Some(&body)));
        run.keep(name, reply);
    }
    let path = format!("{token_path}?client_secret={}", run.plant(Kind::Rejected, "token by query"));
    let reply = run.client.raw(&request("GET", &path, "", None));
    run.keep("token by query", reply);

    let headers = format!("Authorization: Bearer {token}\r\nApplicationId: 1\r\nContent-Type: application/json\r\n");
    let service = "/api/1.1/CustomerService.svc/rest";
    let (password, tax) = (run.plant(Kind::Password, "Storm"), run.plant(Kind::TaxId, "SSN"));
    let customer = json!({
        "Email": "sigrid@storm.example", "FirstName": "Sigrid", "LastName": "Storm", "SSN": tax,
        "Account": { "LoginName": "sigrid" },
    });
    let path = format!("{service}/CreateCustomer?updatedBy=1&password={password}");
    for name in ["Storm create", "Storm create again"] {
        let reply = run.client.raw(&request("POST", &path, &headers, Some(&customer.to_string())));
        run.keep(name, reply);
    }
    let reply =
        run.client.raw(&request("GET", &format!("{service}/SearchCustomer?searchString=Sigrid"), &headers, None));
    run.keep("Storm search", reply);
    let wrong = run.plant(Kind::Rejected, "Storm: weak password");
    let path = format!("{service}/UpdateCustomer3?updatedBy=x&password={wrong}");
    let reply = run.client.raw(&request("POST", &path, &headers, Some(&customer.to_string())));
    run.keep("Storm update", reply);
    for template in MALFORMED_JSON {
        let body = template.replace("{}", &run.plant(secret_of(template), &format!("Storm: {template}")));
        let path = format!("{service}/CreateCustomer?updatedBy=1");
        let reply = run.client.raw(&request("POST", &path, &headers, Some(&body)));
        run.keep(template, reply);
    }
}

fn wrong_credentials(run: &mut Run) {
    let mut headers = Vec::new();
    for header in [
        "Ocp-Apim-Subscription-Key: {}",
        "subscription-key: {}",
        "Authorization: Bearer {}",
        "Authorization: {}",
        "Authorization: Basic {}",
        "X-Api-Key: {}",
        "Cookie: session={}; emulator_admin={}",
        "X-DirectScale-CallbackToken: {}",
        "Proxy-Authorization: Basic {}",
        "Referer: http://h.example/?token={}",
    ] {
        headers.push((header, header.replace("{}", &run.plant(Kind::Rejected, header))));
    }
    let plain = format!("user:{}", run.plant(Kind::Rejected, "wrong Basic password"));
    run.know(Kind::Rejected, "wrong Basic credentials", &STANDARD.encode(&plain));
    headers.push(("Basic", format!("Authorization: Basic {}", STANDARD.encode(&plain))));
    for (name, header) in headers {
        for path in [
            "/v1/customers/3",
            "/Demo/api/users/customer/x/publicInfo",
            "/api/1.1/CustomerService.svc/rest/GetCustomer?id=1",
            "/nothing",
            "/_emulator/tenants",
            "/_emulator/canaries/keys",
        ] {
            let reply = run.client.raw(&request("GET", path, &format!("{header}\r\n"), None));
            run.keep(&format!("{name} at {path}"), reply);
        }
    }
}

/// Heads that are not HTTP.
fn heads(run: &mut Run) {
    for head in [
        "GET /v1/customers/3?subscription-key={} HTTP/9\r\n\r\n",
        "GET /v1/validate/tax-id/{} \x01 HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nAuthorization Bearer {}\r\n\r\n",
        "GET / HTTP/1.1\r\nAuthorization: Bearer {}\x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n Bearer {}\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n",
        "Password={}\r\n\r\n",
    ] {
        let bytes = head.replace("{}", &run.plant(Kind::Rejected, head));
        let reply = run.client.raw(bytes.as_bytes());
        run.keep(head, reply);
    }
}

fn callbacks(run: &mut Run) {
    let path = format!("/api/extension/hooks/{UPGRADE}");
    for (name, header) in [
        ("a wrong extension", "Authorization: Bearer {}\r\nX-DirectScale-CallbackToken: none\r\n"),
        ("a wrong callback token", "Authorization: Bearer @\r\nX-DirectScale-CallbackToken: {}\r\n"),
        ("a wrong callback token by the other name", "Authorization: Bearer @\r\nX-DirectScale-Callback: {}\r\n"),
    ] {
        let header = header.replace("{}", &run.plant(Kind::Rejected, name)).replace('@', &run.secrets.directscale);
        for template in ["{\"Application\":{\"Password\":\"{}\",\"TaxId\":\"{}\"}}", "{\"Password\":\"{}"] {
            let body = template.replace("{}", &run.plant(Kind::Rejected, &format!("{name}: {template}")));
            let reply = run.client.raw(&request("POST", &path, &header, Some(&body)));
            run.keep(name, reply);
        }
    }
}

/// Requests to the control API that it rejects, and changes that it makes.
fn control(run: &mut Run) {
    let of = format!("/_emulator/tenants/{TENANT}");
    for (method, path, body) in [
        ("PUT", "/integration", r#"{"extension":{"extension_token":"{}","hooks":{"x":"y"}}}"#),
        ("PUT", "/integration", r#"{"events":{"subscriptions":[{"url":"http://user:{}@h.example/"}]}}"#),
        ("PUT", "/integration", r#"{"events":{"subscriptions":[{"url":"ftp://h.example/?k={}","secret":"{}"}]}}"#),
        (
            "PUT",
            "/integration",
            r#"{"events":{"subscriptions":[{"url":"http://h.example/?k={}"},{"url":"http://h.example/?k={}"}]}}"#,
        ),
        ("PUT", "/integration", r#"{"extension":{"directscale_token":["{}"]}}"#),
        ("PUT", "/integration", r#"{"extension":{"extension_token":"{}"#),
        (
            "PUT",
            "/seed",
            r#"{"customers":[{"CustomerType":1,"Username":"a","Password":"{}","TaxId":"{}","BirthDate":"soon"}]}"#,
        ),
        ("PUT", "/seed", r#"{"customers":[{"CustomerType":1,"Password":["{}"]}]}"#),
        ("PUT", "/seed", r#"{"customers":[{"CustomerType":1,"Password":"{}","Sponsor":"nobody"}]}"#),
        ("POST", "/keys", r#"{"name":"wrong","key":"{}"}"#),
        ("POST", "/keys", r#"{"name":"wrong","kind":"nonsense","key":"{}"}"#),
        ("POST", "/keys", r#"{"name":"wrong","key":{"a":"{}"}}"#),
        ("POST", "/keys/key/rotate", r#"{"key":"{}"}"#),
        ("POST", "/faults", r#"{"operation":"{}","password":"{}"}"#),
        ("PUT", "/plan", r#"{"password_rule":"{}","token":"{}"}"#),
    ] {
        let kind = if path == "/faults" || path == "/plan" { None } else { Some(Kind::Rejected) };
        let secret = kind.map_or_else(|| "not-a-secret".to_owned(), |kind| run.plant(kind, &format!("{path}: {body}")));
        let reply = run.control(Place::Control, method, &format!("{of}{path}"), Some(&body.replace("{}", &secret)));
        assert!(reply.status >= 400, "{path} {body}: {reply:?}");
    }
    let seed = "version: 1\ntenants:\n  - name: x\n    keys:\n      - key: {}\n        colour: red\n";
    let seed = seed.replace("{}", &run.plant(Kind::Rejected, "seed file in YAML"));
    let text = Value::from(seed).to_string();
    assert!(run.control(Place::Control, "PUT", "/_emulator/seed", Some(&text)).status >= 400);
    let form = format!("token={}&next=%2F_emulator", run.plant(Kind::Rejected, "login form"));
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let reply = run.client.raw(&request("POST", "/_emulator/login", headers, Some(&form)));
    run.keep("login form", reply);
    let path = format!("{of}/hooks/{UPGRADE}/try");
    let body = json!({ "Application": { "Password": run.plant(Kind::Password, "hook try") } });
    run.control(Place::Control, "POST", &path, Some(&body.to_string()));
}

/// Forms of the inspector, and keys that are added.
fn forms(run: &mut Run) {
    let keys = format!("/_emulator/tenants/{TENANT}/keys");
    for (number, kind) in ["basic", "oauth-client"].into_iter().enumerate() {
        let key = json!({ "name": format!("new-{kind}"), "kind": kind, "key": run.plant(Kind::NewKey, kind) });
        assert_eq!(run.control(Place::Control, "POST", &keys, Some(&key.to_string())).status, 201, "{number}");
    }
    let of = format!("/_emulator/t/{TENANT}");
    for (path, fields) in [
        ("/data/seed", vec![("text", "customers: [{CustomerType: soon, Password: {}, TaxId: {}}]")]),
        ("/data/seed", vec![("text", "extension: {extension_token: {}, hooks: {none: 'http://h/'}}")]),
        ("/faults/json", vec![("json", "{\"password\":\"{}\"")]),
        ("/plan", vec![("plan", "{\"token\":\"{}\"}")]),
        (
            "/replay",
            vec![
                ("method", "POST"),
                ("path", "/v1/customers?token={}"),
                ("body", "{\"Password\":\"{}\",\"TaxId\":\"{}\"}"),
            ],
        ),
    ] {
        let secret = run.plant(Kind::Typed, path);
        let fields = fields.into_iter().map(|(name, value)| (name, value.replace("{}", &secret)));
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let authorization = format!("Authorization: Bearer {}\r\n", run.secrets.admin);
        let headers = format!("{authorization}Content-Type: application/x-www-form-urlencoded\r\n");
        let reply = run.client.raw(&request("POST", &format!("{of}{path}"), &headers, Some(&form)));
        assert!(reply.status < 500, "{path}: {reply:?}");
        run.keep_as(Place::Page, path, &reply);
    }
}

/// Requests whose handler or database fails.
fn faults(run: &mut Run) {
    let of = format!("/_emulator/tenants/{TENANT}/faults");
    let client = run.client.clone();
    for rule in [
        json!({ "operation": "*", "when": { "first": 1 }, "point": "inside", "response": { "status": { "code": 500 } } }),
        json!({ "operation": "*", "when": { "first": 1 }, "point": "after", "response": { "status": { "code": 500, "message": "m" } } }),
        json!({ "operation": "*", "when": { "first": 1 }, "point": "before", "response": { "status": { "code": 429, "retry_after": 1 } } }),
    ] {
        let reply = run.control(Place::Control, "POST", &of, Some(&rule.to_string()));
        assert_eq!(reply.status, 201, "{reply:?}");
        let secret = run.plant(Kind::TaxId, "a request that fails");
        run.keep("failing", client.patch("/v1/customers/4", &json!({ "TaxId": secret, "FirstName": "x" })));
        run.control(Place::Control, "DELETE", &of, None);
    }
}
