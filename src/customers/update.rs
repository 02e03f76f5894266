//! Changing a customer: replacement and partial update, through the hook `Associates.UpdateAssociate`.

use super::associate::{alter, associate, patched, replaced, tidied};
use super::hooked::{Change, Work, WorkOf};
use super::model::{Customer, CustomerFields, CustomerId, FieldsSent, Patch};
use super::profile::{Company, Version, companies};
use super::service::{Attempts, Customers, Error, Scope, Wanted, reject};
use super::store::{self, FieldsSentRecord, Outcome, UpgradeLog, ValuesRecord};
use super::validation::Rules;
use super::violation::{Violation, ViolationKind};
use crate::extension::{Associate, NoResponse, UpdateAssociate, UpdateAssociateRequest};
use crate::field::Field;

/// A partial update that is about to be written.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    record: &'a ValuesRecord,
    sent: &'a FieldsSentRecord,
    version: Option<Version>,
    companies: &'a [Company],
}

impl Customers {
    /// Replaces a customer.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Rejected` with every violation, `Hook`, or when the database fails.
    pub async fn replace(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        values: CustomerFields,
        violations: Vec<Violation>,
    ) -> Result<(), Error> {
        let rules = Rules { plan: scope.plan, now: scope.now };
        self.reject_known(scope, id, violations, rules.whole(Some(id), &values)).await?;
        if scope.calls::<UpdateAssociate>() {
            let old = self.get(scope, id).await?;
            let new = replaced(&old, &values);
            let password_hash = self.hash_of(&values).await;
            let change = Change::Replace { values, password_hash };
            return Box::pin(self.update_through_hook(scope, &old, &new, change)).await;
        }
        let record = self.record(values, scope.plan).await;
        self.write_whole(scope, id, &record, None).await?;
        Ok(())
    }

    /// Writes what a partial update sent.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Rejected` with every violation, `Hook`, or when the database fails.
    pub async fn patch(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        patch: Patch,
        violations: Vec<Violation>,
    ) -> Result<(), Error> {
        let rules = Rules { plan: scope.plan, now: scope.now };
        self.reject_known(scope, id, violations, rules.partial(&patch)).await?;
        if patch.sent.is_empty() && patch.values.profile.is_none() {
            return self.check_exists(scope, id).await;
        }
        if scope.calls::<UpdateAssociate>() {
            let old = self.get(scope, id).await?;
            let new = patched(&old, &patch);
            let password_hash = self.hash_of(&patch.values).await;
            // An extension takes its time, and may write the customer itself: what it says of it then counts.
            let change = Change::Patch { patch: Patch { version: None, ..patch }, password_hash };
            return Box::pin(self.update_through_hook(scope, &old, &new, change)).await;
        }
        let password_hash = self.hash_of(&patch.values).await;
        self.write_patch(scope, id, patch, password_hash).await
    }

    /// Marks a customer as deleted, and keeps its values taken.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn void(&self, scope: &Scope<'_>, id: CustomerId) -> Result<(), Error> {
        if let Some(settings) = scope.events {
            let write = async |within: Self| within.mark_deleted(scope, id).await;
            return Box::pin(self.with_update_event(scope, settings, id, false, write)).await;
        }
        self.mark_deleted(scope, id).await
    }

    async fn mark_deleted(&self, scope: &Scope<'_>, id: CustomerId) -> Result<(), Error> {
        for _ in 0..2 {
            let mut session = self.database.session().await?;
            let voided = store::void(session.connection(), scope, id).await;
            if session.end(voided)? {
                return Ok(());
            }
            // Its row may have been put back meanwhile, by a reset of the world: then it is found the second time.
        }
        Err(Error::UnknownCustomer)
    }

    async fn update_through_hook(
        &self,
        scope: &Scope<'_>,
        old: &Customer,
        new: &Customer,
        change: Change,
    ) -> Result<(), Error> {
        let shown = associate(new);
        let request =
            UpdateAssociateRequest { old_associate_info: associate(old), updated_associate_info: shown.clone() };
        let work = WorkOf { customer: Some(old.id), work: Work::Update(Box::new(change)) };
        let written = self.hook::<UpdateAssociate, _>(scope, request, work, |request, work| async move {
            let Work::Update(change) = work.work else { return Err(Error::WrongWork) };
            self.write_update(scope, work.customer, request.updated_associate_info, *change, shown).await
        });
        Box::pin(written).await.map(|NoResponse {}| ())
    }

    /// The default work of [`UpdateAssociate`]: the caller's change, with what the extension altered of the customer that it was
    /// shown.
    pub(super) async fn write_update(
        &self,
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        altered: Associate,
        change: Change,
        shown: Associate,
    ) -> Result<NoResponse, Error> {
        let id = id.ok_or(Error::WrongWork)?;
        let (shown, altered) = (tidied(shown), tidied(altered));
        let rules = Rules { plan: scope.plan, now: scope.now };
        match change {
            Change::Replace { mut values, password_hash } => {
                alter(&mut values, &mut FieldsSent::default(), shown, altered);
                // The password was checked and hashed before the hook ran.
                let is_password = |violation: &Violation| violation.field == Field::Password && password_hash.is_some();
                let violations =
                    rules.whole(Some(id), &values).into_iter().filter(|violation| !is_password(violation)).collect();
                reject(violations, Vec::new())?;
                let record = ValuesRecord::new(values, password_hash, scope.plan);
                self.write_whole(scope, id, &record, None).await?;
            }
            Change::Patch { mut patch, password_hash } => {
                let beyond = alter(&mut patch.values, &mut patch.sent, shown, altered);
                let beyond = beyond.into_iter().map(|field| Violation { field, rule: ViolationKind::Unsupported });
                reject(rules.partial(&patch), beyond.collect())?;
                self.write_patch(scope, id, patch, password_hash).await?;
            }
        }
        Ok(NoResponse {})
    }

    async fn write_patch(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        patch: Patch,
        password_hash: Option<String>,
    ) -> Result<(), Error> {
        let Patch { mut values, sent, version } = patch;
        let profile = values.profile.take();
        // A profile says what the customer does not show.
        let is_sure = sent.password || profile.is_some();
        let sent = FieldsSentRecord::from(&sent);
        let record = ValuesRecord::new(values, password_hash, scope.plan);
        let part = Part { record: &record, sent: &sent, version, companies: companies(profile.as_ref()) };
        let write = async |within: Self| {
            if profile.is_some() {
                within.enter_tenant(scope).await?;
            }
            if !companies(profile.as_ref()).is_empty() {
                // Creations take it before a company too, so that neither waits for the other.
                within.hold_counter(scope).await?;
            }
            within.patch_row(scope, id, part).await?;
            within.write_profile(scope, id, None, profile.as_ref()).await
        };
        if let Some(settings) = scope.events {
            return Box::pin(self.with_update_event(scope, settings, id, is_sure, write)).await;
        }
        if profile.is_some() {
            return Box::pin(self.at_once(scope, write)).await;
        }
        self.patch_row(scope, id, part).await
    }

    async fn patch_row(&self, scope: &Scope<'_>, id: CustomerId, part: Part<'_>) -> Result<(), Error> {
        let Part { record, sent, version, companies } = part;
        let rules = Rules { plan: scope.plan, now: scope.now };
        let adult_since = rules.adult_since();
        let wanted = Wanted { id: Some(id), record, sponsor: None, companies };
        let mut asked_again = false;
        let mut attempts = Attempts::default();
        loop {
            let mut session = self.database.session().await?;
            let connection = session.connection();
            let patched = store::patch(connection, scope, id, record, sent, adult_since, version).await;
            let patched = session.end(patched);
            if let Some(written) = self.settle(scope, wanted, patched.map(Outcome::Done), &mut attempts).await? {
                if written {
                    return Ok(());
                }
                self.check_exists(scope, id).await?;
                if version.is_some() {
                    return Err(Error::Changed);
                }
                // Its row may have been put back meanwhile, by a reset of the world.
                if !asked_again {
                    asked_again = true;
                    continue;
                }
                return reject(vec![rules.too_young()], self.taken(scope, Some(id), record).await?);
            }
        }
    }

    /// Replaces a customer, as an upgrade where `upgrade_from` names the types that it may start from; answers the
    /// BackOfficeId.
    pub(super) async fn write_whole(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        record: &ValuesRecord,
        upgrade_from: Option<&[i32]>,
    ) -> Result<String, Error> {
        if let Some(settings) = scope.events {
            let is_sure = record.password_hash.is_some();
            let write = async |within: Self| within.replace_row(scope, id, record, upgrade_from).await;
            return Box::pin(self.with_update_event(scope, settings, id, is_sure, write)).await;
        }
        self.replace_row(scope, id, record, upgrade_from).await
    }

    async fn replace_row(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        record: &ValuesRecord,
        upgrade_from: Option<&[i32]>,
    ) -> Result<String, Error> {
        let wanted = Wanted { id: Some(id), record, sponsor: record.sponsor_id, companies: &[] };
        let log = upgrade_from.map(|from| UpgradeLog {
            from,
            change: self.random.uuid_at(scope.now),
            record_number: self.random.record_number(scope.tenant, scope.now),
            changed_by: scope.caller,
            request: scope.request,
        });
        let mut attempts = Attempts::default();
        loop {
            let mut session = self.database.session().await?;
            let connection = session.connection();
            let replaced = store::replace(connection, scope, id, record, log.as_ref()).await;
            let replaced = session.end(replaced);
            if let Some(back_office_id) = self.settle(scope, wanted, replaced, &mut attempts).await? {
                return Ok(back_office_id);
            }
        }
    }
}
