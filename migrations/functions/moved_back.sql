-- A time moved back by some microseconds. A number of microseconds is the same in every time zone, so this is immutable, while Postgres'
-- operator, which also takes months, is not. Citus accepts only immutable functions of a column in an update.
create or replace function moved_back(p_at timestamptz, p_microseconds bigint) returns timestamptz
language sql immutable as $$ select p_at - p_microseconds * interval '1 microsecond' $$;
