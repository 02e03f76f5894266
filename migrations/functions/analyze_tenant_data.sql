-- Updates the planner's statistics of the tenants' tables after many rows were written; every connection then plans its statements
-- again. Empty tables are skipped, so that they keep their statistics.
create or replace function analyze_tenant_data() returns void
language plpgsql as $$
declare
    v_table  text;
    v_exists boolean;
begin
    -- On Citus a transaction that read or wrote on its own node cannot analyze tables on all nodes. The autovacuum of each node does it.
    if current_setting('emulator.layout', true) = 'distributed' then
        return;
    end if;
    for v_table in select table_name from tenant_tables() loop
        execute format('select exists (select 1 from %I)', v_table) into v_exists;
        if v_exists then
            execute format('analyze %I', v_table);
        end if;
    end loop;
end
$$;
