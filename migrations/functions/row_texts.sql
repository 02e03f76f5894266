-- A row as the text of each of its columns, in their order, for the journal to compare. A cast of the whole row to text costs
-- three times as much, because it looks up the output function of each type. The lists of columns are read from the tables once,
-- when the functions are created.
do $do$
declare
    v_table regclass;
    v_texts text;
begin
    foreach v_table in array array[
        'crm_associatetypechanges', 'companies', 'customer_keys', 'customer_profiles', 'customers', 'reward_points',
        'sso_tokens', 'sponsor_tree']::regclass[]
    loop
        select string_agg('r.' || quote_ident(attname) || case when atttypid = 'text'::regtype then '' else '::text' end,
                          ', ' order by attnum)
          into v_texts
          from pg_attribute where attrelid = v_table and attnum > 0 and not attisdropped;
        execute format(
            'create or replace function row_texts(r %s) returns text[] language sql stable as $$ select array[%s] $$',
            v_table, v_texts);
    end loop;
end
$do$;
