-- The tables of a tenant's data: all with a tenant_id, so that a new one is not forgotten, except
--   tenants                              copy_settings copies its settings,
--   subscription_keys, access_tokens     credentials belong to the tenant and not to its data.
-- Tables of unfinished work are not copied. They are only emptied when the data is replaced:
--   hook_calls, sign_on_tokens, subscription_usage, event_deliveries, event_attempts.
create or replace function tenant_tables(out table_name text, out is_copied boolean) returns setof record
language sql stable as $$
    select c.relname::text, c.relname not in ('hook_calls', 'sign_on_tokens', 'subscription_usage', 'event_deliveries', 'event_attempts')
      from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
     where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relispartition
       and c.relname not in ('tenants', 'subscription_keys', 'access_tokens')
     order by c.relname
$$;

-- A table's columns without tenant_id, each after a prefix, as SQL text; with p_is_key only those of its primary key.
create or replace function table_columns(p_table text, p_prefix text, p_is_key boolean) returns text
language sql stable as $$
    select coalesce(string_agg(p_prefix || quote_ident(a.attname), ', ' order by a.attnum), '')
      from pg_attribute a
     where a.attrelid = quote_ident(p_table)::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
       and a.attname <> 'tenant_id'
       and (not p_is_key or exists (select from pg_index x
                                     where x.indrelid = a.attrelid and x.indisprimary and a.attnum = any (x.indkey)))
$$;

-- The column with the customer to whom a table's rows belong, as SQL text; NULL where they belong to none.
create or replace function customer_column(p_table text) returns text
language sql stable as $$
    select quote_ident(a.attname) from pg_attribute a
     where a.attrelid = quote_ident(p_table)::regclass and not a.attisdropped and a.attname in ('customer_id', 'associateid')
$$;
