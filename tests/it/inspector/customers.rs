//! Customers and trees in the inspector: lists, forms that go through DirectScale's API, and moves.

use serde_json::{Value, json};

use super::{encoded, page, redirected_to};
use crate::support::{Tenant, seeds, tenant, tenant_of};

/// The fields of a form from a request's body.
fn fields(body: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("sent", "1");
    for (name, value) in body.as_object().expect("an object") {
        match value {
            Value::Object(parts) => {
                for (part, value) in parts {
                    form.append_pair(&format!("{name}.{part}"), value.as_str().unwrap_or_default());
                }
            }
            Value::String(text) => drop(form.append_pair(name, text)),
            other => drop(form.append_pair(name, &other.to_string())),
        }
    }
    form.finish()
}

fn newest(tenant: &Tenant) -> Value {
    tenant.requests("")[0].clone()
}

fn crowd(distributors: u32) -> Tenant {
    tenant_of(json!({ "population": { "distributors": distributors, "retail": 0, "shape": "flat" } }))
}

#[test]
fn the_list_has_totals_and_pages_in_both_directions() {
    let tenant = crowd(120);
    let first = tenant.page("/customers").body;
    let total = tenant.rows("select 1 from customers where tenant_id = {tenant}").len();
    assert!(first.contains(&format!("1–50 of {total}")), "{first}");
    assert!(first.contains("rel=\"next\"") && !first.contains("rel=\"prev\""));
    let second = tenant.page("/customers?page=2").body;
    assert!(second.contains(&format!("51–100 of {total}")) && second.contains("rel=\"prev\""), "{second}");
    let last = tenant.page("/customers?page=3").body;
    assert!(last.contains(&format!("101–{total} of {total}")) && !last.contains("rel=\"next\""), "{last}");
    assert!(tenant.page("/customers?page=99").body.contains("after the last"));
    // The addresses keep the filter and the order.
    let sorted = tenant.page("/customers?sort=name&type=1").body;
    assert!(sorted.contains("?type=1&amp;sort=name&amp;page=2"), "{sorted}");
}

#[test]
fn the_list_is_filtered_and_sorted() {
    let tenant = tenant();
    let rows = |query: &str| {
        let body = tenant.page(&format!("/customers?{query}")).body;
        let ids =
            body.split("data-label=\"Id\"").skip(1).filter_map(|rest| rest.split("</a>").next()?.rsplit('>').next());
        ids.map(|id| id.parse::<i32>().expect("an id")).collect::<Vec<_>>()
    };
    let expect = |condition: &str, order: &str| {
        let found = tenant.rows(&format!(
            "select customer_id from customers where tenant_id = {{tenant}} and {condition} order by {order}"
        ));
        found
            .iter()
            .map(|row| i32::try_from(row["customer_id"].as_i64().expect("an id")).expect("an id"))
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(""), expect("true", "1"));
    assert_eq!(rows("sort=newest"), expect("true", "1 desc"));
    assert_eq!(rows("type=2"), expect("customer_type = 2", "1"));
    assert_eq!(rows("status=1&sponsor=2"), expect("customer_status = 1 and sponsor_id = 2", "1"));
    assert_eq!(
        rows("sort=name"),
        expect("true", "lower(coalesce(nullif(concat_ws(' ', first_name, last_name), ''), company_name)), customer_id")
    );
    assert!(!rows("type=2").is_empty());
    assert!(tenant.page("/customers?type=9").body.contains("No customer matches."));
    for query in ["sort=shoes", "type=x", "page=x"] {
        assert_eq!(tenant.page(&format!("/customers?{query}")).status, 400, "{query}");
    }
}

#[test]
fn a_customer_is_created_through_the_api() {
    let tenant = tenant();
    assert_eq!(tenant.page("/customers/new").status, 200);
    let path = redirected_to(&tenant.form("/customers/new", &fields(&seeds::retail())));
    let entry = newest(&tenant);
    assert_eq!(
        (&entry["operation"], &entry["status"], &entry["key"]),
        (&json!("CreateCustomer"), &json!(201), &json!("inspector"))
    );
    let shown = page(&path);
    assert!(
        shown.body.contains("The customer was created.") && shown.body.contains("JSON as GET returns it"),
        "{shown:?}"
    );
    assert!(shown.body.contains(entry["request_id"].as_str().expect("an id")));
}

#[test]
fn a_rejection_stands_at_its_field_and_changes_nothing() {
    let tenant = tenant();
    let before = tenant.rows("select 1 from customers where tenant_id = {tenant}").len();
    let mut body = seeds::retail();
    body["EmailAddress"] = json!("no address");
    body["PrimaryAddress"]["Region"] = json!("");
    let rejected = tenant.form("/customers/new", &fields(&body));
    assert_eq!(rejected.status, 400);
    for part in [
        "id=\"r-EmailAddress\"",
        "id=\"r-PrimaryAddress.Region\"",
        "(required)",
        "aria-describedby=\"r-EmailAddress\"",
        "value=\"no address\"",
    ] {
        assert!(rejected.body.contains(part), "{part}: {}", rejected.body);
    }
    let password = seeds::retail()["Password"].as_str().expect("a password").to_owned();
    assert!(!rejected.body.contains(&password));
    assert_eq!(tenant.rows("select 1 from customers where tenant_id = {tenant}").len(), before);
    assert_eq!(newest(&tenant)["operation"], "CreateCustomer");
}

#[test]
fn a_change_sends_only_what_differs() {
    let tenant = tenant();
    let form = tenant.page("/customers/3/edit");
    assert_eq!(form.status, 200);
    // The form as a browser sends it, with one changed field.
    let mut fields = form_urlencoded::Serializer::new(String::new());
    for (name, value) in input_values(&form.body) {
        fields.append_pair(&name, if name == "FirstName" { "Changed" } else { &value });
    }
    let path = redirected_to(&tenant.form("/customers/3/edit", &fields.finish()));
    assert!(page(&path).body.contains("The customer was changed."));
    let entry = tenant
        .control("GET", &format!("/requests/{}", newest(&tenant)["request_id"].as_str().expect("an id")), None)
        .done(200);
    assert_eq!(entry["request_body"]["text"], r#"{"FirstName":"Changed"}"#);
    assert_eq!(
        serde_json::from_str::<Value>(&tenant.get("/v1/customers/3").body).expect("JSON")["FirstName"],
        "Changed"
    );
}

#[test]
fn two_forms_of_one_customer_do_not_undo_each_other() {
    let tenant = tenant();
    let street = |street: &str| {
        json!({ "PrimaryAddress": { "Street1": street, "Street2": "", "City": "Lindon", "Region": "UT", "PostalCode": "84042",
            "CountryCode": "US" } })
    };
    tenant.patch("/v1/customers/3", &street("1 \"A\" <Street>")).succeeds(200);
    let opened = tenant.page("/customers/3/edit").body;
    let send = |changes: &[(&str, &str)]| {
        let mut fields = form_urlencoded::Serializer::new(String::new());
        for (name, value) in input_values(&opened) {
            let value = value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            let changed = changes.iter().find(|(changed, _)| *changed == name);
            fields.append_pair(&name, changed.map_or(value.as_str(), |(_, value)| value));
        }
        tenant.form("/customers/3/edit", &fields.finish())
    };
    redirected_to(&send(&[("FirstName", "One \u{1f600}"), ("PrimaryAddress.City", "Orem")]));
    // The second form still shows the old first name and city.
    redirected_to(&send(&[("LastName", "Two"), ("PrimaryAddress.PostalCode", "84057")]));
    let customer = tenant.customer(3);
    assert_eq!((&customer["FirstName"], &customer["LastName"]), (&json!("One \u{1f600}"), &json!("Two")));
    let address = &customer["PrimaryAddress"];
    assert_eq!(
        (&address["Street1"], &address["City"], &address["PostalCode"]),
        (&json!("1 \"A\" <Street>"), &json!("Orem"), &json!("84057"))
    );
    // Nothing that the form changed is nothing to send.
    let unchanged = send(&[]);
    assert!(unchanged.body.contains("no field is changed"), "{unchanged:?}");
}

/// The names and values of a form's inputs and selects.
fn input_values(body: &str) -> Vec<(String, String)> {
    let form = body.split("<form method=\"post\" action=\"/_emulator/t/").nth(1).expect("a form");
    let form = form.split("</form>").next().expect("its end");
    let attribute = |tag: &str, name: &str| {
        tag.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned)
    };
    let mut values = Vec::new();
    for tag in form.split('<').skip(1) {
        if tag.starts_with("input") && !tag.contains("type=\"checkbox\"") {
            values.push((attribute(tag, "name").expect("a name"), attribute(tag, "value").unwrap_or_default()));
        } else if tag.starts_with("select") {
            values.push((attribute(tag, "name").expect("a name"), String::new()));
        } else if tag.starts_with("option") && tag.contains(" selected") {
            values.last_mut().expect("a select").1 = attribute(tag, "value").unwrap_or_default();
        }
    }
    values
}

#[test]
fn a_customer_is_upgraded_and_deleted_through_the_api() {
    let tenant = tenant();
    let dry = tenant.form("/customers/3/upgrade", &format!("{}&dry_run=1", fields(&seeds::distributor())));
    assert!(dry.status == 200 && dry.body.contains("The dry run succeeded: 201."), "{dry:?}");
    assert!(tenant.page("/customers/3").body.contains("Retail"), "a dry run changes nothing");
    let path = redirected_to(&tenant.form("/customers/3/upgrade", &fields(&seeds::distributor())));
    assert!(path.contains("/customers/3?done=upgraded"), "{path}");
    assert_eq!(newest(&tenant)["operation"], "UpgradeCustomer");
    let path = redirected_to(&tenant.form("/customers/3/delete", ""));
    assert!(page(&path).body.contains("its status is now Deleted"));
    assert_eq!((&newest(&tenant)["operation"], &newest(&tenant)["status"]), (&json!("DeleteCustomer"), &json!(200)));
    assert_eq!(tenant.page("/customers/99/edit").status, 404);
}

#[test]
fn a_fault_on_a_forms_request_is_reported() {
    let tenant = tenant();
    tenant.add_fault(&json!({ "operation": "CreateCustomer", "response": "reset" }));
    let reply = tenant.form("/customers/new", &fields(&seeds::retail()));
    assert!(reply.body.contains("an injected fault closes the connection"), "{}", reply.body);
}

#[test]
fn the_explorer_shows_levels_with_their_sizes() {
    let tenant = crowd(130);
    let top = tenant.page("/tree").body;
    let roots = tenant.rows("select customer_id from sponsor_tree where tenant_id = {tenant} and upline_id is null");
    let root = roots[0]["customer_id"].as_i64().expect("an id");
    let total = tenant.rows("select 1 from sponsor_tree where tenant_id = {tenant}").len() - roots.len();
    assert!(top.contains(&format!("data-node=\"{root}\"")), "{top}");
    assert!(top.contains(&format!("{total} total")), "{top}");
    // The customer with the most customers directly below it.
    let widest = tenant.rows(
        "select upline_id from sponsor_tree where tenant_id = {tenant} and upline_id is not null
          group by 1 order by count(*) desc limit 1",
    );
    let wide = widest[0]["upline_id"].as_i64().expect("an id");
    let children = tenant.rows(&format!(
        "select customer_id from sponsor_tree where tenant_id = {{tenant}} and upline_id = {wide} order by 1"
    ));
    let child = |number: usize| format!("data-node=\"{}\"", children[number]["customer_id"]);
    let below = tenant.page(&format!("/tree?at={wide}")).body;
    assert_eq!(below.matches("data-node=").count(), 51, "the customer and a page of those below it");
    assert!(below.contains("Show those after") && below.contains("Path from the top"));
    assert!(below.contains(&child(49)) && !below.contains(&child(50)));
    let more = tenant.page(&format!("/tree/branch?tree=sponsor&of={wide}&after={}", children[49]["customer_id"]));
    assert!(more.status == 200 && !more.body.contains("<html"), "{more:?}");
    assert!(!more.body.contains(&child(49)) && more.body.contains(&child(50)));
    let enrollment = tenant.page("/tree?tree=enrollment");
    assert!(enrollment.status == 200 && enrollment.body.contains("Enrollment tree"));
    assert!(tenant.page("/tree?at=99999").body.contains("is not in this tree"));
    assert_eq!(tenant.page("/tree?tree=binary").status, 400);
    assert!(tenant.page("/tree?q=3").body.contains("at=3"));
    // The customer's page counts both.
    let customer = tenant.page(&format!("/customers/{root}")).body;
    assert!(customer.contains(" direct · ") && customer.contains(&format!("{total} total")), "{customer}");
}

#[test]
fn a_move_is_tried_before_it_is_made() {
    let tenant = tenant();
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let upline = || {
        tenant.rows("select upline_id from sponsor_tree where tenant_id = {tenant} and customer_id = 3")[0]["upline_id"]
            .clone()
    };
    assert_eq!(upline(), 2);
    let tried = tenant.form("/tree/move", "tree=sponsor&customer=3&upline=1&do=try");
    assert!(tried.status == 200 && tried.body.contains("Dry run: nothing was moved."), "{tried:?}");
    assert!(tried.body.contains("Move customer 3 below 1"));
    assert_eq!((upline(), &newest(&tenant)["dry_run"]), (json!(2), &json!(true)));
    let moved = tenant.form("/tree/move", "tree=sponsor&customer=3&upline=1&do=move");
    assert!(moved.body.contains("is now below 1"), "{moved:?}");
    assert_eq!((upline(), &newest(&tenant)["operation"]), (json!(1), &json!("PlaceNode")));
    // Below itself, below an unknown customer, and without one.
    let rejected = tenant.form("/tree/move", "tree=sponsor&customer=1&upline=3&do=try");
    assert!(rejected.body.contains("cannot be moved") && rejected.body.contains("sponsorBelow"), "{rejected:?}");
    assert!(tenant.form("/tree/move", "tree=sponsor&customer=3&upline=777&do=try").body.contains("cannot be moved"));
    assert_eq!(tenant.form("/tree/move", "tree=sponsor&customer=3&do=try").status, 400);
    // What was typed and the tree stay.
    let unread = tenant.form("/tree/move", "tree=enrollment&customer=x%22y&upline=1&do=try");
    assert_eq!(unread.status, 400);
    for kept in
        ["name=\"customer\" value=\"x&quot;y\"", "name=\"upline\" value=\"1\"", "name=\"tree\" value=\"enrollment\""]
    {
        assert!(unread.body.contains(kept), "{kept} in {unread:?}");
    }
    assert_eq!(tenant.form("/tree/move", &format!("tree={}&customer=3&upline=1", encoded("x y"))).status, 400);
}
