-- The requests of all servers in the order in which they ended. A server writes them in batches, so one that ended earlier may be written
-- later. They get their numbers when somebody reads them, in the order of their places.

alter table journal_entries add column place bigint;
update journal_entries set place = number;
alter table journal_entries
    -- When the request ended: microseconds of the database's clock since 1970. One that is written after later requests of its tenant
    -- were numbered has a place after them. One that was moved out of the memory of a server has its number.
    alter column place set not null,
    alter column place set default (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    drop constraint journal_entries_pkey,
    -- Null until somebody reads the tenant's requests.
    alter column number drop not null;
create index journal_entries_place on journal_entries (tenant_id, place);

-- All requests up to the place `sealed` have their numbers. `trimmed` is a place, too.
alter table journal_tenants
    add column sealed bigint not null default 0,
    -- How many requests have no number yet.
    add column unnumbered bigint not null default 0,
    -- The place of the last one that was written.
    add column last_place bigint not null default 0;
update journal_tenants set sealed = latest, last_place = latest;

-- No tenant without a row in journal_tenants had a request after this place.
alter table journal_run add column floor bigint not null default 0;
update journal_run set floor = latest;
