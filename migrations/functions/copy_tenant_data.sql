-- Copies the rows of a table of which each node of a distributed database has a copy. They are read once and written as values: if each
-- node read its own copy, a change between these moments would leave copies that differ.
create or replace function copy_rows_of_each_node(p_table text, p_from integer, p_to integer) returns bigint
language plpgsql as $$
declare
    v_columns text := table_columns(p_table, '', false);
    v_read    jsonb;
    v_rows    bigint;
begin
    execute format('select coalesce(jsonb_agg(to_jsonb(t)), ''[]'') from %I t where tenant_id = $1', p_table) into v_read using p_from;
    execute format('insert into %I (tenant_id, %s) select $2, %s from jsonb_populate_recordset(null::%I, $1)',
                   p_table, v_columns, v_columns, p_table) using v_read, p_to;
    get diagnostics v_rows = row_count;
    return v_rows;
end
$$;

-- Replaces a tenant's rows of one table with those of another tenant; deletes them when p_from is NULL. Returns how many it wrote.
create or replace function replace_rows(p_table text, p_from integer, p_to integer) returns bigint
language plpgsql as $$
declare
    v_columns text := table_columns(p_table, '', false);
    v_rows    bigint := 0;
begin
    execute format('delete from %I where tenant_id = $1', p_table) using p_to;
    if p_from is not null then
        if is_on_each_node(p_table) then
            return copy_rows_of_each_node(p_table, p_from, p_to);
        end if;
        execute format('insert into %I (tenant_id, %s) select $2, %s from %I where tenant_id = $1',
                       p_table, v_columns, v_columns, p_table) using p_from, p_to;
        get diagnostics v_rows = row_count;
    end if;
    return v_rows;
end
$$;

-- Copies the settings of a tenant to another one: all columns of tenants except those that identify the tenant.
create or replace function copy_settings(p_from integer, p_to integer) returns void
language plpgsql as $$
declare
    v_columns  text;
    v_settings jsonb;
begin
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into v_columns
      from pg_attribute a
     where a.attrelid = 'tenants'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
       and a.attname not in ('tenant_id', 'name', 'created_at', 'snapshot_of', 'snapshot', 'origin', 'expires_at', 'restored_from');
    if is_on_each_node('tenants') then
        -- Read once and written as values, as in copy_rows_of_each_node.
        select to_jsonb(f) into v_settings from tenants f where f.tenant_id = p_from;
        execute format('update tenants t set (%s) = (select %s from jsonb_populate_record(null::tenants, $1)) where t.tenant_id = $2',
                       v_columns, v_columns) using v_settings, p_to;
    else
        execute format('update tenants t set (%s) = (select %s from tenants f where f.tenant_id = $1) where t.tenant_id = $2',
                       v_columns, v_columns) using p_from, p_to;
    end if;
end
$$;

-- Copies to p_to the rows of p_from that belong to customers above p_after, up to p_until; NULL is no bound. The first part, whose
-- p_after is NULL, also has the rows that belong to no customer. Returns how many it wrote. When p_from is NULL, it deletes the rows
-- of p_to instead. Nothing may write into either tenant between the first part and the last.
create or replace function copy_part(p_from integer, p_to integer, p_after integer, p_until integer) returns bigint
language plpgsql as $$
declare
    v_table  record;
    v_range  text;
    v_rows   bigint;
    v_total  bigint := 0;
    v_columns text;
begin
    for v_table in
        select w.table_name, w.is_copied, customer_column(w.table_name) as customer
          from tenant_tables() w
         where w.is_copied or p_from is null
    loop
        continue when v_table.customer is null and p_after is not null;
        v_range := case when v_table.customer is null then 'true'
                        else format('%s > coalesce($3, -2147483648) and %s <= coalesce($4, 2147483647)',
                                    v_table.customer, v_table.customer) end;
        if p_from is null then
            execute format('delete from %I where tenant_id = $1 and %s', v_table.table_name, v_range)
              using p_to, p_to, p_after, p_until;
        elsif is_on_each_node(v_table.table_name) then
            v_total := v_total + copy_rows_of_each_node(v_table.table_name, p_from, p_to);
            continue;
        else
            v_columns := table_columns(v_table.table_name, '', false);
            execute format('insert into %I (tenant_id, %s) select $2, %s from %I where tenant_id = $1 and %s',
                           v_table.table_name, v_columns, v_columns, v_table.table_name, v_range)
              using p_from, p_to, p_after, p_until;
        end if;
        get diagnostics v_rows = row_count;
        v_total := v_total + v_rows;
    end loop;
    return v_total;
end
$$;
