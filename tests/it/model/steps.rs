//! The steps: requests whose values are from small pools, so that they conflict.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{seeds, with};

/// A whole customer, the body of create, update and upgrade.
#[derive(Debug, Clone)]
pub struct Whole {
    pub customer_type: i64,
    pub status: Option<i64>,
    pub sponsor: Option<i64>,
    pub username: Option<&'static str>,
    pub email: Option<&'static str>,
    pub tax: Option<&'static str>,
    pub alias: Option<&'static str>,
    pub name: Option<&'static str>,
}

/// A partial update: `Some` is sent, and `Some(None)` clears the field.
#[derive(Debug, Clone)]
#[expect(clippy::option_option, reason = "sent or not, and then a value or null")]
pub struct Partial {
    pub customer_type: Option<i64>,
    pub status: Option<i64>,
    pub username: Option<Option<&'static str>>,
    pub email: Option<Option<&'static str>>,
    pub tax: Option<Option<&'static str>>,
    pub alias: Option<Option<&'static str>>,
    pub name: Option<Option<&'static str>>,
}

#[derive(Debug, Clone)]
pub enum Step {
    Create(Whole),
    Update(i64, Whole),
    Patch(i64, Partial),
    Upgrade(i64, Whole),
    Place { id: i64, upline: i64, is_enrollment: bool },
    Delete(i64),
    Reset,
    Save,
    Restore,
    Plan { shares_emails: bool },
    Clock { is_frozen: bool },
}

/// Some of these values are equal under the rules, and some are invalid or blank.
static USERNAMES: LazyLock<Vec<&str>> =
    LazyLock::new(|| pool(&["dana", "«»", "Bob B."], |number| [format!("user{number}"), format!(" USER{number} ")]));
static EMAILS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    pool(&["riley@demo.example", "no address"], |number| {
        [format!("e{number}@x.example"), format!("E{number}@X.example")]
    })
});
static TAXES: LazyLock<Vec<&str>> =
    LazyLock::new(|| pool(&["DEMO-TAX-0002"], |number| [format!("T-{number}"), format!("t-{number}")]));
static ALIASES: LazyLock<Vec<&str>> =
    LazyLock::new(|| pool(&["BobB"], |number| [format!("site{number}"), format!("user{number}")]));
static NAMES: LazyLock<Vec<&str>> =
    LazyLock::new(|| pool(&["  "], |number| [format!("Ada {number}"), "Ben".to_owned()]));

fn pool(special: &[&'static str], generate: impl Fn(u32) -> [String; 2]) -> Vec<&'static str> {
    // Leaked, because the test uses the values until it ends.
    special.iter().copied().chain((0..20).flat_map(generate).map(|text| &*text.leak())).collect()
}

fn one_of(pool: &'static LazyLock<Vec<&'static str>>) -> BoxedStrategy<&'static str> {
    proptest::sample::select(pool.as_slice()).boxed()
}

/// An id that a customer may have. It is likelier after more steps.
fn id() -> BoxedStrategy<i64> {
    prop_oneof![5 => 1..=5_i64, 4 => 3..=12_i64, 1 => Just(99_i64)].boxed()
}

fn sponsor() -> BoxedStrategy<i64> {
    prop_oneof![6 => 1..=2_i64, 4 => id()].boxed()
}

fn customer_type() -> BoxedStrategy<i64> {
    prop_oneof![10 => Just(1_i64), 10 => Just(2_i64), 5 => Just(3_i64), 1 => Just(9_i64)].boxed()
}

fn status() -> BoxedStrategy<i64> {
    prop_oneof![20 => 1..=5_i64, 1 => Just(6_i64)].boxed()
}

fn whole() -> BoxedStrategy<Whole> {
    let mostly = |pool| option::weighted(0.97, one_of(pool));
    (
        customer_type(),
        option::of(status()),
        option::weighted(0.97, sponsor()),
        mostly(&USERNAMES),
        mostly(&EMAILS),
        mostly(&TAXES),
        option::of(one_of(&ALIASES)),
        mostly(&NAMES),
    )
        .prop_map(|(customer_type, status, sponsor, username, email, tax, alias, name)| Whole {
            customer_type,
            status,
            sponsor,
            username,
            email,
            tax,
            alias,
            name,
        })
        .boxed()
}

fn partial() -> BoxedStrategy<Partial> {
    let sent = |pool| option::weighted(0.3, option::weighted(0.8, one_of(pool)));
    (
        option::weighted(0.3, customer_type()),
        option::weighted(0.3, status()),
        sent(&USERNAMES),
        sent(&EMAILS),
        sent(&TAXES),
        sent(&ALIASES),
        sent(&NAMES),
    )
        .prop_map(|(customer_type, status, username, email, tax, alias, name)| Partial {
            customer_type,
            status,
            username,
            email,
            tax,
            alias,
            name,
        })
        .boxed()
}

/// A sequence of steps.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => whole().prop_map(Step::Create),
        4 => (id(), whole()).prop_map(|(id, whole)| Step::Update(id, whole)),
        4 => (id(), partial()).prop_map(|(id, partial)| Step::Patch(id, partial)),
        5 => (id(), whole()).prop_map(|(id, whole)| Step::Upgrade(id, Whole { customer_type: 1, ..whole })),
        1 => (id(), whole()).prop_map(|(id, whole)| Step::Upgrade(id, whole)),
        5 => (id(), sponsor(), any::<bool>()).prop_map(|(id, upline, is_enrollment)| Step::Place { id, upline, is_enrollment }),
        1 => id().prop_map(Step::Delete),
        1 => prop_oneof![1 => Just(Step::Reset), 2 => Just(Step::Save), 2 => Just(Step::Restore)],
        1 => any::<bool>().prop_map(|shares_emails| Step::Plan { shares_emails }),
        1 => any::<bool>().prop_map(|is_frozen| Step::Clock { is_frozen }),
    ];
    vec(step, 1..40)
}

impl Step {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Update(..) => "update",
            Self::Patch(..) => "patch",
            Self::Upgrade(..) => "upgrade",
            Self::Place { .. } => "place",
            Self::Delete(_) => "delete",
            Self::Reset => "reset",
            Self::Save => "save",
            Self::Restore => "restore",
            Self::Plan { .. } => "plan",
            Self::Clock { .. } => "clock",
        }
    }

    /// Whether it is a request to the control API, with a path below the tenant.
    pub fn is_control(&self) -> bool {
        matches!(self, Self::Reset | Self::Save | Self::Restore | Self::Plan { .. } | Self::Clock { .. })
    }

    /// Method, path and body.
    pub fn request(&self) -> (&'static str, String, Option<Value>) {
        match self {
            Self::Create(whole) => ("POST", "/v1/customers".to_owned(), Some(whole.body())),
            Self::Update(id, whole) => ("PUT", format!("/v1/customers/{id}"), Some(whole.body())),
            Self::Patch(id, partial) => ("PATCH", format!("/v1/customers/{id}"), Some(partial.body())),
            Self::Upgrade(id, whole) => ("PUT", format!("/v1/customers/upgrade/{id}"), Some(whole.body())),
            Self::Place { id, upline, is_enrollment } => {
                let tree = if *is_enrollment { "Enrollment" } else { "Unilevel" };
                let path = format!("/v1/customers/{id}/downline/placenode?tree={tree}&toUplineId={upline}");
                ("POST", path, None)
            }
            Self::Delete(id) => ("DELETE", format!("/v1/customers/{id}"), None),
            Self::Reset => ("POST", "/reset".to_owned(), None),
            Self::Save => ("PUT", "/snapshots/saved".to_owned(), None),
            Self::Restore => ("POST", "/snapshots/saved/restore".to_owned(), None),
            Self::Plan { shares_emails } => {
                let mut unique = vec!["BackOfficeId", "TaxId", "Username", "WebAlias"];
                unique.extend((!shares_emails).then_some("EmailAddress"));
                ("PUT", "/plan".to_owned(), Some(json!({ "unique": unique })))
            }
            Self::Clock { is_frozen: true } => {
                ("POST", "/clock/freeze".to_owned(), Some(json!({ "at": "2030-01-31T12:00:00Z" })))
            }
            Self::Clock { is_frozen: false } => ("DELETE", "/clock".to_owned(), None),
        }
    }
}

impl Whole {
    /// The vendor's printed distributor with these values: the other fields are valid.
    fn body(&self) -> Value {
        let Self { customer_type, status, sponsor, username, email, tax, alias, name } = self;
        let changes = json!({
            "CustomerType": customer_type, "CustomerStatus": status, "SponsorId": sponsor, "Username": username,
            "EmailAddress": email, "TaxId": tax, "WebAlias": alias, "FirstName": name
        });
        with(&seeds::distributor(), changes)
    }
}

impl Partial {
    fn body(&self) -> Value {
        let mut body = json!({});
        let mut send = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body[name] = value;
            }
        };
        send("CustomerType", self.customer_type.map(Value::from));
        send("CustomerStatus", self.status.map(Value::from));
        send("Username", self.username.map(Value::from));
        send("EmailAddress", self.email.map(Value::from));
        send("TaxId", self.tax.map(Value::from));
        send("WebAlias", self.alias.map(Value::from));
        send("FirstName", self.name.map(Value::from));
        body
    }
}
