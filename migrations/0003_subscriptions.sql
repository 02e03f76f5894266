-- A subscription has two keys, the primary and the secondary one, both usable, so that one can be renewed while a program
-- still calls with the other.
alter table subscription_keys add column slot text not null default 'primary';
alter table subscription_keys alter column slot drop default;
alter table subscription_keys drop constraint subscription_keys_pkey;
alter table subscription_keys add constraint subscription_keys_pkey primary key (tenant_id, name, slot);

-- How often a subscription called since its window began; kind is rate_limit or quota. Written only where the tenant's plan
-- sets a limit.
create table subscription_usage (
    tenant_id  integer not null,
    name       text not null,
    kind       text not null,
    started_at timestamptz not null,
    calls      bigint not null,
    constraint subscription_usage_pkey primary key (tenant_id, name, kind),
    constraint subscription_usage_tenant_fkey foreign key (tenant_id) references tenants (tenant_id)
) with (fillfactor = 50);
