//! Concurrent writers at different vendor APIs. The embedded database serializes them; a real Postgres runs them concurrently.

use serde_json::{Value, json};

use super::shared::create_at_bydesign;
use crate::races::at_once;
use crate::storm::{JSON, created, customer, path, read, rejection};
use crate::support::server::on_real_postgres;
use crate::support::vendors::VendorClient;
use crate::support::{Reply, Tenant, seeds, tenant, with};

/// Callers of each vendor API.
const EACH: usize = 6;

/// Concurrent updates of one customer.
const UPDATERS: usize = 16;

/// A tenant with clients of each vendor API, and a customer for each caller.
struct Contest {
    tenant: Tenant,
    bydesign: VendorClient,
    storm: VendorClient,
    own: Vec<i64>,
}

impl Contest {
    fn new() -> Self {
        let tenant = tenant();
        let (bydesign, storm) = (tenant.bydesign(), tenant.storm());
        let own = (0..3 * EACH)
            .map(|number| {
                let body =
                    json!({ "Username": format!("own{number}"), "EmailAddress": format!("own{number}@x.example") });
                tenant.create(&with(&seeds::retail(), body))
            })
            .collect();
        Self { tenant, bydesign, storm, own }
    }

    /// All callers at once: creations and updates alternate. `values` are the conflicting values for each vendor API.
    fn run(&self, round: usize, values: &[Value; 3]) -> Vec<Reply> {
        let [directscale, bydesign, storm] = values;
        at_once(3 * EACH, |number| {
            let (name, is_update) = (format!("r{round}n{number}"), (number / 3) % 2 == 0);
            let id = self.own[number];
            match number % 3 {
                0 if is_update => self.tenant.patch(&format!("/v1/customers/{id}"), directscale),
                0 => {
                    let own = json!({ "Username": name, "EmailAddress": format!("{name}@x.example") });
                    self.tenant.post("/v1/customers", &with(&with(&seeds::retail(), own), directscale.clone()))
                }
                1 => {
                    let body = json!({ "FirstName": name, "Email": format!("{name}@x.example") });
                    create_at_bydesign(&self.bydesign, &with(&body, bydesign.clone()))
                }
                _ => {
                    // Each with a company, which gets its number in the same transaction.
                    let body = with(&json!({ "Companies": [{ "Name": name, "OrgNo": name }] }), storm.clone());
                    if is_update {
                        let account = body.get("Account").map(|account| with(account, json!({ "Id": id })));
                        let body = with(&body, json!({ "Id": id, "Account": account }));
                        self.storm.post(&path("UpdateCustomer", "&updatedBy=1"), &body)
                    } else {
                        self.storm.post(&path("CreateCustomer", ""), &body)
                    }
                }
            }
        })
    }

    /// One succeeds; each of the others gets its own vendor's rejection.
    #[track_caller]
    fn one_wins(&self, replies: Vec<Reply>, rejections: [&str; 3], column: &str, value: &str) {
        let won = replies.iter().filter(|reply| reply.status < 300).count();
        assert_eq!(won, 1, "{replies:?}");
        for (number, reply) in replies.into_iter().enumerate().filter(|(_, reply)| reply.status >= 300) {
            let expected = rejections[number % 3];
            match number % 3 {
                0 => drop(reply.rejects(500, expected)),
                1 => {
                    let body: Value = serde_json::from_str(&reply.says(400, JSON)).expect("JSON");
                    let first = (body["MessageTranslationKey"].clone(), body["Messages"].as_array().map(Vec::len));
                    assert_eq!(first, (json!(expected), Some(1)), "{body}");
                }
                _ => {
                    let messages = rejection(reply);
                    assert_eq!((messages[0].0.as_str(), messages.len()), (expected, 1), "{messages:?}");
                }
            }
        }
        let query = format!("select 1 from customers where tenant_id = {{tenant}} and {column} = '{value}'");
        assert_eq!(self.tenant.rows(&query).len(), 1, "{value}");
        // A rejected write left nothing behind.
        let orphans = self.tenant.rows(
            "select 1 from companies k where tenant_id = {tenant} and not exists (
                 select from customers c where c.tenant_id = k.tenant_id and c.customer_id = k.customer_id)",
        );
        assert!(orphans.is_empty(), "{orphans:?}");
    }
}

#[test]
fn an_e_mail_address_is_unique_across_vendors() {
    if !on_real_postgres() {
        return;
    }
    let contest = Contest::new();
    for round in 0..12 {
        let email = format!("one{round}@x.example");
        let values =
            [json!({ "EmailAddress": email }), json!({ "Email": email }), json!({ "Email": email, "FirstName": "S" })];
        // An update at Storm that names an Id changes the address of that customer.
        let replies = contest.run(round, &values);
        let expected = format!("EmailAddress '{email}' is already in use.");
        contest.one_wins(
            replies,
            [&expected, "CUSTOMER_EMAIL_IN_USE", "CustomerAlreadyExists"],
            "email_address",
            &email,
        );
    }
}

#[test]
fn a_tax_id_is_unique_across_vendors() {
    if !on_real_postgres() {
        return;
    }
    let contest = Contest::new();
    for round in 0..12 {
        let number = format!("TAX-{round}");
        let values = [json!({ "TaxId": number }), json!({ "TaxID": number }), json!({ "SSN": number })];
        let replies = contest.run(round, &values);
        let rejections = ["TaxId is already in use.", "CUSTOMER_TAX_ID_IN_USE", "CustomerAlreadyExists"];
        contest.one_wins(replies, rejections, "tax_id", &number);
    }
}

#[test]
fn a_login_name_is_unique_across_vendors() {
    if !on_real_postgres() {
        return;
    }
    let contest = Contest::new();
    for round in 0..12 {
        let name = format!("login{round}");
        // ByDesign has no usernames: its callers only write concurrently.
        let values = [json!({ "Username": name }), json!({}), json!({ "Account": { "LoginName": name } })];
        let mut replies = contest.run(round, &values);
        for reply in replies.iter_mut().skip(1).step_by(3) {
            assert_eq!(reply.status, 200, "{reply:?}");
            // Counted with the rejected ones.
            reply.status = 400;
            reply.body = r#"{"MessageTranslationKey":"-","Messages":[{}]}"#.to_owned();
        }
        let expected = format!("Username '{name}' is already in use.");
        contest.one_wins(replies, [&expected, "-", "AccountAlreadyExists"], "username", &name);
    }
}

#[test]
fn only_one_writer_gets_a_company() {
    if !on_real_postgres() {
        return;
    }
    let tenant = tenant();
    let client = tenant.storm();
    let own: Vec<Value> = (0..16).map(|_| created(&client, &json!({}))["Id"].clone()).collect();
    for round in 0..12 {
        let (name, number) = (format!("Company {round}"), format!("{round}"));
        let replies = at_once(16, |caller| {
            let company = json!({ "Name": name, "OrgNo": number });
            let other = json!({ "Name": format!("{round}-{caller}"), "OrgNo": "x" });
            // Half of them in the opposite order.
            let companies = if caller % 4 < 2 { json!([company, other]) } else { json!([other, company]) };
            if caller % 2 == 0 {
                client.post(&path("CreateCustomer", ""), &json!({ "Companies": companies }))
            } else {
                let body = json!({ "Id": own[caller], "Companies": companies });
                client.post(&path("UpdateCustomer", "&updatedBy=1"), &body)
            }
        });
        let won = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(won, 1, "{replies:?}");
        let text = format!("There already exists a company '{name}' with the specified organizational number.");
        for reply in replies.into_iter().filter(|reply| reply.status != 200) {
            assert_eq!(rejection(reply), [("CompanyAlreadyExists".to_owned(), text.clone())]);
        }
        let query = format!("select 1 from companies where tenant_id = {{tenant}} and org_no = '{number}'");
        assert_eq!(tenant.rows(&query).len(), 1);
    }
}

/// Each takes the names of the other. Postgres may detect a deadlock; the callers get normal responses.
#[test]
fn two_writers_who_swap_companies_get_normal_responses() {
    if !on_real_postgres() {
        return;
    }
    let tenant = tenant();
    let client = tenant.storm();
    let company = |name: String| json!({ "Name": name, "OrgNo": "1" });
    let created: Vec<Value> = (0..2)
        .map(|owner| {
            let companies = [company(format!("first {owner}")), company(format!("second {owner}"))];
            created(&client, &json!({ "Companies": companies }))
        })
        .collect();
    let id = |owner: usize, place: usize| created[owner]["Companies"][place]["Id"].clone();
    for round in 0..20 {
        let replies = at_once(2, |owner| {
            // Both take both names, in opposite orders.
            let names = [format!("{round}-{owner}"), format!("{round}-{}", 1 - owner)];
            let companies = [0, 1].map(|place| with(&company(names[place].clone()), json!({ "Id": id(owner, place) })));
            client.post(
                &path("UpdateCustomer", "&updatedBy=1"),
                &json!({ "Id": created[owner]["Id"], "Companies": companies }),
            )
        });
        let won = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(won, 1, "{replies:?}");
        for reply in replies.into_iter().filter(|reply| reply.status != 200) {
            assert!(rejection(reply).iter().all(|(key, _)| key == "CompanyAlreadyExists"));
        }
    }
}

#[test]
fn updates_of_one_customer_do_not_lose_each_other() {
    if !on_real_postgres() {
        return;
    }
    let tenant = tenant();
    let client = tenant.storm();
    for round in 0..3 {
        let id = created(&client, &json!({ "FirstName": "A" }))["Id"].clone();
        let name = |caller: usize| format!("{round}-{caller}");
        let replies = at_once(UPDATERS, |caller| {
            let number = i32::try_from(caller).expect("a number") + 1;
            let part = match caller % 4 {
                0 => json!({ "Companies": [{ "Name": name(caller), "OrgNo": name(caller) }] }),
                1 => json!({ "Flags": [{ "Id": number, "IsSelected": true }] }),
                2 => {
                    json!({ "DeliveryAddresses": [{ "Line1": name(caller), "Zip": "1", "City": "A", "Country": "SE" }] })
                }
                _ => json!({ "Info": [{ "Id": number, "Value": name(caller) }] }),
            };
            client.post(&path("UpdateCustomer", "&updatedBy=1"), &with(&part, json!({ "Id": id })))
        });
        for reply in replies {
            assert_eq!(read(reply)["Id"], id);
        }
        let returned = customer(&client, id.as_i64().expect("an id"));
        let sorted = |list: &str, member: &str| {
            let mut values: Vec<String> =
                returned[list].as_array().expect("a list").iter().map(|item| item[member].to_string()).collect();
            values.sort();
            values
        };
        let of = |rest: usize, value: &dyn Fn(usize) -> String| {
            let mut values: Vec<String> = (0..UPDATERS).filter(|caller| caller % 4 == rest).map(value).collect();
            values.sort();
            values
        };
        let quoted = |caller: usize| format!("\"{}\"", name(caller));
        assert_eq!(sorted("Companies", "Name"), of(0, &quoted));
        assert_eq!(sorted("Flags", "Id"), of(1, &|caller| (caller + 1).to_string()));
        assert_eq!(sorted("DeliveryAddresses", "Line1"), of(2, &quoted));
        assert_eq!(sorted("Info", "Value"), of(3, &quoted));
        // Every number is unique.
        let mut ids = sorted("DeliveryAddresses", "Id");
        ids.dedup();
        assert_eq!(ids.len(), UPDATERS / 4);
    }
}

#[test]
fn updates_of_two_vendors_do_not_lose_each_other() {
    if !on_real_postgres() {
        return;
    }
    let tenant = tenant();
    let client = tenant.storm();
    for round in 0..8 {
        let replies = at_once(8, |caller| {
            let value = format!("{round}-{caller}");
            if caller % 2 == 0 {
                let custom = json!({ "AssociateCustom": { format!("Field{}", caller + 1): value } });
                tenant.patch("/v1/customers/3", &custom)
            } else {
                let number = i32::try_from(caller).expect("a number");
                let body = json!({ "Id": 3, "CrmId": value, "Info": [{ "Id": number, "Value": value }] });
                client.post(&path("UpdateCustomer", "&updatedBy=1"), &body)
            }
        });
        assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
        let (one, other) = (tenant.customer(3), customer(&client, 3));
        for caller in 0..8 {
            let value = format!("{round}-{caller}");
            if caller % 2 == 0 {
                assert_eq!(one["AssociateCustom"][format!("Field{}", caller + 1)], value);
            } else {
                let info = other["Info"].as_array().expect("a list").iter().find(|info| info["Id"] == caller);
                assert_eq!(info.expect("the value")["Value"], value);
            }
        }
    }
}

#[test]
fn only_one_writer_gets_a_key() {
    if !on_real_postgres() {
        return;
    }
    let tenant = tenant();
    let client = tenant.storm();
    for round in 0..6 {
        let key = format!("6f9619ff-8b86-d011-b42d-00c04fc9650{round}");
        let replies = at_once(8, |_| client.post(&path("CreateCustomer", ""), &json!({ "Key": key })));
        assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
        let text = "There already exists a customer with the specified key.";
        for reply in replies.into_iter().filter(|reply| reply.status != 200) {
            assert_eq!(rejection(reply), [("CustomerAlreadyExists".to_owned(), text.to_owned())]);
        }
    }
    assert_eq!(tenant.rows("select 1 from customers where tenant_id = {tenant}").len(), 4 + 6);
}
