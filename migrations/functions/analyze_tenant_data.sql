-- Updates the planner's statistics of the tenants' tables after many rows were written; every connection then plans its statements
-- again. Empty tables are skipped, so that they keep their statistics.
create or replace function analyze_tenant_data() returns void
language plpgsql as $$
declare
    v_table  text;
    v_exists boolean;
begin
    if current_setting('emulator.layout', true) = 'distributed' then
        -- What the coordinator reads in its own copy of a table, it cannot analyze on all nodes in the same transaction.
        perform set_config('citus.enable_local_execution', 'off', true);
    end if;
    for v_table in select table_name from tenant_tables() loop
        execute format('select exists (select 1 from %I)', v_table) into v_exists;
        if v_exists then
            execute format('analyze %I', v_table);
        end if;
    end loop;
end
$$;
