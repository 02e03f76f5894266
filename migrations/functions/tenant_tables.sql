-- The tables of this program with a tenant_id: this list, and not whatever has such a column, so that no table of another program is
-- read or written. tests/it/schema.rs compares it with the schema. The names are found along the search_path.
-- kind is
--   copied   the tenant's data,
--   emptied  unfinished work, which is not copied and is only deleted when the data is replaced,
--   kept     what identifies the tenant: copy_settings copies the settings in tenants, and credentials do not belong to the data.
-- customer_column names the customer to whom a row belongs.
create or replace function emulator_tables(out table_name text, out kind text, out customer_column text) returns setof record
language sql immutable as $$
    values ('access_tokens',            'kept',    null),
           ('companies',                'copied',  'customer_id'),
           ('crm_associatestatuses',    'copied',  null),
           ('crm_associatetypechanges', 'copied',  'associateid'),
           ('crm_associatetypes',       'copied',  null),
           ('customer_keys',            'copied',  'customer_id'),
           ('customer_profiles',        'copied',  'customer_id'),
           ('customers',                'copied',  'customer_id'),
           ('event_attempts',           'emptied', null),
           ('event_deliveries',         'emptied', 'customer_id'),
           ('extension_tokens',         'copied',  null),
           ('faults',                   'copied',  null),
           ('hook_calls',               'emptied', null),
           ('reward_points',            'copied',  'customer_id'),
           ('sponsor_tree',             'copied',  'customer_id'),
           ('sso_tokens',               'emptied', 'customer_id'),
           ('subscription_keys',        'kept',    null),
           ('subscription_usage',       'emptied', null),
           ('tenant_counters',          'copied',  null),
           ('tenants',                  'kept',    null)
$$;

-- The tables whose rows are replaced with a tenant's data, in the order in which they are written: the attempts after the deliveries,
-- because an attempt is stored while its delivery is locked.
create or replace function tenant_tables(out table_name text, out is_copied boolean) returns setof record
language sql stable as $$
    select e.table_name, e.kind = 'copied' from emulator_tables() e where e.kind <> 'kept'
     order by e.table_name = 'event_attempts', e.table_name
$$;

-- A table's columns without tenant_id and version, each after a prefix, as SQL text; with p_is_key only those of its primary key. A copy
-- of a customer has a version of its own.
create or replace function table_columns(p_table text, p_prefix text, p_is_key boolean) returns text
language sql stable as $$
    select coalesce(string_agg(p_prefix || quote_ident(a.attname), ', ' order by a.attnum), '')
      from pg_attribute a
     where a.attrelid = quote_ident(p_table)::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
       and a.attname not in ('tenant_id', 'version')
       and (not p_is_key or exists (select from pg_index x
                                     where x.indrelid = a.attrelid and x.indisprimary and a.attnum = any (x.indkey)))
$$;

-- The column with the customer to whom a table's rows belong, as SQL text; NULL where they belong to none.
create or replace function customer_column(p_table text) returns text
language sql stable as $$
    select quote_ident(e.customer_column) from emulator_tables() e where e.table_name = p_table
$$;

-- The tables of which each node of a distributed database has a copy (src/database/layout.rs).
create or replace function tables_on_each_node(out table_name text) returns setof text
language sql immutable as $$
    values ('access_tokens'), ('extension_tokens'), ('subscription_keys'), ('tenants')
$$;

-- Whether the database is distributed and each of its nodes has a copy of this table.
create or replace function is_on_each_node(p_table text) returns boolean
language sql stable as $$
    select coalesce(current_setting('emulator.layout', true), '') = 'distributed'
           and exists (select from tables_on_each_node() t where t.table_name = p_table)
$$;
