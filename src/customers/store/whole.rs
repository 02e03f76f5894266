//! The writes of a whole customer: calls of functions that have a parameter for each column.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::LazyLock;

use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, PgConnection, Row as _};
use uuid::Uuid;

use super::columns::{Columns, visited};
use super::{WriteOutcome, outcome, radix};
use crate::customers::scope::Scope;
use crate::customers::text::comparable;
use crate::journal::RowTexts;
use crate::model::{CustomerFields, CustomerId, FieldMask};
use crate::plan::{DISTRIBUTOR, Plan, UniqueField};

pub(super) static CREATE: LazyLock<String> =
    LazyLock::new(|| call("create_customer", "outcome, customer_id, customer_after, node_after", 11));

pub(super) static REPLACE: LazyLock<String> = LazyLock::new(|| {
    let returned = "outcome, old_type, customer_before, customer_after, node_before, node_after, log_after";
    call("replace_customer", returned, 10)
});

/// The text of a call: the parameters that the function names itself by their position, then those of the columns by their names.
fn call(function: &str, returned: &str, own_parameters: usize) -> String {
    let own: Vec<String> = (1..=own_parameters).map(|number| format!("${number}")).collect();
    let mut text = format!("select {returned} from {function}({}", own.join(", "));
    let (plan, fields) = (Plan::default(), CustomerFields::default());
    let columns = Columns { plan: &plan, fields: &fields, mask: FieldMask::ALL, password_hash: None };
    let mut number = own_parameters;
    let written: Result<(), Infallible> = columns.each(|_, column, _| {
        number += 1;
        write!(text, ", new_{column} => ${number}").expect("invariant: a String takes every text");
        Ok(())
    });
    visited(written);
    text.push(')');
    text
}

/// Creates a customer, with the id of the caller's choice where there is one. The columns are those of all fields.
pub(in crate::customers) async fn create(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: Option<CustomerId>,
    columns: &Columns<'_>,
) -> Result<WriteOutcome, sqlx::Error> {
    let arguments = create_arguments(scope, id, columns).map_err(sqlx::Error::Encode)?;
    let row = sqlx::query_with(CREATE.as_str(), arguments).fetch_one(connection).await?;
    let (customer_after, node_after): (Option<RowTexts>, Option<RowTexts>) = (row.try_get(2)?, row.try_get(3)?);
    scope.recorder.row("customers", None, customer_after.as_ref());
    scope.recorder.row("sponsor_tree", None, node_after.as_ref());
    outcome(row.try_get(0)?, None, row.try_get::<Option<i32>, _>(1)?.map(CustomerId))
}

fn create_arguments(
    scope: &Scope<'_>,
    id: Option<CustomerId>,
    columns: &Columns<'_>,
) -> Result<PgArguments, BoxDynError> {
    let plan = scope.plan;
    let default_alias = crate::customers::defaults::default_alias(columns.fields);
    let default_alias_key = default_alias.as_deref().map(comparable);
    let mut arguments = PgArguments::default();
    arguments.add(scope.tenant.0)?;
    arguments.add(id.map(|id| id.0))?;
    arguments.add(scope.now)?;
    arguments.add(plan.sponsor_types())?;
    arguments.add([DISTRIBUTOR].as_slice())?;
    arguments.add(i64::from(plan.back_office_id.seed))?;
    arguments.add(radix(plan))?;
    arguments.add(plan.is_unique(UniqueField::BackOfficeId))?;
    arguments.add(default_alias)?;
    arguments.add(default_alias_key)?;
    arguments.add(scope.recorder.is_on())?;
    columns.add_to(&mut arguments)?;
    Ok(arguments)
}

/// What an upgrade adds to a replacement.
#[derive(Debug)]
pub(in crate::customers) struct UpgradeLog<'a> {
    pub from: &'a [i32],
    pub change: Uuid,
    pub record_number: i64,
    pub changed_by: &'a str,
    pub request: Uuid,
}

/// Replaces a customer and, for an upgrade, places it and logs the change. The columns are those of all fields; where BackOfficeId,
/// status, sign-up date or password is absent, the stored value stays.
pub(in crate::customers) async fn replace(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    upgrade: Option<&UpgradeLog<'_>>,
) -> Result<WriteOutcome, sqlx::Error> {
    let arguments = replace_arguments(scope, id, columns, upgrade).map_err(sqlx::Error::Encode)?;
    let row = sqlx::query_with(REPLACE.as_str(), arguments).fetch_one(connection).await?;
    let texts = |index: usize| row.try_get::<Option<RowTexts>, _>(index);
    scope.recorder.update("customers", texts(2)?.as_ref(), texts(3)?.as_ref());
    scope.recorder.update("sponsor_tree", texts(4)?.as_ref(), texts(5)?.as_ref());
    scope.recorder.row("CRM_AssociateTypeChanges", None, texts(6)?.as_ref());
    outcome(row.try_get(0)?, row.try_get(1)?, Some(id))
}

fn replace_arguments(
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    upgrade: Option<&UpgradeLog<'_>>,
) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    arguments.add(scope.tenant.0)?;
    arguments.add(id.0)?;
    arguments.add(scope.now)?;
    arguments.add(scope.plan.sponsor_types())?;
    arguments.add(upgrade.map(|log| log.from))?;
    arguments.add(upgrade.map(|log| log.change))?;
    arguments.add(upgrade.map(|log| log.record_number))?;
    arguments.add(upgrade.map(|log| log.changed_by))?;
    arguments.add(upgrade.map(|log| log.request))?;
    arguments.add(scope.recorder.is_on())?;
    columns.add_to(&mut arguments)?;
    Ok(arguments)
}
