//! The changes of customers, as values: executed at once, or stored while an extension answers their hook.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::Error;
use super::profile::{Profile, Version, companies};
use super::scope::Scope;
use super::service::Customers;
use super::store::{Columns, UpgradeLog};
use super::write::{Attempts, Statement, Write};
use crate::model::{CustomerFields, CustomerId, Field, FieldMask};

/// A customer that is to be created.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NewCustomer {
    pub fields: CustomerFields,
    /// The uuid that the caller chose; one that is derived from the customer's number where it is `None`.
    pub uuid: Option<Uuid>,
    pub profile: Option<Profile>,
}

impl From<CustomerFields> for NewCustomer {
    fn from(fields: CustomerFields) -> Self {
        Self { fields, ..Self::default() }
    }
}

/// A partial update: of `fields`, only those in `mask` are written; one that is `None` is cleared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    pub fields: CustomerFields,
    pub mask: FieldMask,
    /// The new profile; `None` leaves it as it is.
    pub profile: Option<Profile>,
    /// The version that the patch was made for; it is not written into another one.
    pub version: Option<Version>,
}

/// A validated change. The password is in it only as its hash, so that it can be stored while a hook runs and executed on any
/// server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Command {
    Create {
        /// The id that was reserved, where a hook needed it before.
        reserved: Option<CustomerId>,
        customer: NewCustomer,
        password_hash: Option<String>,
    },
    Replace {
        id: CustomerId,
        fields: CustomerFields,
        password_hash: Option<String>,
    },
    Patch {
        id: CustomerId,
        patch: Patch,
        password_hash: Option<String>,
    },
    Upgrade {
        id: CustomerId,
        fields: CustomerFields,
        password_hash: Option<String>,
    },
}

impl Customers {
    /// Executes a command and returns the customer's id.
    pub(super) async fn execute(&self, scope: &Scope<'_>, command: Command) -> Result<CustomerId, Error> {
        match command {
            Command::Create { reserved, customer, password_hash } => {
                self.write_new(scope, reserved, customer, password_hash).await
            }
            Command::Replace { id, fields, password_hash } => {
                self.write_whole(scope, id, fields, password_hash, None).await
            }
            Command::Patch { id, patch, password_hash } => self.write_patch(scope, id, patch, password_hash).await,
            Command::Upgrade { id, fields, password_hash } => {
                let from = scope.plan.upgrade_from(fields.customer_type.unwrap_or_default());
                self.write_whole(scope, id, fields, password_hash, Some(&from)).await
            }
        }
    }

    async fn write_new(
        &self,
        scope: &Scope<'_>,
        reserved: Option<CustomerId>,
        customer: NewCustomer,
        password_hash: Option<String>,
    ) -> Result<CustomerId, Error> {
        let NewCustomer { fields, uuid, profile } = customer;
        let fields = super::defaults::with_derived(fields, scope);
        let columns = Columns {
            plan: scope.plan,
            fields: &fields,
            mask: FieldMask::ALL,
            password_hash: password_hash.as_deref(),
        };
        let statement = Statement::Create { reserved };
        let write = Write { statement, columns: &columns, companies: companies(profile.as_ref()) };
        if scope.events.is_none() && uuid.is_none() && profile.is_none() {
            return self.write_customer(scope, write).await;
        }
        let mut attempts = Attempts::default();
        loop {
            let create = async |within: Self| {
                let id = within.write_customer(scope, write).await?;
                within.write_profile(scope, id, uuid, profile.as_ref()).await?;
                Ok(id)
            };
            let written = match scope.events {
                Some(settings) => Box::pin(self.with_create_events(scope, settings, create)).await,
                None => Box::pin(self.in_transaction(scope, create)).await,
            };
            match written {
                Err(Error::Changed) if attempts.may_try_again() => {}
                written => return written,
            }
        }
    }

    /// Replaces a customer, as an upgrade where `upgrade_from` names the types that it may start from.
    async fn write_whole(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        mut fields: CustomerFields,
        password_hash: Option<String>,
        upgrade_from: Option<&[i32]>,
    ) -> Result<CustomerId, Error> {
        fields.set_defaults();
        let columns = Columns {
            plan: scope.plan,
            fields: &fields,
            mask: FieldMask::ALL,
            password_hash: password_hash.as_deref(),
        };
        let log = upgrade_from.map(|from| UpgradeLog {
            from,
            change: self.random.uuid_at(scope.now),
            record_number: self.random.record_number(scope.tenant, scope.now),
            changed_by: scope.caller,
            request: scope.request,
        });
        let statement = Statement::Replace { id, upgrade: log.as_ref() };
        let write = Write { statement, columns: &columns, companies: &[] };
        match scope.events {
            Some(settings) => {
                // The customer that an event compares does not show the password.
                let is_sure = columns.password_hash.is_some();
                let replace = async |within: Self| within.write_customer(scope, write).await;
                Box::pin(self.with_update_event(scope, settings, id, is_sure, replace)).await
            }
            None => self.write_customer(scope, write).await,
        }
    }

    async fn write_patch(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        patch: Patch,
        password_hash: Option<String>,
    ) -> Result<CustomerId, Error> {
        let Patch { mut fields, mask, profile, version } = patch;
        fields.set_defaults();
        let columns = Columns { plan: scope.plan, fields: &fields, mask, password_hash: password_hash.as_deref() };
        let statement =
            Statement::Patch { id, latest_adult_birth_date: scope.validator().latest_adult_birth_date(), version };
        let write = Write { statement, columns: &columns, companies: companies(profile.as_ref()) };
        let write_all = async |within: Self| {
            if profile.is_some() {
                within.enter_tenant(scope).await?;
            }
            if !write.companies.is_empty() {
                // Creations take it before a company too, so that neither waits for the other.
                within.hold_counter(scope).await?;
            }
            within.write_customer(scope, write).await?;
            within.write_profile(scope, id, None, profile.as_ref()).await
        };
        if let Some(settings) = scope.events {
            // The customer that an event compares shows neither the password nor a profile.
            let is_sure = mask.contains(Field::Password) || profile.is_some();
            Box::pin(self.with_update_event(scope, settings, id, is_sure, write_all)).await?;
        } else if profile.is_some() {
            Box::pin(self.in_transaction(scope, write_all)).await?;
        } else {
            self.write_customer(scope, write).await?;
        }
        Ok(id)
    }
}

/// The fields that a replacement writes: all but these where they are absent, which then stay as they are, and the password.
pub(super) fn replaced_fields(fields: &CustomerFields) -> FieldMask {
    let mut mask = FieldMask::ALL;
    mask.remove(Field::Password);
    for field in [Field::BackOfficeId, Field::CustomerStatus, Field::SignUpDate] {
        if fields.is_missing(field) {
            mask.remove(field);
        }
    }
    mask
}
