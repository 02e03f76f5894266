-- Replaces a tenant's rows of one table with those of another tenant, or of none; answers how many were written.
create or replace function replace_rows(p_table text, p_from integer, p_to integer) returns bigint
language plpgsql as $$
declare
    v_columns text := world_columns(p_table, '', false);
    v_rows    bigint := 0;
begin
    execute format('delete from %I where tenant_id = $1', p_table) using p_to;
    if p_from is not null then
        execute format('insert into %I (tenant_id, %s) select $2, %s from %I where tenant_id = $1',
                       p_table, v_columns, v_columns, p_table) using p_from, p_to;
        get diagnostics v_rows = row_count;
    end if;
    return v_rows;
end
$$;

-- Gives a tenant the settings of another one: all columns of tenants but those that say which tenant it is.
create or replace function copy_settings(p_from integer, p_to integer) returns void
language plpgsql as $$
declare
    v_columns text;
begin
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into v_columns
      from pg_attribute a
     where a.attrelid = 'tenants'::regclass and a.attnum > 0 and not a.attisdropped
       and a.attname not in ('tenant_id', 'name', 'created_at', 'snapshot_of', 'snapshot', 'origin', 'expires_at');
    execute format('update tenants t set (%s) = (select %s from tenants f where f.tenant_id = $1) where t.tenant_id = $2',
                   v_columns, v_columns) using p_from, p_to;
end
$$;
