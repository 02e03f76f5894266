//! One set of customers behind three doors: each sees what the others write, and keeps what is its own.

mod races;
mod reviewed;
mod shared;
mod tenant_data;
