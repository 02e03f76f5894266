//! The suite: HTTP against the real router on a real Postgres.
//!
//! `TEST_DATABASE=embedded` runs it on the embedded Postgres; `TEST_DATABASE=postgres`, or finding Postgres' binaries,
//! starts a private cluster; `DATABASE_URL` names a server to use instead.

#![expect(unreachable_pub, reason = "no other crate uses a test binary")]

mod support;

#[path = "../../build.rs"]
#[expect(dead_code, reason = "cargo calls its main")]
mod build_script;

mod access;
mod across_vendors;
mod architecture;
mod background;
mod bodies;
mod bounds;
mod by_parameter;
mod bydesign;
mod callbacks;
mod canaries;
mod clock;
mod command_line;
mod connections;
mod create;
mod database;
mod delete;
mod distributed_sql;
mod documents;
mod dry_run;
mod error_examples;
mod every_field;
mod examples;
mod faults;
mod file_schemas;
mod gateway;
mod guessing;
mod hooks;
mod inspector;
mod inspector_requests;
mod journal;
mod journal_rows;
mod latency;
mod limits;
mod limits_table;
mod listener;
mod log;
mod lookups;
mod model;
mod openapi;
mod outage;
mod patch;
mod placeholders;
mod points;
mod races;
mod record_numbers;
mod recordings;
mod replace;
mod restart;
mod schema;
mod seed_commands;
mod seed_files;
mod seed_folder;
mod servers;
mod shared_journal;
mod shared_sessions;
mod shared_tasks;
mod side_by_side;
mod sponsor_tree;
mod sso;
mod storm;
mod tenancy;
mod tenant_data;
mod tls;
mod trees;
mod unauthenticated;
mod unbuilt;
mod under_traffic;
mod upgrade;
mod validate;
mod values;
mod verify;
mod webhooks;
mod wire;
