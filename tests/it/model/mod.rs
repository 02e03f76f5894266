//! Random steps against a model of the rules in memory: after each one, the answer and all that the steps vary are what the
//! model says. Sixteen tenants at once, each with a call in flight.

mod rules;
mod steps;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::support::{Reply, Tenant, tenant};
use rules::{Answer, Model};
pub use steps::{Step, steps};

/// Tenants that work at once.
const IN_FLIGHT: u8 = 16;

/// Sequences for each of them; `MODEL_CASES` asks for more.
const CASES: u32 = 6;

#[test]
fn the_database_is_what_the_model_says_after_every_step() {
    let cases = std::env::var("MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let tally = Tally::default();
    thread::scope(|scope| {
        for number in 0..IN_FLIGHT {
            let tally = &tally;
            scope.spawn(move || {
                let config = Config { cases, failure_persistence: None, ..Config::default() };
                let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[number; 32]);
                let outcome = TestRunner::new_with_rng(config, rng).run(&steps(), |steps| check(&steps, tally));
                outcome.unwrap_or_else(|failure| panic!("{failure}"));
            });
        }
    });
    // Every call was answered in every way, so that agreeing means something.
    let tally = tally.into_inner().expect("no panic");
    println!("{tally:?}");
    for (call, statuses) in [
        ("create", &[201, 500][..]),
        ("update", &[200, 404, 500]),
        ("patch", &[200, 404, 500]),
        ("upgrade", &[201, 404, 500]),
        ("place", &[200, 404, 500]),
        ("void", &[200, 404]),
    ] {
        for status in statuses {
            assert!(tally.contains_key(&(call, *status)), "{call} {status}");
        }
    }
}

/// How often each call was answered with each status.
type Tally = Mutex<BTreeMap<(&'static str, u16), u32>>;

fn check(steps: &[Step], tally: &Tally) -> Result<(), TestCaseError> {
    let tenant = tenant();
    let mut model = Model::demo();
    proptest::prop_assert_eq!(state(&tenant), model.state());
    for (number, step) in steps.iter().enumerate() {
        let (method, path, body) = step.call();
        let body = body.map(|body| body.to_string());
        let reply = tenant.call(method, &path, "", body.as_deref());
        *tally.lock().expect("no panic").entry((step.name(), reply.status)).or_default() += 1;
        let expected = model.apply(step);
        proptest::prop_assert_eq!(answer(&reply), expected, "step {}, {:?}: {:?}", number, step, reply);
        proptest::prop_assert_eq!(state(&tenant), model.state(), "after step {}, {:?}", number, step);
    }
    Ok(())
}

fn answer(reply: &Reply) -> Answer {
    let status = reply.status;
    if status < 400 {
        return Answer { status, faults: Vec::new() };
    }
    let body = reply.json();
    let faults = body["errors"].as_array().expect("faults").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    Answer { status, faults: faults.map(|fault| (text(&fault["field"]), text(&fault["rule"]))).collect() }
}

/// Everything that the steps vary.
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
              where tenant_id = {tenant} order by recordnumber"
        ),
    })
}
