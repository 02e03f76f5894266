-- Other vendors' doors on the same customers.
--
-- What opens a tenant: a subscription key, the user name and password of Basic credentials, or the id and secret of an OAuth
-- client; of the latter two, account is the part that is no secret. The digest is of what a caller presents.
alter table subscription_keys add column kind text not null default 'subscription-key';
alter table subscription_keys add column account text;

-- What an OAuth client got for its secret. Good as long as the key that it was given for is.
create table access_tokens (
    tenant_id  integer not null,
    digest     bytea not null,
    key_digest bytea not null,
    expires_at timestamptz not null,
    constraint access_tokens_pkey primary key (tenant_id, digest),
    constraint access_tokens_digest_key unique (digest),
    constraint access_tokens_tenant_fkey foreign key (tenant_id) references tenants (tenant_id)
);

create index access_tokens_expires_idx on access_tokens (tenant_id, expires_at);

-- By door (owner), what its callers say of a customer that a customer has no column for. A table of its own, so that the rows
-- of those who have none stay as narrow as they were.
create table customer_profiles (
    tenant_id   integer not null,
    customer_id integer not null,
    owner       text not null,
    fields      jsonb not null,
    constraint customer_profiles_pkey primary key (tenant_id, customer_id, owner)
);

-- The ids of the system's that callers chose for customers. All others have one that is made of their number.
create table customer_keys (
    tenant_id    integer not null,
    customer_key uuid not null,
    customer_id  integer not null,
    constraint customer_keys_pkey primary key (tenant_id, customer_key),
    constraint customer_keys_customer_key unique (tenant_id, customer_id)
);

-- The companies of a customer, in the order of place. name_key holds organisation number and name, trimmed and in lower case,
-- where there is a number.
create table companies (
    tenant_id   integer not null,
    company_id  integer not null,
    customer_id integer not null,
    place       integer not null,
    company_key uuid not null,
    name        text not null,
    org_no      text,
    name_key    text,
    details     jsonb not null,
    constraint companies_pkey primary key (tenant_id, company_id),
    constraint companies_name_key unique (tenant_id, name_key)
);

create index companies_customer_idx on companies (tenant_id, customer_id);

alter table tenant_counters add column last_company_id integer not null default 0;

-- A partial update from another door than DirectScale's may carry these.
alter type customer_fields_sent add attribute external_reference_id boolean;
alter type customer_fields_sent add attribute password boolean;
