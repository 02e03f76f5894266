-- The tasks of all servers, while more than one uses the database. Unlogged, because a result can have a key that no client has read
-- yet: no WAL and no standby gets it. After a crash of Postgres the owners write their running tasks again.
create unlogged table emulator_tasks (
    task_id      uuid        not null constraint emulator_tasks_pkey primary key,
    server_id    uuid        not null,
    tenant       text        not null,
    started_at   timestamptz not null,
    is_running   boolean     not null,
    -- The owner of a running task renews it. When it has passed, the owner has ended.
    leased_until timestamptz not null,
    -- As clients see it, without the key.
    status       jsonb       not null,
    -- The key of a created tenant, until a client has read it or this time has passed.
    secret       text,
    secret_until timestamptz
);

-- The browsers that have signed in at any server.
create unlogged table emulator_sessions (
    digest   bytea       not null constraint emulator_sessions_pkey primary key,
    began_at timestamptz not null
);
