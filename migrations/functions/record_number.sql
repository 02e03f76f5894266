-- The record number of an upgrade. p_number is the number itself where the tenant's clock stands still. From 0 to 15 it tells apart the
-- upgrades of one microsecond, and the number is of this moment: sixteenths of a microsecond since 2020 by the clock of Postgres, which
-- all servers share. That is below 2^53 until 2037, so that every reader of JSON keeps it exactly.
-- Postgres replaces the call by the expression.
create or replace function record_number(p_number bigint) returns bigint
language sql volatile as $$
    select case when p_number between 0 and 15
                then ((date_part('epoch', clock_timestamp()) - 1577836800) * 1000000)::bigint * 16 + p_number
                else p_number end
$$;
