-- The rows of one table in which two tenants differ, in the order of their keys, at most p_limit. before is the row of p_left and
-- after the row of p_right, NULL if there is none; differing is the number of all such rows. If the rows belong to customers, it
-- compares those of the customers above p_after, up to p_until; NULL is no bound.
create or replace function compare_rows(
    p_table text, p_left integer, p_right integer, p_after integer, p_until integer, p_limit bigint,
    out key jsonb, out before jsonb, out after jsonb, out differing bigint
) returns setof record
-- A full join must be hashed or merged; src/database/pool.rs turns both off for all other statements.
language plpgsql stable set enable_hashjoin = on set enable_mergejoin = on as $$
declare
    v_keys   text;
    v_pairs  text;
    v_customer text := customer_column(p_table);
    v_range  text := 'true';
begin
    if v_customer is not null and (p_after is not null or p_until is not null) then
        v_range := format('%s > coalesce($4, -2147483648) and %s <= coalesce($5, 2147483647)', v_customer, v_customer);
    end if;
    select coalesce(string_agg(', ' || quote_ident(a.attname), '' order by a.attnum), ''),
           string_agg(quote_literal(a.attname) || ', ' || quote_ident(a.attname), ', ' order by a.attnum)
      into v_keys, v_pairs
      from pg_attribute a
      join pg_index x on x.indrelid = a.attrelid and x.indisprimary and a.attnum = any (x.indkey)
     where a.attrelid = quote_ident(p_table)::regclass and a.attname <> 'tenant_id';
    -- join_key is for a table whose only key is the tenant.
    return query execute format(
        'select jsonb_build_object(%s), to_jsonb(l) - ''tenant_id'' - ''version'' - ''join_key'',
                to_jsonb(r) - ''tenant_id'' - ''version'' - ''join_key'',
                count(*) over ()
           from (select *, 0 as join_key from %I where tenant_id = $1 and %s) l
           full join (select *, 0 as join_key from %I where tenant_id = $2 and %s) r using (join_key%s)
          where l.tenant_id is null or r.tenant_id is null or row(%s) is distinct from row(%s)
          order by join_key%s
          limit $3',
        v_pairs, p_table, v_range, p_table, v_range, v_keys, table_columns(p_table, 'l.', false), table_columns(p_table, 'r.', false), v_keys)
        using p_left, p_right, p_limit, p_after, p_until;
end
$$;
