//! Runs scenarios against one service.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Months, Utc};
use serde_json::Value;

use super::exchange::{Exchange, Request};
use super::scenario::template::{Missing, fill_path, fill_text, fill_value};
use super::scenario::{Credential, Scenario, Step, StepBody};
use super::service::{Presented, Service, ServiceError};
use crate::random::Random;

/// What all requests of a run have in common, at both services.
#[derive(Debug, Clone)]
pub struct RunNames {
    /// The beginning of every name that the run creates. Each scenario has its own, which begins with it.
    pub prefix: String,
    /// The beginning of its numbers, of which tax ids are made.
    number: u64,
    /// When it began.
    pub at: DateTime<Utc>,
}

impl RunNames {
    /// New names.
    #[must_use]
    pub fn new(random: &Random, at: DateTime<Utc>) -> Self {
        let number = u64::from_be_bytes(random.bytes());
        let digit = |place: u32| char::from_digit((number >> (5 * place) & 31) as u32, 32).unwrap_or('0');
        Self { prefix: format!("emv{}", (0..5).map(digit).collect::<String>()), number: number % 80_000 + 10_000, at }
    }

    /// The beginning of the names of one scenario: what it finds by name must not depend on the other scenarios.
    fn of_scenario(&self, first: usize) -> String {
        format!("{}s{first}", self.prefix)
    }

    /// The value of a built-in placeholder in a step; `prefix` is that of the scenario.
    fn built_in(&self, prefix: &str, number: usize, name: &str, argument: Option<&str>) -> Option<Value> {
        match (name, argument) {
            ("prefix", None) => Some(prefix.into()),
            ("n", None) => Some(number.into()),
            ("nine_digits", None) => Some(format!("{}{:04}", self.number, number % 10_000).into()),
            ("years_ago", Some(years)) => {
                let months = years.parse::<u32>().ok()?.checked_mul(12)?;
                // Two days more, so that the age is the same in every time zone.
                let day =
                    self.at.date_naive().checked_sub_months(Months::new(months))?.checked_sub_days(Days::new(2))?;
                Some(day.to_string().into())
            }
            ("text", Some(length)) => {
                let length = length.parse::<usize>().ok().filter(|length| (1..=10_000).contains(length))?;
                let begin = format!("{prefix}x{number}x");
                let filling = "abcdefghij".chars().cycle();
                Some(begin.chars().chain(filling).take(length).collect::<String>().into())
            }
            _ => None,
        }
    }
}

/// What became of a step.
#[derive(Debug, Clone)]
pub enum Outcome {
    Done(Box<Exchange>),
    /// The step needs a value that an earlier step did not capture.
    Missing(String),
    /// There was no response, for this reason.
    Failed(String),
}

impl Outcome {
    /// The exchange, if there was one.
    #[must_use]
    pub fn exchange(&self) -> Option<&Exchange> {
        match self {
            Self::Done(exchange) => Some(exchange),
            Self::Missing(_) | Self::Failed(_) => None,
        }
    }
}

/// A step that is about to be sent or was sent.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    Sending(&'a Step, &'a Request),
    Received(&'a Step, &'a Exchange),
}

/// Why a run ends early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The service does not accept the credential.
    #[error("{host} rejects the key with {status} ({step}); no further request was sent")]
    Unauthenticated { host: String, status: u16, step: String },
    /// Several requests in a row got no response.
    #[error("{host} gave no response to {MAX_SILENT} requests in a row ({reason}); no further request was sent")]
    Silent { host: String, reason: String },
    /// What the run has created cannot be written down.
    #[error("{0}")]
    Unrecorded(String),
}

/// A run ends when as many requests in a row got no response.
const MAX_SILENT: usize = 3;

/// Runs every step of a scenario. `first` is the number of its first step in the run.
pub(crate) async fn run(
    service: &mut Service,
    scenario: &Scenario,
    names: &RunNames,
    first: usize,
    inputs: &BTreeMap<String, Value>,
    listener: &mut impl FnMut(Event<'_>) -> Result<(), RunError>,
) -> Result<Vec<Outcome>, RunError> {
    let mut values = inputs.clone();
    let prefix = names.of_scenario(first);
    let mut silent = 0;
    let mut outcomes = Vec::with_capacity(scenario.steps.len());
    for (place, step) in scenario.steps.iter().enumerate() {
        let request = match request(step, (names, &prefix), first + place, &values) {
            Ok(request) => request,
            Err(Missing(name)) => {
                outcomes.push(Outcome::Missing(name));
                continue;
            }
        };
        listener(Event::Sending(step, &request))?;
        let exchange = match service.send(&request, presented(step.credential), scenario.only_when_named).await {
            Ok(exchange) => exchange,
            Err(error) => {
                silent += usize::from(matches!(error, ServiceError::NoResponse(_)));
                if silent == MAX_SILENT {
                    return Err(RunError::Silent { host: service.host(), reason: error.to_string() });
                }
                outcomes.push(Outcome::Failed(error.to_string()));
                continue;
            }
        };
        silent = 0;
        listener(Event::Received(step, &exchange))?;
        if step.credential == Credential::Valid && exchange.response.status == 401 {
            let (host, step) = (service.host(), step.name.clone());
            return Err(RunError::Unauthenticated { host, status: 401, step });
        }
        capture(step, &exchange, &mut values);
        outcomes.push(Outcome::Done(Box::new(exchange)));
    }
    Ok(outcomes)
}

fn presented(credential: Credential) -> Presented {
    match credential {
        Credential::Valid => Presented::Valid,
        Credential::None => Presented::None,
        Credential::Wrong => Presented::Wrong,
    }
}

fn request(
    step: &Step,
    (names, prefix): (&RunNames, &str),
    number: usize,
    values: &BTreeMap<String, Value>,
) -> Result<Request, Missing> {
    let lookup = |name: &str, argument: Option<&str>| {
        names
            .built_in(prefix, number, name, argument)
            .or_else(|| values.get(name).filter(|_| argument.is_none()).cloned())
    };
    let header = |(name, value): &(String, String)| Ok((name.clone(), fill_text(value, &lookup)?));
    Ok(Request {
        method: step.method.clone(),
        path: fill_path(&step.path, &lookup)?,
        headers: step.headers.iter().map(header).collect::<Result<_, _>>()?,
        body: match &step.body {
            StepBody::None => Vec::new(),
            StepBody::Text(text) => fill_text(text, &lookup)?.into_bytes(),
            StepBody::Json(body) => fill_value(body, &lookup)?.to_string().into_bytes(),
        },
    })
}

fn capture(step: &Step, exchange: &Exchange, values: &mut BTreeMap<String, Value>) {
    if step.capture.is_empty() || !(200..300).contains(&exchange.response.status) {
        return;
    }
    let Ok(body) = serde_json::from_slice::<Value>(&exchange.response.body) else { return };
    for (name, pointer) in &step.capture {
        if let Some(value) = body.pointer(pointer).filter(|value| !value.is_null()) {
            values.insert(name.clone(), value.clone());
        }
    }
}
