-- A tenant is one back-end client of the vendor: everything that one subscription key can see.
create table tenants (
    tenant_id  integer generated always as identity,
    name       text not null,
    -- What differs from the default plan; read by src/plan.rs.
    plan       jsonb not null,
    created_at timestamptz not null,
    constraint tenants_pkey primary key (tenant_id),
    constraint tenants_name_key unique (name)
);

-- Customer ids are small integers from a counter of the tenant's own, so that the same seed gives the same ids.
create table tenant_counters (
    tenant_id        integer not null,
    last_customer_id integer not null default 0,
    constraint tenant_counters_pkey primary key (tenant_id),
    constraint tenant_counters_tenant_fkey foreign key (tenant_id) references tenants (tenant_id)
) with (fillfactor = 50);

-- Only the SHA-256 of a key is kept, and its last four characters to tell keys apart. The one unique rule that does not
-- begin with the tenant: it is by this digest that the tenant is found.
create table subscription_keys (
    tenant_id  integer not null,
    name       text not null,
    digest     bytea not null,
    ending     text not null,
    created_at timestamptz not null,
    revoked_at timestamptz,
    constraint subscription_keys_pkey primary key (tenant_id, name),
    constraint subscription_keys_digest_key unique (digest),
    constraint subscription_keys_tenant_fkey foreign key (tenant_id) references tenants (tenant_id)
);

-- Spelled as the vendor spells them, unquoted, so that they are found as typed.
create table CRM_AssociateTypes (
    tenant_id     integer not null,
    recordnumber  integer not null,
    AssociateType text not null,
    constraint crm_associatetypes_pkey primary key (tenant_id, recordnumber),
    constraint crm_associatetypes_tenant_fkey foreign key (tenant_id) references tenants (tenant_id)
);

create table CRM_AssociateStatuses (
    tenant_id    integer not null,
    recordnumber integer not null,
    StatusName   text not null,
    constraint crm_associatestatuses_pkey primary key (tenant_id, recordnumber),
    constraint crm_associatestatuses_tenant_fkey foreign key (tenant_id) references tenants (tenant_id)
);
