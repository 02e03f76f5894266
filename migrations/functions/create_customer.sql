-- Creates a customer and, where its type is one that is placed at once, its node in the sponsor tree.
--
-- p_customer pins the id (seed files); otherwise the tenant's counter gives it. A BackOfficeId that was not sent is made
-- from p_back_office_seed plus the id, and a WebAlias that was not sent is p_default_alias when that is free.
-- The outcome is 'created', or names why nothing was written. With p_is_recorded the new rows come along, as texts.
create or replace function create_customer(
    p_tenant             integer,
    p_customer           integer,
    p_values             customer_values,
    p_now                timestamptz,
    p_sponsor_types      integer[],
    p_placed_types       integer[],
    p_back_office_seed   bigint,
    p_back_office_radix  integer,
    p_back_office_unique boolean,
    p_default_alias      text,
    p_default_alias_key  text,
    p_is_recorded        boolean,
    out outcome          text,
    out customer_id      integer,
    out customer_after   text[],
    out node_after       text[]
) language plpgsql as $$
#variable_conflict use_column
declare
    v_sponsor_type integer;
    v_number       bigint;
begin
    -- Nobody writes into a world while it is replaced as a whole.
    perform pg_advisory_xact_lock_shared(tenant_lock_key(), p_tenant);

    if p_values.sponsor_id is not null then
        select c.customer_type into v_sponsor_type from customers c
         where c.tenant_id = p_tenant and c.customer_id = p_values.sponsor_id;
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

    if p_values.back_office_id is null then
        v_number := p_back_office_seed + customer_id;
        loop
            p_values.back_office_id := case when p_back_office_radix = 16 then upper(to_hex(v_number)) else v_number::text end;
            exit when not p_back_office_unique;
            p_values.back_office_id_key := lower(p_values.back_office_id);
            exit when not exists (
                select from customers c
                 where c.tenant_id = p_tenant and c.back_office_id_key = p_values.back_office_id_key);
            v_number := v_number + 1;
        end loop;
    end if;

    if p_values.web_alias is null and p_default_alias is not null and not exists (
        select from customers c where c.tenant_id = p_tenant and c.web_alias_key = p_default_alias_key)
    then
        p_values.web_alias := p_default_alias;
        p_values.web_alias_key := p_default_alias_key;
    end if;

    insert into customers as c (
        tenant_id, customer_id, customer_type, customer_status, inactive_date, sponsor_id, enroller_id, birth_date,
        sign_up_date, modified_at, send_emails, tax_exempt, terms_accepted, language_code, back_office_id, back_office_id_key,
        email_address, email_address_key, tax_id, tax_id_key, username, username_key, web_alias, web_alias_key,
        password_hash, first_name, last_name, company_name, external_reference_id, primary_phone, secondary_phone,
        text_phone, tax_exempt_id, primary_street1, primary_street2, primary_street3, primary_city, primary_region,
        primary_postal_code, primary_country_code, shipping_street1, shipping_street2, shipping_street3, shipping_city,
        shipping_region, shipping_postal_code, shipping_country_code, custom_fields)
    values (
        p_tenant, create_customer.customer_id, p_values.customer_type, coalesce(p_values.customer_status, 1),
        inactive_since(1, coalesce(p_values.customer_status, 1), null, p_now),
        p_values.sponsor_id, p_values.sponsor_id, p_values.birth_date, coalesce(p_values.sign_up_date, p_now),
        p_now, p_values.send_emails, p_values.tax_exempt, p_values.terms_accepted, p_values.language_code,
        p_values.back_office_id, p_values.back_office_id_key,
        p_values.email_address, p_values.email_address_key, p_values.tax_id, p_values.tax_id_key,
        p_values.username, p_values.username_key, p_values.web_alias, p_values.web_alias_key,
        p_values.password_hash, p_values.first_name, p_values.last_name, p_values.company_name,
        p_values.external_reference_id, p_values.primary_phone, p_values.secondary_phone,
        p_values.text_phone, p_values.tax_exempt_id, p_values.primary_street1, p_values.primary_street2,
        p_values.primary_street3, p_values.primary_city, p_values.primary_region,
        p_values.primary_postal_code, p_values.primary_country_code, p_values.shipping_street1, p_values.shipping_street2,
        p_values.shipping_street3, p_values.shipping_city,
        p_values.shipping_region, p_values.shipping_postal_code, p_values.shipping_country_code, p_values.custom_fields)
    returning case when p_is_recorded then row_texts(c) end into customer_after;

    if p_values.customer_type = any (p_placed_types) then
        insert into sponsor_tree as t (tenant_id, customer_id, upline_id, placed_at)
        values (p_tenant, create_customer.customer_id, p_values.sponsor_id, p_now)
        returning case when p_is_recorded then row_texts(t) end into node_after;
    end if;

    outcome := 'created';
end
$$;
