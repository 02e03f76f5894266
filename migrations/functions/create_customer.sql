-- The BackOfficeId of a new customer that sends none: the number in this radix, or, where it must be unique, the next one that is
-- free.
create or replace function new_back_office_id(p_tenant integer, p_number bigint, p_radix integer, p_is_unique boolean)
returns text language plpgsql stable as $$
declare
    v_id text;
begin
    loop
        v_id := case when p_radix = 16 then upper(to_hex(p_number)) else p_number::text end;
        exit when not p_is_unique or not exists (
            select from customers c where c.tenant_id = p_tenant and c.back_office_id_key = lower(v_id));
        p_number := p_number + 1;
    end loop;
    return v_id;
end
$$;

-- The columns of a customer that a caller may set, in their order. The functions that write a whole customer have a parameter for
-- each, new_ and its name. Parameters, because a single value of a composite type or of json costs more than all of them: it is
-- put together and taken apart again column by column.
create or replace function columns_of_callers()
returns table (column_name name, column_type text, column_number smallint) language sql stable as $$
    select attname, format_type(atttypid, atttypmod), attnum
      from pg_attribute
     where attrelid = 'customers'::regclass and attnum > 0 and not attisdropped
       and attname not in ('tenant_id', 'customer_id', 'enroller_id', 'upgrade_date', 'inactive_date', 'modified_at', 'version')
$$;

-- What a function stores in such a column, as SQL text: its parameter; NULL for the key of a field that is not among v_unique.
create or replace function stored_value(p_column name) returns text language sql immutable as $$
    select coalesce((select format('case when v_unique & %s <> 0 then new_%s end', k.bit, p_column)
                       from (values ('back_office_id_key', 1), ('email_address_key', 2), ('tax_id_key', 4), ('username_key', 8),
                                    ('web_alias_key', 16)) as k (column_name, bit)
                      where k.column_name = p_column),
                    'new_' || p_column)
$$;

-- Creates a customer from its columns and, where its type is one that is placed at once, its node in the sponsor tree.
--
-- p_customer is the id of the caller's choice (seed files); otherwise the tenant's counter gives it. A BackOfficeId that was not
-- sent is made of p_back_office_seed plus the id, and a WebAlias that was not sent is p_default_alias when that is free.
-- The outcome is 'created', or names why nothing was written. With p_is_recorded the new rows come along, as bytes.
--
-- The new_*_key are the values in the form in which they are compared. Those that the tenant's plan does not make unique are not
-- stored: the plan at this moment, which is another one than the request has read if it was changed in between.
--
-- The lists of columns are made from the table, once, when the function is made.
do $do$
declare
    v_parameters text;
    v_columns    text;
    v_values     text;
begin
select string_agg(format('new_%s %s', column_name, column_type), ', ' order by column_number),
       string_agg(quote_ident(column_name), ', ' order by column_number),
       string_agg(stored_value(column_name), ', ' order by column_number)
  into v_parameters, v_columns, v_values
  from columns_of_callers();
execute replace(replace(replace($function$
create or replace function create_customer(
    p_tenant             integer,
    p_customer           integer,
    p_now                timestamptz,
    p_sponsor_types      integer[],
    p_placed_types       integer[],
    p_back_office_seed   bigint,
    p_back_office_radix  integer,
    p_default_alias      text,
    p_default_alias_key  text,
    p_is_recorded        boolean,
    {parameters},
    out outcome          text,
    out customer_id      integer,
    out customer_after   bytea,
    out node_after       bytea
) language plpgsql as $$
#variable_conflict use_column
declare
    v_sponsor_type integer;
    v_unique       integer;
begin
    -- No write while the tenant's data is replaced as a whole.
    perform pg_advisory_xact_lock_shared(tenant_lock_key(), p_tenant);

    select t.unique_fields into v_unique from tenants t where t.tenant_id = p_tenant;
    if not found then
        outcome := 'unknown_tenant';
        return;
    elsif new_sponsor_id is not null then
        select c.customer_type into v_sponsor_type from customers c
         where c.tenant_id = p_tenant and c.customer_id = new_sponsor_id;
        if not found then
            outcome := 'sponsor_unknown';
            return;
        elsif p_sponsor_types is not null and v_sponsor_type <> all (p_sponsor_types) then
            outcome := 'sponsor_type';
            return;
        end if;
    end if;

    if p_customer is null then
        update tenant_counters n set last_customer_id = n.last_customer_id + 1
         where n.tenant_id = p_tenant
        returning n.last_customer_id into customer_id;
    else
        customer_id := p_customer;
        -- Nothing is written where the counter is there already: each version of one row makes the next one slower to find.
        update tenant_counters n set last_customer_id = p_customer
         where n.tenant_id = p_tenant and n.last_customer_id < p_customer;
    end if;

    if new_back_office_id is null then
        new_back_office_id := new_back_office_id(
            p_tenant, p_back_office_seed + customer_id, p_back_office_radix, v_unique & 1 <> 0);
        new_back_office_id_key := lower(new_back_office_id);
    end if;

    if new_web_alias is null and p_default_alias is not null and not exists (
        select from customers c where c.tenant_id = p_tenant and c.web_alias_key = p_default_alias_key)
    then
        new_web_alias := p_default_alias;
        new_web_alias_key := p_default_alias_key;
    end if;

    insert into customers as c (tenant_id, customer_id, enroller_id, inactive_date, modified_at, {columns})
    values (p_tenant, create_customer.customer_id, new_sponsor_id, inactive_since(1, new_customer_status, null, p_now), p_now,
            {values})
    returning case when p_is_recorded then row_bytes(c) end into customer_after;

    if new_customer_type = any (p_placed_types) then
        insert into sponsor_tree as t (tenant_id, customer_id, upline_id, placed_at)
        values (p_tenant, create_customer.customer_id, new_sponsor_id, p_now)
        returning case when p_is_recorded then row_bytes(t) end into node_after;
    end if;

    outcome := 'created';
end
$$;
$function$, '{parameters}', v_parameters), '{columns}', v_columns), '{values}', v_values);
end
$do$;
