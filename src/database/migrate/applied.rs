//! The migrations that a database has, of this program or another.

use serde::Deserialize;
use sqlx::migrate::{Migration, Migrator};
use sqlx::{Executor as _, PgConnection, Row as _};

use super::MigrateError;
use crate::database::error::has_code;

/// The table of applied migrations, where a migration would create it.
const TABLE: &str = "\
    select coalesce(to_regclass(quote_ident(current_schema()) || '._sqlx_migrations')::oid, 0)::text";

const ROWS: &str = "select coalesce(json_agg(json_build_object('version', applied.version, 'description', applied.description, \
           'checksum', encode(applied.checksum, 'hex')) order by applied.version), '[]')::text \
      from _sqlx_migrations applied";

/// A migration that was applied.
#[derive(Debug, Deserialize)]
pub(super) struct Applied {
    pub(super) version: i64,
    description: String,
    checksum: String,
}

/// The applied migrations, in their order.
///
/// # Errors
/// `Foreign` when another program applied them.
pub(super) async fn applied(connection: &mut PgConnection, migrator: &Migrator) -> Result<Vec<Applied>, MigrateError> {
    let table: String = connection.fetch_one(sqlx::raw_sql(TABLE)).await?.try_get(0)?;
    if table == "0" {
        return Ok(Vec::new());
    }
    let rows = connection.fetch_one(sqlx::raw_sql(ROWS)).await;
    let rows: String = match rows {
        Ok(row) => row.try_get(0)?,
        Err(error) if has_code(&error, "42703") => {
            return Err(MigrateError::Foreign("has other columns".to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    let applied: Vec<Applied> = serde_json::from_str(&rows).map_err(|error| sqlx::Error::Decode(error.into()))?;
    // Of a newer version of this program some are known, and of an edited file the description.
    let is_known = |applied: &Applied| {
        let same = |known: &Migration| {
            known.version == applied.version
                && (known.description == applied.description || hex(&known.checksum) == applied.checksum)
        };
        migrator.iter().any(same)
    };
    match applied.first() {
        Some(first) if !applied.iter().any(is_known) => {
            Err(MigrateError::Foreign(format!("has the migration {} \"{}\"", first.version, first.description)))
        }
        _ => Ok(applied),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("invariant: a String takes every text");
        text
    })
}
