-- Tells the planner what the tables of tenants hold, after many rows were written, which makes every connection plan anew. An
-- empty table is passed over, so that what is known of it is not forgotten.
create or replace function analyze_tenant_data() returns void
language plpgsql as $$
declare
    v_table  text;
    v_exists boolean;
begin
    for v_table in select table_name from tenant_tables() loop
        execute format('select exists (select from %I)', v_table) into v_exists;
        if v_exists then
            execute format('analyze %I', v_table);
        end if;
    end loop;
end
$$;
