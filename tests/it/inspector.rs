//! The inspector: its pages, and the forms that change a tenant.

mod customers;
mod settings;
mod tables;
mod tenants;

use serde_json::json;

use crate::support::control::as_request;
use crate::support::http::request;
use crate::support::process::Process;
use crate::support::server::server;
use crate::support::{Client, Reply, Tenant, seeds, tenant};

pub fn client() -> Client {
    Client { address: server().address, key: String::new() }
}

pub fn page(path: &str) -> Reply {
    client().raw(&as_request("GET", path, "Accept: text/html\r\n", None))
}

pub fn send(client: &Client, path: &str, headers: &str, form: &str) -> Reply {
    let headers = format!("Content-Type: application/x-www-form-urlencoded\r\n{headers}");
    let bytes = String::from_utf8(request("POST", path, &headers, Some(form))).expect("text");
    client.raw(bytes.replacen("Host: test.example", "Host: localhost", 1).as_bytes())
}

fn form(path: &str, form: &str) -> Reply {
    send(&client(), &format!("/_emulator{path}"), "", form)
}

/// The path that the response redirects to, below `/_emulator`.
#[track_caller]
pub fn redirected_to(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{reply:?}");
    let location = reply.header("Location").expect("a location");
    location.strip_prefix("/_emulator").expect("a page of the inspector").to_owned()
}

impl Tenant {
    pub fn page(&self, path: &str) -> Reply {
        page(&format!("/t/{}{path}", self.name()))
    }

    pub fn form(&self, path: &str, fields: &str) -> Reply {
        form(&format!("/t/{}{path}", self.name()), fields)
    }
}

#[test]
fn every_page_of_a_tenant_is_complete_and_has_no_secret() {
    let tenant = tenant();
    tenant.put("/v1/customers/upgrade/3", &json!({}));
    let done = tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let request = format!("/requests/{}", done.header("X-DirectScale-RequestId").expect("an id"));
    let parts = ["request", "response", "changes", "changes&technical=1", "webhooks", "hooks", "code"];
    let parts: Vec<String> = parts.iter().map(|part| format!("{request}?tab={part}")).collect();
    let pages =
        ["", &request, "/customers", "/customers?q=3", "/customers/3", "/changes", "/diff", "/webhooks", "/faults"];
    let others = ["/clock", "/data", "/keys", "/plan", "/go"];
    let forms = [
        "/customers/new",
        "/customers/3/edit",
        "/customers/3/upgrade",
        "/tree",
        "/tree?at=1",
        "/tree?tree=enrollment&q=a",
        "/tables",
        "/tables/customers",
    ];
    for path in pages.into_iter().chain(others).chain(forms).chain(parts.iter().map(String::as_str)) {
        let reply = tenant.page(path);
        assert_eq!((reply.status, reply.header("Content-Type")), (200, Some("text/html; charset=utf-8")), "{path}");
        let policy = reply.header("Content-Security-Policy").expect("a policy");
        assert!(policy.starts_with("default-src 'self'; style-src 'self'; script-src 'self'"), "{policy}");
        assert_eq!(reply.body.matches("<h1>").count(), 1, "{path}");
        assert!(reply.body.contains(&tenant.name()), "{path}");
        assert!(!reply.body.contains(" style=") && !reply.body.contains(" onclick="), "{path}");
        for secret in
            [seeds::distributor()["TaxId"].as_str(), seeds::distributor()["Password"].as_str(), Some("$test-sha256")]
        {
            assert!(!reply.body.contains(secret.expect("a secret")), "{path}");
        }
        // Ids are unique, and every label has its field.
        let mut ids: Vec<&str> = reply.body.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{path}: {ids:?}");
        for id in reply.body.split("<label for=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(reply.body.contains(&format!(" id=\"{id}\"")), "{path}: {id}");
        }
    }
    for (tab, words) in [
        ("overview", "Fill in the hidden values"),
        ("changes", "What changed"),
        ("changes", "<del>- CustomerType: 2</del><ins>+ CustomerType: 1</ins>"),
        ("changes", "CRM_AssociateTypeChanges"),
        ("code", "$EMULATOR_KEY"),
    ] {
        let body = tenant.page(&format!("{request}?tab={tab}")).body;
        assert!(body.contains(words), "{tab}, {words}: {body}");
    }
    let changes = |query: &str| tenant.page(&format!("{request}?tab=changes{query}")).body;
    assert!(!changes("").contains("username_key") && changes("&technical=1").contains("username_key"));
    assert!(tenant.page("").body.contains("is required"), "the first reason");
    assert_eq!((page("").status, page("/unauthenticated").status, page("/t/unknown").status), (200, 200, 404));
}

#[test]
fn texts_of_requests_are_escaped() {
    let tenant = tenant();
    tenant.put("/v1/customers/upgrade/3", &json!({ "FirstName": "</textarea></pre><b><script>" }));
    let entry = &tenant.requests("")[0];
    for path in [String::new(), format!("/requests/{}", entry["request_id"].as_str().expect("an id"))] {
        let body = tenant.page(&path).body;
        assert!(!body.contains("<b>") && !body.contains("<script>"), "{path}");
    }
    let body = tenant.page("/customers?q=%22%3E%3Cscript%3E").body;
    assert!(body.contains("&quot;&gt;&lt;script&gt;") && !body.contains("<script>"));
}

#[test]
fn a_request_is_sent_again_as_the_tenant() {
    let tenant = tenant();
    let path = redirected_to(&tenant.form("/replay", "method=GET&path=/v1/customers/3/&host=localhost&body="));
    assert!(path.contains("/requests/"), "{path}");
    assert!(page(&path).body.contains("GET /v1/customers/3"));
    let body = format!(
        "method=PUT&path=/v1/customers/upgrade/3&dry_run=1&body={}",
        encoded(&seeds::distributor().to_string())
    );
    redirected_to(&tenant.form("/replay", &body));
    let [upgrade, get] = &tenant.requests("")[..] else { panic!("two requests") };
    assert_eq!((&get["key"], &get["status"], &get["customer"]), (&json!("inspector"), &json!(200), &json!(3)));
    assert_eq!((&upgrade["status"], &upgrade["dry_run"]), (&json!(201), &json!(true)));
    // A request for an unknown path belongs to the tenant too; the control API cannot be reached.
    redirected_to(&tenant.form("/replay", "method=GET&path=/_emulator/tenants&body="));
    assert_eq!((&tenant.requests("")[0]["operation"], &tenant.requests("")[0]["status"]), (&json!("-"), &json!(404)));
    for (fields, reason) in [
        (
            "method=PUT&path=/v1/customers/upgrade/3&body={\"Password\":\"%E2%80%A2%E2%80%A2%E2%80%A2\"}",
            "fill in the hidden values",
        ),
        ("method=BREW&path=/v1/customers/3&body=", "the method is one of"),
        ("method=GET&path=v1&body=", "the path begins with"),
    ] {
        let rejected = tenant.form("/replay", fields);
        assert!(rejected.status == 400 && rejected.body.contains(reason), "{rejected:?}");
    }
}

pub fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn forms_change_the_tenant_and_report_errors() {
    let tenant = tenant();
    redirected_to(
        &tenant.form("/faults", "operation=GetCustomer&when=first&times=2&point=before&response=status&code=500"),
    );
    redirected_to(&tenant.form("/clock", "do=freeze&at=2030-01-31T12:00"));
    // Every page shows both.
    for path in ["", "/customers", "/data", "/keys", "/plan"] {
        let body = tenant.page(path).body;
        assert!(body.contains("1 fault is active") && body.contains("2030-01-31 12:00:00 UTC"), "{path}");
    }
    assert_eq!(tenant.get("/v1/customers/2").status, 500);
    redirected_to(&tenant.form("/faults/delete", ""));
    redirected_to(&tenant.form("/clock", "do=advance&seconds=3600"));
    assert!(tenant.page("/clock").body.contains("2030-01-31 13:00:00 UTC"));
    for (path, fields, reason) in [
        ("/faults", "operation=Nothing&when=every&response=reset", "is not an operation"),
        ("/faults", "operation=*&when=first&response=reset", "the number of times is missing"),
        ("/faults/json", "json=%7B", "the rule is not JSON"),
        ("/clock", "do=set&at=soon", "is not a time"),
        ("/data/save", "snapshot=a+b", "is not a name"),
        ("/plan", "plan=%7B%22x%22%3A1%7D", "unknown field"),
        ("/data/delete", "confirm=no", "to delete this tenant"),
        ("/keys", "key_name=n&key=short", "32 hexadecimal digits"),
        ("/webhooks/resend", "event=x", "the event cannot be"),
    ] {
        let rejected = tenant.form(path, fields);
        assert!(rejected.status == 400 && rejected.body.contains(reason), "{path}: {rejected:?}");
        assert!(rejected.body.contains("<h1>"), "a page");
    }
    // The path of a form is not a page.
    assert_eq!(tenant.page("/data/reset").status, 405);
    assert_eq!(page(&format!("/t/{}/nothing", tenant.name())).status, 404);
}

#[test]
fn data_is_saved_restored_forked_and_deleted_by_forms() {
    let tenant = tenant();
    redirected_to(&tenant.form("/data/save", "snapshot=before"));
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let differs = tenant.page(&format!("/diff?from={}@before&to={}", tenant.name(), tenant.name())).body;
    assert!(differs.contains("customer_type") && differs.contains("sponsor_tree"), "{differs}");
    let mut path = redirected_to(&tenant.form("/data/restore", "snapshot=before"));
    while path.contains("/tasks/") {
        path = page(&path).header("Location").map_or(path, |to| to.trim_start_matches("/_emulator").to_owned());
    }
    assert!(tenant.page("/changes").body.contains("No upgrades."));
    let name = format!("{}-fork", tenant.name());
    let task = redirected_to(&tenant.form("/data/fork", &format!("name={name}&of=before")));
    let mut result = page(&task);
    while !result.body.contains("new-key") {
        assert!(result.body.contains("http-equiv=\"refresh\""), "{result:?}");
        result = page(&task);
    }
    let key = result.body.split("id=\"new-key\">").nth(1).and_then(|rest| rest.get(..32)).expect("a key").to_owned();
    let fork = Client { address: server().address, key: key.clone() };
    fork.get("/v1/customers/3").succeeds(200);
    assert!(!page(&format!("/t/{name}/keys")).body.contains(&key));
    redirected_to(&form(&format!("/t/{name}/data/delete"), &format!("confirm={name}")));
}

#[test]
fn a_browser_logs_in_with_the_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let token = "a-token-for-the-inspector";
    let server = Process::start(&["--data", data.to_str().expect("a path"), "--admin-token", token]);
    let client = Client { address: server.address, key: String::new() };
    let open =
        |headers: &str| client.raw(&as_request("GET", "/t/demo", &format!("Accept: text/html\r\n{headers}"), None));
    assert_eq!(redirected_to(&open("")), "/login?next=%2F_emulator%2Ft%2Fdemo");
    assert_eq!(client.raw(&as_request("GET", "/login", "", None)).status, 200);
    let wrong = send(&client, "/_emulator/login", "", "token=nonsense");
    assert!(wrong.status == 401 && wrong.body.contains("this is not the token"), "{wrong:?}");
    let page = client.raw(&as_request("GET", "/login?next=%2F_emulator%2Ft%2Fdemo%2Fcustomers%3Fq%3Da%26b", "", None));
    assert!(
        page.body.contains(r#"name="next" type="hidden" value="/_emulator/t/demo/customers?q=a&amp;b""#),
        "{page:?}"
    );
    // A wrong token keeps the next page, and the next page is never on another site.
    let next = "next=%2F_emulator%2Ft%2Fdemo%2Fcustomers%3Fq%3D3";
    let again = send(&client, "/_emulator/login", "", &format!("token=nonsense&{next}"));
    assert!(again.body.contains(r#"value="/_emulator/t/demo/customers?q=3""#), "{again:?}");
    assert_eq!(
        redirected_to(&send(&client, "/_emulator/login", "", &format!("token={token}&{next}"))),
        "/t/demo/customers?q=3"
    );
    for other in
        ["https://evil.example/", "//evil.example", "/_emulator/..//evil.example", "/_emulator.evil.example", "/v1"]
    {
        let sent = send(&client, "/_emulator/login", "", &format!("token={token}&next={}", encoded(other)));
        assert_eq!(redirected_to(&sent), "", "{other}");
        let page = client.raw(&as_request("GET", &format!("/login?next={}", encoded(other)), "", None));
        assert!(!page.body.contains("name=\"next\""), "{other}");
    }
    // The values of a form are lost, so that it is not the next page.
    let form = send(&client, "/_emulator/t/demo/data/reset", "Accept: text/html\r\n", "");
    assert_eq!(redirected_to(&form), "/login");
    let foreign = send(&client, "/_emulator/login", "Origin: http://evil.example\r\n", &format!("token={token}"));
    assert_eq!(foreign.status, 403);
    let signed = send(&client, "/_emulator/login", "", &format!("token={token}"));
    assert_eq!(redirected_to(&signed), "");
    let cookie = signed.header("Set-Cookie").expect("a cookie").to_owned();
    let attributes = "; Path=/_emulator; Max-Age=43200; HttpOnly; SameSite=Strict";
    assert!(cookie.ends_with(attributes) && !cookie.contains(token), "{cookie}");
    let other = send(&client, "/_emulator/login", "", &format!("token={token}"));
    let other = other.header("Set-Cookie").expect("a cookie").to_owned();
    let secure = send(&client, "/_emulator/login", "X-Forwarded-Proto: https\r\n", &format!("token={token}"));
    assert!(secure.header("Set-Cookie").expect("a cookie").ends_with("; SameSite=Strict; Secure"), "{secure:?}");
    let header = |cookie: &str| format!("Cookie: {}\r\n", cookie.split(';').next().expect("a pair"));
    assert_ne!(cookie, other, "each browser has a session of its own");
    let page = open(&header(&cookie));
    assert!(page.status == 200 && page.body.contains("action=\"/_emulator/logout\""), "{page:?}");
    // Ending one session does not end the other. A page of another site cannot end it.
    let foreign = format!("{}Origin: http://evil.example\r\n", header(&cookie));
    assert_eq!(send(&client, "/_emulator/logout", &foreign, "").status, 403);
    assert_eq!(open(&header(&cookie)).status, 200);
    let ended = send(&client, "/_emulator/logout", &header(&cookie), "");
    assert_eq!(redirected_to(&ended), "/login");
    assert!(ended.header("Set-Cookie").expect("a cookie").starts_with("emulator_admin=; Path=/_emulator; Max-Age=0;"));
    assert_eq!((open(&header(&cookie)).status, open(&header(&other)).status), (303, 200));
    let bytes = as_request("GET", "/tenants", &header(&cookie), None);
    assert_eq!(client.raw(&bytes).problem(401), "the session has ended");
    server.signal("TERM");
    assert!(server.wait().success());
}

#[test]
fn the_page_of_a_request_describes_a_body_that_is_not_recorded() {
    let tenant = tenant();
    let body = format!(r#"{{"FirstName":"{}"}}"#, "x".repeat(1_100_000 - 16));
    let key = format!("Ocp-Apim-Subscription-Key: {}\r\n", tenant.client.key);
    let sent = |method: &str, body: Option<&str>| request(method, "/v1/customers/3", &key, body);
    let in_chunks = |chunks: &str| {
        let headers = format!("{key}Transfer-Encoding: chunked\r\n");
        [request("PATCH", "/v1/customers/3", &headers, None), chunks.as_bytes().to_vec()].concat()
    };
    for (bytes, status, words) in [
        (sent("PATCH", Some(&body)), 413, "1,100,000 bytes, over the limit, not stored."),
        (
            in_chunks(&format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())),
            413,
            "Sent in chunks, over the limit, not stored.",
        ),
        (sent("GET", Some("{}")), 200, "2 bytes, not read."),
        (sent("GET", None), 200, "No body."),
        (in_chunks("0\r\n\r\n"), 500, "No body."),
    ] {
        assert_eq!(tenant.raw(&bytes).status, status, "{words}");
        let entry = &tenant.requests("?limit=1")[0];
        let id = entry["request_id"].as_str().expect("an id");
        let page = tenant.page(&format!("/requests/{id}?tab=request")).body;
        assert!(page.contains(&format!("<p class=\"empty\">{words}</p>")), "{words}: {page}");
    }
}

#[test]
fn a_long_path_is_cut_at_the_end_of_its_line() {
    let tenant = tenant();
    let path = format!("/v1/customers/search/{}", "a".repeat(1500));
    tenant.get(&path).succeeds(200);
    let list = tenant.page("").body;
    assert!(list.contains(&format!("<td class=\"what\" title=\"GET {path}\">")), "{list}");
    let style = client().raw(&as_request("GET", "/assets/inspector.css", "", None)).body;
    let rule = style.lines().find(|line| line.starts_with(".requests .what {")).expect("a rule");
    assert!(rule.contains("text-overflow: ellipsis"), "{rule}");
}

#[test]
fn all_content_of_a_page_is_in_a_landmark() {
    let tenant = tenant();
    for path in ["", "/customers", "/data", "/keys", "/plan"] {
        let body = tenant.page(path).body;
        let (_, rest) = body.split_once("</header>").expect("a header");
        let (between, _) = rest.split_once("<main").expect("a main part");
        let outside: Vec<&str> = between
            .split("<nav")
            .enumerate()
            .map(|(place, part)| if place == 0 { part } else { part.split_once("</nav>").expect("an end").1 })
            .collect();
        assert!(outside.concat().trim().is_empty(), "{path}: {outside:?}");
        assert!(between.contains("<p class=\"tenant\">"), "{between}");
    }
    let coverage = page("/coverage").body;
    assert_eq!((coverage.matches("<main").count(), coverage.matches("</main>").count()), (1, 1));
}

/// The text of an element, without the escapes of HTML.
fn text_of(page: &str, id: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("id=\"{id}\""))?;
    let text = rest.split_once('>')?.1.split_once("</pre>")?.0;
    Some(text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}

#[test]
fn a_copied_command_runs_nothing_that_a_client_chose() {
    // Without a key: anybody can send them.
    let tenant = tenant();
    let key = format!("Ocp-Apim-Subscription-Key: {}\r\n", tenant.client.key);
    let hostile = [
        ("X&touch$IFS.pwned&", "/v1/x?a='$(touch.pwned)'`touch`;!!", "", None),
        (
            "!!`touch$IFS.pwned`|",
            "/v1/customers/3",
            "X-A: '; touch pwned; '\r\nX-B: $(touch pwned)`touch pwned`\r\n",
            None,
        ),
        ("PUT", "/v1/customers/[1-9]{a,b}/../x", "X'`touch`!: !!\r\n", None),
        (
            "POST",
            "/v1/customers",
            "Content-Type: text/plain;'\r\n",
            Some("'; touch pwned; '\n!x\n\u{1b}[201~\ntouch pwned\n"),
        ),
        ("PATCH", "/v1/customers/3", "", Some("\"\\'\n$(touch pwned)`touch pwned`\u{202e}")),
    ];
    for (method, path, headers, body) in hostile {
        let bytes = String::from_utf8(request(method, path, &format!("{key}{headers}"), body)).expect("text");
        let reply = client().raw(bytes.replacen("Host: test.example", "Host: evil.example", 1).as_bytes());
        assert!(reply.status >= 200, "{reply:?}");
        let entry = &tenant.requests("?limit=1")[0];
        assert_eq!(entry["method"], method, "{reply:?}");
        let id = entry["request_id"].as_str().expect("an id");
        let page = tenant.page(&format!("/requests/{id}?tab=code"));
        let command = text_of(&page.body, "curl-text").unwrap_or_else(|| panic!("a command in {page:?}"));
        assert!(command.contains("http://localhost/") && !command.contains("evil.example"), "{command}");
        assert!(!command.contains(['\u{1b}', '\u{202e}']), "{command:?}");
        let folder = tempfile::tempdir().expect("a folder");
        // Curl is replaced by a function that prints its arguments, each followed by a NUL.
        let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{command}\n");
        for interactive in ["+H", "-H"] {
            let output = std::process::Command::new("bash")
                .args([interactive, "-c", &script])
                .env("EMULATOR_KEY", "k")
                .current_dir(folder.path())
                .output()
                .expect("bash");
            let (text, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let arguments: Vec<&str> = text.split('\0').collect();
            assert_eq!(arguments[..5], ["-i", "-g", "--path-as-is", "-X", method], "{command}: {error}");
            assert_eq!(arguments[5], format!("http://localhost{path}"), "{command}");
            assert!(error.is_empty(), "{command}: {error}");
            if let Some(body) = body {
                assert!(arguments.contains(&body), "{body:?} in {arguments:?}");
            }
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "{command}");
    }
}

#[test]
fn the_nodes_below_a_customer_are_counted_up_to_a_thousand() {
    let tenant = tenant();
    server().execute(&format!(
        "insert into sponsor_tree (tenant_id, customer_id, upline_id, placed_at)
         select {}, n, case when n = 3 then 2 else 3 end, now() from unnest(3 || array(select generate_series(1000, 2000))) n",
        tenant.id
    ));
    let page = tenant.page("/customers/3").body;
    assert!(page.contains("more than 1000 direct") && page.contains("and more than 960 more"), "{page}");
    server().execute(&format!("delete from sponsor_tree where tenant_id = {} and customer_id = 2000", tenant.id));
    let page = tenant.page("/customers/3").body;
    assert!(page.contains(" · 1000 direct") && page.contains("and 960 more"), "{page}");
}
