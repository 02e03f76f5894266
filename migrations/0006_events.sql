-- Who hears of a tenant's events, and when a failed delivery is tried again. NULL where nobody does; read by
-- src/events/settings.rs.
alter table tenants add column events jsonb;

-- The outbox: one row for each event and each address that hears of it, written in the transaction of the change. id is the
-- event's, the same for every address; sequence ascends in the order in which a customer changed. state is pending, delivered
-- or dead; leased_until is how long a server may take for the attempt that it makes.
create table event_deliveries (
    tenant_id    integer not null,
    id           uuid not null,
    url          text not null,
    customer_id  integer not null,
    sequence     bigint not null,
    event_type   text not null,
    body         text not null,
    caller       text not null,
    created_at   timestamptz not null,
    state        text not null,
    attempts     integer not null default 0,
    due_at       timestamptz not null,
    leased_until timestamptz,
    constraint event_deliveries_pkey primary key (tenant_id, id, url)
) with (fillfactor = 70);

create index event_deliveries_customer_idx on event_deliveries (tenant_id, customer_id, sequence);
create index event_deliveries_due_idx on event_deliveries (tenant_id, due_at) where state = 'pending';

-- What each attempt came to: a status, or why there is none.
create table event_attempts (
    tenant_id    integer not null,
    id           uuid not null,
    url          text not null,
    attempt      integer not null,
    attempted_at timestamptz not null,
    duration_ms  integer not null,
    status       integer,
    response     text not null,
    constraint event_attempts_pkey primary key (tenant_id, id, url, attempt)
);
