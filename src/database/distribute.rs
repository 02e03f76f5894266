//! Lays a database with the extension Citus out over its nodes. It can be run again, and then does what is left to do.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};
use thiserror::Error;

use super::error::DatabaseError;
use super::handle::Database;
use super::layout::{FUNCTIONS_ON_NODES, Place, SETTINGS, TABLES};

/// Why a database cannot be laid out.
#[derive(Debug, Error)]
pub enum DistributeError {
    #[error(
        "the database does not have the extension Citus: run 'create extension citus' in it on each node and add the nodes with \
         citus_add_node, or keep the database on one Postgres"
    )]
    NoExtension,
    #[error("this node is not the coordinator: connect to the coordinator")]
    NotCoordinator,
    #[error(
        "the nodes do not know the coordinator: run \"select citus_set_coordinator_host('HOST', PORT)\" with its address as the nodes \
         reach it"
    )]
    UnknownCoordinator,
    #[error("the table {0} is laid out in another way: undistribute it, and run this again")]
    OtherLayout(&'static str),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for DistributeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// The numbers of tenants that each node may assign: it has a sequence of its own.
const TENANT_IDS_OF_NODE: i64 = 1 << 25;

/// Lays out the database, whose schema is up to date: settings, tables with their rows, functions. Calls `say` with each step after it is
/// done. Rows of a table cannot be written while they are moved.
///
/// # Errors
/// When the database has no Citus, is not the coordinator's, or fails. What was done until then stays.
pub async fn distribute(database: &Database, say: &mut (dyn FnMut(String) + Send)) -> Result<(), DistributeError> {
    let mut session = database.session().await?;
    let done = lay_out(session.connection(), say).await;
    // The settings of this session are not those of others, so it is closed.
    let failed: Result<(), sqlx::Error> = Err(sqlx::Error::WorkerCrashed);
    let _ = session.end(failed);
    done
}

async fn lay_out(connection: &mut PgConnection, say: &mut (dyn FnMut(String) + Send)) -> Result<(), DistributeError> {
    say(check(connection).await?);
    settings(connection, say).await?;
    tables(connection, say).await?;
    functions(connection, say).await?;
    tenant_ids(connection, say).await
}

/// Checks that this is the coordinator of a Citus cluster, and describes it.
async fn check(connection: &mut PgConnection) -> Result<String, DistributeError> {
    let extension = sqlx::query("select extversion from pg_extension where extname = 'citus'");
    let Some(extension) = extension.fetch_optional(&mut *connection).await? else {
        return Err(DistributeError::NoExtension);
    };
    let nodes = sqlx::query(
        "select (select groupid from pg_dist_local_group) = 0 as is_coordinator,
                exists (select from pg_dist_node where groupid = 0) as is_known,
                (select count(*) from pg_dist_node where groupid <> 0 and isactive) as others",
    );
    let nodes = nodes.fetch_one(connection).await?;
    let (version, others): (String, i64) = (extension.try_get(0)?, nodes.try_get("others")?);
    match (nodes.try_get("is_coordinator")?, nodes.try_get("is_known")?) {
        (false, _) => Err(DistributeError::NotCoordinator),
        (true, false) => Err(DistributeError::UnknownCoordinator),
        (true, true) => Ok(format!("Citus {version}: the coordinator and {others} other nodes")),
    }
}

async fn settings(connection: &mut PgConnection, say: &mut (dyn FnMut(String) + Send)) -> Result<(), DistributeError> {
    connection.execute("set statement_timeout = 0; set lock_timeout = 0").await?;
    for (name, value) in SETTINGS {
        let set = format!(
            "do $$ begin execute format('alter role %I in database %I set {name} = {value}', session_user, current_database()); end $$;
             set {name} = '{value}'"
        );
        connection.execute(sqlx::raw_sql(AssertSqlSafe(set))).await?;
        say(format!("setting {name} = {value}"));
    }
    Ok(())
}

async fn tables(connection: &mut PgConnection, say: &mut (dyn FnMut(String) + Send)) -> Result<(), DistributeError> {
    let found = places(connection).await?;
    let mut moved = Vec::new();
    for (table, place) in TABLES {
        let where_it_is = match place {
            Place::EachNode => "a copy on each node",
            Place::NodeOfTenant => "on the node of its tenant",
            Place::Coordinator => "on the coordinator",
        };
        match found.get(table) {
            Some(found) if *found == place => say(format!("table {table}: {where_it_is} already")),
            Some(Place::EachNode | Place::NodeOfTenant) => return Err(DistributeError::OtherLayout(table)),
            _ => {
                sqlx::query(lay_out_statement(table, place)).bind(table).execute(&mut *connection).await?;
                moved.push((table, place));
                say(format!("table {table}: {where_it_is}"));
            }
        }
    }
    // The rows that were copied are still in the tables of the coordinator, where no statement sees them.
    for (table, place) in moved {
        if place != Place::Coordinator {
            let truncated =
                sqlx::query("select truncate_local_data_after_distributing_table($1::regclass)").bind(table);
            truncated.execute(&mut *connection).await?;
        }
    }
    Ok(())
}

fn lay_out_statement(table: &str, place: Place) -> &'static str {
    match place {
        Place::EachNode => "select create_reference_table($1::regclass)",
        Place::NodeOfTenant if table == "customers" => {
            "select create_distributed_table($1::regclass, 'tenant_id', colocate_with => 'none')"
        }
        Place::NodeOfTenant => {
            "select create_distributed_table($1::regclass, 'tenant_id', colocate_with => 'customers')"
        }
        Place::Coordinator => "select citus_add_local_table_to_metadata($1::regclass)",
    }
}

/// Where the tables are that Citus knows. One that it knows only because of a foreign key is not laid out yet.
async fn places(connection: &mut PgConnection) -> Result<HashMap<String, Place>, sqlx::Error> {
    let rows = sqlx::query(
        "select c.relname::text, p.partmethod::text, p.repmodel::text
           from pg_dist_partition p join pg_class c on c.oid = p.logicalrelid
          where c.relnamespace = current_schema()::regnamespace and not p.autoconverted",
    );
    let rows = rows.fetch_all(connection).await?;
    let mut places = HashMap::new();
    for row in rows {
        let (method, model): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        let place = match (method.as_str(), model.as_str()) {
            ("n", "t") => Place::EachNode,
            ("n", _) => Place::Coordinator,
            _ => Place::NodeOfTenant,
        };
        places.insert(row.try_get(0)?, place);
    }
    Ok(places)
}

async fn functions(connection: &mut PgConnection, say: &mut (dyn FnMut(String) + Send)) -> Result<(), DistributeError> {
    connection
        .execute(
            "alter function row_bytes(anyelement) immutable; alter function text_bytes(text) immutable;
             alter function texts_bytes(text[]) immutable",
        )
        .await?;
    for function in FUNCTIONS_ON_NODES {
        let missing = sqlx::query(
            "select create_distributed_function(p.oid::regprocedure, 'p_tenant', colocate_with => 'customers', force_delegation => true)
               from pg_proc p
              where p.proname = $1 and p.pronamespace = current_schema()::regnamespace
                and not exists (select from pg_dist_object o
                                 where o.classid = 'pg_proc'::regclass and o.objid = p.oid
                                   and o.distribution_argument_index is not null and o.force_delegation)",
        );
        let created = missing.bind(function).fetch_all(&mut *connection).await?.len();
        let already = if created == 0 { " already" } else { "" };
        say(format!("function {function}: on the node of its tenant{already}"));
    }
    Ok(())
}

/// Gives each other node numbers of tenants of its own, so that a server that is connected to it can create tenants.
async fn tenant_ids(
    connection: &mut PgConnection,
    say: &mut (dyn FnMut(String) + Send),
) -> Result<(), DistributeError> {
    let nodes = sqlx::query(
        "select nodename, nodeport, groupid::bigint from pg_dist_node where groupid <> 0 and isactive and noderole = 'primary'
          order by groupid",
    );
    for node in nodes.fetch_all(&mut *connection).await? {
        let (name, port, group): (String, i32, i64) = (node.try_get(0)?, node.try_get(1)?, node.try_get(2)?);
        let first = group * TENANT_IDS_OF_NODE;
        let end = first + TENANT_IDS_OF_NODE;
        // It is at the end of all numbers until it is set.
        let set = format!(
            "do $$ begin
                 if (select last_value not between {first} and {end} from tenants_tenant_id_seq) then
                     perform setval('tenants_tenant_id_seq', {first});
                 end if;
             end $$"
        );
        let done = sqlx::query(
            "select success, result from master_run_on_worker(array[$1::text], array[$2::integer], array[$3::text], false)",
        );
        let done = done.bind(&name).bind(port).bind(set).fetch_one(&mut *connection).await?;
        if !done.try_get::<bool, _>(0)? {
            let reason: String = done.try_get(1)?;
            return Err(sqlx::Error::Protocol(format!("node {name}:{port}: {reason}")).into());
        }
        say(format!("node {name}:{port}: new tenants have numbers above {first}"));
    }
    Ok(())
}
