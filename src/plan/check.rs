//! Checks the ranges of a plan. They are checked when a person sends a plan, not when a stored one is read: a plan
//! that an older version stored keeps working.

use std::collections::BTreeMap;

use super::Plan;
use super::ranges::{
    MAX_CALLS, MAX_ENTRIES, MAX_MINIMUM_AGE, MAX_NAME_LENGTH, MAX_PASSWORD_LENGTH, MAX_PLAN_BYTES, MAX_RENEWAL_SECONDS,
    MAX_URL_LENGTH, max_length_of,
};
use super::values::{PasswordRule, RequestLimit};

impl Plan {
    /// Checks a plan that a person sent.
    ///
    /// # Errors
    /// The first entry that is not in its range, with the range.
    pub fn check(&self) -> Result<(), String> {
        check_password_rule(self.password_rule)?;
        for (field, length) in &self.max_length {
            in_range(&format!("max_length.{field}"), *length, 1, max_length_of(*field))?;
        }
        in_range("minimum_age", self.minimum_age, 0, MAX_MINIMUM_AGE)?;
        for (name, limit) in [("rate_limit", self.rate_limit), ("quota", self.quota)] {
            limit.map_or(Ok(()), |limit| check_limit(name, limit))?;
        }
        check_names("types", &self.types)?;
        check_names("statuses", &self.statuses)?;
        check_count("upgrade_transitions", self.upgrade_transitions.len())?;
        check_count("stats", self.stats.further.len())?;
        for (field, types) in &self.required {
            check_count(&format!("required.{field}"), types.len())?;
        }
        for (country, currency) in &self.countries {
            in_range(
                &format!("the length of countries.{}", country.as_str()),
                currency.chars().count(),
                1,
                MAX_NAME_LENGTH,
            )?;
        }
        in_range("the length of sso_login_url", self.sso_login_url.chars().count(), 0, MAX_URL_LENGTH)?;
        match serde_json::to_vec(self) {
            Ok(json) if json.len() > MAX_PLAN_BYTES => {
                Err(format!("plan: it must be at most {MAX_PLAN_BYTES} bytes long as JSON, not {}", json.len()))
            }
            _ => Ok(()),
        }
    }
}

fn check_password_rule(rule: PasswordRule) -> Result<(), String> {
    let PasswordRule { min_length, max_length, digit, capital, symbol } = rule;
    let kinds = [digit, capital, symbol].into_iter().filter(|is_required| *is_required).count();
    in_range("password_rule.max_length", max_length, kinds.max(1), MAX_PASSWORD_LENGTH)?;
    in_range("password_rule.min_length", min_length, 1, max_length)
}

fn check_limit(name: &str, limit: RequestLimit) -> Result<(), String> {
    in_range(&format!("{name}.calls"), limit.calls.get(), 1, MAX_CALLS)?;
    in_range(&format!("{name}.renewal_seconds"), limit.renewal_seconds.get(), 1, MAX_RENEWAL_SECONDS)
}

fn check_names(entry: &str, names: &BTreeMap<i32, String>) -> Result<(), String> {
    check_count(entry, names.len())?;
    names.iter().try_for_each(|(id, name)| {
        in_range(&format!("the length of {entry}.{id}"), name.chars().count(), 0, MAX_NAME_LENGTH)
    })
}

fn check_count(entry: &str, count: usize) -> Result<(), String> {
    if count <= MAX_ENTRIES {
        return Ok(());
    }
    Err(format!("plan: {entry} must have at most {MAX_ENTRIES} entries, not {count}"))
}

fn in_range<N: PartialOrd + Copy + std::fmt::Display>(entry: &str, number: N, least: N, most: N) -> Result<(), String> {
    if number >= least && number <= most {
        return Ok(());
    }
    Err(format!("plan: {entry} must be from {least} to {most}, not {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{INDEXED, UniqueField};

    fn checked(json: &str) -> Result<(), String> {
        serde_json::from_str::<Plan>(json).expect("a plan").check()
    }

    #[test]
    fn every_number_has_a_range() {
        Plan::default().check().expect("the default");
        Plan::default().lenient().check().expect("the lenient plan");
        for (json, entry) in [
            (
                r#"{"password_rule": {"min_length": 1000000000000, "max_length": 1000000000000}}"#,
                "password_rule.max_length must be from 2 to 1000",
            ),
            (r#"{"password_rule": {"min_length": 0}}"#, "password_rule.min_length must be from 1 to 30"),
            (
                r#"{"password_rule": {"min_length": 9, "max_length": 8}}"#,
                "password_rule.min_length must be from 1 to 8",
            ),
            (
                r#"{"password_rule": {"min_length": 1, "max_length": 2, "symbol": true}}"#,
                "password_rule.max_length must be from 3",
            ),
            (r#"{"max_length": {"Username": 601}}"#, "max_length.Username must be from 1 to 600, not 601"),
            (r#"{"max_length": {"FirstName": 0}}"#, "max_length.FirstName must be from 1 to 4000, not 0"),
            (
                r#"{"max_length": {"AssociateCustom.Field1": 4001}}"#,
                "max_length.AssociateCustom.Field1 must be from 1 to 4000",
            ),
            (r#"{"minimum_age": 151}"#, "minimum_age must be from 0 to 150"),
            (r#"{"rate_limit": {"calls": 1000000001, "renewal_seconds": 1}}"#, "rate_limit.calls must be from 1 to"),
            (
                r#"{"quota": {"calls": 1, "renewal_seconds": 31622401}}"#,
                "quota.renewal_seconds must be from 1 to 31622400",
            ),
        ] {
            let error = checked(json).expect_err(json);
            assert!(error.starts_with(&format!("plan: {entry}")), "{json}: {error}");
        }
        checked(r#"{"max_length": {"Username": 600, "FirstName": 4000}}"#).expect("the largest lengths");
        checked(r#"{"password_rule": {"min_length": 1000, "max_length": 1000}}"#).expect("the longest password");
    }

    #[test]
    fn every_text_and_list_has_a_range() {
        let long = "x".repeat(3_000);
        let types: Vec<String> = (0..1_001).map(|id| format!(r#""{id}": "x""#)).collect();
        for (json, entry) in [
            (format!(r#"{{"types": {{"7": "{long}"}}}}"#), "the length of types.7 must be from 0 to 100, not 3000"),
            (
                format!(r#"{{"statuses": {{{}}}}}"#, types.join(",")),
                "statuses must have at most 1000 entries, not 1001",
            ),
            (format!(r#"{{"countries": {{"US": "{long}"}}}}"#), "the length of countries.US must be from 1 to 100"),
            (format!(r#"{{"sso_login_url": "{long}"}}"#), "the length of sso_login_url must be from 0 to 2000"),
            (format!(r#"{{"stats": {{"kit_level": "{}"}}}}"#, "x".repeat(MAX_PLAN_BYTES)), "it must be at most 262144"),
        ] {
            let error = checked(&json).expect_err(entry);
            assert!(error.starts_with(&format!("plan: {entry}")), "{error}");
        }
    }

    #[test]
    fn every_unique_field_has_an_index() {
        for field in [
            UniqueField::BackOfficeId,
            UniqueField::EmailAddress,
            UniqueField::TaxId,
            UniqueField::Username,
            UniqueField::WebAlias,
        ] {
            assert!(INDEXED.contains(&field.field()), "{field:?}");
        }
    }
}
