//! The inspector's list of requests, how a program connects, how a rejected request is fixed, and the way back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::inspector::{client, encoded, page, redirected_to, send};
use crate::support::control::as_request;
use crate::support::{Reply, Tenant, seeds, tenant};

/// The text of an element, without the escapes of HTML.
fn text_of(page: &str, id: &str, end: &str) -> String {
    let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("{id} in {page}"));
    let text = rest.split_once('>').and_then(|(_, rest)| rest.split_once(end)).expect("an end").0;
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&").trim_start().to_owned()
}

/// The paths of the requests that a list shows, in its order.
fn listed(body: &str) -> Vec<String> {
    let rows = body.split("<td class=\"what\" title=\"").skip(1);
    rows.filter_map(|row| row.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn requests_are_found_by_words_and_by_chips_that_count() {
    let tenant = tenant();
    tenant.get("/v1/customers/3").succeeds(200);
    tenant.get("/v1/customers/98765");
    tenant.put("/v1/customers/upgrade/3", &json!({ "CustomerType": 1, "FirstName": "Zebulon" }));
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "Quincy" })).succeeds(200);
    let all = tenant.page("").body;
    assert_eq!(listed(&all).len(), 4, "{all}");
    for chip in [">GET 2</a>", ">PUT 1</a>", ">PATCH 1</a>", ">2xx 2</a>", ">4xx 1</a>", ">5xx 1</a>"] {
        assert!(all.contains(chip), "{chip}: {all}");
    }
    for (query, expected) in [
        ("q=zebulon", vec!["PUT /v1/customers/upgrade/3"]),
        ("q=quincy", vec!["PATCH /v1/customers/3"]),
        ("q=birthdate+required", vec!["PUT /v1/customers/upgrade/3"]),
        ("q=upgradecustomer", vec!["PUT /v1/customers/upgrade/3"]),
        // Not by chance in the id of a request.
        ("q=98765", vec!["GET /v1/customers/98765"]),
        ("method=get&status=2xx", vec!["GET /v1/customers/3"]),
        ("status=404", vec!["GET /v1/customers/98765"]),
        ("customer=3&method=PATCH", vec!["PATCH /v1/customers/3"]),
        ("operation=GetCustomer", vec!["GET /v1/customers/98765", "GET /v1/customers/3"]),
        ("q=nothing+like+this", vec![]),
    ] {
        let body = tenant.page(&format!("?{query}")).body;
        assert_eq!(listed(&body), expected, "{query}");
    }
    // The counts of chips are those of the words, and a chip keeps the words.
    let body = tenant.page("?q=quincy&status=2xx").body;
    assert!(body.contains(">PATCH 1</a>") && !body.contains(">GET "), "{body}");
    assert!(body.contains("q=quincy&amp;method=PATCH&amp;status=2xx\""), "{body}");
    let bad = tenant.page("?status=soon").body;
    assert!(bad.contains("That did not work") && listed(&bad).len() == 4, "{bad}");
    // A search for a secret does not tell whether a request has it.
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    assert!(listed(&tenant.page("?q=TAX-TEST-3333").body).is_empty());
}

#[test]
fn all_kept_requests_are_reached_page_by_page() {
    let tenant = tenant();
    for number in 1000..1070 {
        tenant.get(&format!("/v1/customers/{number}"));
    }
    let first = tenant.page("").body;
    assert_eq!((listed(&first).len(), listed(&first)[0].as_str()), (50, "GET /v1/customers/1069"));
    assert!(first.contains("1–50 of 70") && first.contains("Older: next 20"), "{first}");
    let next = first.split("rel=\"next\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a next page");
    let second = page(next.strip_prefix("/_emulator").expect("a page")).body;
    assert_eq!((listed(&second).len(), listed(&second)[0].as_str()), (20, "GET /v1/customers/1019"));
    assert!(second.contains("51–70 of 70") && !second.contains("rel=\"next\""), "{second}");
    // New requests are added only to the first page.
    assert!(first.contains("data-stream=") && !second.contains("data-stream="));
    // An old request has the list around it at its side.
    let old =
        second.split("class=\"request\" href=\"").nth(20).and_then(|rest| rest.split('"').next()).expect("a request");
    let old = page(old.strip_prefix("/_emulator").expect("a page")).body;
    assert!(old.contains("<tr aria-current=\"true\">"), "{old}");
}

#[test]
fn requests_are_cleared_behind_a_question() {
    let tenant = tenant();
    tenant.get("/v1/customers/3").succeeds(200);
    let body = tenant.page("").body;
    let (_, confirm) = body.split_once("<details class=\"confirm\">").expect("a question");
    let (before, _) = confirm.split_once("</details>").expect("an end");
    assert!(before.contains("/requests/clear\"") && before.contains("Clear 1 request<"), "{before}");
    redirected_to(&tenant.form("/requests/clear", ""));
    assert!(tenant.page("").body.contains("No requests yet."));
}

#[test]
fn the_page_shows_how_a_program_connects() {
    let tenant = tenant();
    let bytes = as_request("GET", &format!("/t/{}", tenant.name()), "X-Forwarded-Proto: https\r\n", None);
    // A proxy needs a token, so that this one is rejected; the scheme is that of the page otherwise.
    assert_eq!(client().raw(&bytes).status, 403);
    let body = tenant.page("").body;
    assert_eq!(text_of(&body, "base-url", "</code>"), "http://localhost/v1");
    for words in [
        "Ocp-Apim-Subscription-Key",
        "EMULATOR_KEY",
        ">C#<",
        ">JavaScript<",
        ">Python<",
        ">PHP<",
        "http://localhost/Demo",
    ] {
        assert!(body.contains(words), "{words}: {body}");
    }
    assert!(!body.contains(&tenant.client.key), "a key that is not public");
    // A new key is shown with the samples, and works.
    let added = tenant.form("/keys", "key_name=mine").body;
    let key = text_of(&added, "new-key", "</code>");
    let command = text_of(&added, "connect-curl-text", "</pre>");
    assert!(command.contains(&format!("-H 'Ocp-Apim-Subscription-Key: {key}'")), "{command}");
    let path = command.split("http://localhost").nth(1).and_then(|rest| rest.split('\'').next()).expect("a path");
    let with_key = crate::support::Client { address: client().address, key };
    assert_eq!(with_key.get(path).status, 200, "{command}");
    // So do those of the other APIs.
    let added = tenant
        .form("/keys", &format!("key_name=basic&kind=basic&account={0}&key=a-long-password-of-mine", tenant.name()))
        .body;
    let command = text_of(&added, "connect-curl-text", "</pre>");
    assert!(command.contains(&format!("-u '{}:a-long-password-of-mine'", tenant.name())), "{command}");
    let added = tenant
        .form(
            "/keys",
            &format!("key_name=client&kind=oauth-client&account=c-{0}&key=a-long-secret-of-mine", tenant.name()),
        )
        .body;
    let command = text_of(&added, "connect-curl-text", "</pre>");
    assert!(
        command.contains("/1.0/connect/token") && command.contains("client_secret=a-long-secret-of-mine"),
        "{command}"
    );
}

/// Sends a form of the editor, and returns the page with the completed request.
fn completed(tenant: &Tenant, what: &str, method: &str, path: &str, body: &str) -> Reply {
    let fields = format!("do={what}&method={method}&path={}&body={}", encoded(path), encoded(body));
    tenant.form("/fix", &fields)
}

/// The body in the editor.
fn edited(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    serde_json::from_str(&text_of(&reply.body, "body", "</textarea>")).expect("JSON")
}

fn replayed(tenant: &Tenant, method: &str, path: &str, body: &Value) -> Value {
    let fields = format!("method={method}&path={path}&body={}", encoded(&body.to_string()));
    redirected_to(&tenant.form("/replay", &fields));
    tenant.requests("?limit=1")[0].clone()
}

#[test]
fn a_rejected_upgrade_is_completed_and_then_accepted() {
    let tenant = tenant();
    let path = "/v1/customers/upgrade/3";
    let sent = json!({ "CustomerType": 1, "FristName": "Ada", "PrimaryAddress": { "Strete1": "1 Road" }, "TaxId": "•••", "Password": "•••" });
    let fixed = completed(&tenant, "all", "PUT", path, &sent.to_string());
    let body = edited(&fixed);
    assert_eq!((&body["FristName"], &body["PrimaryAddress"]["Strete1"]), (&Value::Null, &Value::Null), "{body}");
    for words in ["is now FirstName", "Nothing was sent yet", "<code>BirthDate</code> is "] {
        assert!(fixed.body.contains(words), "{words}: {fixed:?}");
    }
    assert!(tenant.requests("").is_empty(), "nothing is sent");
    let accepted = replayed(&tenant, "PUT", path, &body);
    assert_eq!(accepted["status"], 201, "{accepted}\n{body}");
    // The sponsor exists, and what was sent well stays.
    let customer = tenant.get("/v1/customers/3").succeeds(200).json();
    assert_eq!(customer["FirstName"].as_str().or(customer["firstName"].as_str()), Some("Ada"), "{customer}");
}

#[test]
fn only_what_is_asked_for_is_completed() {
    let tenant = tenant();
    let path = "/v1/customers/upgrade/3";
    let body = json!({ "CustomerType": 1, "FristName": "Ada", "TaxId": "•••" }).to_string();
    let names = edited(&completed(&tenant, "names", "PUT", path, &body));
    assert_eq!(names, json!({ "CustomerType": 1, "FirstName": "Ada", "TaxId": "•••" }));
    let missing = edited(&completed(&tenant, "missing", "PUT", path, &body));
    assert!(missing["TaxId"] == "•••" && missing["FristName"] == "Ada" && missing["Username"].is_string(), "{missing}");
    let secrets = edited(&completed(&tenant, "secrets", "PUT", path, &body));
    assert!(secrets["TaxId"].as_str().is_some_and(|id| id.starts_with("TEST-")), "{secrets}");
    assert_eq!(secrets.as_object().map(serde_json::Map::len), Some(3), "{secrets}");
    // Members keep their order and their spelling.
    let text = text_of(
        &completed(&tenant, "names", "PUT", path, "{\"b\":1,\"firstname\":\"x\",\"a\":2}").body,
        "body",
        "</textarea>",
    );
    assert!(
        text.find("\"b\"") < text.find("\"firstname\"") && text.find("\"firstname\"") < text.find("\"a\""),
        "{text}"
    );
    // A request of another operation has only its secrets replaced, also in the path.
    let reset = completed(&tenant, "all", "PUT", "/v1/customers/3/x?email=•••", "{\"Password\":\"•••\"}");
    assert!(edited(&reset)["Password"] == "T1-test-password" && reset.body.contains("email=TEST-100001"), "{reset:?}");
    for (body, words) in
        [("[1]", "cannot be completed"), ("not JSON", "that can be completed"), ("{\"a\":", "that can be completed")]
    {
        let reply = completed(&tenant, "all", "PUT", path, body);
        assert!(
            reply.status == 400 && (reply.body.contains(words) || reply.body.contains("can be completed")),
            "{reply:?}"
        );
    }
}

#[test]
fn completed_values_are_free_and_follow_the_plan() {
    let plan = json!({
        "minimum_age": 30,
        "password_rule": { "min_length": 20, "max_length": 25, "digit": true, "capital": true, "symbol": true },
        "required": { "WebAlias": [1, 2, 3], "CompanyName": [2], "DefaultShippingAddress.Street2": [1] },
        "max_length": { "Username": 8 },
        "countries": { "DE": "EUR" }
    });
    let tenant = tenant();
    // Afterwards, because the customers of the tests' tenants have shorter passwords.
    tenant.control("PUT", "/plan", Some(&plan)).done(200);
    let mut taken = edited(&completed(&tenant, "all", "POST", "/v1/customers", "{}"));
    assert_eq!(replayed(&tenant, "POST", "/v1/customers", &taken)["status"], 201, "{taken}");
    // Every unique value of the customer that exists now is replaced.
    taken["BackOfficeId"] = tenant.get("/v1/customers/3").succeeds(200).json()["BackOfficeId"].clone();
    let other = edited(&completed(&tenant, "missing", "POST", "/v1/customers", &taken.to_string()));
    for unique in ["EmailAddress", "Username", "WebAlias"] {
        assert_ne!(taken[unique], other[unique], "{other}");
    }
    assert_eq!(other["PrimaryAddress"]["CountryCode"], "DE");
    assert_eq!(replayed(&tenant, "POST", "/v1/customers", &other)["status"], 201, "{other}");
    // A value of another type, one that is too long, and a sponsor that does not exist.
    let broken = json!({
        "CustomerType": 1, "BirthDate": { "a": 1 }, "Username": "far-too-long-a-name", "SponsorId": 4711, "EmailAddress": "no",
        "LanguageCode": "xx", "FirstName": "a\u{0007}b", "TermsAccepted": false
    });
    let fixed = edited(&completed(&tenant, "missing", "PUT", "/v1/customers/upgrade/3", &broken.to_string()));
    assert_eq!(replayed(&tenant, "PUT", "/v1/customers/upgrade/3", &fixed)["status"], 201, "{fixed}");
    // What cannot be completed is said: customer 3 is a distributor now, and 99 does not exist.
    for (path, words) in [
        ("/v1/customers/upgrade/3", "The plan allows no upgrade from CustomerType 1."),
        ("/v1/customers/upgrade/99", "There is no customer 99."),
    ] {
        let reply = completed(&tenant, "all", "PUT", path, "{}");
        assert!(reply.body.contains(words), "{words}: {reply:?}");
    }
}

#[test]
fn assets_are_kept_by_their_digest_and_compressed() {
    let home = page("");
    for (name, kind) in
        [("inspector.css", "text/css"), ("inspector.js", "text/javascript"), ("icon.svg", "image/svg+xml")]
    {
        let address = format!("/assets/{name}?v=");
        let digest = home.body.split(&address).nth(1).and_then(|rest| rest.split('"').next()).expect("an address");
        assert_eq!(digest.len(), 16, "{digest}");
        let get = |path: &str, headers: &str| client().raw(&as_request("GET", path, headers, None));
        let plain = get(&format!("{address}{digest}"), "");
        assert!(plain.header("Content-Type").is_some_and(|known| known.starts_with(kind)), "{plain:?}");
        assert_eq!(plain.header("Cache-Control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(get(&format!("/assets/{name}"), "").header("Cache-Control"), Some("no-cache"));
        assert_eq!(get(&format!("{address}other"), "").header("Cache-Control"), Some("no-cache"));
        assert_eq!(plain.header("Content-Encoding"), None);
        let zipped = get(&format!("{address}{digest}"), "Accept-Encoding: br, gzip\r\n");
        assert_eq!((zipped.header("Content-Encoding"), zipped.header("Vary")), (Some("gzip"), Some("accept-encoding")));
    }
    let zipped = client().raw(&as_request("GET", "", "Accept: text/html\r\nAccept-Encoding: gzip\r\n", None));
    assert_eq!((zipped.status, zipped.header("Content-Encoding")), (200, Some("gzip")), "{:?}", zipped.head);
    // Not for a page of another site, nor for JSON.
    let json = client().raw(&as_request("GET", "/tenants", "Accept-Encoding: gzip\r\n", None));
    assert_eq!(json.header("Content-Encoding"), None);
}

#[test]
fn the_colors_are_chosen_by_a_cookie() {
    assert!(page("").body.contains("<html lang=\"en\" data-theme=\"system\">"));
    let chosen = send(&client(), "/_emulator/theme/dark", "Referer: http://localhost/_emulator/t/x?q=1\r\n", "");
    assert_eq!(redirected_to(&chosen), "/t/x?q=1");
    let cookie = chosen.header("Set-Cookie").expect("a cookie");
    assert!(
        cookie.starts_with("emulator_theme=dark; Path=/_emulator;") && cookie.ends_with("SameSite=Strict"),
        "{cookie}"
    );
    let dark = client().raw(&as_request("GET", "", "Accept: text/html\r\nCookie: emulator_theme=dark\r\n", None));
    assert!(dark.body.contains("data-theme=\"dark\"") && dark.body.contains("content=\"dark\""), "{}", dark.body);
    let foreign = send(&client(), "/_emulator/theme/dark", "Origin: http://evil.example\r\n", "");
    assert_eq!(foreign.status, 403);
    let elsewhere = send(&client(), "/_emulator/theme/nonsense", "Referer: http://evil.example/x\r\n", "");
    assert_eq!(redirected_to(&elsewhere), "");
    assert!(elsewhere.header("Set-Cookie").is_some_and(|cookie| cookie.starts_with("emulator_theme=system;")));
}

#[test]
fn the_data_goes_back_to_before_a_request() {
    let tenant = tenant();
    assert!(tenant.page("").body.contains("Undo: off"));
    redirected_to(&tenant.form("/undo/on", ""));
    assert!(tenant.page("").body.contains("Undo: on"));
    let states = || {
        let snapshots = tenant.control("GET", "/snapshots", None).done(200);
        let names = snapshots.as_array().expect("snapshots").iter().filter_map(|one| one["name"].as_str());
        names.filter(|name| name.starts_with("undo-")).count()
    };
    let wait_for = |wanted: usize| {
        let start = Instant::now();
        while states() != wanted {
            assert!(start.elapsed() < Duration::from_secs(20), "{} states instead of {wanted}", states());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    assert_eq!(states(), 1);
    let name = |name: &str| tenant.patch("/v1/customers/3", &json!({ "FirstName": name })).succeeds(200);
    name("One");
    wait_for(2);
    let two = name("Two");
    wait_for(3);
    name("Three");
    wait_for(4);
    // A read, a rejection and a dry run save no state.
    tenant.get("/v1/customers/3").succeeds(200);
    tenant.put("/v1/customers/upgrade/3", &json!({}));
    let id = two.header("X-DirectScale-RequestId").expect("an id");
    assert!(tenant.page(&format!("/requests/{id}")).body.contains("Back to before this request"));
    let shown = tenant.page(&format!("/undo/{id}")).body;
    assert!(
        shown.contains("2 requests are undone") && shown.contains("lose 1 changed row") && shown.contains("Three"),
        "{shown}"
    );
    redirected_to(&tenant.form(&format!("/undo/{id}"), ""));
    let start = Instant::now();
    while tenant.get("/v1/customers/3").succeeds(200).json()["FirstName"] != "One" {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    wait_for(2);
    // It is undone now, and so is what came after it: another tab cannot do it again, and the next request is the only one to undo.
    assert!(!tenant.page(&format!("/requests/{id}")).body.contains("Back to before this request"));
    for again in [tenant.page(&format!("/undo/{id}")), tenant.form(&format!("/undo/{id}"), "")] {
        assert!(again.status == 404 && again.body.contains("this request is undone already"), "{again:?}");
    }
    let four = name("Four").header("X-DirectScale-RequestId").expect("an id").to_owned();
    wait_for(3);
    assert!(tenant.page(&format!("/undo/{four}")).body.contains("1 request is undone"));
    // Only the last states are kept.
    for number in 0..12 {
        name(&format!("N{number}"));
        std::thread::sleep(Duration::from_millis(250));
    }
    let start = Instant::now();
    while states() > 10 {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    // One that somebody deletes is no obstacle for the others.
    let last = name("Last").header("X-DirectScale-RequestId").expect("an id").to_owned();
    std::thread::sleep(Duration::from_millis(500));
    let snapshots = tenant.control("GET", "/snapshots", None).done(200);
    for snapshot in snapshots.as_array().expect("snapshots").iter().skip(1).take(9) {
        let path = format!("/snapshots/{}", snapshot["name"].as_str().expect("a name"));
        tenant.control("DELETE", &path, None).done(204);
    }
    let deleted = tenant.page(&format!("/undo/{last}"));
    assert!(deleted.status == 404 && deleted.body.contains("was deleted"), "{deleted:?}");
    redirected_to(&tenant.form("/undo/off", ""));
    wait_for(0);
    assert_eq!(tenant.page(&format!("/undo/{id}")).status, 404);
}

#[test]
fn states_are_kept_only_of_small_tenants() {
    let tenant = tenant();
    let large = tenant.form("/data/seed", "distributors=1200&random_seed=7");
    assert_eq!(large.status, 303, "{large:?}");
    let start = Instant::now();
    while tenant.get("/v1/customers/1200").status != 200 {
        assert!(start.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(50));
    }
    let rejected = tenant.form("/undo/on", "");
    assert!(rejected.status == 400 && rejected.body.contains("whose customers have ids up to 1000"), "{rejected:?}");
    assert!(tenant.page("").body.contains("Undo: off"));
}
