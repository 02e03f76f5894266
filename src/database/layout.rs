//! Where the tables and functions of a distributed database (Citus) belong. Tests compare these lists with the schema.

/// Where the rows of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A copy on each node: what is read with a tenant's rows, or found without a tenant.
    EachNode,
    /// Each tenant's rows on one node, those of all these tables together.
    NodeOfTenant,
    /// On the coordinator, and read and written through each node: what belongs to no tenant.
    Coordinator,
}

/// Every table. `tenants` is the first, because others refer to it, and `customers` the first of those with a tenant's rows.
pub const TABLES: [(&str, Place); 30] = [
    ("tenants", Place::EachNode),
    ("access_tokens", Place::EachNode),
    ("extension_tokens", Place::EachNode),
    ("subscription_keys", Place::EachNode),
    ("customers", Place::NodeOfTenant),
    ("companies", Place::NodeOfTenant),
    ("crm_associatestatuses", Place::NodeOfTenant),
    ("crm_associatetypechanges", Place::NodeOfTenant),
    ("crm_associatetypes", Place::NodeOfTenant),
    ("customer_keys", Place::NodeOfTenant),
    ("customer_profiles", Place::NodeOfTenant),
    ("event_attempts", Place::NodeOfTenant),
    ("event_deliveries", Place::NodeOfTenant),
    ("faults", Place::NodeOfTenant),
    ("hook_calls", Place::NodeOfTenant),
    ("reward_points", Place::NodeOfTenant),
    ("sponsor_tree", Place::NodeOfTenant),
    ("sso_tokens", Place::NodeOfTenant),
    ("subscription_usage", Place::NodeOfTenant),
    ("tenant_counters", Place::NodeOfTenant),
    ("_sqlx_migrations", Place::Coordinator),
    ("emulator_functions", Place::Coordinator),
    ("emulator_sessions", Place::Coordinator),
    ("emulator_tasks", Place::Coordinator),
    ("journal_entries", Place::Coordinator),
    ("journal_run", Place::Coordinator),
    ("journal_tenants", Place::Coordinator),
    ("servers", Place::Coordinator),
    ("settings_changes", Place::Coordinator),
    ("settings_version", Place::Coordinator),
];

/// The functions that run on the node of `p_tenant`: all that write or lock a tenant's rows in several statements.
pub const FUNCTIONS_ON_NODES: [&str; 8] = [
    "count_request",
    "create_customer",
    "enter_tenant",
    "lock_tenant",
    "place_below",
    "replace_customer",
    "write_companies",
    "write_profile",
];

/// The settings of the role in the database. A plan is made with the tenant's number in it, which names the node. `delete` and `update` of
/// several tables in one transaction visit the nodes one after the other, so that they may also change a table of which each node has a
/// copy. Writes of such a table do not lock it as a whole, for which long work and requests waited in circles: the locks of the rows order
/// them at each node. So such a write sets values; what it reads from other rows is read by a statement before it.
pub(super) const SETTINGS: [(&str, &str); 4] = [
    ("plan_cache_mode", "auto"),
    ("emulator.layout", "distributed"),
    ("citus.multi_shard_modify_mode", "sequential"),
    ("citus.all_modifications_commutative", "on"),
];
