-- Reward points as a ledger that is only appended to: what is left of them is counted when it is asked for, from what was
-- entered until then. A deduction is below zero and does not expire.
create table reward_points (
    tenant_id   integer not null,
    customer_id integer not null,
    id          uuid not null,
    points      numeric(18, 4) not null,
    entered_at  timestamptz not null,
    expires_at  timestamptz,
    constraint reward_points_pkey primary key (tenant_id, customer_id, id)
);

-- Single sign-on tokens that may still be good. Only the SHA-256 of a token is kept.
create table sign_on_tokens (
    tenant_id   integer not null,
    digest      bytea not null,
    customer_id integer not null,
    expires_at  timestamptz not null,
    constraint sign_on_tokens_pkey primary key (tenant_id, digest)
);

create index sign_on_tokens_expires_at_idx on sign_on_tokens (tenant_id, expires_at);

-- The enrolment tree is customers.enroller_id: everybody but the roots has one, and it rarely changes. Both indexes hold
-- the customer too, so that a downline is read from them alone.
create index customers_enroller_idx on customers (tenant_id, enroller_id, customer_id);

drop index sponsor_tree_upline_idx;
create index sponsor_tree_upline_idx on sponsor_tree (tenant_id, upline_id, customer_id);
