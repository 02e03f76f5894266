//! The upgrade: "performs the exact work of the Update call, except that it: 1. Logs the change to the
//! CRM_AssociateTypeChanges table", "including placing them in the Sponsor tree", through the hook
//! `Associates.Enrollment.UpdateAssociateBaseType` (DirectScale, Upgrade Customer page).

use super::model::{Address, CustomerId, Values};
use super::refusal::Fault;
use super::rules::Rules;
use super::service::{Customers, Error, Scope};
use crate::hooks::{
    Application, ApplicationAddress, ApplicationResponse, HookError, UpdateAssociateBaseType,
    UpdateAssociateBaseTypeRequest, UpdateAssociateBaseTypeResponse,
};

impl Customers {
    /// Upgrades a customer. `faults` are those that were found while reading the request.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Refused` with every fault, `NoSuchUpgrade`, or when the database fails.
    pub async fn upgrade(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        values: Values,
        faults: Vec<Fault>,
    ) -> Result<ApplicationResponse, Error> {
        let rules = Rules { plan: scope.plan, now: scope.now };
        self.refuse_known(scope, id, faults, rules.whole(Some(id), &values)).await?;

        let (request, beside) = apply(id, values);
        let default = |request: UpdateAssociateBaseTypeRequest| async move {
            let id = CustomerId(request.associate_id);
            let values = written_by(request, beside);
            let from = scope.plan.upgrade_from(values.customer_type.unwrap_or_default());
            let back_office_id = self.write_whole(scope, id, values, Some(&from)).await?;
            let application_response = ApplicationResponse { associate_id: id.0, back_office_id };
            Ok(UpdateAssociateBaseTypeResponse { application_response })
        };
        match self.hooks.invoke::<UpdateAssociateBaseType, Error, _>(request, default).await {
            Ok(response) => Ok(response.application_response),
            Err(HookError::Default(error)) => Err(error),
        }
    }
}

/// What the caller sent and the hook's application has no member for.
struct Beside {
    send_emails: Option<bool>,
    tax_exempt: Option<bool>,
    tax_exempt_id: Option<String>,
}

fn apply(id: CustomerId, values: Values) -> (UpdateAssociateBaseTypeRequest, Beside) {
    let Values {
        back_office_id,
        birth_date,
        company_name,
        customer_status,
        customer_type,
        shipping_address,
        email_address,
        external_reference_id,
        first_name,
        language_code,
        last_name,
        password,
        primary_address,
        primary_phone,
        secondary_phone,
        send_emails,
        sign_up_date,
        sponsor_id,
        tax_exempt,
        tax_exempt_id,
        tax_id,
        terms_accepted,
        text_phone,
        username,
        web_alias,
        custom_fields,
    } = values;
    let application = Application {
        associate_id: id.0,
        is_associate_upgrade: true,
        associate_base_type: customer_type.unwrap_or_default(),
        accept_terms: terms_accepted.unwrap_or_default(),
        applicant_address: to_application(primary_address),
        shipping_address: to_application(shipping_address),
        birth_date,
        email_address,
        first_name,
        last_name,
        sponsor_id,
        password,
        username,
        tax_id,
        language_code,
        back_office_id,
        web_page_url: web_alias,
        status_id: customer_status,
        signup_date: sign_up_date,
        primary_phone,
        secondary_phone,
        text_number: text_phone,
        external_id: external_reference_id,
        company_name,
        custom: custom_fields,
    };
    let request = UpdateAssociateBaseTypeRequest {
        application,
        associate_id: id.0,
        send_emails: send_emails.unwrap_or_default(),
    };
    (request, Beside { send_emails, tax_exempt, tax_exempt_id })
}

fn written_by(request: UpdateAssociateBaseTypeRequest, beside: Beside) -> Values {
    let Application {
        associate_id: _,
        is_associate_upgrade: _,
        associate_base_type,
        accept_terms,
        applicant_address,
        shipping_address,
        birth_date,
        email_address,
        first_name,
        last_name,
        sponsor_id,
        password,
        username,
        tax_id,
        language_code,
        back_office_id,
        web_page_url,
        status_id,
        signup_date,
        primary_phone,
        secondary_phone,
        text_number,
        external_id,
        company_name,
        custom,
    } = request.application;
    let Beside { send_emails, tax_exempt, tax_exempt_id } = beside;
    Values {
        back_office_id,
        birth_date,
        company_name,
        customer_status: status_id,
        customer_type: Some(associate_base_type),
        shipping_address: from_application(shipping_address),
        email_address,
        external_reference_id: external_id,
        first_name,
        language_code,
        last_name,
        password,
        primary_address: from_application(applicant_address),
        primary_phone,
        secondary_phone,
        send_emails,
        sign_up_date: signup_date,
        sponsor_id,
        tax_exempt,
        tax_exempt_id,
        tax_id,
        terms_accepted: Some(accept_terms),
        text_phone: text_number,
        username,
        web_alias: web_page_url,
        custom_fields: custom,
    }
}

fn to_application(address: Address) -> ApplicationAddress {
    let Address { street1, street2, street3, city, region, postal_code, country_code } = address;
    ApplicationAddress {
        address_line1: street1,
        address_line2: street2,
        address_line3: street3,
        city,
        state: region,
        postal_code,
        country_code,
    }
}

fn from_application(address: ApplicationAddress) -> Address {
    let ApplicationAddress { address_line1, address_line2, address_line3, city, state, postal_code, country_code } =
        address;
    Address {
        street1: address_line1,
        street2: address_line2,
        street3: address_line3,
        city,
        region: state,
        postal_code,
        country_code,
    }
}
