//! The rules of docs/API.md, implemented again, without a database.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::steps::{Partial, Step, Whole};

/// The status of a response, and for a rejection each field with the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub status: u16,
    pub violations: Vec<(String, String)>,
}

#[derive(Debug, Clone, Default)]
struct Person {
    customer_type: i64,
    status: i64,
    sponsor: Option<i64>,
    enroller: Option<i64>,
    username: Option<String>,
    email: Option<String>,
    tax: Option<String>,
    alias: Option<String>,
    name: Option<String>,
    number: String,
    changed: bool,
    /// The upline in the sponsor tree.
    #[expect(clippy::option_option, reason = "placed or not, and then below an upline or a root")]
    node: Option<Option<i64>>,
}

#[derive(Debug, Clone)]
pub struct Model {
    customers: BTreeMap<i64, Person>,
    log: Vec<(i64, i64, i64)>,
    /// Whether the plan lets customers share an e-mail address.
    shares_emails: bool,
    /// The snapshot.
    saved: Option<Box<Model>>,
}

/// The order of the field table.
const FIELDS: [&str; 8] =
    ["CustomerStatus", "CustomerType", "EmailAddress", "FirstName", "SponsorId", "TaxId", "Username", "WebAlias"];

type Violations = Vec<(&'static str, &'static str)>;

fn done(status: u16) -> Outcome {
    Outcome { status, violations: Vec::new() }
}

const UNKNOWN: u16 = 404;

fn rejected(mut violations: Violations) -> Outcome {
    violations.sort_by_key(|(field, _)| FIELDS.iter().position(|name| name == field));
    let violations = violations.into_iter().map(|(field, rule)| (field.to_owned(), rule.to_owned())).collect();
    Outcome { status: 500, violations }
}

fn filled(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

fn same(one: Option<&str>, other: Option<&str>) -> bool {
    let form = |text: &str| text.trim().to_lowercase();
    one.is_some() && one.map(form) == other.map(form)
}

impl Model {
    /// The customers of the tests' tenants.
    pub fn demo() -> Self {
        let customer =
            |id: i64, customer_type: i64, sponsor: Option<i64>, name: &str, first_name: &str, tax: Option<&str>| {
                Person {
                    customer_type,
                    status: 1,
                    sponsor,
                    enroller: sponsor,
                    username: Some(name.to_owned()),
                    email: Some(format!("{name}@demo.example")),
                    tax: tax.map(str::to_owned),
                    alias: Some(name.to_owned()),
                    name: Some(first_name.to_owned()),
                    number: format!("{:X}", 90_000 + id),
                    node: (customer_type == 1).then_some(sponsor),
                    ..Person::default()
                }
            };
        let customers = BTreeMap::from([
            (1, customer(1, 1, None, "company", "Demo", Some("DEMO-TAX-0001"))),
            (2, customer(2, 1, Some(1), "dana", "Dana", Some("DEMO-TAX-0002"))),
            (3, customer(3, 2, Some(2), "riley", "Riley", None)),
            (4, customer(4, 3, Some(2), "pat", "Pat", None)),
        ]);
        Self { customers, log: Vec::new(), shares_emails: false, saved: None }
    }

    /// The rows that the database must contain.
    pub fn state(&self) -> Value {
        let customers: Vec<Value> = self
            .customers
            .iter()
            .map(|(id, customer)| {
                json!({
                    "id": id, "type": customer.customer_type, "status": customer.status, "sponsor": customer.sponsor,
                    "enroller": customer.enroller, "username": customer.username, "email": customer.email,
                    "tax": customer.tax, "alias": customer.alias, "name": customer.name, "number": customer.number,
                    "inactive": customer.status != 1, "changed": customer.changed, "placed": customer.node.is_some(),
                    "upline": customer.node.flatten()
                })
            })
            .collect();
        let mut log = self.log.clone();
        log.sort_unstable();
        let log: Vec<Value> = log.iter().map(|(id, was, is)| json!({ "id": id, "was": was, "is": is })).collect();
        json!({ "customers": customers, "log": log })
    }

    /// Applies a step and returns the expected response.
    pub fn apply(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Create(whole) => self.create(whole),
            Step::Update(id, whole) => self.replace(*id, whole, false),
            Step::Patch(id, partial) => self.patch(*id, partial),
            Step::Upgrade(id, whole) => self.replace(*id, whole, true),
            Step::Place { id, upline, is_enrollment } => self.place(*id, *upline, *is_enrollment),
            Step::Delete(id) => match self.customers.get_mut(id) {
                None => done(UNKNOWN),
                Some(customer) => {
                    customer.status = 3;
                    done(200)
                }
            },
            Step::Reset => {
                *self = Self { saved: self.saved.take(), ..Self::demo() };
                done(200)
            }
            Step::Save => {
                self.saved = Some(Box::new(Self { saved: None, ..self.clone() }));
                done(200)
            }
            Step::Restore => match self.saved.take() {
                None => done(UNKNOWN),
                Some(saved) => {
                    *self = Self { saved: Some(saved.clone()), ..*saved };
                    done(200)
                }
            },
            Step::Plan { shares_emails } => {
                let emails = || self.customers.iter().map(|(id, customer)| (id, customer.email.as_deref()));
                let is_shared = |(id, email)| emails().any(|(other, taken)| other < id && same(taken, email));
                if !shares_emails && emails().any(is_shared) {
                    return done(400);
                }
                self.shares_emails = *shares_emails;
                done(200)
            }
            Step::Clock { .. } => done(200),
        }
    }

    fn create(&mut self, whole: &Whole) -> Outcome {
        let violations = whole.violations(None);
        if !violations.is_empty() {
            return rejected(violations);
        }
        let mut violations = self.conflicts(None, whole.username, whole.email, whole.tax, whole.alias);
        violations.extend(self.sponsor_violation(whole.sponsor));
        if !violations.is_empty() {
            return rejected(violations);
        }
        let id = self.customers.keys().max().copied().unwrap_or_default() + 1;
        let from_username: String = whole
            .username
            .unwrap_or_default()
            .chars()
            .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
            .collect();
        let is_free = |alias: &str| !self.customers.values().any(|other| same(other.alias.as_deref(), Some(alias)));
        let default_alias = (!from_username.is_empty() && is_free(&from_username)).then_some(from_username);
        let customer = Person {
            customer_type: whole.customer_type,
            status: whole.status.unwrap_or(1),
            sponsor: whole.sponsor,
            enroller: whole.sponsor,
            username: filled(whole.username),
            email: filled(whole.email),
            tax: filled(whole.tax),
            alias: filled(whole.alias).or(default_alias),
            name: filled(whole.name),
            number: format!("{:X}", 90_000 + id),
            node: (whole.customer_type == 1).then_some(whole.sponsor),
            ..Person::default()
        };
        self.customers.insert(id, customer);
        done(201)
    }

    fn replace(&mut self, id: i64, whole: &Whole, is_upgrade: bool) -> Outcome {
        let Some(current) = self.customers.get(&id).cloned() else { return done(UNKNOWN) };
        let violations = whole.violations(Some(id));
        if !violations.is_empty() {
            return rejected(violations);
        }
        let mut violations = self.conflicts(Some(id), whole.username, whole.email, whole.tax, whole.alias);
        let moves = current.node.is_some() || is_upgrade;
        let changes_upline = current.node.flatten() != whole.sponsor;
        let sponsor_violation = self.sponsor_violation(whole.sponsor).or_else(|| {
            let sponsor = whole.sponsor?;
            let is_below = moves && changes_upline && self.is_below(sponsor, id, false);
            is_below.then_some(("SponsorId", "sponsorBelow"))
        });
        violations.extend(sponsor_violation);
        if !violations.is_empty() {
            return rejected(violations);
        }
        if is_upgrade && (current.customer_type, whole.customer_type) != (2, 1) {
            return rejected(vec![("CustomerType", "transition")]);
        }
        if is_upgrade {
            self.log.push((id, current.customer_type, whole.customer_type));
        }
        let customer = Person {
            customer_type: whole.customer_type,
            status: whole.status.unwrap_or(current.status),
            sponsor: whole.sponsor,
            username: filled(whole.username),
            email: filled(whole.email),
            tax: filled(whole.tax),
            alias: filled(whole.alias),
            name: filled(whole.name),
            changed: current.changed || current.customer_type != whole.customer_type,
            node: if moves { Some(whole.sponsor) } else { None },
            ..current
        };
        self.customers.insert(id, customer);
        done(if is_upgrade { 201 } else { 200 })
    }

    fn patch(&mut self, id: i64, partial: &Partial) -> Outcome {
        let Some(current) = self.customers.get(&id).cloned() else { return done(UNKNOWN) };
        let violations = partial.violations();
        if !violations.is_empty() {
            return rejected(violations);
        }
        let violations = self.conflicts(
            Some(id),
            partial.username.flatten(),
            partial.email.flatten(),
            partial.tax.flatten(),
            partial.alias.flatten(),
        );
        if !violations.is_empty() {
            return rejected(violations);
        }
        let text = |sent: Option<Option<&str>>, stored: Option<String>| sent.map_or(stored, filled);
        let customer = Person {
            customer_type: partial.customer_type.unwrap_or(current.customer_type),
            status: partial.status.unwrap_or(current.status),
            username: text(partial.username, current.username),
            email: text(partial.email, current.email),
            tax: text(partial.tax, current.tax),
            alias: text(partial.alias, current.alias),
            name: text(partial.name, current.name),
            changed: current.changed || partial.customer_type.is_some_and(|sent| sent != current.customer_type),
            ..current
        };
        self.customers.insert(id, customer);
        done(200)
    }

    fn place(&mut self, id: i64, upline: i64, is_enrollment: bool) -> Outcome {
        if !self.customers.contains_key(&id) {
            return done(UNKNOWN);
        }
        let rule = match self.customers.get(&upline) {
            None => Some("sponsorUnknown"),
            Some(customer) if customer.customer_type != 1 => Some("sponsorNotDistributor"),
            Some(_) if upline == id => Some("sponsorIsSelf"),
            Some(_) => self.is_below(upline, id, is_enrollment).then_some("sponsorBelow"),
        };
        if let Some(rule) = rule {
            return rejected(vec![("toUplineId", rule)]);
        }
        let customer = self.customers.get_mut(&id).expect("checked above");
        if is_enrollment {
            customer.enroller = Some(upline);
        } else {
            customer.sponsor = Some(upline);
            customer.node = Some(Some(upline));
        }
        done(200)
    }

    /// Whether `one` stands below `other` in a tree, or is the same customer.
    fn is_below(&self, one: i64, other: i64, is_enrollment: bool) -> bool {
        let mut seen = BTreeSet::new();
        let mut at = Some(one);
        while let Some(id) = at {
            assert!(seen.insert(id), "a circle through {id}");
            if id == other {
                return true;
            }
            let customer = &self.customers[&id];
            at = if is_enrollment { customer.enroller } else { customer.node.flatten() };
        }
        false
    }

    fn sponsor_violation(&self, sponsor: Option<i64>) -> Option<(&'static str, &'static str)> {
        match self.customers.get(&sponsor?) {
            None => Some(("SponsorId", "sponsorUnknown")),
            Some(customer) if customer.customer_type != 1 => Some(("SponsorId", "sponsorNotDistributor")),
            Some(_) => None,
        }
    }

    fn conflicts(
        &self,
        id: Option<i64>,
        username: Option<&str>,
        email: Option<&str>,
        tax: Option<&str>,
        alias: Option<&str>,
    ) -> Violations {
        let others = || self.customers.iter().filter(|(other, _)| Some(**other) != id).map(|(_, customer)| customer);
        let mut violations = Vec::new();
        for (field, value, of) in [
            ("Username", username, (|customer| customer.username.as_deref()) as fn(&Person) -> Option<&str>),
            ("EmailAddress", email, |customer| customer.email.as_deref()),
            ("TaxId", tax, |customer| customer.tax.as_deref()),
            ("WebAlias", alias, |customer| customer.alias.as_deref()),
        ] {
            let is_shared = field == "EmailAddress" && self.shares_emails;
            if !is_shared && others().any(|other| same(of(other), value)) {
                violations.push((field, "unique"));
            }
        }
        violations
    }
}

const TYPES: [i64; 3] = [1, 2, 3];
const STATUSES: [i64; 5] = [1, 2, 3, 4, 5];

impl Whole {
    /// The violations that do not depend on other customers.
    fn violations(&self, id: Option<i64>) -> Violations {
        let mut violations = Vec::new();
        for (field, value) in [("Username", self.username), ("EmailAddress", self.email), ("FirstName", self.name)] {
            if filled(value).is_none() {
                violations.push((field, "required"));
            }
        }
        if self.customer_type == 1 && filled(self.tax).is_none() {
            violations.push(("TaxId", "required"));
        }
        if self.sponsor.is_none() {
            violations.push(("SponsorId", "required"));
        }
        if !TYPES.contains(&self.customer_type) {
            violations.push(("CustomerType", "oneOf"));
        }
        if self.status.is_some_and(|status| !STATUSES.contains(&status)) {
            violations.push(("CustomerStatus", "oneOf"));
        }
        if self.email == Some("no address") {
            violations.push(("EmailAddress", "format"));
        }
        if id.is_some() && self.sponsor == id {
            violations.push(("SponsorId", "sponsorIsSelf"));
        }
        violations
    }
}

impl Partial {
    fn violations(&self) -> Violations {
        let mut violations = Vec::new();
        for (field, sent) in [("Username", self.username), ("EmailAddress", self.email), ("FirstName", self.name)] {
            if sent.is_some_and(|value| filled(value).is_none()) {
                violations.push((field, "required"));
            }
        }
        if self.customer_type.is_some_and(|sent| !TYPES.contains(&sent)) {
            violations.push(("CustomerType", "oneOf"));
        }
        if self.status.is_some_and(|sent| !STATUSES.contains(&sent)) {
            violations.push(("CustomerStatus", "oneOf"));
        }
        if self.email == Some(Some("no address")) {
            violations.push(("EmailAddress", "format"));
        }
        violations
    }
}
