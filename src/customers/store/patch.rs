//! The partial update: a statement that sets the columns of the fields that were sent, and no other.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, AssertSqlSafe, PgConnection, Row as _};

use super::WriteOutcome;
use super::columns::{ColumnValue, Columns, Keys, arguments_for, visited};
use super::prepared::{PatchKind, PatchStatement, Prepared};
use crate::customers::profile::Version;
use crate::customers::scope::Scope;
use crate::database::is_through_pooler;
use crate::journal::{ColumnType, RowBytes, SentValues, WrittenRow, WrittenValue};
use crate::model::{CustomerFields, CustomerId, Field, FieldMask};
use crate::plan::{Plan, UniqueField};

/// The parameters before those of the columns: tenant, customer, now.
const FIXED_PARAMETERS: usize = 3;

static PREPARED: LazyLock<Mutex<Prepared>> = LazyLock::new(Mutex::default);

/// Writes the columns. Unmatched when there is no such customer, or it would be a distributor born after `latest_adult_birth_date`, or it is
/// another version by now.
pub(in crate::customers) async fn patch(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    latest_adult_birth_date: DateTime<Utc>,
    version: Option<Version>,
    is_distributed: bool,
) -> Result<WriteOutcome, sqlx::Error> {
    let is_recorded = scope.recorder.is_on();
    let kind = PatchKind { mask: columns.mask, has_version: version.is_some(), is_recorded, is_distributed };
    let prepared = prepared(kind);
    let is_prepared = prepared.is_some();
    let statement = prepared.unwrap_or_else(|| Arc::new(statement(kind)));
    let mut after = WrittenRow::new(statement.columns.len());
    after.add(WrittenValue::Int4(Some(id.0)));
    after.add(WrittenValue::Time(Some(scope.now)));
    let written = |value: &ColumnValue<'_>| {
        if !is_computed(value) {
            after.add(value.written());
        }
    };
    let arguments = arguments(scope, id, columns, latest_adult_birth_date, version, written);
    let query = sqlx::query_with(AssertSqlSafe(Arc::clone(&statement.text)), arguments.map_err(sqlx::Error::Encode)?)
        .persistent(is_prepared || is_through_pooler());
    if !is_recorded {
        let is_written = query.execute(connection).await?.rows_affected() > 0;
        return Ok(if is_written { WriteOutcome::Done(id) } else { WriteOutcome::Unmatched(id) });
    }
    let Some(row) = query.fetch_optional(connection).await? else {
        return Ok(WriteOutcome::Unmatched(id));
    };
    // None where Postgres did not find the row.
    let before: Option<SentValues<'_>> = row.try_get(0)?;
    let computed: Option<SentValues<'_>> = if statement.computed > 0 { row.try_get(1)? } else { None };
    let before = before.map(|values| statement.before(id, values));
    let after = statement.after(after, computed);
    scope.recorder.update("customers", before, Some(after));
    Ok(WriteOutcome::Done(id))
}

impl PatchStatement {
    fn before(&self, id: CustomerId, sent: SentValues<'_>) -> RowBytes {
        let mut row = WrittenRow::new(self.columns.len());
        row.add(WrittenValue::Int4(Some(id.0)));
        add_sent(&mut row, &self.types, sent);
        row.of(&self.columns)
    }

    /// The row of the values that were written as they came, and of those that were computed.
    fn after(&self, mut written: WrittenRow, computed: Option<SentValues<'_>>) -> RowBytes {
        if let Some(computed) = computed {
            add_sent(&mut written, &self.types[self.types.len() - self.computed..], computed);
        }
        written.of(&self.columns)
    }
}

fn add_sent(row: &mut WrittenRow, types: &[ColumnType], sent: SentValues<'_>) {
    for (column_type, value) in types.iter().zip(sent) {
        row.add(WrittenValue::Sent(*column_type, value));
    }
}

fn arguments(
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    latest_adult_birth_date: DateTime<Utc>,
    version: Option<Version>,
    visit: impl FnMut(&ColumnValue<'_>),
) -> Result<PgArguments, BoxDynError> {
    let mut arguments = arguments_for(FIXED_PARAMETERS + columns.mask.each().count());
    arguments.add(scope.tenant.0)?;
    arguments.add(id.0)?;
    arguments.add(scope.now)?;
    columns.add_to(&mut arguments, Keys::All, visit)?;
    if let Some(version) = version {
        arguments.add(version.0)?;
    }
    if columns.mask.contains(Field::BirthDate) {
        arguments.add(latest_adult_birth_date)?;
    }
    Ok(arguments)
}

/// The statement of a kind, if it is one of those that stay prepared.
fn prepared(kind: PatchKind) -> Option<Arc<PatchStatement>> {
    PREPARED.lock().unwrap_or_else(PoisonError::into_inner).get(kind, statement)
}

/// Whether the value that is stored is not always the one that was sent: a key is stored only if the plan makes its field unique, and
/// custom fields are merged.
fn is_computed(value: &ColumnValue<'_>) -> bool {
    matches!(value, ColumnValue::Key(_) | ColumnValue::Texts(_))
}

/// A column that a statement sets.
struct SetColumn {
    name: &'static str,
    column_type: ColumnType,
    is_computed: bool,
}

/// What a statement sets, in its order.
#[derive(Default)]
struct Sets {
    text: String,
    columns: Vec<SetColumn>,
}

impl Sets {
    fn add(&mut self, name: &'static str, column_type: ColumnType, is_computed: bool, value: &str) {
        write!(self.text, ", {name} = {value}").expect("invariant: a String takes every text");
        self.columns.push(SetColumn { name, column_type, is_computed });
    }
}

/// The statement, made from the field table. Values that may be unique are written under the tenant's lock, so that a
/// change of the plan does not miss them.
pub(super) fn statement(kind: PatchKind) -> PatchStatement {
    let mask = kind.mask;
    let (plan, fields) = (Plan::default(), CustomerFields::default());
    let columns = Columns { plan: &plan, fields: &fields, mask, password_hash: None };
    let mut sets = Sets::default();
    let (mut number, mut birth_date, mut customer_type) = (FIXED_PARAMETERS, None, "c.customer_type".to_owned());
    let mut has_unique_field = false;
    let written: Result<(), Infallible> = columns.each(|field, column, value| {
        number += 1;
        let stored = match (field, &value) {
            (_, ColumnValue::Texts(_)) => custom_fields(mask, column, number),
            (_, ColumnValue::Key(_)) => {
                has_unique_field = true;
                let bit = UniqueField::of(field).map_or(0, UniqueField::bit);
                format!("case when tenant.unique_fields & {bit} <> 0 then ${number} end")
            }
            _ => format!("${number}"),
        };
        sets.add(column, value.column_type(), is_computed(&value), &stored);
        match field {
            Field::BirthDate => birth_date = Some(number),
            Field::CustomerType => {
                customer_type = format!("${number}");
                let since = format!("case when c.customer_type <> ${number} then $3 else c.upgrade_date end");
                sets.add("upgrade_date", ColumnType::Time, true, &since);
            }
            Field::CustomerStatus => {
                let since = format!("inactive_since(c.customer_status, ${number}, c.inactive_date, $3)");
                sets.add("inactive_date", ColumnType::Time, true, &since);
            }
            _ => {}
        }
        Ok(())
    });
    visited(written);
    let mut conditions = vec!["c.tenant_id = $1 and c.customer_id = $2".to_owned()];
    if kind.has_version {
        number += 1;
        conditions.push(format!("c.version = ${number}"));
    }
    if let Some(birth_date) = birth_date {
        // Decided here, because only the row knows the type when it is not sent.
        number += 1;
        let is_allowed = format!("${birth_date} <= ${number} or {customer_type} <> 1");
        conditions.push(format!("(${birth_date}::timestamptz is null or {is_allowed})"));
    }
    let tenant = match (has_unique_field, kind.is_distributed) {
        (false, _) => "",
        (true, false) => " from (select enter_tenant($1) as unique_fields) tenant",
        // The caller has the lock: in this place a function would take that of another node.
        (true, true) => " from (select t.unique_fields from tenants t where t.tenant_id = $1) tenant",
    };
    let update = format!(
        "update customers c set modified_at = $3, version = c.version + 1{}{tenant} where {}",
        sets.text,
        conditions.join(" and ")
    );
    let (computed, mut columns): (Vec<_>, Vec<_>) = sets.columns.into_iter().partition(|column| column.is_computed);
    let returned_after = if computed.is_empty() { String::new() } else { format!(", {}", sent("c", &computed)) };
    let number_of_computed = computed.len();
    columns.insert(0, SetColumn { name: "modified_at", column_type: ColumnType::Time, is_computed: false });
    columns.extend(computed);
    let before = sent("o", &columns);
    let returning = format!(
        " returning (select {before} from customers o where o.tenant_id = $1 and o.customer_id = $2){returned_after}"
    );
    let names = ["customer_id"].into_iter().chain(columns.iter().map(|column| column.name));
    PatchStatement {
        text: if kind.is_recorded { update + &returning } else { update }.into(),
        columns: names.collect(),
        types: columns.iter().map(|column| column.column_type).collect(),
        computed: number_of_computed,
    }
}

/// The values of a row as one array, which costs Postgres least.
fn sent(row: &str, columns: &[SetColumn]) -> String {
    let value = |column: &SetColumn| {
        let send = match column.column_type {
            ColumnType::Int4 => "int4send",
            ColumnType::Bool => "boolsend",
            ColumnType::Text => "text_bytes",
            ColumnType::Time => "timestamptz_send",
            ColumnType::Texts => "texts_bytes",
        };
        format!("{send}({row}.{})", column.name)
    };
    format!("array[{}]", columns.iter().map(value).collect::<Vec<_>>().join(", "))
}

/// The custom fields that were sent, and the others as they were; empty when none is set.
fn custom_fields(mask: FieldMask, column: &str, number: usize) -> String {
    let custom_field = |index: u8| {
        let is_sent = mask.contains(Field::AssociateCustom(index));
        if is_sent { format!("(${number}::text[])[{index}]") } else { format!("c.{column}[{index}]") }
    };
    let merged = if mask.contains_all_custom_fields() {
        format!("${number}::text[]")
    } else {
        format!("array[{}]", (1..=10).map(custom_field).collect::<Vec<_>>().join(", "))
    };
    format!("coalesce(nullif({merged}, array_fill(null::text, array[10])), '{{}}')")
}
