-- A tenant's whole world can be copied, compared and put back. What makes it up is every table with a tenant_id, but for those
-- that migrations/functions/world_tables.sql names, and the columns of tenants below plan.
--
-- A snapshot is a frozen tenant: a row here without a name, which belongs to the tenant whose world it keeps.
alter table tenants alter column name drop not null;
alter table tenants add column snapshot_of integer;
alter table tenants add column snapshot text;
alter table tenants add constraint tenants_snapshot_key unique (snapshot_of, snapshot);
-- The seed or the tenant that the world came from, in words; for a snapshot when it was taken is created_at.
alter table tenants add column origin text;

-- NULL for real time; else read by src/clock.rs.
alter table tenants add column clock jsonb;

-- After this the tenant is deleted, or the key opens nothing. In real time, whatever the tenant's clock says.
alter table tenants add column expires_at timestamptz;
alter table subscription_keys add column expires_at timestamptz;

-- A fork has the extension of the tenant that it came from, and is called back with the same token: which tenant is meant is
-- told by the one-time token of the hook.
alter table extension_tokens drop constraint extension_tokens_digest_key;
create index extension_tokens_digest_idx on extension_tokens (digest);

-- Failures on purpose. operation is an operation's name, or an event's type, or * for all; calls counts the calls that came
-- under the rule, fired those that met it. rule is read by src/faults/rule.rs.
create table faults (
    tenant_id  integer not null,
    fault_id   integer not null,
    of_event   boolean not null,
    operation  text not null,
    rule       jsonb not null,
    calls      bigint not null default 0,
    fired      bigint not null default 0,
    created_at timestamptz not null,
    constraint faults_pkey primary key (tenant_id, fault_id),
    constraint faults_tenant_fkey foreign key (tenant_id) references tenants (tenant_id)
) with (fillfactor = 50);

-- What a fault made of a delivery: told copies times, or overtaken by the customer's next event. state may be lost.
alter table event_deliveries add column copies integer not null default 1;
alter table event_deliveries add column is_overtaken boolean not null default false;
alter table event_deliveries add column fault_id integer;

-- Their parameters and results have changed; a start makes them anew.
drop function if exists create_customer(integer, integer, customer_values, timestamptz, integer[], integer[], bigint, integer,
                                        boolean, text, text);
drop function if exists replace_customer(integer, integer, customer_values, timestamptz, integer[], integer[], uuid, bigint,
                                         text, uuid);
drop function if exists place_customer(integer, integer, integer, boolean, integer[], timestamptz);
