-- The journal, where several servers run on the database. Its tables are unlogged: their rows need not survive a crash of Postgres, and
-- cost no write-ahead log. No foreign key: a request may end after its tenant was deleted. What is stored contains no secrets.

-- The requests. Those of tenant 0 are the unauthenticated ones.
create unlogged table journal_entries (
    tenant_id integer not null,
    -- Ascends over all servers and tenants.
    number bigint not null,
    request_id uuid not null,
    operation text not null,
    -- Null when the connection ended without a response.
    status smallint,
    customer_id integer,
    -- What the request counts against the limits: its length as JSON, and a little more.
    bytes integer not null,
    -- The whole entry as JSON, deflated by the server, so that Postgres receives and stores fewer bytes.
    entry bytea not null,
    constraint journal_entries_pkey primary key (tenant_id, number)
) with (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.5, autovacuum_vacuum_cost_delay = 0,
        autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 10);
-- An entry up to 8 KB stays in its row, and is not compressed once more.
alter table journal_entries alter column entry set storage external;

-- The requests of a tenant, counted. Those up to the number `trimmed` are dropped.
create unlogged table journal_tenants (
    tenant_id integer not null,
    entries bigint not null,
    bytes bigint not null,
    trimmed bigint not null,
    -- The number of the latest request.
    latest bigint not null,
    constraint journal_tenants_pkey primary key (tenant_id)
) with (fillfactor = 20);

-- One row, of tenant 0: the run that the numbers belong to. Its lock orders the writes of all servers, so that no number becomes
-- visible after a higher one.
create unlogged table journal_run (
    tenant_id integer not null,
    started_at timestamptz not null,
    -- The number of the latest request.
    latest bigint not null,
    -- The server that has the requests of this run in its memory, until it knows of another server.
    memory_of uuid,
    constraint journal_run_pkey primary key (tenant_id)
) with (fillfactor = 20);
