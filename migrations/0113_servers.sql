-- The servers that use this database. Each changes its own row twice a second; a row that was not changed for some seconds is that of a
-- server that has ended. known_version is the version of all settings up to which the server has dropped what it remembered.
create table servers (
    server_id     uuid not null,
    name          text not null,
    version       text not null,
    started_at    timestamptz not null,
    seen_at       timestamptz not null,
    known_version bigint not null,
    -- How it checks the admin token: 'open', 'generated', or the fingerprint of the token that was set.
    token         text not null,
    constraint servers_pkey primary key (server_id)
) with (fillfactor = 50);

-- The version of all tenants' settings. Always one row. Its lock orders the changes, so that no version becomes visible before a
-- lower one. token_salt is what the fingerprints of admin tokens are computed with.
create table settings_version (
    version    bigint not null,
    token_salt uuid not null
) with (fillfactor = 50);
insert into settings_version (version, token_salt) values (0, gen_random_uuid());

-- The tenant whose settings each of the last versions changed.
create table settings_changes (
    version   bigint not null,
    tenant_id integer not null,
    constraint settings_changes_pkey primary key (version)
);
