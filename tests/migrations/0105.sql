SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.analyze_tenant_data() RETURNS void
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.compare_rows(p_table text, p_left integer, p_right integer, p_after integer, p_until integer, p_most bigint, OUT key jsonb, OUT before jsonb, OUT after jsonb, OUT differing bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET enable_hashjoin TO 'on'
    SET enable_mergejoin TO 'on'
    AS $_$
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
    -- world_side is there for a table whose only key is the tenant.
    return query execute format(
        'select jsonb_build_object(%s), to_jsonb(l) - ''tenant_id'' - ''world_side'', to_jsonb(r) - ''tenant_id'' - ''world_side'',
                count(*) over ()
           from (select *, 0 as world_side from %I where tenant_id = $1 and %s) l
           full join (select *, 0 as world_side from %I where tenant_id = $2 and %s) r using (world_side%s)
          where l.tenant_id is null or r.tenant_id is null or row(%s) is distinct from row(%s)
          order by world_side%s
          limit $3',
        v_pairs, p_table, v_range, p_table, v_range, v_keys, table_columns(p_table, 'l.', false), table_columns(p_table, 'r.', false), v_keys)
        using p_left, p_right, p_most, p_after, p_until;
end
$_$;
CREATE FUNCTION public.copy_part(p_from integer, p_to integer, p_after integer, p_until integer) RETURNS bigint
    LANGUAGE plpgsql
    AS $_$
declare
    v_table  record;
    v_range  text;
    v_rows   bigint;
    v_all    bigint := 0;
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
        else
            v_columns := table_columns(v_table.table_name, '', false);
            execute format('insert into %I (tenant_id, %s) select $2, %s from %I where tenant_id = $1 and %s',
                           v_table.table_name, v_columns, v_columns, v_table.table_name, v_range)
              using p_from, p_to, p_after, p_until;
        end if;
        get diagnostics v_rows = row_count;
        v_all := v_all + v_rows;
    end loop;
    return v_all;
end
$_$;
CREATE FUNCTION public.copy_settings(p_from integer, p_to integer) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
    v_columns text;
begin
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into v_columns
      from pg_attribute a
     where a.attrelid = 'tenants'::regclass and a.attnum > 0 and not a.attisdropped
       and a.attname not in ('tenant_id', 'name', 'created_at', 'snapshot_of', 'snapshot', 'origin', 'expires_at', 'restored_from');
    execute format('update tenants t set (%s) = (select %s from tenants f where f.tenant_id = $1) where t.tenant_id = $2',
                   v_columns, v_columns) using p_from, p_to;
end
$_$;
CREATE FUNCTION public.count_request(p_tenant integer, p_name text, p_now timestamp with time zone, p_rate_calls bigint, p_rate_seconds bigint, p_quota_calls bigint, p_quota_seconds bigint, OUT rejected_by text, OUT renewed_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql
    AS $$
declare
    v_limit record;
begin
    -- A window that is over begins anew, with no call in it. The rows stay locked, so that calls at once take turns.
    for v_limit in
        select * from (values ('rate_limit', p_rate_calls, p_rate_seconds), ('quota', p_quota_calls, p_quota_seconds))
            as limits (kind, most, seconds)
         where limits.most is not null
    loop
        insert into subscription_usage as u (tenant_id, name, kind, started_at, calls)
        values (p_tenant, p_name, v_limit.kind, p_now, 0)
        on conflict (tenant_id, name, kind) do update set
            started_at = case when u.started_at + make_interval(secs => v_limit.seconds) <= p_now
                              then p_now else u.started_at end,
            calls      = case when u.started_at + make_interval(secs => v_limit.seconds) <= p_now then 0 else u.calls end
        returning case when u.calls >= v_limit.most then v_limit.kind end,
                  u.started_at + make_interval(secs => v_limit.seconds)
             into rejected_by, renewed_at;
        if rejected_by is not null then
            return;
        end if;
    end loop;
    update subscription_usage u set calls = u.calls + 1
     where u.tenant_id = p_tenant and u.name = p_name
       and (u.kind = 'rate_limit' and p_rate_calls is not null or u.kind = 'quota' and p_quota_calls is not null);
    renewed_at := null;
end
$$;
CREATE FUNCTION public.create_customer(p_tenant integer, p_customer integer, p_columns jsonb, p_now timestamp with time zone, p_sponsor_types integer[], p_placed_types integer[], p_back_office_seed bigint, p_back_office_radix integer, p_back_office_unique boolean, p_default_alias text, p_default_alias_key text, p_is_recorded boolean, OUT outcome text, OUT customer_id integer, OUT customer_after text[], OUT node_after text[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
declare
    v_new          customers;
    v_sponsor_type integer;
begin
    -- No write while the tenant's data is replaced as a whole.
    perform pg_advisory_xact_lock_shared(hashtext('world'), p_tenant);
    v_new := jsonb_populate_record(null::customers, p_columns);
    if v_new.sponsor_id is not null then
        select c.customer_type into v_sponsor_type from customers c
         where c.tenant_id = p_tenant and c.customer_id = v_new.sponsor_id;
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
    if v_new.back_office_id is null then
        v_new.back_office_id := new_back_office_id(
            p_tenant, p_back_office_seed + customer_id, p_back_office_radix, p_back_office_unique);
        if p_back_office_unique then
            v_new.back_office_id_key := lower(v_new.back_office_id);
        end if;
    end if;
    if v_new.web_alias is null and p_default_alias is not null and not exists (
        select from customers c where c.tenant_id = p_tenant and c.web_alias_key = p_default_alias_key)
    then
        v_new.web_alias := p_default_alias;
        v_new.web_alias_key := p_default_alias_key;
    end if;
    v_new.tenant_id := p_tenant;
    v_new.customer_id := customer_id;
    v_new.enroller_id := v_new.sponsor_id;
    v_new.inactive_date := inactive_since(1, v_new.customer_status, null, p_now);
    v_new.modified_at := p_now;
    insert into customers as c values (v_new.*)
    returning case when p_is_recorded then row_texts(c) end into customer_after;
    if v_new.customer_type = any (p_placed_types) then
        insert into sponsor_tree as t (tenant_id, customer_id, upline_id, placed_at)
        values (p_tenant, create_customer.customer_id, v_new.sponsor_id, p_now)
        returning case when p_is_recorded then row_texts(t) end into node_after;
    end if;
    outcome := 'created';
end
$$;
CREATE FUNCTION public.customer_column(p_table text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
    select quote_ident(a.attname) from pg_attribute a
     where a.attrelid = quote_ident(p_table)::regclass and not a.attisdropped and a.attname in ('customer_id', 'associateid')
$$;
CREATE FUNCTION public.enroller_is_below(p_tenant integer, p_enroller integer, p_customer integer) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    with recursive upline (customer_id) as (
        select p_enroller
        union
        select c.enroller_id
          from upline u
          join customers c on c.tenant_id = p_tenant and c.customer_id = u.customer_id
         where c.enroller_id is not null
    )
    select exists (select from upline where upline.customer_id = p_customer)
$$;
CREATE FUNCTION public.inactive_since(p_was integer, p_is integer, p_since timestamp with time zone, p_now timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    AS $$
    select case when p_is = p_was then p_since
                when p_is = 1 then null
                when p_was = 1 then p_now
                else coalesce(p_since, p_now) end
$$;
CREATE FUNCTION public.new_back_office_id(p_tenant integer, p_number bigint, p_radix integer, p_is_unique boolean) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
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
CREATE FUNCTION public.place_customer(p_tenant integer, p_customer integer, p_upline integer, p_is_enrollment boolean, p_sponsor_types integer[], p_now timestamp with time zone, p_is_recorded boolean, OUT outcome text, OUT customer_before text[], OUT customer_after text[], OUT node_before text[], OUT node_after text[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
declare
    v_upline_type integer;
begin
    -- Nobody writes into a world while it is replaced as a whole.
    perform pg_advisory_xact_lock_shared(hashtext('world'), p_tenant);
    perform pg_advisory_xact_lock(
        hashtext(case when p_is_enrollment then 'enrollment_tree' else 'sponsor_tree' end), p_tenant);
    select case when p_is_recorded then row_texts(c) end into customer_before
      from customers c where c.tenant_id = p_tenant and c.customer_id = p_customer for no key update;
    if not found then
        outcome := 'unknown_customer';
        return;
    end if;
    select c.customer_type into v_upline_type from customers c
     where c.tenant_id = p_tenant and c.customer_id = p_upline;
    if not found then
        outcome := 'sponsor_unknown';
        return;
    elsif p_sponsor_types is not null and v_upline_type <> all (p_sponsor_types) then
        outcome := 'sponsor_type';
        return;
    elsif p_is_enrollment and enroller_is_below(p_tenant, p_upline, p_customer)
       or not p_is_enrollment and sponsor_is_below(p_tenant, p_upline, p_customer)
    then
        outcome := 'sponsor_below';
        return;
    end if;
    if p_is_enrollment then
        update customers c set enroller_id = p_upline, modified_at = p_now
         where c.tenant_id = p_tenant and c.customer_id = p_customer
        returning case when p_is_recorded then row_texts(c) end into customer_after;
    else
        if p_is_recorded then
            select row_texts(t) into node_before from sponsor_tree t
             where t.tenant_id = p_tenant and t.customer_id = p_customer;
        end if;
        insert into sponsor_tree as t (tenant_id, customer_id, upline_id, placed_at)
        values (p_tenant, p_customer, p_upline, p_now)
        on conflict (tenant_id, customer_id) do update set upline_id = p_upline
        returning case when p_is_recorded then row_texts(t) end into node_after;
        update customers c set sponsor_id = p_upline, modified_at = p_now
         where c.tenant_id = p_tenant and c.customer_id = p_customer
        returning case when p_is_recorded then row_texts(c) end into customer_after;
    end if;
    outcome := 'placed';
end
$$;
CREATE FUNCTION public.replace_customer(p_tenant integer, p_customer integer, p_columns jsonb, p_now timestamp with time zone, p_sponsor_types integer[], p_upgrade_from integer[], p_change uuid, p_recordnumber bigint, p_changed_by text, p_request uuid, p_is_recorded boolean, OUT outcome text, OUT old_type integer, OUT customer_before text[], OUT customer_after text[], OUT node_before text[], OUT node_after text[], OUT log_after text[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
declare
    v_sponsor      integer := (p_columns ->> 'sponsor_id')::integer;
    v_sponsor_type integer;
    v_placed       boolean;
    v_upline       integer;
    v_has_downline boolean;
    v_version      xid;
begin
    -- No write while the tenant's data is replaced as a whole. An assignment costs less than PERFORM.
    v_placed := pg_advisory_xact_lock_shared(hashtext('world'), p_tenant) is null;
    -- Read without a lock and written only if the row is still the version that was read: another writer who came
    -- between makes the loop run once more, and the ordinary request pays for no row lock.
    loop
        select c.customer_type, c.xmin, s.customer_type, t.customer_id is not null, t.upline_id,
               p_upgrade_from is not null
                   and exists (select from sponsor_tree d where d.tenant_id = p_tenant and d.upline_id = p_customer),
               case when p_is_recorded then row_texts(c) end,
               case when p_is_recorded and t.tenant_id is not null then row_texts(t) end
          into old_type, v_version, v_sponsor_type, v_placed, v_upline, v_has_downline, customer_before, node_before
          from customers c
          left join customers s on s.tenant_id = p_tenant and s.customer_id = v_sponsor
          left join sponsor_tree t on t.tenant_id = p_tenant and t.customer_id = p_customer
         where c.tenant_id = p_tenant and c.customer_id = p_customer;
        if not found then
            outcome := 'unknown_customer';
            return;
        end if;
        if v_sponsor is not null then
            if v_sponsor_type is null then
                outcome := 'sponsor_unknown';
                return;
            elsif p_sponsor_types is not null and v_sponsor_type <> all (p_sponsor_types) then
                outcome := 'sponsor_type';
                return;
            end if;
            -- A customer that is no customer's upline and cannot become one before this commit closes no circle. Any other
            -- is checked, one at a time in a tenant, so that two moves that race see each other.
            if v_upline is distinct from v_sponsor
               and (v_placed or p_upgrade_from is not null)
               and (v_placed or v_has_downline or p_sponsor_types is null or old_type = any (p_sponsor_types))
            then
                perform pg_advisory_xact_lock(hashtext('sponsor_tree'), p_tenant);
                if sponsor_is_below(p_tenant, v_sponsor, p_customer) then
                    outcome := 'sponsor_below';
                    return;
                end if;
            end if;
        end if;
        if old_type <> all (p_upgrade_from) then
            outcome := 'transition';
            return;
        end if;
        update customers c set (customer_type, customer_status, sponsor_id, birth_date, sign_up_date, send_emails, tax_exempt, terms_accepted, language_code, back_office_id, back_office_id_key, email_address, email_address_key, tax_id, tax_id_key, username, username_key, web_alias, web_alias_key, password_hash, first_name, last_name, company_name, external_reference_id, primary_phone, secondary_phone, text_phone, tax_exempt_id, primary_street1, primary_street2, primary_street3, primary_city, primary_region, primary_postal_code, primary_country_code, shipping_street1, shipping_street2, shipping_street3, shipping_city, shipping_region, shipping_postal_code, shipping_country_code, custom_fields, upgrade_date, inactive_date, modified_at) = (
            select n.customer_type, n.customer_status, n.sponsor_id, n.birth_date, n.sign_up_date, n.send_emails, n.tax_exempt, n.terms_accepted, n.language_code, n.back_office_id, n.back_office_id_key, n.email_address, n.email_address_key, n.tax_id, n.tax_id_key, n.username, n.username_key, n.web_alias, n.web_alias_key, n.password_hash, n.first_name, n.last_name, n.company_name, n.external_reference_id, n.primary_phone, n.secondary_phone, n.text_phone, n.tax_exempt_id, n.primary_street1, n.primary_street2, n.primary_street3, n.primary_city, n.primary_region, n.primary_postal_code, n.primary_country_code, n.shipping_street1, n.shipping_street2, n.shipping_street3, n.shipping_city, n.shipping_region, n.shipping_postal_code, n.shipping_country_code, n.custom_fields,
                   case when c.customer_type = n.customer_type then c.upgrade_date else p_now end,
                   inactive_since(c.customer_status, n.customer_status, c.inactive_date, p_now),
                   p_now
              from jsonb_populate_record(c, p_columns) n)
         where c.tenant_id = p_tenant and c.customer_id = p_customer and c.xmin = v_version
        returning case when p_is_recorded then row_texts(c) end into customer_after;
        exit when found;
    end loop;
    if v_placed then
        if v_sponsor is not null and v_upline is distinct from v_sponsor then
            update sponsor_tree t set upline_id = v_sponsor
             where t.tenant_id = p_tenant and t.customer_id = p_customer
            returning case when p_is_recorded then row_texts(t) end into node_after;
        end if;
    elsif p_upgrade_from is not null then
        insert into sponsor_tree as t (tenant_id, customer_id, upline_id, placed_at)
        values (p_tenant, p_customer, v_sponsor, p_now)
        returning case when p_is_recorded then row_texts(t) end into node_after;
    end if;
    if p_upgrade_from is not null then
        insert into CRM_AssociateTypeChanges as l (
            tenant_id, id, recordnumber, AssociateID, OldAssociateType, NewAssociateType, ChangeDate, ChangedBy, RequestId)
        values (
            p_tenant, p_change, p_recordnumber, p_customer, old_type, (p_columns ->> 'customer_type')::integer, p_now, p_changed_by, p_request)
        returning case when p_is_recorded then row_texts(l) end into log_after;
    end if;
    outcome := 'replaced';
end
$$;
CREATE FUNCTION public.replace_rows(p_table text, p_from integer, p_to integer) RETURNS bigint
    LANGUAGE plpgsql
    AS $_$
declare
    v_columns text := table_columns(p_table, '', false);
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
$_$;
SET default_tablespace = '';
CREATE TABLE public.companies (
    tenant_id integer NOT NULL,
    company_id integer NOT NULL,
    customer_id integer NOT NULL,
    place integer NOT NULL,
    company_key uuid NOT NULL,
    name text NOT NULL,
    org_no text,
    name_key text,
    details jsonb NOT NULL
);
CREATE FUNCTION public.row_texts(r public.companies) RETURNS text[]
    LANGUAGE sql STABLE
    AS $$ select array[r.tenant_id::text, r.company_id::text, r.customer_id::text, r.place::text, r.company_key::text, r.name, r.org_no, r.name_key, r.details::text] $$;
CREATE TABLE public.crm_associatetypechanges (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    recordnumber bigint NOT NULL,
    associateid integer NOT NULL,
    oldassociatetype integer NOT NULL,
    newassociatetype integer NOT NULL,
    changedate timestamp with time zone NOT NULL,
    changedby text NOT NULL,
    requestid uuid NOT NULL
);
CREATE FUNCTION public.row_texts(r public.crm_associatetypechanges) RETURNS text[]
    LANGUAGE sql STABLE
    AS $$ select array[r.tenant_id::text, r.id::text, r.recordnumber::text, r.associateid::text, r.oldassociatetype::text, r.newassociatetype::text, r.changedate::text, r.changedby, r.requestid::text] $$;
CREATE TABLE public.customer_keys (
    tenant_id integer NOT NULL,
    customer_key uuid NOT NULL,
    customer_id integer NOT NULL
);
CREATE FUNCTION public.row_texts(r public.customer_keys) RETURNS text[]
    LANGUAGE sql STABLE
    AS $$ select array[r.tenant_id::text, r.customer_key::text, r.customer_id::text] $$;
CREATE TABLE public.customer_profiles (
    tenant_id integer NOT NULL,
    customer_id integer NOT NULL,
    owner text NOT NULL,
    fields jsonb NOT NULL
);
CREATE FUNCTION public.row_texts(r public.customer_profiles) RETURNS text[]
    LANGUAGE sql STABLE
    AS $$ select array[r.tenant_id::text, r.customer_id::text, r.owner, r.fields::text] $$;
CREATE TABLE public.customers (
    tenant_id integer NOT NULL,
    customer_id integer NOT NULL,
    customer_type integer NOT NULL,
    customer_status integer NOT NULL,
    sponsor_id integer,
    enroller_id integer,
    birth_date timestamp with time zone,
    sign_up_date timestamp with time zone NOT NULL,
    upgrade_date timestamp with time zone,
    inactive_date timestamp with time zone,
    modified_at timestamp with time zone NOT NULL,
    send_emails boolean NOT NULL,
    tax_exempt boolean NOT NULL,
    terms_accepted boolean NOT NULL,
    language_code text NOT NULL,
    back_office_id text NOT NULL,
    back_office_id_key text,
    email_address text,
    email_address_key text,
    tax_id text,
    tax_id_key text,
    username text,
    username_key text,
    web_alias text,
    web_alias_key text,
    password_hash text,
    first_name text,
    last_name text,
    company_name text,
    external_reference_id text,
    primary_phone text,
    secondary_phone text,
    text_phone text,
    tax_exempt_id text,
    primary_street1 text,
    primary_street2 text,
    primary_street3 text,
    primary_city text,
    primary_region text,
    primary_postal_code text,
    primary_country_code text,
    shipping_street1 text,
    shipping_street2 text,
    shipping_street3 text,
    shipping_city text,
    shipping_region text,
    shipping_postal_code text,
    shipping_country_code text,
    custom_fields text[] DEFAULT '{}'::text[] NOT NULL
)
WITH (fillfactor='70');
CREATE FUNCTION public.row_texts(r public.customers) RETURNS text[]
    LANGUAGE sql STABLE
    AS $$ select array[r.tenant_id::text, r.customer_id::text, r.customer_type::text, r.customer_status::text, r.sponsor_id::text, r.enroller_id::text, r.birth_date::text, r.sign_up_date::text, r.upgrade_date::text, r.inactive_date::text, r.modified_at::text, r.send_emails::text, r.tax_exempt::text, r.terms_accepted::text, r.language_code, r.back_office_id, r.back_office_id_key, r.email_address, r.email_address_key, r.tax_id, r.tax_id_key, r.username, r.username_key, r.web_alias, r.web_alias_key, r.password_hash, r.first_name, r.last_name, r.company_name, r.external_reference_id, r.primary_phone, r.secondary_phone, r.text_phone, r.tax_exempt_id, r.primary_street1, r.primary_street2, r.primary_street3, r.primary_city, r.primary_region, r.primary_postal_code, r.primary_country_code, r.shipping_street1, r.shipping_street2, r.shipping_street3, r.shipping_city, r.shipping_region, r.shipping_postal_code, r.shipping_country_code, r.custom_fields::text] $$;
CREATE TABLE public.reward_points (
    tenant_id integer NOT NULL,
    customer_id integer NOT NULL,
    id uuid NOT NULL,
    points numeric(18,4) NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone
);
CREATE FUNCTION public.row_texts(r public.reward_points) RETURNS text[]
    LANGUAGE sql STABLE
    AS $$ select array[r.tenant_id::text, r.customer_id::text, r.id::text, r.points::text, r.entered_at::text, r.expires_at::text] $$;
CREATE TABLE public.sponsor_tree (
    tenant_id integer NOT NULL,
    customer_id integer NOT NULL,
    upline_id integer,
    placed_at timestamp with time zone NOT NULL
);
CREATE FUNCTION public.row_texts(r public.sponsor_tree) RETURNS text[]
    LANGUAGE sql STABLE
    AS $$ select array[r.tenant_id::text, r.customer_id::text, r.upline_id::text, r.placed_at::text] $$;
CREATE TABLE public.sso_tokens (
    tenant_id integer NOT NULL,
    digest bytea NOT NULL,
    customer_id integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE FUNCTION public.row_texts(r public.sso_tokens) RETURNS text[]
    LANGUAGE sql STABLE
    AS $$ select array[r.tenant_id::text, r.digest::text, r.customer_id::text, r.expires_at::text] $$;
CREATE FUNCTION public.sponsor_is_below(p_tenant integer, p_sponsor integer, p_customer integer) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    with recursive upline (customer_id) as (
        select p_sponsor
        union
        select t.upline_id
          from upline u
          join sponsor_tree t on t.tenant_id = p_tenant and t.customer_id = u.customer_id
         where t.upline_id is not null
    )
    select exists (select from upline where upline.customer_id = p_customer)
$$;
CREATE FUNCTION public.table_columns(p_table text, p_prefix text, p_is_key boolean) RETURNS text
    LANGUAGE sql STABLE
    AS $$
    select coalesce(string_agg(p_prefix || quote_ident(a.attname), ', ' order by a.attnum), '')
      from pg_attribute a
     where a.attrelid = quote_ident(p_table)::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
       and a.attname <> 'tenant_id'
       and (not p_is_key or exists (select from pg_index x
                                     where x.indrelid = a.attrelid and x.indisprimary and a.attnum = any (x.indkey)))
$$;
CREATE FUNCTION public.tenant_tables(OUT table_name text, OUT is_copied boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    AS $$
    select c.relname::text, c.relname not in ('hook_calls', 'sso_tokens', 'subscription_usage', 'event_deliveries', 'event_attempts')
      from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
     where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relispartition
       and c.relname not in ('tenants', 'subscription_keys', 'access_tokens')
     order by c.relname
$$;
CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
CREATE TABLE public.access_tokens (
    tenant_id integer NOT NULL,
    digest bytea NOT NULL,
    key_digest bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.crm_associatestatuses (
    tenant_id integer NOT NULL,
    recordnumber integer NOT NULL,
    statusname text NOT NULL
);
CREATE TABLE public.crm_associatetypes (
    tenant_id integer NOT NULL,
    recordnumber integer NOT NULL,
    associatetype text NOT NULL
);
CREATE TABLE public.event_attempts (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    url text NOT NULL,
    attempt integer NOT NULL,
    attempted_at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    status integer,
    response text NOT NULL
);
CREATE TABLE public.event_deliveries (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    url text NOT NULL,
    customer_id integer NOT NULL,
    sequence bigint NOT NULL,
    event_type text NOT NULL,
    body text NOT NULL,
    caller text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone NOT NULL,
    leased_until timestamp with time zone,
    copies integer DEFAULT 1 NOT NULL,
    is_overtaken boolean DEFAULT false NOT NULL,
    fault_id integer
)
WITH (fillfactor='70');
CREATE TABLE public.extension_tokens (
    tenant_id integer NOT NULL,
    digest bytea NOT NULL
);
CREATE TABLE public.faults (
    tenant_id integer NOT NULL,
    fault_id integer NOT NULL,
    of_event boolean NOT NULL,
    operation text NOT NULL,
    rule jsonb NOT NULL,
    calls bigint DEFAULT 0 NOT NULL,
    fired bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.hook_calls (
    tenant_id integer NOT NULL,
    token bytea NOT NULL,
    hook_id text NOT NULL,
    context jsonb NOT NULL,
    state text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.subscription_keys (
    tenant_id integer NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL,
    ending text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    slot text NOT NULL,
    expires_at timestamp with time zone,
    kind text DEFAULT 'subscription-key'::text NOT NULL,
    account text
);
CREATE TABLE public.subscription_usage (
    tenant_id integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    calls bigint NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.tenant_counters (
    tenant_id integer NOT NULL,
    last_customer_id integer DEFAULT 0 NOT NULL,
    last_company_id integer DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.tenants (
    tenant_id integer NOT NULL,
    name text,
    plan jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    extension jsonb,
    events jsonb,
    snapshot_of integer,
    snapshot text,
    origin text,
    clock jsonb,
    expires_at timestamp with time zone,
    restored_from integer
);
ALTER TABLE public.tenants ALTER COLUMN tenant_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tenants_tenant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO public._sqlx_migrations VALUES (1, 'tenants', '2026-11-01 00:00:00+00', true, '\x3fa651853662fc50a2eed9c231b7a8889d8d35c2fccf630fd335e30d998ff221e52af6023fe90e6d47e2d3ba0ccfba83', 1);
INSERT INTO public._sqlx_migrations VALUES (2, 'customers', '2026-11-01 00:00:00+00', true, '\xbeab1a8fbcb61f4c52c8af657bc7e622db4a16d83fee0810db2695e874717ad3f10b5e3e040163c57812fb3a653f3246', 1);
INSERT INTO public._sqlx_migrations VALUES (3, 'subscriptions', '2026-11-01 00:00:00+00', true, '\x307807c8dd69fcb0683d0f3fad4e7affdc73250d0d63c67ec3559142d3a2c6587f97fa8f535c774882429f616f63169c', 1);
INSERT INTO public._sqlx_migrations VALUES (4, 'points sign on trees', '2026-11-01 00:00:00+00', true, '\x6e8f7b6179b717cd327802c47f6710f404e63f548b916d3b0583cf46ecb51541376632058649e1c51084c1b8025ae4a0', 1);
INSERT INTO public._sqlx_migrations VALUES (5, 'extensions', '2026-11-01 00:00:00+00', true, '\xdbd870093499f1a601abcf76d9440c3e05406257ba582de68b814291be5b3f2a1c9012b5be4699dccca3580f7c6de662', 1);
INSERT INTO public._sqlx_migrations VALUES (6, 'events', '2026-11-01 00:00:00+00', true, '\x53d56f28dc1eb1beb69a99ee98d909c03766efbef90be9ca2eb9755b873ba061cb8af6f8d7e7f3207e8b1fb2c82061f4', 1);
INSERT INTO public._sqlx_migrations VALUES (7, 'snapshots clock faults', '2026-11-01 00:00:00+00', true, '\x5b2fe05989e0380dcd5f9765f75e509d637bcf0c54c77f8c21f0510c0ceb5fca7fe3f6a975c34f25e80a34a2b7e6ddc2', 1);
INSERT INTO public._sqlx_migrations VALUES (8, 'vendors', '2026-11-01 00:00:00+00', true, '\xf3bc8a3bcbed14bda671c041ff0d2fa1da6926abd812dc8866bf572f3313fa25a4ec5d8ec2e68a53246f99946e7f3528', 1);
INSERT INTO public._sqlx_migrations VALUES (100, 'statistics', '2026-11-01 00:00:00+00', true, '\x183e97bf72d358a1f86fe1f0e7fc1ea0045002381d68ac4009bc451a6fbb58d9a37ee8d281532aa637b7cf248a4b7686', 1);
INSERT INTO public._sqlx_migrations VALUES (101, 'restored from', '2026-11-01 00:00:00+00', true, '\x9801bf12153d6b1749ba904ce452ac9b2def362ed8f0872d36808249de54decd183c6c1008fdb3cb34c46f2019ef49a7', 1);
INSERT INTO public._sqlx_migrations VALUES (102, 'compare parts', '2026-11-01 00:00:00+00', true, '\x7f789bb14b5d34e4201b8ce0f6bbbd1606b85d7589ba33892ce37926c156275dcfb4a7202c0f1f22754b040e6e2ede0b', 1);
INSERT INTO public._sqlx_migrations VALUES (103, 'names', '2026-11-01 00:00:00+00', true, '\x15d86385de529f1aca3a9d0aa88fe8a13a2d6426cdf756db747435da43002cdbb3120d03635f87723ef6b6cd33295ee9', 1);
INSERT INTO public._sqlx_migrations VALUES (104, 'field table', '2026-11-01 00:00:00+00', true, '\x2a886c8b7ffc7f36a0d218a4b5d4e63ddb44fb43516782d9e7fb1ee263857b97e276191461dfada2fa7bc3b4f3cadf23', 1);
INSERT INTO public._sqlx_migrations VALUES (105, 'sso tokens', '2026-11-01 00:00:00+00', true, '\x9a88511ff4115e6c161b2e6f6d7605561c91d0dfb2c6674698b5656c61729228d2ffb4a231ff4d2c43a31c70fc660009', 1);
INSERT INTO public.companies VALUES (1, 1, 1, 0, '00000000-0000-4000-8000-000000000004', 'Acme', '5566', '5566
acme', '{}');
INSERT INTO public.crm_associatestatuses VALUES (1, 1, 'Active');
INSERT INTO public.crm_associatetypechanges VALUES (1, '00000000-0000-4000-8000-000000000001', 77, 2, 2, 1, '2026-01-02 00:00:00+00', 'k', '00000000-0000-4000-8000-000000000002');
INSERT INTO public.crm_associatetypes VALUES (1, 1, 'Distributor');
INSERT INTO public.crm_associatetypes VALUES (1, 2, 'Retail Customer');
INSERT INTO public.customer_keys VALUES (1, '00000000-0000-4000-8000-000000000005', 2);
INSERT INTO public.customer_profiles VALUES (1, 1, 'storm', '{"Info": []}');
INSERT INTO public.customers VALUES (1, 1, 1, 1, NULL, NULL, NULL, '2026-01-01 00:00:00+00', NULL, NULL, '2026-01-01 00:00:00+00', true, false, true, 'en', 'A1', 'a1', 'Ada@x.example', 'ada@x.example', NULL, NULL, 'Ada', 'ada', NULL, NULL, NULL, 'Ada', 'One', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}');
INSERT INTO public.customers VALUES (1, 2, 1, 1, 1, 1, NULL, '2026-01-01 00:00:00+00', '2026-01-02 00:00:00+00', NULL, '2026-01-02 00:00:00+00', true, false, true, 'en', 'A2', 'a2', 'ben@x.example', 'ben@x.example', NULL, NULL, 'ben', 'ben', NULL, NULL, NULL, 'Ben', 'Two', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{one,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL}');
INSERT INTO public.customers VALUES (1, 3, 2, 1, 2, 2, NULL, '2026-01-01 00:00:00+00', NULL, NULL, '2026-01-01 00:00:00+00', false, false, false, 'en', 'A3', 'a3', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Cleo', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}');
INSERT INTO public.customers VALUES (2, 1, 1, 1, NULL, NULL, NULL, '2026-01-01 00:00:00+00', NULL, NULL, '2026-01-01 00:00:00+00', true, false, true, 'en', 'A1', 'a1', 'Ada@x.example', 'ada@x.example', NULL, NULL, 'Ada', 'ada', NULL, NULL, NULL, 'Ada', 'Seed', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}');
INSERT INTO public.event_deliveries VALUES (1, '00000000-0000-4000-8000-000000000006', 'http://a.example/', 1, 1, 'Enrollment', '{}', 'k', '2026-11-01 00:00:00+00', 'dead', 0, '2026-11-01 00:00:00+00', NULL, 1, false, NULL);
INSERT INTO public.event_deliveries VALUES (1, '00000000-0000-4000-8000-000000000007', 'http://a.example/', 1, 2, 'Enrollment', '{}', 'k', '2026-11-01 00:00:00+00', 'lost', 0, '2026-11-01 00:00:00+00', NULL, 1, false, NULL);
INSERT INTO public.faults VALUES (1, 1, false, 'UpdateCustomer', '{"when": {"call": 3}, "point": "after", "answer": "cut", "operation": "UpdateCustomer"}', 5, 1, '2026-11-01 00:00:00+00');
INSERT INTO public.faults VALUES (1, 2, true, 'Enrollment', '{"do": "lose", "when": {"probability": {"p": 0.5, "seed": 7}}, "event": "Enrollment"}', 2, 1, '2026-11-01 00:00:00+00');
INSERT INTO public.hook_calls VALUES (1, '\x01', 'Associates.UpdateAssociate', '{}', 'running', '2026-11-01 00:00:00+00');
INSERT INTO public.hook_calls VALUES (99, '\x02', 'Associates.UpdateAssociate', '{}', 'running', '2026-11-01 00:00:00+00');
INSERT INTO public.reward_points VALUES (1, 2, '00000000-0000-4000-8000-000000000003', 12.5000, '2026-01-03 00:00:00+00', NULL);
INSERT INTO public.sponsor_tree VALUES (1, 1, NULL, '2026-01-01 00:00:00+00');
INSERT INTO public.sponsor_tree VALUES (1, 2, 1, '2026-01-02 00:00:00+00');
INSERT INTO public.sponsor_tree VALUES (2, 1, NULL, '2026-01-01 00:00:00+00');
INSERT INTO public.sso_tokens VALUES (1, '\x03', 1, '2026-11-01 00:00:00+00');
INSERT INTO public.subscription_keys VALUES (1, 'k', '\xe0cca2965509df678c8064f5e0b9076016fa752f88a6c749768db83479450cc5', '0001', '2026-11-01 00:00:00+00', NULL, 'primary', NULL, 'subscription-key', NULL);
INSERT INTO public.tenant_counters VALUES (1, 3, 1);
INSERT INTO public.tenant_counters VALUES (2, 1, 0);
INSERT INTO public.tenants OVERRIDING SYSTEM VALUE VALUES (1, 'acme', '{"unique": ["BackOfficeId", "EmailAddress", "Username"], "rejection_status": 400}', '2026-11-01 00:00:00+00', NULL, NULL, NULL, NULL, 'seed', NULL, NULL, NULL);
INSERT INTO public.tenants OVERRIDING SYSTEM VALUE VALUES (2, NULL, '{}', '2026-11-01 00:00:00+00', NULL, NULL, 1, 'seed', NULL, NULL, NULL, NULL);
INSERT INTO public.tenants OVERRIDING SYSTEM VALUE VALUES (3, NULL, '{}', '2026-11-01 00:00:00+00', NULL, NULL, 99, 'left behind', NULL, NULL, NULL, NULL);
SELECT pg_catalog.setval('public.tenants_tenant_id_seq', 3, true);
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.access_tokens
    ADD CONSTRAINT access_tokens_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.access_tokens
    ADD CONSTRAINT access_tokens_pkey PRIMARY KEY (tenant_id, digest);
ALTER TABLE ONLY public.companies
    ADD CONSTRAINT companies_name_key UNIQUE (tenant_id, name_key);
ALTER TABLE ONLY public.companies
    ADD CONSTRAINT companies_pkey PRIMARY KEY (tenant_id, company_id);
ALTER TABLE ONLY public.crm_associatestatuses
    ADD CONSTRAINT crm_associatestatuses_pkey PRIMARY KEY (tenant_id, recordnumber);
ALTER TABLE ONLY public.crm_associatetypechanges
    ADD CONSTRAINT crm_associatetypechanges_pkey PRIMARY KEY (tenant_id, associateid, id);
ALTER TABLE ONLY public.crm_associatetypes
    ADD CONSTRAINT crm_associatetypes_pkey PRIMARY KEY (tenant_id, recordnumber);
ALTER TABLE ONLY public.customer_keys
    ADD CONSTRAINT customer_keys_customer_key UNIQUE (tenant_id, customer_id);
ALTER TABLE ONLY public.customer_keys
    ADD CONSTRAINT customer_keys_pkey PRIMARY KEY (tenant_id, customer_key);
ALTER TABLE ONLY public.customer_profiles
    ADD CONSTRAINT customer_profiles_pkey PRIMARY KEY (tenant_id, customer_id, owner);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_back_office_id_key UNIQUE (tenant_id, back_office_id_key);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_email_address_key UNIQUE (tenant_id, email_address_key);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (tenant_id, customer_id);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_tax_id_key UNIQUE (tenant_id, tax_id_key);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_username_key UNIQUE (tenant_id, username_key);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_web_alias_key UNIQUE (tenant_id, web_alias_key);
ALTER TABLE ONLY public.event_attempts
    ADD CONSTRAINT event_attempts_pkey PRIMARY KEY (tenant_id, id, url, attempt);
ALTER TABLE ONLY public.event_deliveries
    ADD CONSTRAINT event_deliveries_pkey PRIMARY KEY (tenant_id, id, url);
ALTER TABLE ONLY public.extension_tokens
    ADD CONSTRAINT extension_tokens_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY public.faults
    ADD CONSTRAINT faults_pkey PRIMARY KEY (tenant_id, fault_id);
ALTER TABLE ONLY public.hook_calls
    ADD CONSTRAINT hook_calls_pkey PRIMARY KEY (tenant_id, token);
ALTER TABLE ONLY public.reward_points
    ADD CONSTRAINT reward_points_pkey PRIMARY KEY (tenant_id, customer_id, id);
ALTER TABLE ONLY public.sponsor_tree
    ADD CONSTRAINT sponsor_tree_pkey PRIMARY KEY (tenant_id, customer_id);
ALTER TABLE ONLY public.sso_tokens
    ADD CONSTRAINT sso_tokens_pkey PRIMARY KEY (tenant_id, digest);
ALTER TABLE ONLY public.subscription_keys
    ADD CONSTRAINT subscription_keys_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.subscription_keys
    ADD CONSTRAINT subscription_keys_pkey PRIMARY KEY (tenant_id, name, slot);
ALTER TABLE ONLY public.subscription_usage
    ADD CONSTRAINT subscription_usage_pkey PRIMARY KEY (tenant_id, name, kind);
ALTER TABLE ONLY public.tenant_counters
    ADD CONSTRAINT tenant_counters_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_name_key UNIQUE (name);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_snapshot_key UNIQUE (snapshot_of, snapshot);
CREATE INDEX access_tokens_expires_idx ON public.access_tokens USING btree (tenant_id, expires_at);
CREATE INDEX companies_customer_idx ON public.companies USING btree (tenant_id, customer_id);
CREATE INDEX customers_enroller_idx ON public.customers USING btree (tenant_id, enroller_id, customer_id);
CREATE INDEX customers_external_reference_id_idx ON public.customers USING btree (tenant_id, external_reference_id);
CREATE INDEX event_deliveries_customer_idx ON public.event_deliveries USING btree (tenant_id, customer_id, sequence);
CREATE INDEX event_deliveries_due_idx ON public.event_deliveries USING btree (tenant_id, due_at) WHERE (state = 'pending'::text);
CREATE INDEX extension_tokens_digest_idx ON public.extension_tokens USING btree (digest);
CREATE INDEX hook_calls_expires_at_idx ON public.hook_calls USING btree (tenant_id, expires_at);
CREATE INDEX sponsor_tree_upline_idx ON public.sponsor_tree USING btree (tenant_id, upline_id, customer_id);
CREATE INDEX sso_tokens_expires_at_idx ON public.sso_tokens USING btree (tenant_id, expires_at);
ALTER TABLE ONLY public.access_tokens
    ADD CONSTRAINT access_tokens_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.crm_associatestatuses
    ADD CONSTRAINT crm_associatestatuses_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.crm_associatetypes
    ADD CONSTRAINT crm_associatetypes_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.extension_tokens
    ADD CONSTRAINT extension_tokens_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.faults
    ADD CONSTRAINT faults_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.subscription_keys
    ADD CONSTRAINT subscription_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.subscription_usage
    ADD CONSTRAINT subscription_usage_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.tenant_counters
    ADD CONSTRAINT tenant_counters_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
