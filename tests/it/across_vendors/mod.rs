//! One set of customers with three vendor APIs: each shows the writes of the others, and keeps its own members.

mod races;
mod reviewed;
mod shared;
mod tenant_data;
