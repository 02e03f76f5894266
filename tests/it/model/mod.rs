//! Random steps, compared with a model of the rules in memory: after each step, the response and everything that the steps change
//! are as in the model. Sixteen tenants run at once, each with one request at a time.

mod rules;
mod steps;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::support::{Reply, Tenant, tenant};
use rules::{Model, Outcome};
pub use steps::{Step, steps};

/// The number of tenants that run at once.
const TENANTS: u8 = 16;

/// The number of sequences for each tenant; the variable `MODEL_CASES` changes it.
const CASES: u32 = 6;

#[test]
fn the_database_is_equal_to_the_model_after_every_step() {
    let cases = std::env::var("MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let tally = Tally::default();
    thread::scope(|scope| {
        for number in 0..TENANTS {
            let tally = &tally;
            scope.spawn(move || {
                let config = Config { cases, failure_persistence: None, ..Config::default() };
                let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[number; 32]);
                let outcome = TestRunner::new_with_rng(config, rng).run(&steps(), |steps| check(&steps, tally));
                outcome.unwrap_or_else(|failure| panic!("{failure}"));
            });
        }
    });
    // Every operation had every response: otherwise the comparison would prove little.
    let tally = tally.into_inner().expect("no panic");
    println!("{tally:?}");
    for (operation, statuses) in [
        ("create", &[201, 500][..]),
        ("update", &[200, 404, 500]),
        ("patch", &[200, 404, 500]),
        ("upgrade", &[201, 404, 500]),
        ("place", &[200, 404, 500]),
        ("delete", &[200, 404]),
        ("reset", &[200]),
        ("save", &[200]),
        ("restore", &[200, 404]),
        ("plan", &[200, 400]),
        ("clock", &[200]),
    ] {
        for status in statuses {
            assert!(tally.contains_key(&(operation, *status)), "{operation} {status}");
        }
    }
}

/// The number of responses of each operation with each status.
type Tally = Mutex<BTreeMap<(&'static str, u16), u32>>;

fn check(steps: &[Step], tally: &Tally) -> Result<(), TestCaseError> {
    let tenant = tenant();
    let mut model = Model::demo();
    proptest::prop_assert_eq!(state(&tenant), model.state());
    for (number, step) in steps.iter().enumerate() {
        let (method, path, body) = step.request();
        let reply = if step.is_control() {
            tenant.control(method, &path, body.as_ref())
        } else {
            tenant.call(method, &path, "", body.map(|body| body.to_string()).as_deref())
        };
        *tally.lock().expect("no panic").entry((step.name(), reply.status)).or_default() += 1;
        let expected = model.apply(step);
        proptest::prop_assert_eq!(outcome(&reply), expected, "step {}, {:?}: {:?}", number, step, reply);
        proptest::prop_assert_eq!(state(&tenant), model.state(), "after step {}, {:?}", number, step);
    }
    Ok(())
}

fn outcome(reply: &Reply) -> Outcome {
    let status = reply.status;
    if status < 400 || reply.header("Content-Type") == Some("application/problem+json") {
        return Outcome { status, violations: Vec::new() };
    }
    let body = reply.json();
    let errors = body["errors"].as_array().expect("errors").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    Outcome { status, violations: errors.map(|error| (text(&error["field"]), text(&error["rule"]))).collect() }
}

/// Everything that the steps change.
fn state(tenant: &Tenant) -> Value {
    json!({
        "customers": tenant.rows(
            "select c.customer_id as id, customer_type as type, customer_status as status, sponsor_id as sponsor,
                    enroller_id as enroller, username, email_address as email, tax_id as tax, web_alias as alias,
                    first_name as name, back_office_id as number, inactive_date is not null as inactive,
                    upgrade_date is not null as changed, t.customer_id is not null as placed, t.upline_id as upline
               from customers c left join sponsor_tree t using (tenant_id, customer_id)
              where tenant_id = {tenant} order by customer_id"
        ),
        "log": tenant.rows(
            "select AssociateID as id, OldAssociateType as was, NewAssociateType as is from CRM_AssociateTypeChanges
              where tenant_id = {tenant} order by 1, 2, 3"
        ),
    })
}
