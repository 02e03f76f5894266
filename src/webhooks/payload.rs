//! The bodies of webhooks, as DirectScale's samples have them.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::settings::EventType;
use crate::model::Customer;
use crate::wire::dates;

/// The body of an event on this customer.
#[must_use]
pub fn payload(event_type: EventType, customer: &Customer, now: DateTime<Utc>) -> Value {
    match event_type {
        EventType::Enrollment => enrollment(customer, now),
        EventType::CreateAssociateEvent | EventType::UpdateAssociateEvent => associate(customer, event_type, now),
    }
}

fn associate(customer: &Customer, event_type: EventType, now: DateTime<Utc>) -> Value {
    json!({
        "AssociateId": customer.id.0,
        "Username": customer.username,
        "FirstName": customer.first_name,
        "LastName": customer.last_name,
        "CompanyName": customer.company_name,
        "EmailAddress": customer.email_address,
        "AssociateStatus": customer.customer_status(),
        "AssociateType": customer.customer_type(),
        "WebAliases": customer.web_alias.iter().collect::<Vec<_>>(),
        "BackOfficeId": customer.back_office_id(),
        "ExternalReferenceId": customer.external_reference_id,
        "EventDateUtc": dates::format(Some(now)),
        "EventType": event_type.name(),
    })
}

/// All values are strings, as in the vendor's sample.
fn enrollment(customer: &Customer, now: DateTime<Utc>) -> Value {
    json!({
        "DistributorId": customer.id.0.to_string(),
        "DistributorType": customer.customer_type().to_string(),
        "DistributorStatus": customer.customer_status().to_string(),
        "DistributorCountry": customer.primary_address.country_code,
        "SponsorId": customer.sponsor_id.map(|id| id.to_string()),
        "EnrollmentDateUtc": dates::format(customer.sign_up_date),
        "EventDateUtc": dates::format(Some(now)),
        "EventType": EventType::Enrollment.name(),
    })
}
