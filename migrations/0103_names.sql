-- Functions and columns got other names; a start makes the functions anew.
drop function if exists world_tables();
drop function if exists world_columns(text, text, boolean);
drop function if exists copy_world(integer, integer);
drop function if exists compare_world(integer, integer, integer);
drop function if exists analyze_worlds();
drop function if exists count_call(integer, text, timestamptz, bigint, bigint, bigint, bigint);
alter table tenants rename column put_back_from to restored_from;
update tenants set plan = replace(replace(plan::text, '"refuse"', '"reject"'), '"refusal_status"', '"rejection_status"')::jsonb
 where plan::text ~ '"refus(e|al_status)"';
