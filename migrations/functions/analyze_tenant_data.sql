-- Updates the planner's statistics of the tenants' tables after many rows were written; every connection then plans its statements
-- again. Empty tables are skipped, so that they keep their statistics.
create or replace function analyze_tenant_data() returns void
language plpgsql as $$
declare
    v_table  text;
    v_exists boolean;
begin
    if current_setting('emulator.layout', true) = 'distributed' then
        -- A transaction that read a part of a table on its own node cannot analyze tables on all nodes.
        perform set_config('citus.enable_local_execution', 'off', true);
    end if;
    for v_table in
        select t.table_name from tenant_tables() t
         -- The same is so for a table of which each node has a copy. They stay small.
         where not is_on_each_node(t.table_name)
    loop
        execute format('select exists (select 1 from %I)', v_table) into v_exists;
        if v_exists then
            execute format('analyze %I', v_table);
        end if;
    end loop;
end
$$;
