-- A tenant's Client Extension: which hook is answered where, and the token that is sent along. NULL where there is none;
-- read by src/hooks/extension.rs.
alter table tenants add column extension jsonb;

-- The token by which an extension calls back, as its SHA-256. A tenant is found by it, so it is unique over all of them.
create table extension_tokens (
    tenant_id integer not null,
    digest    bytea not null,
    constraint extension_tokens_pkey primary key (tenant_id),
    constraint extension_tokens_digest_key unique (digest),
    constraint extension_tokens_tenant_fkey foreign key (tenant_id) references tenants (tenant_id)
);

-- A hook that runs, so that any server can take its callback: the SHA-256 of its one-time token, and what the default work
-- must know besides the request. state is running, claimed (the callback came) or committed (its work is done). The row goes
-- when the hook ends.
create table hook_calls (
    tenant_id  integer not null,
    token      bytea not null,
    hook_id    text not null,
    context    jsonb not null,
    state      text not null,
    expires_at timestamptz not null,
    constraint hook_calls_pkey primary key (tenant_id, token)
);

create index hook_calls_expires_at_idx on hook_calls (tenant_id, expires_at);
