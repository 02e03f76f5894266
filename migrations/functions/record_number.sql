-- The record number of an upgrade that runs now: sixteenths of a microsecond since 2020 by the clock of Postgres, which all servers
-- share. p_order tells apart the upgrades of one microsecond. Below 2^53 until 2037, so that every reader of JSON keeps it exactly.
-- Postgres replaces the call by the expression.
create or replace function record_number(p_order bigint) returns bigint
language sql volatile as $$
    select ((date_part('epoch', clock_timestamp()) - 1577836800) * 1000000)::bigint * 16 + (p_order & 15)
$$;
