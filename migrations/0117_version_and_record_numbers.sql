-- How often a customer was written, so that a write can be made only if no other came between. A new row starts at the microseconds of
-- the real time, so that a row that replaces another one, as in a reset, never has a version that the other one had. xmin would do
-- the same, but some databases that speak Postgres' protocol do not have it.
alter table customers add column version bigint not null default 0;
alter table customers alter column version set default (date_part('epoch', clock_timestamp()) * 1000000)::bigint;

-- The last recordnumber of each tenant's CRM_AssociateTypeChanges. A table of its own, and not a column of tenant_counters: a creation
-- holds that row while it waits for a unique value, which an upgrade may hold while it waits for its number.
create table record_numbers (
    tenant_id   integer not null,
    last_number bigint not null,
    constraint record_numbers_pkey primary key (tenant_id)
) with (fillfactor = 10);
insert into record_numbers (tenant_id, last_number)
select tenant_id, max(recordnumber) from CRM_AssociateTypeChanges group by tenant_id;
analyze record_numbers;

-- The planner is shown what the attempts look like when they hold something, as in 0100_statistics.sql.
insert into event_attempts (tenant_id, id, url, attempt, attempted_at, duration_ms, response)
select 0, gen_random_uuid(), 'shown', 1, now(), 1, '' from generate_series(1, 100) n;
analyze event_attempts;
delete from event_attempts where tenant_id = 0;
