//! What a new customer gets that was not sent.

use super::scope::Scope;
use super::text::alias_of;
use crate::model::CustomerFields;
use crate::plan::TextPhoneDefault;

/// The status of a customer that is created without one.
const ACTIVE: i32 = 1;

/// What is stored of a new customer, with what is derived from its other fields.
pub(super) fn with_derived(mut fields: CustomerFields, scope: &Scope<'_>) -> CustomerFields {
    // The other vendors' phones are fields of their own, and nothing is put into them that was not sent.
    if scope.plan.text_phone_default == TextPhoneDefault::PrimaryPhone && !scope.is_lenient {
        fields.text_phone = fields.text_phone.or_else(|| fields.primary_phone.clone());
    }
    with_defaults(fields, scope)
}

pub(super) fn with_defaults(mut fields: CustomerFields, scope: &Scope<'_>) -> CustomerFields {
    fields.set_defaults();
    fields.customer_status.get_or_insert(ACTIVE);
    fields.sign_up_date.get_or_insert(scope.now);
    fields
}

/// The web alias that a new customer gets when it sends none (vendor's engine: it defaults to the username).
pub(super) fn default_alias(fields: &CustomerFields) -> Option<String> {
    if fields.web_alias.is_some() {
        return None;
    }
    fields.username.as_deref().and_then(alias_of)
}
