//! The database as a whole: what belongs to this program, and several versions of it.

mod own_tables;
mod released_schemas;
mod versions;
